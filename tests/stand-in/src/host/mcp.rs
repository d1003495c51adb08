//! The MCP server of the Functions host [azure-functions-mcp-extension 1.6.0]. It has two intended
//! differences: instead of a 500 without a body it gives the protocol's status with a sentence, and
//! a web page of another machine gets 403.

use crate::app::function::Function;
use crate::app::json;
use crate::app::tool::Tool;
use crate::host::answer::Outcome;
use crate::host::data::{self, Data, sys};
use crate::host::newtonsoft::{self, Token, object, quoted};
use crate::host::request::{Request, grouped};
use crate::run::http::{Answer, Headers, media_type, named};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::error::Error;

pub const PATH: &str = "/runtime/webhooks/mcp";

/// A client that asks for another version gets the first.
const VERSIONS: [&str; 3] = ["2025-06-18", "2025-03-26", "2024-11-05"];

const SESSION: &str = "Mcp-Session-Id";

/// Comes before a message in an answer.
const EVENT: &str = "event: message\ndata: ";

/// JSON-RPC's codes.
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const NO_METHOD: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
/// The library's code for HTTP's errors.
const SERVER_ERROR: i32 = -32000;

/// An object's values as they were written.
type Members<'a> = BTreeMap<String, &'a RawValue>;

fn text(object: &Members, name: &str) -> Option<String> {
    serde_json::from_str(object.get(name)?.get()).ok()
}

/// Errors if the member is neither an object nor null.
fn members<'a>(object: &Members<'a>, name: &str) -> Result<Option<Members<'a>>, Refused> {
    let json = object.get(name).map_or("null", |json| json.get());
    serde_json::from_str(json).map_err(|_| failed())
}

/// A code and a sentence.
type Refused = (i32, String);

/// The result as JSON.
type Responded = Result<String, Refused>;

/// For a request that the host cannot understand.
fn failed() -> Refused {
    (INTERNAL_ERROR, "An error occurred.".to_owned())
}

/// For an unknown name; without a name, [`failed`].
fn unknown(what: &str, name: Option<String>) -> Refused {
    let why = |name| (INVALID_PARAMS, format!("Unknown {what}: '{name}'"));
    name.map_or_else(failed, why)
}

/// The trigger's value in `Data`, and the binding data. Both have the client's headers and key.
pub type Brought = (String, Data);

pub struct Server<'a> {
    /// `extensions.mcp` of host.json.
    pub settings: &'a Value,
    pub tools: &'a [Tool],
    pub new_session: &'a str,
    /// Gives a `CallToolResult` as JSON on one line, `None` if the function failed.
    pub run: &'a dyn Fn(&Tool, Brought) -> Option<String>,
}

impl Server<'_> {
    pub fn answer(&self, request: &Request) -> Answer {
        let message = match message(request) {
            Ok(message) => message,
            Err(refused) => return refused,
        };
        let mut headers = vec![
            ("Cache-Control", "no-cache,no-store"),
            ("Content-Encoding", "identity"),
        ];
        let (Some(id), Some(method)) = (message.get("id"), text(&message, "method")) else {
            // A notification, or an answer without a request.
            return Answer::new(202, &headers, "");
        };
        let body = match self.respond(&method, &message, &request.headers) {
            Ok(result) => object([("result", &*result), ("id", id.get()), VERSION]),
            Err((code, why)) => error(code, &why, id.get()),
        };
        headers.insert(0, ("Content-Type", "text/event-stream"));
        if method == "initialize" {
            headers.push((SESSION, self.new_session));
        }
        Answer::new(200, &headers, format!("{EVENT}{body}\n\n"))
    }

    fn respond(&self, method: &str, message: &Members, headers: &Headers) -> Responded {
        let params = members(message, "params")?.unwrap_or_default();
        Ok(match method {
            "initialize" => self.initialize(&params),
            "ping" | "logging/setLevel" => "{}".to_owned(),
            "tools/list" => {
                let listed: Vec<&str> = self.tools.iter().map(|tool| &*tool.listed).collect();
                format!(r#"{{"tools":[{}]}}"#, listed.join(","))
            }
            "tools/call" => return self.call(&params, headers),
            "resources/list" => r#"{"resources":[]}"#.to_owned(),
            "resources/templates/list" => r#"{"resourceTemplates":[]}"#.to_owned(),
            "prompts/list" => r#"{"prompts":[]}"#.to_owned(),
            "resources/read" => return Err(unknown("resource", text(&params, "uri"))),
            "prompts/get" => return Err(unknown("prompt", text(&params, "name"))),
            _ => return Err((NO_METHOD, format!("Method '{method}' is not available."))),
        })
    }

    fn initialize(&self, params: &Members) -> String {
        let asked = text(params, "protocolVersion").unwrap_or_default();
        let version = VERSIONS.into_iter().find(|version| asked == *version);
        let version = quoted(version.unwrap_or(VERSIONS[0]));
        let setting = |name: &str| self.settings[name].as_str();
        let name = quoted(setting("serverName").unwrap_or("Azure Functions MCP server"));
        let own_version = quoted(setting("serverVersion").unwrap_or("1.0.0"));
        let capabilities = r#"{"logging":{},"prompts":{},"resources":{},"tools":{}}"#;
        let info = object([("name", name), ("version", own_version)]);
        let instructions = setting("instructions").map(quoted);
        given([
            ("protocolVersion", Some(&version)),
            ("capabilities", Some(capabilities)),
            ("serverInfo", Some(&info)),
            ("instructions", instructions.as_deref()),
        ])
    }

    fn call(&self, params: &Members, headers: &Headers) -> Responded {
        let name = text(params, "name").ok_or_else(failed)?;
        let mut tools = self.tools.iter();
        let Some(tool) = tools.find(|tool| tool.name.eq_ignore_ascii_case(&name)) else {
            return Err(unknown("tool", Some(name)));
        };
        let arguments = members(params, "arguments")?;
        let mut missing = tool.required.clone();
        missing.retain(|name| {
            let given = arguments.as_ref().and_then(|all| all.get(name));
            given.is_none_or(|json| json.get() == "null")
        });
        if !missing.is_empty() {
            let why = "One or more required tool properties are missing values. Please provide";
            return Err((INVALID_PARAMS, format!("{why}: {}", missing.join(", "))));
        }
        let arguments = arguments.map(|arguments| (params["arguments"].get(), arguments));
        let data = data(tool, &name, arguments, headers);
        Ok((self.run)(tool, data).unwrap_or_else(|| {
            let content = texts(&format!("An error occurred invoking '{name}'."));
            object([("content", &*content), ("isError", "true")])
        }))
    }
}

/// The JSON-RPC message in a request. Errors with the answer to an invalid one.
fn message(request: &Request) -> Result<Members<'_>, Answer> {
    let refused = |status, code, why: &str| {
        let kind = ("Content-Type", "application/json; charset=utf-8");
        Err(Answer::new(status, &[kind], error(code, why, "\"\"")))
    };
    // There are no keys, and the name of a web page could lead to this machine.
    for (header, scheme) in [("Host", ""), ("Origin", "://")] {
        let mut values = named(&request.headers, header);
        if let Some(value) = values.next().filter(|value| !is_local(value, scheme)) {
            let why = "and only localhost, 127.0.0.1, [::1] are served";
            let why = format!("Forbidden: {header} is {value}, {why}");
            return refused(403, SERVER_ERROR, &why);
        }
    }
    if request.method != "POST" {
        return Err(Answer::new(405, &[], ""));
    }
    let accepted = request.header("Accept").to_ascii_lowercase();
    let accepts = |kind, any| [kind, any, "*/*"].iter().any(|one| accepted.contains(one));
    if !accepts("application/json", "application/*") || !accepts("text/event-stream", "text/*") {
        let why = "Not Acceptable: Client must accept both application/json and text/event-stream";
        return refused(406, SERVER_ERROR, why);
    }
    let kind = media_type(&request.headers);
    if !kind.eq_ignore_ascii_case("application/json") {
        let why = format!("Unsupported Media Type: {kind:?} is not application/json");
        return refused(415, SERVER_ERROR, &why);
    }
    let session = request.header(SESSION);
    let parts = session.split('|').filter(|part| !part.is_empty());
    if !session.is_empty() && parts.count() != 2 {
        let why = "Not Found: the session is not one of this server's; initialize a new one";
        return refused(404, SERVER_ERROR, why);
    }
    let invalid = |code, why: &str| refused(400, code, &format!("Bad Request: {why}"));
    let message: Members = match serde_json::from_slice(&request.body) {
        Ok(message) => message,
        Err(error) if error.is_data() => {
            return invalid(INVALID_REQUEST, "send one JSON-RPC message, an object");
        }
        Err(error) => return invalid(PARSE_ERROR, &format!("the body is not JSON: {error}")),
    };
    let is_id = |id: &RawValue| id.get().starts_with('"') || id.get().parse::<i64>().is_ok();
    let has = |member| message.contains_key(member);
    if text(&message, "jsonrpc").as_deref() != Some("2.0") {
        return invalid(INVALID_REQUEST, "jsonrpc has to be \"2.0\"");
    }
    if message.get("id").is_some_and(|id| !is_id(id)) {
        return invalid(INVALID_REQUEST, "an id has to be a string or an integer");
    }
    if text(&message, "method").is_none() && !has("result") && !has("error") {
        let why = "a message has a method, which is a string, or a result or an error";
        return invalid(INVALID_REQUEST, why);
    }
    Ok(message)
}

/// Whether `Host` or `Origin` names this machine. An `Origin` begins with a scheme.
fn is_local(value: &str, scheme: &str) -> bool {
    let Some((_, authority)) = value.split_once(scheme) else {
        return false;
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.to_ascii_lowercase();
    ["localhost", "127.0.0.1", "[::1]"].contains(&&*host)
}

/// The last member of each message.
const VERSION: (&str, &str) = ("jsonrpc", "\"2.0\"");

/// A JSON-RPC error; `id` is JSON.
fn error(code: i32, message: &str, id: &str) -> String {
    let error = [("code", code.to_string()), ("message", quoted(message))];
    object([("error", &*object(error)), ("id", id), VERSION])
}

/// The JSON-RPC message in an answer; null if there is none.
pub fn message_in(answer: &Answer) -> Value {
    let json = answer.text().trim_start_matches(EVENT);
    serde_json::from_str(json).unwrap_or_default()
}

/// If the answer is an error: the host's sentence, or the texts of the tool's result.
pub fn error_in(answer: &Answer) -> Option<String> {
    let message = message_in(answer);
    if let Some(sentence) = message["error"]["message"].as_str() {
        return Some(sentence.to_owned());
    }
    let result = Some(&message["result"]).filter(|result| result["isError"] == true)?;
    let blocks = result["content"].as_array()?.iter();
    let texts: Vec<&str> = blocks.filter_map(|block| block["text"].as_str()).collect();
    Some(texts.join(" "))
}

/// What a tool's function gets. `name` is as the client wrote it; `arguments` are the client's text
/// and its members.
fn data(tool: &Tool, name: &str, arguments: Option<(&str, Members)>, headers: &Headers) -> Brought {
    let session = named(headers, SESSION).next();
    let headers = grouped(headers.iter().cloned()).into_iter();
    let headers = object(headers.map(|(name, values)| (name, quoted(&values.join(",")))));
    let properties = object([("headers", headers)]);
    let [name, via] = [name, "http-streamable"].map(quoted);
    let id = session.map(quoted);
    let id = id.as_deref();
    let transport = given([
        ("name", Some(&via)),
        ("sessionId", id),
        ("properties", Some(&properties)),
    ]);
    let context = given([
        ("name", Some(&name)),
        ("arguments", arguments.as_ref().map(|(json, _)| *json)),
        ("sessionid", id),
        ("transport", Some(&transport)),
    ]);
    let (mut kinds, mut texts) = (Vec::new(), Data::default());
    for (name, json) in arguments.iter().flat_map(|(_, arguments)| arguments) {
        let (kind, text) = element(json.get());
        kinds.push((name, format!("{{\"ValueKind\":{kind}}}")));
        texts.set(name, data::Value::Text(text));
    }
    let kinds = arguments.as_ref().map(|_| object(kinds));
    let kinds = kinds.as_deref().unwrap_or("null");
    let id = id.unwrap_or("null");
    let seen = format!(
        r#"{{"Name":{name},"Arguments":{kinds},"SessionId":{id},"ClientInfo":null,"Transport":{{"Name":{via},"SessionId":{id},"Properties":{properties}}}}}"#
    );
    let seen = newtonsoft::parse(&seen, 64).unwrap_or_default();
    let mut metadata = Data::from([
        ("mcptoolcontext", data::Value::Json(seen)),
        (&*tool.binding, (&*context).into()),
    ]);
    if let Some(session) = session {
        metadata.set("mcpsessionid", session.into());
    }
    if arguments.is_some() {
        metadata.set("mcptoolargs", data::Value::Members(texts));
    }
    metadata.set("sys", sys(&tool.function));
    metadata.set_members(&context);
    (quoted(&quoted(&context)), metadata)
}

/// A JSON object of the members that have a value.
fn given<const N: usize>(members: [(&str, Option<&str>); N]) -> String {
    let members = members.into_iter();
    object(members.filter_map(|(name, json)| Some((name, json?))))
}

/// The `ValueKind` and the text of a .NET `JsonElement`.
fn element(json: &str) -> (u8, String) {
    match json.as_bytes()[0] {
        b'{' => (1, json.to_owned()),
        b'[' => (2, json.to_owned()),
        b'"' => (3, serde_json::from_str(json).unwrap_or_default()),
        b't' => (5, "True".to_owned()),
        b'f' => (6, "False".to_owned()),
        b'n' => (7, String::new()),
        _ => (4, json.to_owned()),
    }
}

/// Turns a tool's return value into the client's `CallToolResult`, as JSON on one line. Fails with
/// the reason why the client only gets the host's own sentence.
pub fn settled(function: &Function, returned: &Token) -> Outcome {
    let schema = json::flag(&function.trigger()["useResultSchema"]) == Some(true);
    match result(schema, returned) {
        Ok(result) => Outcome::Completed(Some(Answer::new(200, &[], result))),
        Err(why) => Outcome::Failed(format!("the return value is not a tool's result: {why}")),
    }
}

/// The types of content, and their required members [ModelContextProtocol, ContentBlock.cs].
const BLOCKS: [(&str, &[&str]); 5] = [
    ("text", &["text"]),
    ("image", &["data", "mimeType"]),
    ("audio", &["data", "mimeType"]),
    ("resource", &["resource"]),
    ("resource_link", &["uri", "name"]),
];

fn result(schema: bool, returned: &Token) -> Result<String, Box<dyn Error>> {
    let text = match returned {
        Token::Null => return Ok(r#"{"content":[]}"#.to_owned()),
        value if !schema => return Ok(object([("content", texts(&value.to_text()))])),
        Token::Text(text) => text,
        _ => return Err("useResultSchema is true, and it is not a text".into()),
    };
    // The members are texts of JSON.
    let returned: Value = serde_json::from_str(text)?;
    let member = |name: &str| returned[name].as_str();
    let kind = member("type").ok_or("it has no type")?;
    let content = member("content").ok_or("it has no content")?;
    let with = |list: &str| {
        let structured = member("structuredContent");
        given([("content", Some(list)), ("structuredContent", structured)])
    };
    let result = match kind {
        "call_tool_result" => content.to_owned(),
        "multi_content_result" => with(content),
        _ => with(&format!("[{content}]")),
    };
    let read: Value = serde_json::from_str(&result)?;
    let blocks = read["content"]
        .as_array()
        .ok_or("its content is not a list")?;
    let is_whole = |block: &Value| {
        let mut kinds = BLOCKS.iter().filter(|(kind, _)| block["type"] == *kind);
        kinds.any(|(_, needed)| needed.iter().all(|member| !block[member].is_null()))
    };
    let is_empty = blocks.is_empty() && kind != "call_tool_result";
    if is_empty || !blocks.iter().all(is_whole) {
        return Err(
            "there is no content, or a block of no known type or without its members".into(),
        );
    }
    Ok(result.replace(['\n', '\r'], ""))
}

/// A text as a list of content.
fn texts(text: &str) -> String {
    format!(r#"[{{"type":"text","text":{}}}]"#, quoted(text))
}
