//! What `make check` finds about MCP tools, each in an app that is right otherwise; and what FIX=1
//! mends.

use crate::files;
use serde_json::{Value, json};
use stand_in::app::description::Description;
use stand_in::commands::check::{check_app, fix};

const ITEM: &str = r#"[{"propertyName": "item", "propertyType": "string", "description": "Which.", "isRequired": true}]"#;

fn host(bundle: &str) -> String {
    let bundle = json!({"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": bundle});
    let handler = json!({"description": {"defaultExecutablePath": "handler"}});
    json!({"version": "2.0", "customHandler": handler, "extensionBundle": bundle}).to_string()
}

fn trigger() -> Value {
    json!({
        "type": "mcpToolTrigger", "direction": "in", "name": "context", "toolName": "price_of",
        "description": "100% of the price, %and% more", "toolProperties": ITEM, "useResultSchema": true,
    })
}

/// What is found in an app with these files and host.json.
fn found(given: &[(&str, String)]) -> Vec<String> {
    let host = host("[4.*, 5.0.0)");
    let mut all = vec![("host.json", &*host)];
    all.extend(given.iter().map(|(path, text)| (*path, &**text)));
    let folder = files::folder(&all);
    let findings = check_app(&Description::read(folder.path(), &|_| None), None);
    findings.iter().map(ToString::to_string).collect()
}

fn bindings(bindings: &[Value]) -> String {
    json!({ "bindings": bindings }).to_string()
}

fn in_trigger(change: impl Fn(&mut Value)) -> Vec<String> {
    let mut trigger = trigger();
    change(&mut trigger);
    found(&[("price-of/function.json", bindings(&[trigger]))])
}

/// What is found where this is the member of the trigger.
fn with(member: &str, value: Value) -> Vec<String> {
    in_trigger(|trigger| trigger[member] = value.clone())
}

/// What is found where this is the one argument.
fn with_argument(argument: Value) -> Vec<String> {
    with("toolProperties", json!([argument]).to_string().into())
}

#[test]
fn nothing_is_found_in_a_tool_that_works() {
    assert_eq!(in_trigger(|_| ()), [""; 0]);
    let resource =
        json!({"type": "mcpResourceTrigger", "name": "c", "uri": "a://b", "resourceName": "b"});
    let prompt = json!({"type": "mcpPromptTrigger", "name": "c", "promptName": "b"});
    let property = json!({"type": "mcpToolProperty", "name": "item", "propertyName": "item"});
    let queue =
        json!({"type": "queue", "direction": "out", "name": "message", "queueName": "asked"});
    let other = [
        ("resource/function.json", bindings(&[resource])),
        ("prompt/function.json", bindings(&[prompt])),
        (
            "tool/function.json",
            bindings(&[trigger(), property, queue]),
        ),
        // Layout, the order of members and comments do not count.
        ("tool/tool.json", ITEM.replace("[{", "[ // one\n{ ")),
    ];
    assert_eq!(found(&other), [""; 0]);
    let schema = json!({"type": "object", "properties": {}, "required": ["a"]}).to_string();
    let own = in_trigger(|trigger| {
        trigger["useWorkerInputSchema"] = true.into();
        trigger["inputSchema"] = schema.clone().into();
        trigger["outputSchema"] = schema.clone().into();
        trigger["metadata"] = "{\"a\": 1}".into();
    });
    assert_eq!(own, [""; 0]);
}

#[test]
fn each_mistake_is_found() {
    const APP: &str = "the whole app does not start";
    const FUNCTION: &str = "function is in error";
    let argument = |change: fn(&mut Value)| {
        let mut argument =
            json!({"propertyName": "item", "propertyType": "string", "description": "Which."});
        change(&mut argument);
        with_argument(argument)
    };
    for (found, says) in [
        (with("toolProperties", "nope".into()), APP),
        (with("toolProperties", "{}".into()), APP),
        (argument(|it| it["isRequired"] = "true".into()), APP),
        (with("outputSchema", "{\"type\":\"list\"}".into()), APP),
        (with("metadata", "[]".into()), APP),
        (
            in_trigger(|it| it["useWorkerInputSchema"] = true.into()),
            "there is no inputSchema",
        ),
        (
            with("toolName", Value::Null),
            "no toolName, and the function does not run",
        ),
        (
            with("description", "".into()),
            "no description, and the function does not run",
        ),
        (with("toolProperties", json!([])), FUNCTION),
        (
            argument(|it| drop(it.as_object_mut().and_then(|it| it.remove("propertyName")))),
            "no propertyName",
        ),
        (
            argument(|it| it["is_required"] = true.into()),
            "does not read \"is_required\"",
        ),
        (
            argument(|it| it["propertyType"] = "money".into()),
            "the propertyType \"money\"",
        ),
        (
            argument(|it| it["propertyType"] = Value::Null),
            "write one of string, number",
        ),
        (with("dataType", "binary".into()), "fails every call"),
        (
            with("useResultSchema", false.into()),
            "write \"useResultSchema\": true",
        ),
    ] {
        assert!(
            found.len() == 1 && found[0].contains(says),
            "{says}: {found:?}"
        );
        assert!(
            found[0].starts_with("price-of/function.json: "),
            "{found:?}"
        );
    }
    let snake = with_argument(json!({"property_name": "item", "property_type": "string"}));
    assert!(
        snake.len() == 3 && snake.iter().all(|one| !one.contains("note: ")),
        "{snake:?}"
    );
}

#[test]
fn mistakes_beside_the_trigger_are_found() {
    let returns =
        json!({"type": "queue", "direction": "out", "name": "$return", "queueName": "asked"});
    let found_in_return = found(&[("price-of/function.json", bindings(&[trigger(), returns]))]);
    assert!(
        found_in_return.len() == 1 && found_in_return[0].contains("$return"),
        "{found_in_return:?}"
    );

    let mut other = trigger();
    other["toolName"] = "PRICE_of".into();
    let twice = found(&[
        ("a/function.json", bindings(&[trigger()])),
        ("b/function.json", bindings(&[other])),
    ]);
    assert!(
        twice.len() == 1 && twice[0].starts_with("b/function.json: a has"),
        "{twice:?}"
    );

    for member in ["uri", "resourceName"] {
        let mut resource =
            json!({"type": "mcpResourceTrigger", "name": "c", "uri": "a://b", "resourceName": "b"});
        resource[member] = Value::Null;
        let found = found(&[("r/function.json", bindings(&[resource]))]);
        assert!(
            found.len() == 1 && found[0].contains(&format!("has no {member}")),
            "{found:?}"
        );
    }
    let prompt = found(&[(
        "p/function.json",
        bindings(&[json!({"type": "mcpPromptTrigger", "name": "c"})]),
    )]);
    assert!(
        prompt.len() == 1 && prompt[0].contains("has no promptName"),
        "{prompt:?}"
    );

    for (bundle, is_old) in [
        ("[4.*, 5.0.0)", false),
        ("[4.29.0, 5.0.0)", false),
        ("4.29.0", false),
        ("[4.0.0, 4.29.0]", false),
        ("[4.*, 4.30)", false),
        ("[4.0.0, 4.29.0)", true),
        ("[4.0.0, 4.20.0)", true),
        ("4.28.*", true),
        ("[3.3.0, 4.0.0)", true),
    ] {
        let of_bundle = found(&[
            ("host.json", host(bundle)),
            ("t/function.json", bindings(&[trigger()])),
        ]);
        let of_tools = of_bundle
            .iter()
            .filter(|one| one.contains("no MCP tools"))
            .count();
        assert_eq!(of_tools, usize::from(is_old), "{bundle}: {of_bundle:?}");
    }
}

#[test]
fn tool_json_is_brought_into_function_json() {
    let before = "{\n  // by hand\n  \"bindings\": [\n    {\n      \"type\": \"mcpToolTrigger\",\n      \"name\": \"context\",\n      \
                  \"toolName\": \"price_of\",\n      \"description\": \"The price.\",\n      \"useResultSchema\": true\n    }\n  ]\n}\n";
    let json = host("[4.*, 5.0.0)");
    let folder = files::folder(&[
        ("host.json", &json),
        ("t/function.json", before),
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

    for wrong in ["{}", "[1"] {
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

#[test]
fn the_table_has_a_tool_as_a_tool() {
    let with_table = |kind: Value| {
        let lines = json!([{"name": "t", "outputs": [], "kind": kind}]).to_string();
        let json = host("[4.*, 5.0.0)");
        let files = [
            ("host.json", &*json),
            ("t/function.json", &bindings(&[trigger()])),
        ];
        let folder = files::folder(&files);
        let app = Description::read(folder.path(), &|_| None);
        let findings = check_app(&app, Some(&lines));
        findings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(with_table(json!({"Tool": {"binding": "context"}})), [""; 0]);
    for (kind, says) in [
        (
            json!({"Tool": {"binding": "other"}}),
            "the trigger's name is \"context\"",
        ),
        (
            json!({"Trigger": {"binding": "context"}}),
            "an MCP tool's, and the line says another",
        ),
        (
            json!({"Http": {"methods": [], "path": null}}),
            "the trigger is not HTTP",
        ),
    ] {
        let found = with_table(kind);
        assert!(
            found.len() == 1 && found[0].contains(says),
            "{says}: {found:?}"
        );
        let write = "write Route::tool(\"t\", \"context\", &[], t::run)";
        assert!(found[0].contains(write), "{found:?}");
    }
}
