//! JSON as the host takes it.

use crate::files;
use serde_json::json;
use stand_in::app::json::{at, flag, integer, member, parse, read};

#[test]
fn what_the_host_takes_is_taken() {
    for (text, expected) in [
        (
            "\u{feff}{ // one\n \"a\": [1, /* two\n */ \"x // y\\\" /*\", ],  \n}",
            json!({"a": [1, "x // y\" /*"]}),
        ),
        ("[1,2,/**/\n]", json!([1, 2])),
        ("{'a': 'it''s'}".trim_end_matches("''s'}"), json!(null)),
        ("{'a': \"b\", c: 'd\"'}", json!({"a": "b", "c": "d\""})),
        ("{\"a\": 1, \"b\": 2, \"a\": 3}", json!({"a": 3, "b": 2})),
        ("[0x10, -1.50, true, null]", json!([16, -1.5, true, null])),
        ("\"\\u00e9\\ud83d\\ude00\"", json!("é😀")),
    ] {
        match expected.is_null() {
            true => assert!(parse(text).is_err(), "{text}"),
            false => assert_eq!(parse(text).as_ref(), Ok(&expected), "{text}"),
        }
    }
}

#[test]
fn an_error_names_its_line() {
    for (text, line) in [
        ("{\n // one\n /* \n */ \"a\" 1}", 4),
        ("[1,,2]", 1),
        ("[1 2]", 1),
        ("{\n\"a", 2),
        ("{\r\n\r\n\"a\": 1", 3),
        ("", 1),
        (" // nothing\n", 1),
        ("{}\n x", 2),
    ] {
        let error = parse(text).expect_err("not JSON");
        assert!(
            error.starts_with(&format!("line {line}: ")),
            "{text:?}: {error}"
        );
    }
    let missing = read(std::path::Path::new("no such folder"), "host.json");
    assert!(missing.expect_err("no file").starts_with("host.json: "));
    let folder = files::folder(&[("host.json", "{\n]")]);
    let error = read(folder.path(), "host.json").expect_err("not JSON");
    assert!(error.starts_with("host.json: line 2: "), "{error}");
}

#[test]
fn members_are_found_in_any_case() {
    let value = json!({"Customhandler": {"DESCRIPTION": 1}, "a": 1, "A": 2});
    assert_eq!(at(&value, "customHandler.description"), 1);
    assert_eq!(
        (member(&value, "A"), member(&value, "a")),
        (&json!(2), &json!(1))
    );
    assert!(at(&value, "customHandler.none.x").is_null() && member(&json!([1]), "a").is_null());
}

#[test]
fn texts_stand_for_flags_and_numbers() {
    for (value, expected) in [
        (json!(true), Some(true)),
        (json!("True"), Some(true)),
        (json!("false"), Some(false)),
        (json!("yes"), None),
        (json!(1), None),
    ] {
        assert_eq!(flag(&value), expected, "{value}");
    }
    assert_eq!(
        [json!(5), json!("5"), json!("x"), json!(1.5)].map(|value| integer(&value)),
        [Some(5), Some(5), None, None]
    );
}
