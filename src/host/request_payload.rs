//! What the host posts for an invocation: the documentation's "Request payload", in the forms in
//! which hosts send it.

use super::base64;
use super::datum::{self, Datum, Members, Text};
use super::error::Refusal;
use super::invocation::Invocation;
use super::request::{HttpRequest, Texts, named};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Unexpected, Visitor,
};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The name of every HTTP trigger, as in the documentation and in func's own templates.
const HTTP_TRIGGER: &str = "req";

/// From this length on, in bytes, a payload is read so that it takes little memory.
const LARGE_BYTES: usize = 1024 * 1024;

/// Reads the payload of an invocation whose trigger is the binding `trigger`. Errors, with a
/// sentence that says what is wrong, if it is not the invocation form or lacks the trigger's value.
pub fn read_invocation<'a>(
    payload: &'a [u8],
    trigger: &str,
    id: &'a str,
) -> Result<Invocation<'a>, String> {
    let (value, _, mut invocation) = read(payload, &["Data", trigger], id)?;
    invocation.trigger = match value {
        Some(Value::Json(json)) if json.get() != "null" => {
            datum::read(json).map_err(|error| format!("Data.{trigger}: {error}"))?
        }
        Some(_) => return Err(without_trigger(trigger, "null")),
        None => return Err(without_trigger(trigger, "missing")),
    };
    Ok(invocation)
}

/// Reads the payload of an HTTP-triggered invocation. Errors as [`read_invocation`] does.
pub fn read_http_request<'a>(payload: &'a [u8], id: &'a str) -> Result<HttpRequest<'a>, String> {
    let (body, request, invocation) = read(payload, &["Data", HTTP_TRIGGER, "Body"], id)?;
    let request = request.ok_or_else(|| without_trigger(HTTP_TRIGGER, "missing"))?;
    let member = |name| request.get(name).filter(|json| json.get() != "null");
    let is_wrong = |name| move |error| format!("Data.req.{name}: {error}");
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
        Some(json) if json.get().starts_with('"') => text("Query")?.unwrap_or_default(),
        json => Cow::Borrowed(json.map_or("{}", RawValue::get)),
    };
    self::texts(&query).map_err(is_wrong("Query"))?;
    let body = match body {
        Some(Value::Text(text)) => text,
        Some(Value::Json(json)) if json.get() != "null" => {
            Some(datum::text(json).map_err(is_wrong("Body"))?)
        }
        _ => None,
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

fn without_trigger(trigger: &str, what: &str) -> String {
    format!("Data.{trigger}, the trigger's value, is {what}")
}

/// Reads the value to which the names in `path` lead. Gives it, the other members of the HTTP
/// request if the path leads into one, and the invocation without its trigger.
fn read<'a>(
    payload: &'a [u8],
    path: &[&str],
    id: &'a str,
) -> Result<(Option<Value<'a>>, Option<Members<'a>>, Invocation<'a>), String> {
    let payload = std::str::from_utf8(payload)
        .map_err(|error| format!("the payload is not UTF-8: {error}"))?;
    if payload.starts_with('\u{feff}') {
        return Err("the payload starts with a byte-order mark".into());
    }
    let mut found = Found::default();
    let object = Object {
        path,
        depth: 0,
        as_text: path.len() > 2 && payload.len() < LARGE_BYTES,
        found: &mut found,
    };
    let mut json = serde_json::Deserializer::from_str(payload);
    let read = object.deserialize(&mut json);
    read.and_then(|()| json.end())
        .map_err(|error| format!("the payload is not an invocation: {error}"))?;
    let [payload, data, request] = found.others;
    let invocation = Invocation {
        id,
        trigger: Datum::default(),
        inputs: data.ok_or("the payload is not an invocation: Data is missing")?,
        metadata: payload.and_then(|payload| payload.get("Metadata")),
    };
    Ok((found.value, request, invocation))
}

/// What [`Object`] finds.
#[derive(Default)]
struct Found<'a> {
    /// The members that the path does not name: of the payload, of `Data`, of the HTTP request.
    others: [Option<Members<'a>>; 3],
    /// The value at the end of the path.
    value: Option<Value<'a>>,
}

enum Value<'a> {
    Json(&'a RawValue),
    /// A text, or `null`.
    Text(Option<Cow<'a, str>>),
}

/// Reads an object: the member that is next in the path, and the others as the JSON that they are.
/// At the end of the path it reads the value itself.
struct Object<'p, 'f, 'a> {
    path: &'p [&'p str],
    /// How many names of the path lead here.
    depth: usize,
    /// Whether the value is read as text in the same pass, which takes more memory.
    as_text: bool,
    found: &'f mut Found<'a>,
}

impl Object<'_, '_, '_> {
    fn here(&self) -> String {
        match &self.path[..self.depth] {
            [] => "the payload".into(),
            path => path.join("."),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if self.depth < self.path.len() {
            return json.deserialize_any(self);
        }
        self.found.value = Some(if self.as_text {
            let text = Option::<Text>::deserialize(json)
                .map_err(|error| D::Error::custom(format_args!("{}: {error}", self.here())))?;
            Value::Text(text.map(|Text(text)| text))
        } else {
            Value::Json(Deserialize::deserialize(json)?)
        });
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
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
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
                return Err(A::Error::custom(why));
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

/// The members of a JSON object as texts. Each text of a list, such as the values of a header,
/// comes with the member's name; `null` gives no text.
pub fn texts(object: &str) -> serde_json::Result<Texts<'_>> {
    let mut read = Texts::new();
    for (name, value) in serde_json::from_str::<Members>(object)?.0 {
        let values = match value.get().as_bytes() {
            [b'[', ..] => serde_json::from_str(value.get())?,
            _ => vec![value],
        };
        if values.is_empty() {
            read.push((name.clone(), Some(Cow::Borrowed(""))));
        }
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

/// The body as the caller sent it, or a refusal if the host has damaged it. Errors if it should be
/// base64 and is not.
fn http_body<'a>(
    headers: &Texts,
    body: Option<Cow<'a, str>>,
) -> Result<Result<Cow<'a, [u8]>, Refusal>, String> {
    let header = |name| named(headers, name).next();
    let refuse = |status, message: &'static str| Ok(Err(Refusal::new(status, message)));
    let Some(text) = body else {
        // The host reads a body only if there is a Content-Length [HttpRequestExtensions.cs].
        let message = "a chunked upload arrives without its body: send a Content-Length";
        return match header("Transfer-Encoding") {
            Some(_) => refuse(411, message),
            None => Ok(Ok(Cow::Borrowed(b""))),
        };
    };
    let declared = header("Content-Length").and_then(|length| length.trim().parse().ok());
    let is_damaged = text.contains('\u{fffd}');
    let kind = header("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    // If the Content-Type is not well-formed, the host passes the body on as text. Then the
    // declared length is that of the text.
    let is_text = declared == Some(text.len()) || is_damaged;
    if kind == "application/octet-stream" || kind.contains("multipart/") {
        match base64::decode(&text) {
            Some(bytes) if declared != Some(text.len()) => return Ok(Ok(Cow::Owned(bytes))),
            _ if is_text => {}
            _ => {
                let what = "not base64, as it has to be for the Content-Type";
                return Err(format!("Data.req.Body: {what} {kind}"));
            }
        }
    }
    // The host decodes any other body as UTF-8. Each byte that is not UTF-8 becomes U+FFFD, which
    // is three bytes long. It drops a byte-order mark, which is three bytes long too.
    let is_whole = |length| length == text.len() || length == text.len() + 3;
    if is_damaged && header("Content-Length").is_some() && !declared.is_some_and(is_whole) {
        let message =
            "the body is not UTF-8 and has been damaged: send binary as application/octet-stream";
        return refuse(415, message);
    }
    Ok(Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_in_is_shown_by_names_and_lengths() {
        let payload = r#"{"Data":{"req":{"Url":"http://a/?code=KEY","Headers":{"x-functions-key":["KEY"],"Content-Length":["3"]},
            "Body":"KEY"},"item":"KEY","more":"\"KEY\""},"Metadata":{"Headers":{"x-functions-key":"KEY"}}}"#;
        let request = read_http_request(payload.as_bytes(), "id").expect("a request");
        let invocation = read_invocation(payload.as_bytes(), "item", "id").expect("an invocation");
        let input = invocation.input("more").expect("an input");
        let shown = format!("{request:?} {invocation:?} {input:?}");
        let parts = "x-functions-key|Ok(3)|\"more\": 9|trigger: Datum(3)|Some(Datum(3))|Some(37)";
        for part in parts.split('|') {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("KEY"), "{shown}");
    }
}
