//! What a function gives back: outputs, the return value and the HTTP answer.

use super::error::Error;
use super::queue_text;
use super::stream::Stream;
use super::tool::ToolResult;
use serde::Serialize;
use serde_json::value::to_raw_value;
use std::borrow::Cow;
use std::io::Write;
use std::panic::Location;

/// What a function returns.
pub type Result<T = Response, E = Error> = std::result::Result<T, E>;

/// The result of an invocation that was carried out:
/// `Response::from(HttpResponse::text("Order enqueued")).output("message", order)`.
#[derive(Debug, Default)]
pub struct Response {
    pub(crate) http: HttpResponse,
    pub(crate) outputs: Vec<Set>,
    pub(crate) tool: Option<ToolResult>,
}

#[derive(Debug)]
pub(crate) struct Set {
    pub name: &'static str,
    pub value: Output,
    /// Where the function sets it.
    pub place: &'static Location<'static>,
}

pub(crate) const RETURN: &str = "$return";

impl Response {
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the output binding `name`. If the function's route does not declare it, or if it is set
    /// twice, the invocation fails with the file and line of this call.
    #[track_caller]
    pub fn output(mut self, name: &'static str, value: impl Into<Output>) -> Self {
        let (value, place) = (value.into(), Location::caller());
        self.outputs.push(Set { name, value, place });
        self
    }

    /// Sets the output binding that is named `$return`, as [`output`](Self::output) does.
    #[track_caller]
    pub fn return_value(self, value: impl Into<Output>) -> Self {
        self.output(RETURN, value)
    }
}

impl From<HttpResponse> for Response {
    fn from(http: HttpResponse) -> Self {
        Self {
            http,
            ..Self::default()
        }
    }
}

/// The value of an output binding or of the return value.
///
/// | the binding | to send | write |
/// |---|---|---|
/// | queue, blob, Service Bus, Event Hubs | a text, or bytes | `.output("message", text)`: a `&str`, `String`, `&[u8]` or `Vec<u8>` |
/// | | a struct, as JSON | [`Output::json(&order)?`](Self::json) |
/// | all of these but blob | several messages | [`Output::list(orders)?`](Self::list) |
/// | table, Cosmos DB, Event Grid | a row, document or event, or a list of them | [`Output::raw(&row)?`](Self::raw) |
/// | SendGrid, Twilio, SignalR ... | the object that the binding's page shows | [`Output::raw(&message)?`](Self::raw) |
///
/// A text for a queue or a blob arrives unaltered; [`queue_text`] says what the host would make of
/// some. It interprets only the JSON of `raw`: `docs/guide.md` has what that means for tables.
///
/// ```
/// # use app::{Output, Response, Result};
/// fn respond(order: &std::collections::BTreeMap<String, u32>) -> Result {
///     Ok(Response::new()
///         .output("message", Output::json(order)?)
///         .output("jobs", Output::list(["pick", "pack"])?))
/// }
/// ```
#[derive(Debug)]
pub struct Output {
    pub(crate) bytes: Vec<u8>,
    /// Whether it is JSON that the host interprets.
    pub(crate) is_raw: bool,
}

impl Output {
    /// `value` as JSON, which arrives as exactly that text: one message, or one blob. Errors if it
    /// cannot be written as JSON.
    #[track_caller]
    pub fn json(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        Ok(serde_json::to_vec(value)?.into())
    }

    /// One message per item: a text is the message itself, any other item is sent as its JSON.
    /// Errors if an item cannot be written as JSON, or is a text that the host would take for a
    /// date and rewrite. Such a text can only be sent as an output of its own.
    #[track_caller]
    pub fn list<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut list = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            let json = to_raw_value(&item)?;
            if !json.get().starts_with('"') {
                list.push(to_raw_value(json.get())?);
                continue;
            }
            let text = serde_json::from_str(json.get());
            if text.is_ok_and(|text: Cow<str>| queue_text::is_date(&text)) {
                let what = "reads as a date: the host would rewrite it";
                return Err(format!("message {place} of the list, {json}, {what}").into());
            }
            list.push(json);
        }
        Self::raw(&list)
    }

    /// `value` as JSON that the host interprets: a row of a table, a document, an event. The host
    /// rewrites dates in it, and in objects also the digits of decimals. For a queue, each element
    /// of a list becomes a message. Errors if it cannot be written as JSON.
    #[track_caller]
    pub fn raw(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        let (bytes, is_raw) = (serde_json::to_vec(value)?, true);
        Ok(Self { bytes, is_raw })
    }
}

/// A text or bytes, which arrive as they are.
impl<T: Into<Vec<u8>>> From<T> for Output {
    fn from(bytes: T) -> Self {
        let (bytes, is_raw) = (bytes.into(), false);
        Self { bytes, is_raw }
    }
}

/// An answer to an HTTP caller. `into()` makes it the [`Response`] that a function returns.
///
/// ```
/// use app::{HttpRequest, HttpResponse, Result};
///
/// fn run(request: HttpRequest) -> Result {
///     let name = request.query("name").unwrap_or_default();
///     Ok(HttpResponse::text(format!("made {name}")).status(201).header("X-Name", "a").into())
/// }
/// ```
#[derive(Debug)]
pub struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    Stream(Stream),
}

impl Body {
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes.is_empty())
    }

    /// The whole body, if it is there and in UTF-8.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Stream(_) => None,
        }
    }
}

/// 200 without a body.
impl Default for HttpResponse {
    fn default() -> Self {
        Self::new(Body::Bytes(Vec::new()))
    }
}

impl HttpResponse {
    fn new(body: Body) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body,
        }
    }

    /// 200 with this body, as `text/plain; charset=utf-8` unless a header says otherwise.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::new(Body::Bytes(body.into()))
    }

    /// 200 with `value` as JSON. Errors if it cannot be written as JSON.
    #[track_caller]
    pub fn json(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        Ok(Self::text(serde_json::to_vec(value)?).content_type("application/json"))
    }

    /// 200 with a body of any length that `write` writes while it is sent, after the function has
    /// returned. Each write reaches the caller at once; for many small ones put a
    /// [`BufWriter`](std::io::BufWriter) around it. A HEAD request does not run `write`.
    ///
    /// If the caller goes away, a write soon fails: pass the error on with `?`. Any other error, or
    /// a panic, is logged, and the caller sees that the answer is not whole. Without
    /// `enableProxyingHttpRequest`, with other bindings than HTTP, and for HTTP/1.0 the body is
    /// collected before it is sent, up to 16 MiB.
    pub fn stream(write: impl FnOnce(&mut dyn Write) -> Result<()> + 'static) -> Self {
        Self::new(Body::Stream(Stream(Box::new(write))))
    }

    /// Sets the status. Any other than 200 to 599 fails the invocation.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header, in ASCII. If HTTP does not allow it (a line break in the value), the
    /// invocation fails.
    pub fn header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn content_type(self, value: impl Into<Cow<'static, str>>) -> Self {
        self.header("Content-Type", value)
    }

    /// `{"error": "...", "invocationId": "..."}`, without the id if it is empty.
    pub(crate) fn error(status: u16, error: &str, id: &str) -> Self {
        let members = [("error", error), ("invocationId", id)];
        let members = if id.is_empty() {
            &members[..1]
        } else {
            &members
        };
        let answer = Self::text(json_object(members)).status(status);
        answer.content_type("application/json")
    }

    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.status, 204 | 304)
    }

    /// With its stream, if it has one, collected. An answer to HEAD needs no body.
    pub(crate) fn collected(mut self, is_head: bool) -> Result<Self> {
        let is_wanted = self.has_body() && !is_head;
        self.body = match self.body {
            Body::Stream(stream) if is_wanted => Body::Bytes(stream.collect()?),
            Body::Stream(_) => Body::Bytes(Vec::new()),
            whole => whole,
        };
        Ok(self)
    }
}

/// A JSON object of texts.
pub(crate) fn json_object(members: &[(&str, &str)]) -> String {
    let members = members.iter().map(|(name, text)| {
        // A text can always be written as JSON.
        let text = serde_json::to_string(text).unwrap_or_default();
        format!("\"{name}\":{text}")
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
