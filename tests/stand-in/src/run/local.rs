//! What one looks at and changes by curl: `/local/...`, which only the stand-in has, and
//! `/admin/functions/<name>`, which runs any function; and the MCP server.

use crate::app::function::Function;
use crate::app::json;
use crate::host::answer::{MESSAGE_MAX_BYTES, no_content};
use crate::host::date::Date;
use crate::host::delivery::Delivery;
use crate::host::invoke::Host;
use crate::host::newtonsoft::on_one_line;
use crate::host::request::Request;
use crate::host::routes::decoded;
use crate::host::storage::names::{self, BlobPath};
use crate::host::storage::{Given, blobs, shown};
use crate::run::http::{Answer, Received, Refused};
use crate::run::timers::schedule;
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread;

/// The paths below `/local`.
const LOCAL: &str = "there are: /local; /local/queues/<queue>; /local/blobs/<container>; \
    /local/blobs/<container>/<name>; /local/outputs/<function>/<output>; \
    tables are the files .local/tables/<table>.json";

/// What there is instead of a path that nothing is at, if it is below `/local`.
pub fn hint(target: &str) -> Option<&'static str> {
    target.starts_with("/local/").then_some(LOCAL)
}

/// The answer to a request, or why there is none.
type Answered = Result<Answer, Refused>;

/// Answers a request for a path of this module; `None` for any other path.
pub fn answer(host: &Arc<Host>, received: &Received) -> Option<Answer> {
    let path = received.target.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if !["runtime", "admin", "local"].contains(&parts[0]) {
        return None;
    }
    let request = &Request {
        method: &received.method,
        target: &received.target,
        headers: received.headers.clone(),
        body: &received.body,
    };
    let answered = match parts[..] {
        ["runtime", "webhooks", "mcp", ..] if !host.app.tools().is_empty() => Ok(host.mcp(request)),
        ["admin", "functions", function] => run_function(host, &decoded(function), request),
        ["local"] => all(host, request),
        ["local", "queues", queue] => queue_of(host, &decoded(queue), request),
        ["local", "outputs", function, binding] => {
            outputs_of(host, &decoded(function), &decoded(binding), request)
        }
        ["local", "blobs", container] => list(host, container, request),
        ["local", "blobs", _, ..] => {
            let path = path.trim_start_matches('/');
            blob_of(host, &path["local/blobs/".len()..], request)
        }
        _ => return None,
    };
    Some(answered.unwrap_or_else(|Refused(status, why)| text(status, &why)))
}

fn refused(status: u16, why: impl Into<String>) -> Answered {
    Err(Refused(status, why.into()))
}

/// Errors where the method is another.
fn only(method: &str, request: &Request, hint: &str) -> Result<(), Refused> {
    match request.method == method {
        true => Ok(()),
        false => Err(Refused(405, hint.to_owned())),
    }
}

fn bad_request(why: String) -> Refused {
    Refused(400, why)
}

fn failed(why: String) -> Refused {
    Refused(500, why)
}

/// `POST /admin/functions/<name>` with `{"input": "..."}`: runs a function, whatever triggers it.
fn run_function(host: &Arc<Host>, name: &str, request: &Request) -> Answered {
    let Some(function) = host.app.function(name) else {
        let functions = host.app.functions.iter().map(|function| &*function.name);
        let functions = functions.collect::<Vec<_>>().join(", ");
        let why = format!("there is no function {name}; there are: {functions}");
        return refused(404, why);
    };
    only(
        "POST",
        request,
        "POST {\"input\": \"...\"} to run a function",
    )?;
    let media_type = request.media_type();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return refused(415, "the Content-Type has to be application/json");
    }
    let body = json::parse(&String::from_utf8_lossy(request.body));
    let body = body.map_err(|why| Refused(400, format!("the body is not JSON: {why}")))?;
    let input = match &body["input"] {
        Value::String(input) => input.clone(),
        Value::Null if body.is_object() => String::new(),
        _ => {
            let form = "the body has to be {\"input\": \"...\"}, its value a text";
            return refused(400, form);
        }
    };
    let (host, name) = (host.clone(), function.name.clone());
    let started = thread::Builder::new().name(name.clone()).spawn(move || {
        if let Some(function) = host.app.function(&name) {
            run_with_input(&host, function, &input);
        }
    });
    match started {
        Ok(_) => Ok(empty(202)),
        Err(error) => refused(503, format!("there is no thread for it: {error}")),
    }
}

/// Runs a function with the input of `/admin/functions/<name>`: a queue's message, a caller's body,
/// the path of a blob, an event.
fn run_with_input(host: &Host, function: &Function, input: &str) {
    let (trigger, name) = (function.trigger(), &function.name);
    if trigger.is("queueTrigger") {
        return host.put(trigger.text("queueName"), input.as_bytes().to_vec());
    }
    if let Some(route) = &function.route {
        let (parameters, target) = route.example();
        let methods = function.methods();
        let posts = methods.is_empty() || methods.iter().any(|method| method == "POST");
        let length = input.len().to_string();
        let headers = [
            ("Host", "localhost"),
            ("Content-Type", "application/json"),
            ("Content-Length", &length),
        ];
        let request = Request {
            method: if posts { "POST" } else { &methods[0] },
            target: &target,
            headers: headers
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            body: input.as_bytes(),
        };
        host.answer(function, &parameters, &request, None);
        return;
    }
    let mut delivery = if trigger.is("blobTrigger") {
        match BlobPath::parse(input) {
            Ok(path) => Delivery::blob(&(name.clone(), path)),
            Err(why) => return host.note(&format!("{name} is not run: {why}")),
        }
    } else {
        let parsed = input.parse::<Value>().ok();
        let object = parsed.filter(|value| value.is_object() || value.is_array());
        let given = Given::Json(object.unwrap_or_else(|| Value::from(input)));
        Delivery::given(function, given, "")
    };
    delivery.reason = "/admin/functions".to_owned();
    if !host.deliver_once(&mut delivery) {
        host.note(&format!("{name} is not run: there is no blob {input}"));
    }
}

/// `GET /local`: what there is.
fn all(host: &Host, request: &Request) -> Answered {
    only("GET", request, "GET what there is")?;
    let functions = host.app.functions.iter();
    let timers = functions.clone().filter_map(|function| {
        let next = schedule(function)?.next(Date::now())?;
        Some((function.name.clone(), Value::from(next.iso())))
    });
    Ok(json_answer(&json!({
        "functions": functions.map(|function| &*function.name).collect::<Vec<_>>(),
        "queues": host.storage.queues(),
        "containers": blobs::containers(&host.storage.folder).map_err(failed)?,
        "timers": Value::Object(timers.collect()),
    })))
}

/// `/local/queues/<name>`: POST puts the body as a message, GET shows the messages, DELETE removes
/// them.
fn queue_of(host: &Host, queue: &str, request: &Request) -> Answered {
    let name = names::queue(queue).map_err(bad_request)?;
    if name != queue {
        return refused(400, format!("write {name}: small letters, a-z"));
    }
    match request.method {
        "GET" => {
            let message = |message: Vec<u8>| match shown(&message) {
                Value::String(text) => Value::String(on_one_line(&text).unwrap_or(text)),
                bytes => bytes,
            };
            let messages = host.storage.messages(queue).into_iter();
            Ok(json_answer(&messages.map(message).collect()))
        }
        "POST" if request.body.len() > MESSAGE_MAX_BYTES => {
            let length = request.body.len();
            let most = format!("a queue message holds {MESSAGE_MAX_BYTES} bytes");
            refused(413, format!("{most}, and this one has {length}"))
        }
        "POST" => {
            host.put(queue, request.body.to_vec());
            Ok(empty(201))
        }
        "DELETE" => {
            host.storage.drain(queue);
            Ok(no_content())
        }
        _ => refused(405, "POST a message, GET the messages, or DELETE them"),
    }
}

/// `GET /local/blobs/<container>`: names and sizes of the blobs.
fn list(host: &Host, container: &str, request: &Request) -> Answered {
    let container = decoded(container);
    names::container(&container).map_err(bad_request)?;
    let hint = "GET the names of the blobs, or PUT a blob: /local/blobs/container/name";
    only("GET", request, hint)?;
    let (found, _) = blobs::list(&host.storage.folder, &container).map_err(failed)?;
    let blobs = found.iter();
    let blobs = blobs.map(|(name, stamp)| json!({"name": name, "size": stamp.0}));
    Ok(json_answer(&blobs.collect()))
}

/// `/local/blobs/<container>/<name>`: GET, PUT or DELETE a blob.
fn blob_of(host: &Host, path: &str, request: &Request) -> Answered {
    let path = BlobPath::parse(&decoded(path)).map_err(bad_request)?;
    let folder = &host.storage.folder;
    let absent = || Refused(404, format!("there is no blob {path}"));
    match request.method {
        "GET" | "HEAD" => {
            let bytes = folder.read(path.file()).map_err(failed)?;
            let kind = "application/octet-stream";
            Ok(typed(200, kind, bytes.ok_or_else(absent)?))
        }
        // A name that is a folder cannot be a blob, and whoever sent it can choose another.
        "PUT" => {
            let written = host.put_blob(&path, request.body);
            written.map_err(bad_request)?;
            host.note(&format!("blob {path}: {} bytes", request.body.len()));
            Ok(empty(201))
        }
        "DELETE" => match blobs::delete(folder, &path).map_err(failed)? {
            true => Ok(no_content()),
            false => Err(absent()),
        },
        _ => refused(405, "GET, PUT or DELETE a blob"),
    }
}

/// `/local/outputs/<function>/<binding>`: what was written by an output that is neither a queue nor
/// HTTP.
fn outputs_of(host: &Host, function: &str, binding: &str, request: &Request) -> Answered {
    let Some(function) = host.app.function(function) else {
        return refused(404, format!("there is no function {function}"));
    };
    only("GET", request, "GET what an output has written")?;
    match function.outputs().find(|output| output.name == binding) {
        Some(output) if output.is("queue") => {
            let queue = output.text("queueName");
            let why = format!("{binding} is a queue: /local/queues/{queue}");
            refused(404, why)
        }
        Some(_) => {
            let written = host.storage.written(&function.name, binding);
            Ok(json_answer(&Value::Array(written)))
        }
        None => {
            let outputs: Vec<&str> = function.outputs().map(|output| &*output.name).collect();
            let (name, outputs) = (&function.name, outputs.join(", "));
            refused(
                404,
                format!("{name} has no output {binding}; there are: {outputs}"),
            )
        }
    }
}

fn empty(status: u16) -> Answer {
    Answer {
        status,
        ..no_content()
    }
}

fn typed(status: u16, content_type: &str, body: Vec<u8>) -> Answer {
    Answer {
        status,
        headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
        body,
    }
}

/// An answer in words.
pub fn text(status: u16, message: &str) -> Answer {
    let kind = "text/plain; charset=utf-8";
    typed(status, kind, format!("{message}\n").into_bytes())
}

fn json_answer(value: &Value) -> Answer {
    let kind = "application/json; charset=utf-8";
    typed(200, kind, format!("{value}\n").into_bytes())
}
