//! `/local/...`, which only the stand-in has, `/admin/functions/<name>`, which runs any function,
//! and the MCP server.

use crate::app::function::Function;
use crate::app::json;
use crate::host::answer::{empty, message_max_bytes};
use crate::host::date::Date;
use crate::host::delivery::Delivery;
use crate::host::invoke::Host;
use crate::host::request::Request;
use crate::host::routes::decoded;
use crate::host::storage::names::{self, BlobPath};
use crate::host::storage::{Given, shown_message};
use crate::run::http::{Answer, Refused, media_type};
use crate::run::timers::schedule;
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread;

pub const THERE_ARE: &str = "there are: GET /local; GET, POST, DELETE /local/queues/<queue>; \
    GET /local/blobs/<container>; GET, PUT, DELETE /local/blobs/<container>/<name>; \
    GET /local/outputs/<function>/<output>; POST /admin/functions/<function> {\"input\": \"...\"}; \
    tables are the files .local/tables/<table>.json";

type Answered = Result<Answer, Refused>;

/// `None` if the path is not one of [`THERE_ARE`] or the MCP server's.
pub fn answer(host: &Arc<Host>, request: &Request) -> Option<Answer> {
    let path = decoded(request.path());
    let path = path.trim_start_matches('/');
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let answered = match (&*request.method, &parts[..]) {
        (_, ["runtime", "webhooks", "mcp", ..]) if !host.app.tools().is_empty() => {
            Ok(host.mcp(request))
        }
        (_, ["admin", "functions", name]) => run_function(host, name, request),
        ("GET", ["local"]) => all(host),
        ("GET", ["local", "outputs", function, output]) => outputs_of(host, function, output),
        (method, ["local", "queues", queue]) => queue_of(host, method, queue, &request.body),
        ("GET", ["local", "blobs", container]) => list(host, container),
        (method, ["local", "blobs", _, _, ..]) => {
            blob_of(host, method, &path["local/blobs/".len()..], &request.body)
        }
        (_, ["local"] | ["local", "blobs", _] | ["local", "outputs", _, _]) => not_allowed(),
        _ => return None,
    };
    Some(answered.unwrap_or_else(|Refused(status, why)| text(status, &why)))
}

fn refused(status: u16, why: impl Into<String>) -> Answered {
    Err(Refused(status, why.into()))
}

fn not_allowed() -> Answered {
    refused(405, THERE_ARE)
}

/// Refuses with this status if the result is an error.
fn or<T>(status: u16, result: Result<T, String>) -> Result<T, Refused> {
    result.map_err(|why| Refused(status, why))
}

fn run_function(host: &Arc<Host>, name: &str, request: &Request) -> Answered {
    let function = or(404, host.app.named(name))?;
    if request.method != "POST" {
        return not_allowed();
    }
    if !media_type(&request.headers).eq_ignore_ascii_case("application/json") {
        return refused(415, "the Content-Type has to be application/json");
    }
    let body = json::parse(&String::from_utf8_lossy(&request.body));
    let body = or(
        400,
        body.map_err(|why| format!("the body is not JSON: {why}")),
    )?;
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

/// The input is a queue's message, a caller's body, the path of a blob, or an event.
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
        let method = if posts { "POST" } else { &methods[0] };
        let headers = [
            ("Host", "localhost"),
            ("Content-Type", "application/json"),
            ("Content-Length", &length),
        ];
        let request = Request::new(method, &target, &headers, input.as_bytes());
        host.answer(function, &parameters, &request, None);
        return;
    }
    let mut delivery = if trigger.is("blobTrigger") {
        match BlobPath::parse(input) {
            Ok(path) => Delivery::blob(&(name.clone(), path)),
            Err(why) => return host.record.noted(&format!("{name} is not run: {why}")),
        }
    } else {
        let parsed = input.parse::<Value>().ok();
        let object = parsed.filter(|value| value.is_object() || value.is_array());
        let given = Given::Json(object.unwrap_or_else(|| input.into()));
        Delivery::given(function, given, "")
    };
    delivery.reason = "/admin/functions".to_owned();
    if !host.deliver_once(&mut delivery) {
        host.record
            .noted(&format!("{name} is not run: there is no blob {input}"));
    }
}

fn all(host: &Host) -> Answered {
    let functions = host.app.functions.iter();
    let timers = functions.clone().filter_map(|function| {
        let next = schedule(function)?.next(Date::now())?;
        Some((function.name.clone(), Value::from(next.iso())))
    });
    Ok(json_answer(&json!({
        "functions": functions.map(|function| &*function.name).collect::<Vec<_>>(),
        "queues": host.storage.queues(),
        "containers": or(500, host.storage.folder.containers())?,
        "timers": Value::Object(timers.collect()),
    })))
}

fn outputs_of(host: &Host, function: &str, binding: &str) -> Answered {
    let function = or(404, host.app.named(function))?;
    let output = or(404, function.output(binding))?;
    if output.is("queue") {
        let queue = output.text("queueName");
        return refused(404, format!("{binding} is a queue: /local/queues/{queue}"));
    }
    Ok(json_answer(
        &host.storage.written(&function.name, binding).into(),
    ))
}

fn queue_of(host: &Host, method: &str, queue: &str, body: &[u8]) -> Answered {
    let name = or(400, names::queue(queue))?;
    if name != queue {
        return refused(400, format!("write {name}: small letters, a-z"));
    }
    let most = message_max_bytes(host.app.host.base64_queues);
    match method {
        "GET" => {
            let messages = host.storage.messages(queue).into_iter();
            let shown = messages.map(|message| shown_message(&message));
            Ok(json_answer(&shown.collect()))
        }
        "POST" if body.len() > most => {
            let found = body.len();
            refused(
                413,
                format!("a queue message holds {most} bytes, and this one has {found}"),
            )
        }
        "POST" => {
            host.put(queue, body.to_vec());
            Ok(empty(201))
        }
        "DELETE" => {
            host.storage.drain(queue);
            Ok(empty(204))
        }
        _ => not_allowed(),
    }
}

fn list(host: &Host, container: &str) -> Answered {
    or(400, names::container(container))?;
    let found = or(500, host.storage.folder.container(container))?;
    let blobs = found.blobs.iter();
    let blobs = blobs.map(|(blob, stamp)| json!({"name": blob.name, "size": stamp.0}));
    Ok(json_answer(&blobs.collect()))
}

fn blob_of(host: &Host, method: &str, path: &str, body: &[u8]) -> Answered {
    let path = or(400, BlobPath::parse(path))?;
    let folder = &host.storage.folder;
    let absent = || Refused(404, format!("there is no blob {path}"));
    match method {
        "GET" | "HEAD" => {
            let bytes = or(500, folder.read(path.file()))?;
            let kind = "application/octet-stream";
            Ok(typed(200, kind, bytes.ok_or_else(absent)?))
        }
        // A name that is a folder cannot be a blob; the caller can choose another.
        "PUT" => {
            or(400, host.put_blob(&path, body))?;
            host.record
                .noted(&format!("blob {path}: {} bytes", body.len()));
            Ok(empty(201))
        }
        "DELETE" => match or(500, folder.delete(&path))? {
            true => Ok(empty(204)),
            false => Err(absent()),
        },
        _ => not_allowed(),
    }
}

fn typed(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::new(status, &[("Content-Type", content_type)], body)
}

pub fn text(status: u16, message: &str) -> Answer {
    let kind = "text/plain; charset=utf-8";
    typed(status, kind, format!("{message}\n"))
}

fn json_answer(value: &Value) -> Answer {
    let kind = "application/json; charset=utf-8";
    typed(200, kind, format!("{value}\n"))
}
