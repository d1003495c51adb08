//! MCP tools: what a tool gets for a call, and what it gives back.

use super::base64;
use super::datum::{Datum, Members};
use super::error::Error;
use super::invocation::Invocation;
use super::response::{Response, Result, json_object};
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::cell::Cell;
use std::fmt;
use std::iter;

/// A call of an MCP tool by an agent; `docs/guide.md` has an example.
///
/// A refusal ([`Error::refuse`], with any status) reaches the agent in your own words, so that it
/// can mend its call. The reason of any other error is only in the app's log.
pub struct ToolCall<'a> {
    /// The host's id for the invocation.
    pub id: &'a str,
    // Its trigger's value and its metadata hold the caller's key: neither may get into a log or an
    // error.
    pub(crate) invocation: Invocation<'a>,
}

/// What a tool reads of the trigger's value.
#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    sessionid: Option<String>,
}

impl ToolCall<'_> {
    /// The arguments exactly as the agent sent them; the host does not check types. Refuses if one
    /// does not fit `T`: the agent learns which, and what was expected.
    #[track_caller]
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T> {
        let json = self.context()?.arguments.map_or("{}", RawValue::get);
        let arguments: Members =
            serde_json::from_str(json).map_err(|error| refusal(None, &error))?;
        // Each is read when its turn comes, so that an error can name it.
        let (mut rest, read) = (arguments.0.iter(), Cell::new(None));
        let next = iter::from_fn(|| {
            let next = rest.next().map(|(name, json)| (&**name, *json));
            read.set(next.map(|(name, _)| name));
            next
        });
        let arguments = T::deserialize(MapDeserializer::new(next));
        arguments.map_err(|error| refusal(read.get(), &error))
    }

    /// The value of another input binding, as [`Invocation::input`] gives it.
    #[track_caller]
    pub fn input(&self, name: &str) -> Result<Option<Datum<'_>>> {
        self.invocation.input(name)
    }

    /// A member of the trigger's metadata, as [`Invocation::metadata`] gives it.
    #[track_caller]
    pub fn metadata<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        // As below, without what serde says.
        let value = self.invocation.metadata(name);
        Ok(value.map_err(|_| format!("the metadata {name} is not of the kind expected"))?)
    }

    /// The id of the session with the agent, if it has one.
    pub fn session(&self) -> Option<String> {
        self.context().ok()?.sessionid
    }

    #[track_caller]
    fn context(&self) -> Result<Context<'_>> {
        // What serde says could quote the caller's key.
        let context = serde_json::from_str(self.invocation.trigger.text());
        Ok(context.map_err(|_| "the trigger's value is not the call of an MCP tool")?)
    }
}

impl fmt::Debug for ToolCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "ToolCall({})", self.invocation.trigger.text().len())
    }
}

/// A refusal without the line and column of serde_json's error, which an agent cannot see.
fn refusal(argument: Option<&str>, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let end = text.rfind(" at line ").filter(|_| error.line() > 0);
    let why = &text[..end.unwrap_or(text.len())];
    let what = argument.map(|name| format!("the argument {name}: "));
    Error::refuse(400, what.unwrap_or_default() + why)
}

/// What an agent gets for a call, as it is. `into()` makes it the [`Response`] that a tool returns;
/// `Response::from(result).output("message", text)` sets another output beside it.
// Holds the JSON of a `CallToolResult`, without its end.
pub struct ToolResult(String);

impl ToolResult {
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::blocks([Content::text(text)])
    }

    /// `value` as structured content, and as a text for agents that read only texts. Errors if it
    /// cannot be written as JSON, or is not an object there.
    #[track_caller]
    pub fn structured(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        let json = serde_json::to_string(value)?;
        if !json.starts_with('{') {
            return Err("structured content has to be an object: a struct or a map".into());
        }
        let Self(text) = Self::text(&json);
        Ok(Self(text + ",\"structuredContent\":" + &json))
    }

    /// Blocks of content in their order; none is an empty result.
    pub fn blocks(blocks: impl IntoIterator<Item = Content>) -> Self {
        let blocks: Vec<String> = blocks.into_iter().map(|block| block.0).collect();
        Self(format!("{{\"content\":[{}]", blocks.join(",")))
    }

    /// The return value for the host, which passes a `call_tool_result` on as it is.
    pub(crate) fn return_value(&self) -> String {
        let content = format!("{}}}", self.0);
        json_object(&[("type", "call_tool_result"), ("content", &content)])
    }
}

impl From<ToolResult> for Response {
    fn from(result: ToolResult) -> Self {
        Self {
            tool: Some(result),
            ..Self::default()
        }
    }
}

/// A tool's response: a missing result becomes an empty one, a refusal the agent's result.
pub(crate) fn answered(result: Result) -> Result {
    let mut response = match result {
        Err(error) if error.status.is_some() => {
            let ToolResult(text) = ToolResult::text(error.reason);
            ToolResult(text + ",\"isError\":true").into()
        }
        result => result?,
    };
    response.tool.get_or_insert_with(|| ToolResult::blocks([]));
    Ok(response)
}

/// One block of a [`ToolResult`].
///
/// ```
/// use app::{Content, ToolResult};
///
/// let chart = [0x89, b'P', b'N', b'G'];
/// ToolResult::blocks([Content::text("the prices of May"), Content::image(chart, "image/png")]);
/// ```
pub struct Content(String);

impl Content {
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::new("text", &[("text", text.as_ref())])
    }

    /// The bytes of an image, of a type such as `image/png`.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: &str) -> Self {
        let data = base64::text(bytes.as_ref());
        Self::new("image", &[("data", &data), ("mimeType", mime_type)])
    }

    /// The bytes of a sound, of a type such as `audio/wav`.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: &str) -> Self {
        let data = base64::text(bytes.as_ref());
        Self::new("audio", &[("data", &data), ("mimeType", mime_type)])
    }

    /// A resource embedded in the result. Contents in UTF-8 are sent as text, others as bytes.
    pub fn resource(uri: &str, mime_type: &str, contents: impl AsRef<[u8]>) -> Self {
        let (member, contents) = match std::str::from_utf8(contents.as_ref()) {
            Ok(text) => ("text", text.to_owned()),
            Err(_) => ("blob", base64::text(contents.as_ref())),
        };
        let resource = json_object(&[("uri", uri), ("mimeType", mime_type), (member, &contents)]);
        Self(format!("{{\"type\":\"resource\",\"resource\":{resource}}}"))
    }

    pub fn link(uri: &str, name: &str) -> Self {
        Self::new("resource_link", &[("uri", uri), ("name", name)])
    }

    fn new(kind: &str, members: &[(&str, &str)]) -> Self {
        Self(json_object(&[&[("type", kind)], members].concat()))
    }
}

impl fmt::Debug for ToolResult {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "ToolResult({})", self.0.len())
    }
}
