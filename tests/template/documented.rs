//! What the documentation shows, answered exactly by the samples.

use serde_json::{Value, json};
use stand_in::run::http::{Answer, Connection, invocation, request};
use stand_in::run::process::Handler;
use std::path::Path;

/// An invocation id, as the host makes them.
const ID: &str = "70734a6c-261f-4802-9a19-265034c703c3";

/// A payload that a host sends, or that the documentation shows.
fn wire(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/template/wire")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn ask(handler: &Handler, request: &[u8]) -> Answer {
    Connection::open(handler.port)
        .and_then(|mut connection| connection.exchange(request))
        .expect("an answer")
}

fn get(handler: &Handler, path: &str) -> Answer {
    ask(handler, &request("GET", path, &[], b""))
}

#[test]
fn hello_greets() {
    let handler = Handler::start();
    let cases = [
        ("", "hello world"),
        ("?", "hello world"),
        ("?name=", "hello world"),
        ("?name", "hello world"),
        ("?other=Ada", "hello world"),
        ("?name=&name=Ada", "hello world"),
        ("?name=Ada", r#"{"message":"Hello, Ada!"}"#),
        ("?x=1&name=Ada&name=Bob", r#"{"message":"Hello, Ada!"}"#),
        (
            "?name=J%C3%BCrgen+%26+co",
            r#"{"message":"Hello, Jürgen & co!"}"#,
        ),
        (
            "?name=%E2%98%95%F0%9F%A6%80",
            r#"{"message":"Hello, ☕🦀!"}"#,
        ),
        ("?name=a%FFb", "{\"message\":\"Hello, a\u{fffd}b!\"}"),
        ("?name=%22%5C%0A", r#"{"message":"Hello, \"\\\n!"}"#),
        ("?n%61me=Ada%3D%2B", r#"{"message":"Hello, Ada=+!"}"#),
    ];
    for (query, expected) in cases {
        let answer = get(&handler, &format!("/api/hello{query}"));
        assert_eq!((answer.status, answer.text()), (200, expected), "{query}");
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
    }
}

#[test]
fn hello_echoes_byte_for_byte() {
    let handler = Handler::start();
    let every_byte: Vec<u8> = (0..=255).collect();
    let bodies = [
        &b"{\r\n  \"message\": \"Hello World!\"\r\n}"[..],
        b"",
        b" ",
        &every_byte,
        &every_byte.repeat(500),
    ];
    for body in bodies {
        let answer = ask(
            &handler,
            &request(
                "POST",
                "/api/hello",
                &[("Content-Type", "application/json")],
                body,
            ),
        );
        assert_eq!((answer.status, &*answer.body), (200, body));
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        // A caller's chunked upload, proxied as it is.
        assert_eq!(
            ask(&handler, &invocation("/api/hello", ID, body)).body,
            body
        );
    }
}

#[test]
fn the_documented_order_gets_the_documented_response() {
    let handler = Handler::start();
    let expected: Value = serde_json::from_slice(&wire("doc-order-response.json")).unwrap();
    let order = wire("doc-order-request.json");
    let as_documented = request(
        "POST",
        "/order",
        &[("Content-Type", "application/json")],
        &order,
    );
    for request in [as_documented, invocation("/order", ID, &order)] {
        let answer = ask(&handler, &request);
        assert_eq!((answer.status, answer.json()), (200, expected.clone()));
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        assert!(
            answer.json().as_object().unwrap().contains_key("Logs"),
            "the nulls are sent"
        );
    }
    let captured = ask(&handler, &wire("host-order-json.http"));
    assert_eq!((captured.status, captured.json()), (200, expected));
}

#[test]
fn the_documented_message_is_returned_and_logged() {
    let handler = Handler::start();
    let answer = ask(
        &handler,
        &invocation("/MyQueueFunction", ID, &wire("doc-queue-request.json")),
    );
    let log = "processed message 800ae4b3-bdd2-4c08-badd-f08e5a34b865, dequeue count 1: { message: \"Message sent\" }";
    let expected = json!({"Outputs": {}, "Logs": [log], "ReturnValue": "eyBtZXNzYWdlOiAiTWVzc2FnZSBzZW50IiB9"});
    assert_eq!((answer.status, answer.json()), (200, expected));
}

#[test]
fn a_long_message_is_logged_shortened() {
    let handler = Handler::start();
    let message = "☕".repeat(5000);
    let payload = json!({"Data": {"myQueueItem": message}, "Metadata": {}}).to_string();
    let answer = ask(
        &handler,
        &invocation("/MyQueueFunction", ID, payload.as_bytes()),
    )
    .json();
    assert_eq!(answer["ReturnValue"], json!(message));
    let log = answer["Logs"][0].as_str().unwrap();
    assert!(log.ends_with("☕...") && log.chars().count() < 200, "{log}");
}

#[test]
fn captured_invocations_on_one_connection_in_small_pieces() {
    let handler = Handler::start();
    let mut connection = Connection::open(handler.port).unwrap();
    let mut returned = |path: &str, name: &str| {
        connection
            .send_in_pieces(&invocation(path, ID, &wire(name)))
            .unwrap();
        let answer = connection.read_answer().unwrap();
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        answer.json()
    };
    for (name, message) in [
        (
            "host-order-json.json",
            r#"{"id":1005,"quantity":2,"color":"black"}"#,
        ),
        ("host-order-text.json", "plain text é"),
        ("host-order-bom.json", r#"{"id":1}"#),
        ("host-order-octet-stream.json", "AAECA/8="),
    ] {
        let expected = json!({"message": message, "res": {"body": "Order enqueued"}});
        assert_eq!(returned("/order", name)["Outputs"], expected, "{name}");
    }
    for (name, message) in [
        ("host-queue-text.json", "hi"),
        (
            "host-queue-json.json",
            r#"{"id":1,"Id":"mine","tags":["a"],"nested":{"a":1}}"#,
        ),
        ("host-queue-array.json", "WzEsImEiXQ=="),
        (
            "host-queue-documented.json",
            "eyBtZXNzYWdlOiAiTWVzc2FnZSBzZW50IiB9",
        ),
    ] {
        assert_eq!(
            returned("/MyQueueFunction", name)["ReturnValue"],
            message,
            "{name}"
        );
    }
    let log = returned("/MyQueueFunction", "host-queue-text.json")["Logs"][0].to_string();
    assert!(
        log.contains("b4837edc-c19a-4608-a2b0-cc36f31b4736, dequeue count 1: hi"),
        "{log}"
    );
    let headers = json!({"Content-Type": "application/json"});
    let greeting = json!({"headers": headers, "body": "{\"message\":\"Hello, Jürgen & co!\"}"});
    assert_eq!(
        returned("/hello", "host-hello-get.json")["Outputs"]["res"],
        greeting
    );
    let echo = json!({"headers": headers, "body": "{\"message\":\"Hello World!\"}"});
    assert_eq!(
        returned("/hello", "host-hello-post.json")["Outputs"]["res"],
        echo
    );
}

#[test]
fn an_order_without_a_body_is_refused_and_not_enqueued() {
    let handler = Handler::start();
    let answer = ask(
        &handler,
        &invocation("/order", ID, &wire("host-order-empty.json")),
    );
    assert_eq!(answer.status, 200, "it was carried out: {answer:?}");
    let outputs = &answer.json()["Outputs"];
    assert_eq!(
        outputs.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["res"]
    );
    assert_eq!(outputs["res"]["statusCode"], 400);
    let body: Value = serde_json::from_str(outputs["res"]["body"].as_str().unwrap()).unwrap();
    assert!(
        body["error"].as_str().unwrap().contains("needs a body"),
        "{body}"
    );
    assert_eq!(body["invocationId"], ID);
}
