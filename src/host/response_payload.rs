//! What the host gets for an invocation (the documentation's "Response payload", as running hosts
//! take it). It is written in one pass.

use super::base64;
use super::queue_text;
use super::response::{Body, HttpResponse, Output, RETURN, Response, Value};
use std::borrow::Cow;

/// The name of every HTTP output, as in the documentation and in func's own templates.
const HTTP_OUTPUT: &str = "res";

/// The payload of a response, with the invocation's own logs; `http` tells whether it has an answer
/// to an HTTP caller. Errors where it cannot carry that answer.
pub fn write(response: &Response, logs: &[String], http: bool) -> Result<Vec<u8>, String> {
    let lengths = response.outputs.iter().map(|set| match &set.value.0 {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Raw(json) => json.get().len(),
    });
    let mut json = Json(Vec::with_capacity(512 + lengths.sum::<usize>() / 3 * 4));
    json.push("{\"Outputs\":{");
    let (returned, outputs): (Vec<_>, Vec<_>) =
        (response.outputs.iter()).partition(|set| set.name == RETURN);
    for set in outputs {
        json.name(set.name);
        json.output(&set.value);
    }
    if http {
        json.name(HTTP_OUTPUT);
        json.http(&response.http)?;
    }
    json.push("},\"Logs\":");
    match logs {
        [] => json.push("null"),
        lines => json.list(lines),
    }
    json.push(",\"ReturnValue\":");
    match &returned[..] {
        [set, ..] => json.output(&set.value),
        [] => json.push("null"),
    }
    json.push("}");
    Ok(json.0)
}

/// JSON that is being written.
struct Json(Vec<u8>);

impl Json {
    fn push(&mut self, json: &str) {
        self.0.extend(json.as_bytes());
    }

    fn list(&mut self, texts: &[String]) {
        self.push("[");
        for (place, text) in texts.iter().enumerate() {
            self.push(if place > 0 { "," } else { "" });
            self.text(text);
        }
        self.push("]");
    }

    /// The name of a member.
    fn name(&mut self, name: &str) {
        if self.0.last() != Some(&b'{') {
            self.push(",");
        }
        self.text(name);
        self.push(":");
    }

    /// A text, which may be large: serde_json would write it somewhere else first.
    fn text(&mut self, text: &str) {
        self.push("\"");
        let mut rest = text;
        while let Some(place) = rest
            .bytes()
            .position(|byte| matches!(byte, ..b' ' | b'"' | b'\\'))
        {
            let (plain, escaped) = rest.split_at(place);
            self.push(plain);
            match escaped.as_bytes()[0] {
                quote @ (b'"' | b'\\') => self.0.extend([b'\\', quote]),
                control => self.push(&format!("\\u{control:04x}")),
            }
            rest = &escaped[1..];
        }
        self.push(rest);
        self.push("\"");
    }

    fn output(&mut self, output: &Output) {
        match &output.0 {
            Value::Text(text) if queue_text::is_kept(text) => self.text(text),
            Value::Text(text) => self.base64(text.as_bytes()),
            Value::Bytes(bytes) => self.base64(bytes),
            Value::Raw(json) => self.push(json.get()),
        }
    }

    /// The value of an HTTP output: `{statusCode, headers, body}`. The host takes one text a
    /// header, so values of the same name are joined by commas.
    fn http(&mut self, http: &HttpResponse) -> Result<(), String> {
        let Body::Bytes(body) = &http.body else {
            return Err("the body is a stream".into());
        };
        let body =
            std::str::from_utf8(body).map_err(|error| format!("the body is not UTF-8: {error}"))?;
        self.push("{");
        if http.status != 200 {
            self.name("statusCode");
            self.push(&http.status.to_string());
        }
        if !http.headers.is_empty() {
            self.name("headers");
            self.push("{");
            for (place, (name, value)) in http.headers.iter().enumerate() {
                let is_same = |(other, _): &&(Cow<str>, Cow<str>)| other.eq_ignore_ascii_case(name);
                if http.headers[..place].iter().any(|header| is_same(&header)) {
                    continue;
                }
                let mut value = Cow::Borrowed(&**value);
                for (_, another) in http.headers[place + 1..].iter().filter(is_same) {
                    // RFC 6265, section 3: cookies cannot be joined.
                    if name.eq_ignore_ascii_case("Set-Cookie") {
                        return Err(
                            "a second Set-Cookie header cannot be passed to the host".into()
                        );
                    }
                    value = Cow::Owned(format!("{value}, {another}"));
                }
                self.name(name);
                self.text(&value);
            }
            self.push("}");
        }
        self.name("body");
        self.text(body);
        self.push("}");
        Ok(())
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.push("\"");
        base64::encode(bytes, &mut self.0);
        self.push("\"");
    }
}
