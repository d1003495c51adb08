//! What the host sends to a function. "Seen" means observed under the real host
//! (`tests/template/wire`); all else follows from
//! [Workers/MessageExtensions/ScriptInvocationContextExtensions.cs].

use crate::app::function::{Binding, Function};
use crate::host::base64::to_base64;
use crate::host::data::{Data, Value, sys};
use crate::host::date::{Date, SECOND};
use crate::host::expressions::Template;
use crate::host::newtonsoft::{Token, object, quoted};
use crate::host::schedule::Schedule;
use crate::host::storage::Given;
use crate::host::storage::names::BlobPath;
use crate::run::start::guid;
use serde_json::{Value as Json, json};

/// The body of an invocation. The values of the trigger and the inputs are JSON.
pub fn payload(trigger: &str, value: &str, inputs: &[(String, String)], data: &Data) -> String {
    let inputs = inputs.iter().map(|(name, value)| (&**name, &**value));
    let values = object([(trigger, value)].into_iter().chain(inputs));
    object([("Data", values), ("Metadata", data.metadata())])
}

/// As JSON, and this as JSON again: so the host sends a value that is not an object.
fn twice(text: &str) -> String {
    quoted(&quoted(text))
}

fn base64(bytes: &[u8]) -> String {
    quoted(&to_base64(bytes))
}

/// The time now in whole seconds, as a `DateTimeOffset`.
fn now() -> Date {
    Date::now().whole_seconds().offset()
}

/// A message of a queue [azure-sdk-for-net, QueueTriggerBinding.cs].
pub struct Message {
    /// Decoded.
    pub bytes: Vec<u8>,
    pub id: String,
    pub inserted: Date,
    pub dequeue_count: u32,
    pub pop_receipt: String,
}

impl Message {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            id: guid(),
            inserted: now(),
            dequeue_count: 0,
            pop_receipt: to_base64(&guid().as_bytes()[..21]),
        }
    }

    /// The trigger's value and the binding data. Errors if the message is not UTF-8.
    pub fn payload(&self, function: &Function) -> Result<(String, Data), String> {
        let text = std::str::from_utf8(&self.bytes);
        let count = Token::Integer(self.dequeue_count.to_string());
        let seconds = |count: i64| Value::Offset(self.inserted.plus(count * SECOND));
        let mut data = Data::from([
            ("queueTrigger", text.unwrap_or_default().into()),
            ("DequeueCount", Value::Json(count)),
            ("ExpirationTime", seconds(7 * 24 * 3600)),
            ("Id", (&*self.id).into()),
            ("InsertionTime", seconds(0)),
            ("NextVisibleTime", seconds(600)),
            ("PopReceipt", (&*self.pop_receipt).into()),
            ("sys", sys(&function.name)),
        ]);
        if function.trigger().says("dataType", "binary") {
            return Ok((base64(&self.bytes), data));
        }
        // UTF8Encoding throws [azure-sdk-for-net, BinaryDataExtensions.cs].
        let text = text.map_err(|_| "the message is not UTF-8")?;
        data.set_members(text);
        Ok((twice(text), data))
    }
}

/// The trigger's value and the binding data for a blob.
pub fn blob(function: &Function, blob: &BlobPath, bytes: &[u8]) -> (String, Data) {
    let (path, now) = (blob.to_string(), now().iso());
    let properties = json!({
        "LastModified": now, "CreatedOn": now, "Metadata": {}, "BlobType": 0, "ContentLength": bytes.len(),
        "ContentType": "application/octet-stream", "ETag": {}, "IsServerEncrypted": true, "AccessTier": "Hot",
    });
    let uri = format!("http://127.0.0.1:10000/devstoreaccount1/{path}");
    let mut data = Data::from([
        ("blobTrigger", (&*path).into()),
        ("Uri", Value::Text(uri)),
        ("Properties", Value::from(&properties)),
        ("Metadata", Value::Members(Data::default())),
    ]);
    let pattern = Template::parse(function.trigger().text("path")).ok();
    let parts = pattern.and_then(|pattern| pattern.matches(&path));
    for (name, value) in parts.unwrap_or_default() {
        data.set(&name, Value::Text(value));
    }
    data.set("sys", sys(&function.name));
    // Seen: base64, whatever function.json says.
    (base64(bytes), data)
}

/// The value of a timer trigger: `due` is when it should run, `last` when it last ran. The host
/// keeps no status of a schedule more frequent than a minute.
pub fn timer_value(schedule: &Schedule, due: Option<Date>, last: Option<Date>) -> Json {
    let never = "0001-01-01T00:00:00+00:00".to_owned();
    let at = |date: Option<Date>| date.map_or(never.clone(), |date| date.offset().iso());
    let status = match schedule.is_more_frequent_than_a_minute(due.unwrap_or_else(Date::now)) {
        true => Json::Null,
        false => json!({"Last": at(last), "Next": at(due), "LastUpdated": at(last)}),
    };
    let adjusts = matches!(schedule, Schedule::Cron(_));
    json!({"Schedule": {"AdjustForDST": adjusts}, "ScheduleStatus": status, "IsPastDue": false})
}

/// The trigger's value and the binding data for a timer's first run. Members in `given` replace the
/// host's. Errors if the schedule is wrong.
pub fn timer(function: &Function, given: &Given) -> Result<(String, Data), String> {
    let schedule = Schedule::parse(function.trigger().text("schedule"))?;
    let mut value = timer_value(&schedule, schedule.next(Date::now()), None);
    if let Given::Json(Json::Object(members)) = given {
        for (name, member) in members {
            value[name] = member.clone();
        }
    }
    let data = Data::from([("sys", sys(&function.name))]);
    Ok((value.to_string(), data))
}

/// The trigger's value and the binding data for all other triggers.
pub fn other(function: &Function, given: Given) -> (String, Data) {
    let (trigger, mut data) = (function.trigger(), Data::default());
    // Seen, in both of Event Grid's forms: a list as its JSON, once.
    if let Given::Json(event) = &given
        && trigger.is("eventGridTrigger")
    {
        let inner = match event {
            Json::Array(events) => events.iter().map(|event| event["data"].clone()).collect(),
            event => event["data"].clone(),
        };
        if event.is_array() || inner.is_object() {
            data.set("data", Value::from(&inner));
        }
    }
    data.set("sys", sys(&function.name));
    if let Given::Json(Json::String(text)) = &given {
        data.set_members(text);
    }
    (value_of(trigger, given), data)
}

/// An input's value as JSON. Seen: a missing one is the text `null`.
pub fn input(binding: &Binding, given: Option<Given>) -> String {
    given.map_or_else(|| quoted("null"), |given| value_of(binding, given))
}

/// An object as it is, bytes as base64, any other value as a text of its JSON.
fn value_of(binding: &Binding, given: Given) -> String {
    if binding.says("dataType", "binary") {
        return base64(&bytes_of(given));
    }
    let value = match given {
        Given::Json(value) => value,
        Given::Bytes(bytes) => {
            // A blob is its text; a file for rows or documents has JSON.
            let text = String::from_utf8_lossy(&bytes);
            match text.parse() {
                Ok(json @ (Json::Object(_) | Json::Array(_))) if !binding.is("blob") => json,
                _ => text.into(),
            }
        }
    };
    match value {
        Json::String(text) => twice(&text),
        // Rows are always a list.
        row @ Json::Object(_) if binding.is("table") => quoted(&format!("[{row}]")),
        value @ Json::Object(_) => value.to_string(),
        value => quoted(&value.to_string()),
    }
}

/// The bytes of a text, or of JSON as text.
pub fn bytes_of(given: Given) -> Vec<u8> {
    match given {
        Given::Bytes(bytes) => bytes,
        Given::Json(Json::String(text)) => text.into_bytes(),
        Given::Json(value) => value.to_string().into_bytes(),
    }
}
