//! The MCP server of the Functions host, `POST /runtime/webhooks/mcp`: how it answers a client, what
//! a call becomes for a function, and what the client gets for the function's return value
//! [azure-functions-mcp-extension 1.6.0]. The answers are those of the real host, with two
//! exceptions that are meant: where it gives a 500 without a body, this gives the status that the
//! protocol asks for, with a sentence; and a web page that is not of this machine gets 403.

use crate::app::function::Function;
use crate::app::tool::{Tool, on_one_line, to_json};
use crate::host::answer::Outcome;
use crate::host::data::{self, Data, sys};
use crate::host::newtonsoft::{self, Token, object, quoted};
use crate::host::request::{Request, grouped};
use crate::run::http::{Answer, named};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Where it is served. Paths below it are answered alike.
pub const PATH: &str = "/runtime/webhooks/mcp";

/// The protocol's versions that the host speaks. A client that asks for another gets the last.
const VERSIONS: [&str; 3] = ["2024-11-05", "2025-03-26", "2025-06-18"];

/// The header with the session's id, which a client gets with the answer to `initialize`.
const SESSION: &str = "Mcp-Session-Id";

/// The name of the transport in a payload.
const TRANSPORT: &str = "http-streamable";

/// The codes of JSON-RPC's errors, and the libraries' code for HTTP's.
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const NO_METHOD: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
const SERVER_ERROR: i32 = -32000;

/// The server of an app.
pub struct Server<'a> {
    /// What it says of itself: `extensions.mcp` of host.json.
    pub settings: &'a Value,
    pub tools: &'a [Tool],
    /// The id of a session that begins.
    pub new_session: &'a str,
}

impl Tool {
    /// What the client gets for what the function has returned: a `CallToolResult`, as JSON on one
    /// line. Errors where it gets only the host's own sentence.
    pub fn result(&self, returned: &Token) -> Result<String, String> {
        let text = match returned {
            Token::Null => return Ok(r#"{"content":[]}"#.to_owned()),
            value if !self.use_result_schema => {
                let text = text_block(&value.to_text());
                return Ok(format!(r#"{{"content":[{text}]}}"#));
            }
            Token::Text(text) => text,
            _ => return Err("useResultSchema is true, and the return value is not a text".into()),
        };
        let wrong = |error: serde_json::Error| format!("the return value is not a result: {error}");
        let given: Given = serde_json::from_str(text).map_err(wrong)?;
        let content = given.content.unwrap_or_else(|| "null".to_owned());
        let kind = given.kind.to_ascii_lowercase();
        let is_whole = kind == "call_tool_result";
        let result = if is_whole {
            content
        } else {
            let structured = given.structured.filter(|text| !text.is_empty());
            let structured = structured.map(|json| format!(",\"structuredContent\":{json}"));
            let structured = structured.unwrap_or_default();
            match &*kind {
                "multi_content_result" => format!(r#"{{"content":{content}{structured}}}"#),
                _ => format!(r#"{{"content":[{content}]{structured}}}"#),
            }
        };
        let read: CallToolResult = serde_json::from_str(&result).map_err(wrong)?;
        if read.content.is_empty() && !is_whole {
            return Err("the return value has no content".to_owned());
        }
        match read.content.iter().find_map(lacks) {
            Some(missing) => Err(format!("the return value has a block without {missing}")),
            None => Ok(on_one_line(&result)),
        }
    }
}

/// A block of content that is a text, as JSON.
fn text_block(text: &str) -> String {
    format!(r#"{{"type":"text","text":{}}}"#, to_json(text))
}

/// What becomes of an invocation of a tool that has returned this: the answer for the client, or
/// why there is none.
pub fn settled(function: &Function, returned: &Token) -> Outcome {
    let tool = Tool::read(&function.name, function.trigger());
    match tool.and_then(|tool| tool.result(returned)) {
        Ok(result) => Outcome::Completed(Some(answer_with(200, &[], result))),
        Err(why) => Outcome::Failed(why),
    }
}

/// A return value where `useResultSchema` is true.
#[derive(Deserialize)]
struct Given {
    #[serde(alias = "Type", rename = "type")]
    kind: String,
    #[serde(alias = "Content")]
    content: Option<String>,
    #[serde(alias = "StructuredContent", rename = "structuredContent")]
    structured: Option<String>,
}

/// What the host reads of a `CallToolResult`.
#[derive(Deserialize)]
struct CallToolResult {
    #[serde(default)]
    content: Vec<Value>,
}

/// What a block of content lacks.
fn lacks(block: &Value) -> Option<&'static str> {
    let needed: &[&str] = match block["type"].as_str().unwrap_or_default() {
        "text" => &["text"],
        "image" | "audio" => &["data", "mimeType"],
        "resource" => &["resource"],
        "resource_link" => &["uri", "name"],
        _ => return Some("a type: text, image, audio, resource or resource_link"),
    };
    let mut needed = needed.iter().copied();
    needed.find(|member| block[*member].is_null())
}

/// A call of a tool.
pub struct Call<'a> {
    /// The tool's name, as the client wrote it.
    name: &'a str,
    /// The arguments: the JSON of an object, if the client gave one, and the JSON of each.
    arguments: Option<&'a RawValue>,
    by_name: BTreeMap<Cow<'a, str>, &'a RawValue>,
    /// The headers of the client's request.
    headers: &'a [(String, String)],
}

impl<'a> Call<'a> {
    /// A call with arguments, or without. Errors where they are not a JSON object.
    pub fn read(
        name: &'a str,
        arguments: Option<&'a RawValue>,
        headers: &'a [(String, String)],
    ) -> serde_json::Result<Self> {
        let by_name = arguments.map(|json| serde_json::from_str(json.get()));
        Ok(Self {
            name,
            arguments,
            by_name: by_name.transpose()?.unwrap_or_default(),
            headers,
        })
    }

    /// The arguments that the tool needs and the call lacks.
    fn missing<'t>(&self, tool: &'t Tool) -> Vec<&'t str> {
        let given = |name: &str| self.by_name.get(name).map(|json| json.get());
        let mut missing: Vec<&str> = tool.required.iter().map(String::as_str).collect();
        missing.retain(|name| given(name).is_none_or(|json| json == "null"));
        missing
    }

    /// The trigger's value in `Data`, and the binding data in `Metadata`. Both hold the headers of
    /// the client's request, and with them its key.
    pub fn data(&self, tool: &Tool, function: &str) -> (String, Data) {
        let headers = grouped(self.headers.iter().cloned()).into_iter();
        let headers = headers.map(|(name, values)| (name, values.join(",")));
        let headers: Vec<_> = headers.collect();
        let session = named(&headers, SESSION).next();
        let headers = object(headers.iter().map(|(name, value)| (name, quoted(value))));
        let (name, id) = (quoted(self.name), session.map(quoted));
        let mut transport = vec![("name", quoted(TRANSPORT))];
        transport.extend(id.clone().map(|id| ("sessionId", id)));
        transport.push(("properties", object([("headers", &headers)])));
        let mut context = vec![("name", name.clone())];
        context.extend(self.arguments.map(|json| ("arguments", json.to_string())));
        context.extend(id.clone().map(|id| ("sessionid", id)));
        context.push(("transport", object(transport)));
        let context = object(context);
        // System.Text.Json's JsonElement, as Json.NET writes it.
        let kind = |json: &RawValue| format!("{{\"ValueKind\":{}}}", value_kind(json.get()));
        let kinds = self.by_name.iter().map(|(name, json)| (name, kind(json)));
        let kinds = self.arguments.map(|_| object(kinds));
        let [kinds, id] = [kinds, id].map(|json| json.unwrap_or_else(|| "null".to_owned()));
        let seen = format!(
            r#"{{"Name":{name},"Arguments":{kinds},"SessionId":{id},"ClientInfo":null,"Transport":{{"Name":"{TRANSPORT}","SessionId":{id},"Properties":{{"headers":{headers}}}}}}}"#
        );
        let seen = newtonsoft::parse(&seen, 64).unwrap_or(Token::Null);
        let text = |text: &str| data::Value::Text(text.to_owned());
        let mut metadata = Data::from([
            ("mcptoolcontext", data::Value::Json(seen)),
            (&*tool.binding, text(&context)),
        ]);
        if let Some(id) = session {
            metadata.set("mcpsessionid", text(id));
        }
        if self.arguments.is_some() {
            let texts = self.by_name.iter();
            let texts = texts.map(|(name, json)| (name.to_string(), text(&text_of(json.get()))));
            metadata.set("mcptoolargs", data::Value::Members(texts.collect()));
        }
        metadata.set("sys", sys(function));
        metadata.set_members(&context);
        (quoted(&quoted(&context)), metadata)
    }
}

/// `JsonValueKind` of a JSON value.
fn value_kind(json: &str) -> u8 {
    match json.as_bytes().first() {
        Some(b'{') => 1,
        Some(b'[') => 2,
        Some(b'"') => 3,
        Some(b't') => 5,
        Some(b'f') => 6,
        Some(b'n') => 7,
        _ => 4,
    }
}

/// `JsonElement.ToString()`.
fn text_of(json: &str) -> String {
    match json {
        "null" => String::new(),
        "true" => "True".to_owned(),
        "false" => "False".to_owned(),
        json => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
    }
}

/// A message of a client [JSON-RPC 2.0].
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

/// A member that is there, also where it is null.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(json: D) -> Result<Option<&'a RawValue>, D::Error> {
    Deserialize::deserialize(json).map(Some)
}

/// What the host reads of any method's parameters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params<'a> {
    #[serde(borrow)]
    protocol_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

/// An error of JSON-RPC: its code and a sentence.
type Refused = (i32, String);

/// What a client gets that the host cannot make out.
fn failed() -> Refused {
    (INTERNAL_ERROR, "An error occurred.".to_owned())
}

/// Answers a client's request. `run` runs the function of a tool and gives a `CallToolResult`
/// as JSON on one line; where it errors, the client is not told why.
pub fn answer(
    server: &Server,
    request: &Request,
    run: impl FnOnce(&Tool, &Call) -> Result<String, String>,
) -> Answer {
    // A page on the web could have a name that leads to this machine, and there are no keys.
    for (header, scheme) in [("Host", ""), ("Origin", "://")] {
        if let Some(value) = named(&request.headers, header).next()
            && !is_local(value, scheme)
        {
            let why = "and only localhost, 127.0.0.1, [::1] are served";
            let message = format!("Forbidden: {header} is {value}, {why}");
            return http_error(403, SERVER_ERROR, &message);
        }
    }
    if request.method != "POST" {
        return answer_with(405, &[], String::new());
    }
    let accepted = request.header("Accept").to_ascii_lowercase();
    let accepts = |kind, any| [kind, any, "*/*"].iter().any(|one| accepted.contains(one));
    if !accepts("application/json", "application/*") || !accepts("text/event-stream", "text/*") {
        let message =
            "Not Acceptable: Client must accept both application/json and text/event-stream";
        return http_error(406, SERVER_ERROR, message);
    }
    let media_type = request.media_type();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let message = format!("Unsupported Media Type: {media_type:?} is not application/json");
        return http_error(415, SERVER_ERROR, &message);
    }
    let session = request.header(SESSION);
    let parts = session.split('|').filter(|part| !part.is_empty());
    if !session.is_empty() && parts.count() != 2 {
        let message = "Not Found: the session is not one of this server's; initialize a new one";
        return http_error(404, SERVER_ERROR, message);
    }
    let message = match message(request.body) {
        Ok(message) => message,
        Err((code, why)) => return http_error(400, code, &format!("Bad Request: {why}")),
    };
    let mut headers = vec![
        ("Cache-Control", "no-cache,no-store"),
        ("Content-Encoding", "identity"),
    ];
    let (Some(id), Some(method)) = (message.id, message.method) else {
        // A notification, or the answer to a request that the host never sends.
        return answer_with(202, &headers, String::new());
    };
    let params = message.params.map(|json| serde_json::from_str(json.get()));
    let answered = match params.transpose() {
        Ok(params) => respond(server, &method, params.unwrap_or_default(), request, run),
        Err(_) => Err(failed()),
    };
    let id = id.get();
    let body = match answered {
        Ok(result) => format!(r#"{{"result":{result},"id":{id},"jsonrpc":"2.0"}}"#),
        Err((code, message)) => error(code, &message, id),
    };
    headers.insert(0, ("Content-Type", "text/event-stream"));
    if method == "initialize" {
        headers.push((SESSION, server.new_session));
    }
    answer_with(200, &headers, format!("event: message\ndata: {body}\n\n"))
}

/// The error that a client gets with this answer, if it is one: the host's sentence, or the texts of
/// a tool's result.
pub fn error_in(answer: &Answer) -> Option<String> {
    let message = answer.text().trim_start_matches("event: message\ndata: ");
    let message: Value = serde_json::from_str(message).ok()?;
    if let Some(sentence) = message["error"]["message"].as_str() {
        return Some(sentence.to_owned());
    }
    let result = &message["result"];
    let content = result["content"]
        .as_array()
        .filter(|_| result["isError"] == true)?;
    let texts = content.iter().filter_map(|block| block["text"].as_str());
    Some(texts.collect::<Vec<_>>().join(" "))
}

fn respond(
    server: &Server,
    method: &str,
    params: Params,
    request: &Request,
    run: impl FnOnce(&Tool, &Call) -> Result<String, String>,
) -> Result<String, Refused> {
    let unknown = |what: &str, name: Option<Cow<str>>| {
        let name = name.ok_or_else(failed)?;
        Err((INVALID_PARAMS, format!("Unknown {what}: '{name}'")))
    };
    match method {
        "initialize" => Ok(initialize(server, params)),
        "ping" | "logging/setLevel" => Ok("{}".to_owned()),
        "tools/list" => {
            let listed: Vec<&str> = server.tools.iter().map(|tool| &*tool.listed).collect();
            Ok(format!(r#"{{"tools":[{}]}}"#, listed.join(",")))
        }
        "tools/call" => {
            let name = params.name.as_deref().unwrap_or_default();
            let mut tools = server.tools.iter();
            let Some(tool) = tools.find(|tool| tool.name.eq_ignore_ascii_case(name)) else {
                return unknown("tool", params.name);
            };
            let call = Call::read(name, params.arguments, &request.headers);
            let call = call.map_err(|_| failed())?;
            let missing = call.missing(tool).join(", ");
            if !missing.is_empty() {
                let message = format!(
                    "One or more required tool properties are missing values. Please provide: {missing}"
                );
                return Err((INVALID_PARAMS, message));
            }
            Ok(run(tool, &call).unwrap_or_else(|_| {
                let text = text_block(&format!("An error occurred invoking '{name}'."));
                format!(r#"{{"content":[{text}],"isError":true}}"#)
            }))
        }
        "resources/list" => Ok(r#"{"resources":[]}"#.to_owned()),
        "resources/templates/list" => Ok(r#"{"resourceTemplates":[]}"#.to_owned()),
        "resources/read" => unknown("resource", params.uri),
        "prompts/list" => Ok(r#"{"prompts":[]}"#.to_owned()),
        "prompts/get" => unknown("prompt", params.name),
        _ => Err((NO_METHOD, format!("Method '{method}' is not available."))),
    }
}

fn initialize(server: &Server, params: Params) -> String {
    let asked = params.protocol_version.unwrap_or_default();
    let version = VERSIONS.into_iter().find(|version| asked == *version);
    let text = |member: &str| server.settings[member].as_str();
    let instructions = text("instructions");
    let instructions = instructions.map(|text| format!(",\"instructions\":{}", to_json(text)));
    format!(
        r#"{{"protocolVersion":{},"capabilities":{{"logging":{{}},"prompts":{{}},"resources":{{}},"tools":{{}}}},"serverInfo":{{"name":{},"version":{}}}{}}}"#,
        to_json(version.unwrap_or(VERSIONS[2])),
        to_json(text("serverName").unwrap_or("Azure Functions MCP server")),
        to_json(text("serverVersion").unwrap_or("1.0.0")),
        instructions.unwrap_or_default(),
    )
}

/// Reads the body of a request. Errors where it is not one message.
fn message(body: &[u8]) -> Result<Message<'_>, Refused> {
    let invalid = |why: &str| Err((INVALID_REQUEST, why.to_owned()));
    if body.is_empty() {
        return invalid("the body is empty, and has to be a JSON-RPC message");
    }
    let json: &RawValue = serde_json::from_slice(body)
        .map_err(|error| (PARSE_ERROR, format!("the body is not JSON: {error}")))?;
    if json.get().starts_with('[') {
        return invalid("a batch is not served; send one message per request");
    }
    let Ok(message) = serde_json::from_str::<Message>(json.get()) else {
        return invalid("a JSON-RPC message is an object with jsonrpc, id, method and params");
    };
    let is_id = |id: &RawValue| id.get().starts_with('"') || id.get().parse::<i64>().is_ok();
    if message.jsonrpc != "2.0" {
        return invalid("jsonrpc has to be \"2.0\"");
    }
    if message.id.is_some_and(|id| !is_id(id)) {
        return invalid("an id has to be a string or an integer");
    }
    if message.method.is_none() && message.result.is_none() && message.error.is_none() {
        return invalid("a JSON-RPC message has a method, a result or an error");
    }
    Ok(message)
}

/// Whether the value of `Host`, or of `Origin` after its scheme, names this machine.
fn is_local(value: &str, scheme: &str) -> bool {
    let Some((_, authority)) = value.split_once(scheme) else {
        return false;
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let mut names = ["localhost", "127.0.0.1", "[::1]"].into_iter();
    names.any(|local| host.eq_ignore_ascii_case(local))
}

/// An error of JSON-RPC. `id` is JSON.
fn error(code: i32, message: &str, id: &str) -> String {
    let message = to_json(message);
    format!(r#"{{"error":{{"code":{code},"message":{message}}},"id":{id},"jsonrpc":"2.0"}}"#)
}

fn http_error(status: u16, code: i32, message: &str) -> Answer {
    let kind = ("Content-Type", "application/json; charset=utf-8");
    answer_with(status, &[kind], error(code, message, "\"\""))
}

fn answer_with(status: u16, headers: &[(&str, &str)], body: String) -> Answer {
    let owned = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
    Answer {
        status,
        headers: headers.iter().map(owned).collect(),
        body: body.into_bytes(),
    }
}
