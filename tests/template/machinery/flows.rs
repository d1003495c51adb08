//! The documentation's functions under the stand-in for the host: what becomes of orders and of
//! messages, and each trap of the contract.

use crate::property::is_same_json;
use crate::start::{Calls, command, folder, start_host, start_host_as};
use serde_json::json;
use stand_in::App;
use stand_in::host::answer::{MESSAGE_MAX_BYTES, Outcome};
use stand_in::host::invoke::{Form, Host};
use stand_in::run::http::Answer;

const TEXT: &str = "text/plain";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// Posts an order, which is accepted, and gives the one message that it has become.
#[track_caller]
fn order(host: &Host, content_type: &str, body: &[u8]) -> Vec<u8> {
    let answer = host.post("order", content_type, body);
    let answered = (answer.status, answer.text());
    let failures = host.record.so_far().failures;
    assert_eq!(answered, (200, "Order enqueued"), "{failures:?}");
    let messages = host.storage.drain("orders");
    let [message] = messages.try_into().expect("one message");
    message
}

/// Puts a message into `messages-incoming`, and gives the one that it has become.
#[track_caller]
fn pass_on(host: &Host, message: &[u8]) -> Vec<u8> {
    let outcome = host.enqueue("messages-incoming", message);
    assert_eq!(outcome, Outcome::Completed(None));
    let passed_on = host.storage.drain("messages-outgoing");
    let [message] = passed_on.try_into().expect("one message");
    message
}

/// The caller was refused with this status and these words, and nothing is in the queue.
#[track_caller]
fn assert_refused(host: &Host, answer: &Answer, status: u16, words: &str) {
    let failures = host.record.so_far().failures;
    assert_eq!(answer.status, status, "{answer:?} {failures:?}");
    let refusal = answer.json();
    let error = refusal["error"].as_str().unwrap_or_default();
    assert!(error.contains(words), "{refusal}");
    let id = refusal["invocationId"].as_str().map(str::len);
    assert_eq!(id, Some(crate::requests::ID.len()), "{refusal}");
    assert!(host.storage.messages("orders").is_empty());
}

#[test]
fn an_order_is_enqueued() {
    let host = start_host();
    let order = br#"{"id":1005,"quantity":2,"color":"black"}"#;
    let answer = host.post("order", JSON, order);
    assert_eq!((answer.status, answer.text()), (200, "Order enqueued"));
    assert_eq!(
        answer.header("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
    let [message] = host.storage.messages("orders").try_into().unwrap();
    assert!(is_same_json(order, &message), "{message:?}");
    // It went plain: the host has indented it.
    assert!(message.starts_with(b"{\n  \"id\": 1005,"), "{message:?}");
    assert!(host.record.so_far().failures.is_empty() && host.handler.stderr().is_empty());
}

#[test]
fn a_message_is_passed_on_and_logged() {
    let host = start_host();
    let own_id = r#"{"id":"mine","DEQUEUECOUNT":"soon","Metadata":{},"sys":null}"#;
    for (message, beginning, count) in [
        ("{ message: \"Message sent\" }", "processed message ", 1),
        ("hi", "processed message ", 1),
        // Members of a message replace the queue's own metadata.
        (own_id, "processed message mine, ", 0),
    ] {
        let passed_on = pass_on(&host, message.as_bytes());
        let sent = message.as_bytes();
        let is_same = passed_on == sent || is_same_json(sent, &passed_on);
        assert!(is_same, "{message}: {passed_on:?}");
        let log = host.record.so_far().logs.pop().unwrap();
        let end = format!(", dequeue count {count}: {message}");
        let is_right = log.starts_with(beginning) && log.ends_with(&end);
        assert!(is_right, "{log}");
    }
    assert!(host.record.so_far().failures.is_empty());
    assert!(host.storage.messages("messages-incoming-poison").is_empty());
    // The host cannot take out a message that is not UTF-8, so it never reaches the function.
    let outcome = host.enqueue("messages-incoming", b"\xff");
    assert!(matches!(outcome, Outcome::Failed(_)));
    assert_eq!(host.storage.messages("messages-incoming-poison"), [b"\xff"]);
    assert!(
        host.storage.messages("messages-outgoing").is_empty() && host.handler.stderr().is_empty()
    );
}

#[test]
fn hello_answers_alike_in_every_form() {
    let hosts = [Form::Proxied, Form::Forwarded, Form::Payload].map(start_host_as);
    // The payload form adds the charset to a text, and Kestrel the length to all of them.
    let seen = |mut answer: Answer| {
        answer.headers.retain(|(name, _)| name != "Content-Length");
        for (_, value) in &mut answer.headers {
            *value = value.replace("; charset=utf-8", "");
        }
        (answer.status, answer.headers, answer.body)
    };
    let greeting = r#"{"message":"Hello, Jürgen & co!"}"#;
    let echoed = |body| ("POST", "/api/hello", body, body);
    for (method, target, body, expected) in [
        ("GET", "/api/hello", "", "hello world"),
        ("GET", "/api/hello?name=J%C3%BCrgen+%26+co", "", greeting),
        (
            "GET",
            "/API/Hello/?x=1&x=2&name=J%C3%BCrgen%20%26%20co",
            "",
            greeting,
        ),
        ("GET", "/api/hello?name=", "", "hello world"),
        ("POST", "/api/hello?name=Ada", "test", "test"),
        echoed("{\r\n  \"message\": \"Hello World!\"\r\n}"),
        echoed("\"\\\u{0}\u{2028}\u{fffd}\u{1f600}"),
        echoed(""),
        echoed("[]"),
    ] {
        for host in &hosts {
            let answer = host.http(method, target, &[("Content-Type", JSON)], body.as_bytes());
            let headers = vec![("Content-Type".to_owned(), JSON.to_owned())];
            let expected = (200, headers, expected.as_bytes().to_vec());
            assert_eq!(seen(answer), expected, "{method} {target}");
        }
    }
    // A form that cannot carry a body refuses it.
    let [proxied, forwarded, payload] = hosts;
    let bytes = [0, 1, 0xff];
    for host in [&proxied, &forwarded] {
        assert_eq!(host.post("hello", BYTES, &bytes).body, bytes);
        assert_eq!(host.post("hello", "image/png", &bytes).body, bytes);
    }
    for (content_type, words) in [(BYTES, "not text in UTF-8"), ("image/png", BYTES)] {
        let answer = payload.post("hello", content_type, &bytes);
        assert_refused(&payload, &answer, 415, words);
    }
    let in_pieces = |host: &Host| host.post_chunked("hello", TEXT, b"in pieces");
    assert_eq!(in_pieces(&proxied).text(), "in pieces");
    // That one is the host's own.
    assert_eq!(in_pieces(&forwarded).status, 500);
    assert_refused(&payload, &in_pieces(&payload), 411, "Content-Length");
}

/// Bodies by their Content-Type: those of binary ones arrive as bytes, the others as the text that
/// the host has made of them, or the caller gets an error that says why not.
#[test]
fn a_body_arrives_as_its_content_type_says() {
    let host = start_host();
    let bytes: Vec<u8> = (0..=255).collect();
    let binary = "application/octet-stream, Application/Octet-Stream, application/octet-stream; a=b, \
        multipart/form-data; boundary=x, Multipart/Mixed;boundary=x";
    for content_type in binary.split(", ") {
        for body in [&bytes[..], b"test", "\u{feff}text".as_bytes(), b"caf\xe9"] {
            assert_eq!(order(&host, content_type, body), body, "{content_type}");
        }
    }
    // The host takes a body whose Content-Type is not well-formed for a text.
    let textual = "text/plain, application/json, application/xml, application/x-www-form-urlencoded, \
        application/octet-stream;, application/octet-streams, multipart, multipart/mixed;, image/png, ";
    for content_type in textual.split(", ") {
        for text in ["na\u{ef}ve", "AAECA/8=", "test"] {
            let arrived = order(&host, content_type, text.as_bytes());
            assert_eq!(arrived, text.as_bytes(), "{content_type}");
        }
    }
    assert_eq!(order(&host, "x-multipart/y", b"hello"), b"hello");
    // A replacement character may be a true one. The host drops a byte-order mark, which explains
    // a length that is not the text's.
    for text in [
        "\u{fffd}",
        "a \u{fffd}\u{e9}\u{fffd}",
        "[\"\u{fffd}\"]",
        "\u{feff}a message",
    ] {
        let without_mark = text.trim_start_matches('\u{feff}').as_bytes();
        assert_eq!(order(&host, TEXT, text.as_bytes()), without_mark);
        assert_eq!(pass_on(&host, text.as_bytes()), text.as_bytes());
    }
    assert_eq!(
        order(&host, TEXT, "\u{feff}a \u{fffd}".as_bytes()),
        "a \u{fffd}".as_bytes()
    );

    let advice = "send binary as application/octet-stream";
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff";
    let latin1 = "text/plain; charset=iso-8859-1";
    for (content_type, body, status, words) in [
        (latin1, &b"caf\xe9"[..], 415, advice),
        ("image/png", png, 415, advice),
        ("application/octet-stream;", b"caf\xe9", 415, "not UTF-8"),
        ("multipart/mixed;", b"caf\xe9", 415, "not UTF-8"),
        (JSON, b"", 400, "needs a body"),
        (BYTES, b"", 400, "needs a body"),
        (TEXT, "\u{feff}".as_bytes(), 400, "needs a body"),
    ] {
        let answer = host.post("order", content_type, body);
        assert_refused(&host, &answer, status, words);
    }
    for content_type in [JSON, BYTES] {
        let answer = host.post_chunked("order", content_type, b"{}");
        assert_refused(&host, &answer, 411, "send a Content-Length");
    }
}

#[test]
fn an_order_may_be_as_large_as_a_queue_message_and_not_larger() {
    let host = start_host();
    for (content_type, start, letter, end) in [
        (TEXT, "an order ", b'x', ""),
        (TEXT, "", b'A', ""),
        (TEXT, "", b' ', ""),
        (JSON, "{\"a\":\"", b'x', "\"}"),
        (JSON, "[\"", b'x', "\"]"),
        (BYTES, "", 0xff, ""),
    ] {
        let of_length = |length: usize| {
            let filling = vec![letter; length - start.len() - end.len()];
            [start.as_bytes(), &filling, end.as_bytes()].concat()
        };
        let largest = of_length(MESSAGE_MAX_BYTES);
        assert_eq!(order(&host, content_type, &largest), largest);
        let refused = host.post("order", content_type, &of_length(MESSAGE_MAX_BYTES + 1));
        let words = "at most 49152 bytes, and this one has 49153";
        assert_refused(&host, &refused, 413, words);
        if content_type != BYTES {
            assert_eq!(pass_on(&host, &largest), largest);
        }
    }
}

/// Texts that the host would change, one per line.
const CHANGED: &str = r#"test
null
true
12345678
20261121
abcd efgh
aGVsbG8=
"hi"
""hi""
"\""
"\ud800"
2026-11-21T10:00:00+02:00
2026-11-21T10:00:00
2026-11-21T10:00:00.123456789
/Date(0)/
[]
[hello]
[1,2]
["a","2026-11-21T10:00:00+02:00"]
{hello}
{8f14e45f-ceea-467f-a0e6-5b4b9c6d1d9a}
{a:1}
{"at":"2026-11-21T10:00:00+02:00"}
{"price":10.10}
{"n":12345678901234567.89}
{"n":1e400}
{"a":1,"a":2}
{"a":"\ud800"}"#;

#[test]
fn texts_that_the_host_would_change_arrive_unaltered() {
    let host = start_host();
    // Indented it would not fit.
    let large = format!("{{\"a\":[{}0]}}", "1,".repeat(12_499));
    for text in CHANGED
        .lines()
        .chain(["    ", " \"hi\" ", "\u{a0}{\"a\":1}", &large])
    {
        let text = text.as_bytes();
        assert_eq!(order(&host, TEXT, text), text);
        assert_eq!(pass_on(&host, text), text);
    }
    assert_eq!(pass_on(&host, b""), b"");
    assert!(host.record.so_far().failures.is_empty());
}

/// What a user's test sees of functions that fail, in each form.
#[test]
fn a_failure_is_the_functions_own_sentence() {
    let http = json!([
        {"type": "httpTrigger", "direction": "in", "name": "req", "methods": ["get", "post"]},
        {"type": "http", "direction": "out", "name": "res"},
    ]);
    let connection = "AzureWebJobsStorage";
    let queue = json!([
        {"type": "queueTrigger", "direction": "in", "name": "item", "queueName": "words", "connection": connection},
        {"type": "queue", "direction": "out", "name": "$return", "queueName": "said", "connection": connection},
    ]);
    let functions = [("refuses", http.clone()), ("odd", http), ("odd-too", queue)];
    let functions = functions.map(|(name, bindings)| (name.to_owned(), bindings));
    let root = folder("failures", functions);
    let app = App::start_in(&root, &[("AzureWebJobsStorage", "")], command);
    let run = app.send("words", "fail");
    assert_eq!((run.failure.as_deref(), run.tries), (Some("as asked"), 5));
    assert!(run.poisoned && run.logs.contains(&"from a helper".to_owned()));
    assert_eq!(app.get("/api/odd?what=fail").status, 500);
    // An error that the function answers itself, and a refusal, are not failures.
    assert_eq!(app.get("/api/odd?what=500").status, 500);
    assert_eq!(app.post("/api/refuses", "404").status, 404);
    let mut expected = vec!["as asked"; 5];
    expected.push(r#"line one\r\nline "two" \u{0} 🦀"#);
    assert_eq!(app.failures(), expected);
}
