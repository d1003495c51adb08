use crate::host::cases_of;
use serde_json::{Value, json};
use stand_in::app::function::Binding;
use stand_in::host::answer::{MESSAGE_MAX_BYTES, Outcome, Output, settle};
use stand_in::host::base64::to_base64;
use stand_in::run::http::Answer;

fn answer(status: u16, content_type: &str, body: &str) -> Answer {
    Answer::new(status, &[("content-type", content_type)], body)
}

/// Settles an answer for these outputs, `type:name:dataType`: the outcome, the logs, and the
/// written messages as texts.
fn settled(outputs: &str, json: &str) -> (Outcome, Vec<String>, Value) {
    let binding = |output: &str| {
        let mut parts = output.split(':');
        let [kind, name, data] = [(); 3].map(|()| parts.next());
        Binding::from(json!({"type": kind, "name": name, "dataType": data}))
    };
    let declared: Vec<Binding> = outputs.split_whitespace().map(binding).collect();
    let declared: Vec<&Binding> = declared.iter().collect();
    let settled = settle(&declared, answer(200, "application/json", json), true);
    let mut written = Vec::new();
    for (binding, values) in settled.written {
        let mut tokens = values
            .iter()
            .filter(|value| matches!(value, Output::Json(_)));
        assert!(
            !binding.is("queue") || tokens.next().is_none(),
            "{values:?}"
        );
        written.extend(values.into_iter().map(Output::shown));
    }
    (settled.outcome, settled.logs, written.into())
}

/// The caller's answer and what is written, or another outcome.
fn seen(outputs: &str, json: &str) -> String {
    match settled(outputs, json) {
        (Outcome::Completed(None), _, written) => written.to_string(),
        (Outcome::Completed(Some(answer)), _, written) => {
            let (status, text) = (answer.status, answer.text());
            let content_type = answer.header("Content-Type").unwrap_or("none");
            format!("{status} {content_type} {text:?} {written}")
        }
        (outcome, ..) => format!("{outcome:?}"),
    }
}

#[test]
fn a_value_becomes_what_the_host_writes() {
    for (given, expected) in cases_of("outputs") {
        let (kind, value) = given.split_once(' ').expect("a value");
        let json = format!(r#"{{"Outputs":{{"out":{value}}}}}"#);
        let seen = seen(&format!("{kind}:out"), &json);
        assert!(seen.starts_with(expected), "{given}: {seen}");
    }
    for garbage in ["test", "null", "true", "12345678", "20261121", "abcd efgh"] {
        let json = json!({"Outputs": {"out": garbage}}).to_string();
        assert_ne!(seen("queue:out", &json), json!([garbage]).to_string());
    }
}

#[test]
fn the_http_output_becomes_the_callers_answer() {
    for (value, expected) in cases_of("http outputs") {
        let seen = seen("http:res", &format!(r#"{{"Outputs":{{"res":{value}}}}}"#));
        assert!(seen.starts_with(expected), "{value}: {seen}");
    }
}

#[test]
fn outputs_go_where_the_function_declares_them() {
    for (given, expected) in cases_of("declared outputs") {
        let (outputs, json) = given.split_once(" {").expect("an answer");
        assert_eq!(seen(outputs, &format!("{{{json}")), expected, "{given}");
    }
    // An http output that fails does so before anything is written.
    let json = r#"{"Outputs":{"message":"a b","res":5}}"#;
    let (outcome, _, written) = settled("queue:message http:res", json);
    assert!(matches!(outcome, Outcome::Failed(_)) && written == json!([]));
    // Messages before a too large one are written, and other outputs too.
    for (length, count) in [(MESSAGE_MAX_BYTES, 2), (MESSAGE_MAX_BYTES + 1, 1)] {
        let json = json!({"Outputs": {"message": ["a", "x".repeat(length)]}}).to_string();
        let (outcome, _, written) = settled("queue:message", &json);
        assert_eq!(matches!(outcome, Outcome::Failed(_)), count == 1);
        assert_eq!(written.as_array().map(Vec::len), Some(count));
        assert_eq!(written[0], "a");
    }
    let json = r#"{"Outputs":{"first":"2026-11-21T10:00:00","second":"a text"}}"#;
    let (outcome, _, written) = settled("blob:first blob:second", json);
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    assert_eq!(written, json!(["a text"]));
}

#[test]
fn answers_that_the_host_does_not_take_fail_or_hang() {
    for (given, expected) in cases_of("answers of handlers") {
        let mut parts = given.splitn(3, " | ").map(|part| part.trim_matches('-'));
        let [status, kind, body] = [(); 3].map(|()| parts.next().expect("a part"));
        let answer = answer(status.parse().expect("a status"), kind, body);
        let found = match settle(&[], answer, true).outcome {
            Outcome::Failed(why) => why,
            outcome => format!("{outcome:?}"),
        };
        assert_eq!(found, expected, "{given}");
    }
    assert_eq!(settled("", r#"{"Logs":["a"]}"#).1, ["a"]);
    assert_eq!(settled("", r#"{"Logs":null,"Outputs":null}"#).1, [""; 0]);
}

#[test]
fn queues_without_base64_hold_texts_only() {
    let queue = Binding::from(json!({"type": "queue", "name": "out"}));
    let stored = |bytes: &[u8], base64: bool| {
        let body = json!({"Outputs": {"out": to_base64(bytes)}}).to_string();
        let declared = [&queue];
        let settled = settle(&declared, answer(200, "application/json", &body), base64);
        let values = settled.written.into_iter().flat_map(|(_, values)| values);
        let is_completed = matches!(settled.outcome, Outcome::Completed(_));
        is_completed.then(|| values.map(Output::shown).collect::<Value>())
    };
    let replaced = json!(["caf\u{fffd} \t"]);
    assert_eq!(stored(b"caf\xe9 \t", false), Some(replaced));
    assert_eq!(stored(b"a\0", false), None);
    assert_eq!(stored(b"a\xe9\0", true), Some(json!([{"base64": "YekA"}])));
    for (length, base64) in [(65_536, false), (MESSAGE_MAX_BYTES, true)] {
        assert!(stored(&vec![b'x'; length], base64).is_some());
        assert!(stored(&vec![b'x'; length + 1], base64).is_none());
    }
}
