//! MCP tools, called as an agent calls them through the host: those of `mcp/tools.rs`.

use crate::requests::{ID, ask, wire};
use crate::start::{command, start_with};
use crate::tests_app::{SERVE, TOOLS};
use serde_json::{Value, json};
use stand_in::App;
use stand_in::run::http::invocation;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

/// A folder with host.json and with function.json of each tool.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools");
    let write = |path: &str, json: Value| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, json.to_string()).expect("a file");
    };
    let host = include_str!("../../../host.json");
    write("host.json", serde_json::from_str(host).expect("JSON"));
    let tools: Value = serde_json::from_str(include_str!("../mcp/tools.json")).expect("JSON");
    for (function, properties) in tools.as_object().expect("an object") {
        let mut bindings = vec![json!({
            "type": "mcpToolTrigger", "direction": "in", "name": "context", "toolName": function.replace('-', "_"),
            "description": "A tool.", "toolProperties": properties.to_string(), "useResultSchema": true,
        })];
        if function == "besides" {
            bindings.push(json!({"type": "blob", "direction": "in", "name": "snippet", "path": "snippets/{mcptoolargs.item}.json", "connection": "AzureWebJobsStorage"}));
            bindings.push(json!({"type": "queue", "direction": "out", "name": "message", "queueName": "asked", "connection": "AzureWebJobsStorage"}));
        }
        write(
            &format!("{function}/function.json"),
            json!({"bindings": bindings}),
        );
    }
    folder
});

fn app() -> App {
    App::start_in(&FOLDER, &[(SERVE, TOOLS)], command)
}

fn text(text: &str) -> Vec<Value> {
    vec![json!({"type": "text", "text": text})]
}

#[test]
fn each_tool_is_listed() {
    let listed = app().tools();
    let names: Vec<_> = listed
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert!(
        names.len() == 17 && names.contains(&"price_of"),
        "{names:?}"
    );
    let price_of = listed
        .iter()
        .find(|tool| tool["name"] == "price_of")
        .expect("price_of");
    assert_eq!(price_of["inputSchema"]["required"], json!(["item"]));
    assert_eq!(
        price_of["inputSchema"]["properties"]["count"]["type"],
        "integer"
    );
}

#[test]
fn a_struct_is_structured_content_and_its_json() {
    let app = app();
    let answer = app
        .tool("price_of", json!({"item": "tea", "count": 2}))
        .expect("an answer");
    assert_eq!(answer.structured_content, Some(json!({"price": 6})));
    assert_eq!(
        (answer.text().as_str(), answer.is_error),
        (r#"{"price":6}"#, false)
    );
    let refusal = app.tool("price_of", json!({})).expect_err("a refusal");
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (
            -32602,
            "One or more required tool properties are missing values. Please provide: item"
        )
    );
}

#[test]
fn arguments_that_do_not_fit_are_a_refusal_that_names_them() {
    let app = app();
    for (arguments, says) in [
        (
            json!({"item": 1}),
            "the argument item: invalid type: integer `1`, expected a string",
        ),
        (
            json!({"item": "tea", "count": "two"}),
            "the argument count: invalid type: string \"two\", expected u32",
        ),
        (
            json!({"item": "tea", "count": -1}),
            "the argument count: invalid value: integer `-1`, expected u32",
        ),
        (
            json!({"item": "x at line 3", "count": [1]}),
            "the argument count: invalid type: sequence, expected u32",
        ),
        (json!({"item": "coffee"}), "there is no coffee, only tea"),
    ] {
        let answer = app.tool("price_of", arguments.clone()).expect("an answer");
        assert_eq!(
            (answer.text().as_str(), answer.is_error),
            (says, true),
            "{arguments}"
        );
    }
    let answer = app.tool("wrongs", json!({"how": null, "else": 1}));
    assert_eq!(answer.expect_err("a refusal").code, -32602);
    assert_eq!(app.failures(), [""; 0]);
}

#[test]
fn a_refusal_of_any_status_reaches_the_agent_and_a_failure_only_the_log() {
    let app = app();
    let refused = app.tool("refuses", json!({})).expect("an answer");
    assert_eq!(
        refused.content,
        text("there is no \"tea\" today \u{2615}; ask for coffee")
    );
    assert!(refused.is_error);
    for (tool, reason) in [
        ("fails", "the till is locked"),
        ("panics", "the till is gone"),
    ] {
        let failed = app.tool(tool, json!({})).expect("an answer");
        assert_eq!(
            failed.content,
            text(&format!("An error occurred invoking '{tool}'."))
        );
        assert!(failed.is_error);
        let stderr = app.stderr();
        assert!(
            stderr.contains(reason) && stderr.contains("tools.rs:"),
            "{stderr}"
        );
    }
}

#[test]
fn what_a_tool_says_arrives_as_it_is() {
    let app = app();
    let long = "x".repeat(1 << 20);
    for says in [
        "",
        " ",
        "null",
        "true",
        "1.50",
        "test",
        "dGVzdA==",
        "2026-11-21T10:00:00+02:00",
        "/Date(1)/",
        "[]",
        "[1,2]",
        "{\"a\":\"2026-11-21T10:00:00+02:00\"}",
        "\u{1f375} caf\u{e9}\n\r\t\u{0}\u{2028}\"\\",
        &long,
    ] {
        let answer = app.tool("says", json!({"text": says})).expect("an answer");
        assert!(answer.content == text(says), "{:.80}", answer.text());
    }
    let empty = app.tool("empty", json!({})).expect("an answer");
    assert!(empty.content.is_empty() && !empty.is_error && empty.structured_content.is_none());
}

#[test]
fn arguments_come_and_structs_go_exactly() {
    let sent = json!({
        "a": 10.10, "b": "2026-11-21T10:00:00+02:00", "c": true, "d": null, "e": [1, "x", {"y": {}}], "f": "test",
        "g": 9007199254740993_u64, "h": -0.5, "i": "\u{1f375}", "": "no name",
    });
    let answer = app().tool("echoes", sent.clone()).expect("an answer");
    assert_eq!(answer.structured_content.as_ref(), Some(&sent));
    assert_eq!(
        serde_json::from_str::<Value>(&answer.text()).expect("JSON"),
        sent
    );
}

#[test]
fn blocks_of_every_kind_arrive() {
    let answer = app().tool("shows", json!({})).expect("an answer");
    let kinds: Vec<_> = answer
        .content
        .iter()
        .map(|block| block["type"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        kinds,
        [
            "text",
            "image",
            "audio",
            "resource",
            "resource",
            "resource_link"
        ]
    );
    let blocks = &answer.content;
    assert_eq!(blocks[1]["mimeType"], "image/png");
    assert!(
        blocks[1]["data"]
            .as_str()
            .is_some_and(|data| data.starts_with("iVBORw0KGgo")),
        "{}",
        blocks[1]
    );
    assert_eq!(
        blocks[3]["resource"],
        json!({"uri": "shop://may", "mimeType": "text/plain", "text": "tea 3"})
    );
    let bytes =
        json!({"uri": "shop://may.bin", "mimeType": "application/octet-stream", "blob": "/wA="});
    assert_eq!(blocks[4]["resource"], bytes);
    assert_eq!(
        blocks[5],
        json!({"type": "resource_link", "uri": "https://shop.example/may", "name": "the whole list"})
    );
}

#[test]
fn two_calls_run_at_once() {
    let app = app();
    let call = || app.tool("meets", json!({})).expect("an answer").text();
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
    let answer = app
        .tool("besides", json!({"item": "tea"}))
        .expect("an answer");
    assert_eq!(answer.text(), "tea, none, besides");
    app.put_blob("snippets", "tea.json", "black");
    let answer = app
        .tool("besides", json!({"item": "tea"}))
        .expect("an answer");
    assert_eq!(answer.text(), "tea, black, besides");
    app.input("besides", "snippet", json!("green"));
    let answer = app
        .tool("besides", json!({"item": "test"}))
        .expect("an answer");
    assert_eq!(answer.text(), "test, green, besides");
    assert_eq!(app.queue("asked"), ["tea", "tea", "test"]);
}

#[test]
fn a_tools_own_mistakes_are_failures_with_a_reason() {
    let app = app();
    for (how, reason) in [
        ("list", "structured content has to be an object"),
        (
            "return value",
            "sets the output $return, which its route does not declare",
        ),
        (
            "output",
            "sets the output message, which its route does not declare",
        ),
        ("answer", "answers an HTTP caller, and it has none"),
    ] {
        let answer = app.tool("wrongs", json!({"how": how})).expect("an answer");
        assert_eq!(
            answer.content,
            text("An error occurred invoking 'wrongs'."),
            "{how}"
        );
        assert!(app.stderr().contains(reason), "{how}: {}", app.stderr());
    }
}

#[test]
fn the_call_that_the_host_sent_is_read() {
    let handler = start_with(SERVE, TOOLS);
    let answer = ask(
        &handler,
        &invocation("/echoes", ID, &wire("host-mcp-tool.json")),
    );
    let answer = answer.json();
    let result = answer["ReturnValue"].as_str().expect("a text");
    let result: Value = serde_json::from_str(result).expect("JSON");
    assert_eq!(result["type"], "call_tool_result");
    let result = result["content"].as_str().expect("a text");
    let result: Value = serde_json::from_str(result).expect("JSON");
    assert_eq!(
        result["structuredContent"],
        json!({"item": "apple", "count": 2})
    );
    let log = answer["Logs"][0].as_str().expect("a line");
    assert!(log.ends_with(" y556jgvvpjokhstz|qhqholsfr9vchax0"), "{log}");
}

/// The payload of a call, with the caller's key where the host has it: four times.
fn payload(arguments: &str, key: &str) -> Value {
    let headers = json!({"Accept": "*/*", "x-functions-key": key});
    let transport = json!({"name": "http-streamable", "properties": {"headers": headers}});
    let context = json!({"name": "t", "sessionid": "abc|def", "transport": transport}).to_string();
    let context = context.replacen('{', &format!("{{\"arguments\":{arguments},"), 1);
    let twice = json!(context).to_string();
    json!({
        "Data": {"context": twice},
        "Metadata": {"mcptoolcontext": {"Transport": transport}, "context": twice, "transport": transport},
    })
}

#[test]
fn the_callers_key_is_never_written() {
    const KEY: &str = "marker-of-the-callers-key";
    let handler = start_with(SERVE, TOOLS);
    let mut answers = String::new();
    let mut call = |function: &str, payload: String| {
        let answer = ask(
            &handler,
            &invocation(&format!("/{function}"), ID, payload.as_bytes()),
        );
        answers += &String::from_utf8_lossy(&answer.body);
        answer.status
    };
    let good = payload("{\"item\":\"tea\"}", KEY).to_string();
    for function in ["price-of", "echoes", "refuses"] {
        assert_eq!(call(function, good.clone()), 200, "{function}");
    }
    for function in ["fails", "panics"] {
        assert_eq!(call(function, good.clone()), 500, "{function}");
    }
    assert_eq!(
        call("price-of", payload("{\"item\":[]}", KEY).to_string()),
        200
    );
    // What no host sends: something else where the arguments, the call, the payload should be.
    for arguments in ["7", "\"text\""] {
        assert_eq!(
            call("price-of", payload(arguments, KEY).to_string()),
            200,
            "{arguments}"
        );
    }
    for data in [
        json!({"context": KEY}),
        json!({"context": json!(KEY).to_string()}),
        json!({"context": {"arguments": {}, "sessionid": [KEY]}}),
        json!({"context": json!({"sessionid": {"key": KEY}}).to_string()}),
        json!({"another": KEY}),
        json!(KEY),
    ] {
        let status = call(
            "price-of",
            json!({"Data": data, "Metadata": {"transport": KEY}}).to_string(),
        );
        assert!((400..=500).contains(&status), "{data}: {status}");
    }
    let mut besides = payload("{\"item\":\"key\"}", KEY);
    besides["Data"]["snippet"] = json!("null");
    assert_eq!(call("besides", besides.to_string()), 500);
    call("price-of", good[..good.len() - 9].to_owned());
    call("no-tool", good.clone());
    let written = [answers, handler.stdout(), handler.stderr()].join("\n");
    // A failure has the place in the tool's own code.
    let metadata = "the metadata context is not of the kind expected (at tests/template";
    for part in ["the till is locked", "abc|def", metadata] {
        assert!(written.contains(part), "{part}: {written}");
    }
    assert!(!written.contains("src/host/tool.rs"), "{written}");
    assert!(!written.contains(KEY), "{written}");
}
