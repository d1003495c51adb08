//! The documented flows, and each trap of the contract by its name, through the stand-in for the
//! host.

use crate::property::is_same_json;
use crate::requests::{ID, ask};
use crate::start::{start_host, start_host_as};
use serde_json::{Value, json};
use stand_in::host::invoke::{Form, Host};
use stand_in::host::rules::{MESSAGE_MAX_BYTES, Outcome};
use stand_in::run::http::{Answer, invocation, request};

const ORDER: &str = r#"{"id":1005,"quantity":2,"color":"black"}"#;

/// Posts an order, which is accepted, and gives the one message that it has become.
#[track_caller]
fn order(host: &Host, content_type: &str, body: &[u8]) -> Vec<u8> {
    let answer = host.post("order", content_type, body);
    assert_eq!(
        (answer.status, answer.text()),
        (200, "Order enqueued"),
        "{:?}",
        host.failures()
    );
    let [message] = host.drain("orders").try_into().expect("one message");
    message
}

/// Puts a message into `messages-incoming`, and gives the one that it has become.
#[track_caller]
fn pass_on(host: &Host, message: &[u8]) -> Vec<u8> {
    assert_eq!(
        host.enqueue("messages-incoming", message),
        Outcome::Completed(None)
    );
    let [message] = host
        .drain("messages-outgoing")
        .try_into()
        .expect("one message");
    message
}

/// The caller was refused with this status and these words, and nothing is in the queue.
#[track_caller]
fn assert_refused(host: &Host, answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{answer:?} {:?}", host.failures());
    let error = answer.json();
    assert!(
        error["error"]
            .as_str()
            .is_some_and(|error| error.contains(words)),
        "{words:?} is not in {error}"
    );
    assert!(
        error["invocationId"]
            .as_str()
            .is_some_and(|id| id.len() == ID.len()),
        "{error}"
    );
    assert!(host.queue("orders").is_empty());
}

/// Sends a payload of one's own, and gives the answer to the host.
fn invoke(host: &Host, path: &str, payload: &Value) -> Answer {
    ask(
        &host.handler,
        &invocation(path, ID, payload.to_string().as_bytes()),
    )
}

// The documented flows.

#[test]
fn an_order_is_enqueued() {
    let host = start_host();
    let answer = host.post("order", "application/json", ORDER.as_bytes());
    assert_eq!((answer.status, answer.text()), (200, "Order enqueued"));
    assert_eq!(
        answer.header("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
    let [message] = host.queue("orders").try_into().unwrap();
    assert!(is_same_json(ORDER.as_bytes(), &message), "{message:?}");
    // It went plain: the host has indented it.
    assert!(message.starts_with(b"{\n  \"id\": 1005,"), "{message:?}");
    assert!(host.failures().is_empty() && host.handler.stderr().is_empty());
}

#[test]
fn a_message_is_passed_on_and_logged() {
    let host = start_host();
    for message in ["{ message: \"Message sent\" }", "hi"] {
        assert_eq!(pass_on(&host, message.as_bytes()), message.as_bytes());
        let log = host.logs().pop().unwrap();
        assert!(
            log.starts_with("processed message ") && log.contains(", dequeue count 1: "),
            "{log}"
        );
        assert!(log.ends_with(message), "{log}");
    }
    assert!(host.failures().is_empty() && host.queue("messages-incoming-poison").is_empty());
}

#[test]
fn hello_answers_alike_in_every_form() {
    let hosts = [Form::Proxied, Form::Forwarded, Form::Payload].map(start_host_as);
    // The payload form adds the charset to a text, and Kestrel the length to all of them.
    let seen = |answer: Answer| {
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| name != "Content-Length");
        headers
            .iter_mut()
            .for_each(|(_, value)| *value = value.replace("; charset=utf-8", ""));
        (answer.status, headers, answer.body)
    };
    let greeting = r#"{"message":"Hello, Jürgen & co!"}"#;
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
        (
            "POST",
            "/api/hello",
            "{\r\n  \"message\": \"Hello World!\"\r\n}",
            "{\r\n  \"message\": \"Hello World!\"\r\n}",
        ),
        (
            "POST",
            "/api/hello",
            "\"\\\u{0}\u{2028}\u{fffd}\u{1f600}",
            "\"\\\u{0}\u{2028}\u{fffd}\u{1f600}",
        ),
        ("POST", "/api/hello?name=Ada", "test", "test"),
        ("POST", "/api/hello", "", ""),
        ("POST", "/api/hello", "[]", "[]"),
    ] {
        for host in &hosts {
            let answer = host.http(
                method,
                target,
                &[("Content-Type", "application/json")],
                body.as_bytes(),
            );
            let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
            assert_eq!(
                seen(answer),
                (200, headers, expected.as_bytes().to_vec()),
                "{method} {target}"
            );
        }
    }
}

#[test]
fn what_a_form_cannot_carry_its_caller_is_told() {
    let [proxied, forwarded, payload] =
        [Form::Proxied, Form::Forwarded, Form::Payload].map(start_host_as);
    for host in [&proxied, &forwarded] {
        assert_eq!(
            host.post("hello", "application/octet-stream", &[0, 1, 0xff])
                .body,
            [0, 1, 0xff]
        );
        assert_eq!(
            host.post("hello", "image/png", &[0, 1, 0xff]).body,
            [0, 1, 0xff]
        );
    }
    let binary = payload.post("hello", "application/octet-stream", &[0, 1, 0xff]);
    assert_refused(&payload, &binary, 415, "not text in UTF-8");
    assert_refused(
        &payload,
        &payload.post("hello", "image/png", &[0, 1, 0xff]),
        415,
        "application/octet-stream",
    );
    assert_eq!(
        proxied
            .post_chunked("hello", "text/plain", b"in pieces")
            .body,
        b"in pieces"
    );
    // That one is the host's own.
    assert_eq!(
        forwarded
            .post_chunked("hello", "text/plain", b"in pieces")
            .status,
        500
    );
    assert_refused(
        &payload,
        &payload.post_chunked("hello", "text/plain", b"in pieces"),
        411,
        "Content-Length",
    );
}

#[test]
fn a_message_that_the_host_cannot_take_out_never_reaches_the_function() {
    let host = start_host();
    assert!(matches!(
        host.enqueue("messages-incoming", b"\xff"),
        Outcome::Failed(_)
    ));
    assert_eq!(host.queue("messages-incoming-poison"), [b"\xff"]);
    assert!(host.queue("messages-outgoing").is_empty() && host.handler.stderr().is_empty());
}

// What the host sends.

#[test]
fn values_may_be_encoded_once_more_or_plain() {
    let host = start_host();
    for (item, message) in [
        (json!("hi"), "hi"),
        (json!("\"hi\""), "hi"),
        (json!("\"\\\"hi\\\"\""), "\"hi\""),
        (json!("\"{\\\"id\\\":1}\""), r#"{"id":1}"#),
        (json!("{\"id\":1}"), r#"{"id":1}"#),
        (json!({"id": 1}), r#"{"id":1}"#),
        (json!("\"hi"), "\"hi"),
        (json!("\"hi\" there"), "\"hi\" there"),
        (json!("\"hi\" "), "\"hi\" "),
        (json!("\"\\ud800\""), "\"\\ud800\""),
        (json!(5), "5"),
    ] {
        let answer = invoke(
            &host,
            "/MyQueueFunction",
            &json!({"Data": {"myQueueItem": item}, "Metadata": {}}),
        );
        assert_eq!(
            (answer.status, &answer.json()["ReturnValue"]),
            (200, &json!(message)),
            "{item}"
        );
    }
    let empty = invoke(
        &host,
        "/MyQueueFunction",
        &json!({"Data": {"myQueueItem": "\"\""}}),
    );
    assert_eq!(
        (empty.status, &empty.json()["ReturnValue"]),
        (200, &json!(""))
    );
    for message in [
        "\"hi\"",
        "\"\"hi\"\"",
        "\"\\\"\"",
        "\"\\ud800\"",
        " \"hi\" ",
        "",
    ] {
        assert_eq!(
            pass_on(&host, message.as_bytes()),
            message.as_bytes(),
            "{message:?}"
        );
    }
}

#[test]
fn metadata_may_be_of_any_form_and_never_fails_an_invocation() {
    let host = start_host();
    for (metadata, id, count) in [
        (json!({"DequeueCount": 3, "Id": "b483"}), "b483", 3),
        (json!({"DequeueCount": "3", "Id": "\"b483\""}), "b483", 3),
        (json!({"DequeueCount": "\"3\"", "Id": "12"}), "12", 3),
        (json!({"DequeueCount": {"of": [3]}}), "", 0),
        (json!({"DequeueCount": -1}), "", 0),
        (
            json!({"DequeueCount": "many", "Id": "\"\\ud800\""}),
            "\"\\ud800\"",
            0,
        ),
        (json!({}), "", 0),
        (json!([1]), "", 0),
        (json!(null), "", 0),
    ] {
        let answer = invoke(
            &host,
            "/MyQueueFunction",
            &json!({"Data": {"myQueueItem": "hi"}, "Metadata": metadata}),
        );
        let log = format!("processed message {id}, dequeue count {count}: hi");
        assert_eq!(
            (answer.status, &answer.json()["Logs"]),
            (200, &json!([log])),
            "{metadata}"
        );
    }
}

#[test]
fn a_message_with_an_id_of_its_own_replaces_the_queues() {
    let host = start_host();
    let message = br#"{"id":"mine","DEQUEUECOUNT":"soon","Metadata":{},"sys":null}"#;
    assert!(is_same_json(message, &pass_on(&host, message)));
    let log = host.logs().pop().unwrap();
    assert!(
        log.starts_with("processed message mine, dequeue count 0: {"),
        "{log}"
    );
}

#[test]
fn query_may_be_an_object_or_a_json_string() {
    let host = start_host();
    let ada = r#"{"message":"Hello, Ada!"}"#;
    for (url, query, body) in [
        ("", json!({"name": "Ada"}), ada),
        ("", json!("{\"name\":\"Ada\"}"), ada),
        ("", json!("{}"), "hello world"),
        ("", json!({"name": ["Ada", "Bob"]}), ada),
        (
            "http://localhost/api/hello?name=Ada&name=Bob",
            json!({"name": "Ada,Bob"}),
            ada,
        ),
        ("http://localhost/api/hello", json!(null), "hello world"),
    ] {
        let answer = invoke(
            &host,
            "/hello",
            &json!({"Data": {"req": {"Method": "GET", "Url": url, "Query": query}}}),
        );
        assert_eq!(
            (answer.status, &answer.json()["Outputs"]["res"]["body"]),
            (200, &json!(body)),
            "{url} {query}"
        );
    }
}

#[test]
fn members_may_be_absent() {
    let host = start_host();
    for req in [
        json!({}),
        json!({"Body": null, "Params": null, "Headers": null, "Query": null, "Url": null}),
    ] {
        let answer = invoke(&host, "/order", &json!({"Data": {"req": req}}));
        assert_eq!(
            (
                answer.status,
                &answer.json()["Outputs"]["res"]["statusCode"]
            ),
            (200, &json!(400)),
            "{req}"
        );
    }
    let answer = invoke(
        &host,
        "/order",
        &json!({"Data": {"req": {"Body": "an order"}}}),
    );
    assert_eq!(
        (answer.status, &answer.json()["Outputs"]["message"]),
        (200, &json!("an order"))
    );
    let answer = invoke(
        &host,
        "/MyQueueFunction",
        &json!({"Data": {"myQueueItem": "hi"}}),
    );
    assert_eq!(
        (answer.status, &answer.json()["ReturnValue"]),
        (200, &json!("hi"))
    );
}

#[test]
fn header_names_may_be_in_any_case() {
    let host = start_host();
    for name in ["Content-Type", "content-type", "CONTENT-TYPE"] {
        assert_eq!(order(&host, "text/plain", b"AAECA/8="), b"AAECA/8=");
        let sent = host.http(
            "POST",
            "/api/order",
            &[(name, "application/octet-stream")],
            &[0, 1, 0xff],
        );
        assert_eq!(
            (sent.status, host.drain("orders")),
            (200, vec![vec![0, 1, 0xff]]),
            "{name}"
        );
    }
    for headers in [
        json!({"transfer-encoding": ["chunked"]}),
        json!({"TRANSFER-ENCODING": "chunked"}),
    ] {
        let answer = invoke(
            &host,
            "/order",
            &json!({"Data": {"req": {"Headers": headers}}}),
        );
        assert_eq!(
            answer.json()["Outputs"]["res"]["statusCode"],
            411,
            "{headers}"
        );
    }
    let damaged = json!({"Headers": {"content-length": ["1"]}, "Body": "\u{fffd}"});
    assert_eq!(
        invoke(&host, "/order", &json!({"Data": {"req": damaged}})).json()["Outputs"]["res"]["statusCode"],
        415
    );
}

#[test]
fn binary_bodies_arrive_as_bytes_and_texts_as_texts() {
    let host = start_host();
    let bytes: Vec<u8> = (0..=255).collect();
    for content_type in [
        "application/octet-stream",
        "Application/Octet-Stream",
        "application/octet-stream; a=b",
        "multipart/form-data; boundary=x",
        "Multipart/Mixed;boundary=x",
    ] {
        assert_eq!(order(&host, content_type, &bytes), bytes, "{content_type}");
        assert_eq!(
            order(&host, content_type, b"test"),
            b"test",
            "{content_type}"
        );
        assert_eq!(
            order(&host, content_type, "\u{feff}text".as_bytes()),
            "\u{feff}text".as_bytes(),
            "{content_type}"
        );
    }
    // A Content-Type that is not well-formed is a text's, to the host.
    for content_type in [
        "text/plain",
        "application/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/octet-stream;",
        "application/octet-streams",
        "multipart",
        "multipart/mixed;",
        "image/png",
        "",
    ] {
        for text in ["na\u{ef}ve", "AAECA/8=", "test"] {
            assert_eq!(
                order(&host, content_type, text.as_bytes()),
                text.as_bytes(),
                "{content_type}"
            );
        }
    }
}

#[test]
fn a_chunked_upload_is_refused_with_411() {
    let host = start_host();
    for content_type in ["application/json", "application/octet-stream"] {
        assert_refused(
            &host,
            &host.post_chunked("order", content_type, b"{}"),
            411,
            "send a Content-Length",
        );
    }
}

#[test]
fn what_was_not_utf8_is_refused_with_415() {
    let host = start_host();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff";
    for (content_type, body) in [
        ("text/plain; charset=iso-8859-1", &b"caf\xe9"[..]),
        ("image/png", png),
    ] {
        let refused = host.post("order", content_type, body);
        assert_refused(
            &host,
            &refused,
            415,
            "send binary as application/octet-stream",
        );
        assert_eq!(order(&host, "application/octet-stream", body), body);
    }
}

#[test]
fn a_true_replacement_character_passes() {
    let host = start_host();
    for text in ["\u{fffd}", "a \u{fffd}\u{e9}\u{fffd}", "[\"\u{fffd}\"]"] {
        assert_eq!(order(&host, "text/plain", text.as_bytes()), text.as_bytes());
        assert_eq!(pass_on(&host, text.as_bytes()), text.as_bytes());
    }
}

#[test]
fn a_byte_order_mark_is_dropped_by_the_host() {
    let host = start_host();
    assert_eq!(
        order(&host, "text/plain", "\u{feff}an order".as_bytes()),
        b"an order"
    );
    assert_eq!(
        pass_on(&host, "\u{feff}a message".as_bytes()),
        "\u{feff}a message".as_bytes()
    );
}

#[test]
fn bodies_that_the_host_decodes_in_a_way_of_its_own() {
    let host = start_host();
    // A dropped byte-order mark explains the length, so the replacement character is a true one.
    assert_eq!(
        order(&host, "text/plain", "\u{feff}a \u{fffd}".as_bytes()),
        "a \u{fffd}".as_bytes()
    );
    assert_eq!(order(&host, "x-multipart/y", b"hello"), b"hello");
    for not_well_formed in ["application/octet-stream;", "multipart/mixed;"] {
        assert_refused(
            &host,
            &host.post("order", not_well_formed, b"caf\xe9"),
            415,
            "not UTF-8",
        );
        assert_eq!(order(&host, not_well_formed, b"test"), b"test");
    }
}

#[test]
fn an_empty_order_is_refused_with_400() {
    let host = start_host();
    for content_type in ["application/json", "application/octet-stream"] {
        assert_refused(
            &host,
            &host.post("order", content_type, b""),
            400,
            "needs a body",
        );
    }
    assert_refused(
        &host,
        &host.post("order", "text/plain", "\u{feff}".as_bytes()),
        400,
        "needs a body",
    );
}

// What the host does with the answer.

fn filled(start: &str, letter: char, end: &str, length: usize) -> Vec<u8> {
    let filling = letter.to_string().repeat(length - start.len() - end.len());
    format!("{start}{filling}{end}").into_bytes()
}

#[test]
fn an_order_may_be_as_large_as_a_queue_message_and_not_larger() {
    let host = start_host();
    type OfLength = fn(usize) -> Vec<u8>;
    let shapes: [(&str, OfLength); 6] = [
        ("text/plain", |length| filled("an order ", 'x', "", length)),
        ("text/plain", |length| filled("", 'A', "", length)),
        ("application/json", |length| {
            filled("{\"a\":\"", 'x', "\"}", length)
        }),
        ("application/json", |length| {
            filled("[\"", 'x', "\"]", length)
        }),
        ("text/plain", |length| filled("", ' ', "", length)),
        ("application/octet-stream", |length| vec![0xff; length]),
    ];
    for (content_type, of_length) in shapes {
        let largest = of_length(MESSAGE_MAX_BYTES);
        assert_eq!(largest.len(), MESSAGE_MAX_BYTES);
        assert_eq!(order(&host, content_type, &largest), largest);
        let refused = host.post("order", content_type, &of_length(MESSAGE_MAX_BYTES + 1));
        assert_refused(
            &host,
            &refused,
            413,
            "at most 49152 bytes, and this one has 49153",
        );
        if content_type != "application/octet-stream" {
            assert_eq!(pass_on(&host, &largest), largest);
        }
    }
}

#[test]
fn texts_that_the_host_would_change_arrive_unaltered() {
    let host = start_host();
    for text in [
        "test",
        "null",
        "true",
        "12345678",
        "20261121",
        "abcd efgh",
        "    ",
        "aGVsbG8=",
        "2026-11-21T10:00:00+02:00",
        "2026-11-21T10:00:00",
        "2026-11-21T10:00:00.123456789",
        "/Date(0)/",
        "[]",
        "[hello]",
        "[1,2]",
        "[\"a\",\"2026-11-21T10:00:00+02:00\"]",
        "{hello}",
        "{8f14e45f-ceea-467f-a0e6-5b4b9c6d1d9a}",
        "{a:1}",
        r#"{"at":"2026-11-21T10:00:00+02:00"}"#,
        r#"{"price":10.10}"#,
        r#"{"n":12345678901234567.89}"#,
        r#"{"n":1e400}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":"\ud800"}"#,
        "\u{a0}{\"a\":1}",
    ] {
        assert_eq!(
            order(&host, "text/plain", text.as_bytes()),
            text.as_bytes(),
            "{text:?}"
        );
        assert_eq!(pass_on(&host, text.as_bytes()), text.as_bytes(), "{text:?}");
    }
    assert!(host.failures().is_empty());
}

#[test]
fn a_large_object_does_not_grow_out_of_its_queue() {
    let host = start_host();
    let large = format!("{{\"a\":[{}0]}}", "1,".repeat(12_499));
    assert_eq!(large.len(), 25_007);
    assert_eq!(
        order(&host, "application/json", large.as_bytes()),
        large.as_bytes()
    );
    assert_eq!(pass_on(&host, large.as_bytes()), large.as_bytes());
}

#[test]
fn a_return_value_is_a_text_whatever_the_message_is() {
    let host = start_host();
    for item in [
        json!({"Outputs": {}, "res": 1}),
        json!("\"{\\\"a\\\":1}\""),
        json!([1]),
        json!("[1]"),
        json!(5),
        json!(true),
    ] {
        let answer = invoke(
            &host,
            "/MyQueueFunction",
            &json!({"Data": {"myQueueItem": item}}),
        );
        assert!(
            answer.status == 200 && answer.json()["ReturnValue"].is_string(),
            "{item}: {answer:?}"
        );
    }
}

#[test]
fn paths_may_be_in_another_case_and_end_in_a_slash() {
    let host = start_host();
    let payload = json!({"Data": {"req": {"Body": "an order"}, "myQueueItem": "hi"}});
    for path in [
        "/order",
        "/Order",
        "/ORDER/",
        "/MYQUEUEFUNCTION",
        "/myqueuefunction/",
        "/Hello/",
    ] {
        assert_eq!(invoke(&host, path, &payload).status, 200, "{path}");
    }
    for path in [
        "/api/hello",
        "/API/HELLO",
        "/Api/Hello/",
        "/api/hello/?name=",
    ] {
        assert_eq!(
            ask(&host.handler, &request("GET", path, &[], b"")).text(),
            "hello world",
            "{path}"
        );
    }
    for path in [
        "/order//",
        "//order",
        "/api/order",
        "/api/hello//",
        "/hell",
        "/hello/x",
    ] {
        assert_eq!(
            ask(&host.handler, &request("POST", path, &[], b"{}")).status,
            404,
            "{path}"
        );
    }
}

#[test]
fn every_error_says_which_invocation_it_was() {
    let host = start_host();
    let id = ("x-azure-functions-invocationid", ID);
    let broken = |path: &str, body: &[u8]| ask(&host.handler, &invocation(path, ID, body));
    for (status, path, answer) in [
        (404, "/nothing", broken("/nothing", b"{}")),
        (400, "/order", broken("/order", b"not JSON")),
        (
            400,
            "/MyQueueFunction",
            broken("/MyQueueFunction", b"{\"Data\":{}}"),
        ),
        (
            405,
            "/api/hello",
            ask(&host.handler, &request("DELETE", "/api/hello", &[id], b"")),
        ),
        (
            404,
            "/api/nothing",
            ask(&host.handler, &request("GET", "/api/nothing", &[id], b"")),
        ),
        (
            405,
            "/",
            ask(&host.handler, &request("POST", "/", &[id], b"")),
        ),
    ] {
        assert_eq!(
            (answer.status, answer.header("Content-Type")),
            (status, Some("application/json")),
            "{path}"
        );
        assert_eq!(answer.json()["invocationId"], ID, "{path}");
        host.handler.wait_for_stderr(&format!("invocation {ID}: "));
        host.handler
            .wait_for_stderr(&format!(" {path}: {status}: "));
    }
    // Refused callers, whose invocations were carried out.
    for req in [
        json!({}),
        json!({"Headers": {"Transfer-Encoding": ["chunked"]}}),
        json!({"Body": "\u{fffd}", "Headers": {"Content-Length": ["1"]}}),
        json!({"Body": "x".repeat(MESSAGE_MAX_BYTES + 1)}),
        json!({"Method": "PUT"}),
    ] {
        let answer = invoke(&host, "/order", &json!({"Data": {"req": req}}));
        let body: Value = answer.json()["Outputs"]["res"]["body"]
            .as_str()
            .expect("a body")
            .parse()
            .expect("JSON");
        assert_eq!((answer.status, &body["invocationId"]), (200, &json!(ID)));
    }
    // Whoever sends no id is told of none.
    assert_eq!(
        ask(&host.handler, &request("GET", "/nothing", &[], b""))
            .json()
            .get("invocationId"),
        None
    );
    host.handler
        .wait_for_stderr("invocation without id: GET /nothing: 404: ");
}
