use crate::host::wire::{Wire, wire};
use serde_json::{Value, json};
use stand_in::app::function::{Binding, Function};
use stand_in::host::data::{self, Data};
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
        let value: Value = seen
            .as_str()
            .map_or_else(|| Ok(seen.clone()), str::parse)
            .expect("JSON");
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
    for (capture, name, schedule, due) in [
        (
            "timer-schedule",
            "t",
            "*/1 * * * *",
            date("2026-11-28T02:18:00Z"),
        ),
        (
            "timer-startup",
            "t",
            "0 0 0 1 1 *",
            date("2027-01-01T00:00:00Z"),
        ),
        (
            "timer-timespan",
            "t",
            "00:00:07",
            date("2026-11-28T02:17:35Z"),
        ),
        (
            "timer-retry-first",
            "timer",
            "*/30 * * * * *",
            date("2026-11-24T16:47:30Z"),
        ),
    ] {
        let wire = wire(capture);
        let trigger = json!({"type": "timerTrigger", "name": name, "schedule": schedule});
        let function = function(trigger);
        let schedule = Schedule::parse(schedule).expect("a schedule");
        let value = timer_value(&schedule, due, None);
        let mut sent = sent(&wire, &function, timer(&function, &Given::Json(value)));
        if let Some(context) = wire.json["Metadata"].get("RetryContext") {
            sent["Metadata"]["RetryContext"] = context.clone();
        }
        assert_eq!(sent, wire.json, "{capture}");
    }
    // A timer that has run before.
    let schedule = Schedule::parse("0 0 3 * * *").expect("a schedule");
    let value = timer_value(
        &schedule,
        date("2026-11-25T03:00:00Z"),
        date("2026-11-24T03:00:00.5Z"),
    );
    let last = "2026-11-24T03:00:00.5+00:00";
    let status = json!({"Last": last, "Next": "2026-11-25T03:00:00+00:00", "LastUpdated": last});
    assert_eq!(value["ScheduleStatus"], status);
    // What a test gives of it, and what it does not.
    let function =
        function(json!({"type": "timerTrigger", "name": "t", "schedule": "*/5 * * * * *"}));
    let (late, _) = timer(&function, &Given::Json(json!({"IsPastDue": true})));
    let expected =
        json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": true});
    assert_eq!(late.parse::<Value>().expect("JSON"), expected);
}

#[test]
fn blobs_are_what_the_host_sent() {
    for (capture, path, bytes, name) in [
        (
            "blob-binary",
            "ins/{name}",
            &b"\0\x01\xff\xfe"[..],
            "ins/binary.bin",
        ),
        ("blob-text", "ins/{name}", b"plain text", "ins/plain.txt"),
        (
            "blob-name-ext",
            "ext-in/{name}.{ext}",
            b"ext",
            "ext-in/pic.tar.gz",
        ),
    ] {
        let mut wire = wire(capture);
        let trigger = wire.json["Data"].as_object_mut().expect("an object");
        trigger.remove("same");
        let binding = trigger.keys().next().expect("a name").clone();
        let function = function(json!({"type": "blobTrigger", "name": binding, "path": path}));
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
    for (capture, binding, text) in [
        ("queue-text", "myQueueItem", "hi"),
        ("queue-array", "myQueueItem", "[1,\"a\"]"),
        (
            "queue-documented",
            "myQueueItem",
            "{ message: \"Message sent\" }",
        ),
        (
            "queue-json",
            "myQueueItem",
            r#"{"id":1,"Id":"mine","tags":["a"],"nested":{"a":1}}"#,
        ),
        ("queue-binary", "item", r#"{"id":"q1"}"#),
        ("queue-retry", "item", "r"),
    ] {
        let wire = wire(capture);
        let binary = json!({"type": "queueTrigger", "name": binding, "dataType": "binary"});
        let text_only = json!({"type": "queueTrigger", "name": binding});
        let function = function(if capture == "queue-binary" {
            binary
        } else {
            text_only
        });
        let (value, mut data) = message(&wire, text.as_bytes())
            .payload(&function)
            .expect("a value");
        data.set("sys", wire.sys());
        let mut seen = wire.json.clone();
        let metadata = seen["Metadata"].as_object_mut().expect("an object");
        let retry = metadata.remove("RetryContext").is_some();
        if retry {
            // It becomes visible some time after it was put there.
            metadata.remove("NextVisibleTime");
        }
        let sent = payload(binding, &value, &[], &data);
        let mut sent_json: Value = sent.parse().expect("JSON");
        if retry {
            let metadata = sent_json["Metadata"].as_object_mut().expect("an object");
            metadata.remove("NextVisibleTime");
        } else {
            sent_json["Metadata"]["NextVisibleTime"] = seen["Metadata"]["NextVisibleTime"].clone();
        }
        assert_eq!(sent_json, seen, "{capture}");
    }
}

#[test]
fn a_message_that_is_not_text_is_taken_by_binary_functions_alone() {
    let trigger = json!({"type": "queueTrigger", "name": "item", "dataType": "binary"});
    assert!(Message::new(vec![0xff]).payload(&function(trigger)).is_ok());
    let trigger = json!({"type": "queueTrigger", "name": "item"});
    assert!(
        Message::new(vec![0xff])
            .payload(&function(trigger))
            .is_err()
    );
}

/// A message's own members win over the queue's; expressions read all of it.
#[test]
fn expressions_read_a_message_and_its_metadata() {
    let function = function(json!({"type": "queueTrigger", "name": "item"}));
    let text =
        r#"{"id":"own","n":{"x":"deep","d":"2026-01-02T03:04:05+02:00"},"empty":"","l":[1]}"#;
    let (_, data) = Message::new(text.into())
        .payload(&function)
        .expect("a value");
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
        let found = input(binding, given.clone())
            .parse::<Value>()
            .expect("JSON");
        assert_eq!(found, value, "{binding:?} {given:?}");
    }
}

#[test]
fn data_for_a_trigger_is_not_shown() {
    let text = |text: &str| data::Value::Text(text.to_owned());
    let data = Data::from([("queueTrigger", text("a")), ("other", text("b"))]);
    let payload = payload("item", "1", &[("in".to_owned(), "2".to_owned())], &data);
    assert_eq!(
        payload,
        r#"{"Data":{"item":1,"in":2},"Metadata":{"other":"\"b\""}}"#
    );
}
