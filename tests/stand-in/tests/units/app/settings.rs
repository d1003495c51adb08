use json::parse;
use serde_json::json;
use stand_in::app::json;
use stand_in::app::settings::*;

const SETTINGS: &str = "{\n  // local only\n  \"IsEncrypted\": false,\n  \"Values\": {\n    \"A\": \"{b}, c\" // d\n  }\n}\n";

#[test]
fn a_setting_is_added_in_the_files_own_layout_and_taken_out_again() {
    let added = with(SETTINGS, &["X".into(), "Y".into()]).unwrap();
    let lines = "    \"A\": \"{b}, c\", // d\n    \"X\": \"\",\n    \"Y\": \"\"\n";
    assert_eq!(
        added,
        SETTINGS.replace("    \"A\": \"{b}, c\" // d\n", lines)
    );
    assert_eq!(
        parse(&added).unwrap()["Values"],
        json!({"A": "{b}, c", "X": "", "Y": ""})
    );
    let without_x = without_empty(&added, "X");
    assert_eq!(
        parse(&without_x).unwrap()["Values"],
        json!({"A": "{b}, c", "Y": ""})
    );
    assert_eq!(without_empty(&without_x, "Y"), SETTINGS);
    assert_eq!(without_empty(SETTINGS, "A"), SETTINGS, "it is not empty");
}

#[test]
fn a_setting_is_added_to_one_line_and_to_none() {
    let names = ["X".to_owned()];
    assert_eq!(
        with(r#"{"values":{"A":"b"}}"#, &names).unwrap(),
        "{\"values\":{\n    \"A\":\"b\",\n    \"X\": \"\"\n  }}"
    );
    let empty = with("{\n  \"Values\": {}\n}", &names).unwrap();
    assert_eq!(empty, "{\n  \"Values\": {\n    \"X\": \"\"\n  }\n}");
    assert_eq!(
        parse(&without_empty(&empty, "X")).unwrap(),
        json!({"Values": {}})
    );
    assert!(with("{}", &names).is_err() && with("{\"Values\": 1}", &names).is_err());
}
