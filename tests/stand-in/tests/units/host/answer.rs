use serde_json::{Value, json};
use stand_in::app::function::Binding;
use stand_in::host::answer::{MESSAGE_MAX_BYTES, Outcome, Output, settle};
use stand_in::host::base64::to_base64;
use stand_in::host::newtonsoft::quoted;
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

/// The messages that a value becomes; the outcome where the invocation fails.
fn messages(value: &str) -> Result<Vec<String>, Outcome> {
    messages_of(json!({}), "Outputs", value)
}

/// The same, of a queue with more members, and of a value in another place.
fn messages_of(more: Value, place: &str, value: &str) -> Result<Vec<String>, Outcome> {
    let mut queue = json!({"type": "queue", "name": "message", "queueName": "orders"});
    for (name, value) in more.as_object().expect("an object") {
        queue[name] = value.clone();
    }
    let answer = format!(r#"{{"{place}":{{"message":{value}}}}}"#);
    let (outcome, _, written) = settled(&[queue], &answer);
    match outcome {
        Outcome::Completed(_) => Ok(written.into_iter().map(|(_, value)| text(value)).collect()),
        outcome => Err(outcome),
    }
}

fn text(value: Output) -> String {
    match value {
        Output::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Output::Json(token) => token.to_json(false),
    }
}

/// What one text becomes in a queue; "failed" where the invocation fails.
fn queued(text: &str) -> String {
    messages(&quoted(text)).map_or_else(|_| "failed".to_owned(), |messages| messages.join(" | "))
}

#[test]
fn a_text_goes_through_the_five_steps() {
    for (text, message) in [
        ("2026-11-21T10:00:00+02:00", "11/21/2026 08:00:00"),
        ("/Date(0)/", "01/01/1970 00:00:00"),
        ("aGVsbG8=", "hello"),
        ("aGVs bG8=\r\n", "hello"),
        ("    ", ""),
        ("", ""),
        ("[]", ""),
        (
            " [1,\"aGVsbG8=\",[2],null,\"2026-11-21T10:00:00Z\"]\u{2003}",
            "1 | aGVsbG8= | [\n  2\n] |  | 11/21/2026 10:00:00",
        ),
        ("[hello]", "failed"),
        ("{hello}", "failed"),
        ("{a:1}", "{\n  \"a\": 1\n}"),
        (
            "{\"at\":\"2026-11-21T10:00:00+02:00\"}",
            "{\n  \"at\": \"2026-11-21T08:00:00+00:00\"\n}",
        ),
        ("hello world", "hello world"),
        ("{half", "{half"),
    ] {
        assert_eq!(queued(text), message, "{text:?}");
    }
    for garbage in ["test", "null", "true", "12345678", "20261121", "abcd efgh"] {
        assert_ne!(queued(garbage), garbage);
    }
    let order = r#"{"id":1005,"quantity":2,"color":"black"}"#;
    assert_eq!(
        queued(order).parse::<Value>().unwrap(),
        order.parse::<Value>().unwrap()
    );
    assert_eq!(queued(&to_base64(order.as_bytes())), order);
}

#[test]
fn other_values_become_messages_too() {
    assert_eq!(messages("null"), Ok(vec![]));
    assert_eq!(messages("[]"), Ok(vec![]));
    assert_eq!(
        messages(r#"["queue message 1","aGVsbG8="]"#),
        Ok(vec!["queue message 1".into(), "aGVsbG8=".into()])
    );
    assert_eq!(
        messages(r#"["2026-11-21T10:00:00"]"#),
        Ok(vec!["11/21/2026 10:00:00".into()])
    );
    assert_eq!(messages("10.0"), Ok(vec!["10".into()]));
    assert_eq!(messages("true"), Ok(vec!["True".into()]));
    assert_eq!(messages(r#"{"a":1}"#), Ok(vec!["{\n  \"a\": 1\n}".into()]));
    // Members of a returned object are not decoded, nor is anything for a binary output.
    let text = r#""aGVsbG8=""#;
    let undecoded = Ok(vec!["aGVsbG8=".to_owned()]);
    assert_eq!(messages_of(json!({}), "ReturnValue", text), undecoded);
    let binary = json!({"dataType": "binary"});
    assert_eq!(messages_of(binary, "Outputs", text), undecoded);
    let string = json!({"dataType": "string"});
    assert_eq!(
        messages_of(string, "Outputs", text),
        Ok(vec!["hello".to_owned()])
    );
}

/// What a caller gets for the value of the http output.
fn http(value: &str) -> Result<Answer, Outcome> {
    let http = json!({"type": "http", "name": "res"});
    let json = format!(r#"{{"Outputs":{{"res":{value}}}}}"#);
    match settled(&[http], &json).0 {
        Outcome::Completed(answer) => Ok(answer.expect("an answer")),
        outcome => Err(outcome),
    }
}

#[test]
fn the_http_output_becomes_the_callers_answer() {
    let seen = |value: &str| {
        let answer = http(value).unwrap_or_else(|outcome| panic!("{outcome:?} for {value}"));
        (
            answer.status,
            answer.header("Content-Type").unwrap_or("none").to_owned(),
            answer.text().to_owned(),
        )
    };
    let text = "text/plain; charset=utf-8";
    for (value, status, content_type, body) in [
        (r#"{"body":"hi"}"#, 200, text, "hi"),
        (r#"{}"#, 200, text, ""),
        (
            r#"{"statusCode":201,"status":404,"BODY":"x"}"#,
            201,
            text,
            "x",
        ),
        (r#"{"statusCode":" 404 ","body":null}"#, 404, text, ""),
        (
            r#"{"statusCode":"no","body":{"a":[1]}}"#,
            200,
            text,
            "{\n  \"a\": [\n    1\n  ]\n}",
        ),
        (
            r#"{"body":"2026-11-21T10:00:00+02:00"}"#,
            200,
            text,
            "11/21/2026 08:00:00",
        ),
        (
            r#"{"body":"{\"a\":1}","headers":{"content-type":"application/json"}}"#,
            200,
            "application/json; charset=utf-8",
            "{\"a\":1}",
        ),
        (r#""{\"body\":\"in a string\"}""#, 200, text, "in a string"),
        (
            r#"{"headers":{"X-List":["a"]},"body":"x"}"#,
            500,
            "none",
            "",
        ),
        (r#"{"headers":{"X-Null":null}}"#, 500, "none", ""),
        (r#"{"statusCode":204,"body":"x"}"#, 500, "none", ""),
    ] {
        assert_eq!(
            seen(value),
            (status, content_type.to_owned(), body.to_owned()),
            "{value}"
        );
    }
    for value in [
        "null",
        "5",
        "[]",
        "\"hi\"",
        r#"{"statusCode":{}}"#,
        r#"{"headers":[]}"#,
    ] {
        assert!(matches!(http(value), Err(Outcome::Failed(_))), "{value}");
    }
    let http = json!({"type": "http", "name": "res"});
    let without = settled(&[http], r#"{"Outputs":{}}"#).0;
    assert!(matches!(without, Outcome::Completed(Some(answer)) if answer.text() == "{}"));
}

#[test]
fn answers_that_the_host_does_not_take_fail_or_hang() {
    let outcome = |status, content_type: &str, body: &str| {
        settle(&[], answer(status, content_type, body), true).outcome
    };
    let json = "application/json";
    assert_eq!(
        outcome(200, "Application/JSON; charset=x", "{}"),
        Outcome::Completed(None)
    );
    for (status, content_type, body) in [
        (200, json, ""),
        (204, "text/plain", ""),
        (200, json, "null"),
    ] {
        assert_eq!(
            outcome(status, content_type, body),
            Outcome::Hangs,
            "{status} {body}"
        );
    }
    for (status, content_type, body, why) in [
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
        let failed = Outcome::Failed(why.to_owned());
        assert_eq!(
            outcome(status, content_type, body),
            failed,
            "{status} {body}"
        );
    }
    let logs = |json| settled(&[], json).1;
    assert_eq!(logs(r#"{"Logs":["a"]}"#), ["a"]);
    assert_eq!(logs(r#"{"Logs":null,"Outputs":null}"#), [""; 0]);
}

/// The outcome of this JSON as the answer of a function with an http output `res` and a queue
/// `message` or `$return`, and the messages.
fn with_a_queue(queue: &str, json: &str) -> (Outcome, Vec<String>) {
    let http = json!({"type": "http", "name": "res"});
    let queue = json!({"type": "queue", "name": queue, "queueName": "orders"});
    let (outcome, _, written) = settled(&[queue, http], json);
    (
        outcome,
        written.into_iter().map(|(_, value)| text(value)).collect(),
    )
}

#[test]
fn outputs_go_where_the_function_declares_them() {
    let status = |outcome: &Outcome| match outcome {
        Outcome::Completed(Some(answer)) => answer.status,
        outcome => panic!("{outcome:?}"),
    };
    let large = |size: usize| {
        format!(
            r#"{{"Outputs":{{"message":["a","{}"]}}}}"#,
            "x".repeat(size)
        )
    };
    for (json, code, queued) in [
        (
            r#"{"outputs":{"message":"a b","res":{"statusCode":202}}}"#,
            202,
            &["a b"][..],
        ),
        // Names of another case are ignored, and so are outputs that nobody declares.
        (
            r#"{"Outputs":{"Message":"a b","other":"c d","Res":{"statusCode":202}}}"#,
            200,
            &[],
        ),
        (r#"{"Outputs":{"message":null}}"#, 200, &[]),
        (r#"{"Outputs":null}"#, 204, &[]),
        (
            r#"{"Outputs":{"message":"a b"},"ReturnValue":"c d"}"#,
            200,
            &["a b"],
        ),
        // If names differ only in case, the last counts.
        (
            r#"{"Outputs":{},"returnValue":{"message":"a b"},"ReturnValue":{"message":"c d"}}"#,
            200,
            &["c d"],
        ),
        // A returned object replaces outputs, and its texts are not taken for base64.
        (
            r#"{"Outputs":{"message":"a b"},"ReturnValue":{"message":"test","res":{"statusCode":404}}}"#,
            404,
            &["test"],
        ),
    ] {
        let (outcome, messages) = with_a_queue("message", json);
        assert_eq!(
            (
                status(&outcome),
                messages.iter().map(String::as_str).collect::<Vec<_>>()
            ),
            (code, queued.to_vec()),
            "{json}"
        );
    }
    assert_eq!(
        with_a_queue(
            "$return",
            r#"{"Outputs":{"$return":"lost","res":{}},"ReturnValue":null}"#
        )
        .1,
        [""; 0]
    );
    assert_eq!(
        with_a_queue("$return", r#"{"ReturnValue":"any text"}"#).1,
        ["any text"]
    );
    assert_eq!(
        with_a_queue("$return", r#"{"ReturnValue":{"a":1}}"#).1,
        ["{\n  \"a\": 1\n}"]
    );
    // An http output that fails, fails before anything is written.
    let (outcome, messages) = with_a_queue("message", r#"{"Outputs":{"message":"a b","res":5}}"#);
    assert!(
        matches!(outcome, Outcome::Failed(_)) && messages.is_empty(),
        "{messages:?}"
    );
    assert_eq!(
        with_a_queue("message", &large(MESSAGE_MAX_BYTES)).1.len(),
        2
    );
    let (outcome, messages) = with_a_queue("message", &large(MESSAGE_MAX_BYTES + 1));
    assert!(
        matches!(outcome, Outcome::Failed(_)) && messages == ["a"],
        "{outcome:?}"
    );
}

#[test]
fn other_outputs_are_what_the_host_would_write() {
    let written = |kind: &str, json: &str| {
        let output = json!({"type": kind, "name": "out"});
        let (outcome, _, written) =
            settled(&[output], &format!(r#"{{"Outputs":{{"out":{json}}}}}"#));
        match outcome {
            Outcome::Completed(None) => Ok(written
                .iter()
                .map(|(_, value)| value.shown())
                .collect::<Vec<_>>()),
            other => Err(other),
        }
    };
    for (kind, json, values) in [
        ("blob", r#""a text""#, vec![json!("a text")]),
        ("blob", r#""[1, 2]""#, vec![json!("[1, 2]")]),
        ("Blob", r#""AAH/""#, vec![json!({"base64": "AAH/"})]),
        (
            "blob",
            r#"{"b":1.0,"a":"2026-11-21T10:00:00+02:00"}"#,
            vec![json!(r#"{"b":1.0,"a":"2026-11-21T08:00:00+00:00"}"#)],
        ),
        ("blob", "7", vec![json!("\u{7}\0\0\0")]),
        ("blob", "true", vec![json!("\u{1}")]),
        ("blob", "null", vec![]),
        (
            "table",
            r#"[{"RowKey":"1"},{"RowKey":"2"}]"#,
            vec![json!({"RowKey": "1"}), json!({"RowKey": "2"})],
        ),
        ("cosmosDB", r#""{\"id\":\"1\"}""#, vec![json!({"id": "1"})]),
        ("serviceBus", r#""aGVsbG8=""#, vec![json!("hello")]),
        (
            "serviceBus",
            r#"["a b","test"]"#,
            vec![json!("a b"), json!("test")],
        ),
        ("anything", "null", vec![]),
    ] {
        assert_eq!(written(kind, json), Ok(values), "{kind} {json}");
    }
    for json in [r#""2026-11-21T10:00:00""#, "12345678901234567890"] {
        assert!(
            matches!(written("blob", json), Err(Outcome::Failed(_))),
            "{json}"
        );
    }
}

#[test]
fn all_outputs_are_written_whose_values_can_be_converted() {
    let outputs = ["first", "second"].map(|name| json!({"type": "blob", "name": name}));
    let json = r#"{"Outputs":{"first":"2026-11-21T10:00:00","second":"a text"}}"#;
    let (outcome, _, written) = settled(&outputs, json);
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    assert_eq!(
        written,
        [("second".to_owned(), Output::Bytes(b"a text".to_vec()))]
    );
}

#[test]
fn queues_without_base64_hold_texts_only() {
    let queue = Binding::from(json!({"type": "queue", "name": "message", "queueName": "orders"}));
    let stored = |bytes: &[u8], base64: bool| {
        let body = json!({"Outputs": {"message": to_base64(bytes)}}).to_string();
        let declared = [&queue];
        let settled = settle(&declared, answer(200, "application/json", &body), base64);
        let failed = matches!(settled.outcome, Outcome::Failed(_));
        let values = settled.written.into_iter().flat_map(|one| one.values);
        (!failed).then(|| values.collect::<Vec<_>>())
    };
    let one = |bytes: &[u8]| Some(vec![Output::Bytes(bytes.to_vec())]);
    assert_eq!(
        stored(b"caf\xe9 \t", false),
        one("caf\u{fffd} \t".as_bytes())
    );
    assert_eq!(stored(b"a\0", false), None);
    assert_eq!(stored(b"a\xe9\0", true), one(b"a\xe9\0"));
    let long = |bytes| vec![b'x'; bytes];
    assert!(stored(&long(65_536), false).is_some() && stored(&long(65_537), false).is_none());
    assert!(stored(&long(49_152), true).is_some() && stored(&long(49_153), true).is_none());
}
