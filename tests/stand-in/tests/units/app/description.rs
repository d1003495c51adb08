use crate::files;
use stand_in::app::description::Description;

/// The app with these files, in an environment with `SHELL`.
fn read(given: &[(&str, &str)]) -> Description {
    let setting = |name: &str| (name == "SHELL").then(|| "shell".to_owned());
    Description::read(files::folder(given).path(), &setting)
}

#[test]
fn an_app_is_read() {
    let app = read(&[
        (
            "host.json",
            r#"{"logging": {}, "extensions": {"mcp": {"serverName": "shop", "instructions": "Ask.", "other": 1}},
                "customHandler": {"description": {"arguments": ["-p %shell% %SHELL%"]}}}"#,
        ),
        (
            "local.settings.json",
            r#"{"values": {"Q": "jobs", "N": 5, "SHELL": "file", "AzureWebJobs.off.Disabled": "True"},
                "Host": {"localHttpPort": 7072, "CORS": "*"}, "ConnectionStrings": {}}"#,
        ),
        (
            "b/function.json",
            r#"{"disabled": true, "retry": {}, "bindings": [
                {"type": "queueTrigger", "name": "item", "queueName": "%Q%-in"},
                {"type": "table", "name": "rows", "filter": "a eq 1"}, {"type": "table", "name": "all"}]}"#,
        ),
        (
            "A/function.json",
            r#"{"bindings": [{"type": "httpTrigger", "name": "req", "route": "x/{id:datetime}"}]}"#,
        ),
        (
            "off/function.json",
            r#"{"bindings": [{"type": "timerTrigger", "name": "t"}]}"#,
        ),
        (
            "p/function.json",
            r#"{"bindings": [{"type": "mcpPromptTrigger", "name": "c"}]}"#,
        ),
        (
            "t/function.json",
            r#"{"bindings": [{"type": "mcpToolTrigger", "name": "c"}]}"#,
        ),
        ("src/lib.rs", ""),
    ]);
    assert_eq!(app.findings, []);
    let names: Vec<_> = app.functions.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["A", "b", "p", "t"]);
    let settings = app.settings.as_ref().expect("settings");
    let values = ["N", "q", "x"].map(|name| settings.get(name));
    assert_eq!(values, [Some("5".into()), Some("jobs".into()), None]);
    // The environment wins over the settings.
    assert_eq!(app.host.arguments, ["-p", "file", "shell"]);
    assert_eq!(app.functions[1].trigger()["queueName"], "jobs-in");
    let route = app.functions[0].route.as_ref().expect("a route");
    assert!(route.matches("/api/x/7").is_some());
    let notes = [
        "host.json: ignored here: extensions.mcp.other, logging",
        "local.settings.json: ignored here: ConnectionStrings, Host.CORS",
        "A/function.json: the constraint datetime is ignored here",
        "b/function.json: the filter of \"rows\" is not evaluated here: put the rows that it would \
         find into .local/b.rows",
        "p is not served here: of MCP only tools are",
        "off is disabled",
    ];
    assert_eq!(app.notes(), notes);
}

#[test]
fn a_host_json_that_is_missing_is_found() {
    let all: Vec<String> = read(&[]).findings.iter().map(ToString::to_string).collect();
    let missing = "host.json: there is no such file: write it, or git checkout host.json";
    assert_eq!(all, [missing]);
}
