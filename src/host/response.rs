//! What a function gives back: outputs, the return value and the HTTP answer.

use super::error::Error;
use super::queue_text;
use super::stream::Stream;
use super::tool::ToolResult;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Write;
use std::panic::Location;

/// What every function returns.
pub type Result<T = Response, E = Error> = std::result::Result<T, E>;

/// The result of an invocation that was carried out.
///
/// ```
/// use app::{HttpResponse, Response};
/// let response = Response::from(HttpResponse::text("Order enqueued")).output("message", "an order");
/// ```
#[derive(Debug, Default)]
pub struct Response {
    pub(crate) http: HttpResponse,
    pub(crate) outputs: Vec<Set>,
    /// What an MCP tool gives back.
    pub(crate) tool: Option<ToolResult>,
}

/// An output that a function sets.
#[derive(Debug)]
pub(crate) struct Set {
    /// The binding's name; [`RETURN`] for the return value.
    pub name: &'static str,
    pub value: Output,
    /// Where the function sets it.
    pub place: &'static Location<'static>,
}

/// The name of the output that is the return value.
pub(crate) const RETURN: &str = "$return";

impl Response {
    /// A response without outputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the output binding `name`. The invocation fails, with the file and line of this call,
    /// if the function's route does not declare the output, or if it is set a second time.
    #[track_caller]
    pub fn output(mut self, name: &'static str, value: impl Into<Output>) -> Self {
        self.outputs.push(Set {
            name,
            value: value.into(),
            place: Location::caller(),
        });
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
/// | queue, Service Bus, Event Hubs | a text, or bytes | `.output("message", text)`: a `&str`, `String`, `&[u8]` or `Vec<u8>` |
/// | | a struct, as JSON | [`Output::json(&order)?`](Self::json) |
/// | | several messages | [`Output::list(orders)?`](Self::list) |
/// | blob | a text, or bytes | `.output("file", bytes)` |
/// | | a struct, as JSON | [`Output::json(&order)?`](Self::json) |
/// | table | a row, or a list of rows | [`Output::raw(&row)?`](Self::raw) |
/// | Cosmos DB | a document, or a list of them | [`Output::raw(&document)?`](Self::raw) |
/// | Event Grid | an event, or a list of them | [`Output::raw(&event)?`](Self::raw) |
/// | SendGrid, Twilio, SignalR ... | the object that the binding's page shows | [`Output::raw(&message)?`](Self::raw) |
///
/// What a queue or a blob gets arrives as it is, whatever it looks like; see [`queue_text`] for
/// what the host would make of some texts otherwise. Only `raw` is for the host to interpret.
///
/// ```
/// # use app::{Output, Response, Result};
/// # #[derive(serde::Serialize)]
/// # struct Order { id: u32 }
/// fn respond(order: Order) -> Result {
///     Ok(Response::new()
///         .output("message", Output::json(&order)?)
///         .output("jobs", Output::list(["pick", "pack"])?))
/// }
/// ```
///
/// A table's row needs both keys, from the row itself or from function.json. The host inserts it,
/// and fails the invocation if the table has a row with these keys; `"ETag": "*"` replaces that
/// row. A date stays a text, which the host rewrites, unless the row says that it is one.
///
/// ```
/// # use app::{Output, Response, Result};
/// #[derive(serde::Serialize)]
/// struct Row<'a> {
///     #[serde(rename = "PartitionKey")]
///     day: &'a str,
///     #[serde(rename = "RowKey")]
///     id: &'a str,
///     /// Replaces the row with these keys, if there is one.
///     #[serde(rename = "ETag")]
///     etag: &'a str,
///     at: &'a str,
///     #[serde(rename = "at@odata.type")]
///     at_type: &'a str,
/// }
///
/// fn respond(id: &str) -> Result {
///     let at = "2026-11-28T10:00:00Z";
///     let row = Row { day: "2026-11-28", id, etag: "*", at, at_type: "Edm.DateTime" };
///     Ok(Response::new().output("row", Output::raw(&row)?))
/// }
/// ```
#[derive(Debug)]
pub struct Output(pub(crate) Value);

#[derive(Debug)]
pub(crate) enum Value {
    /// A text that arrives as it is.
    Text(String),
    /// Bytes that arrive as they are.
    Bytes(Vec<u8>),
    /// JSON that the host interprets.
    Raw(Box<RawValue>),
}

impl Output {
    /// `value` as JSON, which arrives as exactly that text: one message, or one blob. Errors when
    /// `value` cannot be written as JSON.
    #[track_caller]
    pub fn json(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        Ok(Self(Value::Text(serde_json::to_string(value)?)))
    }

    /// A message for each of `items`; of none, no message at all. An item that is a text is the
    /// message itself, any other is sent as its JSON.
    ///
    /// Errors when an item cannot be written as JSON, or is a text that the host would take for a
    /// date and rewrite. (There is no way to send such a text in a list: send it as an output of
    /// its own.)
    #[track_caller]
    pub fn list<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut list = String::from("[");
        for (place, item) in items.into_iter().enumerate() {
            let json = serde_json::to_string(&item)?;
            let is_text = json.starts_with('"');
            // A date has no characters that JSON escapes, and an escaped text that reads as one is
            // long.
            if is_text
                && serde_json::from_str(&json)
                    .is_ok_and(|text: Cow<str>| queue_text::is_date(&text))
            {
                return Err(Error::fail(format!(
                    "message {place} of the list, {json}, reads as a date: the host would rewrite it"
                )));
            }
            if place > 0 {
                list.push(',');
            }
            list += &if is_text {
                json
            } else {
                serde_json::to_string(&json)?
            };
        }
        list.push(']');
        Ok(Self(Value::Raw(RawValue::from_string(list)?)))
    }

    /// `value` as JSON for the host to interpret: an entity of a table, a document, an event. The
    /// host rewrites dates in it and, in objects, offsets of dates and digits of decimals; for a
    /// queue a list becomes a message an element. Errors when `value` cannot be written as JSON.
    #[track_caller]
    pub fn raw(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        Ok(Self(Value::Raw(serde_json::value::to_raw_value(value)?)))
    }
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.to_owned()))
    }
}

impl From<String> for Output {
    fn from(text: String) -> Self {
        Self(Value::Text(text))
    }
}

/// Bytes that are UTF-8 are sent as text.
impl From<Vec<u8>> for Output {
    fn from(bytes: Vec<u8>) -> Self {
        Self(
            String::from_utf8(bytes)
                .map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text),
        )
    }
}

impl From<&[u8]> for Output {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
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

/// 200 with an empty body.
impl Default for HttpResponse {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Body::Bytes(Vec::new()),
        }
    }
}

impl HttpResponse {
    /// 200 with this body, and no Content-Type yet; the caller gets `text/plain; charset=utf-8`
    /// where none is set.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Body::Bytes(body.into()),
            ..Self::default()
        }
    }

    /// 200 with `value` as JSON. Errors when it cannot be written as JSON.
    #[track_caller]
    pub fn json(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        Ok(Self::text(serde_json::to_vec(value)?).content_type("application/json"))
    }

    /// 200 with a body that `write` writes while it is sent, of any length: each write, or
    /// `write!`, reaches the caller at once, so put a [`BufWriter`](std::io::BufWriter) around
    /// `out` for many small ones. `write` runs after the function has returned, and not for a HEAD
    /// request.
    ///
    /// When the caller goes away a write soon fails: pass that on with `?`. Any other error, or a
    /// panic, is logged, and the answer ends in a way that its caller can tell from a whole one.
    ///
    /// This is for a function without bindings other than HTTP. In any other, and on hosts that do
    /// not know `enableProxyingHttpRequest`, the body is collected before it is sent, up to 16 MiB.
    /// The same holds for a caller that speaks HTTP/1.0.
    ///
    /// ```
    /// use app::{HttpRequest, HttpResponse, Result};
    ///
    /// fn run(_: HttpRequest) -> Result {
    ///     let events = HttpResponse::stream(|out| {
    ///         for count in 0..10 {
    ///             write!(out, "data: {count}\n\n")?;
    ///         }
    ///         Ok(())
    ///     });
    ///     Ok(events.content_type("text/event-stream").into())
    /// }
    /// ```
    pub fn stream(write: impl FnOnce(&mut dyn Write) -> Result<()> + 'static) -> Self {
        Self {
            body: Body::Stream(Stream(Box::new(write))),
            ..Self::default()
        }
    }

    /// Sets the status: 200 to 599; anything else fails the invocation.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header: `&'static str` or `String`, in ASCII. One that HTTP does not allow (a line
    /// break in the value) fails the invocation.
    pub fn header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds the header Content-Type.
    pub fn content_type(self, value: impl Into<Cow<'static, str>>) -> Self {
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
        let body = serde_json::to_vec(&Body {
            error,
            invocation_id,
        })
        .unwrap_or_default();
        Self::text(body)
            .status(status)
            .content_type("application/json")
    }
}
