//! What a function gets: the invocation, and for an HTTP trigger the request that caused it.

use super::response::{Error, Refusal, Result};
use super::url;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One value that came in: a queue message, an input binding, metadata.
///
/// The host JSON-encodes every such value that is not an object once more, the documentation shows it plain; here both
/// have become the value itself.
#[derive(Debug, Default)]
pub struct Datum<'a>(Cow<'a, str>);

impl<'a> Datum<'a> {
    /// The value as text: a text itself, anything else as its JSON.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The UTF-8 bytes of [`text`](Self::text). (A binding with `dataType: binary` gets base64 of its bytes as text.)
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The value read as JSON. Errors when it is not JSON, or not that of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.0)
            .map_err(|error| Error::fail(format!("the value is not the JSON expected: {error}")))
    }

    /// Reads a member of `Data` or `Metadata`. A JSON string in it that parses whole as a JSON string again is the host's
    /// form. Errors on a string that is no Unicode (a lone surrogate escape).
    pub(crate) fn from_json(json: &'a RawValue) -> serde_json::Result<Self> {
        let once = plain_text(json)?;
        // Neither form has white space around a string; where a plain text has some, it is part of the text.
        let is_string = |text: &str| text.starts_with('"') && text.ends_with('"');
        match serde_json::from_str(&once) {
            Ok(twice) if is_string(&once) => Ok(Self(Cow::Owned(twice))),
            _ => Ok(Self(once)),
        }
    }
}

/// The text of a JSON string, or anything else as its JSON.
pub(crate) fn plain_text(json: &RawValue) -> serde_json::Result<Cow<'_, str>> {
    if json.get().starts_with('"') {
        serde_json::from_str(json.get()).map(|Text(text)| text)
    } else {
        Ok(Cow::Borrowed(json.get()))
    }
}

/// A JSON string, borrowed where it holds no escapes.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// The members of a JSON object, each value as the JSON that it is.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The member's value. Of several members of the same name the last counts, as for most readers of JSON.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    pub fn into_iter(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.0.into_iter()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> std::result::Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Text(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        json.deserialize_map(Object)
    }
}

/// An invocation of a function by any trigger but HTTP; for HTTP it is part of the [`HttpRequest`].
#[derive(Debug)]
pub struct Invocation<'a> {
    /// The host's id for it (`X-Azure-Functions-InvocationId`); empty where the caller, not being a host, sent none.
    pub id: &'a str,
    /// The trigger's value: the queue message, the timer's state and so on. Empty for HTTP, where it is the request.
    pub trigger: Datum<'a>,
    pub(crate) data: Members<'a>,
    pub(crate) metadata: Option<&'a RawValue>,
}

impl Invocation<'_> {
    /// The value of the input binding `name`, or `None` where the host sent none.
    pub fn input(&self, name: &str) -> Option<Datum<'_>> {
        Datum::from_json(self.data.get(name)?).ok()
    }

    /// A member of the trigger's metadata (`Id`, `DequeueCount` ...), or `None` where it is absent or no `T`.
    ///
    /// Take it as a hint: the host also puts the top-level members of a JSON message there, and those win. A message
    /// with an `Id` of its own replaces the queue's.
    pub fn metadata<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let members: Members = serde_json::from_str(self.metadata?.get()).ok()?;
        let datum = Datum::from_json(members.get(name).filter(|value| value.get() != "null")?).ok()?;
        let text = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(datum.text());
        T::deserialize(text).ok().or_else(|| datum.json().ok())
    }
}

/// Names and their texts: headers, a query, route parameters.
pub(crate) type Texts<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// The first text of the name, which is written in any case.
pub(crate) fn named<'t>(texts: &'t Texts, name: &str) -> Option<&'t str> {
    texts.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, text)| &**text)
}

/// The request of an HTTP trigger, the same in each form in which the host passes it on.
#[derive(Debug)]
pub struct HttpRequest<'a> {
    /// The method in capitals: `GET`.
    pub method: Cow<'a, str>,
    /// The invocation that it caused: id, metadata, other input bindings.
    pub invocation: Invocation<'a>,
    pub(crate) query_string: Cow<'a, str>,
    pub(crate) query: Texts<'a>,
    pub(crate) params: Texts<'a>,
    pub(crate) headers: Texts<'a>,
    pub(crate) body: std::result::Result<Cow<'a, [u8]>, Refusal>,
}

impl HttpRequest<'_> {
    /// The first value of `name` in the query, decoded; what is not UTF-8 is U+FFFD.
    pub fn query(&self, name: &str) -> Option<String> {
        let value = || self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_string());
        url::query_value(&self.query_string, name).or_else(value)
    }

    /// The value of the route's segment `{name}`, decoded.
    pub fn param(&self, name: &str) -> Option<&str> {
        named(&self.params, name)
    }

    /// The first value of the header `name`, which is written in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        named(&self.headers, name)
    }

    /// The body as the caller sent it; empty where there is none.
    ///
    /// Errors with a refusal, to be passed on with `?`, when the host has damaged the body on its way: a chunked upload,
    /// which arrives without its body (411), and bytes that were not UTF-8 (415).
    pub fn body(&self) -> Result<&[u8]> {
        self.body.as_deref().map_err(|refusal| refusal.clone().into())
    }

    /// The body as [`body`](Self::body) gives it, without a copy where it is large.
    pub fn into_body(self) -> Result<Vec<u8>> {
        Ok(self.body?.into_owned())
    }

    /// The body as text; refuses the caller (415) where it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(self.body()?)
            .map_err(|error| Error::refuse(415, format!("the body must be text in UTF-8: {error}")))
    }

    /// The body read as JSON; refuses the caller (400) where it is not JSON, or not that of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.text()?)
            .map_err(|error| Error::refuse(400, format!("the body is not the JSON expected: {error}")))
    }
}
