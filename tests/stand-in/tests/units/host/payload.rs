use crate::host::wire::{Wire, wire};
use serde_json::{Value, json};
use stand_in::app::function::{Binding, Function};
use stand_in::host::data::Data;
use stand_in::host::date::Date;
use stand_in::host::expressions::Template;
use stand_in::host::payload::{Message, blob, input, other, payload, timer, timer_value};
use stand_in::host::schedule::Schedule;
use stand_in::host::storage::Given;
use stand_in::host::storage::names::BlobPath;

fn function(trigger: Value) -> Function {
    Function {
        name: "f".to_owned(),
        bindings: vec![Binding::from(trigger)],
        ..Function::default()
    }
}

/// The payload as JSON, with `sys` as it was captured.
fn sent(wire: &Wire, function: &Function, (value, mut data): (String, Data)) -> Value {
    data.set("sys", wire.sys());
    payload(&function.trigger().name, &value, &[], &data)
        .parse()
        .expect("JSON")
}

#[test]
fn events_are_what_the_host_sent() {
    let function = function(json!({"type": "eventGridTrigger", "name": "event"}));
    for capture in ["eventgrid", "cloudevent", "eventgrid-many"] {
        let mut wire = wire(capture);
        // What came in: the value itself, or a list as its text, in which members may stand in
        // another order.
        let seen = &mut wire.json["Data"]["event"];
        let value: Value = match seen.as_str() {
            Some(text) => text.parse().expect("JSON"),
            None => seen.clone(),
        };
        if seen.is_string() {
            *seen = value.to_string().into();
        }
        let sent = sent(&wire, &function, other(&function, Given::Json(value)));
        assert_eq!(sent, wire.json, "{capture}");
    }
}

#[test]
fn timers_are_what_the_host_sent() {
    let date = |text: &str| Some(Date::parse(text).expect("a date"));
    for (capture, schedule, due) in [
        ("timer-schedule", "*/1 * * * *", "2026-11-28T02:18:00Z"),
        ("timer-startup", "0 0 0 1 1 *", "2027-01-01T00:00:00Z"),
        ("timer-timespan", "00:00:07", "2026-11-28T02:17:35Z"),
        (
            "timer-retry-first",
            "*/30 * * * * *",
            "2026-11-24T16:47:30Z",
        ),
    ] {
        let wire = wire(capture);
        let name = wire.trigger();
        let function =
            function(json!({"type": "timerTrigger", "name": name, "schedule": schedule}));
        let schedule = Schedule::parse(schedule).expect("a schedule");
        let value = timer_value(&schedule, date(due), None);
        let mut sent = sent(&wire, &function, timer(&function, &Given::Json(value)));
        if let Some(context) = wire.json["Metadata"].get("RetryContext") {
            sent["Metadata"]["RetryContext"] = context.clone();
        }
        assert_eq!(sent, wire.json, "{capture}");
    }
    // A timer that has run before.
    let schedule = Schedule::parse("0 0 3 * * *").expect("a schedule");
    let (due, last) = (date("2026-11-25T03:00:00Z"), date("2026-11-24T03:00:00.5Z"));
    let value = timer_value(&schedule, due, last);
    let last = "2026-11-24T03:00:00.5+00:00";
    let status = json!({"Last": last, "Next": "2026-11-25T03:00:00+00:00", "LastUpdated": last});
    assert_eq!(value["ScheduleStatus"], status);
    // What a test gives of it, and what it does not.
    let trigger = json!({"type": "timerTrigger", "name": "t", "schedule": "*/5 * * * * *"});
    let late = Given::Json(json!({"IsPastDue": true}));
    let (late, _) = timer(&function(trigger), &late);
    let expected =
        json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": true});
    assert_eq!(late.parse::<Value>().expect("JSON"), expected);
}

#[test]
fn blobs_are_what_the_host_sent() {
    let binary = &b"\0\x01\xff\xfe"[..];
    for (capture, path, name, bytes) in [
        ("blob-binary", "ins/{name}", "ins/binary.bin", binary),
        ("blob-text", "ins/{name}", "ins/plain.txt", b"plain text"),
        (
            "blob-name-ext",
            "ext-in/{name}.{ext}",
            "ext-in/pic.tar.gz",
            b"ext",
        ),
    ] {
        let mut wire = wire(capture);
        let data = wire.json["Data"].as_object_mut().expect("an object");
        data.remove("same");
        let trigger = wire.trigger();
        let function = function(json!({"type": "blobTrigger", "name": trigger, "path": path}));
        let blob_path = BlobPath::parse(name).expect("a path");
        let sent = sent(&wire, &function, blob(&function, &blob_path, bytes));
        assert_eq!(sent["Data"], wire.json["Data"], "{capture}");
        let (mut sent, mut seen) = (sent["Metadata"].clone(), wire.json["Metadata"].clone());
        let [own, theirs] = [&mut sent, &mut seen].map(|data| data["Properties"].take());
        assert_eq!(sent, seen, "{capture}");
        assert_eq!(own["ContentLength"], theirs["ContentLength"]);
        for (member, value) in own.as_object().expect("an object") {
            let of_kind = std::mem::discriminant(&theirs[member]);
            assert_eq!(std::mem::discriminant(value), of_kind, "{capture} {member}");
        }
    }
}

/// The captured message of a queue function, delivered for the first time.
fn message(wire: &Wire, bytes: &[u8]) -> Message {
    Message {
        id: wire.text("/Id").to_owned(),
        inserted: Date::parse(wire.text("/InsertionTime")).expect("a date"),
        dequeue_count: 1,
        pop_receipt: wire.text("/PopReceipt").to_owned(),
        ..Message::new(bytes.to_vec())
    }
}

#[test]
fn queue_messages_are_what_the_host_sent() {
    for (capture, text) in [
        ("queue-text", "hi"),
        ("queue-array", r#"[1,"a"]"#),
        ("queue-documented", r#"{ message: "Message sent" }"#),
        (
            "queue-json",
            r#"{"id":1,"Id":"mine","tags":["a"],"nested":{"a":1}}"#,
        ),
        ("queue-binary", r#"{"id":"q1"}"#),
        ("queue-retry", "r"),
    ] {
        let mut wire = wire(capture);
        let mut trigger = json!({"type": "queueTrigger", "name": wire.trigger()});
        if capture == "queue-binary" {
            trigger["dataType"] = "binary".into();
        }
        let function = function(trigger);
        let message = message(&wire, text.as_bytes());
        let mut sent = sent(
            &wire,
            &function,
            message.payload(&function).expect("a value"),
        );
        // How long it is out of sight differs.
        let seen = wire.json["Metadata"].as_object_mut().expect("an object");
        let visible = seen["NextVisibleTime"].clone();
        assert!(sent["Metadata"]["NextVisibleTime"].is_string());
        sent["Metadata"]["NextVisibleTime"] = visible;
        assert_eq!(
            seen.remove("RetryContext").is_some(),
            capture == "queue-retry"
        );
        assert_eq!(sent, wire.json, "{capture}");
    }
}

#[test]
fn a_message_that_is_not_text_is_taken_by_binary_functions_alone() {
    for (data_type, taken) in [("binary", true), ("string", false), ("", false)] {
        let trigger = json!({"type": "queueTrigger", "name": "item", "dataType": data_type});
        let payload = Message::new(vec![0xff]).payload(&function(trigger));
        assert_eq!(payload.is_ok(), taken, "{data_type}");
    }
}

/// A message's own members win over the queue's; expressions read all of it.
#[test]
fn expressions_read_a_message_and_its_metadata() {
    let function = function(json!({"type": "queueTrigger", "name": "item"}));
    let text =
        r#"{"id":"own","n":{"x":"deep","d":"2026-01-02T03:04:05+02:00"},"empty":"","l":[1]}"#;
    let payload = Message::new(text.into()).payload(&function);
    let (_, data) = payload.expect("a value");
    let resolved = |text: &str| Template::parse(text).expect("a template").resolve(&data);
    for (template, value) in [
        ("{Id}-{ID}", "own-own"),
        ("{n.x} {n.d}", "deep 01/02/2026 01:04:05"),
        ("{empty}{n}{InsertionTime}{DequeueCount}", "0"),
        ("{queueTrigger}", text),
    ] {
        assert_eq!(resolved(template).as_deref(), Ok(value), "{template}");
    }
    assert!(resolved("{l}").is_err() && resolved("{none}").is_err());
}

#[test]
fn inputs_are_objects_or_texts_of_json() {
    let binding = |kind: &str, data_type: &str| {
        Binding::from(json!({"type": kind, "name": "b", "dataType": data_type}))
    };
    let (blob, binary) = (binding("blob", ""), binding("blob", "binary"));
    let (rows, document) = (binding("table", ""), binding("cosmosDB", ""));
    let bytes = |bytes: &[u8]| Some(Given::Bytes(bytes.to_vec()));
    let json = |value: Value| Some(Given::Json(value));
    for (binding, given, value) in [
        (&blob, None, json!("null")),
        (&blob, bytes(b"{\"a\":1}"), json!("\"{\\\"a\\\":1}\"")),
        (&blob, bytes(b"a\xff"), json!("\"a\u{fffd}\"")),
        (&binary, bytes(b"a\xff"), json!("Yf8=")),
        (&document, bytes(b"{\"a\":1}"), json!({"a": 1})),
        (&document, json(json!({"a": 1})), json!({"a": 1})),
        (&document, bytes(b"[{\"a\":1}]"), json!("[{\"a\":1}]")),
        (&document, json(json!(5)), json!("5")),
        (&document, json(json!("x")), json!("\"x\"")),
        // Rows are always a list.
        (&rows, bytes(b"{\"a\":1}"), json!("[{\"a\":1}]")),
        (&rows, bytes(b"[{\"a\":1}]"), json!("[{\"a\":1}]")),
        (&rows, json(json!({"a": 1})), json!("[{\"a\":1}]")),
    ] {
        let found = input(binding, given.clone()).parse();
        assert_eq!(found.ok(), Some(value), "{binding:?} {given:?}");
    }
}

#[test]
fn data_for_a_trigger_is_not_shown() {
    let data = Data::from([("queueTrigger", "a".into()), ("other", "b".into())]);
    let payload = payload("item", "1", &[("in".to_owned(), "2".to_owned())], &data);
    let expected = r#"{"Data":{"item":1,"in":2},"Metadata":{"other":"\"b\""}}"#;
    assert_eq!(payload, expected);
}
