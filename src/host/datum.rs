//! One value that came in, whatever the form in which the host has sent it.

use super::base64;
use super::error::Error;
use super::response::Result;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One value that came in: a queue message, an input binding, metadata.
///
/// The host JSON-encodes every such value that is not an object once more, the documentation shows
/// it plain; here both have become the value itself.
#[derive(Debug, Default)]
pub struct Datum<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) form: Form,
}

/// In which form a value came. The host sends bytes as one JSON string, and a text as a JSON string
/// in a string.
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
            Err(error) => Err(Error::fail(format!(
                "the value is not the JSON expected: {error}"
            ))),
        }
    }

    /// The bytes of a value that the host sends as base64: a blob trigger's, whatever its
    /// function.json says, and that of any binding with `"dataType": "binary"`.
    ///
    /// Errors when the value came as text, or as JSON. Nothing is guessed: a text that looks like
    /// base64 is a text.
    #[track_caller]
    pub fn binary(&self) -> Result<Vec<u8>> {
        let came_as = match (&self.form, base64::decode(&self.text)) {
            (Form::Once, Some(bytes)) => return Ok(bytes),
            _ if self.text.starts_with('[')
                && serde_json::from_str::<&RawValue>(&self.text).is_ok() =>
            {
                "a list"
            }
            (Form::Json, _) => "JSON",
            _ => "text",
        };
        let write = match came_as {
            "a list" => "read it by .json::<Vec<T>>()",
            "JSON" if self.is_reference() => {
                "it is a reference to the data, which no custom handler can follow: delete supportsDeferredBinding from its binding in function.json"
            }
            _ => "add \"dataType\": \"binary\" to its binding in function.json",
        };
        Err(Error::fail(format!(
            "the value came as {came_as}, not as bytes: {write}"
        )))
    }

    /// Whether it is what the host sends with `supportsDeferredBinding`: where the data is.
    fn is_reference(&self) -> bool {
        let members: Members = serde_json::from_str(&self.text).unwrap_or_default();
        let has = |name: &str| members.get(name).is_some();
        ["Version", "Source", "Content", "ContentType"]
            .into_iter()
            .all(has)
    }

    /// Whether it stands for a value that is not there: `null`, or the string `"null"`, as which
    /// the host sends a blob that does not exist.
    pub(crate) fn is_absent(&self) -> bool {
        self.form != Form::Twice && self.text == "null"
    }
}

/// A JSON string, borrowed where it holds no escapes.
#[derive(Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// The members of a JSON object, each value as the JSON that it is.
#[derive(Debug, Default)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The member's value. Of several members of the same name the last counts.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// The members' names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct AnyObject;
        impl<'de> Visitor<'de> for AnyObject {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Text(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        json.deserialize_map(AnyObject)
    }
}

/// Reads a member of `Data` or `Metadata`. Errors on a string that is no Unicode (a lone surrogate
/// escape).
pub fn read(json: &RawValue) -> serde_json::Result<Datum<'_>> {
    if json.get().starts_with('"') {
        serde_json::from_str(json.get()).map(|Text(text)| decoded(text))
    } else {
        Ok(Datum {
            text: Cow::Borrowed(json.get()),
            form: Form::Json,
        })
    }
}

/// The value of a JSON string in `Data` or `Metadata`. Where it parses whole as a JSON string
/// again, it is in the host's form.
pub fn decoded(text: Cow<str>) -> Datum {
    // Neither form has white space around a string; where a plain text has some, it is part of the
    // text.
    let is_string = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    match is_string.then(|| serde_json::from_str(&text)) {
        Some(Ok(twice)) => Datum {
            text: Cow::Owned(twice),
            form: Form::Twice,
        },
        _ => Datum {
            text,
            form: Form::Once,
        },
    }
}
