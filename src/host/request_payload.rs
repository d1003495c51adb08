//! What the host posts for an invocation: the documentation's "Request payload", as hosts send it.

use super::base64;
use super::datum::{self, Members, Text};
use super::error::Error;
use super::invocation::Invocation;
use super::request::{HttpRequest, Texts, named};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Unexpected, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The name of every HTTP trigger, as in the documentation.
const HTTP_TRIGGER: &str = "req";

/// From this length on a payload is read so that it takes little memory.
const LARGE_BYTES: usize = 1024 * 1024;

/// Reads the payload of an invocation whose trigger is the binding `trigger`. Errors with what is
/// wrong if it is not the invocation form or lacks the trigger's value.
pub fn read_invocation<'a>(
    payload: &'a [u8],
    trigger: &str,
    id: &'a str,
) -> Result<Invocation<'a>, String> {
    let (mut invocation, found) = read(payload, &["Data", trigger], id)?;
    let json = found.json.ok_or_else(|| no_trigger(trigger, "missing"))?;
    if json.get() == "null" {
        return Err(no_trigger(trigger, "null"));
    }
    let datum = datum::read(json);
    invocation.trigger = datum.map_err(|error| format!("Data.{trigger}: {error}"))?;
    Ok(invocation)
}

fn no_trigger(trigger: &str, what: &str) -> String {
    format!("Data.{trigger}, the trigger's value, is {what}")
}

/// Reads the payload of an HTTP trigger's invocation.
pub fn read_http_request<'a>(payload: &'a [u8], id: &'a str) -> Result<HttpRequest<'a>, String> {
    let (invocation, found) = read(payload, &["Data", HTTP_TRIGGER, "Body"], id)?;
    let [.., request] = found.others;
    let request = request.ok_or_else(|| no_trigger(HTTP_TRIGGER, "missing"))?;
    let is_wrong = |name| move |error| format!("Data.req.{name}: {error}");
    let is_there = |json: &&RawValue| json.get() != "null";
    let member = |name| request.get(name).filter(is_there);
    let text = |name| {
        let text = member(name).map(datum::text).transpose();
        text.map_err(is_wrong(name))
    };
    let texts = |name| {
        let object = member(name).map_or("{}", RawValue::get);
        texts(object).map_err(is_wrong(name))
    };
    let query = match member("Query") {
        // As in the documentation and in older hosts.
        Some(json) if json.get().starts_with('"') => {
            let json = text("Query")?.unwrap_or_default();
            let query = self::texts(&json).map_err(is_wrong("Query"))?.into_iter();
            let owned = |text: Cow<str>| Cow::Owned(text.into_owned());
            let query = query.map(|(name, text)| (owned(name), text.map(owned)));
            query.collect()
        }
        _ => texts("Query")?,
    };
    let body = match (found.text, found.json.filter(is_there)) {
        (None, Some(json)) => Some(datum::text(json).map_err(is_wrong("Body"))?),
        (text, _) => text,
    };
    let headers = texts("Headers")?;
    Ok(HttpRequest {
        method: text("Method")?.unwrap_or(Cow::Borrowed("POST")),
        url: text("Url")?.unwrap_or_default(),
        query,
        params: texts("Params")?,
        body: http_body(&headers, body)?,
        headers,
        invocation,
    })
}

/// Reads the value to which `path` leads, and the invocation without its trigger.
fn read<'a>(
    payload: &'a [u8],
    path: &[&str],
    id: &'a str,
) -> Result<(Invocation<'a>, Found<'a>), String> {
    let payload = std::str::from_utf8(payload)
        .map_err(|error| format!("the payload is not UTF-8: {error}"))?;
    if payload.starts_with('\u{feff}') {
        return Err("the payload starts with a byte-order mark".into());
    }
    let not_one = |why: &dyn fmt::Display| format!("the payload is not an invocation: {why}");
    let mut found = Found::default();
    let object = Object {
        path,
        depth: 0,
        as_text: path.len() > 2 && payload.len() < LARGE_BYTES,
        found: &mut found,
    };
    let mut json = serde_json::Deserializer::from_str(payload);
    let read = object.deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| not_one(&error))?;
    let [payload, data, _] = &mut found.others;
    let inputs = data.take().ok_or_else(|| not_one(&"Data is missing"))?;
    let metadata = payload.take().and_then(|payload| payload.get("Metadata"));
    Ok((Invocation::new(id, inputs, metadata), found))
}

#[derive(Default)]
struct Found<'a> {
    /// The other members of the payload, of `Data`, and of the HTTP request.
    others: [Option<Members<'a>>; 3],
    /// The value at the end of the path, as JSON or text.
    json: Option<&'a RawValue>,
    text: Option<Cow<'a, str>>,
}

/// Reads an object: the member that is next in the path, or the value at its end, and the others as
/// JSON.
struct Object<'p, 'f, 'a> {
    path: &'p [&'p str],
    /// How many names of the path lead here.
    depth: usize,
    /// Whether the value is read as text in the same pass: faster, with more memory.
    as_text: bool,
    found: &'f mut Found<'a>,
}

impl Object<'_, '_, '_> {
    fn here(&self) -> String {
        match self.depth {
            0 => "the payload".into(),
            depth => self.path[..depth].join("."),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if self.depth < self.path.len() {
            return json.deserialize_any(self);
        }
        if self.as_text {
            let named = |error| de::Error::custom(format_args!("{}: {error}", self.here()));
            let text = Option::<Text>::deserialize(json).map_err(named)?;
            self.found.text = text.map(|Text(text)| text);
        } else {
            self.found.json = Some(Deserialize::deserialize(json)?);
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.depth {
            0 => f.write_str("an object"),
            _ => write!(f, "{} to be an object", self.here()),
        }
    }

    // Without the text itself, which may hold a caller's key.
    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::invalid_type(Unexpected::Other("string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (mut others, mut is_there) = (Members(Vec::with_capacity(8)), false);
        while let Some(Text(name)) = members.next_key()? {
            if name != self.path[self.depth] {
                others.0.push((name, members.next_value()?));
                continue;
            }
            if std::mem::replace(&mut is_there, true) {
                let why = format!("{} has the member {name} twice", self.here());
                return Err(de::Error::custom(why));
            }
            members.next_value_seed(Object {
                depth: self.depth + 1,
                found: self.found,
                ..self
            })?;
        }
        self.found.others[self.depth] = Some(others);
        Ok(())
    }
}

/// The members of a JSON object as texts. Each text of a list, such as a header's, comes with the
/// member's name; `null` gives no text.
fn texts(object: &str) -> serde_json::Result<Texts<'_>> {
    let mut read = Texts::new();
    for (name, value) in serde_json::from_str::<Members>(object)?.0 {
        let values = match value.get().as_bytes() {
            [b'[', ..] => serde_json::from_str(value.get())?,
            _ => vec![value],
        };
        for value in values {
            let text = match value.get() {
                "null" => None,
                text if text.starts_with('"') => Some(datum::text(value)?),
                json => Some(Cow::Borrowed(json)),
            };
            read.push((name.clone(), text));
        }
    }
    Ok(read)
}

/// The body as the caller sent it, or a refusal if the host has damaged it. Errors if it is not
/// base64 and should be.
fn http_body<'a>(
    headers: &Texts,
    text: Option<Cow<'a, str>>,
) -> Result<Result<Cow<'a, [u8]>, Error>, String> {
    let header = |name| named(headers, name).next();
    let refuse = |status, message: &'static str| Ok(Err(Error::refuse(status, message)));
    let Some(text) = text else {
        // The host reads a body only if there is a Content-Length [HttpRequestExtensions.cs].
        let message = "a chunked upload arrives without its body: send a Content-Length";
        return match header("Transfer-Encoding") {
            Some(_) => refuse(411, message),
            None => Ok(Ok(Cow::Borrowed(b""))),
        };
    };
    let length = header("Content-Length");
    let declared = length.and_then(|length| length.trim().parse().ok());
    let is_damaged = text.contains('\u{fffd}');
    let kind = header("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    let is_binary = kind == "application/octet-stream" || kind.contains("multipart/");
    // The host passes it on as text if the Content-Type is not well-formed. Then it has the length
    // that was declared.
    if is_binary && declared != Some(text.len()) {
        match base64::decode(&text) {
            Some(bytes) => return Ok(Ok(Cow::Owned(bytes))),
            None if is_damaged => {}
            None => {
                let what = "not base64, as it has to be for the Content-Type";
                return Err(format!("Data.req.Body: {what} {kind}"));
            }
        }
    }
    // The host decodes any other body as UTF-8. Each byte that is not becomes U+FFFD, three bytes
    // long. It drops a byte-order mark, which has three bytes too.
    let is_whole = |length| length == text.len() || length == text.len() + 3;
    if is_damaged && length.is_some() && !declared.is_some_and(is_whole) {
        let message =
            "the body is not UTF-8 and has been damaged: send binary as application/octet-stream";
        return refuse(415, message);
    }
    Ok(Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }))
}
