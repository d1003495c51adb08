//! Compares the MCP server with the real host's answers.

use super::{cases, wire::wire};
use crate::files;
use serde_json::{Value, json};
use stand_in::app::function::{Binding, Function};
use stand_in::app::tool::Tool;
use stand_in::host::answer::Outcome;
use stand_in::host::data::Data;
use stand_in::host::mcp::{self, Server};
use stand_in::host::newtonsoft;
use stand_in::host::request::Request;
use stand_in::run::http::Answer;
use std::cell::RefCell;

const SESSION: &str = "y556jgvvpjokhstz|qhqholsfr9vchax0";

fn trigger(name: &str, properties: &str) -> Value {
    json!({
        "type": "mcpToolTrigger", "direction": "in", "name": "context", "toolName": name,
        "description": "The price of an item.", "toolProperties": properties, "useResultSchema": true,
    })
}

fn tool(trigger: Value) -> Tool {
    Tool::read("f", &Binding::from(trigger)).expect("a tool")
}

/// The arguments of the exchanges' tool `price_of`.
const PROPERTIES: &str = r#"[
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
    {"propertyType": "string", "description": "It has no name."}
]"#;

/// A server's answer; `given` replaces a client's own headers.
fn answer_of(server: &Server, method: &str, given: &[(&str, &str)], body: &str) -> Answer {
    let own = [
        ("Host", "127.0.0.1:7071"),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
    ];
    let own = own
        .iter()
        .filter(|(name, _)| given.iter().all(|(other, _)| name != other));
    let headers = own.chain(given).filter(|(_, value)| *value != "None");
    let headers: Vec<_> = headers.copied().collect();
    server.answer(&Request::new(method, mcp::PATH, &headers, body.as_bytes()))
}

/// The answer of the exchanges' app.
fn answer(method: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let tools = [("bare", "[]"), ("fails", "[]"), ("price_of", PROPERTIES)];
    let server = Server {
        settings: &json!({"serverName": "shop", "serverVersion": "1.2.3", "instructions": "Ask for prices."}),
        tools: &tools.map(|(name, properties)| tool(trigger(name, properties))),
        new_session: SESSION,
        run: &|tool, _| {
            match &*tool.name {
            "fails" => None,
            "bare" => Some(r#"{"content":[{"type":"text","text":"bare"}]}"#.to_owned()),
            _ => Some(r#"{"content":[{"type":"text","text":"tea costs 6"}],"structuredContent":{"price":6}}"#.to_owned()),
        }
        },
    };
    answer_of(&server, method, headers, body)
}

/// The real host gives a 500 without a body here, or answers a web page.
const MEANT: &str = "
tools/call with a session that is none => 404
a batch => 400
not JSON => 400
JSON, no message => 400
an empty body => 400
Content-Type text/plain => 415
a null id => 400
jsonrpc 1.0 => 400
a foreign Origin => 403";

#[test]
fn each_exchange_is_answered_as_the_real_host_answered_it() {
    let wire = std::fs::read_to_string(files::template("wire/host-mcp-wire.txt"));
    let wire = wire.expect("the exchanges");
    let (head, exchanges) = wire.split_once("\n### ").expect("the exchanges");
    let (_, event) = head.split_once("\n\n").expect("the head of an event");
    let exchanges = exchanges.replace("<EVENT> ", event.trim_end_matches('\n'));
    let client = "Mcp-Session-Id: <SESSION>  MCP-Protocol-Version: 2025-06-18";
    let exchanges = exchanges
        .replace("<CLIENT>", client)
        .replace("<SESSION>", SESSION);
    let exchanges: Vec<_> = exchanges.split("### ").collect();
    assert_eq!(exchanges.len(), 38);
    for exchange in exchanges {
        let (name, exchange) = exchange.split_once('\n').expect("a name");
        let (request, exchange) = exchange.split_once('\n').expect(name);
        let (method, headers) = request.split_once("  ").unwrap_or((request, ""));
        let headers = headers
            .split("  ")
            .filter_map(|header| header.split_once(": "));
        let mut headers: Vec<_> = headers.collect();
        if name == "Content-Type text/plain" {
            headers.push(("Content-Type", "text/plain"));
        }
        let of = |mark: &str| {
            exchange
                .lines()
                .filter_map(|line| line.strip_prefix(mark))
                .collect::<Vec<_>>()
        };
        let method = method.split(' ').next().unwrap_or_default();
        let answer = answer(method, &headers, &of("> ").concat());
        if let Some((_, status)) = cases(MEANT).find(|(meant, _)| *meant == name) {
            assert_eq!(answer.status.to_string(), status, "{name}");
            let why = mcp::error_in(&answer).expect(name);
            assert!(why.contains(": "), "{name}: {why}");
            continue;
        }
        let mut received = of("< ");
        received.retain(|line| !line.starts_with("Content-Length"));
        // .NET escapes the apostrophe.
        let received = received.join("\n").replace("\\u0027", "'");
        let is_error =
            answer.text().contains("\"error\":") || answer.text().contains("\"isError\":true");
        assert_eq!(mcp::error_in(&answer).is_some(), is_error, "{name}");
        let given = [answer.head("", false), answer.body].concat();
        let given = String::from_utf8(given).expect(name).replace("\r\n", "\n");
        assert_eq!(given.trim_end(), received.trim_end(), "{name}");
    }
}

/// A web page of another machine is refused.
const PAGES: &str = "
Host: localhost => 200
Host: LOCALHOST:1 => 200
Host: [::1]:7071 => 200
Host: [::1] => 200
Host: evil.example => 403
Host: 127.0.0.1.evil.example:7071 => 403
Host: localhost:evil => 403
Host: => 403
Origin: http://localhost:3000 => 200
Origin: https://127.0.0.1 => 200
Origin: null => 403
Origin: localhost => 403
Origin: http://localhost.evil.example => 403
Origin: http://evil.example:7071 => 403
Accept: application/*, text/event-stream;q=0.5 => 200";

#[test]
fn a_page_that_is_not_of_this_machine_is_refused() {
    for (header, status) in cases(PAGES) {
        let (name, value) = header.split_once(':').expect("a header");
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let answer = answer("POST", &[(name, value.trim())], ping);
        assert_eq!(answer.status.to_string(), status, "{header}");
    }
    // For any method.
    assert_eq!(
        answer("OPTIONS", &[("Host", "evil.example")], "").status,
        403
    );
}

/// Messages that the exchanges do not have, and a part of each answer.
const MESSAGES: &str = r#"
"id":1,"method":"tools/call","params":{"name":"Price_Of","arguments":{"item":"tea"}} => 200 "structuredContent":{"price":6}
"id":1,"method":"tools/call","params":{"name":"price_of","arguments":{"item":null}} => 200 "code":-32602
"id":1,"method":"tools/call","params":{"name":"bare","arguments":[1]} => 200 "code":-32603
"id":1,"method":"tools/call","params":{"name":1} => 200 "code":-32603
"id":1,"method":"tools/call","params":[] => 200 "code":-32603
"id":1,"method":"resources/templates/list","params":{} => 200 {"resourceTemplates":[]}
"id":1,"method":"resources/read","params":{"uri":"a"} => 200 "code":-32602,"message":"Unknown resource: 'a'"
"id":1,"method":"prompts/get","params":{"name":"a"} => 200 "code":-32602,"message":"Unknown prompt: 'a'"
"id":1,"method":"prompts/get","params":{} => 200 "code":-32603
"id":9,"result":{} => 202 
"id":1.5,"method":"ping" => 400 an id has to be
"id":true,"method":"ping" => 400 an id has to be
"id":{},"method":"ping" => 400 an id has to be
"id":1,"method":2 => 400 a method"#;

#[test]
fn what_the_exchanges_do_not_show() {
    for (message, expected) in cases(MESSAGES) {
        let answer = answer("POST", &[], &format!(r#"{{"jsonrpc":"2.0",{message}}}"#));
        let (status, part) = expected.split_once(' ').unwrap_or((expected, ""));
        assert_eq!(answer.status.to_string(), status, "{message}");
        assert!(answer.text().contains(part), "{message}: {}", answer.text());
    }
}

/// The data of a call of the tool `s_plain`.
fn data(headers: &[(&str, &str)], arguments: &str) -> (String, Data) {
    let seen = RefCell::new(None);
    let server = Server {
        settings: &Value::Null,
        tools: &[tool(trigger("s_plain", "[]"))],
        new_session: SESSION,
        run: &|_, data| {
            seen.replace(Some(data));
            None
        },
    };
    let params = format!(r#"{{"name":"s_plain"{arguments}}}"#);
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    assert_eq!(answer_of(&server, "POST", headers, &body).status, 200);
    seen.take().expect("a call")
}

fn inner(text: &Value) -> Value {
    text.as_str().expect("a text").parse().expect("JSON")
}

#[test]
fn a_call_is_the_payload_that_the_host_sent() {
    let seen = files::json("wire/host-mcp-tool.json");
    let caller = &seen["Metadata"]["transport"]["properties"]["headers"];
    let caller = caller.as_object().expect("headers").iter();
    let caller: Vec<_> = caller
        .map(|(name, value)| (&**name, value.as_str().expect("a text")))
        .collect();
    let (value, mut metadata) = data(&caller, r#","arguments":{"item":"apple","count":2}"#);
    metadata.set("sys", wire("mcp-tool").sys());
    let value = inner(&value.parse().expect("JSON"));
    assert_eq!(inner(&value), inner(&inner(&seen["Data"]["context"])));
    let start = r#"{"name":"s_plain","arguments":{"item":"apple","count":2},"sessionid":""#;
    assert!(
        value.as_str().is_some_and(|text| text.starts_with(start)),
        "{value}"
    );
    let metadata = metadata.metadata();
    let mut all = [metadata.parse().expect("JSON"), seen["Metadata"].clone()];
    for metadata in &mut all {
        metadata["context"] = inner(&inner(&metadata["context"]));
    }
    assert_eq!(all[0], all[1]);
}

#[test]
fn arguments_are_exact_in_the_data_and_texts_beside_it() {
    let exact = r#""arguments":{"a":10.10,"b":1e400,"c":"2026-11-21T10:00:00+02:00","d":true,"e":null,"f":[1, 2],"g":{"x":"é"}}"#;
    let (value, metadata) = data(&[("X-A", "a"), ("x-a", "b")], &format!(",{exact}"));
    let value = inner(&inner(&value.parse().expect("JSON")).to_string().into());
    let text = value.as_str().expect("a text");
    assert!(
        text.contains(exact) && text.contains(r#""X-A":"a,b""#),
        "{text}"
    );
    assert!(!text.contains("session"), "{text}");
    let shown: Value = metadata.metadata().parse().expect("JSON");
    assert_eq!(
        shown["mcptoolargs"],
        json!({"a": "10.10", "b": "1e400", "c": "2026-11-21T10:00:00+02:00", "d": "True", "e": "", "f": "[1, 2]", "g": r#"{"x":"é"}"#})
    );
    let kinds = json!({"a": 4, "b": 4, "c": 3, "d": 5, "e": 7, "f": 2, "g": 1});
    for (name, kind) in kinds.as_object().expect("kinds") {
        let own = &shown["mcptoolcontext"]["Arguments"][name]["ValueKind"];
        assert_eq!(own, kind, "{name}");
    }
    assert!(metadata.get("mcpsessionid").is_none());
    let (_, metadata) = data(&[], "");
    assert!(metadata.get("mcptoolargs").is_none() && metadata.get("arguments").is_none());
}

/// A client's result for a function's return value; an error has the host's sentence.
fn result(use_result_schema: bool, returned: &str) -> Result<String, String> {
    let mut binding = trigger("t", "[]");
    binding["useResultSchema"] = use_result_schema.into();
    let function = Function {
        bindings: vec![binding.into()],
        ..Function::default()
    };
    match mcp::settled(&function, &newtonsoft::parse(returned, 64).expect("JSON")) {
        Outcome::Completed(answer) => Ok(answer.expect("an answer").text().to_owned()),
        Outcome::Failed(why) => Err(why),
        Outcome::Hangs => panic!("it hangs: {returned}"),
    }
}

/// A return value without `useResultSchema`, and its text.
const PLAIN: &str = r#"
"tea" => "tea"
"" => ""
true => "True"
1.50 => "1.5"
"2024-05-06T07:08:09Z" => "05/06/2024 07:08:09"
{"a":[1]} => "{\n  \"a\": [\n    1\n  ]\n}""#;

/// A return value's type and content with it.
const WRONG: &str = r#"
multi_content_result => []
multi_content_result => {"type":"text","text":"a"}
text => a
text => {"text":"a"}
call_tool_result => null
call_tool_result => {"content":"a"}
call_tool_result => {"content":[{"text":"a"}]}
call_tool_result => {"content":[{"type":"other","text":"a"}]}
call_tool_result => {"content":[{"type":"text"}]}
call_tool_result => {"content":[{"type":"image","data":"aGk="}]}
call_tool_result => {"content":[{"type":"audio","mimeType":"audio/wav"}]}
call_tool_result => {"content":[{"type":"resource"}]}
call_tool_result => {"content":[{"type":"resource_link","uri":"a"}]}"#;

#[test]
fn what_a_function_returns_is_treated_as_the_host_treats_it() {
    for (returned, text) in cases(PLAIN) {
        let expected = format!(r#"{{"content":[{{"type":"text","text":{text}}}]}}"#);
        assert_eq!(result(false, returned), Ok(expected));
    }
    for schema in [true, false] {
        assert_eq!(result(schema, "null").as_deref(), Ok(r#"{"content":[]}"#));
    }
    let given = |kind: &str, content: &str, structured: Option<&str>| {
        let text = json!({"type": kind, "content": content, "structuredContent": structured});
        result(true, &json!(text.to_string()).to_string())
    };
    let own = r#"{"content":[{"type":"text","text":"2024-05-06T07:08:09Z","_meta":{"a":1}},{"type":"audio","data":"aGk=","mimeType":"audio/wav"}],"structuredContent":{"at":"2024-05-06T07:08:09Z","n":1.50},"isError":true,"_meta":{"b":2}}"#;
    for own in [own, r#"{"content":[]}"#] {
        assert_eq!(given("call_tool_result", own, None).as_deref(), Ok(own));
        let lines = own.replace(",\"", "\r\n,\n\"");
        assert_eq!(given("call_tool_result", &lines, None).as_deref(), Ok(own));
    }
    let block = r#"{"type":"text","text":"a"}"#;
    let one = format!(r#"{{"content":[{block}]}}"#);
    assert_eq!(given("text", block, None), Ok(one));
    let two = format!(r#"[{block},{block}]"#);
    let several = given("multi_content_result", &two, Some("{\"p\":6}"));
    assert_eq!(
        several,
        Ok(format!(
            r#"{{"content":{two},"structuredContent":{{"p":6}}}}"#
        ))
    );
    for (kind, content) in cases(WRONG) {
        assert!(given(kind, content, None).is_err(), "{kind} {content}");
    }
    for returned in [r#""tea""#, "1", "{}", r#""{\"content\":\"[]\"}""#] {
        assert!(result(true, returned).is_err(), "{returned}");
    }
}

#[test]
fn a_tool_may_bring_its_own_schemas_and_a_server_needs_no_settings() {
    let schema = "{\n\"type\":\"object\",\n\"required\":[\"a\"]}";
    let server = Server {
        settings: &Value::Null,
        tools: &[tool(json!({
            "name": "c", "toolName": "t", "description": "d", "useWorkerInputSchema": true,
            "inputSchema": schema, "outputSchema": schema, "metadata": "{\n\"a\": 1}",
        }))],
        new_session: SESSION,
        run: &|_, _| None,
    };
    let ask = |method: &str| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": "t"}});
        let answer = answer_of(&server, "POST", &[], &body.to_string());
        assert_eq!(answer.text().lines().count(), 3);
        mcp::message_in(&answer)
    };
    let schema = json!({"type": "object", "required": ["a"]});
    assert_eq!(
        ask("tools/list")["result"]["tools"],
        json!([{"name": "t", "description": "d", "inputSchema": schema, "outputSchema": schema, "_meta": {"a": 1}}])
    );
    assert_eq!(ask("tools/call")["error"]["code"], -32602);
    let server = &ask("initialize")["result"];
    assert_eq!(
        server["serverInfo"],
        json!({"name": "Azure Functions MCP server", "version": "1.0.0"})
    );
    assert_eq!(server.get("instructions"), None);
}
