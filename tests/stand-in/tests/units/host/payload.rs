use crate::host::cases_of;
use crate::host::wire::{Wire, wire};
use serde_json::{Value, json};
use stand_in::app::function::{Binding, Function};
use stand_in::host::base64::from_base64;
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

/// The value and the binding data for a capture.
fn brought(wire: &mut Wire, function: &Function, given: &str) -> (String, Data) {
    match function.trigger().kind.as_str() {
        "queueTrigger" => {
            let message = Message {
                id: wire.text("/Id").to_owned(),
                inserted: Date::parse(wire.text("/InsertionTime")).expect("a date"),
                dequeue_count: 1,
                pop_receipt: wire.text("/PopReceipt").to_owned(),
                ..Message::new(given.into())
            };
            message.payload(function).expect("a value")
        }
        "timerTrigger" => {
            let schedule = Schedule::parse(function.trigger().text("schedule"));
            let value = timer_value(&schedule.expect("a schedule"), Date::parse(given), None);
            timer(function, &Given::Json(value)).expect("a schedule")
        }
        "blobTrigger" => {
            let (path, bytes) = given.split_once(' ').expect("base64");
            let path = BlobPath::parse(path).expect("a path");
            blob(function, &path, &from_base64(bytes).expect("base64"))
        }
        _ => {
            // A list is a text, in which members may have another order.
            let seen = &mut wire.json["Data"]["event"];
            let value: Value = match seen.as_str() {
                Some(text) => text.parse().expect("JSON"),
                None => seen.clone(),
            };
            if seen.is_string() {
                *seen = value.to_string().into();
            }
            other(function, Given::Json(value))
        }
    }
}

#[test]
fn payloads_are_what_the_host_sent() {
    for (given, what) in cases_of("captures") {
        let (capture, trigger) = given.split_once(' ').expect("a trigger");
        let (mut wire, mut trigger) = (wire(capture), trigger.parse::<Value>().expect(given));
        trigger["name"] = wire.trigger().into();
        let function = function(trigger);
        let (value, mut data) = brought(&mut wire, &function, what);
        data.set("sys", wire.sys());
        let sent = payload(&function.trigger().name, &value, &[], &data);
        let (mut sent, mut seen) = (sent.parse::<Value>().expect("JSON"), wire.json);
        // Added by an input or a retry policy.
        for (part, added) in [("Data", "same"), ("Metadata", "RetryContext")] {
            seen[part].as_object_mut().expect("an object").remove(added);
        }
        // The time until a message is visible differs, and so do some properties of a blob.
        for member in ["NextVisibleTime", "Properties"] {
            let [own, theirs] = [&mut sent, &mut seen].map(|all| all["Metadata"][member].take());
            assert_eq!(own["ContentLength"], theirs["ContentLength"], "{capture}");
            assert_eq!(own.is_string(), theirs.is_string(), "{capture}");
            for (name, value) in own.as_object().into_iter().flatten() {
                let kind = std::mem::discriminant(&theirs[name]);
                assert_eq!(std::mem::discriminant(value), kind, "{capture} {name}");
            }
        }
        assert_eq!(sent, seen, "{capture}");
    }
}

#[test]
fn a_timer_has_a_status_and_what_a_test_gives() {
    let date = |text: &str| Date::parse(text);
    let schedule = Schedule::parse("0 0 3 * * *").expect("a schedule");
    let (due, last) = (date("2026-11-25T03:00:00Z"), date("2026-11-24T03:00:00.5Z"));
    let value = timer_value(&schedule, due, last);
    let last = "2026-11-24T03:00:00.5+00:00";
    let status = json!({"Last": last, "Next": "2026-11-25T03:00:00+00:00", "LastUpdated": last});
    assert_eq!(value["ScheduleStatus"], status);
    let trigger = json!({"type": "timerTrigger", "name": "t", "schedule": "*/5 * * * * *"});
    let late = timer(&function(trigger), &Given::Json(json!({"IsPastDue": true})));
    let schedule = json!({"AdjustForDST": true});
    let expected = json!({"Schedule": schedule, "ScheduleStatus": null, "IsPastDue": true});
    assert_eq!(
        late.expect("a schedule").0.parse::<Value>().expect("JSON"),
        expected
    );
}

#[test]
fn a_message_that_is_not_text_is_taken_by_binary_functions_alone() {
    for (data_type, taken) in [("binary", true), ("string", false), ("", false)] {
        let trigger = json!({"type": "queueTrigger", "name": "item", "dataType": data_type});
        let payload = Message::new(vec![0xff]).payload(&function(trigger));
        assert_eq!(payload.is_ok(), taken, "{data_type}");
    }
}

/// A message's own members win over the queue's; expressions read all of them.
#[test]
fn expressions_read_a_message_and_its_metadata() {
    let function = function(json!({"type": "queueTrigger", "name": "item"}));
    let text =
        r#"{"id":"own","n":{"x":"deep","d":"2026-01-02T03:04:05+02:00"},"empty":"","l":[1]}"#;
    let payload = Message::new(text.into()).payload(&function);
    let (_, data) = payload.expect("a value");
    let resolved = |text: &str| Template::parse(text).expect("a template").resolve(&data);
    let all = "{Id}-{ID} {n.x} {n.d} {empty}{n}{InsertionTime}{DequeueCount} {queueTrigger}";
    let expected = format!("own-own deep 01/02/2026 01:04:05 0 {text}");
    assert_eq!(resolved(all), Ok(expected));
    assert!(resolved("{l}").is_err() && resolved("{none}").is_err());
}

#[test]
fn inputs_are_objects_or_texts_of_json() {
    for (given, expected) in cases_of("inputs") {
        let mut parts = given.splitn(3, ' ');
        let [kind, form, value] = [(); 3].map(|()| parts.next().expect("a part"));
        let (kind, data_type) = kind.split_once(':').unwrap_or((kind, ""));
        let binding = Binding::from(json!({"type": kind, "name": "b", "dataType": data_type}));
        let given = match form {
            "nothing" => None,
            "json" => Some(Given::Json(value.parse().expect("JSON"))),
            "base64" => from_base64(value).map(Given::Bytes),
            _ => Some(Given::Bytes(value.into())),
        };
        assert_eq!(input(&binding, given), expected, "{kind} {form} {value}");
    }
}
