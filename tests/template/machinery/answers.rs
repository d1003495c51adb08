//! What becomes of a function's answer: a host gets what it takes, and a caller what HTTP allows.

use crate::requests::{ID, ask, assert_error, connect, get, invoke, order_payload, post};
use crate::start::start;
use serde_json::json;
use stand_in::run::http::request;

/// Never an empty 2xx in payload form: the host would wait for the rest until the function's
/// timeout.
#[test]
fn every_invocation_gets_a_json_object() {
    let handler = start();
    let payload = |item: &str| {
        json!({"Data": {"item": item, "req": {"Method": "POST", "Url": item, "Body": "[]"}}})
            .to_string()
    };
    let mut payloads = vec![String::new(), "{}".into(), "null".into()];
    payloads.extend(["nothing", "empty", "null", "output", "refuse", "other"].map(payload));
    for what in "nothing output return binary cookies 99 100 199 200 204 304 599 600".split(' ') {
        payloads.push(payload(&format!("http://localhost/api/odd?what={what}")));
    }
    for payload in payloads {
        for name in "odd odd-too panics panics-too fails heads nowhere".split(' ') {
            let answer = invoke(&handler, name, &payload);
            let is_right = !matches!(answer.status, 204 | 304)
                && answer.header("Content-Type") == Some("application/json")
                && answer.json().is_object();
            assert!(is_right, "{name} {payload}: {answer:?}");
        }
    }
    let too = |item: &str| invoke(&handler, "odd-too", payload(item));
    for (item, returned) in [("nothing", json!(null)), ("return", json!("!"))] {
        let expected = json!({"Outputs": {}, "Logs": null, "ReturnValue": returned});
        assert_eq!(too(item).json(), expected);
    }
    assert_error(&too("output"), 500, &["odd-too", "undeclared"]);
    assert_error(&too("twice"), 500, &["message", "twice"]);
    assert_error(&too("answer"), 500, &["odd-too"]);
    assert_error(&too("refuse"), 500, &["not for a queue"]);
}

#[test]
fn odd_answers_are_answers_all_the_same() {
    let handler = start();
    let odd = |what: &str| get(&handler, &format!("/api/odd?what={what}"));
    for status in ["99", "100", "101", "199", "600", "999"] {
        assert_error(&odd(status), 500, &["odd", status]);
    }
    for status in [200, 201, 204, 299, 301, 304, 400, 404, 503, 599] {
        let body = match status {
            204 | 304 => "",
            _ => "a body",
        };
        let answer = odd(&status.to_string());
        assert_eq!((answer.status, answer.text()), (status, body));
    }
    assert_eq!(odd("binary").body, [0, 159, 146, 150]);
    assert_eq!((odd("nothing").status, odd("nothing").text()), (200, ""));
    assert_eq!(odd("cookies").headers_named("Set-Cookie"), ["a=1", "b=2"]);
    assert_error(&odd("output"), 500, &["undeclared"]);
    assert_error(&odd("return"), 500, &["$return"]);
    // The reason of a failure is for the log only; the words of a refusal are its caller's.
    let by_host = [("X-Azure-Functions-InvocationId", ID)];
    let fails = ask(&handler, &request("GET", "/api/fails", &by_host, b""));
    assert_error(&fails, 500, &["fails"]);
    assert!(!fails.text().contains("line one"), "{fails:?}");
    let line = "GET /api/fails: 500: function fails failed: line one\\r\\nline";
    handler.wait_for_stderr(&format!("invocation {ID}: {line}"));
    let refuses = |status: u16| get(&handler, &format!("/api/fails?refuse={status}"));
    assert_error(&refuses(418), 418, &["no\r\nX-Split: 1"]);
    for status in [0, 200, 302, 399, 500] {
        assert_error(&refuses(status), 500, &["fails"]);
    }
}

#[test]
fn a_header_that_http_does_not_allow_is_named_and_never_sent() {
    let handler = start();
    let mut caller = connect(&handler);
    let body = |name: &str, value: &str| json!([["X-Before", "1"], [name, value]]).to_string();
    let mut set = |name: &str, value: &str| {
        let answer = caller.ask(&post("/api/heads", &[], body(name, value)));
        caller.assert_in_step();
        answer
    };
    let split = "a\r\nX-Split: 1";
    let odd = "a\nb|a\rb|\r\n\r\nHTTP/1.1 200 OK|\0|a\u{7f}|\u{1b}[1m";
    for value in odd.split('|').chain([split]) {
        let answer = set("X-Name", value);
        assert_error(&answer, 500, &["X-Name"]);
        let sent = (answer.header("X-Split"), answer.header("X-Before"));
        assert_eq!(sent, (None, None));
    }
    for value in ["Jürgen", "🦀"] {
        assert_error(&set("X-Name", value), 500, &["X-Name"]);
    }
    for name in "| |X Y|X:|X\r\nX-Split|Ä|X\0|X\t|(X)".split('|') {
        assert_error(&set(name, "1"), 500, &["header"]);
    }
    let framing = "Content-Length content-length Transfer-Encoding Connection Upgrade Trailer";
    for name in framing.split(' ') {
        assert_error(&set(name, "1"), 500, &[name]);
    }
    for (name, value) in [
        ("X-Name", "plain"),
        ("x!#$%&'*+-.^_`|~9", "\"(quoted)\"\ttab"),
        ("X-Empty", ""),
    ] {
        let answer = set(name, value);
        let set = (answer.status, answer.header(name));
        assert_eq!(set, (200, Some(value)), "{answer:?}");
    }
    // In the payload form too, where the host would set it.
    let answer = invoke(&handler, "heads", order_payload(&body("X-Name", split)));
    assert_error(&answer, 500, &["X-Name"]);
}
