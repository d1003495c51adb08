use crate::files;
use serde_json::{Value, json};
use stand_in::app::json::{at, flag, integer, member, parse, read};

#[test]
fn what_the_host_takes_is_taken() {
    let text = "\u{feff}{ // one\n \"a\": [1, /* two\n */ \"x // y\\\" /*\", ],  \n}";
    for (text, expected) in [
        (text, json!({"a": [1, "x // y\" /*"]})),
        ("[1,2,/**/\n]", json!([1, 2])),
        ("{'a': \"b\", c: 'd\"'}", json!({"a": "b", "c": "d\""})),
        ("{\"a\": 1, \"b\": 2, \"a\": 3}", json!({"a": 3, "b": 2})),
        ("[0x10, -1.50, true, null]", json!([16, -1.5, true, null])),
        ("\"\\u00e9\\ud83d\\ude00\"", json!("é😀")),
    ] {
        assert_eq!(parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn an_error_names_its_line() {
    for (text, line) in [
        ("{\n // one\n /* \n */ \"a\" 1}", 4),
        ("{'a': 'it", 1),
        ("[1,,2]", 1),
        ("[1 2]", 1),
        ("{\n\"a", 2),
        ("{\r\n\r\n\"a\": 1", 3),
        ("", 1),
        (" // nothing\n", 1),
        ("{}\n x", 2),
    ] {
        let error = parse(text).expect_err(text);
        let begins = format!("line {line}: ");
        assert!(error.starts_with(&begins), "{text:?}: {error}");
    }
    let folder = files::folder(&[("host.json", "{\n]")]);
    for (file, says) in [
        ("host.json", "host.json: line 2: "),
        ("x", "x: there is no such file"),
    ] {
        let error = read(folder.path(), file).expect_err(file);
        assert!(error.starts_with(says), "{error}");
    }
}

#[test]
fn members_are_found_in_any_case() {
    let value = json!({"Customhandler": {"DESCRIPTION": 1}, "a": 1, "A": 2});
    assert_eq!(at(&value, "customHandler.description"), 1);
    assert_eq!([member(&value, "A"), member(&value, "a")], [2, 1]);
    let list = json!([1]);
    let none = [at(&value, "customHandler.none.x"), member(&list, "a")];
    assert_eq!(none, [&Value::Null; 2]);
}

#[test]
fn texts_stand_for_flags_and_numbers() {
    let list = json!([true, "True", "false", "yes", 1, "5", 1.5]);
    let values = list.as_array().expect("a list").iter();
    let flags: Vec<_> = values.clone().map(flag).collect();
    let expected = [Some(true), Some(true), Some(false), None, None, None, None];
    assert_eq!(flags, expected);
    let numbers: Vec<_> = values.map(integer).collect();
    assert_eq!(numbers, [None, None, None, None, Some(1), Some(5), None]);
}
