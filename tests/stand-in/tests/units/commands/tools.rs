//! What `make check FIX=1` mends: the arguments of MCP tools.

use crate::files;
use stand_in::app::description::Description;
use stand_in::commands::check::{check_app, fix};

const HOST: &str = r#"{"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}},
    "extensionBundle": {"id": "x", "version": "4.*"}}"#;

const ITEM: &str = r#"[{"propertyName": "item", "propertyType": "string", "description": "Which.", "isRequired": true}]"#;

const FUNCTION: &str = r#"{
  // by hand
  "bindings": [
    {
      "type": "mcpToolTrigger",
      "name": "context",
      "toolName": "price_of",
      "description": "The price.",
      "useResultSchema": true
    }
  ]
}
"#;

#[test]
fn tool_json_is_brought_into_function_json() {
    let folder = files::folder(&[
        ("host.json", HOST),
        ("t/function.json", FUNCTION),
        ("t/tool.json", ITEM),
        ("u/function.json", "{}"),
    ]);
    let check = || {
        let findings = check_app(&Description::read(folder.path(), &|_| None), None);
        findings
            .iter()
            .map(ToString::to_string)
            .filter(|one| one.starts_with("t/"))
            .collect::<Vec<_>>()
    };
    let found = check();
    assert!(
        found.len() == 1 && found[0].contains("make check FIX=1"),
        "{found:?}"
    );
    assert_eq!(
        fix(folder.path()),
        Ok(vec![
            "t/function.json has the arguments of tool.json.".to_owned()
        ])
    );
    assert_eq!(check(), [""; 0]);
    let after = std::fs::read_to_string(folder.path().join("t/function.json")).expect("a file");
    assert!(
        after.contains("// by hand")
            && after.contains(r#""toolProperties": "[{\"description\":\"Which.\""#),
        "{after}"
    );
    assert_eq!(fix(folder.path()), Ok(Vec::new()));

    std::fs::write(folder.path().join("t/tool.json"), "[]").expect("a file");
    assert_eq!(check().len(), 1);
    assert_eq!(fix(folder.path()).map(|lines| lines.len()), Ok(1));
    assert_eq!(check(), [""; 0]);
    let again = std::fs::read_to_string(folder.path().join("t/function.json")).expect("a file");
    assert!(again.contains(r#""toolProperties": "[]""#), "{again}");

    for wrong in [
        "{}",
        "[1",
        r#"[{"propertyName": "item", "propertyType": "money"}]"#,
    ] {
        std::fs::write(folder.path().join("t/tool.json"), wrong).expect("a file");
        let found = check();
        assert!(
            found.len() == 1 && found[0].starts_with("t/tool.json: "),
            "{found:?}"
        );
        let why = fix(folder.path()).expect_err("an error");
        assert!(why.starts_with("t/tool.json: "), "{why}");
    }
}
