//! `make check FIX=1` for the arguments of MCP tools.

use super::check::HOST;
use crate::files;
use stand_in::app::description::Description;
use stand_in::commands::check::{check_app, fix};
use std::fs;

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
        ("u/function.json", "{}"),
    ]);
    let write = |text: &str| fs::write(folder.path().join("t/tool.json"), text).expect("a file");
    let found = || {
        let findings = check_app(&Description::read(folder.path(), &|_| None), None);
        let lines = findings.iter().map(ToString::to_string);
        let lines: Vec<_> = lines.filter(|line| line.starts_with("t/")).collect();
        lines.join("\n")
    };
    let line = "t/function.json has the arguments of tool.json.".to_owned();
    for (tool_json, properties) in [
        (ITEM, r#""toolProperties": "[{\"description\":\"Which.\""#),
        ("[]", r#""toolProperties": "[]""#),
    ] {
        write(tool_json);
        assert!(found().ends_with("make check FIX=1"), "{}", found());
        assert_eq!(fix(folder.path()), Ok(vec![line.clone()]));
        assert_eq!(found(), "");
        let after = fs::read_to_string(folder.path().join("t/function.json")).expect("a file");
        assert!(
            after.contains("// by hand") && after.contains(properties),
            "{after}"
        );
        assert_eq!(fix(folder.path()), Ok(Vec::new()));
    }
    for wrong in [
        "{}",
        "[1",
        r#"[{"propertyName": "item", "propertyType": "money"}]"#,
    ] {
        write(wrong);
        let why = fix(folder.path()).expect_err("an error");
        assert!(why.starts_with("t/tool.json: "), "{why}");
        assert_eq!(found(), why);
    }
}
