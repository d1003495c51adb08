//! The documentation's functions under the stand-in: orders, messages, and each trap of the
//! contract.

use crate::documented::SAMPLES;
use crate::exchanges::{bracketed, decoded};
use crate::fuzz::{self, Case};
use crate::requests::*;
use crate::start::{app, folder, queued};
use serde_json::json;
use stand_in::App;
use stand_in::host::answer::MESSAGE_MAX_BYTES;
use stand_in::run::http::headers_of;

const TEXT: &str = "text/plain";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// Posts an order and gives its message.
#[track_caller]
fn order(app: &App, content_type: &str, body: &[u8]) -> Vec<u8> {
    let (answer, messages) = queued(app, "orders", || post(app, "order", content_type, body));
    let failures = app.failures();
    assert_eq!(
        (answer.status, answer.text()),
        (200, "Order enqueued"),
        "{failures:?}"
    );
    let [message] = messages.try_into().expect("one message");
    message
}

fn post(app: &App, function: &str, content_type: &str, body: &[u8]) -> Answer {
    let headers = [("Content-Type", content_type)];
    app.call("POST", &format!("/api/{function}"), &headers, body)
}

/// The same in chunks, without a length.
fn post_chunked(app: &App, function: &str, content_type: &str) -> Answer {
    let headers = [
        ("Content-Type", content_type),
        ("Transfer-Encoding", "chunked"),
    ];
    app.call("POST", &format!("/api/{function}"), &headers, "in pieces")
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, words: &str) {
    let refusal = answer.json();
    let error = refusal["error"].as_str().unwrap_or_default();
    assert!(
        answer.status == status && error.contains(words),
        "{answer:?}"
    );
    let id = refusal["invocationId"].as_str().map(str::len);
    assert_eq!(id, Some(ID.len()), "{answer:?}");
}

#[test]
fn an_order_is_enqueued() {
    let app = app(&[]);
    let sent = br#"{"id":1005,"quantity":2,"color":"black"}"#;
    let (answer, messages) = queued(&app, "orders", || post(&app, "order", JSON, sent));
    assert_eq!((answer.status, answer.text()), (200, "Order enqueued"));
    let content_type = answer.header("Content-Type");
    assert_eq!(content_type, Some("text/plain; charset=utf-8"));
    // It was plain: the host has indented it.
    let indented = "{\n  \"id\": 1005,\n  \"quantity\": 2,\n  \"color\": \"black\"\n}";
    assert_eq!(messages, [indented.as_bytes()]);
    assert!(app.failures().is_empty() && app.stderr().is_empty());
}

#[test]
fn a_message_is_passed_on_and_logged() {
    let app = app(&[]);
    let own_id = r#"{"id":"mine","DEQUEUECOUNT":"soon","Metadata":{},"sys":null}"#;
    for (message, beginning, count) in [
        ("{ message: \"Message sent\" }", "processed message ", 1),
        ("hi", "processed message ", 1),
        // Members of a message replace the queue's own metadata.
        (own_id, "processed message mine, ", 0),
    ] {
        assert_eq!(app.send("messages-incoming", message).failure, None);
        let log = app.logs().pop().unwrap();
        let end = format!(", dequeue count {count}: {message}");
        let is_right = log.starts_with(beginning) && log.ends_with(&end);
        assert!(is_right, "{log}");
    }
    assert!(app.failures().is_empty());
    // The host cannot read a message that is not UTF-8, so it never reaches the function.
    let outgoing = app.queue_bytes("messages-outgoing").len();
    assert!(app.send("messages-incoming", b"\xff").poisoned);
    assert_eq!(app.queue_bytes("messages-incoming-poison"), [b"\xff"]);
    assert_eq!(app.queue_bytes("messages-outgoing").len(), outgoing);
    assert!(app.stderr().is_empty());
}

#[test]
fn hello_answers_alike_in_every_form() {
    const PROXY: &str = "AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest";
    const FORWARD: &str = "AzureFunctionsJobHost__customHandler__enableForwardingHttpRequest";
    let (proxied, payload) = (app(&[]), app(&[(PROXY, "false")]));
    let forwarded = app(&[(PROXY, "false"), (FORWARD, "true")]);
    let (hello, _) = SAMPLES.split_once("\n\n").expect("sections");
    for line in hello.lines().skip(1) {
        let (sent, expected) = line.split_once(" =>").expect("an exchange");
        let (method, sent) = sent.split_once(' ').expect("a method");
        let (target, body) = sent.split_once(' ').unwrap_or((sent, ""));
        let expected = bracketed(expected.trim_start()).map_or(expected, |(.., text)| text);
        // The payload form adds the charset to a text.
        let with_charset = "application/json; charset=utf-8";
        for (app, content_type) in [
            (&proxied, JSON),
            (&forwarded, JSON),
            (&payload, with_charset),
        ] {
            let answer = app.call(method, target, &[("Content-Type", JSON)], decoded(body));
            let is_right = answer.status == 200 && answer.body == decoded(expected.trim_start());
            assert!(is_right, "{line}: {answer:?}");
            let mut headers = answer.headers;
            headers.retain(|(name, _)| name != "Content-Length");
            assert_eq!(headers, headers_of(&[("Content-Type", content_type)]));
        }
    }
    // A form that cannot carry a body refuses it.
    let bytes = [0, 1, 0xff];
    for app in [&proxied, &forwarded] {
        assert_eq!(post(app, "hello", BYTES, &bytes).body, bytes);
        assert_eq!(post(app, "hello", "image/png", &bytes).body, bytes);
    }
    let refused = post(&payload, "hello", BYTES, &bytes);
    assert_refused(&refused, 415, "not text in UTF-8");
    assert_refused(&post(&payload, "hello", "image/png", &bytes), 415, BYTES);
    assert_eq!(post_chunked(&proxied, "hello", TEXT).text(), "in pieces");
    // This one is the host's own.
    assert_eq!(post_chunked(&forwarded, "hello", TEXT).status, 500);
    let refused = post_chunked(&payload, "hello", TEXT);
    assert_refused(&refused, 411, "Content-Length");
}

#[test]
fn orders_and_messages_arrive_as_they_are() {
    let (app, handler) = (app(&[]), start());
    for Case {
        content_type,
        body,
        expected,
    } in fuzz::cases()
    {
        println!("{content_type}: {body}");
        let sent = decoded(body);
        let post = || post(&app, "order", content_type, &sent);
        let (answer, messages) = queued(&app, "orders", post);
        let number = expected.get(..3).and_then(|number| number.parse().ok());
        if let Some(status @ 400..500) = number {
            assert_refused(&answer, status, &expected[4..]);
            fuzz::assert_arrived(&handler, &messages, None);
            continue;
        }
        assert_eq!((answer.status, answer.text()), (200, "Order enqueued"));
        fuzz::assert_arrived(&handler, &messages, Some(&decoded(expected)));
        if content_type == TEXT {
            fuzz::check_message(&app, &handler, &sent);
        }
    }
    for content_type in [JSON, BYTES] {
        let refused = post_chunked(&app, "order", content_type);
        assert_refused(&refused, 411, "send a Content-Length");
    }
    // Indented it would not fit.
    let large = format!("{{\"a\":[{}0]}}", "1,".repeat(12_499)).into_bytes();
    assert!(order(&app, TEXT, &large) == large);
    fuzz::check_message(&app, &handler, &large);
    fuzz::check_message(&app, &handler, b"");
    assert!(app.failures().is_empty());
}

#[test]
fn an_order_may_be_as_large_as_a_queue_message_and_not_larger() {
    let (app, handler) = (app(&[]), start());
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
        assert!(order(&app, content_type, &largest) == largest);
        let larger = of_length(MESSAGE_MAX_BYTES + 1);
        let refuse = || post(&app, "order", content_type, &larger);
        let (refused, messages) = queued(&app, "orders", refuse);
        let words = "at most 49152 bytes, and this one has 49153";
        assert_refused(&refused, 413, words);
        assert!(messages.is_empty());
        if content_type != BYTES {
            fuzz::check_message(&app, &handler, &largest);
        }
    }
}

/// The functions of `app/answers.rs` under the host.
fn answers_app(name: &str) -> App {
    let storage = "AzureWebJobsStorage";
    let queue = |name: &&str| json!({"type": "queue", "direction": "out", "name": name, "queueName": name, "connection": storage});
    let http = |queues: &[&str]| {
        let methods = json!(["get", "post"]);
        let req =
            json!({"type": "httpTrigger", "direction": "in", "name": "req", "methods": methods});
        let res = json!({"type": "http", "direction": "out", "name": "res"});
        let outputs = queues.iter().map(queue);
        json!([req, res].into_iter().chain(outputs).collect::<Vec<_>>())
    };
    let words = json!({"type": "queueTrigger", "direction": "in", "name": "item", "queueName": "words", "connection": storage});
    let functions = [
        ("refuses", http(&[])),
        ("odd", http(&[])),
        ("lists", http(&["message"])),
        ("sends", http(&["one", "list", "lines", "raw"])),
        ("odd-too", json!([words, queue(&"message")])),
    ];
    let functions = functions.map(|(name, bindings)| (name.to_owned(), bindings));
    App::start_in(&folder(name, functions), &[(storage, "")], command)
}

#[test]
fn outputs_arrive_as_they_are_and_only_raw_is_the_hosts_to_interpret() {
    let app = answers_app("outputs");
    let order = r#"{"at":"2026-11-21T10:00:00+02:00","price":10.10}"#;
    assert_eq!(app.post("/api/sends", order).status, 200);
    assert_eq!(app.queue("one"), [order]);
    assert_eq!(app.queue("list"), [order, order]);
    // One message, though it is a list.
    assert_eq!(app.queue("lines"), [format!("[{order}]")]);
    // As the real host does, to the digit [host contract, section 3].
    let altered = r#"{"at":"2026-11-21T08:00:00+00:00","price":10.1}"#;
    assert_eq!(app.queue("raw"), [altered]);

    // The elements of a list are separate messages; a text is always one.
    let texts = "test||[1,2]|null|\"quoted\"|2026-11-21|caf\u{e9}\n|[]".split('|');
    let texts: Vec<_> = texts.collect();
    let none: [&str; 0] = [];
    for (sent, arrives) in [
        (json!(texts), &texts[..]),
        (json!(none), &[]),
        (json!("[]"), &["[]"]),
        (json!("[1,2]"), &["[1,2]"]),
        (json!("test"), &["test"]),
        (
            json!("2026-11-21T10:00:00+02:00"),
            &["2026-11-21T10:00:00+02:00"],
        ),
    ] {
        let send = || app.post("/api/lists", sent.to_string());
        let (answer, messages) = queued(&app, "message", send);
        let arrives: Vec<_> = arrives.iter().map(|text| text.as_bytes()).collect();
        assert!(
            answer.status < 300 && messages == arrives,
            "{sent}: {messages:?}"
        );
    }
}

/// What a user's test sees of failures.
#[test]
fn a_failure_is_the_functions_own_sentence() {
    let app = answers_app("failures");
    let run = app.send("words", "fail");
    assert_eq!((run.failure.as_deref(), run.tries), (Some("as asked"), 5));
    assert!(run.poisoned && run.logs.contains(&"from a helper".to_owned()));
    assert_eq!(app.get("/api/odd?what=fail").status, 500);
    // Errors that the function answers itself, and refusals, are not failures.
    assert_eq!(app.get("/api/odd?what=500").status, 500);
    assert_eq!(app.post("/api/refuses", "404").status, 404);
    let mut expected = vec!["as asked"; 5];
    expected.push(r#"line one\r\nline "two" \u{0} 🦀"#);
    assert_eq!(app.failures(), expected);
}
