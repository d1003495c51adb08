//! What a function gives back: outputs, logs, the return value and the HTTP answer, or the error that prevented them.

use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What every function returns.
pub type Result<T = Response, E = Error> = std::result::Result<T, E>;

/// The result of an invocation that was carried out.
///
/// ```
/// use app::{HttpResponse, Response};
/// let response = Response::from(HttpResponse::text("Order enqueued"))
///     .output("message", "an order")
///     .log("took an order");
/// ```
#[derive(Debug, Default)]
pub struct Response {
    pub(crate) http: HttpResponse,
    pub(crate) outputs: Vec<(&'static str, Output)>,
    pub(crate) logs: Vec<String>,
    pub(crate) return_value: Option<Output>,
}

impl Response {
    /// A response without outputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the output binding `name` (not `$return`), once. Its route has to declare it.
    pub fn output(mut self, name: &'static str, value: impl Into<Output>) -> Self {
        self.outputs.push((name, value.into()));
        self
    }

    /// Sets the output binding that is named `$return`. Its route has to declare it.
    pub fn return_value(mut self, value: impl Into<Output>) -> Self {
        self.return_value = Some(value.into());
        self
    }

    /// Adds a line to the invocation's own logs.
    pub fn log(mut self, line: impl Into<String>) -> Self {
        self.logs.push(line.into());
        self
    }
}

impl From<HttpResponse> for Response {
    fn from(http: HttpResponse) -> Self {
        Self { http, ..Self::default() }
    }
}

/// The value of an output binding or of the return value.
#[derive(Debug)]
pub enum Output {
    /// A text: arrives as it is, whatever it looks like (see [`queue_text`](crate::queue_text)).
    Text(String),
    /// Bytes: arrive as they are.
    Bytes(Vec<u8>),
    /// JSON that the host interprets: a list makes a queue message of each element, an object is an entity of a table. It
    /// rewrites dates in it, and in objects offsets and digits of decimals.
    Json(Box<RawValue>),
}

impl Output {
    /// A value for the host to interpret. Errors when `value` cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        let json = serde_json::value::to_raw_value(value)?;
        // A string is a text, however it was given: it needs the same guard.
        Ok(serde_json::from_str(json.get()).map_or(Self::Json(json), Self::Text))
    }
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Output {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Bytes that are UTF-8 are sent as text.
impl From<Vec<u8>> for Output {
    fn from(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Bytes(error.into_bytes()), Self::Text)
    }
}

impl From<&[u8]> for Output {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

/// An answer to an HTTP caller.
#[derive(Debug)]
pub struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(crate) body: Vec<u8>,
}

/// 200 with an empty body.
impl Default for HttpResponse {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), body: Vec::new() }
    }
}

impl HttpResponse {
    /// 200 with this body, and no Content-Type yet; the caller gets `text/plain; charset=utf-8` where none is set.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// 200 with `value` as JSON. Errors when it cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        Ok(Self::text(serde_json::to_vec(value)?).content_type("application/json"))
    }

    /// Sets the status: 200 to 599; anything else fails the invocation.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header: `&'static str` or `String`, in ASCII. One that HTTP does not allow (a line break in the value) fails
    /// the invocation.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds the header Content-Type.
    pub fn content_type(self, value: &'static str) -> Self {
        self.header("Content-Type", value)
    }

    /// An error as JSON: `{"error": "...", "invocationId": "..."}`, the id only where there is one.
    pub(crate) fn error(status: u16, error: &str, invocation_id: &str) -> Self {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
            #[serde(rename = "invocationId", skip_serializing_if = "str::is_empty")]
            invocation_id: &'a str,
        }
        let body = serde_json::to_vec(&Body { error, invocation_id }).unwrap_or_default();
        Self::text(body).status(status).content_type("application/json")
    }
}

/// Why a function gave no response. Any error converts into a failure with `?`.
#[derive(Debug)]
pub enum Error {
    /// The caller is told no: the invocation was carried out.
    Refused(Refusal),
    /// The invocation was not carried out: an HTTP caller gets a 500, a queue message is tried again.
    Failed(String),
}

/// What an HTTP caller is told instead of an answer.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: Cow<'static, str>,
}

impl Error {
    /// Refuses an HTTP caller with a status from 400 to 499 and a sentence that helps; any other status is a failure.
    pub fn refuse(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Refusal { status, message: message.into() })
    }

    /// Fails the invocation, for the reason given in the app's log.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}
