//! An app's files together.

use crate::files;
use stand_in::app::description::Description;
use stand_in::app::finding::Finding;

const MISSING: &str = "there is no such file: write it, or git checkout host.json";

/// The app with these files; a name alone is a function with these bindings. The environment has
/// `SHELL`.
fn read(given: &[(&str, &str)]) -> Description {
    let file = |(name, text): &(&str, &str)| match name.contains('.') {
        true => (name.to_string(), text.to_string()),
        false => (
            format!("{name}/function.json"),
            format!("{{\"bindings\": [{text}]}}"),
        ),
    };
    let given: Vec<_> = given.iter().map(file).collect();
    let given: Vec<_> = given
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let setting = |name: &str| (name == "SHELL").then(|| "shell".to_owned());
    Description::read(files::folder(&given).path(), &setting)
}

#[test]
fn an_app_is_read() {
    let app = read(&[
        (
            "host.json",
            r#"{"version": "2.0", "logging": {}, "customHandler": {"description": {"arguments": ["-p %shell% %SHELL%"]}}}"#,
        ),
        (
            "local.settings.json",
            r#"{"values": {"Q": "jobs", "N": 5, "SHELL": "file", "AzureWebJobs.off2.Disabled": "True"},
                "Host": {"localHttpPort": 7072, "CORS": "*"}, "ConnectionStrings": {}}"#,
        ),
        (
            "b",
            r#"{"type": "queueTrigger", "name": "item", "queueName": "%Q%-in"}"#,
        ),
        (
            "A",
            r#"{"type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get"], "route": "x/{id:datetime}"},
                {"type": "http", "direction": "out", "name": "res"}, // both
            "#,
        ),
        (
            "off/function.json",
            r#"{"disabled": true, "retry": {}, "bindings": [{"type": "timerTrigger", "name": "t"}]}"#,
        ),
        ("off2", r#"{"type": "timerTrigger", "name": "t"}"#),
        ("src/lib.rs", ""),
    ]);
    assert_eq!(app.findings, []);
    let names: Vec<_> = app
        .functions
        .iter()
        .map(|function| &*function.name)
        .collect();
    assert_eq!(names, ["A", "b", "off"]);
    let settings = app.settings.as_ref().expect("settings");
    let values = ["N", "q", "x"].map(|name| settings.get(name));
    assert_eq!(values, [Some("5".into()), Some("jobs".into()), None]);
    let arguments = ["-p", "file", "shell"];
    assert_eq!(
        app.host.arguments, arguments,
        "the environment wins over the settings"
    );
    assert_eq!(app.functions[1].trigger()["queueName"], "jobs-in");
    let route = app.functions[0].route.as_ref().expect("a route");
    assert!(route.matches("/api/x/7").is_some());
    let notes = [
        "host.json: ignored here: logging",
        "local.settings.json: ignored here: ConnectionStrings, Host.CORS",
        "A/function.json: the constraint datetime is ignored here",
        "off2 is disabled",
    ];
    assert_eq!(app.notes(), notes);
}

#[test]
fn what_is_not_served_or_evaluated_is_named() {
    let host =
        r#"{"extensions": {"mcp": {"serverName": "shop", "instructions": "Ask.", "other": 1}}}"#;
    let app = read(&[
        ("host.json", host),
        ("t", r#"{"type": "mcpToolTrigger", "name": "c"}"#),
        ("p", r#"{"type": "mcpPromptTrigger", "name": "c"}"#),
        (
            "f",
            r#"{"type": "httpTrigger", "name": "req"},
                {"type": "table", "direction": "in", "name": "rows", "tableName": "T", "filter": "a eq 1"},
                {"type": "table", "direction": "in", "name": "all", "tableName": "T"}"#,
        ),
    ]);
    let notes = [
        "host.json: ignored here: extensions.mcp.other",
        "f/function.json: the filter of \"rows\" is not evaluated here: put the rows that it would \
         find into .local/f.rows",
        "p is not served here: of MCP only tools are",
    ];
    assert_eq!(app.notes(), notes);
}

#[test]
fn all_that_is_wrong_is_found() {
    let app = read(&[
        ("host.json", "{\n  \"version\": 2.0\n  \"oops\": 1\n}"),
        ("local.settings.json", "{ // a comment\n  \"Values\": {"),
        ("broken/function.json", "{ \"bindings\": 1 }"),
        (
            "missing",
            r#"{"type": "queueTrigger", "name": "q", "queueName": "%NO%-%NO%"}"#,
        ),
        (
            "routed",
            r#"{"type": "httpTrigger", "name": "req", "route": "{*a}/b"}"#,
        ),
        ("web/function.json", "{\n\n  \"bindings\": [\n"),
    ]);
    let says = [
        "host.json: line 2: ",
        "local.settings.json: line 2: ",
        "broken/function.json: there is no binding in it",
        "missing/function.json: %NO% in the queueName of \"q\" is a setting that neither",
        "routed/function.json: route: nothing may come",
        "web/function.json: line 4: ",
    ];
    assert_findings(&app, &says);
    assert_eq!(app.unread, ["broken", "web"]);
    assert_findings(&read(&[]), &[&format!("host.json: {MISSING}")]);
    for (settings, says) in [
        (r#"{"Values": {"A": []}}"#, "A is not a text: write \"A\""),
        (
            r#"{"IsEncrypted": true}"#,
            "it is encrypted: func settings decrypt",
        ),
    ] {
        let app = read(&[("host.json", "{}"), ("local.settings.json", settings)]);
        assert_findings(&app, &[&format!("local.settings.json: {says}")]);
    }
}

/// Asserts that the findings begin with these texts.
#[track_caller]
fn assert_findings(app: &Description, says: &[&str]) {
    let findings: Vec<String> = app.findings.iter().map(Finding::to_string).collect();
    assert_eq!(findings.len(), says.len(), "{findings:?}");
    for (finding, says) in findings.iter().zip(says) {
        assert!(finding.starts_with(says), "{findings:?}");
    }
}
