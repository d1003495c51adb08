//! The binary's name. What it cannot be is in `commands/findings.txt`.

use serde_json::{Value, json};
use stand_in::app::binary::*;

#[test]
fn host_json_names_the_binary() {
    for (path, expected) in [
        (json!("handler.bin"), "handler.bin"),
        (json!("./shop"), "shop"),
        (json!(""), "handler"),
        (json!(null), "handler"),
    ] {
        let host = json!({"customHandler": {"description": {"defaultExecutablePath": path}}});
        assert_eq!(name(&host), expected, "{host}");
    }
    assert_eq!(name(&Value::Null), "handler");
}

#[test]
fn only_the_name_is_written() {
    let text = "\u{feff}{\r\n  // \"defaultExecutablePath\": \"old\"\r\n  \"customHandler\" : {\"description\":{ \"arguments\": [\"ä\"],\r\n\
                \t\"defaultExecutablePath\" /* \"here\" */ :\r\n\"./handler\", } },\r\n}\r\n";
    let expected = text.replace("./handler", OTHER);
    assert_eq!(renamed(text, OTHER), Ok(expected));
    for text in [
        "{}",
        "{'defaultExecutablePath': 'handler'}",
        "{'customHandler': {'description': {'defaultExecutablePath': null}}}",
        "{'customHandler': {'description': {'defaultExecutablePath'",
    ] {
        let why = renamed(text, OTHER).unwrap_err();
        let write = r#"write "defaultExecutablePath": "handler.bin" into its customHandler.description first"#;
        assert!(why.ends_with(write), "{why}");
    }
}
