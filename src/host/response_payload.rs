//! What the host gets for an invocation: the documentation's "Response payload", as hosts take it.

use super::base64;
use super::queue_text;
use super::response::{HttpResponse, Output, RETURN, Response};
use std::borrow::Cow;

/// The name of every HTTP output, as in the documentation.
const HTTP_OUTPUT: &str = "res";

/// The payload of a response, with the invocation's own logs, and the answer if there is an HTTP
/// caller. Errors if the payload cannot carry that answer.
pub fn write(response: &Response, logs: &[String], is_http: bool) -> Result<Vec<u8>, String> {
    let lengths = response.outputs.iter().map(|set| set.value.bytes.len());
    let mut json = Json(Vec::with_capacity(512 + lengths.sum::<usize>() / 3 * 4));
    json.push("{\"Outputs\":{");
    for set in response.outputs.iter().filter(|set| set.name != RETURN) {
        json.name(set.name);
        json.output(&set.value);
    }
    if is_http {
        json.name(HTTP_OUTPUT);
        json.http(&response.http)?;
    }
    json.push("},\"Logs\":");
    for (place, line) in logs.iter().enumerate() {
        json.push(if place == 0 { "[" } else { "," });
        json.text(line);
    }
    json.push(if logs.is_empty() { "null" } else { "]" });
    json.push(",\"ReturnValue\":");
    let mut outputs = response.outputs.iter();
    match (&response.tool, outputs.find(|set| set.name == RETURN)) {
        (Some(result), _) => json.text(&result.return_value()),
        (None, Some(set)) => json.output(&set.value),
        (None, None) => json.push("null"),
    }
    json.push("}");
    Ok(json.0)
}

/// JSON, written to where it stays: serde_json would copy each text first, and one may be large.
struct Json(Vec<u8>);

impl Json {
    fn push(&mut self, json: &str) {
        self.0.extend(json.as_bytes());
    }

    fn name(&mut self, name: &str) {
        if self.0.last() != Some(&b'{') {
            self.push(",");
        }
        self.text(name);
        self.push(":");
    }

    fn text(&mut self, mut text: &str) {
        self.push("\"");
        let is_escaped = |byte| matches!(byte, ..b' ' | b'"' | b'\\');
        while let Some(place) = text.bytes().position(is_escaped) {
            let (plain, escaped) = text.split_at(place);
            self.push(plain);
            match escaped.as_bytes()[0] {
                quote @ (b'"' | b'\\') => self.0.extend([b'\\', quote]),
                control => self.push(&format!("\\u{control:04x}")),
            }
            text = &escaped[1..];
        }
        self.push(text);
        self.push("\"");
    }

    fn output(&mut self, Output { bytes, is_raw }: &Output) {
        match std::str::from_utf8(bytes) {
            Ok(json) if *is_raw => self.push(json),
            Ok(text) if queue_text::is_kept(text) => self.text(text),
            _ => {
                self.push("\"");
                base64::encode(bytes, &mut self.0);
                self.push("\"");
            }
        }
    }

    /// The value of an HTTP output: `{statusCode, headers, body}`. The host takes one text for each
    /// header, so values of the same name are joined by commas.
    fn http(&mut self, http: &HttpResponse) -> Result<(), String> {
        let mut headers: Vec<(&str, Cow<str>)> = Vec::new();
        for (name, value) in &http.headers {
            let same = |(other, _): &&mut (&str, _)| other.eq_ignore_ascii_case(name);
            match headers.iter_mut().find(same) {
                None => headers.push((name, Cow::Borrowed(value))),
                // RFC 6265, section 3: cookies cannot be joined.
                Some(_) if name.eq_ignore_ascii_case("Set-Cookie") => {
                    return Err("a second Set-Cookie header cannot be passed to the host".into());
                }
                Some((_, joined)) => *joined = format!("{joined}, {value}").into(),
            }
        }
        self.push("{");
        if http.status != 200 {
            self.name("statusCode");
            self.push(&http.status.to_string());
        }
        if !headers.is_empty() {
            self.name("headers");
            self.push("{");
            for (name, value) in headers {
                self.name(name);
                self.text(&value);
            }
            self.push("}");
        }
        self.name("body");
        self.text(http.body.text().ok_or("the body is not text")?);
        self.push("}");
        Ok(())
    }
}
