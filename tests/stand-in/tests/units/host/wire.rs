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
    /// A text in the metadata, without the quotes in it.
    pub fn text(&self, pointer: &str) -> &str {
        let text = self.json["Metadata"]
            .pointer(pointer)
            .and_then(Json::as_str);
        text.unwrap_or_else(|| panic!("no text {pointer}"))
            .trim_matches('"')
    }

    /// The trigger's name, the first in `Data`.
    pub fn trigger(&self) -> &str {
        let data = self.json["Data"].as_object().expect("an object");
        data.keys().next().expect("a trigger")
    }

    /// `sys`, which differs each time.
    pub fn sys(&self) -> Value {
        let now = Date::parse(self.text("/sys/UtcNow")).expect("a date");
        Value::Members(Data::from([
            ("MethodName", self.text("/sys/MethodName").into()),
            ("UtcNow", Value::DateTime(now)),
            ("RandGuid", self.text("/sys/RandGuid").into()),
        ]))
    }
}
