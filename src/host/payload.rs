//! The host's payloads: an invocation's request and its response (the documentation's "Request payload" and "Response
//! payload", in the forms in which running hosts send and take them).

use super::base64;
use super::invocation::{Datum, HttpRequest, Invocation, Members, Text, Texts, named, plain_text};
use super::queue_text;
use super::response::{HttpResponse, Output, Refusal, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde::{Deserialize, Serialize as SerializeStruct};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The name of every HTTP trigger and of every HTTP output, as in the documentation and in func's own templates.
pub const HTTP_TRIGGER: &str = "req";
pub const HTTP_OUTPUT: &str = "res";

/// The deepest nesting of a request payload. What the host sends stays below 70: a message's own members, which it
/// copies to `Metadata`, it reads to 64 levels.
const MAX_DEPTH: usize = 128;

/// Reads the payload of an invocation whose trigger is the binding `trigger`.
/// Errors, with a sentence that names the member, when it is not the invocation form or lacks the trigger's value.
pub fn read_invocation<'a>(payload: &'a [u8], trigger: &str, id: &'a str) -> Result<Invocation<'a>, String> {
    let (data, metadata, value) = read(payload, trigger)?;
    let trigger = Datum::from_json(value).map_err(|error| format!("Data.{trigger}: {error}"))?;
    Ok(Invocation { id, trigger, data, metadata })
}

/// Reads the payload of an HTTP-triggered invocation. Errors as [`read_invocation`] does.
pub fn read_http_request<'a>(payload: &'a [u8], id: &'a str) -> Result<HttpRequest<'a>, String> {
    let (data, metadata, trigger) = read(payload, HTTP_TRIGGER)?;
    let request: Members = serde_json::from_str(trigger.get()).map_err(|error| format!("Data.req: {error}"))?;
    let text = |name| match request.get(name) {
        Some(json) => member(json, name).map(|text: Option<Text>| text.map(|Text(text)| text)),
        None => Ok(None),
    };
    let texts = |name| request.get(name).map_or(Ok(Vec::new()), |json| texts(json, name));

    let headers = texts("Headers")?;
    let query_string = match text("Url")? {
        Some(Cow::Borrowed(url)) => Cow::Borrowed(url.split_once('?').map_or("", |(_, query)| query)),
        url => Cow::Owned(url.as_deref().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query).to_owned()),
    };
    Ok(HttpRequest {
        method: text("Method")?.unwrap_or(Cow::Borrowed("POST")),
        query_string,
        query: texts("Query")?,
        params: texts("Params")?,
        body: http_body(&headers, text("Body")?)?,
        headers,
        invocation: Invocation { id, trigger: Datum::default(), data, metadata },
    })
}

/// The members of `Data`, `Metadata`, and the trigger's value.
fn read<'a>(payload: &'a [u8], trigger: &str) -> Result<(Members<'a>, Option<&'a RawValue>, &'a RawValue), String> {
    let text = std::str::from_utf8(payload).map_err(|error| format!("the payload is not UTF-8: {error}"))?;
    if text.starts_with('\u{feff}') {
        return Err("the payload starts with a byte-order mark".into());
    }
    check_depth(payload)?;
    let payload: Members =
        serde_json::from_str(text).map_err(|error| format!("the payload is not an invocation: {error}"))?;
    let data = payload.get("Data").ok_or("the payload is not an invocation: Data is missing")?;
    let data: Members = serde_json::from_str(data.get()).map_err(|error| format!("Data: {error}"))?;
    match data.get(trigger) {
        Some(value) if value.get() != "null" => Ok((data, payload.get("Metadata"), value)),
        Some(_) => Err(format!("Data.{trigger}, the trigger's value, is null")),
        None => Err(format!("Data.{trigger}, the trigger's value, is missing")),
    }
}

/// Errors where the JSON nests deeper than [`MAX_DEPTH`].
fn check_depth(json: &[u8]) -> Result<(), String> {
    let opens = |byte: u8| matches!(byte, b'{' | b'[');
    if json.iter().filter(|byte| opens(**byte)).count() <= MAX_DEPTH {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (place, &byte) in json.iter().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if opens(byte) {
            depth += 1;
            if depth > MAX_DEPTH {
                return Err(format!("the payload is nested deeper than {MAX_DEPTH} levels at byte {place}"));
            }
        } else {
            in_string = byte == b'"';
            depth = depth.saturating_sub(usize::from(matches!(byte, b'}' | b']')));
        }
    }
    Ok(())
}

fn member<'a, T: Deserialize<'a>>(json: &'a RawValue, name: &str) -> Result<T, String> {
    serde_json::from_str(json.get()).map_err(|error| format!("Data.req.{name}: {error}"))
}

/// The members of an object as texts; of a list, as the values of a header are, the first element. The object may stand
/// in a JSON string, as `Query` does in the documentation and in older hosts.
fn texts<'a>(json: &'a RawValue, name: &str) -> Result<Texts<'a>, String> {
    if json.get().starts_with('"') {
        let Text(text) = member(json, name)?;
        let object: Box<RawValue> = serde_json::from_str(&text).map_err(|error| format!("Data.req.{name}: {error}"))?;
        let owned = |text: Cow<str>| Cow::Owned(text.into_owned());
        return Ok(texts_of_object(&object, name)?.into_iter().map(|(key, text)| (owned(key), owned(text))).collect());
    }
    texts_of_object(json, name)
}

fn texts_of_object<'a>(json: &'a RawValue, name: &str) -> Result<Texts<'a>, String> {
    let members: Option<Members> = member(json, name)?;
    let text = |json: &'a RawValue| {
        let first = match json.get().starts_with('[') {
            true => member::<Vec<&RawValue>>(json, name)?.first().copied(),
            false => Some(json),
        };
        first.map_or(Ok(Cow::Borrowed("")), plain_text).map_err(|error| format!("Data.req.{name}: {error}"))
    };
    members.unwrap_or_default().into_iter().map(|(key, json)| Ok((key, text(json)?))).collect()
}

/// The body as the caller sent it, or the refusal of one that the host has already damaged.
/// Errors where it should be base64 and is not.
fn http_body<'a>(
    headers: &Texts,
    body: Option<Cow<'a, str>>,
) -> Result<std::result::Result<Cow<'a, [u8]>, Refusal>, String> {
    let header = |name| named(headers, name);
    let refuse = |status, message| Ok(Err(Refusal { status, message: Cow::Borrowed(message) }));

    let Some(text) = body else {
        // The host reads a body only where there is a Content-Length [HttpRequestExtensions.cs].
        return match header("Transfer-Encoding") {
            Some(_) => refuse(411, "a chunked upload arrives without its body: send a Content-Length"),
            None => Ok(Ok(Cow::Borrowed(b""))),
        };
    };
    let length = header("Content-Length").map(|length| length.trim().parse());
    let kind = header("Content-Type").unwrap_or_default().split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    if kind == "application/octet-stream" || kind.contains("multipart/") {
        match base64::decode(&text) {
            Some(bytes) if length != Some(Ok(text.len())) => return Ok(Ok(Cow::Owned(bytes))),
            // To the host a Content-Type that is not well-formed is a text's.
            _ if length == Some(Ok(text.len())) || text.contains('\u{fffd}') => {}
            _ => return Err(format!("Data.req.Body: not base64, as it has to be for the Content-Type {kind}")),
        }
    }
    // Everything else the host decodes as UTF-8: each byte that is none has become a U+FFFD, which is three bytes long.
    // It drops a byte-order mark, of three bytes.
    let lengths = [Ok(text.len()), Ok(text.len() + 3)];
    if length.is_some_and(|length| !lengths.contains(&length)) && text.contains('\u{fffd}') {
        return refuse(415, "the body is not UTF-8 and has been damaged: send binary as application/octet-stream");
    }
    Ok(Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }))
}

/// The response payload; `http` tells whether it has an answer to an HTTP caller.
/// Errors where it cannot carry that answer.
pub fn write_response(response: &Response, http: bool) -> Result<Vec<u8>, String> {
    let http = http.then(|| HttpOutput::new(&response.http)).transpose()?;
    let logs = (!response.logs.is_empty()).then_some(&*response.logs);
    let payload = ResponsePayload {
        outputs: Outputs { bindings: &response.outputs, http },
        logs,
        return_value: response.return_value.as_ref(),
    };
    serde_json::to_vec(&payload).map_err(|error| error.to_string())
}

#[derive(SerializeStruct)]
#[serde(rename_all = "PascalCase")]
struct ResponsePayload<'a> {
    outputs: Outputs<'a>,
    logs: Option<&'a [String]>,
    return_value: Option<&'a Output>,
}

struct Outputs<'a> {
    bindings: &'a [(&'static str, Output)],
    http: Option<HttpOutput<'a>>,
}

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        for (name, value) in self.bindings {
            map.serialize_entry(name, value)?;
        }
        if let Some(http) = &self.http {
            map.serialize_entry(HTTP_OUTPUT, http)?;
        }
        map.end()
    }
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => json.serialize_str(&queue_text::guarded(text)),
            Self::Bytes(bytes) => json.serialize_str(&base64::encode(bytes)),
            Self::Json(value) => value.serialize(json),
        }
    }
}

#[derive(SerializeStruct)]
#[serde(rename_all = "camelCase")]
struct HttpOutput<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Headers::is_empty")]
    headers: Headers<'a>,
    body: &'a str,
}

impl<'a> HttpOutput<'a> {
    fn new(http: &'a HttpResponse) -> Result<Self, String> {
        Ok(Self {
            status_code: (http.status != 200).then_some(http.status),
            headers: Headers::new(http)?,
            body: std::str::from_utf8(&http.body).map_err(|error| format!("the body is not UTF-8: {error}"))?,
        })
    }
}

/// The headers of an HTTP output: the host takes one string a name, so values of the same name are joined by commas.
struct Headers<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> Headers<'a> {
    fn new(http: &'a HttpResponse) -> Result<Self, String> {
        let mut headers: Vec<(&str, Cow<str>)> = Vec::with_capacity(http.headers.len());
        for (name, value) in &http.headers {
            match headers.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)) {
                // RFC 6265, section 3: cookies cannot be joined.
                Some(_) if name.eq_ignore_ascii_case("Set-Cookie") => {
                    return Err("a second Set-Cookie header cannot be passed to the host".into());
                }
                Some((_, values)) => *values = Cow::Owned(format!("{values}, {value}")),
                None => headers.push((name, Cow::Borrowed(value))),
            }
        }
        Ok(Self(headers))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
