use stand_in::app::settings::*;

const SETTINGS: &str = r#"{
  // local only
  "IsEncrypted": false,
  "Values": {
    "A": "{b}, c" // d
  }
}
"#;

#[test]
fn a_setting_is_added_in_the_files_own_layout_and_taken_out_again() {
    let added = with(SETTINGS, &["X", "Y"]).unwrap();
    let both = "c\", // d\n    \"X\": \"\",\n    \"Y\": \"\"\n";
    assert_eq!(added, SETTINGS.replace("c\" // d\n", both));
    let without_x = without_empty(&added, "X");
    assert_eq!(without_x, added.replace("    \"X\": \"\",\n", ""));
    assert_eq!(without_empty(&without_x, "Y"), SETTINGS);
    assert_eq!(without_empty(SETTINGS, "A"), SETTINGS, "it is not empty");
}

#[test]
fn a_setting_is_added_to_one_line_and_to_none() {
    let with = |text| with(text, &["X"]);
    let added = "{\"values\":{\n    \"A\":\"b\",\n    \"X\": \"\"\n  }}";
    assert_eq!(with(r#"{"values":{"A":"b"}}"#).unwrap(), added);
    let empty = "{\n  \"Values\": {}\n}";
    let added = with(empty).unwrap();
    assert_eq!(added, empty.replace("{}", "{\n    \"X\": \"\"\n  }"));
    assert_eq!(without_empty(&added, "X"), empty);
    assert!(with("{}").is_err() && with("{\"Values\": 1}").is_err());
}
