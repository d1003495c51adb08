//! Every payload of tests/template/wire, captured from a running host or taken from the
//! documentation, sent as the host sends it.

use crate::requests::{ID, wire};
use crate::start::start;
use serde_json::{Value, json};
use stand_in::run::http::{Connection, invocation};
use std::fs;

#[test]
fn every_captured_payload_is_answered() {
    let enqueued = |message: &str| {
        (
            "order",
            json!({"message": message, "res": {"body": "Order enqueued"}}),
        )
    };
    let refused = |status: u16, why: &str| ("order", json!({"status": status, "why": why}));
    let returned = |message: &str| ("MyQueueFunction", json!(message));
    let answered = |body: &str| {
        (
            "hello",
            json!({"res": {"headers": {"Content-Type": "application/json"}, "body": body}}),
        )
    };
    let multipart = wire_json("host-order-multipart.json")["Data"]["req"]["Body"]
        .as_str()
        .expect("a body")
        .to_owned();
    let documented = "eyBtZXNzYWdlOiAiTWVzc2FnZSBzZW50IiB9";
    let order = r#"{"id":1005,"quantity":2,"color":"black"}"#;
    let cases = [
        ("doc-order-request.json", enqueued(order)),
        ("doc-queue-request.json", returned(documented)),
        (
            "host-hello-get.json",
            answered(r#"{"message":"Hello, Jürgen & co!"}"#),
        ),
        (
            "host-hello-post.json",
            answered(r#"{"message":"Hello World!"}"#),
        ),
        ("host-order-bom.json", enqueued(r#"{"id":1}"#)),
        (
            "host-order-chunked-caller.json",
            refused(411, "send a Content-Length"),
        ),
        ("host-order-empty.json", refused(400, "needs a body")),
        ("host-order-json.json", enqueued(order)),
        (
            "host-order-latin1.json",
            refused(415, "application/octet-stream"),
        ),
        // Text in all but its type: it would go plain, but for the 0xFF in it.
        ("host-order-multipart.json", enqueued(&multipart)),
        ("host-order-octet-stream.json", enqueued("AAECA/8=")),
        (
            "host-order-png.json",
            refused(415, "application/octet-stream"),
        ),
        ("host-order-text.json", enqueued("plain text \u{e9}")),
        ("host-order-traceparent.json", enqueued(r#"{"id":1005}"#)),
        ("host-queue-array.json", returned("WzEsImEiXQ==")),
        ("host-queue-documented.json", returned(documented)),
        (
            "host-queue-json.json",
            returned(r#"{"id":1,"Id":"mine","tags":["a"],"nested":{"a":1}}"#),
        ),
        ("host-queue-text.json", returned("hi")),
    ];
    let handler = start();
    let mut connection = Connection::open(handler.port).unwrap();
    for (file, (function, expected)) in &cases {
        connection
            .send_in_pieces(&invocation(&format!("/{function}"), ID, &wire(file)))
            .unwrap();
        let answer = connection.read_answer().unwrap();
        assert_eq!(
            (answer.status, answer.header("Content-Type")),
            (200, Some("application/json")),
            "{file}: {answer:?}"
        );
        let (outputs, return_value) = (&answer.json()["Outputs"], &answer.json()["ReturnValue"]);
        match expected["why"].as_str() {
            Some(why) => {
                assert_eq!(outputs["res"]["statusCode"], expected["status"], "{file}");
                assert!(
                    outputs["res"]["body"]
                        .as_str()
                        .is_some_and(|body| body.contains(why)),
                    "{file}: {outputs}"
                );
                assert_eq!(outputs.as_object().unwrap().len(), 1, "{file}: {outputs}");
            }
            None if *function == "MyQueueFunction" => assert_eq!(return_value, expected, "{file}"),
            None => assert_eq!((outputs, return_value), (expected, &Value::Null), "{file}"),
        }
    }
    // Whole requests, and what is no request.
    let others = [
        "host-order-json.http",
        "doc-order-response.json",
        "doc-response-example.json",
        // For functions that are not the documentation's.
        "host-queue-binary.json",
        "host-queue-retry.json",
        "host-queue-with-blob-input.json",
    ];
    let answer = connection.exchange(&wire("host-order-json.http")).unwrap();
    assert_eq!(answer.json(), wire_json("doc-order-response.json"));
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/template/wire")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        // Those of other triggers are for the stand-in's tests.
        let is_for_samples = ["doc-", "host-order", "host-hello", "host-queue"]
            .iter()
            .any(|start| name.starts_with(start));
        assert!(
            !is_for_samples
                || cases.iter().any(|(case, _)| *case == name)
                || others.contains(&&*name),
            "{name} is not tested"
        );
    }
}

fn wire_json(name: &str) -> Value {
    serde_json::from_slice(&wire(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
