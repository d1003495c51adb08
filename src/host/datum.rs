//! Values that came in, whatever the form in which the host sent them.

use super::base64;
use super::response::Result;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One value that came in: a queue message, an input binding. The host sends all but objects as
/// JSON in a JSON string, the documentation shows plain JSON. In both cases this is the value.
#[derive(Default)]
pub struct Datum<'a> {
    pub(crate) text: Cow<'a, str>,
    /// How many times it was encoded as a JSON string. The host does that once with bytes, twice
    /// with a text, and never with an object.
    pub(crate) strings: u8,
}

/// Only the length: what came in does not get into a log by `{:?}`.
impl fmt::Debug for Datum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Datum({})", self.text.len())
    }
}

impl Datum<'_> {
    /// The value as text: a text itself, anything else as its JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value read as JSON. Errors if it is not JSON, or not that of a `T`.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let value = serde_json::from_str(&self.text);
        Ok(value.map_err(|error| format!("the value is not the JSON expected: {error}"))?)
    }

    /// The bytes of a value that the host sends as base64: that of a blob trigger, and of any
    /// binding with `"dataType": "binary"`. Errors if it came as text, even one that looks like
    /// base64, or as JSON.
    #[track_caller]
    pub fn binary(&self) -> Result<Vec<u8>> {
        if self.strings == 1
            && let Some(bytes) = base64::decode(&self.text)
        {
            return Ok(bytes);
        }
        const DECLARE: &str = "add \"dataType\": \"binary\" to its binding in function.json";
        const FOLLOW: &str = "it is a reference to the data, which no custom handler can follow: \
                              delete supportsDeferredBinding from its binding in function.json";
        let is_json = || serde_json::from_str::<&RawValue>(&self.text).is_ok();
        let (came_as, write) = if self.text.starts_with('[') && is_json() {
            ("a list", "read it by .json::<Vec<T>>()")
        } else if self.strings > 0 {
            ("text", DECLARE)
        } else if self.is_reference() {
            ("JSON", FOLLOW)
        } else {
            ("JSON", DECLARE)
        };
        Err(format!("the value came as {came_as}, not as bytes: {write}").into())
    }

    /// Whether it is what the host sends with `supportsDeferredBinding`: where the data is.
    fn is_reference(&self) -> bool {
        let Ok(members) = serde_json::from_str::<Members>(&self.text) else {
            return false;
        };
        let names = ["Version", "Source", "Content", "ContentType"];
        names.iter().all(|name| members.get(name).is_some())
    }

    /// Whether it is `null`, or the string `"null"`, which the host sends for a missing blob: the
    /// base64 of 9E E9 65 counts as absent too.
    pub(crate) fn is_absent(&self) -> bool {
        self.strings < 2 && self.text == "null"
    }
}

/// The members of a JSON object, by default each value as JSON that is read later.
pub struct Members<'a, V = &'a RawValue>(pub Vec<(Cow<'a, str>, V)>);

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let members = self.0.iter().map(|(name, json)| (name, json.get().len()));
        f.debug_map().entries(members).finish()
    }
}

impl<'a> Members<'a> {
    /// The value of the last member of this name.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut from_last = self.0.iter().rev();
        let (_, value) = from_last.find(|(key, _)| key == name)?;
        Some(value)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Members<'a, V> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Members(Vec::with_capacity(8)))
    }
}

impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<'de, V> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self, A::Error> {
        while let Some((Text(name), value)) = members.next_entry()? {
            self.0.push((name, value));
        }
        Ok(self)
    }
}

/// A JSON string, borrowed if it holds no escapes.
#[derive(Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// The text of a JSON string. Errors if it is other JSON, or not Unicode (half a surrogate pair).
pub fn text(json: &RawValue) -> serde_json::Result<Cow<'_, str>> {
    const PIECE_BYTES: usize = 64 * 1024;
    let json = json.get();
    if json.len() <= PIECE_BYTES || !json.starts_with('"') || !json.contains('\\') {
        return serde_json::from_str(json).map(|Text(text)| text);
    }
    // serde_json unescapes into a buffer of its own. In pieces that buffer stays small.
    let mut rest = &json[1..json.len() - 1];
    let mut text = String::with_capacity(rest.len());
    while !rest.is_empty() {
        // An escape has 6 bytes at most: here none is cut.
        let is_between = |end: &usize| {
            rest.is_char_boundary(*end) && !rest.as_bytes()[*end - 6..*end].contains(&b'\\')
        };
        let end = (PIECE_BYTES..rest.len()).find(is_between);
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        text += &serde_json::from_str::<Text>(&format!("\"{piece}\""))?.0;
        rest = after;
    }
    Ok(Cow::Owned(text))
}

/// Reads a member of `Data` or `Metadata`. Errors if it is a string that is not Unicode.
pub fn read(json: &RawValue) -> serde_json::Result<Datum<'_>> {
    let (mut text, mut strings) = (Cow::Borrowed(json.get()), 0);
    if text.starts_with('"') {
        (text, strings) = (self::text(json)?, 1);
        // The host's form has no white space around the inner string. A text with some is plain.
        if text.starts_with('"')
            && text.ends_with('"')
            && let Ok(inner) = serde_json::from_str(&text)
        {
            (text, strings) = (Cow::Owned(inner), 2);
        }
    }
    Ok(Datum { text, strings })
}
