//! The captured payloads.

use crate::files;
use serde_json::Value as Json;
use stand_in::host::data::{Data, Value};
use stand_in::host::date::Date;

/// A captured payload.
pub struct Wire {
    pub text: String,
    pub json: Json,
}

/// Reads `wire/host-<name>.json`.
pub fn wire(name: &str) -> Wire {
    let path = format!("wire/host-{name}.json");
    let text = std::fs::read_to_string(files::template(&path)).expect("a capture");
    let (text, json) = (text.trim_end().to_owned(), files::json(&path));
    Wire { text, json }
}

impl Wire {
    /// A text in its metadata, without the quotes of the text in it.
    pub fn text(&self, pointer: &str) -> &str {
        let text = self.json["Metadata"]
            .pointer(pointer)
            .and_then(Json::as_str);
        text.unwrap_or_else(|| panic!("no text {pointer}"))
            .trim_matches('"')
    }

    /// What differs each time, `sys`.
    pub fn sys(&self) -> Value {
        let text = |member: &str| self.text(&format!("/sys/{member}")).to_owned();
        Value::Members(Data::from([
            ("MethodName", Value::Text(text("MethodName"))),
            (
                "UtcNow",
                Value::DateTime(Date::parse(&text("UtcNow")).expect("a date")),
            ),
            ("RandGuid", Value::Text(text("RandGuid"))),
        ]))
    }
}
