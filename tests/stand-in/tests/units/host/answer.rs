use crate::host::cases;
use serde_json::{Value, json};
use stand_in::app::function::Binding;
use stand_in::host::answer::{MESSAGE_MAX_BYTES, Outcome, Output, settle};
use stand_in::host::base64::to_base64;
use stand_in::run::http::Answer;

/// An answer of a handler: JSON with this status.
fn answer(status: u16, content_type: &str, body: &str) -> Answer {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    let body = body.as_bytes().to_vec();
    Answer {
        status,
        headers,
        body,
    }
}

/// What comes of an answer of a function that declares these outputs: the outcome, the logs, what
/// is written by each.
fn settled(declared: &[Value], json: &str) -> (Outcome, Vec<String>, Vec<(String, Output)>) {
    let declared: Vec<Binding> = declared.iter().cloned().map(Binding::from).collect();
    let declared: Vec<&Binding> = declared.iter().collect();
    let settled = settle(&declared, answer(200, "application/json", json), true);
    let mut written = Vec::new();
    for one in settled.written {
        let name = &one.binding.name;
        written.extend(one.values.into_iter().map(|value| (name.clone(), value)));
    }
    (settled.outcome, settled.logs, written)
}

fn http() -> Value {
    json!({"type": "http", "name": "res"})
}

fn queue(name: &str) -> Value {
    json!({"type": "queue", "name": name, "queueName": "orders"})
}

/// The outcome and the messages, as a list.
fn sent(declared: &[Value], json: &str) -> (Outcome, Value) {
    let (outcome, _, written) = settled(declared, json);
    let messages = written.iter().map(|(_, value)| match value {
        Output::Bytes(bytes) => String::from_utf8_lossy(bytes),
        Output::Json(_) => panic!("{value:?} is not a message"),
    });
    (outcome, messages.collect())
}

#[test]
fn a_value_becomes_messages() {
    let declared = [queue("message")];
    let messages = |value: &str| {
        let json = format!(r#"{{"Outputs":{{"message":{value}}}}}"#);
        match sent(&declared, &json) {
            (Outcome::Completed(_), messages) => messages.to_string(),
            (outcome, _) => format!("{outcome:?}"),
        }
    };
    let table = r#"
        "2026-11-21T10:00:00+02:00" => ["11/21/2026 08:00:00"]
        "/Date(0)/" => ["01/01/1970 00:00:00"]
        "aGVsbG8=" => ["hello"]
        "aGVs bG8=\r\n" => ["hello"]
        "    " => [""]
        "" => [""]
        "[]" => []
        " [1,\"aGVsbG8=\",[2],null,\"2026-11-21T10:00:00Z\"]\u2003" => ["1","aGVsbG8=","[\n  2\n]","","11/21/2026 10:00:00"]
        "[hello]" => Failed
        "{hello}" => Failed
        "{a:1}" => ["{\n  \"a\": 1\n}"]
        "{\"at\":\"2026-11-21T10:00:00+02:00\"}" => ["{\n  \"at\": \"2026-11-21T08:00:00+00:00\"\n}"]
        "{\"id\":1005,\"color\":\"black\"}" => ["{\n  \"id\": 1005,\n  \"color\": \"black\"\n}"]
        "eyJpZCI6MTAwNX0=" => ["{\"id\":1005}"]
        "hello world" => ["hello world"]
        "{half" => ["{half"]
        null => []
        [] => []
        ["queue message 1","aGVsbG8="] => ["queue message 1","aGVsbG8="]
        ["2026-11-21T10:00:00"] => ["11/21/2026 10:00:00"]
        10.0 => ["10"]
        true => ["True"]
        {"a":1} => ["{\n  \"a\": 1\n}"]"#;
    for (value, expected) in cases(table) {
        let messages = messages(value);
        assert!(messages.starts_with(expected), "{value}: {messages}");
    }
    for garbage in ["test", "null", "true", "12345678", "20261121", "abcd efgh"] {
        assert_ne!(
            messages(&json!(garbage).to_string()),
            json!([garbage]).to_string()
        );
    }
}

#[test]
fn members_of_a_returned_object_and_binary_outputs_are_not_decoded() {
    for (place, data_type, message) in [
        ("ReturnValue", "", "aGVsbG8="),
        ("Outputs", "binary", "aGVsbG8="),
        ("Outputs", "string", "hello"),
    ] {
        let mut queue = queue("message");
        queue["dataType"] = data_type.into();
        let json = json!({place: {"message": "aGVsbG8="}}).to_string();
        assert_eq!(sent(&[queue], &json).1, json!([message]), "{place}");
    }
}

#[test]
fn the_http_output_becomes_the_callers_answer() {
    let seen = |json: &str| match settled(&[http()], json).0 {
        Outcome::Completed(Some(answer)) => {
            let content_type = answer.header("Content-Type").unwrap_or("none");
            format!("{} {content_type} {:?}", answer.status, answer.text())
        }
        outcome => format!("{outcome:?}"),
    };
    let table = r#"
        {"body":"hi"} => 200 text/plain; charset=utf-8 "hi"
        {} => 200 text/plain; charset=utf-8 ""
        {"statusCode":201,"status":404,"BODY":"x"} => 201 text/plain; charset=utf-8 "x"
        {"statusCode":" 404 ","body":null} => 404 text/plain; charset=utf-8 ""
        {"statusCode":"no","body":{"a":[1]}} => 200 text/plain; charset=utf-8 "{\n  \"a\": [\n    1\n  ]\n}"
        {"body":"2026-11-21T10:00:00+02:00"} => 200 text/plain; charset=utf-8 "11/21/2026 08:00:00"
        {"body":"{}","headers":{"content-type":"application/json"}} => 200 application/json; charset=utf-8 "{}"
        {"headers":{"X-A":"1","Content-Type":"a/b; Charset=x"}} => 200 a/b; Charset=x ""
        "{\"body\":\"in a string\"}" => 200 text/plain; charset=utf-8 "in a string"
        {"headers":{"X-List":["a"]},"body":"x"} => 500 none ""
        {"headers":{"X-Null":null}} => 500 none ""
        {"statusCode":204,"body":"x"} => 500 none ""
        null => Failed
        5 => Failed
        [] => Failed
        "hi" => Failed
        {"statusCode":{}} => Failed
        {"headers":[]} => Failed"#;
    for (value, expected) in cases(table) {
        let seen = seen(&format!(r#"{{"Outputs":{{"res":{value}}}}}"#));
        assert!(seen.starts_with(expected), "{value}: {seen}");
    }
    assert!(seen(r#"{"Outputs":{}}"#).ends_with(r#" "{}""#));
}

#[test]
fn answers_that_the_host_does_not_take_fail_or_hang() {
    let json = "application/json";
    for (status, content_type, body, expected) in [
        (200, "Application/JSON; charset=x", "{}", "Completed(None)"),
        (200, json, "", "Hangs"),
        (204, "text/plain", "", "Hangs"),
        (200, json, "null", "Hangs"),
        (
            200,
            "text/plain",
            "{}",
            "the Content-Type is \"text/plain\"",
        ),
        (200, "", "{}", "the Content-Type is \"\""),
        (500, json, "{}", "status 500: {}"),
        (500, json, r#"{"error":"no \"price\""}"#, "no \"price\""),
        (500, "text/plain", "busy", "status 500: busy"),
        (200, json, "[]", "the result is not an object"),
        (200, json, r#"{"Logs":"a"}"#, "Logs is Text(\"a\")"),
        (200, json, r#"{"Logs":[{}]}"#, "Object([]) in Logs"),
        (200, json, r#"{"Outputs":[]}"#, "Outputs is Array([])"),
    ] {
        let found = match settle(&[], answer(status, content_type, body), true).outcome {
            Outcome::Failed(why) => why,
            outcome => format!("{outcome:?}"),
        };
        assert_eq!(found, expected, "{status} {body}");
    }
    let logs = |json| settled(&[], json).1;
    assert_eq!(logs(r#"{"Logs":["a"]}"#), ["a"]);
    assert_eq!(logs(r#"{"Logs":null,"Outputs":null}"#), [""; 0]);
}

#[test]
fn outputs_go_where_the_function_declares_them() {
    let table = r#"
        {"outputs":{"message":"a b","res":{"statusCode":202}}} => 202 ["a b"]
        {"Outputs":{"Message":"a b","other":"c d","Res":{"statusCode":202}}} => 200 []
        {"Outputs":{"message":null}} => 200 []
        {"Outputs":null} => 204 []
        {"Outputs":{"message":"a b"},"ReturnValue":"c d"} => 200 ["a b"]
        {"Outputs":{},"returnValue":{"message":"a b"},"ReturnValue":{"message":"c d"}} => 200 ["c d"]
        {"Outputs":{"message":"a b"},"ReturnValue":{"message":"test","res":{"statusCode":404}}} => 404 ["test"]"#;
    for (json, expected) in cases(table) {
        let (outcome, messages) = sent(&[queue("message"), http()], json);
        let Outcome::Completed(Some(answer)) = outcome else {
            panic!("{json}: {outcome:?}")
        };
        assert_eq!(format!("{} {messages}", answer.status), expected, "{json}");
    }
    let table = r#"
        {"Outputs":{"$return":"lost","res":{}},"ReturnValue":null} => []
        {"ReturnValue":"any text"} => ["any text"]
        {"ReturnValue":{"a":1}} => ["{\n  \"a\": 1\n}"]"#;
    for (json, expected) in cases(table) {
        let (_, messages) = sent(&[queue("$return"), http()], json);
        assert_eq!(messages.to_string(), expected, "{json}");
    }
    // An http output that fails, fails before anything is written.
    let json = r#"{"Outputs":{"message":"a b","res":5}}"#;
    let (outcome, messages) = sent(&[queue("message"), http()], json);
    assert!(matches!(outcome, Outcome::Failed(_)) && messages == json!([]));
    // Messages before one that is too large are written.
    for (length, count) in [(MESSAGE_MAX_BYTES, 2), (MESSAGE_MAX_BYTES + 1, 1)] {
        let json = json!({"Outputs": {"message": ["a", "x".repeat(length)]}}).to_string();
        let (outcome, messages) = sent(&[queue("message"), http()], &json);
        assert_eq!(matches!(outcome, Outcome::Failed(_)), count == 1);
        assert_eq!(messages.as_array().map(Vec::len), Some(count));
        assert_eq!(messages[0], "a");
    }
}

#[test]
fn other_outputs_are_what_the_host_would_write() {
    let table = r#"
        blob "a text" => ["a text"]
        blob "[1, 2]" => ["[1, 2]"]
        Blob "AAH/" => [{"base64":"AAH/"}]
        blob {"b":1.0,"a":"2026-11-21T10:00:00+02:00"} => ["{\"b\":1.0,\"a\":\"2026-11-21T08:00:00+00:00\"}"]
        blob 7 => ["\u0007\u0000\u0000\u0000"]
        blob true => ["\u0001"]
        blob null => []
        table [{"RowKey":"1"},{"RowKey":"2"}] => [{"RowKey":"1"},{"RowKey":"2"}]
        cosmosDB "{\"id\":\"1\"}" => [{"id":"1"}]
        serviceBus "aGVsbG8=" => ["hello"]
        serviceBus ["a b","test"] => ["a b","test"]
        anything null => []
        blob "2026-11-21T10:00:00" => Failed
        blob 12345678901234567890 => Failed"#;
    for (given, expected) in cases(table) {
        let (kind, json) = given.split_once(' ').expect("a type");
        let output = json!({"type": kind, "name": "out"});
        let json = format!(r#"{{"Outputs":{{"out":{json}}}}}"#);
        let found = match settled(&[output], &json) {
            (Outcome::Completed(None), _, written) => {
                let shown = written.iter().map(|(_, value)| value.shown());
                Value::Array(shown.collect()).to_string()
            }
            (outcome, ..) => format!("{outcome:?}"),
        };
        assert!(found.starts_with(expected), "{given}: {found}");
    }
}

#[test]
fn all_outputs_are_written_whose_values_can_be_converted() {
    let outputs = ["first", "second"].map(|name| json!({"type": "blob", "name": name}));
    let json = r#"{"Outputs":{"first":"2026-11-21T10:00:00","second":"a text"}}"#;
    let (outcome, _, written) = settled(&outputs, json);
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    let second = ("second".to_owned(), Output::Bytes(b"a text".to_vec()));
    assert_eq!(written, [second]);
}

#[test]
fn queues_without_base64_hold_texts_only() {
    let queue = Binding::from(queue("message"));
    let stored = |bytes: &[u8], base64: bool| {
        let body = json!({"Outputs": {"message": to_base64(bytes)}}).to_string();
        let declared = [&queue];
        let settled = settle(&declared, answer(200, "application/json", &body), base64);
        let failed = matches!(settled.outcome, Outcome::Failed(_));
        let values = settled.written.into_iter().flat_map(|one| one.values);
        (!failed).then(|| values.collect::<Vec<_>>())
    };
    let one = |bytes: &[u8]| Some(vec![Output::Bytes(bytes.to_vec())]);
    let replaced = one("caf\u{fffd} \t".as_bytes());
    assert_eq!(stored(b"caf\xe9 \t", false), replaced);
    assert_eq!(stored(b"a\0", false), None);
    assert_eq!(stored(b"a\xe9\0", true), one(b"a\xe9\0"));
    let long = |bytes| vec![b'x'; bytes];
    assert!(stored(&long(65_536), false).is_some() && stored(&long(65_537), false).is_none());
    assert!(stored(&long(49_152), true).is_some() && stored(&long(49_153), true).is_none());
}
