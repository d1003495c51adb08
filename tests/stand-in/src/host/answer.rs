//! What the host makes of a handler's answer to an invocation: logs, values for the outputs, the
//! answer for an HTTP caller. Read from Azure/azure-functions-host 4.1037 (in brackets: the files
//! under src/WebJobs.Script); what the contract marks as seen was watched under that host.

use crate::app::function::Binding;
use crate::host::base64::from_base64;
use crate::host::date::Date;
use crate::host::newtonsoft::{self, Token};
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
pub struct Settled<'a> {
    pub outcome: Outcome,
    /// The invocation's own logs.
    pub logs: Vec<String>,
    /// What the function returned; null where it returned nothing.
    pub returned: Token,
    /// What is to be written, in the order of the bindings. The host writes all outputs whose values
    /// it can convert, even if the invocation failed.
    pub written: Vec<Written<'a>>,
}

/// The values for one output: of a queue one per message, of a blob its bytes.
#[derive(Debug, PartialEq)]
pub struct Written<'a> {
    pub binding: &'a Binding,
    pub values: Vec<Output>,
}

/// A value for an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Bytes(Vec<u8>),
    Json(Token),
}

impl Output {
    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Json(token) => token.to_text().into_bytes(),
        }
    }

    /// As JSON shows it: an object or list as it is, a text as a string, bytes that are not UTF-8
    /// as `{"base64": "..."}`.
    pub fn shown(&self) -> Value {
        match self {
            Self::Bytes(bytes) => shown(bytes),
            Self::Json(token @ (Token::Object(_) | Token::Array(_))) => {
                let json = token.to_json(false);
                json.parse().unwrap_or(Value::String(json))
            }
            Self::Json(token) => Value::String(token.to_text()),
        }
    }
}

impl Settled<'_> {
    /// The messages for queues, each with the `queueName` of its binding.
    pub fn messages(self) -> Vec<(String, Vec<u8>)> {
        let queues = self.written.into_iter();
        let queues = queues.filter(|written| written.binding.is("queue"));
        queues
            .flat_map(|Written { binding, values }| {
                let name = binding.text("queueName").to_owned();
                values
                    .into_iter()
                    .map(move |value| (name.clone(), value.into_bytes()))
            })
            .collect()
    }
}

/// Treats an answer to an invocation. `declared` are the outputs in function.json; `base64_queues`
/// says whether messages lie in queues as base64, or as text
/// [Workers/Http/HttpScriptInvocationResultExtensions.cs;
/// Description/Workers/WorkerFunctionInvoker.cs].
pub fn settle<'a>(declared: &[&'a Binding], answer: Answer, base64_queues: bool) -> Settled<'a> {
    let (logs, written) = Default::default();
    let (outcome, returned) = (Outcome::Hangs, Token::Null);
    let mut settled = Settled {
        outcome,
        logs,
        returned,
        written,
    };
    let outcome = settle_outputs(declared, answer, base64_queues, &mut settled);
    settled.outcome = outcome.map_or_else(|outcome| outcome, Outcome::Completed);
    settled
}

fn settle_outputs<'a>(
    declared: &[&'a Binding],
    answer: Answer,
    base64_queues: bool,
    settled: &mut Settled<'a>,
) -> Result<Option<Answer>, Outcome> {
    let mut result = result_of(answer)?;
    settled.logs = logs_of(&result)?;
    let mut outputs = outputs_of(&mut result)?;
    settled.returned = result.take("ReturnValue").unwrap_or(Token::Null);
    // [HandleOutputDictionary] spreads an object over the outputs; where one is named $return,
    // [HandleReturnParameter] gives the object to that one.
    let has_return = declared.iter().any(|binding| binding.name == "$return");
    let spread = if has_return {
        &[][..]
    } else {
        settled.returned.members()
    };
    let named = |members: &[(String, Token)], name: &str| {
        members.iter().position(|(member, _)| member == name)
    };
    // What the caller gets is put together before anything is written.
    let mut answer_for_caller = None;
    for binding in declared.iter().filter(|binding| binding.is("http")) {
        let value = match named(spread, &binding.name) {
            Some(at) => Some(&spread[at].1),
            None => outputs
                .as_ref()
                .and_then(|outputs| Some(&outputs[named(outputs, &binding.name)?].1)),
        };
        answer_for_caller = Some(match (&outputs, value) {
            // Without any Outputs nothing answers, and the caller gets 204; without this one, an
            // empty object does.
            (None, None) => no_content(),
            (_, value) => http_answer_of(value)?,
        });
    }
    let mut outcome = Ok(answer_for_caller);
    for binding in declared.iter().filter(|binding| !binding.is("http")) {
        let spread_at = named(spread, &binding.name);
        let value = match (binding.name.as_str(), spread_at) {
            // Whatever Outputs holds under this name is overwritten.
            ("$return", _) => Some(settled.returned.clone()),
            (_, Some(at)) => Some(spread[at].1.clone()),
            (name, None) => outputs.as_mut().and_then(|outputs| {
                let at = named(outputs, name)?;
                Some(outputs.swap_remove(at).1)
            }),
        };
        // Nothing is written for null.
        let Some(value) = value.filter(|value| *value != Token::Null) else {
            continue;
        };
        // Members of a ReturnValue do not pass [GetBindingValue], which looks at the dataType.
        let decodes = spread_at.is_none() && !binding.says("dataType", "binary");
        let (values, problem) = match converted(binding, value, decodes, base64_queues) {
            Ok(values) => (values, None),
            Err((values, problem)) => (values, Some(problem)),
        };
        settled.written.push(Written { binding, values });
        if let (Some(problem), Ok(_)) = (problem, &outcome) {
            outcome = Err(problem);
        }
    }
    outcome
}

/// The values that an output's value becomes. The error has those that are written all the same:
/// messages before one that is too large.
fn converted(
    binding: &Binding,
    value: Token,
    decodes: bool,
    base64_queues: bool,
) -> Result<Vec<Output>, (Vec<Output>, Outcome)> {
    let nothing = |problem| (Vec::new(), problem);
    if binding.is("blob") {
        let bytes = blob_of(value, decodes).map_err(nothing)?;
        return Ok(vec![Output::Bytes(bytes)]);
    }
    let values = values_of(value, decodes).map_err(nothing)?;
    if !binding.is("queue") {
        return Ok(values);
    }
    let mut messages = Vec::new();
    for value in values {
        match stored(value.into_bytes(), base64_queues) {
            Ok(message) => messages.push(Output::Bytes(message)),
            Err(problem) => return Err((messages, problem)),
        }
    }
    Ok(messages)
}

/// The values that a value becomes on its way to a queue, a table or any other output but a blob:
/// one per message, row or document.
///
/// [Workers/Http/HttpScriptInvocationResultExtensions.cs, GetBindingValue] tries base64 where
/// `decodes`. Then [Binding/FunctionBinding.cs, ReadAsEnumerable and `BindAsyncCollectorAsync<T>`;
/// Utility.cs, IsJson]. A date is none of these: JSON.NET has made it a `DateTime`, which is not a
/// string.
fn values_of(value: Token, decodes: bool) -> Result<Vec<Output>, Outcome> {
    let text = match &value {
        Token::Null => return Ok(Vec::new()),
        Token::Text(text) if Date::parse(text).is_none() => text,
        Token::Array(elements) => return Ok(elements.iter().cloned().map(Output::Json).collect()),
        _ => return Ok(vec![Output::Json(value)]),
    };
    // An empty text is base64 of nothing: an empty message.
    if let Some(bytes) = Some(text)
        .filter(|_| decodes)
        .and_then(|text| from_base64(text))
    {
        return Ok(vec![Output::Bytes(bytes)]);
    }
    if !is_json(text) {
        return Ok(vec![Output::Json(value)]);
    }
    Ok(
        match newtonsoft::parse(text, 64).map_err(Outcome::Failed)? {
            Token::Array(elements) => elements.into_iter().map(Output::Json).collect(),
            object => vec![Output::Json(object)],
        },
    )
}

/// What the host reads from a handler's answer to an invocation, an object with `Outputs`, `Logs`,
/// `ReturnValue` [Workers/Http/DefaultHttpWorkerService.cs, ProcessDefaultInvocationRequest].
fn result_of(answer: Answer) -> Result<Token, Outcome> {
    if !(200..300).contains(&answer.status) {
        // The handler's own errors are `{"error": "..."}`.
        let body = String::from_utf8_lossy(&answer.body);
        let error = body.parse::<Value>().ok();
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
    let text = String::from_utf8_lossy(&answer.body);
    let result = newtonsoft::parse(&text, 256).map_err(Outcome::Failed)?;
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
fn outputs_of(result: &mut Token) -> Result<Option<Vec<(String, Token)>>, Outcome> {
    match result.take("Outputs") {
        None => Ok(None),
        Some(Token::Object(members)) => Ok(Some(members)),
        Some(outputs) => failed(format!("Outputs is {outputs:?}")),
    }
}

/// A message as a queue gives it back. Errors if it is too large, or not a text where only texts can
/// lie in queues.
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

/// What a value that is not null becomes in a blob [Binding/FunctionBinding.cs,
/// ConvertValueToStream].
fn blob_of(value: Token, decodes: bool) -> Result<Vec<u8>, Outcome> {
    Ok(match value {
        Token::Null => Vec::new(),
        // JSON.NET has made it a DateTime, for which there is no conversion.
        Token::Text(text) if Date::parse(&text).is_some() => {
            return failed("a date cannot be written to a blob");
        }
        Token::Text(text) => Some(&text)
            .filter(|_| decodes)
            .and_then(|text| from_base64(text))
            .unwrap_or_else(|| text.into_bytes()),
        Token::Bool(value) => vec![u8::from(value)],
        Token::Float(value) => value.to_le_bytes().to_vec(),
        // The lower 32 bits of a long; there is no conversion of what is larger.
        Token::Integer(digits) => match digits.parse::<i64>() {
            Ok(number) => (number as i32).to_le_bytes().to_vec(),
            Err(_) => return failed("a number of more than 64 bits cannot be written to a blob"),
        },
        Token::Array(_) | Token::Object(_) => value.to_json(false).into_bytes(),
    })
}

/// Whether the host tries to parse a text [Utility.cs, IsJson]. Rust and .NET trim the same white
/// space.
pub fn is_json(text: &str) -> bool {
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
        Some(Token::Array(_) | Token::Object(_)) => return failed("statusCode is not a value"),
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

/// What a caller gets where nothing answers.
pub fn no_content() -> Answer {
    Answer {
        status: 204,
        ..server_error()
    }
}
