//! What a function gets for any trigger but HTTP: the trigger's value, other inputs, metadata.

use super::base64;
use super::error::{Error, Result};
use super::payload;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// One value that came in: a queue message, an input binding, metadata.
///
/// The host JSON-encodes every such value that is not an object once more, the documentation shows it plain; here both
/// have become the value itself.
#[derive(Debug, Default)]
pub struct Datum<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) form: Form,
}

/// In which form a value came. The host sends bytes as one JSON string, and a text as a JSON string in a string.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Form {
    /// A JSON string.
    Once,
    /// A JSON string in a JSON string.
    Twice,
    /// Any other JSON.
    #[default]
    Json,
}

impl Datum<'_> {
    /// The value as text: a text itself, anything else as its JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value read as JSON. Errors when it is not JSON, or not that of a `T`.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        match serde_json::from_str(&self.text) {
            Ok(value) => Ok(value),
            Err(error) => Err(Error::fail(format!("the value is not the JSON expected: {error}"))),
        }
    }

    /// The bytes of a value that the host sends as base64: a blob trigger's, whatever its function.json says, and that of any
    /// binding with `"dataType": "binary"`.
    ///
    /// Errors when the value came as text, or as JSON. Nothing is guessed: a text that looks like base64 is a text.
    #[track_caller]
    pub fn binary(&self) -> Result<Vec<u8>> {
        let came_as = match (&self.form, base64::decode(&self.text)) {
            (Form::Once, Some(bytes)) => return Ok(bytes),
            (Form::Json, _) => "JSON",
            _ => "text",
        };
        Err(Error::fail(format!(
            "the value came as {came_as}, not as bytes: add \"dataType\": \"binary\" to its binding in function.json"
        )))
    }

    /// Whether it stands for a value that is not there: `null`, or the string `"null"`, as which the host sends a blob that does
    /// not exist.
    fn is_absent(&self) -> bool {
        self.form != Form::Twice && self.text == "null"
    }
}

/// An invocation of a function by any trigger but HTTP; for HTTP it is part of the [`HttpRequest`](crate::HttpRequest).
#[derive(Debug)]
pub struct Invocation<'a> {
    /// The host's id for it (`X-Azure-Functions-InvocationId`); empty where the caller, not being a host, sent none.
    pub id: &'a str,
    /// The trigger's value: the queue message, the timer's state and so on. Empty for HTTP, where it is the request.
    pub trigger: Datum<'a>,
    /// The other members of `Data`.
    pub(crate) inputs: payload::Members<'a>,
    pub(crate) metadata: Option<&'a RawValue>,
}

impl Invocation<'_> {
    /// The value of the input binding `name`; `None` where there is nothing to read, such as a blob that does not exist.
    /// Errors when no input has this name.
    #[track_caller]
    pub fn input(&self, name: &str) -> Result<Option<Datum<'_>>> {
        let Some(json) = self.inputs.get(name) else {
            return Err(Error::fail(format!("no input has the name {name:?}: {}", listed(self.inputs.names()))));
        };
        match payload::datum(json) {
            Ok(datum) => Ok(Some(datum).filter(|datum| !datum.is_absent())),
            Err(error) => Err(Error::fail(format!("the input {name}: {error}"))),
        }
    }

    /// A member of the trigger's metadata (`Id`, `DequeueCount` ...); `None` where it is absent. Errors when it is there and not
    /// a `T`.
    ///
    /// Take it as a hint: the host also puts the top-level members of a JSON message there, and those win. So a caller may put a
    /// `DequeueCount` of its own, of any kind, into a message. Where that must not fail the invocation, take a member of the
    /// wrong kind as absent: `invocation.metadata("DequeueCount").ok().flatten()`.
    #[track_caller]
    pub fn metadata<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let members = self.metadata.and_then(|json| serde_json::from_str::<payload::Members>(json.get()).ok());
        let Some(json) = members.as_ref().and_then(|members| members.get(name)).filter(|json| json.get() != "null")
        else {
            return Ok(None);
        };
        let value = payload::datum(json).and_then(|datum| {
            let text = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(datum.text());
            T::deserialize(text).or_else(|_| serde_json::from_str(datum.text()))
        });
        match value {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Error::fail(format!("the metadata {name} is not of the kind expected: {error}"))),
        }
    }
}

/// "there are: a, b" or "there are none", for errors.
pub(crate) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    match names.collect::<Vec<_>>() {
        names if names.is_empty() => "there are none".into(),
        names => format!("there are: {}", names.join(", ")),
    }
}
