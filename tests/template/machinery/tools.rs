//! The tools of `mcp/tools.rs`, called as an agent calls them through the host.

use crate::requests::{invoke, wire};
use crate::start::{command, folder, start_with};
use crate::tests_app::{SERVE, TOOLS, tools};
use serde_json::{Value, json};
use stand_in::App;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

/// The tools with an item and a count.
const WITH_ARGUMENTS: [&str; 4] = ["price-of", "says", "wrongs", "besides"];

/// The app's folder with each tool's function.json. `mcp/run.sh` uses it too.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let properties = json!([
        {"propertyName": "item", "propertyType": "string", "description": "Which item.", "isRequired": true},
        {"propertyName": "count", "propertyType": "integer", "description": "How many; 1 by default."},
    ]);
    let functions = tools::ROUTES.iter().map(|route| {
        let mut trigger = json!({
            "type": "mcpToolTrigger", "direction": "in", "name": "context", "toolName": route.name.replace('-', "_"),
            "description": format!("The tool {}.", route.name), "useResultSchema": true,
        });
        if WITH_ARGUMENTS.contains(&route.name) {
            trigger["toolProperties"] = properties.to_string().into();
        }
        let mut bindings = vec![trigger];
        if route.name == "besides" {
            let storage = "AzureWebJobsStorage";
            bindings.extend([
                json!({"type": "blob", "direction": "in", "name": "snippet", "path": "snippets/{mcptoolargs.item}.json", "connection": storage}),
                json!({"type": "queue", "direction": "out", "name": "message", "queueName": "asked", "connection": storage}),
            ]);
        }
        (route.name.to_owned(), bindings.into())
    });
    folder("tools", functions)
});

fn app() -> App {
    App::start_in(&FOLDER, &[(SERVE, TOOLS)], command)
}

/// Gives the tool's text, and whether it is an error.
#[track_caller]
fn says(app: &App, tool: &str, arguments: Value) -> (String, bool) {
    let answer = app.tool(tool, arguments).expect("an answer");
    assert_eq!(
        answer.content,
        [json!({"type": "text", "text": answer.text()})]
    );
    (answer.text(), answer.is_error)
}

#[test]
fn each_tool_is_listed() {
    let listed = app().tools();
    let price_of = listed.iter().find(|tool| tool["name"] == "price_of");
    let schema = &price_of.expect("price_of")["inputSchema"];
    assert_eq!(listed.len(), 17, "{listed:?}");
    assert_eq!(schema["required"], json!(["item"]));
    assert_eq!(schema["properties"]["count"]["type"], "integer");
}

/// An agent's calls and the text it gets; after `error:` as an error. `log:` is only in the log,
/// and the agent gets the host's own sentence.
const CALLS: &str = r#"
price_of {"item":"tea","count":2} => {"price":6}
price_of {"item":1} => error: the argument item: invalid type: integer `1`, expected a string
price_of {"item":"a","count":"two"} => error: the argument count: invalid type: string "two", expected u32
price_of {"item":"a","count":-1} => error: the argument count: invalid value: integer `-1`, expected u32
price_of {"item":"at line 3","count":[1]} => error: the argument count: invalid type: sequence, expected u32
price_of {"item":"coffee"} => error: there is no coffee, only tea
refuses {} => error: there is no "tea" today ☕; ask for coffee
fails {} => log: the till is locked (at ... tools.rs:
panics {} => log: the till is gone ... tools.rs:
wrongs {"item":"list"} => log: structured content has to be an object
wrongs {"item":"return value"} => log: sets the output $return, which its route does not declare
wrongs {"item":"output"} => log: sets the output message, which its route does not declare
wrongs {"item":"answer"} => log: answers an HTTP caller, and it has none"#;

#[test]
fn a_refusal_of_any_status_reaches_the_agent_and_a_failure_only_the_log() {
    let app = app();
    for case in CALLS.trim().lines() {
        let (call, expected) = case.split_once(" => ").expect(case);
        let (tool, arguments) = call.split_once(' ').expect(case);
        let said = says(&app, tool, arguments.parse().expect(case));
        let Some(reason) = expected.strip_prefix("log: ") else {
            let error = expected.strip_prefix("error: ");
            assert_eq!(
                said,
                (error.unwrap_or(expected).into(), error.is_some()),
                "{call}"
            );
            assert!(!app.stderr().contains(&said.0), "{call}");
            continue;
        };
        let failure = format!("An error occurred invoking '{tool}'.");
        assert_eq!(said, (failure, true), "{call}");
        let stderr = app.stderr();
        assert!(
            reason.split(" ... ").all(|part| stderr.contains(part)),
            "{reason}: {stderr}"
        );
    }
    assert_eq!(app.failures().len(), 6);
}

#[test]
fn a_required_argument_that_is_missing_is_the_hosts_refusal() {
    let app = app();
    let refusal = app.tool("price_of", json!({})).expect_err("a refusal");
    let missing = "One or more required tool properties are missing values. Please provide: item";
    assert_eq!((refusal.code, &*refusal.message), (-32602, missing));
    let null = app.tool("wrongs", json!({"item": null, "else": 1}));
    assert_eq!(null.expect_err("a refusal").code, -32602);
}

#[test]
fn json_comes_and_goes_exactly() {
    let sent = json!({
        "a": 10.10, "b": "2026-11-21T10:00:00+02:00", "c": true, "d": null, "e": [1, "x", {"y": {}}], "f": "test",
        "g": 9007199254740993_u64, "h": -0.5, "i": "\u{1f375}", "": "no name",
    });
    let answer = app().tool("echoes", sent.clone()).expect("an answer");
    assert_eq!(answer.structured_content.as_ref(), Some(&sent));
    let text: Value = answer.text().parse().expect("JSON");
    assert_eq!(text, sent);
}

#[test]
fn what_a_tool_says_arrives_as_it_is() {
    let app = app();
    let long = "x".repeat(1 << 20);
    let texts = "| |null|true|1.50|test|dGVzdA==|2026-11-21T10:00:00+02:00|/Date(1)/|[]|[1,2]";
    let odd = [
        "{\"a\":\"2026-11-21T10:00:00+02:00\"}",
        "\u{1f375} caf\u{e9}\n\r\t\u{0}\u{2028}\"\\",
        &long,
    ];
    for text in texts.split('|').chain(odd) {
        let said = says(&app, "says", json!({"item": text}));
        assert!(said == (text.into(), false), "{:.80}", said.0);
    }
    let empty = app.tool("empty", json!({})).expect("an answer");
    assert!(empty.content.is_empty() && !empty.is_error && empty.structured_content.is_none());
}

#[test]
fn blocks_of_every_kind_arrive() {
    let answer = app().tool("shows", json!({})).expect("an answer");
    let mut blocks = answer.content;
    for (place, start) in [(1, "iVBORw0KGgo"), (2, "UklGR")] {
        let data = blocks[place]["data"].take();
        assert!(
            data.as_str().is_some_and(|data| data.starts_with(start)),
            "{data}"
        );
    }
    let expected = json!([
        {"type": "text", "text": "the prices of May"},
        {"type": "image", "mimeType": "image/png", "data": null},
        {"type": "audio", "mimeType": "audio/wav", "data": null},
        {"type": "resource", "resource": {"uri": "shop://may", "mimeType": "text/plain", "text": "tea 3"}},
        {"type": "resource", "resource": {"uri": "shop://may.bin", "mimeType": "application/octet-stream", "blob": "/wA="}},
        {"type": "resource_link", "uri": "https://shop.example/may", "name": "the whole list"},
    ]);
    assert_eq!(Value::from(blocks), expected);
}

#[test]
fn two_calls_run_at_once() {
    let app = app();
    let call = || says(&app, "meets", json!({})).0;
    std::thread::scope(|scope| {
        let calls = [scope.spawn(call), scope.spawn(call)];
        for call in calls {
            assert_eq!(call.join().expect("a call"), "met");
        }
    });
}

#[test]
#[should_panic(expected = "meets")]
fn a_call_without_an_answer_fails_the_test() {
    let app = app().within(Duration::from_millis(300));
    assert!(app.tool("meets", json!({})).is_ok());
}

#[test]
fn inputs_and_outputs_work_beside_a_tool() {
    let app = app();
    let besides = |item: &str| says(&app, "besides", json!({"item": item})).0;
    assert_eq!(besides("tea"), "tea, none, besides");
    app.put_blob("snippets", "tea.json", "black");
    assert_eq!(besides("tea"), "tea, black, besides");
    app.input("besides", "snippet", json!("green"));
    assert_eq!(besides("test"), "test, green, besides");
    assert_eq!(app.queue("asked"), ["tea", "tea", "test"]);
}

#[test]
fn the_call_that_the_host_sent_is_read() {
    let handler = start_with(SERVE, TOOLS);
    let answer = invoke(&handler, "echoes", wire("host-mcp-tool.json")).json();
    let parsed = |text: &Value| -> Value { text.as_str().expect("a text").parse().expect("JSON") };
    let result = parsed(&answer["ReturnValue"]);
    assert_eq!(result["type"], "call_tool_result");
    let structured = &parsed(&result["content"])["structuredContent"];
    assert_eq!(*structured, json!({"item": "apple", "count": 2}));
    let log = answer["Logs"][0].as_str().expect("a line");
    assert!(log.ends_with(" y556jgvvpjokhstz|qhqholsfr9vchax0"), "{log}");
}

#[test]
fn the_callers_key_is_never_written() {
    const KEY: &str = "marker-of-the-callers-key";
    let handler = start_with(SERVE, TOOLS);
    let mut answers = String::new();
    let mut call = |function: &str, payload: &str| {
        let answer = invoke(&handler, function, payload);
        answers += &String::from_utf8_lossy(&answer.body);
        answer.status
    };
    // The payload has it four times.
    let good = String::from_utf8(wire("host-mcp-tool.json")).expect("a text");
    let good = good.replace("<MCP_KEY>", KEY);
    let arguments = r#"{\\\"item\\\":\\\"apple\\\",\\\"count\\\":2}"#;
    assert!(
        good.matches(KEY).count() == 4 && good.contains(arguments),
        "{good}"
    );
    for function in ["price-of", "echoes", "refuses"] {
        assert_eq!(call(function, &good), 200, "{function}");
    }
    for function in ["fails", "panics"] {
        assert_eq!(call(function, &good), 500, "{function}");
    }
    // Also other JSON types for the arguments, the call and the payload, which no host sends.
    for other in [r#"{\\\"item\\\":[]}"#, "7", r#"\\\"text\\\""#] {
        let status = call("price-of", &good.replace(arguments, other));
        assert_eq!(status, 200, "{other}");
    }
    for data in [
        json!({"context": KEY}),
        json!({"context": json!(KEY).to_string()}),
        json!({"context": {"arguments": {}, "sessionid": [KEY]}}),
        json!({"context": json!({"sessionid": {"key": KEY}}).to_string()}),
        json!({"another": KEY}),
        json!(KEY),
    ] {
        let payload = json!({"Data": data, "Metadata": {"transport": KEY}});
        let status = call("price-of", &payload.to_string());
        assert!((400..=500).contains(&status), "{data}: {status}");
    }
    let besides = good.replace("apple", "key").replacen(
        "\"context\"",
        "\"snippet\": \"null\", \"context\"",
        1,
    );
    assert_eq!(call("besides", &besides), 500);
    call("price-of", &good[..good.len() - 9]);
    call("no-tool", &good);
    let written = [answers, handler.stdout(), handler.stderr()].join("\n");
    // A failure has the place in the tool's own code.
    let metadata = "the metadata context is not of the kind expected (at tests/template";
    for part in [
        "the till is locked",
        "y556jgvvpjokhstz|qhqholsfr9vchax0",
        metadata,
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    assert!(
        !written.contains("src/host/tool.rs") && !written.contains(KEY),
        "{written}"
    );
}
