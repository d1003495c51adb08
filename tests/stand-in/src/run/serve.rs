//! The front: the server that callers see, where a function app would be at its address. A thread a
//! connection.

use crate::app::description::{Function, is, name};
use crate::app::json;
use crate::host::invoke::{Host, Relay};
use crate::host::newtonsoft::on_one_line;
use crate::host::routes::Parameters;
use crate::host::rules::{self, MESSAGE_MAX_BYTES, Outcome, Request};
use crate::host::storage::{Given, shown};
use crate::host::triggers;
use crate::run::current::Current;
use crate::run::http::{Answer, Body};
use crate::run::request::{NoRequest, Received};
use serde_json::Value;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Serves callers for as long as the process runs.
pub fn serve<H: Send + Sync + 'static>(listener: &TcpListener, current: &Arc<Current<H>>) {
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
fn converse<H: Send + Sync + 'static>(caller: &Arc<TcpStream>, current: &Current<H>) {
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
            Err(NoRequest::Refused(status, why)) => {
                let _ = caller
                    .as_ref()
                    .write_all(&whole(&text(status, &why), true, false));
                // Until the caller has read that: what it sends and nobody reads would break the
                // connection before.
                let _ = caller.shutdown(Shutdown::Write);
                let _ = caller.set_read_timeout(Some(Duration::from_secs(1)));
                let _ = io::copy(&mut connection.take(1 << 20), &mut io::sink());
                return;
            }
            Err(NoRequest::Closed) => return,
        }
    }
}

/// Answers one request. Errors where the connection cannot go on.
fn respond<H: Send + Sync + 'static>(reply: &mut Reply, current: &Current<H>) -> io::Result<()> {
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

fn invoke<H>(
    host: &Host<H>,
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
fn run_function<H: Send + Sync + 'static>(
    host: &Arc<Host<H>>,
    name: &str,
    request: &Received,
) -> Answer {
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
        Err(why) => return text(400, &format!("the body is no JSON: {why}")),
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
fn run_with_input<H>(host: &Host<H>, function: &Function, input: &str) {
    const REASON: &str = "/admin/functions";
    let trigger = function.trigger();
    if let (true, Some(queue)) = (
        is(trigger, "type", "queueTrigger"),
        trigger["queueName"].as_str(),
    ) {
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
    if !is(trigger, "type", "blobTrigger") {
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
    match host.storage.input(&function.name, name(trigger)) {
        Ok(Some(given)) => drop(host.trigger(function, &given, input, REASON)),
        Ok(None) => {
            let place = format!(".local/{}.{}", function.name, name(trigger));
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
fn queue_of<H>(host: &Host<H>, queue: &str, request: &Received) -> Answer {
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
fn outputs_of<H>(host: &Host<H>, function: &str, binding: &str, request: &Received) -> Answer {
    let Some(function) = host.app.function(function) else {
        return text(404, &format!("there is no function {function}"));
    };
    match function.outputs().find(|output| name(output) == binding) {
        _ if request.method != "GET" => text(405, "GET what an output has written"),
        Some(output) if is(output, "type", "queue") => text(
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
fn not_found<H>(host: &Host<H>, request: &Received) -> Answer {
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
        self.write(&whole(
            answer,
            !self.request.keep_alive,
            self.request.method == "HEAD",
        ))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.caller.as_ref().write_all(bytes)
    }

    fn in_chunks(&self, head: &Answer) -> bool {
        self.request.takes_chunks && head.header("Transfer-Encoding").is_some()
    }
}

/// An answer in one piece.
fn whole(answer: &Answer, closes: bool, head_only: bool) -> Vec<u8> {
    let framing = match answer.status {
        204 | 304 => String::new(),
        _ => format!("Content-Length: {}\r\n", answer.body.len()),
    };
    let mut bytes = head(answer, &framing, closes);
    if !head_only && !framing.is_empty() {
        bytes.extend(&answer.body);
    }
    bytes
}

fn head(answer: &Answer, framing: &str, closes: bool) -> Vec<u8> {
    // What is between the handler and the host alone.
    const LEFT_OUT: [&str; 4] = [
        "connection",
        "keep-alive",
        "transfer-encoding",
        "content-length",
    ];
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    for (name, value) in answer
        .headers
        .iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&&*name.to_ascii_lowercase()))
    {
        head += &format!("{name}: {value}\r\n");
    }
    head += framing;
    head += if closes {
        "Connection: close\r\n\r\n"
    } else {
        "\r\n"
    };
    head.into_bytes()
}

impl Relay for Reply<'_> {
    fn head(&mut self, answer: &Answer, body: &Body) -> io::Result<()> {
        self.begun = true;
        let framing = match body {
            Body::Chunked(_) if self.in_chunks(answer) => {
                "Transfer-Encoding: chunked\r\n".to_owned()
            }
            // It ends with the connection.
            Body::Chunked(_) => String::new(),
            Body::Length(length) => format!("Content-Length: {length}\r\n"),
            // Of HEAD, what the answer to GET would have.
            Body::Ended => match (answer.header("Content-Length"), answer.status) {
                (Some(length), _) => format!("Content-Length: {length}\r\n"),
                (None, 204 | 304) => String::new(),
                (None, _) if self.in_chunks(answer) => "Transfer-Encoding: chunked\r\n".to_owned(),
                (None, _) => "Content-Length: 0\r\n".to_owned(),
            },
        };
        self.chunked = matches!(body, Body::Chunked(_)) && self.in_chunks(answer);
        self.write(&head(answer, &framing, !self.request.keep_alive))
    }

    fn piece(&mut self, piece: &[u8]) -> io::Result<()> {
        match self.chunked {
            true => {
                self.write(&[format!("{:X}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat())
            }
            false => self.write(piece),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.chunked {
            self.write(b"0\r\n\r\n")
        } else {
            Ok(())
        }
    }

    fn wanted(&self) -> Box<dyn FnMut() -> io::Result<()> + Send> {
        let caller = self.caller.clone();
        Box::new(move || {
            caller.set_nonblocking(true)?;
            let peeked = caller.peek(&mut [0]);
            caller.set_nonblocking(false)?;
            match peeked {
                Ok(0) => Err(io::Error::new(
                    ErrorKind::ConnectionAborted,
                    "the caller has gone",
                )),
                Ok(_) => Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
                Err(error) => Err(error),
            }
        })
    }
}

/// Words for a status, of which nothing but people take note [RFC 9112, section 4; RFC 9110,
/// section 15].
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ if status < 300 => "Success",
        _ if status < 400 => "Redirection",
        _ if status < 500 => "Client Error",
        _ => "Server Error",
    }
}
