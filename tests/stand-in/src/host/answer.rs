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
    /// What is to be written, in the order of the bindings: all outputs whose values can be
    /// converted, even if the invocation failed.
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

/// Treats an answer to an invocation. `declared` are the outputs in function.json; `base64_queues`
/// says whether messages lie in queues as base64, or as text
/// [Workers/Http/HttpScriptInvocationResultExtensions.cs;
/// Description/Workers/WorkerFunctionInvoker.cs].
pub fn settle<'a>(declared: &[&'a Binding], answer: Answer, base64_queues: bool) -> Settled<'a> {
    let mut settled = Settled {
        outcome: Outcome::Hangs,
        logs: Vec::new(),
        returned: Token::Null,
        written: Vec::new(),
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
    settled.logs = logs_of(&mut result)?;
    let outputs = outputs_of(&mut result)?;
    settled.returned = result.take("ReturnValue").unwrap_or(Token::Null);
    // [HandleOutputDictionary] spreads an object over the outputs; where one is named $return,
    // [HandleReturnParameter] gives the object to that one.
    let has_return = declared.iter().any(|binding| binding.name == "$return");
    let spread = match has_return {
        true => &[],
        false => settled.returned.members(),
    };
    let output = |name: &str| member(outputs.as_ref()?, name);
    // What the caller gets is put together before anything is written.
    let mut answer_for_caller = None;
    for binding in declared.iter().filter(|binding| binding.is("http")) {
        let value = member(spread, &binding.name).or_else(|| output(&binding.name));
        answer_for_caller = Some(match value {
            // Without any Outputs nothing answers, and the caller gets 204; without this one, an
            // empty object does.
            None if outputs.is_none() => no_content(),
            value => http_answer_of(value)?,
        });
    }
    let mut outcome = Ok(answer_for_caller);
    for binding in declared.iter().filter(|binding| !binding.is("http")) {
        let member_of_returned = member(spread, &binding.name);
        let value = match binding.name.as_str() {
            // Whatever Outputs holds under this name is overwritten.
            "$return" => Some(&settled.returned),
            name => member_of_returned.or_else(|| output(name)),
        };
        // Nothing is written for null.
        let Some(value) = value.filter(|value| **value != Token::Null) else {
            continue;
        };
        // Members of a ReturnValue do not pass [GetBindingValue], which looks at the dataType.
        let decodes = member_of_returned.is_none() && !binding.says("dataType", "binary");
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
        // After an error, messages before one that is too large are written all the same.
        settled.written.push(Written { binding, values });
        if let (Err(problem), Ok(_)) = (converted, &outcome) {
            outcome = Err(problem);
        }
    }
    outcome
}

/// The member of an object that has exactly this name.
fn member<'a>(members: &'a [(String, Token)], name: &str) -> Option<&'a Token> {
    let mut members = members.iter();
    members.find(|(own, _)| own == name).map(|(_, value)| value)
}

/// The values that an output's value becomes: one per message, row or document.
///
/// [Workers/Http/HttpScriptInvocationResultExtensions.cs, GetBindingValue] tries base64 where
/// `decodes`. Then [Binding/FunctionBinding.cs, ReadAsEnumerable and `BindAsyncCollectorAsync<T>`;
/// Utility.cs, IsJson]. In the host a date is a `DateTime`, not a string.
fn values_of(binding: &Binding, value: Token, decodes: bool) -> Result<Vec<Output>, Outcome> {
    if binding.is("blob") {
        return Ok(vec![Output::Bytes(blob_of(value, decodes)?)]);
    }
    let tokens = match value {
        Token::Text(text) if Date::parse(&text).is_none() => {
            // An empty text is base64 of nothing: an empty message.
            if let Some(bytes) = from_base64(&text).filter(|_| decodes) {
                return Ok(vec![Output::Bytes(bytes)]);
            }
            elements_of(text).map_err(Outcome::Failed)?
        }
        Token::Array(elements) => elements,
        value => vec![value],
    };
    Ok(tokens.into_iter().map(Output::Json).collect())
}

/// The elements of a list in a text, the object in it, or else the text itself. Errors where it
/// looks like JSON and is not.
pub fn elements_of(text: String) -> Result<Vec<Token>, String> {
    if !is_json(&text) {
        return Ok(vec![Token::Text(text)]);
    }
    Ok(match newtonsoft::parse(&text, 64)? {
        Token::Array(elements) => elements,
        object => vec![object],
    })
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
    let content_type = answer.header("Content-Type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return failed(format!("the Content-Type is {media_type:?}"));
    }
    // System.Net.Http.Formatting reads up to 256 levels.
    let text = String::from_utf8_lossy(&answer.body);
    match newtonsoft::parse(&text, 256).map_err(Outcome::Failed)? {
        Token::Null => Err(Outcome::Hangs),
        result @ Token::Object(_) => Ok(result),
        _ => failed("the result is not an object"),
    }
}

/// The invocation's own logs: a list of strings [Workers/Http/HttpScriptInvocationResult.cs]. The
/// host would take numbers for strings too.
fn logs_of(result: &mut Token) -> Result<Vec<String>, Outcome> {
    let line = |line| match line {
        Token::Text(line) => Ok(line),
        line => failed(format!("{line:?} in Logs")),
    };
    match result.take("Logs") {
        None => Ok(Vec::new()),
        Some(Token::Array(lines)) => lines.into_iter().map(line).collect(),
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
    let most = match base64 {
        true => MESSAGE_MAX_BYTES,
        false => PLAIN_MESSAGE_MAX_BYTES,
    };
    let length = message.len();
    if length > most {
        return failed(format!(
            "a message of {length} bytes, and a queue takes {most}"
        ));
    }
    if base64 {
        return Ok(message);
    }
    // BinaryData.ToString() [Azure.Storage.Queues, QueueMessageCodec.cs]; then it stands in XML.
    let text = String::from_utf8_lossy(&message).into_owned();
    let in_xml = |c: char| c >= ' ' || matches!(c, '\t' | '\n' | '\r');
    match text.chars().find(|c| !in_xml(*c)) {
        Some(c) => failed(format!(
            "a message with the character {c:?}, which cannot lie in a queue as text"
        )),
        None => Ok(text.into_bytes()),
    }
}

/// What a value that is not null becomes in a blob [Binding/FunctionBinding.cs,
/// ConvertValueToStream].
fn blob_of(value: Token, decodes: bool) -> Result<Vec<u8>, Outcome> {
    Ok(match value {
        Token::Null => Vec::new(),
        // The host has a `DateTime`, for which there is no conversion.
        Token::Text(text) if Date::parse(&text).is_some() => {
            return failed("a date cannot be written to a blob");
        }
        Token::Text(text) => match from_base64(&text).filter(|_| decodes) {
            Some(bytes) => bytes,
            None => text.into_bytes(),
        },
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
    let stands_between = |open, close| text.starts_with(open) && text.ends_with(close);
    stands_between('{', '}') || stands_between('[', ']')
}

/// The answer that a caller gets for the value of an http output, `None` where `Outputs` lacks it
/// [Workers/Http/HttpScriptInvocationResultExtensions.cs, GetHttpOutputBindingResponse;
/// Binding/Http/HttpBinding.cs].
fn http_answer_of(value: Option<&Token>) -> Result<Answer, Outcome> {
    let mut object = match value {
        // An output that is not there is an object without members, and is sent as such.
        None => return Ok(caller_answer(200, "text/plain", Vec::new(), "{}")),
        // `ToString()` of the value is parsed again, so an object in a string is one too.
        // null.ToString() throws.
        Some(Token::Text(text)) => newtonsoft::parse(text, 64).map_err(Outcome::Failed)?,
        Some(value) => value.clone(),
    };
    if !matches!(object, Token::Object(_)) {
        return failed(format!("the http output is {object:?}"));
    }
    let status = match object.take("statusCode") {
        Some(Token::Array(_) | Token::Object(_)) => return failed("statusCode is not a value"),
        // int.TryParse; 200 where it fails. `status` is not looked at: a null statusCode counts as
        // present.
        status => status.and_then(|status| status.to_text().trim().parse().ok()),
    };
    let members = match object.take("headers") {
        None => Vec::new(),
        Some(Token::Object(members)) => members,
        Some(headers) => return failed(format!("headers is {headers:?}")),
    };
    let mut content_type = "text/plain".to_owned();
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in members {
        // [Binding/Http/RawScriptResult.cs] throws for null; Kestrel throws for what is not a
        // header value, a list for one, which is written over several lines. That is after the
        // outputs were written.
        let text = value.to_text();
        let is_sent = |c| c == '\t' || matches!(c, ' '..='~');
        if value == Token::Null || !text.chars().all(is_sent) {
            return Ok(server_error());
        }
        let is_same = |(other, _): &(String, String)| other.eq_ignore_ascii_case(&name);
        if name.eq_ignore_ascii_case("content-type") {
            content_type = text;
        } else if !headers.iter().any(is_same) {
            // The first of names that differ only in case [Utility.cs, AccumulateDuplicateHeader].
            headers.push((name, text));
        }
    }
    let (status, body) = (status.unwrap_or(200), object.take("body"));
    let body = body.as_ref().map(Token::to_text).unwrap_or_default();
    if !body.is_empty() && matches!(status, 204 | 205 | 304) {
        // Kestrel: "Writing to the response body is invalid for responses with status code 204."
        return Ok(server_error());
    }
    Ok(caller_answer(status, &content_type, headers, &body))
}

/// A text as the answer to a caller, always with a charset of UTF-8 (dotnet/aspnetcore,
/// StringOutputFormatter.cs and TextOutputFormatter.cs).
fn caller_answer(
    status: u16,
    content_type: &str,
    mut headers: Vec<(String, String)>,
    body: &str,
) -> Answer {
    let is_charset = |parameter: &str| {
        let parameter = parameter.trim().to_ascii_lowercase();
        parameter.starts_with("charset=")
    };
    let charset = match content_type.split(';').skip(1).any(is_charset) {
        true => "",
        false => "; charset=utf-8",
    };
    let content_type = format!("{content_type}{charset}");
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
