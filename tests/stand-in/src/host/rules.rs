//! The rules of the Functions host, as functions without state: what it sends for a caller's
//! request or a queue message, and what it makes of the answer. Read from
//! Azure/azure-functions-host 4.1037 (files under src/WebJobs.Script) and, for triggers and queues,
//! from azure-webjobs-sdk-extensions and azure-sdk-for-net; in brackets, each rule's file. What the
//! contract marks as seen was watched under that host and is what these functions are tested with.

use crate::app::function::Binding;
use crate::host::base64::from_base64;
pub use crate::host::base64::to_base64;
use crate::host::newtonsoft::{self, Date, Token, quoted};
use crate::host::routes::{self, Parameters};
use crate::host::storage::shown;
use crate::run::http::Answer;
use serde_json::Value;

/// What a queue message holds with the default encoding: 64 KiB of base64.
pub const MESSAGE_MAX_BYTES: usize = 49_152;

/// What a queue message holds that lies there as text (`messageEncoding` is `none`).
const PLAIN_MESSAGE_MAX_BYTES: usize = 65_536;

/// What became of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was carried out; with the answer for its caller where it has one.
    Completed(Option<Answer>),
    /// It failed, for this reason.
    Failed(String),
    /// The host waits until the function's timeout, then restarts the handler.
    Hangs,
}

fn failed<T>(why: impl Into<String>) -> Result<T, Outcome> {
    Err(Outcome::Failed(why.into()))
}

/// What comes of a handler's answer.
pub struct Settled {
    pub outcome: Outcome,
    /// The invocation's own logs.
    pub logs: Vec<String>,
    /// What is put into queues, by their names. A failed invocation may have put some already.
    pub messages: Vec<(String, Vec<u8>)>,
    /// What other outputs write, by their bindings: texts as JSON strings, bytes that are no text
    /// as `{"base64": "..."}`.
    pub outputs: Vec<(String, Value)>,
}

/// Treats an answer to an invocation: logs, then the outputs that the function declares in its
/// function.json [Workers/Http/HttpScriptInvocationResultExtensions.cs;
/// Description/Workers/WorkerFunctionInvoker.cs].
pub fn settle(declared: &[&Binding], answer: &Answer) -> Settled {
    settle_with(declared, answer, true)
}

/// [`settle`], with queues whose messages lie there as base64, or as text.
pub fn settle_with(declared: &[&Binding], answer: &Answer, base64_queues: bool) -> Settled {
    let (logs, messages, outputs) = Default::default();
    let mut settled = Settled {
        outcome: Outcome::Hangs,
        logs,
        messages,
        outputs,
    };
    let answer = settle_outputs(declared, answer, base64_queues, &mut settled);
    settled.outcome = answer.map_or_else(|outcome| outcome, Outcome::Completed);
    settled
}

fn settle_outputs(
    declared: &[&Binding],
    answer: &Answer,
    base64_queues: bool,
    settled: &mut Settled,
) -> Result<Option<Answer>, Outcome> {
    let result = result_of(answer)?;
    settled.logs = logs_of(&result)?;
    let outputs = outputs_of(&result)?;
    let return_value = result.property("ReturnValue");
    // [HandleOutputDictionary] spreads an object over the outputs; where one is named $return,
    // [HandleReturnParameter] gives the object to that one.
    let has_return = declared.iter().any(|binding| binding["name"] == "$return");
    let spread = return_value
        .filter(|_| !has_return)
        .map_or(&[][..], Token::members);
    let named = |members: &[(String, Token)], name: &str| {
        members
            .iter()
            .find(|(member, _)| member == name)
            .map(|(_, value)| value.clone())
    };
    let mut answer_for_caller = None;
    for binding in declared {
        let text = |member: &str| {
            binding[member]
                .as_str()
                .unwrap_or_else(|| panic!("no {member} in {binding:?}"))
        };
        let spread_value = named(spread, text("name"));
        let value = match text("name") {
            // Whatever Outputs holds under this name is overwritten.
            "$return" => return_value.cloned(),
            name => spread_value
                .clone()
                .or_else(|| named(outputs.unwrap_or_default(), name)),
        };
        match text("type").to_ascii_lowercase().as_str() {
            // Without any Outputs nothing answers, and the caller gets 204; without this one, an
            // empty object does.
            "http" if outputs.is_none() && spread_value.is_none() => {
                answer_for_caller = Some(Answer {
                    status: 204,
                    ..server_error()
                });
            }
            "http" => answer_for_caller = Some(http_answer_of(value.as_ref())?),
            "queue" => {
                // One after the other: those before one that is too large are in the queue.
                for message in messages_of(&value.unwrap_or(Token::Null), spread_value.is_some())? {
                    settled.messages.push((
                        text("queueName").to_owned(),
                        stored(message, base64_queues)?,
                    ));
                }
            }
            kind => {
                let value = value.unwrap_or(Token::Null);
                let written = match kind {
                    "blob" => blob_of(&value, spread_value.is_some())?
                        .into_iter()
                        .map(|bytes| shown(&bytes))
                        .collect(),
                    _ => items_of(&value, spread_value.is_some())?,
                };
                settled.outputs.extend(
                    written
                        .into_iter()
                        .map(|value| (text("name").to_owned(), value)),
                );
            }
        }
    }
    Ok(answer_for_caller)
}

/// What the host reads from a handler's answer to an invocation, an object with `Outputs`, `Logs`,
/// `ReturnValue` [Workers/Http/DefaultHttpWorkerService.cs, ProcessDefaultInvocationRequest].
fn result_of(answer: &Answer) -> Result<Token, Outcome> {
    if !(200..300).contains(&answer.status) {
        // The handler's own errors are `{"error": "..."}`.
        let body = String::from_utf8_lossy(&answer.body);
        let error = body.parse::<serde_json::Value>().ok();
        let error = error.and_then(|body| Some(body["error"].as_str()?.to_owned()));
        return failed(error.unwrap_or_else(|| format!("status {}: {body}", answer.status)));
    }
    // ReadAsAsync gives null for an empty body, before it looks at its type; a null result is never
    // set.
    if answer.body.is_empty() {
        return Err(Outcome::Hangs);
    }
    let media_type = answer
        .header("Content-Type")
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return failed(format!("the Content-Type is {media_type:?}"));
    }
    // System.Net.Http.Formatting reads up to 256 levels.
    let result =
        newtonsoft::parse(&String::from_utf8_lossy(&answer.body), 256).map_err(Outcome::Failed)?;
    match result {
        Token::Null => Err(Outcome::Hangs),
        Token::Object(_) => Ok(result),
        _ => failed("the result is not an object"),
    }
}

/// The invocation's own logs: a list of strings [Workers/Http/HttpScriptInvocationResult.cs]. The
/// host would take numbers for strings too.
fn logs_of(result: &Token) -> Result<Vec<String>, Outcome> {
    match result.property("Logs") {
        None => Ok(Vec::new()),
        Some(Token::Array(lines)) => lines
            .iter()
            .map(|line| match line {
                Token::Text(line) => Ok(line.clone()),
                line => failed(format!("{line:?} in Logs")),
            })
            .collect(),
        Some(logs) => failed(format!("Logs is {logs:?}")),
    }
}

/// `Outputs`: an object, or `null`, which is as good as none.
fn outputs_of(result: &Token) -> Result<Option<&[(String, Token)]>, Outcome> {
    match result.property("Outputs") {
        None => Ok(None),
        Some(Token::Object(members)) => Ok(Some(members)),
        Some(outputs) => failed(format!("Outputs is {outputs:?}")),
    }
}

/// A message as a queue gives it back. Errors where it is too large, or no text where only texts
/// can lie in queues.
fn stored(message: Vec<u8>, base64: bool) -> Result<Vec<u8>, Outcome> {
    let most = if base64 {
        MESSAGE_MAX_BYTES
    } else {
        PLAIN_MESSAGE_MAX_BYTES
    };
    if message.len() > most {
        return failed(format!(
            "a message of {} bytes, and a queue takes {most}",
            message.len()
        ));
    }
    if base64 {
        return Ok(message);
    }
    // BinaryData.ToString() [Azure.Storage.Queues, QueueMessageCodec.cs]; then it stands in XML.
    let text = String::from_utf8_lossy(&message);
    match text
        .chars()
        .find(|c| *c < ' ' && !matches!(c, '\t' | '\n' | '\r'))
    {
        Some(c) => failed(format!(
            "a message with the character {c:?}, which cannot lie in a queue as text"
        )),
        None => Ok(text.into_owned().into_bytes()),
    }
}

/// What a value becomes in a blob; `None` for null [Binding/FunctionBinding.cs,
/// ConvertValueToStream].
fn blob_of(value: &Token, spread: bool) -> Result<Option<Vec<u8>>, Outcome> {
    Ok(Some(match value {
        Token::Null => return Ok(None),
        // JSON.NET has made it a DateTime, for which there is no conversion.
        Token::Text(text) if Date::parse(text).is_some() => {
            return failed("a date cannot be written to a blob");
        }
        Token::Text(text) => from_base64(text)
            .filter(|_| !spread)
            .unwrap_or_else(|| text.clone().into_bytes()),
        Token::Bool(value) => vec![u8::from(*value)],
        Token::Float(value) => value.to_le_bytes().to_vec(),
        // The lower 32 bits of a long; there is no conversion of what is larger.
        Token::Integer(digits) => match digits.parse::<i64>() {
            Ok(number) => (number as i32).to_le_bytes().to_vec(),
            Err(_) => return failed("a number of more than 64 bits cannot be written to a blob"),
        },
        Token::Array(_) | Token::Object(_) => value.to_json(false).into_bytes(),
    }))
}

/// The items that a value becomes on its way to any other output: an entity, a document, a message
/// each [Binding/FunctionBinding.cs, ReadAsEnumerable]. Whether it takes texts or objects is up to
/// its extension.
fn items_of(value: &Token, spread: bool) -> Result<Vec<Value>, Outcome> {
    let item = |token: &Token| match token {
        Token::Object(_) | Token::Array(_) => {
            let json = token.to_json(false);
            json.parse().unwrap_or(Value::String(json))
        }
        token => Value::String(token.to_text()),
    };
    let text = match value {
        Token::Null => return Ok(Vec::new()),
        Token::Array(elements) => return Ok(elements.iter().map(item).collect()),
        Token::Text(text) if Date::parse(text).is_none() => text,
        value => return Ok(vec![item(value)]),
    };
    if let Some(bytes) = from_base64(text).filter(|_| !spread) {
        return Ok(vec![shown(&bytes)]);
    }
    if !is_json(text) {
        return Ok(vec![Value::from(text.as_str())]);
    }
    match newtonsoft::parse(text, 64).map_err(Outcome::Failed)? {
        Token::Array(elements) => Ok(elements.iter().map(item).collect()),
        object => Ok(vec![item(&object)]),
    }
}

/// The messages that a value becomes on its way to a queue, of any other function's `Outputs` or
/// `ReturnValue` too.
///
/// [Workers/Http/HttpScriptInvocationResultExtensions.cs, GetBindingValue] tries base64, unless
/// `spread`: members of a `ReturnValue` do not pass it. Then [Binding/FunctionBinding.cs,
/// ReadAsEnumerable and BindAsyncCollectorAsync<byte[]>; Utility.cs, IsJson]. A date is none of
/// these: JSON.NET has made it a `DateTime`, which is no string.
fn messages_of(value: &Token, spread: bool) -> Result<Vec<Vec<u8>>, Outcome> {
    let text_of = |token: &Token| token.to_text().into_bytes();
    let text = match value {
        Token::Null => return Ok(Vec::new()),
        Token::Array(elements) => return Ok(elements.iter().map(text_of).collect()),
        Token::Text(text) if Date::parse(text).is_none() => text,
        value => return Ok(vec![text_of(value)]),
    };
    if let Some(bytes) = from_base64(text).filter(|_| !spread) {
        // An empty text is base64 of nothing: an empty message.
        return Ok(vec![bytes]);
    }
    if !is_json(text) {
        return Ok(vec![text.clone().into_bytes()]);
    }
    match newtonsoft::parse(text, 64).map_err(Outcome::Failed)? {
        Token::Array(elements) => Ok(elements.iter().map(text_of).collect()),
        object => Ok(vec![text_of(&object)]),
    }
}

/// Whether the host tries to parse a text [Utility.cs, IsJson]. Rust and .NET trim the same white
/// space.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    [('{', '}'), ('[', ']')]
        .iter()
        .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close))
}

/// The answer that a caller gets for the value of an http output, `None` where `Outputs` lacks it
/// [Workers/Http/HttpScriptInvocationResultExtensions.cs, GetHttpOutputBindingResponse;
/// Binding/Http/HttpBinding.cs].
fn http_answer_of(value: Option<&Token>) -> Result<Answer, Outcome> {
    // An output that is not there is an object without members, and is sent as such.
    let Some(value) = value else {
        return Ok(caller_answer(200, None, Vec::new(), "{}"));
    };
    // `ToString()` of the value is parsed again, so an object in a string is one too.
    // null.ToString() throws.
    let object = match value {
        Token::Text(text) => newtonsoft::parse(text, 64).map_err(Outcome::Failed)?,
        value => value.clone(),
    };
    if !matches!(object, Token::Object(_)) {
        return failed(format!("the http output is {object:?}"));
    }
    let status = match object.property("statusCode") {
        Some(Token::Array(_) | Token::Object(_)) => return failed("statusCode is no value"),
        // int.TryParse; 200 where it fails. `status` is not looked at: a null statusCode counts as
        // present.
        status => status
            .and_then(|status| status.to_text().trim().parse().ok())
            .unwrap_or(200),
    };
    let (mut content_type, mut headers) = (None, Vec::new());
    match object.property("headers") {
        None => {}
        Some(Token::Object(members)) => {
            for (name, value) in members {
                // [Binding/Http/RawScriptResult.cs] throws for null; Kestrel throws for what is no
                // header value, a list for one, which is written over several lines. That is after
                // the outputs were written.
                let text = value.to_text();
                if *value == Token::Null
                    || !text.chars().all(|c| c == '\t' || matches!(c, ' '..='~'))
                {
                    return Ok(server_error());
                }
                match name.eq_ignore_ascii_case("content-type") {
                    true => content_type = Some(text),
                    // The first of names that differ only in case [Utility.cs,
                    // AccumulateDuplicateHeader].
                    false
                        if headers
                            .iter()
                            .any(|(n, _): &(String, String)| n.eq_ignore_ascii_case(name)) => {}
                    false => headers.push((name.clone(), text)),
                }
            }
        }
        Some(headers) => return failed(format!("headers is {headers:?}")),
    }
    let body = object
        .property("body")
        .map(Token::to_text)
        .unwrap_or_default();
    if !body.is_empty() && matches!(status, 204 | 205 | 304) {
        // Kestrel: "Writing to the response body is invalid for responses with status code 204."
        return Ok(server_error());
    }
    Ok(caller_answer(status, content_type, headers, &body))
}

/// A text as the answer to a caller: `text/plain` without a Content-Type, and always with a charset
/// of UTF-8 (dotnet/aspnetcore, StringOutputFormatter.cs and TextOutputFormatter.cs).
fn caller_answer(
    status: u16,
    content_type: Option<String>,
    mut headers: Vec<(String, String)>,
    body: &str,
) -> Answer {
    let content_type = content_type.unwrap_or_else(|| "text/plain".to_owned());
    let charset = content_type.split(';').skip(1).any(|parameter| {
        parameter
            .trim()
            .to_ascii_lowercase()
            .starts_with("charset=")
    });
    let content_type = if charset {
        content_type
    } else {
        content_type + "; charset=utf-8"
    };
    headers.push(("Content-Type".to_owned(), content_type));
    Answer {
        status,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

/// What the caller of a failed invocation gets.
pub fn server_error() -> Answer {
    Answer {
        status: 500,
        headers: vec![("Content-Length".to_owned(), "0".to_owned())],
        body: Vec::new(),
    }
}

/// Members of a JSON object: names, and values as JSON.
pub type Members = Vec<(String, String)>;

pub fn object(members: Members) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", quoted(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

/// Binding data is a dictionary that ignores case: a name keeps its place and spelling, and gets a
/// new value.
fn set(members: &mut Members, name: &str, value: String) {
    match members
        .iter_mut()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
    {
        Some((_, old)) => *old = value,
        None => members.push((name.to_owned(), value)),
    }
}

/// The top-level members of a JSON body or message become binding data, and win [Utility.cs,
/// ApplyBindingData; the same in WebJobs.Extensions.Http]: objects as they are, lists and nulls
/// not, all else as a text.
pub fn set_properties(members: &mut Members, text: &str) {
    let Some(body) = is_json(text)
        .then(|| newtonsoft::parse(text, 64).ok())
        .flatten()
    else {
        return;
    };
    for (name, value) in body.members() {
        match value {
            Token::Array(_) | Token::Null => {}
            Token::Object(_) => set(members, name, value.to_json(false)),
            value => set(members, name, twice(&value.to_text())),
        }
    }
}

/// A value that is no object is serialized once more
/// [Workers/MessageExtensions/ScriptInvocationContextExtensions.cs,
/// GetHttpScriptInvocationContextValue].
pub fn twice(text: &str) -> String {
    quoted(&quoted(text))
}

/// The payload; binding data whose name ends in "trigger" is left out
/// [ScriptInvocationContextExtensions.cs].
pub fn payload(data: Members, mut metadata: Members) -> String {
    metadata.retain(|(name, _)| !name.to_ascii_lowercase().ends_with("trigger"));
    format!(
        r#"{{"Data":{},"Metadata":{}}}"#,
        object(data),
        object(metadata)
    )
}

/// What `Metadata.sys` holds (azure-webjobs-sdk, SystemBindingData.cs).
pub struct Sys {
    pub method_name: String,
    pub utc_now: String,
    pub rand_guid: String,
}

impl Sys {
    pub fn json(&self) -> String {
        let members = [
            ("MethodName", &self.method_name),
            ("UtcNow", &self.utc_now),
            ("RandGuid", &self.rand_guid),
        ];
        object(
            members
                .map(|(name, value)| (name.to_owned(), quoted(value)))
                .into(),
        )
    }
}

/// An HTTP request as the host got it.
pub struct Request<'a> {
    pub method: &'a str,
    /// Path and query, as they were sent.
    pub target: &'a str,
    pub headers: Vec<(String, String)>,
    pub body: &'a [u8],
}

impl Request<'_> {
    /// The value of a header, in any case; "" without it.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// Whether the body came in chunks, and so without a length.
    pub fn is_chunked(&self) -> bool {
        self.header("Transfer-Encoding") == "chunked"
    }

    /// The query's names, in any case, with all their values, decoded.
    pub fn query(&self) -> Vec<(String, Vec<String>)> {
        let mut query: Vec<(String, Vec<String>)> = Vec::new();
        let text = self.target.split_once('?').map_or("", |(_, query)| query);
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (url_decoded(name), url_decoded(value));
            match query
                .iter_mut()
                .find(|(n, _)| n.eq_ignore_ascii_case(&name))
            {
                Some((_, values)) => values.push(value),
                None => query.push((name, vec![value])),
            }
        }
        query
    }

    /// `Body` [Extensions/HttpRequestExtensions.cs, GetRequestAsJObject; Utility.cs,
    /// IsMediaTypeOctetOrMultipart]: absent without a Content-Length above 0, else base64 for two
    /// kinds of media types, else text.
    fn body(&self) -> Option<String> {
        if self.is_chunked() || self.body.is_empty() {
            return None;
        }
        let content_type = self.header("Content-Type").to_ascii_lowercase();
        let (media_type, parameters) = content_type.split_once(';').unwrap_or((&content_type, "-"));
        let media_type = media_type.trim();
        // A type that MediaTypeHeaderValue.TryParse refuses (no subtype, nothing after ";") counts
        // as text.
        let parses = media_type.contains('/') && !parameters.trim().is_empty();
        let binary = parses
            && (media_type == "application/octet-stream" || media_type.contains("multipart/"));
        Some(if binary {
            to_base64(self.body)
        } else {
            decoded(self.body)
        })
    }
}

/// A body as text: UTF-8, unless it begins with the byte-order mark of another; the mark is dropped
/// (StreamReader with detectEncodingFromByteOrderMarks in WebJobs.Extensions.Http,
/// HttpRequestExtensions.cs). What is not UTF-8 becomes U+FFFD, one for each maximal part of a
/// sequence, in Rust as in .NET.
fn decoded(body: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        String::from_utf16_lossy(
            &bytes
                .chunks(2)
                .map(|pair| unit([pair[0], *pair.get(1).unwrap_or(&0)]))
                .collect::<Vec<_>>(),
        )
    };
    match body {
        [0xef, 0xbb, 0xbf, text @ ..] => String::from_utf8_lossy(text).into_owned(),
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        text => String::from_utf8_lossy(text).into_owned(),
    }
}

fn url_decoded(text: &str) -> String {
    routes::decoded(&text.replace('+', " "))
}

/// What every caller is without authentication (ClaimsIdentity, serialized).
const IDENTITIES: &str = concat!(
    r#"[{"AuthenticationType":null,"IsAuthenticated":false,"Actor":null,"BootstrapContext":null,"Claims":[],"Label":null,"#,
    r#""Name":null,"NameClaimType":"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name","#,
    r#""RoleClaimType":"http://schemas.microsoft.com/ws/2008/06/identity/claims/role"}]"#
);

/// Headers in Kestrel's order (HttpHeaders.Generated.cs): four first, then others it knows by name,
/// Content-Length, the rest as they came. Values of one name are a list.
fn header_lists(headers: &[(String, String)]) -> Vec<(String, Vec<String>)> {
    const KNOWN: [&str; 8] = [
        "accept",
        "connection",
        "host",
        "user-agent",
        "content-type",
        "expect",
        "transfer-encoding",
        "content-length",
    ];
    let mut lists: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in headers {
        match lists.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.push(value.clone()),
            None => lists.push((name.clone(), vec![value.clone()])),
        }
    }
    lists.sort_by_key(|(name, _)| {
        KNOWN
            .iter()
            .position(|known| name.eq_ignore_ascii_case(known))
            .unwrap_or(KNOWN.len())
    });
    lists
}

/// The payload of an HTTP-triggered function [Extensions/HttpRequestExtensions.cs;
/// WebJobs.Extensions.Http, HttpTriggerAttributeBindingProvider.cs, GetRequestBindingData].
pub fn http_payload(
    binding: &str,
    request: &Request,
    parameters: &Parameters,
    inputs: Members,
    sys: &Sys,
) -> String {
    let (query, headers) = (request.query(), header_lists(&request.headers));
    let body = request.body();
    let members = |pairs: &[(String, Vec<String>)], value: fn(&[String]) -> String| {
        object(
            pairs
                .iter()
                .map(|(name, values)| (name.clone(), value(values)))
                .collect(),
        )
    };
    let joined = |values: &[String]| quoted(&values.join(","));
    let parameter = |(name, value): &(String, Option<String>)| {
        (
            name.clone(),
            value
                .as_ref()
                .map_or_else(|| "null".to_owned(), |value| quoted(value)),
        )
    };
    let mut data = vec![
        (
            "Url".to_owned(),
            quoted(&format!(
                "http://{}{}",
                request.header("Host"),
                request.target
            )),
        ),
        ("Method".to_owned(), quoted(request.method)),
        ("Query".to_owned(), members(&query, joined)),
        (
            "Headers".to_owned(),
            members(&headers, |values| {
                list(values.iter().map(|value| quoted(value)))
            }),
        ),
        (
            "Params".to_owned(),
            object(parameters.iter().map(parameter).collect()),
        ),
        ("Identities".to_owned(), IDENTITIES.to_owned()),
    ];
    data.extend(body.as_ref().map(|body| ("Body".to_owned(), quoted(body))));

    let mut metadata = Members::new();
    // From the text, whatever the Content-Type says.
    if body.is_some() {
        set_properties(&mut metadata, &decoded(request.body));
    }
    let last = |values: &[String]| values.last().cloned().unwrap_or_default();
    for (name, values) in query
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("code"))
    {
        set(&mut metadata, name, twice(&last(values)));
    }
    // Of route parameters, those that are there.
    for (name, value) in parameters {
        if let Some(value) = value {
            set(&mut metadata, name, twice(value));
        }
    }
    let collections = [
        (
            "Query",
            members(&query, |values| {
                quoted(values.last().map_or("", String::as_str))
            }),
        ),
        ("Headers", members(&headers, joined)),
    ];
    for (name, value) in collections {
        if !metadata.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
            metadata.push((name.to_owned(), value));
        }
    }
    set(&mut metadata, "sys", sys.json());
    let mut all = vec![(binding.to_owned(), object(data))];
    all.extend(inputs);
    payload(all, metadata)
}

/// What the queue knows of a message (azure-sdk-for-net, QueueTriggerBinding.cs).
pub struct Message {
    pub dequeue_count: u32,
    pub expiration_time: String,
    pub id: String,
    pub insertion_time: String,
    pub next_visible_time: String,
    pub pop_receipt: String,
}

impl Message {
    /// The metadata of a message. The members of a JSON text come after `sys`: they are added for
    /// the invocation [Description/Workers/WorkerFunctionInvoker.cs, TransformInput], where the
    /// trigger's value is a text.
    pub fn metadata(&self, text: Option<&str>, sys: &Sys) -> Members {
        let mut metadata: Members = [
            ("DequeueCount", quoted(&self.dequeue_count.to_string())),
            ("ExpirationTime", quoted(&self.expiration_time)),
            ("Id", twice(&self.id)),
            ("InsertionTime", quoted(&self.insertion_time)),
            ("NextVisibleTime", quoted(&self.next_visible_time)),
            ("PopReceipt", twice(&self.pop_receipt)),
            ("sys", sys.json()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        set_properties(&mut metadata, text.unwrap_or_default());
        metadata
    }
}

#[cfg(test)]
impl Message {
    /// What a captured payload tells of its message, delivered for the first time.
    pub fn captured(payload: &Value) -> Self {
        let part = |name: &str| {
            payload["Metadata"][name]
                .as_str()
                .expect("a text")
                .trim_matches('"')
                .to_owned()
        };
        Self {
            dequeue_count: 1,
            expiration_time: part("ExpirationTime"),
            id: part("Id"),
            insertion_time: part("InsertionTime"),
            next_visible_time: part("NextVisibleTime"),
            pop_receipt: part("PopReceipt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(value: &str) -> Result<Vec<String>, Outcome> {
        let messages = messages_of(&newtonsoft::parse(value, 256).unwrap(), false)?;
        Ok(messages
            .iter()
            .map(|message| String::from_utf8_lossy(message).into_owned())
            .collect())
    }

    /// What one text becomes; "failed" where the invocation fails.
    fn queued(text: &str) -> String {
        messages(&quoted(text))
            .map_or_else(|_| "failed".to_owned(), |messages| messages.join(" | "))
    }

    #[test]
    fn a_text_goes_through_the_five_steps() {
        for (text, message) in [
            ("2026-11-21T10:00:00+02:00", "11/21/2026 08:00:00"),
            ("/Date(0)/", "01/01/1970 00:00:00"),
            ("aGVsbG8=", "hello"),
            ("aGVs bG8=\r\n", "hello"),
            ("    ", ""),
            ("", ""),
            ("[]", ""),
            (
                " [1,\"aGVsbG8=\",[2],null,\"2026-11-21T10:00:00Z\"]\u{2003}",
                "1 | aGVsbG8= | [\n  2\n] |  | 11/21/2026 10:00:00",
            ),
            ("[hello]", "failed"),
            ("{hello}", "failed"),
            ("{a:1}", "{\n  \"a\": 1\n}"),
            (
                "{\"at\":\"2026-11-21T10:00:00+02:00\"}",
                "{\n  \"at\": \"2026-11-21T08:00:00+00:00\"\n}",
            ),
            ("hello world", "hello world"),
            ("{half", "{half"),
        ] {
            assert_eq!(queued(text), message, "{text:?}");
        }
        for garbage in ["test", "null", "true", "12345678", "20261121", "abcd efgh"] {
            assert_ne!(queued(garbage), garbage);
        }
        let order = r#"{"id":1005,"quantity":2,"color":"black"}"#;
        assert_eq!(
            queued(order).parse::<Value>().unwrap(),
            order.parse::<Value>().unwrap()
        );
        assert_eq!(queued(&to_base64(order.as_bytes())), order);
    }

    #[test]
    fn other_values_become_messages_too() {
        assert_eq!(messages("null"), Ok(vec![]));
        assert_eq!(messages("[]"), Ok(vec![]));
        assert_eq!(
            messages(r#"["queue message 1","aGVsbG8="]"#),
            Ok(vec!["queue message 1".into(), "aGVsbG8=".into()])
        );
        assert_eq!(
            messages(r#"["2026-11-21T10:00:00"]"#),
            Ok(vec!["11/21/2026 10:00:00".into()])
        );
        assert_eq!(messages("10.0"), Ok(vec!["10".into()]));
        assert_eq!(messages("true"), Ok(vec!["True".into()]));
        assert_eq!(messages(r#"{"a":1}"#), Ok(vec!["{\n  \"a\": 1\n}".into()]));
        let text = Token::Text("aGVsbG8=".to_owned());
        assert_eq!(messages_of(&text, true), Ok(vec![b"aGVsbG8=".to_vec()]));
    }

    #[test]
    fn base64_is_dotnets() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        let every_byte: Vec<u8> = (0..=255).collect();
        assert_eq!(from_base64(&to_base64(&every_byte)), Some(every_byte));
        assert_eq!(from_base64(" Z\tg=\r=\n").as_deref(), Some(&b"f"[..]));
        assert_eq!(from_base64("Zh==").as_deref(), Some(&b"f"[..]));
        for text in [
            "a",
            "ab",
            "abc",
            "abcde",
            "=",
            "==",
            "====",
            "a===",
            "ab=c",
            "ab==ab==",
            "ab\u{a0}=",
            "ab_-",
            "ab\u{b}==",
        ] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
    }

    fn http(value: &str) -> Result<Answer, Outcome> {
        http_answer_of(Some(&newtonsoft::parse(value, 256).unwrap()))
    }

    #[test]
    fn the_http_output_becomes_the_callers_answer() {
        let seen = |value: &str| {
            let answer = http(value).unwrap_or_else(|outcome| panic!("{outcome:?} for {value}"));
            (
                answer.status,
                answer.header("Content-Type").unwrap_or("none").to_owned(),
                answer.text().to_owned(),
            )
        };
        let text = "text/plain; charset=utf-8";
        for (value, status, content_type, body) in [
            (r#"{"body":"hi"}"#, 200, text, "hi"),
            (r#"{}"#, 200, text, ""),
            (
                r#"{"statusCode":201,"status":404,"BODY":"x"}"#,
                201,
                text,
                "x",
            ),
            (r#"{"statusCode":" 404 ","body":null}"#, 404, text, ""),
            (
                r#"{"statusCode":"no","body":{"a":[1]}}"#,
                200,
                text,
                "{\n  \"a\": [\n    1\n  ]\n}",
            ),
            (
                r#"{"body":"2026-11-21T10:00:00+02:00"}"#,
                200,
                text,
                "11/21/2026 08:00:00",
            ),
            (
                r#"{"body":"{\"a\":1}","headers":{"content-type":"application/json"}}"#,
                200,
                "application/json; charset=utf-8",
                "{\"a\":1}",
            ),
            (r#""{\"body\":\"in a string\"}""#, 200, text, "in a string"),
            (
                r#"{"headers":{"X-List":["a"]},"body":"x"}"#,
                500,
                "none",
                "",
            ),
            (r#"{"headers":{"X-Null":null}}"#, 500, "none", ""),
            (r#"{"statusCode":204,"body":"x"}"#, 500, "none", ""),
        ] {
            assert_eq!(
                seen(value),
                (status, content_type.to_owned(), body.to_owned()),
                "{value}"
            );
        }
        for value in [
            "null",
            "5",
            "[]",
            "\"hi\"",
            r#"{"statusCode":{}}"#,
            r#"{"headers":[]}"#,
        ] {
            assert!(matches!(http(value), Err(Outcome::Failed(_))), "{value}");
        }
        assert_eq!(http_answer_of(None).unwrap().text(), "{}");
    }

    #[test]
    fn answers_that_the_host_does_not_take_fail_or_hang() {
        let answer = |status, content_type: &str, body: &str| {
            let headers = vec![("content-type".to_owned(), content_type.to_owned())];
            result_of(&Answer {
                status,
                headers,
                body: body.as_bytes().to_vec(),
            })
        };
        assert!(answer(200, "Application/JSON; charset=x", "{}").is_ok());
        for hanging in [
            answer(200, "application/json", ""),
            answer(204, "text/plain", ""),
            answer(200, "application/json", "null"),
        ] {
            assert_eq!(hanging, Err(Outcome::Hangs));
        }
        for failing in [
            answer(200, "text/plain", "{}"),
            answer(200, "", "{}"),
            answer(500, "application/json", "{}"),
            answer(200, "application/json", "[]"),
        ] {
            assert!(matches!(failing, Err(Outcome::Failed(_))), "{failing:?}");
        }
        let result = |text| newtonsoft::parse(text, 256).unwrap();
        assert_eq!(
            logs_of(&result(r#"{"Logs":["a"]}"#)),
            Ok(vec!["a".to_owned()])
        );
        assert_eq!(logs_of(&result(r#"{"Logs":null}"#)), Ok(vec![]));
        assert!(
            logs_of(&result(r#"{"Logs":"a"}"#)).is_err()
                && logs_of(&result(r#"{"Logs":[{}]}"#)).is_err()
        );
        assert_eq!(outputs_of(&result(r#"{"Outputs":null}"#)), Ok(None));
        assert!(outputs_of(&result(r#"{"Outputs":[]}"#)).is_err());
    }

    /// What comes of this JSON as the answer of a function with an http output `res`, and a queue
    /// `message` or `$return`.
    fn settled(queue_name: &str, json: &str) -> (Outcome, Vec<String>) {
        let http = Binding::from(json!({"type": "http", "name": "res"}));
        let queue = json!({"type": "queue", "name": queue_name, "queueName": "orders"});
        let queue = Binding::from(queue);
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let settled = settle(
            &[&queue, &http],
            &Answer {
                status: 200,
                headers,
                body: json.as_bytes().to_vec(),
            },
        );
        let text = |(queue, message): &(String, Vec<u8>)| {
            format!("{queue}: {}", String::from_utf8_lossy(message))
        };
        (settled.outcome, settled.messages.iter().map(text).collect())
    }

    #[test]
    fn outputs_go_where_the_function_declares_them() {
        let status = |outcome: &Outcome| match outcome {
            Outcome::Completed(Some(answer)) => answer.status,
            outcome => panic!("{outcome:?}"),
        };
        let large = |size: usize| {
            format!(
                r#"{{"Outputs":{{"message":["a","{}"]}}}}"#,
                "x".repeat(size)
            )
        };
        for (json, code, queued) in [
            (
                r#"{"outputs":{"message":"a b","res":{"statusCode":202}}}"#,
                202,
                &["orders: a b"][..],
            ),
            // Names of another case are ignored, and so are outputs that nobody declares.
            (
                r#"{"Outputs":{"Message":"a b","other":"c d","Res":{"statusCode":202}}}"#,
                200,
                &[],
            ),
            (r#"{"Outputs":{"message":null}}"#, 200, &[]),
            (r#"{"Outputs":null}"#, 204, &[]),
            (
                r#"{"Outputs":{"message":"a b"},"ReturnValue":"c d"}"#,
                200,
                &["orders: a b"],
            ),
            // A returned object replaces outputs, and its texts are not taken for base64.
            (
                r#"{"Outputs":{"message":"a b"},"ReturnValue":{"message":"test","res":{"statusCode":404}}}"#,
                404,
                &["orders: test"],
            ),
        ] {
            let (outcome, messages) = settled("message", json);
            assert_eq!(
                (
                    status(&outcome),
                    messages.iter().map(String::as_str).collect::<Vec<_>>()
                ),
                (code, queued.to_vec()),
                "{json}"
            );
        }
        assert_eq!(
            settled(
                "$return",
                r#"{"Outputs":{"$return":"lost","res":{}},"ReturnValue":null}"#
            )
            .1,
            [""; 0]
        );
        assert_eq!(
            settled("$return", r#"{"ReturnValue":"any text"}"#).1,
            ["orders: any text"]
        );
        assert_eq!(
            settled("$return", r#"{"ReturnValue":{"a":1}}"#).1,
            ["orders: {\n  \"a\": 1\n}"]
        );
        assert_eq!(settled("message", &large(MESSAGE_MAX_BYTES)).1.len(), 2);
        let (outcome, messages) = settled("message", &large(MESSAGE_MAX_BYTES + 1));
        assert!(
            matches!(outcome, Outcome::Failed(_)) && messages == ["orders: a"],
            "{outcome:?}"
        );
    }

    #[test]
    fn other_outputs_are_what_the_host_would_write() {
        let written = |kind: &str, json: &str| {
            let output = Binding::from(json!({"type": kind, "name": "out"}));
            let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
            let body = format!(r#"{{"Outputs":{{"out":{json}}}}}"#).into_bytes();
            let settled = settle(
                &[&output],
                &Answer {
                    status: 200,
                    headers,
                    body,
                },
            );
            match settled.outcome {
                Outcome::Completed(None) => Ok(settled
                    .outputs
                    .into_iter()
                    .map(|(_, value)| value)
                    .collect::<Vec<_>>()),
                other => Err(other),
            }
        };
        for (kind, json, values) in [
            ("blob", r#""a text""#, vec![json!("a text")]),
            ("blob", r#""[1, 2]""#, vec![json!("[1, 2]")]),
            ("Blob", r#""AAH/""#, vec![json!({"base64": "AAH/"})]),
            (
                "blob",
                r#"{"b":1.0,"a":"2026-11-21T10:00:00+02:00"}"#,
                vec![json!(r#"{"b":1.0,"a":"2026-11-21T08:00:00+00:00"}"#)],
            ),
            ("blob", "7", vec![json!("\u{7}\0\0\0")]),
            ("blob", "true", vec![json!("\u{1}")]),
            ("blob", "null", vec![]),
            (
                "table",
                r#"[{"RowKey":"1"},{"RowKey":"2"}]"#,
                vec![json!({"RowKey": "1"}), json!({"RowKey": "2"})],
            ),
            ("cosmosDB", r#""{\"id\":\"1\"}""#, vec![json!({"id": "1"})]),
            ("serviceBus", r#""aGVsbG8=""#, vec![json!("hello")]),
            (
                "serviceBus",
                r#"["a b","test"]"#,
                vec![json!("a b"), json!("test")],
            ),
            ("anything", "null", vec![]),
        ] {
            assert_eq!(written(kind, json), Ok(values), "{kind} {json}");
        }
        for json in [r#""2026-11-21T10:00:00""#, "12345678901234567890"] {
            assert!(
                matches!(written("blob", json), Err(Outcome::Failed(_))),
                "{json}"
            );
        }
    }

    #[test]
    fn queues_without_base64_hold_texts_only() {
        assert_eq!(
            stored(b"caf\xe9 \t".to_vec(), false),
            Ok("caf\u{fffd} \t".into())
        );
        assert!(matches!(
            stored(b"a\0".to_vec(), false),
            Err(Outcome::Failed(_))
        ));
        assert_eq!(stored(b"a\xe9\0".to_vec(), true), Ok(b"a\xe9\0".to_vec()));
        let long = |bytes| vec![b'x'; bytes];
        assert!(stored(long(65_536), false).is_ok() && stored(long(65_537), false).is_err());
        assert!(stored(long(49_152), true).is_ok() && stored(long(49_153), true).is_err());
    }

    #[test]
    fn route_parameters_are_in_data_and_in_metadata() {
        let sys = Sys {
            method_name: "f".into(),
            utc_now: String::new(),
            rand_guid: String::new(),
        };
        let request = Request {
            method: "GET",
            target: "/api/x/7?id=2",
            headers: Vec::new(),
            body: b"",
        };
        let parameters = vec![
            ("id".to_owned(), Some("7".to_owned())),
            ("part".to_owned(), None),
        ];
        let inputs = vec![("row".to_owned(), "\"null\"".to_owned())];
        let payload: Value = http_payload("req", &request, &parameters, inputs, &sys)
            .parse()
            .unwrap();
        assert_eq!(
            payload["Data"]["req"]["Params"],
            json!({"id": "7", "part": null})
        );
        assert_eq!(
            (&payload["Metadata"]["id"], payload["Metadata"].get("part")),
            (&json!("\"7\""), None)
        );
        assert_eq!(payload["Data"]["row"], "null");
    }

    /// A captured payload, its parts that differ each time read from it.
    fn wire(name: &str) -> (String, Value, Sys) {
        let path = format!(
            "{}/../template/wire/host-{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
            .trim_end()
            .to_owned();
        let json: Value = text.parse().unwrap();
        let part = |name: &str| json["Metadata"]["sys"][name].as_str().unwrap().to_owned();
        let sys = Sys {
            method_name: part("MethodName"),
            utc_now: part("UtcNow"),
            rand_guid: part("RandGuid"),
        };
        (text, json, sys)
    }

    #[test]
    fn http_payloads_are_what_the_host_sent() {
        let (_, multipart, _) = wire("order-multipart");
        let multipart_body =
            from_base64(multipart["Data"]["req"]["Body"].as_str().unwrap()).unwrap();
        let multipart_type = multipart["Metadata"]["Headers"]["Content-Type"]
            .as_str()
            .unwrap();
        let hello = "/api/hello?name=J%C3%BCrgen+%26+co&x=1&x=2";
        for (name, target, content_type, body) in [
            ("hello-get", hello, "", &b""[..]),
            (
                "hello-post",
                "/api/hello",
                "application/json",
                b"{\"message\":\"Hello World!\"}",
            ),
            (
                "order-json",
                "/api/order?trace=1",
                "application/json",
                b"{\"id\":1005,\"quantity\":2,\"color\":\"black\"}",
            ),
            (
                "order-bom",
                "/api/order",
                "application/json",
                b"\xef\xbb\xbf{\"id\":1}",
            ),
            (
                "order-chunked-caller",
                "/api/order",
                "application/json",
                b"{\"id\":1}",
            ),
            (
                "order-empty",
                "/api/order",
                "application/x-www-form-urlencoded",
                b"",
            ),
            (
                "order-latin1",
                "/api/order",
                "text/plain; charset=iso-8859-1",
                b"caf\xe9",
            ),
            (
                "order-multipart",
                "/api/order",
                multipart_type,
                &multipart_body,
            ),
            (
                "order-octet-stream",
                "/api/order",
                "application/octet-stream",
                &[0, 1, 2, 3, 255],
            ),
            ("order-png", "/api/order", "image/png", &[0, 1, 2, 3, 255]),
            (
                "order-text",
                "/api/order",
                "text/plain",
                "plain text \u{e9}".as_bytes(),
            ),
        ] {
            let (text, _, sys) = wire(name);
            let mut headers = vec![
                ("Host", "localhost:7071"),
                ("User-Agent", "curl/7.88.1"),
                ("Accept", "*/*"),
            ];
            let length = body.len().to_string();
            if !content_type.is_empty() {
                let framing = if name.contains("chunked") {
                    ("Transfer-Encoding", "chunked")
                } else {
                    ("Content-Length", &*length)
                };
                headers.extend([("Content-Type", content_type), framing]);
            }
            let headers = headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect();
            let method = if name == "hello-get" { "GET" } else { "POST" };
            let request = Request {
                method,
                target,
                headers,
                body,
            };
            assert_eq!(
                http_payload("req", &request, &Parameters::new(), Members::new(), &sys),
                text,
                "{name}"
            );
        }
    }

    #[test]
    fn queue_payloads_are_what_the_host_sent() {
        for (name, text) in [
            ("queue-text", "hi"),
            ("queue-array", "[1,\"a\"]"),
            ("queue-documented", "{ message: \"Message sent\" }"),
            (
                "queue-json",
                r#"{"id":1,"Id":"mine","tags":["a"],"nested":{"a":1}}"#,
            ),
        ] {
            let (wire, json, sys) = wire(name);
            let message = Message::captured(&json);
            // The host names the function here, whatever its own documentation shows.
            let data = vec![("myQueueItem".to_owned(), twice(text))];
            assert_eq!(
                payload(data, message.metadata(Some(text), &sys)),
                wire,
                "{name}"
            );
        }
    }

    #[test]
    fn bodies_are_text_or_base64_by_their_type() {
        let body = |content_type: &str, body: &[u8]| {
            let headers = vec![("content-type".to_owned(), content_type.to_owned())];
            Request {
                method: "POST",
                target: "/",
                headers,
                body,
            }
            .body()
        };
        for binary in [
            "APPLICATION/octet-stream",
            "application/octet-stream; a=b",
            "Multipart/mixed; boundary=x",
            "x-multipart/y",
        ] {
            assert_eq!(body(binary, b"hi").as_deref(), Some("aGk="), "{binary}");
        }
        for text in [
            "",
            "application/octet-stream;",
            "application/octet-streams",
            "application/vnd.octet-stream",
            "multipart",
        ] {
            assert_eq!(body(text, b"hi").as_deref(), Some("hi"), "{text}");
        }
        assert_eq!(body("text/plain", b""), None);
        assert_eq!(body("text/plain", b"\xff\xfeh\0i\0").as_deref(), Some("hi"));
        assert_eq!(
            body("text/plain", b"\xf0\x9f\x98a\xe9\x80").as_deref(),
            Some("\u{fffd}a\u{fffd}")
        );
        assert_eq!(url_decoded("a%2Bb+c%zz%e2%98%95%"), "a+b c%zz\u{2615}%");
    }
}
