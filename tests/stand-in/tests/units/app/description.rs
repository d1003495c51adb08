//! An app's files together.

use crate::files::{self, Folder};
use stand_in::app::description::Description;
use stand_in::app::finding::Finding;

const QUEUE: &str = r#"{"bindings":[{"type":"queueTrigger","name":"item","queueName":"%Q%-in"}]}"#;
const HTTP: &str = r#"{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","methods":["get"],"route":"x/{id:datetime}"},
    {"type":"http","direction":"out","name":"res"}], // both
    }"#;

fn read(folder: &Folder) -> Description {
    Description::read(folder.path(), &|name| {
        (name == "SHELL").then(|| "shell".to_owned())
    })
}

#[test]
fn an_app_is_read() {
    let folder = files::folder(&[
        (
            "host.json",
            r#"{"version":"2.0","logging":{},"customHandler":{"description":{"arguments":["-p %shell%"]}}}"#,
        ),
        (
            "local.settings.json",
            r#"{"values":{"Q":"jobs","N":5,"SHELL":"file","AzureWebJobs.off2.Disabled":"True"},
                "Host":{"localHttpPort":7072,"CORS":"*"},"ConnectionStrings":{}}"#,
        ),
        ("b/function.json", QUEUE),
        ("A/function.json", HTTP),
        (
            "off/function.json",
            r#"{"disabled":true,"retry":{},"bindings":[{"type":"timerTrigger","name":"t"}]}"#,
        ),
        (
            "off2/function.json",
            r#"{"bindings":[{"type":"timerTrigger","name":"t"}]}"#,
        ),
        ("src/lib.rs", ""),
    ]);
    let app = read(&folder);
    assert_eq!(app.findings, []);
    let functions = app.functions.iter();
    let names: Vec<_> = functions.map(|function| &*function.name).collect();
    assert_eq!(names, ["A", "b", "off"]);
    let settings = app.settings.as_ref().expect("settings");
    let values = ["N", "q", "x"].map(|name| settings.get(name));
    assert_eq!(values, [Some("5".into()), Some("jobs".into()), None]);
    assert_eq!(app.host.arguments, ["-p", "file"]);
    assert_eq!(app.functions[1].trigger()["queueName"], "jobs-in");
    let route = app.functions[0].route.as_ref().expect("a route");
    assert!(route.matches("/api/x/7").is_some());
    assert_eq!(
        app.notes(),
        [
            "host.json: ignored here: logging",
            "local.settings.json: ignored here: ConnectionStrings, Host.CORS",
            "A/function.json: the constraint datetime is ignored here",
            "off2 is disabled",
        ]
    );
}

#[test]
fn of_mcp_tools_are_served_and_the_rest_is_named() {
    let host = r#"{"extensions":{"mcp":{"serverName":"shop","instructions":"Ask.","other":1}}}"#;
    let bindings = |kind: &str| format!(r#"{{"bindings":[{{"type":"{kind}","name":"c"}}]}}"#);
    let [tool, prompt] = ["mcpToolTrigger", "mcpPromptTrigger"].map(bindings);
    let files = [
        ("host.json", host),
        ("t/function.json", &tool),
        ("p/function.json", &prompt),
    ];
    assert_eq!(
        read(&files::folder(&files)).notes(),
        [
            "host.json: ignored here: extensions.mcp.other",
            "p is not served here: of MCP only tools are",
        ]
    );
}

#[test]
fn a_filter_is_named_that_is_not_evaluated() {
    let bindings = r#"{"bindings":[{"type":"httpTrigger","name":"req"},
        {"type":"table","direction":"in","name":"rows","tableName":"T","filter":"a eq 1"},
        {"type":"table","direction":"in","name":"all","tableName":"T"}]}"#;
    let folder = files::folder(&[("host.json", "{}"), ("f/function.json", bindings)]);
    let notes = read(&folder).notes();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("the filter of \"rows\""), "{notes:?}");
    assert!(notes[0].contains(".local/f.rows"), "{notes:?}");
}

#[test]
fn the_environment_wins_over_the_settings() {
    let folder = files::folder(&[
        (
            "host.json",
            r#"{"customHandler":{"description":{"arguments":["%SHELL%"]}}}"#,
        ),
        ("local.settings.json", r#"{"Values":{"SHELL":"file"}}"#),
    ]);
    assert_eq!(read(&folder).host.arguments, ["shell"]);
}

#[test]
fn all_that_is_wrong_is_found() {
    let folder = files::folder(&[
        ("host.json", "{\n  \"version\": 2.0\n  \"oops\": 1\n}"),
        ("local.settings.json", "{ // a comment\n  \"Values\": {"),
        ("broken/function.json", "{ \"bindings\": 1 }"),
        (
            "missing/function.json",
            r#"{"bindings":[{"type":"queueTrigger","name":"q","queueName":"%NO%-%NO%"}]}"#,
        ),
        (
            "routed/function.json",
            r#"{"bindings":[{"type":"httpTrigger","name":"req","route":"{*a}/b"}]}"#,
        ),
        ("web/function.json", "{\n\n  \"bindings\": [\n"),
    ]);
    let app = read(&folder);
    let findings: Vec<String> = app.findings.iter().map(Finding::to_string).collect();
    let beginnings = [
        "host.json: line 2: ",
        "local.settings.json: line 2: ",
        "broken/function.json: there is no binding in it",
        "missing/function.json: %NO% in the queueName of \"q\" is a setting that neither",
        "routed/function.json: route: nothing may come",
        "web/function.json: line 4: ",
    ];
    assert_eq!(findings.len(), beginnings.len(), "{findings:?}");
    for (finding, beginning) in findings.iter().zip(beginnings) {
        assert!(finding.starts_with(beginning), "{findings:?}");
    }
    assert_eq!(app.unread, ["broken", "web"]);
    for (files, says) in [
        (
            vec![],
            "host.json: there is no such file: write it, or git checkout host.json",
        ),
        (
            vec![
                ("host.json", "{}"),
                ("local.settings.json", r#"{"Values":{"A":[]}}"#),
            ],
            "local.settings.json: A is not a text: write \"A\": \"...\"",
        ),
        (
            vec![
                ("host.json", "{}"),
                ("local.settings.json", r#"{"IsEncrypted":true}"#),
            ],
            "local.settings.json: it is encrypted: func settings decrypt",
        ),
    ] {
        let findings = read(&files::folder(&files)).findings;
        assert!(
            findings.len() == 1 && findings[0].to_string() == says,
            "{findings:?}"
        );
    }
}
