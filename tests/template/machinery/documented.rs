//! The samples: what the documentation shows, and every payload that a host has sent to them,
//! answered exactly. By the binary that cargo has just built, or the one that `HANDLER` names.

use crate::handler::Handler;
use crate::requests::invocation;
use crate::requests::{Caller, ID, ask, connect, get, post, wire};
use serde_json::{Value, json};
use stand_in::run::process::command;

/// Queries, and what hello answers.
const GREETINGS: &str = r#" => hello world
? => hello world
?name= => hello world
?name => hello world
?other=Ada => hello world
?name=&name=Ada => hello world
?name=Ada => {"message":"Hello, Ada!"}
?x=1&name=Ada&name=Bob => {"message":"Hello, Ada!"}
?name=J%C3%BCrgen+%26+co => {"message":"Hello, Jürgen & co!"}
?name=%E2%98%95%F0%9F%A6%80 => {"message":"Hello, ☕🦀!"}
?name=a%FFb => {"message":"Hello, a�b!"}
?name=%22%5C%0A => {"message":"Hello, \"\\\n!"}
?n%61me=Ada%3D%2B => {"message":"Hello, Ada=+!"}"#;

#[test]
fn hello_greets_and_echoes_byte_for_byte() {
    let handler = Handler::from_command(command());
    for case in GREETINGS.lines() {
        let (query, expected) = case.split_once(" => ").expect("a case");
        let answer = get(&handler, &format!("/api/hello{query}"));
        assert_eq!((answer.status, answer.text()), (200, expected), "{query}");
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
    }
    let every_byte: Vec<u8> = (0..=255).collect();
    for body in [
        b"{\r\n  \"message\": \"Hello\"\r\n}",
        &b""[..],
        b" ",
        &every_byte.repeat(500),
    ] {
        let json = [("Content-Type", "application/json")];
        let answer = ask(&handler, &post("/api/hello", &json, body));
        assert_eq!((answer.status, &*answer.body), (200, body));
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        // A caller's chunked upload, proxied as it is.
        assert_eq!(
            ask(&handler, &invocation("/api/hello", ID, body)).body,
            body
        );
    }
}

/// A JSON file of tests/template/wire.
fn json_file(name: &str) -> Value {
    serde_json::from_slice(&wire(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_documented_responses_are_given() {
    let handler = Handler::from_command(command());
    let expected = json_file("doc-order-response.json");
    let order = wire("doc-order-request.json");
    let as_documented = post("/order", &[("Content-Type", "application/json")], &order);
    let as_captured = wire("host-order-json.http");
    for request in [as_documented, as_captured, invocation("/order", ID, &order)] {
        let answer = ask(&handler, &request);
        assert_eq!((answer.status, answer.json()), (200, expected.clone()));
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        assert!(
            answer.json().as_object().unwrap().contains_key("Logs"),
            "the nulls are sent"
        );
    }
    let message = invocation("/MyQueueFunction", ID, &wire("doc-queue-request.json"));
    let log = "processed message 800ae4b3-bdd2-4c08-badd-f08e5a34b865, dequeue count 1: { message: \"Message sent\" }";
    let expected = json!({"Outputs": {}, "Logs": [log], "ReturnValue": DOCUMENTED_MESSAGE});
    assert_eq!(ask(&handler, &message).json(), expected);
}

const DOCUMENTED_MESSAGE: &str = "eyBtZXNzYWdlOiAiTWVzc2FnZSBzZW50IiB9";

/// The captures of each function, and what it answers: an order's message or the status and words
/// of its refusal, a return value, a body. A multipart body, text in all but its type and the 0xFF in
/// it, goes as the base64 that it came as.
const CAPTURED: &str = r#"order doc-order-request.json => {"id":1005,"quantity":2,"color":"black"}
order host-order-bom.json => {"id":1}
order host-order-chunked-caller.json => 411 send a Content-Length
order host-order-empty.json => 400 needs a body
order host-order-json.json => {"id":1005,"quantity":2,"color":"black"}
order host-order-latin1.json => 415 application/octet-stream
order host-order-multipart.json => MULTIPART
order host-order-octet-stream.json => AAECA/8=
order host-order-png.json => 415 application/octet-stream
order host-order-text.json => plain text é
order host-order-traceparent.json => {"id":1005}
MyQueueFunction doc-queue-request.json => eyBtZXNzYWdlOiAiTWVzc2FnZSBzZW50IiB9
MyQueueFunction host-queue-array.json => WzEsImEiXQ==
MyQueueFunction host-queue-documented.json => eyBtZXNzYWdlOiAiTWVzc2FnZSBzZW50IiB9
MyQueueFunction host-queue-json.json => eyJpZCI6MSwiSWQiOiJtaW5lIiwidGFncyI6WyJhIl0sIm5lc3RlZCI6eyJhIjoxfX0=
MyQueueFunction host-queue-text.json => hi
hello host-hello-get.json => {"message":"Hello, Jürgen & co!"}
hello host-hello-post.json => {"message":"Hello World!"}"#;

#[test]
fn every_captured_payload_is_answered() {
    let handler = Handler::from_command(command());
    let mut caller = connect(&handler);
    let mut tested = Vec::new();
    for case in CAPTURED.lines() {
        let (capture, expected) = case.split_once(" => ").expect("a case");
        let (function, file) = capture.split_once(' ').expect("a function and a file");
        assert_answered(&mut caller, function, file, expected);
        tested.push(file);
    }
    // Those for other functions than the documentation's, and those that are not requests.
    tested.extend(["host-order-json.http", "doc-order-response.json"]);
    tested.extend(["doc-response-example.json", "host-queue-binary.json"]);
    tested.extend(["host-queue-retry.json", "host-queue-with-blob-input.json"]);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/template/wire");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        // Those of other triggers are for the stand-in's tests.
        let samples = ["doc-", "host-order", "host-hello", "host-queue"];
        let is_samples = samples.iter().any(|start| name.starts_with(start));
        assert!(
            !is_samples || tested.contains(&&*name),
            "{name} is not tested"
        );
    }
}

fn assert_answered(caller: &mut Caller, function: &str, file: &str, expected: &str) {
    let request = invocation(&format!("/{function}"), ID, &wire(file));
    for piece in request.chunks(1024) {
        caller.0.send(piece).expect("sent");
    }
    let answer = caller.answer();
    let answered = (answer.status, answer.header("Content-Type"));
    assert_eq!(
        answered,
        (200, Some("application/json")),
        "{file}: {answer:?}"
    );
    let answer = answer.json();
    let (outputs, returned) = (&answer["Outputs"], &answer["ReturnValue"]);
    let refusal = expected.split_once(' ').and_then(|(status, words)| {
        let status: u16 = status.parse().ok()?;
        Some((status, words))
    });
    if let Some((status, words)) = refusal {
        let body = outputs["res"]["body"].as_str().unwrap_or_default();
        assert_eq!(outputs["res"]["statusCode"], status, "{file}");
        assert!(body.contains(words) && body.contains(ID), "{file}: {body}");
        let count = outputs.as_object().map(serde_json::Map::len);
        assert_eq!(count, Some(1), "{file}: {outputs}");
    } else if function == "MyQueueFunction" {
        let passed_on = (&json!({}), &json!(expected));
        assert_eq!((outputs, returned), passed_on, "{file}");
        // The host's own id, not one of the message.
        let log = answer["Logs"][0].as_str().unwrap_or_default();
        assert!(
            log.starts_with("processed message ") && log.contains(", dequeue count "),
            "{log}"
        );
    } else if function == "order" {
        let multipart = json_file("host-order-multipart.json")["Data"]["req"]["Body"].take();
        let message = match expected {
            "MULTIPART" => multipart,
            _ => json!(expected),
        };
        let expected = json!({"message": message, "res": {"body": "Order enqueued"}});
        assert_eq!((outputs, returned), (&expected, &Value::Null), "{file}");
    } else {
        let headers = json!({"Content-Type": "application/json"});
        let expected = json!({"res": {"headers": headers, "body": expected}});
        assert_eq!((outputs, returned), (&expected, &Value::Null), "{file}");
    }
}
