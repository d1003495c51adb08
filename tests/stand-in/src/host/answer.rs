//! What the host does with a handler's answer. Brackets name files of Azure/azure-functions-host
//! 4.1037, under src/WebJobs.Script.

use crate::app::function::Binding;
use crate::host::base64::from_base64;
use crate::host::date::Date;
use crate::host::newtonsoft::{self, Token};
use crate::host::storage::shown;
use crate::run::http::{Answer, media_type, named};
use serde_json::Value;

/// The limit of a message: 64 KiB as base64.
pub const MESSAGE_MAX_BYTES: usize = 49_152;

/// The limit of a message if `messageEncoding` is `none`.
const PLAIN_MESSAGE_MAX_BYTES: usize = 65_536;

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Outcome {
    /// With the answer for an HTTP caller.
    Completed(Option<Answer>),
    Failed(String),
    /// The host waits until the function's timeout, then restarts the handler.
    #[default]
    Hangs,
}

#[derive(Default)]
pub struct Settled<'a> {
    pub outcome: Outcome,
    pub logs: Vec<String>,
    pub returned: Token,
    /// All outputs whose values can be converted, even if the invocation failed.
    pub written: Vec<(&'a Binding, Vec<Output>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Bytes(Vec<u8>),
    Json(Token),
}

impl Output {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Json(token) => token.to_text().into_bytes(),
        }
    }

    /// Bytes that are not UTF-8 become `{"base64": "..."}`.
    pub fn shown(self) -> Value {
        match self {
            Self::Bytes(bytes) => shown(&bytes),
            Self::Json(token @ (Token::Object(_) | Token::Array(_))) => {
                let json = token.to_json(false);
                json.parse().unwrap_or(Value::String(json))
            }
            Self::Json(token) => Value::String(token.to_text()),
        }
    }
}

/// Reads the answer to an invocation; `declared` are the outputs in function.json
/// [Workers/Http/HttpScriptInvocationResultExtensions.cs;
/// Description/Workers/WorkerFunctionInvoker.cs]
pub fn settle<'a>(declared: &[&'a Binding], answer: Answer, base64_queues: bool) -> Settled<'a> {
    let mut settled = Settled::default();
    let outcome = match result_of(answer) {
        Ok(Token::Null) => return settled,
        result => result.and_then(|result| settled.take(result, declared, base64_queues)),
    };
    settled.outcome = outcome.map_or_else(Outcome::Failed, Outcome::Completed);
    settled
}

/// The object in an answer, or null: then the host waits on
/// [Workers/Http/DefaultHttpWorkerService.cs, ProcessDefaultInvocationRequest].
fn result_of(answer: Answer) -> Result<Token, String> {
    let text = String::from_utf8_lossy(&answer.body);
    if !(200..300).contains(&answer.status) {
        // The handler's own errors are `{"error": "..."}`.
        let body: Value = text.parse().unwrap_or_default();
        let status = || format!("status {}: {text}", answer.status);
        return Err(body["error"].as_str().map_or_else(status, str::to_owned));
    }
    // An empty body is null, whatever its type.
    if text.is_empty() {
        return Ok(Token::Null);
    }
    let media_type = media_type(&answer.headers);
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(format!("the Content-Type is {media_type:?}"));
    }
    // System.Net.Http.Formatting reads up to 256 levels.
    match newtonsoft::parse(&text, 256)? {
        result @ (Token::Null | Token::Object(_)) => Ok(result),
        _ => Err("the result is not an object".to_owned()),
    }
}

impl<'a> Settled<'a> {
    fn take(
        &mut self,
        mut result: Token,
        declared: &[&'a Binding],
        base64_queues: bool,
    ) -> Result<Option<Answer>, String> {
        // The host would accept numbers as texts too.
        let line = |line| match line {
            Token::Text(line) => Ok(line),
            line => Err(format!("{line:?} in Logs")),
        };
        self.logs = match result.take("Logs") {
            Token::Null => Vec::new(),
            Token::Array(lines) => lines.into_iter().map(line).collect::<Result<_, _>>()?,
            logs => return Err(format!("Logs is {logs:?}")),
        };
        let outputs = take_members(&mut result, "Outputs")?;
        self.returned = result.take("ReturnValue");
        // [HandleOutputDictionary] spreads a returned object over the outputs, unless one of them
        // is named $return.
        let spread = match declared.iter().any(|binding| binding.name == "$return") {
            true => &[],
            false => self.returned.members(),
        };
        // The value for an output, and whether [GetBindingValue] decodes it from base64.
        let value_of = |binding: &Binding| {
            let returned = member(spread, &binding.name).map(|value| (value, false));
            returned.or_else(|| Some((member(outputs.as_ref()?, &binding.name)?, true)))
        };
        let (http, others): (Vec<&Binding>, Vec<_>) = declared.iter().partition(|b| b.is("http"));
        // The caller's answer is complete before anything is written.
        let mut answer = None;
        for binding in http {
            answer = Some(match value_of(binding) {
                // Without any Outputs nothing answers.
                None if outputs.is_none() => empty(204),
                value => http_answer_of(value.map(|(value, _)| value))?,
            });
        }
        let mut outcome = Ok(answer);
        for binding in others {
            let value = match binding.name.as_str() {
                // It replaces `$return` in Outputs.
                "$return" => Some((&self.returned, true)),
                _ => value_of(binding),
            };
            // Nothing is written for null.
            let Some((value, decodes)) = value.filter(|(value, _)| **value != Token::Null) else {
                continue;
            };
            let decodes = decodes && !binding.says("dataType", "binary");
            let mut values = Vec::new();
            let converted = values_of(binding, value.clone(), decodes).and_then(|all| {
                for value in all {
                    values.push(match binding.is("queue") {
                        true => Output::Bytes(stored(value.into_bytes(), base64_queues)?),
                        false => value,
                    });
                }
                Ok(())
            });
            // Messages before a too large one are written all the same.
            self.written.push((binding, values));
            outcome = outcome.and_then(|answer| converted.map(|()| answer));
        }
        outcome
    }
}

fn take_members(of: &mut Token, name: &str) -> Result<Option<Vec<(String, Token)>>, String> {
    match of.take(name) {
        Token::Null => Ok(None),
        Token::Object(members) => Ok(Some(members)),
        other => Err(format!("{name} is {other:?}")),
    }
}

/// The member of this name, in the same case.
fn member<'a>(members: &'a [(String, Token)], name: &str) -> Option<&'a Token> {
    let mut members = members.iter();
    members.find(|(own, _)| own == name).map(|(_, value)| value)
}

/// One value per message, row or document [Binding/FunctionBinding.cs, ReadAsEnumerable and
/// `BindAsyncCollectorAsync<T>`].
fn values_of(binding: &Binding, value: Token, decodes: bool) -> Result<Vec<Output>, String> {
    if let Token::Text(text) = &value
        && let Some(bytes) = from_base64(text).filter(|_| decodes)
    {
        return Ok(vec![Output::Bytes(bytes)]);
    }
    if binding.is("blob") {
        return Ok(vec![Output::Bytes(blob_of(value)?)]);
    }
    let tokens = match value {
        Token::Text(text) => elements_of(text)?,
        Token::Array(elements) => elements,
        value => vec![value],
    };
    Ok(tokens.into_iter().map(Output::Json).collect())
}

/// The elements of a list, or the object, in a text; otherwise the text itself. Errors if it looks
/// like JSON and is not.
pub fn elements_of(text: String) -> Result<Vec<Token>, String> {
    if !is_json(&text) {
        return Ok(vec![Token::Text(text)]);
    }
    Ok(match newtonsoft::parse(&text, 64)? {
        Token::Array(elements) => elements,
        object => vec![object],
    })
}

/// Whether the host tries to parse a text [Utility.cs, IsJson].
pub fn is_json(text: &str) -> bool {
    let text = text.trim();
    let stands_between = |open, close| text.starts_with(open) && text.ends_with(close);
    stands_between('{', '}') || stands_between('[', ']')
}

/// The limit of a message with this encoding.
pub fn message_max_bytes(base64: bool) -> usize {
    match base64 {
        true => MESSAGE_MAX_BYTES,
        false => PLAIN_MESSAGE_MAX_BYTES,
    }
}

/// A message as a queue keeps it. Errors if it is too large, or cannot be text.
fn stored(message: Vec<u8>, base64: bool) -> Result<Vec<u8>, String> {
    let most = message_max_bytes(base64);
    if message.len() > most {
        let found = message.len();
        return Err(format!("a message of {found} bytes; a queue takes {most}"));
    }
    if base64 {
        return Ok(message);
    }
    // It is sent as text within XML [Azure.Storage.Queues, QueueMessageCodec.cs].
    let text = String::from_utf8_lossy(&message).into_owned();
    match text.chars().find(|c| *c < ' ' && !"\t\n\r".contains(*c)) {
        Some(c) => Err(format!(
            "a message with {c:?}, which no queue takes as text"
        )),
        None => Ok(text.into_bytes()),
    }
}

/// The value must not be null [Binding/FunctionBinding.cs, ConvertValueToStream].
fn blob_of(value: Token) -> Result<Vec<u8>, String> {
    let refused = |what| Err(format!("{what} cannot be written to a blob"));
    Ok(match value {
        Token::Text(text) if Date::parse(&text).is_some() => return refused("a date"),
        Token::Text(text) => text.into_bytes(),
        Token::Bool(value) => vec![u8::from(value)],
        Token::Float(value) => value.to_le_bytes().to_vec(),
        // The lower 32 bits of a long.
        Token::Integer(digits) => match digits.parse::<i64>() {
            Ok(number) => (number as i32).to_le_bytes().to_vec(),
            Err(_) => return refused("a number of more than 64 bits"),
        },
        value => value.to_json(false).into_bytes(),
    })
}

/// The caller's answer; `value` is `None` if `Outputs` lacks it
/// [GetHttpOutputBindingResponse; Binding/Http/HttpBinding.cs].
fn http_answer_of(value: Option<&Token>) -> Result<Answer, String> {
    let mut object = match value {
        // A missing output is an object without members.
        None => Token::Object(vec![("body".to_owned(), Token::Text("{}".to_owned()))]),
        // The host parses the value's `ToString()`, so an object in a string is one too.
        Some(Token::Text(text)) => newtonsoft::parse(text, 64)?,
        Some(value) => value.clone(),
    };
    if !matches!(object, Token::Object(_)) {
        return Err(format!("the http output is {object:?}"));
    }
    let status = match object.take("statusCode") {
        Token::Array(_) | Token::Object(_) => return Err("statusCode is not a value".to_owned()),
        // int.TryParse
        status => status.to_text().trim().parse().unwrap_or(200),
    };
    let members = take_members(&mut object, "headers")?;
    let body = object.take("body").to_text();
    let mut headers = Vec::new();
    let mut content_type = "text/plain".to_owned();
    // When Kestrel and [Binding/Http/RawScriptResult.cs] throw, the outputs are already written.
    let mut throws = !body.is_empty() && matches!(status, 204 | 205 | 304);
    for (name, value) in members.unwrap_or_default() {
        let text = value.to_text();
        let is_sent = |c| c == '\t' || matches!(c, ' '..='~');
        throws |= value == Token::Null || !text.chars().all(is_sent);
        if name.eq_ignore_ascii_case("content-type") {
            content_type = text;
        } else if named(&headers, &name).next().is_none() {
            // The first of names that differ only in case [Utility.cs, AccumulateDuplicateHeader].
            headers.push((name, text));
        }
    }
    if throws {
        return Ok(empty(500));
    }
    // Always with a charset [dotnet/aspnetcore, StringOutputFormatter.cs, TextOutputFormatter.cs].
    let parameters = content_type.to_ascii_lowercase();
    let mut parameters = parameters.split(';').skip(1);
    if !parameters.any(|parameter| parameter.trim().starts_with("charset=")) {
        content_type += "; charset=utf-8";
    }
    headers.push(("Content-Type".to_owned(), content_type));
    Ok(Answer {
        status,
        headers,
        body: body.into_bytes(),
    })
}

/// An answer without a body.
pub fn empty(status: u16) -> Answer {
    Answer::new(status, &[("Content-Length", "0")], "")
}
