//! The front: the server that callers see, where a function app would be at its address. A thread a
//! connection.

use crate::app::function::Function;
use crate::app::json;
use crate::host::invoke::{Host, Relay};
use crate::host::newtonsoft::on_one_line;
use crate::host::routes::Parameters;
use crate::host::rules::{self, MESSAGE_MAX_BYTES, Outcome, Request};
use crate::host::storage::{Given, shown};
use crate::host::triggers;
use crate::run::current::Current;
use crate::run::http::{Answer, Body, Received, Refused, chunk, peek};
use serde_json::Value;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Serves callers for as long as the process runs.
pub fn serve(listener: &TcpListener, current: &Arc<Current>) {
    loop {
        let started = listener.accept().and_then(|(caller, _)| {
            let current = current.clone();
            thread::Builder::new()
                .name("caller".into())
                .spawn(move || converse(&Arc::new(caller), &current))
        });
        if started.is_err() {
            // Too many files or threads: some end.
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Answers the requests of a connection, one after the other.
fn converse(caller: &Arc<TcpStream>, current: &Current) {
    // Only a matter of speed.
    let _ = caller.set_nodelay(true);
    let mut connection = BufReader::new(&**caller);
    loop {
        match Received::read(&mut connection, &mut &**caller) {
            Ok(request) => {
                let mut reply = Reply {
                    caller,
                    request: &request,
                    begun: false,
                    chunked: false,
                };
                if respond(&mut reply, current).is_err() || !request.keep_alive {
                    return;
                }
            }
            Err(error) => {
                let Ok(Refused(status, why)) = error.downcast() else {
                    return;
                };
                let answer = text(status, &why).whole(true, false);
                let _ = caller.as_ref().write_all(&answer);
                // Until the caller has read that: what it sends and nobody reads would break the
                // connection before.
                let _ = caller.shutdown(Shutdown::Write);
                let _ = caller.set_read_timeout(Some(Duration::from_secs(1)));
                let _ = io::copy(&mut connection.take(1 << 20), &mut io::sink());
                return;
            }
        }
    }
}

/// Answers one request. Errors where the connection cannot go on.
fn respond(reply: &mut Reply, current: &Current) -> io::Result<()> {
    let request = reply.request;
    let path = request.target.split('?').next().unwrap_or_default();
    let host = match current.get() {
        Ok(host) => host,
        Err(why) => return reply.send(&text(503, &why)),
    };
    let answer = match path.trim_matches('/').split('/').collect::<Vec<_>>()[..] {
        ["admin", "functions", function] => run_function(&host, function, request),
        ["local", "queues", queue] => queue_of(&host, queue, request),
        ["local", "outputs", function, binding] => outputs_of(&host, function, binding, request),
        _ => match host.routed(&request.method, &request.target) {
            Some((function, parameters)) => return invoke(&host, function, &parameters, reply),
            None if path == "/" => text(
                200,
                "This is a stand-in for the Functions host, for development only.",
            ),
            None => not_found(&host, request),
        },
    };
    // Of the generation that serves a request, not of one that is being answered already.
    drop(host);
    reply.send(&answer)
}

fn invoke(
    host: &Host,
    function: &Function,
    parameters: &Parameters,
    reply: &mut Reply,
) -> io::Result<()> {
    let Received {
        method,
        target,
        headers,
        body,
        ..
    } = reply.request;
    let request = Request {
        method,
        target,
        headers: headers.clone(),
        body,
    };
    let outcome = host.answer(function, parameters, &request, Some(reply));
    match outcome {
        Outcome::Completed(Some(answer)) => reply.send(&answer),
        Outcome::Completed(None) if reply.begun => Ok(()),
        Outcome::Completed(None) => reply.send(&Answer {
            status: 204,
            ..rules::server_error()
        }),
        Outcome::Failed(_) | Outcome::Hangs if reply.begun => {
            Err(ErrorKind::ConnectionAborted.into())
        }
        Outcome::Failed(_) | Outcome::Hangs => reply.send(&rules::server_error()),
    }
}

/// `POST /admin/functions/<name>` with `{"input": "..."}`: runs a function, whatever triggers it.
fn run_function(host: &Arc<Host>, name: &str, request: &Received) -> Answer {
    let Some(function) = host.app.function(name) else {
        let functions: Vec<_> = host
            .app
            .functions
            .iter()
            .map(|function| &*function.name)
            .collect();
        return text(
            404,
            &format!(
                "there is no function {name}; there are: {}",
                functions.join(", ")
            ),
        );
    };
    if request.method != "POST" {
        return text(405, "POST {\"input\": \"...\"} to run a function");
    }
    let content_type = request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
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
            ..rules::server_error()
        },
        Err(error) => text(503, &format!("no thread for it: {error}")),
    }
}

/// Runs a function with the input of `/admin/functions/<name>`: a queue's message, a caller's body,
/// the path of a blob, an event.
fn run_with_input(host: &Host, function: &Function, input: &str) {
    const REASON: &str = "/admin/functions";
    let trigger = function.trigger();
    if let (true, Some(queue)) = (trigger.is("queueTrigger"), trigger["queueName"].as_str()) {
        return host.put(queue, input.as_bytes().to_vec());
    }
    if let Some(route) = &function.route {
        let (parameters, target) = route.example();
        let method = function
            .methods()
            .into_iter()
            .reduce(|first, other| if other == "POST" { other } else { first });
        let method = method.unwrap_or_else(|| "POST".to_owned());
        let headers = [
            ("Host", "localhost"),
            ("Content-Type", "application/json"),
            ("Content-Length", &*input.len().to_string()),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let request = Request {
            method: &method,
            target: &target,
            headers,
            body: input.as_bytes(),
        };
        host.answer(function, &parameters, &request, None);
        return;
    }
    if !trigger.is("blobTrigger") {
        let object = input
            .parse::<Value>()
            .ok()
            .filter(|value| value.is_object() || value.is_array());
        let given = Given::Json(object.unwrap_or_else(|| Value::from(input)));
        host.trigger(function, &given, "", REASON);
        return;
    }
    // As on the real host, where the blob is in the storage account. There is none here, and its
    // bytes are a file.
    match host.storage.input(&function.name, &trigger.name) {
        Ok(Some(given)) => drop(host.trigger(function, &given, input, REASON)),
        Ok(None) => {
            let place = format!(".local/{}.{}", function.name, &trigger.name);
            host.note(&format!(
                "{} gets its input as the bytes of the blob: {place} is not there",
                function.name
            ));
            let path = triggers::example_path(trigger);
            host.trigger(
                function,
                &Given::Bytes(input.as_bytes().to_vec()),
                &path,
                REASON,
            );
        }
        Err(why) => host.note(&why),
    }
}

/// `/local/queues/<name>`: POST puts the body as a message, GET shows the messages.
fn queue_of(host: &Host, queue: &str, request: &Received) -> Answer {
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(3..=63).contains(&queue.len()) || !queue.bytes().all(named) {
        return text(
            400,
            "the name of a queue has 3 to 63 characters of a-z, 0-9 and -",
        );
    }
    match request.method.as_str() {
        "GET" => {
            let messages =
                host.storage
                    .messages(queue)
                    .into_iter()
                    .map(|message| match shown(&message) {
                        Value::String(text) => Value::String(on_one_line(&text).unwrap_or(text)),
                        bytes => bytes,
                    });
            json_answer(&Value::Array(messages.collect()))
        }
        "POST" if request.body.len() > MESSAGE_MAX_BYTES => text(
            413,
            &format!(
                "a queue message holds {MESSAGE_MAX_BYTES} bytes, and this one has {}",
                request.body.len()
            ),
        ),
        "POST" => {
            host.put(queue, request.body.clone());
            Answer {
                status: 201,
                ..rules::server_error()
            }
        }
        _ => text(405, "POST a message, or GET the messages"),
    }
}

/// `/local/outputs/<function>/<binding>`: what was written by an output that is neither a queue nor
/// HTTP.
fn outputs_of(host: &Host, function: &str, binding: &str, request: &Received) -> Answer {
    let Some(function) = host.app.function(function) else {
        return text(404, &format!("there is no function {function}"));
    };
    match function.outputs().find(|output| output.name == binding) {
        _ if request.method != "GET" => text(405, "GET what an output has written"),
        Some(output) if output.is("queue") => text(
            404,
            &format!(
                "{binding} is a queue: /local/queues/{}",
                output["queueName"].as_str().unwrap_or_default()
            ),
        ),
        Some(_) => json_answer(&Value::Array(host.storage.written(&function.name, binding))),
        None => text(404, &format!("{} has no output {binding}", function.name)),
    }
}

/// The real host's 404 has no body.
fn not_found(host: &Host, request: &Received) -> Answer {
    let routes = host.app.functions.iter().filter_map(|function| {
        Some(format!(
            "{} [{}] at /{}",
            function.name,
            function.methods().join(","),
            function.route.as_ref()?
        ))
    });
    let routes: Vec<_> = routes.collect();
    let there_are = match routes.is_empty() {
        true => "there is no HTTP function".to_owned(),
        false => format!("there are: {}", routes.join("; ")),
    };
    text(
        404,
        &format!(
            "no function takes {} {}; {there_are}",
            request.method, request.target
        ),
    )
}

fn text(status: u16, message: &str) -> Answer {
    let headers = vec![(
        "Content-Type".to_owned(),
        "text/plain; charset=utf-8".to_owned(),
    )];
    Answer {
        status,
        headers,
        body: format!("{message}\n").into_bytes(),
    }
}

fn json_answer(value: &Value) -> Answer {
    let headers = vec![(
        "Content-Type".to_owned(),
        "application/json; charset=utf-8".to_owned(),
    )];
    Answer {
        status: 200,
        headers,
        body: format!("{value}\n").into_bytes(),
    }
}

/// Where the answer to a request goes.
struct Reply<'a> {
    caller: &'a Arc<TcpStream>,
    request: &'a Received,
    /// Whether the head of the answer has been sent.
    begun: bool,
    /// Whether its body goes in chunks.
    chunked: bool,
}

impl Reply<'_> {
    fn send(&mut self, answer: &Answer) -> io::Result<()> {
        self.begun = true;
        let Received {
            keep_alive, method, ..
        } = self.request;
        self.write(&answer.whole(!keep_alive, method == "HEAD"))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.caller.as_ref().write_all(bytes)
    }
}

impl Relay for Reply<'_> {
    fn head(&mut self, answer: &Answer, body: &Body) -> io::Result<()> {
        self.begun = true;
        let in_chunks = self.request.takes_chunks && answer.header("Transfer-Encoding").is_some();
        self.chunked = matches!(body, Body::Chunked(_)) && in_chunks;
        // The answer to HEAD has the framing that the answer to GET would have.
        let length = match body {
            Body::Length(length) => Some(length.to_string()),
            Body::Ended => answer.header("Content-Length").map(str::to_owned),
            Body::Chunked(_) => None,
        };
        let framing = match (length, body) {
            (Some(length), _) => format!("Content-Length: {length}\r\n"),
            (None, _) if matches!(answer.status, 204 | 304) => String::new(),
            (None, _) if in_chunks => "Transfer-Encoding: chunked\r\n".to_owned(),
            // It ends with the connection.
            (None, Body::Chunked(_)) => String::new(),
            (None, _) => "Content-Length: 0\r\n".to_owned(),
        };
        self.write(&answer.head(&framing, !self.request.keep_alive))
    }

    fn piece(&mut self, piece: &[u8]) -> io::Result<()> {
        match self.chunked {
            true => self.write(&chunk(piece)),
            false => self.write(piece),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.piece(&[])
    }

    fn wanted(&self) -> Box<dyn FnMut() -> io::Result<()> + Send> {
        let caller = self.caller.clone();
        Box::new(move || match peek(&caller) {
            Ok(0) => Err(io::Error::new(
                ErrorKind::ConnectionAborted,
                "the caller has gone",
            )),
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        })
    }
}
