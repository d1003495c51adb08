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
use crate::run::http::{Answer, Received};
use crate::run::timers::schedule;
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread;

/// Answers a request for a path of this module; `None` for any other path.
pub fn answer(host: &Arc<Host>, request: &Received) -> Option<Answer> {
    let path = request.target.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    Some(match parts[..] {
        ["runtime", "webhooks", "mcp", ..] if !host.app.tools().is_empty() => host.mcp(&Request {
            method: &request.method,
            target: &request.target,
            headers: request.headers.clone(),
            body: &request.body,
        }),
        ["admin", "functions", function] => run_function(host, function, request),
        ["local"] => all(host, request),
        ["local", "queues", queue] => queue_of(host, queue, request),
        ["local", "outputs", function, binding] => outputs_of(host, function, binding, request),
        ["local", "blobs", container] => list(host, container, request),
        ["local", "blobs", ..] => {
            let path = path.trim_start_matches('/');
            blob_of(host, path.trim_start_matches("local/blobs/"), request)
        }
        _ => return None,
    })
}

/// `POST /admin/functions/<name>` with `{"input": "..."}`: runs a function, whatever triggers it.
fn run_function(host: &Arc<Host>, name: &str, request: &Received) -> Answer {
    let Some(function) = host.app.function(name) else {
        let functions = host.app.functions.iter().map(|function| &*function.name);
        let functions = functions.collect::<Vec<_>>().join(", ");
        return text(
            404,
            &format!("there is no function {name}; there are: {functions}"),
        );
    };
    if request.method != "POST" {
        return text(405, "POST {\"input\": \"...\"} to run a function");
    }
    let mut headers = request.headers.iter();
    let content_type = headers.find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    let media_type = content_type
        .and_then(|(_, value)| value.split(';').next())
        .unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return text(415, "the Content-Type has to be application/json");
    }
    let body = json::parse(&String::from_utf8_lossy(&request.body));
    let input = match body.as_ref().map(|body| (body.is_object(), &body["input"])) {
        Ok((true, Value::String(input))) => input.clone(),
        Ok((true, Value::Null)) => String::new(),
        Ok(_) => {
            return text(
                400,
                "the body has to be {\"input\": \"...\"}, its value a text",
            );
        }
        Err(why) => return text(400, &format!("the body is not JSON: {why}")),
    };
    let (host, name) = (host.clone(), function.name.clone());
    let started = thread::Builder::new().name(name.clone()).spawn(move || {
        if let Some(function) = host.app.function(&name) {
            run_with_input(&host, function, &input);
        }
    });
    match started {
        Ok(_) => Answer {
            status: 202,
            ..no_content()
        },
        Err(error) => text(503, &format!("there is no thread for it: {error}")),
    }
}

/// Runs a function with the input of `/admin/functions/<name>`: a queue's message, a caller's body,
/// the path of a blob, an event.
fn run_with_input(host: &Host, function: &Function, input: &str) {
    let trigger = function.trigger();
    if trigger.is("queueTrigger") {
        return host.put(trigger.text("queueName"), input.as_bytes().to_vec());
    }
    if let Some(route) = &function.route {
        let (parameters, target) = route.example();
        let methods = function.methods().into_iter();
        let method = methods.reduce(|first, other| if other == "POST" { other } else { first });
        let method = method.unwrap_or_else(|| "POST".to_owned());
        let headers = [
            ("Host", "localhost"),
            ("Content-Type", "application/json"),
            ("Content-Length", &*input.len().to_string()),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let (method, body) = (method.as_str(), input.as_bytes());
        let request = Request {
            method,
            target: &target,
            headers,
            body,
        };
        host.answer(function, &parameters, &request, None);
        return;
    }
    let mut delivery = if trigger.is("blobTrigger") {
        match BlobPath::parse(input) {
            Ok(path) => Delivery::blob(&(function.name.clone(), path)),
            Err(why) => return host.note(&format!("{} is not run: {why}", function.name)),
        }
    } else {
        let parsed = input.parse::<Value>().ok();
        let object = parsed.filter(|value| value.is_object() || value.is_array());
        let given = Given::Json(object.unwrap_or_else(|| Value::from(input)));
        Delivery::given(function, given, "")
    };
    delivery.reason = "/admin/functions".to_owned();
    if !host.deliver_once(&mut delivery) {
        host.note(&format!(
            "{} is not run: there is no blob {input}",
            function.name
        ));
    }
}

/// `GET /local`: what there is.
fn all(host: &Host, request: &Received) -> Answer {
    if request.method != "GET" {
        return text(405, "GET what there is");
    }
    let containers = match blobs::containers(&host.storage.folder) {
        Ok(containers) => containers,
        Err(why) => return text(500, &why),
    };
    let functions = host.app.functions.iter();
    let timers = functions.clone().filter_map(|function| {
        let next = schedule(function)?.next(Date::now())?;
        Some((function.name.clone(), Value::from(next.iso())))
    });
    json_answer(&json!({
        "functions": functions.map(|function| &*function.name).collect::<Vec<_>>(),
        "queues": host.storage.queues(),
        "containers": containers,
        "timers": Value::Object(timers.collect()),
    }))
}

/// `/local/queues/<name>`: POST puts the body as a message, GET shows the messages, DELETE removes
/// them.
fn queue_of(host: &Host, queue: &str, request: &Received) -> Answer {
    match names::queue(queue) {
        Ok(name) if name == queue => {}
        Ok(name) => return text(400, &format!("write {name}: small letters, a-z")),
        Err(why) => return text(400, &why),
    }
    match request.method.as_str() {
        "GET" => {
            let message = |message: Vec<u8>| match shown(&message) {
                Value::String(text) => Value::String(on_one_line(&text).unwrap_or(text)),
                bytes => bytes,
            };
            let messages = host.storage.messages(queue).into_iter();
            json_answer(&Value::Array(messages.map(message).collect()))
        }
        "POST" if request.body.len() > MESSAGE_MAX_BYTES => {
            let length = request.body.len();
            let most = format!("a queue message holds {MESSAGE_MAX_BYTES} bytes");
            text(413, &format!("{most}, and this one has {length}"))
        }
        "POST" => {
            host.put(queue, request.body.clone());
            Answer {
                status: 201,
                ..no_content()
            }
        }
        "DELETE" => {
            host.storage.drain(queue);
            no_content()
        }
        _ => text(405, "POST a message, GET the messages, or DELETE them"),
    }
}

/// `GET /local/blobs/<container>`: names and sizes of the blobs.
fn list(host: &Host, container: &str, request: &Received) -> Answer {
    let container = decoded(container);
    if let Err(why) = names::container(&container) {
        return text(400, &why);
    }
    if request.method != "GET" {
        return text(
            405,
            "GET the names of the blobs, or PUT a blob: /local/blobs/container/name",
        );
    }
    let blob = |found: &blobs::Found| json!({"name": found.name, "size": found.stamp.0});
    match blobs::list(&host.storage.folder, &container) {
        Ok((found, _)) => json_answer(&Value::Array(found.iter().map(blob).collect())),
        Err(why) => text(500, &why),
    }
}

/// `/local/blobs/<container>/<name>`: GET, PUT or DELETE a blob.
fn blob_of(host: &Host, path: &str, request: &Received) -> Answer {
    let path = match BlobPath::parse(&decoded(path)) {
        Ok(path) => path,
        Err(why) => return text(400, &why),
    };
    let folder = &host.storage.folder;
    let absent = || text(404, &format!("there is no blob {path}"));
    let answer = match request.method.as_str() {
        "GET" | "HEAD" => blobs::read(folder, &path).map(|bytes| match bytes {
            Some(body) => Answer {
                headers: typed("application/octet-stream"),
                status: 200,
                body,
            },
            None => absent(),
        }),
        // A name that is a folder cannot be a blob, and whoever sent it can choose another.
        "PUT" => {
            return match host.put_blob(&path, &request.body) {
                Ok(()) => Answer {
                    status: 201,
                    ..no_content()
                },
                Err(why) => text(400, &why),
            };
        }
        "DELETE" => blobs::delete(folder, &path).map(|was_there| match was_there {
            true => no_content(),
            false => absent(),
        }),
        _ => Ok(text(405, "GET, PUT or DELETE a blob")),
    };
    answer.unwrap_or_else(|why| text(500, &why))
}

/// `/local/outputs/<function>/<binding>`: what was written by an output that is neither a queue nor
/// HTTP.
fn outputs_of(host: &Host, function: &str, binding: &str, request: &Received) -> Answer {
    let Some(function) = host.app.function(function) else {
        return text(404, &format!("there is no function {function}"));
    };
    match function.outputs().find(|output| output.name == binding) {
        _ if request.method != "GET" => text(405, "GET what an output has written"),
        Some(output) if output.is("queue") => {
            let queue = output.text("queueName");
            text(404, &format!("{binding} is a queue: /local/queues/{queue}"))
        }
        Some(_) => json_answer(&Value::Array(host.storage.written(&function.name, binding))),
        None => text(404, &format!("{} has no output {binding}", function.name)),
    }
}

fn typed(content_type: &str) -> Vec<(String, String)> {
    vec![("Content-Type".to_owned(), content_type.to_owned())]
}

/// An answer in words.
pub fn text(status: u16, message: &str) -> Answer {
    let headers = typed("text/plain; charset=utf-8");
    let body = format!("{message}\n").into_bytes();
    Answer {
        status,
        headers,
        body,
    }
}

fn json_answer(value: &Value) -> Answer {
    let headers = typed("application/json; charset=utf-8");
    let body = format!("{value}\n").into_bytes();
    Answer {
        status: 200,
        headers,
        body,
    }
}
