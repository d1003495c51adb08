//! The MCP server, compared with what the real host answered.

use crate::files;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stand_in::app::function::Binding;
use stand_in::app::tool::Tool;
use stand_in::host::mcp::{self, Call, Server};
use stand_in::host::newtonsoft;
use stand_in::host::request::Request;
use stand_in::run::http::Answer;

const SESSION: &str = "y556jgvvpjokhstz|qhqholsfr9vchax0";

fn trigger(name: &str, properties: &str) -> Value {
    json!({
        "type": "mcpToolTrigger", "direction": "in", "name": "context", "toolName": name,
        "description": "The price of an item.", "toolProperties": properties, "useResultSchema": true,
    })
}

fn tool(trigger: &Value) -> Tool {
    Tool::read("f", &Binding::from(trigger.clone())).expect("a tool")
}

/// The tools of the app that the exchanges were watched with.
fn tools() -> [Tool; 3] {
    let properties = json!([
        {"propertyName": "item", "propertyType": "string", "description": "Which item.", "isRequired": true},
        {"propertyName": "count", "propertyType": "integer", "description": "How many."},
        {"propertyName": "price", "propertyType": "number", "description": "At most.", "isRequired": false},
        {"propertyname": "gift", "PropertyType": "boolean", "description": "Wrapped."},
        {"propertyName": "tags", "propertyType": "string", "description": "Tags.", "isArray": true},
        {"propertyName": "size", "propertyType": "string", "description": "Size.", "enumValues": ["s", "m", "l"]},
        {"propertyName": "more", "propertyType": "object", "description": "Anything."},
        {"propertyName": "odd", "propertyType": "money", "description": "No such type."},
        {"propertyName": "plain"},
        {"property_name": "snake", "property_type": "string"},
        {"propertyType": "string", "description": "It has no name."},
    ]);
    let price_of = trigger("price_of", &properties.to_string());
    [
        tool(&trigger("bare", "[]")),
        tool(&trigger("fails", "[]")),
        tool(&price_of),
    ]
}

/// What the server of an app answers.
fn answer_of(
    settings: &Value,
    tools: &[Tool],
    method: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let server = Server {
        settings,
        tools,
        new_session: SESSION,
    };
    let request = Request {
        method,
        target: mcp::PATH,
        headers: owned(headers),
        body: body.as_bytes(),
    };
    mcp::answer(&server, &request, |tool, _| match &*tool.name {
        "fails" => Err("the handler answered 500: a secret".to_owned()),
        "bare" => Ok(r#"{"content":[{"type":"text","text":"bare"}]}"#.to_owned()),
        _ => Ok(
            r#"{"content":[{"type":"text","text":"tea costs 6"}],"structuredContent":{"price":6}}"#
                .to_owned(),
        ),
    })
}

fn answer(method: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let settings =
        json!({"serverName": "shop", "serverVersion": "1.2.3", "instructions": "Ask for prices."});
    answer_of(&settings, &tools(), method, headers, body)
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_string()));
    headers.collect()
}

/// The headers of a client, but those that are given otherwise.
fn client_with<'a>(given: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut headers = vec![
        ("Host", "127.0.0.1:7071"),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
    ];
    headers.retain(|(name, _)| given.iter().all(|(other, _)| name != other));
    headers.extend(given);
    headers
}

fn post(given: &[(&str, &str)], body: &str) -> Answer {
    answer("POST", &client_with(given), body)
}

/// The answer to a message: its JSON, out of the event.
fn event(answer: &Answer) -> Value {
    let data = answer.text().strip_prefix("event: message\ndata: ");
    let data = data.and_then(|data| data.strip_suffix("\n\n"));
    read(data.expect("an event"))
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).expect("JSON")
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("JSON")
}

#[test]
fn each_exchange_is_answered_as_the_real_host_answered_it() {
    let wire =
        std::fs::read_to_string(files::template("wire/host-mcp-wire.txt")).expect("the exchanges");
    // Where the real host gives a 500 without a body, or answers a page of the web.
    let meant = [
        ("tools/call with a session that is none", 404),
        ("a batch", 400),
        ("not JSON", 400),
        ("JSON, no message", 400),
        ("an empty body", 400),
        ("Content-Type text/plain", 415),
        ("a null id", 400),
        ("jsonrpc 1.0", 400),
        ("a foreign Origin", 403),
    ];
    let mut seen = 0;
    for exchange in wire.split("### ").filter(|text| !text.trim().is_empty()) {
        let mut lines = exchange.trim_end().lines();
        let name = lines.next().expect("a name");
        let mut request = lines.next().expect("a request").split("  ");
        let (method, _) = request
            .next()
            .and_then(|line| line.split_once(' '))
            .expect("a method");
        let given = request.map(|header| header.split_once(": ").expect("a header"));
        let mut given: Vec<_> = given.collect();
        if name == "Content-Type text/plain" {
            given.push(("Content-Type", "text/plain"));
        }
        let mut all = client_with(&given);
        all.retain(|header| *header != ("Accept", "None"));
        for (_, value) in &mut all {
            if *value == "<SESSION>" {
                *value = SESSION;
            }
        }
        let (sent, received): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("> "));
        let body = sent.first().map_or("", |line| &line[2..]);
        let answer = answer(method, &all, body);
        seen += 1;

        if let Some((_, status)) = meant.iter().find(|(meant, _)| *meant == name) {
            let error = answer.json();
            let message = error["error"]["message"].as_str().expect("a sentence");
            assert_eq!(answer.status, *status, "{name}: {message}");
            assert!(message.contains(": "), "{name}: {message}");
            continue;
        }
        let received = received.iter();
        let mut received = received.map(|line| line.strip_prefix("< ").unwrap_or_default());
        let status = received.next().and_then(|line| line.split(' ').nth(1));
        assert_eq!(Some(&*answer.status.to_string()), status, "{name}");
        let expected = received.by_ref().take_while(|line| !line.is_empty());
        let mut expected: Vec<&str> = expected.collect();
        expected.retain(|line| !line.starts_with("Content-Length"));
        let given = answer.headers.iter();
        let given = given.map(|(name, value)| format!("{name}: {value}"));
        let given: Vec<_> = given
            .map(|line| line.replace(SESSION, "<SESSION>"))
            .collect();
        assert_eq!(given, expected, "{name}");
        // .NET escapes the apostrophe.
        let body = received.collect::<Vec<_>>().join("\n");
        let body = body.replace("\\u0027", "'");
        assert_eq!(answer.text().trim_end(), body, "{name}");
    }
    assert_eq!(seen, 38);
}

#[test]
fn a_page_that_is_not_of_this_machine_is_refused() {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (header, value, status) in [
        ("Host", "localhost", 200),
        ("Host", "LOCALHOST:1", 200),
        ("Host", "[::1]:7071", 200),
        ("Host", "[::1]", 200),
        ("Host", "evil.example", 403),
        ("Host", "127.0.0.1.evil.example:7071", 403),
        ("Host", "localhost:evil", 403),
        ("Host", "", 403),
        ("Origin", "http://localhost:3000", 200),
        ("Origin", "https://127.0.0.1", 200),
        ("Origin", "null", 403),
        ("Origin", "localhost", 403),
        ("Origin", "http://localhost.evil.example", 403),
        ("Origin", "http://evil.example:7071", 403),
    ] {
        let answer = post(&[(header, value)], ping);
        assert_eq!(answer.status, status, "{header}: {value}");
    }
    // Whatever the method is.
    let options = answer("OPTIONS", &[("Host", "evil.example")], "");
    assert_eq!(options.status, 403);
}

#[test]
fn what_the_exchanges_do_not_show() {
    let ask = |method: &str, params: &str| {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        event(&post(&[], &body))
    };
    let call = |params: &str| ask("tools/call", params);
    // A tool's name is matched in any case; a null counts as missing.
    let priced = call(r#"{"name":"Price_Of","arguments":{"item":"tea"}}"#);
    let price = &priced["result"]["structuredContent"];
    assert_eq!(*price, json!({"price": 6}));
    let null = call(r#"{"name":"price_of","arguments":{"item":null}}"#);
    assert_eq!(null["error"]["code"], -32602);
    for params in [r#"{"name":"bare","arguments":[1]}"#, r#"{"name":1}"#, "[]"] {
        assert_eq!(call(params)["error"]["code"], -32603, "{params}");
    }
    let unknown = |method: &str, params: &str| ask(method, params)["error"]["message"].clone();
    let resource = unknown("resources/read", r#"{"uri":"a:b"}"#);
    assert_eq!(resource, "Unknown resource: 'a:b'");
    let prompt = unknown("prompts/get", r#"{"name":"p"}"#);
    assert_eq!(prompt, "Unknown prompt: 'p'");
    let templates = &ask("resources/templates/list", "{}")["result"];
    assert_eq!(*templates, json!({"resourceTemplates": []}));
    for id in ["1.5", "true", "{}"] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        assert_eq!(post(&[], &body).status, 400, "{id}");
    }
    let response = post(&[], r#"{"jsonrpc":"2.0","id":9,"result":{}}"#);
    assert_eq!(response.status, 202);
    let any = ("Accept", "application/*, text/event-stream;q=0.5");
    assert_eq!(post(&[any], "{").status, 400);
}

#[test]
fn a_call_is_the_payload_that_the_host_sent() {
    let seen = files::json("wire/host-mcp-tool.json");
    let caller = &seen["Metadata"]["transport"]["properties"]["headers"];
    let caller = caller.as_object().expect("headers").iter();
    let caller: Vec<_> = caller
        .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()))
        .collect();
    let given = raw(r#"{"item":"apple","count":2}"#);
    let call = Call::read("s_plain", Some(&given), &caller).expect("a call");
    let (data, mut metadata) = call.data(&tool(&trigger("s_plain", "[]")), "s_plain");
    metadata.set("sys", crate::host::wire::wire("mcp-tool").sys());
    // JSON in a text in a text.
    let inner = |text: &Value| {
        let text = read(text.as_str().expect("a text"));
        read(text.as_str().expect("a text in it"))
    };
    assert_eq!(inner(&read(&data)), inner(&seen["Data"]["context"]));
    let mut metadata = read(&metadata.json(|_| true));
    assert_eq!(
        inner(&metadata["context"]),
        inner(&seen["Metadata"]["context"])
    );
    metadata["context"] = seen["Metadata"]["context"].clone();
    assert_eq!(metadata, seen["Metadata"]);
}

#[test]
fn arguments_are_exact_in_the_data_and_texts_beside_it() {
    let exact = r#"{"a":10.10,"b":1e400,"c":"2026-11-21T10:00:00+02:00","d":true,"e":null,"f":[1, 2],"g":{"x":"é"}}"#;
    let given = raw(exact);
    let caller = owned(&[("Accept", "a"), ("accept", "b")]);
    let call = Call::read("t", Some(&given), &caller).expect("a call");
    let (data, metadata) = call.data(&tool(&trigger("t", "[]")), "f");
    let text: String = serde_json::from_str(&data).expect("a text");
    let text: String = serde_json::from_str(&text).expect("a text");
    assert!(text.contains(exact), "{text}");
    assert!(
        text.contains(r#""headers":{"Accept":"a,b"}"#) && !text.contains("session"),
        "{text}"
    );
    let shown = read(&metadata.json(|_| true));
    assert_eq!(
        shown["mcptoolargs"],
        json!({"a": "10.10", "b": "1e400", "c": "2026-11-21T10:00:00+02:00", "d": "True", "e": "", "f": "[1, 2]", "g": r#"{"x":"é"}"#})
    );
    let kinds = [("a", 4), ("c", 3), ("d", 5), ("e", 7), ("f", 2), ("g", 1)];
    for (name, kind) in kinds {
        let own = &shown["mcptoolcontext"]["Arguments"][name];
        assert_eq!(*own, json!({"ValueKind": kind}), "{name}");
    }
    assert!(metadata.get("mcpsessionid").is_none());

    let call = Call::read("t", None, &[]).expect("a call");
    let (_, metadata) = call.data(&tool(&trigger("t", "[]")), "f");
    assert!(metadata.get("mcptoolargs").is_none() && metadata.get("arguments").is_none());
}

#[test]
fn what_a_function_returns_is_treated_as_the_host_treats_it() {
    let with = tool(&trigger("t", "[]"));
    let without = tool(&json!({"name": "c", "toolName": "t", "description": "d"}));
    let result = |tool: &Tool, json: &str| {
        let result = tool.result(&newtonsoft::parse(json, 64).expect("JSON"));
        result.map(|json| read(&json))
    };
    let text = |text: &str| Ok(json!({"content": [{"type": "text", "text": text}]}));
    for (returned, shown) in [
        (r#""tea""#, "tea"),
        (r#""""#, ""),
        ("true", "True"),
        ("1.50", "1.5"),
        (r#""2024-05-06T07:08:09Z""#, "05/06/2024 07:08:09"),
        (r#"{"a":[1]}"#, "{\n  \"a\": [\n    1\n  ]\n}"),
    ] {
        assert_eq!(result(&without, returned), text(shown), "{returned}");
    }
    for tool in [&with, &without] {
        assert_eq!(result(tool, "null"), Ok(json!({"content": []})));
    }

    let given = |kind: &str, content: &str, structured: Option<&str>| {
        let text =
            json!({"type": kind, "content": content, "structuredContent": structured}).to_string();
        result(&with, &json!(text).to_string())
    };
    let own = r#"{"content":[{"type":"text","text":"2024-05-06T07:08:09Z","_meta":{"a":1}},
        {"type":"image","data":"aGk=","mimeType":"image/png"},{"type":"audio","data":"aGk=","mimeType":"audio/wav"},
        {"type":"resource","resource":{"uri":"a:b","text":"t"}},{"type":"resource_link","uri":"a:b","name":"n"}],
        "structuredContent":{"at":"2024-05-06T07:08:09Z","n":1.50},"isError":true,"_meta":{"b":2}}"#;
    for own in [own, r#"{"content":[]}"#] {
        assert_eq!(given("call_tool_result", own, None), Ok(read(own)));
    }
    let block = r#"{"type":"text","text":"a"}"#;
    let list = format!("[{block},{block}]");
    assert_eq!(given("text", block, None), text("a"));
    let several = given("multi_content_result", &list, Some("{\"p\":6}"));
    let several = several.expect("a result");
    assert_eq!(several["structuredContent"], json!({"p": 6}));
    assert_eq!(several["content"], read(&list));
    for (kind, content) in [
        ("multi_content_result", "[]"),
        ("multi_content_result", block),
        ("text", "a"),
        ("text", r#"{"type":"text"}"#),
        ("text", r#"{"type":"smell","text":"a"}"#),
        ("image", r#"{"type":"image","data":"aGk="}"#),
        ("call_tool_result", "null"),
        ("call_tool_result", r#"{"content":"a"}"#),
        ("resource_link", r#"{"type":"resource_link","uri":"a:b"}"#),
        ("call_tool_result", r#"{"content":[{"type":"text"}]}"#),
    ] {
        assert!(given(kind, content, None).is_err(), "{kind} {content}");
    }
    for returned in [r#""tea""#, "1", "{}", r#""{\"content\":\"[]\"}""#] {
        assert!(result(&with, returned).is_err(), "{returned}");
    }
}

#[test]
fn a_result_and_a_list_are_one_line_each() {
    let schema = "{\n\"type\":\"object\",\n\"required\":[\"a\"]}";
    let listed = tool(&json!({
        "name": "c", "toolName": "t", "description": "d", "useResultSchema": true,
        "useWorkerInputSchema": true, "inputSchema": schema, "outputSchema": schema, "metadata": "{\n\"a\": 1}",
    }));
    let result = listed.result(&newtonsoft::Token::Text(
        json!({"type": "call_tool_result", "content": "{\r\n\"content\":\n[]}"}).to_string(),
    ));
    assert_eq!(result.as_deref(), Ok("{\"content\":[]}"));
    let ask = |body: &str| {
        let tools = std::slice::from_ref(&listed);
        event(&answer_of(
            &Value::Null,
            tools,
            "POST",
            &client_with(&[("Accept", "*/*")]),
            body,
        ))
    };
    let list = ask(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let schema = json!({"type": "object", "required": ["a"]});
    assert_eq!(
        list["result"]["tools"],
        json!([{"name": "t", "description": "d", "inputSchema": schema, "outputSchema": schema, "_meta": {"a": 1}}])
    );
    let call = ask(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#);
    assert_eq!(call["error"]["code"], -32602);
    let server = ask(r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#);
    assert_eq!(
        server["result"]["serverInfo"],
        json!({"name": "Azure Functions MCP server", "version": "1.0.0"})
    );
    assert_eq!(server["result"].get("instructions"), None);
}

#[test]
fn what_stops_the_host_is_an_error() {
    for (member, value) in [
        ("toolProperties", json!("{nope")),
        ("toolProperties", json!("{}")),
        ("toolProperties", json!([])),
        (
            "toolProperties",
            json!(r#"[{"propertyName":"a","isRequired":"true"}]"#),
        ),
        ("toolName", json!(null)),
        ("description", json!("")),
        ("outputSchema", json!("{\"type\":\"string\"}")),
        (
            "outputSchema",
            json!("{\"type\":\"object\",\"required\":{}}"),
        ),
        ("useWorkerInputSchema", json!(true)),
        ("metadata", json!("[]")),
    ] {
        let mut binding = trigger("t", "[]");
        binding[member] = value.clone();
        let error = Tool::read("f", &binding.into()).expect_err("an error");
        let named = member.replace("useWorkerInputSchema", "inputSchema");
        assert!(error.contains(&named), "{member} {value}: {error}");
    }
    assert!(Tool::read("f", &trigger("t", "null").into()).is_ok());
}

#[test]
fn what_a_client_gets_as_an_error_is_known() {
    for (body, error) in [
        (
            "event: message\ndata: {\"error\":{\"code\":-1,\"message\":\"no\"}}\n\n",
            Some("no"),
        ),
        (
            "event: message\ndata: {\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"no tea\"}],\"isError\":true}}\n\n",
            Some("no tea"),
        ),
        (
            "event: message\ndata: {\"result\":{\"content\":[{\"text\":\"tea\"}]}}\n\n",
            None,
        ),
        (
            "{\"error\":{\"code\":-1,\"message\":\"Forbidden\"}}",
            Some("Forbidden"),
        ),
        ("", None),
    ] {
        let body = body.into();
        let answer = Answer {
            status: 200,
            headers: Vec::new(),
            body,
        };
        assert_eq!(mcp::error_in(&answer).as_deref(), error, "{answer:?}");
    }
}
