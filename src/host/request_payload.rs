//! What the host posts for an invocation (the documentation's "Request payload", in the forms in
//! which running hosts send it).
//!
//! It is read in one pass: what a function gets is unescaped where it lies, all else is skipped.

use super::base64;
use super::datum::{self, Datum, Members, Text};
use super::error::Refusal;
use super::invocation::Invocation;
use super::request::{HttpRequest, Params, Texts, named};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The name of every HTTP trigger, as in the documentation and in func's own templates.
const HTTP_TRIGGER: &str = "req";

/// The deepest nesting of a request payload. What the host sends stays below 70: a message's own
/// members, which it copies to `Metadata`, it reads to 64 levels.
const MAX_DEPTH: usize = 128;

/// From this length on, in bytes, a payload's text takes as little memory as it can.
const LARGE_BYTES: usize = 1024 * 1024;

/// Reads the payload of an invocation whose trigger is the binding `trigger`. Errors, with a
/// sentence that names the member, when it is not the invocation form or lacks the trigger's value.
pub fn read_invocation<'a>(
    payload: &'a [u8],
    trigger: &'a str,
    id: &'a str,
) -> Result<Invocation<'a>, String> {
    let mut payload = Payload::new(payload, trigger)?;
    payload.read(false)?;
    let trigger = match payload.trigger {
        Some(Trigger::Text(text)) => datum::decoded(text),
        Some(Trigger::Json(json)) => {
            datum::read(json).map_err(|error| format!("Data.{trigger}: {error}"))?
        }
        _ => return Err(payload.without_trigger()),
    };
    Ok(Invocation {
        id,
        trigger,
        inputs: payload.inputs,
        metadata: payload.metadata,
    })
}

/// Reads the payload of an HTTP-triggered invocation. Errors as [`read_invocation`] does.
pub fn read_http_request<'a>(payload: &'a [u8], id: &'a str) -> Result<HttpRequest<'a>, String> {
    let mut payload = Payload::new(payload, HTTP_TRIGGER)?;
    payload.read(true)?;
    if !matches!(payload.trigger, Some(Trigger::Request)) {
        return Err(payload.without_trigger());
    }
    let query_string = match payload.url {
        Some(Cow::Borrowed(url)) => {
            Cow::Borrowed(url.split_once('?').map_or("", |(_, query)| query))
        }
        url => Cow::Owned(
            url.as_deref()
                .and_then(|url| url.split_once('?'))
                .map_or("", |(_, query)| query)
                .to_owned(),
        ),
    };
    let known = |texts: Params<'a>| {
        texts
            .into_iter()
            .map(|(name, text)| (name, text.unwrap_or_default()))
            .collect()
    };
    let headers = known(payload.headers);
    Ok(HttpRequest {
        method: payload.method.unwrap_or(Cow::Borrowed("POST")),
        query_string,
        query: known(payload.query),
        params: payload.params,
        body: http_body(&headers, payload.body)?,
        headers,
        invocation: Invocation {
            id,
            trigger: Datum::default(),
            inputs: payload.inputs,
            metadata: payload.metadata,
        },
    })
}

/// What is known of a payload while it is read. Of several members of the same name the last
/// counts, as for most readers of JSON.
struct Payload<'a> {
    text: &'a str,
    /// The name of the trigger's binding.
    name: &'a str,
    /// Where it is read, for errors: the names that lead there, those that are not empty.
    place: [&'a str; 3],
    has_data: bool,
    trigger: Option<Trigger<'a>>,
    inputs: Members<'a>,
    metadata: Option<&'a RawValue>,
    method: Option<Cow<'a, str>>,
    url: Option<Cow<'a, str>>,
    headers: Params<'a>,
    query: Params<'a>,
    params: Params<'a>,
    body: Option<Cow<'a, str>>,
}

/// What the trigger's value has been found to be.
enum Trigger<'a> {
    Null,
    /// An HTTP request, the members of which are in [`Payload`].
    Request,
    Text(Cow<'a, str>),
    Json(&'a RawValue),
}

impl<'a> Payload<'a> {
    fn new(bytes: &'a [u8], trigger: &'a str) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| format!("the payload is not UTF-8: {error}"))?;
        if text.starts_with('\u{feff}') {
            return Err("the payload starts with a byte-order mark".into());
        }
        Ok(Self {
            text,
            name: trigger,
            place: [""; 3],
            has_data: false,
            trigger: None,
            inputs: Members::default(),
            metadata: None,
            method: None,
            url: None,
            headers: Vec::new(),
            query: Vec::new(),
            params: Vec::new(),
            body: None,
        })
    }

    fn read(&mut self, is_http: bool) -> Result<(), String> {
        let mut json = serde_json::Deserializer::from_str(self.text);
        let read = Object {
            payload: self,
            level: Level::Payload,
            is_http,
        }
        .deserialize(&mut json);
        if let Err(error) = read.and_then(|()| json.end()) {
            let place = self.place.iter().filter(|name| !name.is_empty()).fold(
                String::new(),
                |place, name| {
                    let dot = if place.is_empty() { "" } else { "." };
                    place + dot + name
                },
            );
            let colon = if place.is_empty() { "" } else { ": " };
            return Err(format!(
                "the payload is not an invocation: {place}{colon}{error}"
            ));
        }
        if self.has_data {
            Ok(())
        } else {
            Err("the payload is not an invocation: Data is missing".into())
        }
    }

    /// Whether memory counts for more than time.
    fn is_large(&self) -> bool {
        self.text.len() > LARGE_BYTES
    }

    fn without_trigger(&self) -> String {
        let what = if self.trigger.is_some() {
            "null"
        } else {
            "missing"
        };
        format!("Data.{}, the trigger's value, is {what}", self.name)
    }

    /// Whether the value of the member `name`, which has just been read, is a string. A name
    /// without escapes is a part of the text, so its place is known; of any other it is not known.
    fn is_string_after(&self, name: &str) -> bool {
        let after = |name: &str| {
            let start = name.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
            let colon = self
                .text
                .get(start.wrapping_add(name.len())..)?
                .strip_prefix('"')?
                .trim_ascii_start();
            Some(colon.strip_prefix(':')?.trim_ascii_start().starts_with('"'))
        };
        after(name).unwrap_or_default()
    }
}

/// Which object of a payload is read: the payload itself, its `Data`, or the HTTP request in that.
#[derive(Clone, Copy)]
enum Level {
    Payload,
    Data,
    Request,
}

struct Object<'p, 'a> {
    payload: &'p mut Payload<'a>,
    level: Level,
    is_http: bool,
}

impl<'de> DeserializeSeed<'de> for Object<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.level {
            Level::Request => self.payload.trigger = Some(Trigger::Null),
            _ => return Err(E::invalid_type(Unexpected::Unit, &self)),
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self {
            payload,
            level,
            is_http,
        } = self;
        // A second `Data`, or a second request in it, is no part of the first.
        match level {
            Level::Payload => {}
            Level::Data => (payload.trigger, payload.inputs) = (None, Members::default()),
            Level::Request => {
                payload.trigger = Some(Trigger::Request);
                (payload.method, payload.url, payload.body) = (None, None, None);
                [
                    &mut payload.headers,
                    &mut payload.query,
                    &mut payload.params,
                ]
                .into_iter()
                .for_each(Vec::clear);
            }
        }
        loop {
            payload.place[level as usize] = "";
            let Some(Text(name)) = members.next_key()? else {
                return Ok(());
            };
            let mut at = |place: &'de str| payload.place[level as usize] = place;
            match (level, &*name) {
                (Level::Payload, "Data") => {
                    at("Data");
                    payload.has_data = true;
                    members.next_value_seed(Object {
                        payload,
                        level: Level::Data,
                        is_http,
                    })?;
                }
                (Level::Payload, "Metadata") => {
                    at("Metadata");
                    payload.metadata = Some(skip(&mut members, level)?);
                }
                (Level::Data, name) if name == payload.name => {
                    at(payload.name);
                    if is_http {
                        members.next_value_seed(Object {
                            payload,
                            level: Level::Request,
                            is_http,
                        })?;
                    } else if payload.is_string_after(name) {
                        let Text(text) = members.next_value()?;
                        payload.trigger = Some(Trigger::Text(text));
                    } else {
                        let json = skip(&mut members, level)?;
                        payload.trigger = Some(if json.get() == "null" {
                            Trigger::Null
                        } else {
                            Trigger::Json(json)
                        });
                    }
                }
                (Level::Data, _) => {
                    let json = skip(&mut members, level)?;
                    payload.inputs.0.push((name, json));
                }
                (Level::Request, "Method") => {
                    at("Method");
                    payload.method = text(&mut members)?;
                }
                (Level::Request, "Url") => {
                    at("Url");
                    payload.url = text(&mut members)?;
                }
                (Level::Request, "Body") => {
                    at("Body");
                    payload.body = if payload.is_large() {
                        large_text(&mut members)
                    } else {
                        text(&mut members)
                    }?;
                }
                (Level::Request, "Headers") => {
                    at("Headers");
                    payload.headers = members.next_value_seed(TextsOf)?;
                }
                (Level::Request, "Query") => {
                    at("Query");
                    payload.query = members.next_value_seed(TextsOf)?;
                }
                (Level::Request, "Params") => {
                    at("Params");
                    payload.params = members.next_value_seed(TextsOf)?;
                }
                _ => drop(skip(&mut members, level)?),
            }
        }
    }
}

fn text<'de, A: MapAccess<'de>>(members: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(members.next_value::<Option<Text>>()?.map(|Text(text)| text))
}

/// [`text`] in a third of the memory: serde_json unescapes a text into a buffer of its own, from
/// which it is copied, while the payload is there too. This goes through the text twice.
fn large_text<'de, A: MapAccess<'de>>(members: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    let json: &RawValue = members.next_value()?;
    match json
        .get()
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    {
        Some(text) if !text.contains('\\') => Ok(Some(Cow::Borrowed(text))),
        Some(text) => match unescaped(text) {
            Some(text) => Ok(Some(Cow::Owned(text))),
            None => Err(A::Error::custom("a lone surrogate")),
        },
        None if json.get() == "null" => Ok(None),
        None => Err(A::Error::custom("it is not a string")),
    }
}

/// A text in which each escape is known to be one; `None` where it holds half a surrogate pair.
fn unescaped(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let unit = |escape: &str| u16::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok();
        let (c, length) = match escape.as_bytes()[0] {
            b'u' => {
                let second = escape
                    .get(5..)
                    .and_then(|rest| unit(rest.strip_prefix('\\')?));
                let c = char::decode_utf16([unit(escape)?].into_iter().chain(second))
                    .next()?
                    .ok()?;
                (c, if c.len_utf16() == 2 { 11 } else { 5 })
            }
            b'b' => ('\u{8}', 1),
            b'f' => ('\u{c}', 1),
            b'n' => ('\n', 1),
            b'r' => ('\r', 1),
            b't' => ('\t', 1),
            itself => (char::from(itself), 1),
        };
        text.push(c);
        rest = escape.get(length..)?;
    }
    text.push_str(rest);
    Some(text)
}

/// A value that is not read now. serde_json skips it without a look at how deep it nests.
fn skip<'de, A: MapAccess<'de>>(members: &mut A, level: Level) -> Result<&'de RawValue, A::Error> {
    let json: &RawValue = members.next_value()?;
    let depth = MAX_DEPTH - 1 - level as usize;
    if is_deeper(json.get().as_bytes(), depth) {
        return Err(A::Error::custom(format_args!(
            "it is nested deeper than {MAX_DEPTH} levels"
        )));
    }
    Ok(json)
}

/// Whether the JSON nests deeper than `most` levels.
fn is_deeper(json: &[u8], most: usize) -> bool {
    let opens = |byte: u8| matches!(byte, b'{' | b'[');
    // Nearly always there are fewer brackets in all, those in texts included.
    if json.iter().filter(|byte| opens(**byte)).count() <= most {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for &byte in json {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if opens(byte) {
            depth += 1;
            if depth > most {
                return true;
            }
        } else {
            in_string = byte == b'"';
            depth = depth.saturating_sub(usize::from(matches!(byte, b'}' | b']')));
        }
    }
    false
}

/// The members of an object as texts: the values of a list, as a header's are, each with the name;
/// `null` is no text. The object may stand in a JSON string, as `Query` does in the documentation
/// and in older hosts.
struct TextsOf;

impl<'de> DeserializeSeed<'de> for TextsOf {
    type Value = Params<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Params<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextsOf {
    type Value = Params<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Params<'de>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Params<'de>, E> {
        let mut json = serde_json::Deserializer::from_str(text);
        let texts = json
            .deserialize_map(TextsOf)
            .and_then(|texts| json.end().map(|()| texts))
            .map_err(E::custom)?;
        let owned = |text: Cow<str>| Cow::Owned(text.into_owned());
        Ok(texts
            .into_iter()
            .map(|(name, text)| (owned(name), text.map(owned)))
            .collect())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Params<'de>, A::Error> {
        let mut texts = Vec::with_capacity(8);
        while let Some(Text(name)) = members.next_key()? {
            let before = texts.len();
            members.next_value_seed(ValuesOf {
                name: &name,
                texts: &mut texts,
            })?;
            if texts.len() == before {
                texts.push((name, Some(Cow::Borrowed(""))));
            }
        }
        Ok(texts)
    }
}

struct ValuesOf<'t, 'de> {
    name: &'t Cow<'de, str>,
    texts: &'t mut Params<'de>,
}

impl<'de> ValuesOf<'_, 'de> {
    fn push(self, text: Option<Cow<'de, str>>) {
        self.texts.push((self.name.clone(), text));
    }
}

impl<'de> DeserializeSeed<'de> for ValuesOf<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValuesOf<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.push(None);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.push(Some(Cow::Borrowed(if value { "true" } else { "false" })));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.push(Some(Cow::Owned(value.to_string())));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.push(Some(Cow::Owned(value.to_string())));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.push(Some(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.push(Some(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements
            .next_element_seed(ValuesOf {
                name: self.name,
                texts: self.texts,
            })?
            .is_some()
        {}
        Ok(())
    }
}

/// The body as the caller sent it, or the refusal of one that the host has already damaged.
/// Errors where it should be base64 and is not.
fn http_body<'a>(
    headers: &Texts,
    body: Option<Cow<'a, str>>,
) -> Result<std::result::Result<Cow<'a, [u8]>, Refusal>, String> {
    let header = |name| named(headers, name).next();
    let refuse = |status, message| {
        Ok(Err(Refusal {
            status,
            message: Cow::Borrowed(message),
        }))
    };

    let Some(text) = body else {
        // The host reads a body only where there is a Content-Length [HttpRequestExtensions.cs].
        return match header("Transfer-Encoding") {
            Some(_) => refuse(
                411,
                "a chunked upload arrives without its body: send a Content-Length",
            ),
            None => Ok(Ok(Cow::Borrowed(b""))),
        };
    };
    let length = header("Content-Length").map(|length| length.trim().parse());
    let kind = header("Content-Type")
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    if kind == "application/octet-stream" || kind.contains("multipart/") {
        match base64::decode(&text) {
            Some(bytes) if length != Some(Ok(text.len())) => return Ok(Ok(Cow::Owned(bytes))),
            // To the host a Content-Type that is not well-formed is a text's.
            _ if length == Some(Ok(text.len())) || text.contains('\u{fffd}') => {}
            _ => {
                return Err(format!(
                    "Data.req.Body: not base64, as it has to be for the Content-Type {kind}"
                ));
            }
        }
    }
    // Everything else the host decodes as UTF-8: each byte that is none has become a U+FFFD, which
    // is three bytes long. It drops a byte-order mark, of three bytes.
    let lengths = [Ok(text.len()), Ok(text.len() + 3)];
    if length.is_some_and(|length| !lengths.contains(&length)) && text.contains('\u{fffd}') {
        return refuse(
            415,
            "the body is not UTF-8 and has been damaged: send binary as application/octet-stream",
        );
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
    fn a_large_text_is_unescaped_as_serde_json_does_it() {
        for text in [
            "",
            "plain",
            r#"\"\\\/\b\f\n\r\t"#,
            r"caf\u00e9 \u0000\ud83e\udd80 \u2028x",
            "\u{1f980}é",
            r"a\ud83e\uDD80",
            r"\uffff",
        ] {
            let expected: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(unescaped(text), Some(expected), "{text}");
        }
        for text in [
            r"\ud83e",
            r"\ud83ex",
            r"\udd80",
            r"\ud83e\u0041",
            r"\ud83e\ud83e",
            r"\ud83e\n",
        ] {
            assert!(serde_json::from_str::<String>(&format!("\"{text}\"")).is_err());
            assert_eq!(unescaped(text), None, "{text}");
        }
    }
}
