//! The payloads of functions that anything but HTTP triggers, and the values of input bindings in
//! all payloads. What a comment calls seen was watched under the real host (`tests/template/wire`);
//! all else follows from [Workers/MessageExtensions/ScriptInvocationContextExtensions.cs,
//! GetHttpScriptInvocationContextValue].

use crate::app::function::{Binding, Function};
use crate::host::newtonsoft::{Date, quoted};
use crate::host::routes::Parameters;
use crate::host::rules::{Members, Message, Sys, payload, set_properties, to_base64, twice};
use crate::host::storage::Given;
use serde_json::{Value, json};

/// The payload for a queue message. Errors where the host cannot make a trigger's value of it: a
/// text that is not UTF-8.
pub fn queue_payload(
    function: &Function,
    bytes: &[u8],
    message: &Message,
    inputs: Members,
    sys: &Sys,
) -> Result<String, String> {
    let binary = function.trigger().says("dataType", "binary");
    // UTF8Encoding that throws (azure-sdk-for-net, BinaryDataExtensions.cs). Seen: a binary one has
    // no members in Metadata.
    let text = std::str::from_utf8(bytes).ok().filter(|_| !binary);
    let data = match text {
        Some(text) => twice(text),
        None if binary => quoted(&to_base64(bytes)),
        None => return Err("the message is not UTF-8".to_owned()),
    };
    Ok(payload(
        with_trigger(function, data, inputs),
        message.metadata(text, sys),
    ))
}

/// The payload for what any other trigger brings. `blob` is the path of a blob trigger's blob.
pub fn trigger_payload(
    function: &Function,
    given: &Given,
    blob: &str,
    inputs: Members,
    sys: &Sys,
) -> String {
    let trigger = function.trigger();
    let kind = trigger.kind.to_ascii_lowercase();
    let mut metadata = Members::new();
    let data = match (kind.as_str(), given) {
        // Seen: base64, whatever function.json says.
        ("blobtrigger", _) => {
            metadata = blob_metadata(trigger, blob, bytes_of(given).len());
            quoted(&to_base64(&bytes_of(given)))
        }
        ("timertrigger", _) => {
            // Seen where `/admin/functions/<name>` runs it: its input, which is empty.
            metadata.push((trigger.name.clone(), twice("")));
            timer(given)
        }
        ("eventgridtrigger", Given::Json(event)) => {
            // Seen, in both of Event Grid's own forms: a list as its JSON, once.
            let data = |event: &Value| event["data"].clone();
            match event {
                Value::Array(events) => {
                    let list = Value::Array(events.iter().map(data).collect());
                    metadata.push(("data".to_owned(), quoted(&list.to_string())));
                }
                event if event["data"].is_object() => {
                    metadata.push(("data".to_owned(), data(event).to_string()))
                }
                _ => {}
            }
            value_of(trigger, given)
        }
        _ => value_of(trigger, given),
    };
    metadata.push(("sys".to_owned(), sys.json()));
    if let Given::Json(Value::String(text)) = given {
        set_properties(&mut metadata, text);
    }
    payload(with_trigger(function, data, inputs), metadata)
}

/// The payload for a timer that runs by its schedule; `value` is the timer's.
pub fn timer_payload(function: &Function, value: &Value, inputs: Members, sys: &Sys) -> String {
    let metadata = vec![("sys".to_owned(), sys.json())];
    payload(with_trigger(function, value.to_string(), inputs), metadata)
}

fn with_trigger(function: &Function, data: String, inputs: Members) -> Members {
    let mut all = vec![(function.trigger().name.clone(), data)];
    all.extend(inputs);
    all
}

/// What an input binding gets in `Data`, as JSON. Seen: what is not there is the text `null`.
pub fn input_of(binding: &Binding, given: Option<&Given>) -> String {
    given.map_or_else(|| quoted("null"), |given| value_of(binding, given))
}

/// A value in `Data`, as JSON: an object as it is, bytes as base64, anything else as a text that
/// holds its JSON.
fn value_of(binding: &Binding, given: &Given) -> String {
    if binding.says("dataType", "binary") {
        return quoted(&to_base64(&bytes_of(given)));
    }
    match given {
        Given::Json(Value::String(text)) => twice(text),
        Given::Json(value @ Value::Object(_)) => value.to_string(),
        Given::Json(value) => quoted(&value.to_string()),
        Given::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            // A blob is its text; of a row or a document a file holds the JSON.
            match text.parse::<Value>() {
                Ok(value @ (Value::Object(_) | Value::Array(_))) if !binding.is("blob") => {
                    value_of(binding, &Given::Json(value))
                }
                _ => twice(&text),
            }
        }
    }
}

/// The bytes that are given, of a text or of anything else's JSON too.
pub fn bytes_of(given: &Given) -> Vec<u8> {
    match given {
        Given::Bytes(bytes) => bytes.clone(),
        Given::Json(Value::String(text)) => text.clone().into_bytes(),
        Given::Json(value) => value.to_string().into_bytes(),
    }
}

/// The value of a timer as the host sends it for a schedule more frequent than a minute, and for
/// others by hand, with the members that are given instead of its own.
fn timer(given: &Given) -> String {
    let mut timer =
        json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": false});
    if let Given::Json(Value::Object(members)) = given {
        for (name, value) in members {
            timer[name] = value.clone();
        }
    }
    timer.to_string()
}

/// What the host knows of a blob. Of its properties those that people read.
fn blob_metadata(trigger: &Binding, blob: &str, length: usize) -> Members {
    let now = Date::in_seconds(0).iso();
    let properties = json!({
        "LastModified": now, "CreatedOn": now, "Metadata": {}, "BlobType": 0, "ContentLength": length,
        "ContentType": "application/octet-stream", "ETag": {}, "IsServerEncrypted": true, "AccessTier": "Hot",
    });
    let mut metadata: Members = [
        (
            "Uri",
            twice(&format!("http://127.0.0.1:10000/devstoreaccount1/{blob}")),
        ),
        ("Properties", properties.to_string()),
        ("Metadata", "{}".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let pattern = trigger.text("path");
    for (name, value) in parts_of_path(pattern, blob).unwrap_or_default() {
        metadata.push((name, twice(value.as_deref().unwrap_or_default())));
    }
    metadata
}

/// The path of a blob that would trigger a function: each `{name}` in the pattern is its name.
pub fn example_path(trigger: &Binding) -> String {
    trigger.text("path").replace(['{', '}'], "")
}

/// What the parts `{name}` of a pattern stand for in the path of a blob, if it is one of the
/// pattern's.
fn parts_of_path(pattern: &str, path: &str) -> Option<Parameters> {
    let Some((text, rest)) = pattern.split_once('{') else {
        return (pattern == path).then(Parameters::new);
    };
    let (name, after) = rest.split_once('}')?;
    let path = path.strip_prefix(text)?;
    let next = after.split('{').next().unwrap_or_default();
    // The shortest value with which the rest fits.
    let mut ends = path.char_indices().map(|(place, c)| place + c.len_utf8());
    ends.find_map(|end| {
        let fits = path[end..].starts_with(next);
        let mut parts = fits.then(|| parts_of_path(after, &path[end..])).flatten()?;
        parts.insert(0, (name.to_owned(), Some(path[..end].to_owned())));
        Some(parts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(trigger: Value, input: Option<Value>) -> Function {
        Function {
            name: "f".to_owned(),
            bindings: [trigger]
                .into_iter()
                .chain(input)
                .map(Binding::from)
                .collect(),
            ..Function::default()
        }
    }

    /// A captured payload, and its `sys`.
    fn wire(name: &str) -> (Value, Sys) {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let json = crate::app::json::read(root, &format!("../template/wire/host-{name}.json"))
            .expect("a payload");
        let part = |name: &str| {
            json["Metadata"]["sys"][name]
                .as_str()
                .expect("a text")
                .to_owned()
        };
        let sys = Sys {
            method_name: part("MethodName"),
            utc_now: part("UtcNow"),
            rand_guid: part("RandGuid"),
        };
        (json, sys)
    }

    fn sent(function: &Function, given: &Given, blob: &str, sys: &Sys) -> Value {
        let input = |binding: &Binding| (binding.name.clone(), input_of(binding, Some(given)));
        let inputs = function.inputs().map(input).collect();
        trigger_payload(function, given, blob, inputs, sys)
            .parse()
            .expect("JSON")
    }

    #[test]
    fn timers_and_events_are_what_the_host_sent() {
        let kind = |kind: &str, name: &str| {
            function(json!({"type": kind, "direction": "in", "name": name}), None)
        };
        for (capture, function) in [
            ("timer", kind("timerTrigger", "timer")),
            ("eventgrid", kind("eventGridTrigger", "event")),
            ("cloudevent", kind("eventGridTrigger", "event")),
            ("eventgrid-many", kind("eventGridTrigger", "event")),
        ] {
            let (mut payload, sys) = wire(capture);
            // What came in: the value itself, or a list as its text, in which members may stand in
            // another order.
            let seen = &mut payload["Data"][&function.trigger().name];
            let value: Value = seen
                .as_str()
                .map_or_else(|| Ok(seen.clone()), str::parse)
                .expect("JSON");
            if seen.is_string() {
                *seen = value.to_string().into();
            }
            assert_eq!(
                sent(&function, &Given::Json(value), "", &sys),
                payload,
                "{capture}"
            );
        }
        let late = sent(
            &kind("timerTrigger", "t"),
            &Given::Json(json!({"IsPastDue": true})),
            "",
            &wire("timer").1,
        );
        let expected =
            json!({"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": true});
        assert_eq!(late["Data"]["t"], expected);
    }

    #[test]
    fn blobs_are_what_the_host_sent() {
        let input =
            json!({"type": "blob", "direction": "in", "name": "same", "path": "ins/{name}"});
        let trigger =
            json!({"type": "blobTrigger", "direction": "in", "name": "item", "path": "ins/{name}"});
        let function = function(trigger, Some(input));
        for (capture, bytes, blob) in [
            ("blob-binary", &b"\0\x01\xff\xfe"[..], "ins/binary.bin"),
            ("blob-text", b"plain text", "ins/plain.txt"),
        ] {
            let (payload, sys) = wire(capture);
            let sent = sent(&function, &Given::Bytes(bytes.to_vec()), blob, &sys);
            assert_eq!(sent["Data"], payload["Data"], "{capture}");
            let (sent, seen) = (&sent["Metadata"], &payload["Metadata"]);
            for member in ["Uri", "Metadata", "name", "sys"] {
                assert_eq!(sent[member], seen[member], "{capture}");
            }
            assert_eq!(
                sent["Properties"]["ContentLength"],
                seen["Properties"]["ContentLength"]
            );
            for (member, value) in sent["Properties"].as_object().expect("an object") {
                let of_kind = std::mem::discriminant(&seen["Properties"][member]);
                assert_eq!(std::mem::discriminant(value), of_kind, "{capture} {member}");
            }
        }
    }

    #[test]
    fn a_binary_queue_message_is_what_the_host_sent() {
        let (payload, sys) = wire("queue-binary");
        let message = Message::captured(&payload);
        let trigger =
            json!({"type": "queueTrigger", "name": "item", "queueName": "q", "dataType": "binary"});
        let binary = function(trigger.clone(), None);
        let sent = queue_payload(&binary, br#"{"id":"q1"}"#, &message, Members::new(), &sys)
            .expect("a payload");
        assert_eq!(sent.parse::<Value>().expect("JSON"), payload);
        assert!(queue_payload(&binary, b"\xff", &message, Members::new(), &sys).is_ok());
        let text = function(
            json!({"type": "queueTrigger", "name": "item", "queueName": "q"}),
            None,
        );
        assert!(queue_payload(&text, b"\xff", &message, Members::new(), &sys).is_err());
    }

    #[test]
    fn inputs_are_objects_or_texts_of_json() {
        let blob = json!({"type": "blob", "name": "b"});
        let binary = json!({"type": "blob", "name": "b", "dataType": "binary"});
        let row = json!({"type": "table", "name": "r"});
        for (binding, given, data) in [
            (&blob, None, json!("null")),
            (
                &blob,
                Some(Given::Bytes(b"{\"a\":1}".to_vec())),
                json!("\"{\\\"a\\\":1}\""),
            ),
            (
                &blob,
                Some(Given::Bytes(b"a\xff".to_vec())),
                json!("\"a\u{fffd}\""),
            ),
            (
                &binary,
                Some(Given::Bytes(b"a\xff".to_vec())),
                json!("Yf8="),
            ),
            (
                &row,
                Some(Given::Bytes(b"{\"a\":1}".to_vec())),
                json!({"a": 1}),
            ),
            (&row, Some(Given::Json(json!({"a": 1}))), json!({"a": 1})),
            (
                &row,
                Some(Given::Bytes(b"[{\"a\":1}]".to_vec())),
                json!("[{\"a\":1}]"),
            ),
            (&row, Some(Given::Json(json!(5))), json!("5")),
            (&row, Some(Given::Json(json!("x"))), json!("\"x\"")),
        ] {
            assert_eq!(
                input_of(&binding.clone().into(), given.as_ref())
                    .parse::<Value>()
                    .expect("JSON"),
                data,
                "{binding} {given:?}"
            );
        }
    }

    #[test]
    fn a_pattern_takes_a_path_apart() {
        let parts = |pattern, path| {
            let parts = parts_of_path(pattern, path)?;
            let shown = |(name, value): &(String, Option<String>)| {
                format!("{name}={}", value.as_deref().unwrap_or("-"))
            };
            Some(parts.iter().map(shown).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(
            parts("ins/{name}", "ins/a/b.txt").as_deref(),
            Some("name=a/b.txt")
        );
        assert_eq!(
            parts("ins/{name}.{ext}", "ins/a.b.c").as_deref(),
            Some("name=a ext=b.c")
        );
        assert_eq!(
            parts("ins/{name}.txt", "ins/a.txt.txt").as_deref(),
            Some("name=a.txt")
        );
        assert_eq!(parts("ins/{name}", "outs/a"), None);
        assert_eq!(parts("ins/a", "ins/a").as_deref(), Some(""));
        assert_eq!(
            example_path(&json!({"path": "ins/{name}.png"}).into()),
            "ins/name.png"
        );
    }
}
