//! The samples, in the binary that cargo has built or that `HANDLER` names.

use crate::exchanges::replay;
use crate::requests::*;
use serde_json::Value;
use stand_in::run::process::command;

/// Captures that are not in the list below.
const ELSEWHERE: &str = "host-order-multipart.json host-queue-binary.json host-queue-retry.json \
    host-queue-with-blob-input.json doc-response-example.json";

/// The documentation's requests, and every payload that a host has sent to the samples.
pub const SAMPLES: &str = include_str!("exchanges/samples.txt");

/// Starts the binary, not the tests' app.
fn start() -> Handler {
    let mut command = command();
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", "0");
    Handler::from_command(command)
}

#[test]
fn the_samples_answer_as_documented() {
    replay(&start(), SAMPLES);
}

#[test]
fn every_captured_payload_is_answered() {
    for name in wire_names() {
        // Other tests have those of other functions and triggers.
        let samples = ["doc-", "host-order", "host-hello", "host-queue"];
        let is_samples = samples.iter().any(|start| name.starts_with(start));
        let is_named = SAMPLES.contains(&name) || ELSEWHERE.contains(&name);
        assert!(!is_samples || is_named, "{name} is not tested");
    }
}

#[test]
fn bodies_arrive_byte_for_byte() {
    let handler = start();
    let every_byte: Vec<u8> = (0..=255).collect();
    let body = every_byte.repeat(500);
    // As it is, and as a caller's chunked upload.
    let whole = post("/api/hello", &[], &body);
    for request in [whole, invocation("/api/hello", ID, &body)] {
        let answer = ask(&handler, &request);
        assert!(answer.status == 200 && answer.body == body, "{answer:?}");
    }
    // A multipart body is text but for one 0xFF, and stays base64.
    let payload = wire("host-order-multipart.json");
    let sent: Value = serde_json::from_slice(&payload).unwrap();
    let answer = ask(&handler, invocation("/order", ID, &payload)).json();
    assert_eq!(answer["Outputs"]["message"], sent["Data"]["req"]["Body"]);
}
