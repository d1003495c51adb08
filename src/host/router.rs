//! From a request to the function it is for, in each form in which a host may call it, and back.

use super::datum::{Datum, Members};
use super::error::{Error, Failure, Refusal, Why, listed};
use super::invocation::Invocation;
use super::log;
use super::path;
use super::request::{HttpRequest, Texts, named};
use super::request_payload;
use super::response::{Body, HttpResponse, Response, Result, Set};
use super::response_payload;
use super::route::{Kind, Route};
use super::stream::{COLLECTED_MAX_BYTES, Out, Stream};
use super::tool::{self, ToolCall};
use crate::console;
use std::borrow::Cow;
use std::fmt;
use std::io::Write;

/// The header in which the host sends an invocation's id.
pub const INVOCATION_ID: &str = "X-Azure-Functions-InvocationId";

/// A request as it came in, its body read to the end.
pub struct Request<'a> {
    /// The method: `GET`.
    pub method: &'a str,
    /// The path and the query: `/api/hello?name=Ada`.
    pub url: &'a str,
    /// The headers in their order.
    pub headers: Texts<'a>,
    /// The host's id of the invocation, which every form carries; empty where a caller sent none.
    pub invocation_id: &'a str,
    /// The body in bytes.
    pub body: Vec<u8>,
}

impl<'a> Request<'a> {
    fn path(&self) -> &'a str {
        self.url.split_once('?').map_or(self.url, |(path, _)| path)
    }

    fn has(&self, header: &str) -> bool {
        named(&self.headers, header).next().is_some()
    }

    /// Whether a host that proxies has passed it on as its caller sent it, whatever path that is.
    /// The host replaces what a caller puts there.
    fn is_proxied(&self) -> bool {
        self.has("x-ms-invocation-id")
    }

    /// Whether it is one of the host's own invocations: they are chunked and name the host. What a
    /// host forwards is never chunked.
    fn is_by_host(&self) -> bool {
        let mut agents = named(&self.headers, "User-Agent");
        self.has("Transfer-Encoding")
            && agents.any(|agent| agent.starts_with("Azure-Functions-Host/"))
    }

    /// Whether it is an invocation that somebody has posted by hand, as the documentation shows it.
    fn is_by_hand(&self) -> bool {
        let payload = std::str::from_utf8(&self.body).unwrap_or_default();
        let payload = serde_json::from_str::<Members>(payload);
        let data = payload.ok().and_then(|payload| payload.get("Data"));
        !self.has(INVOCATION_ID) && data.is_some_and(|data| data.get().starts_with('{'))
    }

    /// An error of which both the caller and the app's log hear.
    pub fn error(&self, status: u16, message: &str) -> HttpResponse {
        self.report(status, message);
        HttpResponse::error(status, message, self.invocation_id)
    }

    fn report(&self, status: u16, message: &str) {
        console::error(&format!("error: {self}: {status}: {message}"));
    }
}

/// As the app's log names it.
impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // Without the query, which may hold a function key.
        write!(
            f,
            "{}: {} {}",
            log::named(self.invocation_id),
            self.method,
            self.path()
        )
    }
}

/// Answers a request by the function that it is for.
pub fn answer(routes: &[Route], request: Request) -> HttpResponse {
    let path = request.path();
    // The host's readiness ping. What comes through the host has an invocation id.
    if path == "/" && !request.is_proxied() && !request.has(INVOCATION_ID) {
        return match request.method {
            "GET" | "HEAD" => HttpResponse::default(),
            _ => not_allowed(&request, "GET, HEAD"),
        };
    }
    // The host's own routing ignores case and one trailing slash.
    let name = path.strip_prefix('/').unwrap_or_default();
    let name = name.strip_suffix('/').unwrap_or(name);
    let mut invoked = routes.iter();
    let mut invoked = invoked
        .find(|route| route.name.eq_ignore_ascii_case(name))
        .filter(|_| !request.is_proxied());
    let mut allowed = Vec::new();
    if request.method != "POST" && invoked.take().is_some() {
        allowed.push("POST");
    }
    if let Some(route) = invoked
        && request.is_by_host()
    {
        return answer_invocation(route, request);
    }
    // If several functions have this path, the host takes the first by name.
    let mut called: Option<(&Route, _, Texts)> = None;
    for route in routes {
        if let Kind::Http {
            methods,
            path: Some(pattern),
            run,
        } = route.kind
            && let Some(params) = path::matches(pattern, path)
        {
            let is_first = || {
                called
                    .as_ref()
                    .is_none_or(|(first, ..)| precedes(route.name, first.name))
            };
            match takes(methods, request.method) {
                true if is_first() => called = Some((route, run, params)),
                true => {}
                false => allowed.extend(methods),
            }
        }
    }
    match (called, invoked) {
        (called, Some(route)) if called.is_none() || request.is_by_hand() => {
            answer_invocation(route, request)
        }
        (Some((route, run, params)), _) => answer_forwarded(route, run, params, request),
        (None, _) if allowed.is_empty() => request.error(404, &nothing_at(routes, path)),
        (None, _) => not_allowed(&request, &allowed.join(", ")),
    }
}

/// Whether the host tries the function `name` before `other`: it compares their upper case, so `_`
/// comes after the letters (.NET's `OrdinalIgnoreCase`).
fn precedes(name: &str, other: &str) -> bool {
    let upper = |byte: u8| byte.to_ascii_uppercase();
    name.bytes().map(upper).lt(other.bytes().map(upper))
}

/// The host passes on HEAD to a function that takes GET.
fn takes(methods: &[&str], method: &str) -> bool {
    methods.contains(&method) || (method == "HEAD" && methods.contains(&"GET"))
}

/// What to tell a caller who has found no function. Who calls the handler itself, and not its host,
/// tries the public path of a function that only the host can call.
fn nothing_at(routes: &[Route], path: &str) -> String {
    let last = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let is_meant = |route: &&Route| {
        matches!(route.kind, Kind::Http { path: None, .. }) && route.name.eq_ignore_ascii_case(last)
    };
    let shown = match path.strip_suffix('/') {
        Some(shown) if !shown.is_empty() => shown,
        _ => path,
    };
    let mut message = format!("no function at {shown}");
    if let Some(Route { name, .. }) = routes.iter().find(is_meant) {
        message += &format!(
            ": {name} has bindings other than HTTP, so its requests go to a Functions host, which invokes it as POST /{name}. \
             Call the host: `make run` starts a stand-in for one"
        );
    }
    message
}

/// The proxied and the forwarded form: the caller's own request, whose answer is the caller's too.
fn answer_forwarded(
    route: &Route,
    run: fn(HttpRequest) -> Result,
    params: Texts,
    mut request: Request,
) -> HttpResponse {
    let id = request.invocation_id;
    let (headers, body) = (
        std::mem::take(&mut request.headers),
        std::mem::take(&mut request.body),
    );
    let function = || {
        run(HttpRequest {
            method: Cow::Borrowed(request.method),
            invocation: Invocation {
                id,
                trigger: Datum::default(),
                inputs: Members::default(),
                metadata: None,
            },
            url: Cow::Borrowed(request.url),
            query: Cow::Borrowed("{}"),
            params,
            headers,
            body: Ok(Cow::Owned(body)),
        })
    };
    let (result, _) = log::collect(id, false, || call(function));
    let response = match result {
        Ok(response) => response,
        Err(Error(Why::Refused(refusal))) => refused(refusal, id).into(),
        // The caller may be anyone: the reason is for the app's log only.
        Err(Error(Why::Failed(failure))) => {
            request.report(500, &format!("function {} {failure}", route.name));
            return HttpResponse::error(500, &format!("function {} failed", route.name), id);
        }
    };
    match check(route, &response) {
        Ok(()) => watched(response.http, route.name, &request),
        Err(message) => request.error(500, &message),
    }
}

/// The answer; a stream is called as its function was, and what goes wrong in it is logged.
fn watched(answer: HttpResponse, function: &'static str, request: &Request) -> HttpResponse {
    let Body::Stream(Stream(write)) = answer.body else {
        return answer;
    };
    let (request, id) = (request.to_string(), request.invocation_id.to_owned());
    let write = move |out: &mut dyn Write| {
        let mut out = Out::new(out, usize::MAX);
        let called = log::collect(&id, false, || catch(|| write(&mut out))).0;
        match (called, out.error) {
            (Ok(()), None) => Ok(()),
            (_, Some(error)) => {
                console::info(&format!(
                    "{request}: its answer could not be sent to the end: {error}"
                ));
                Err("it could not be sent".into())
            }
            (Err(Error(why)), None) => {
                let why = match why {
                    Why::Failed(failure) => failure.to_string(),
                    Why::Refused(Refusal { status, message }) => {
                        format!("refused it: {status}: {message}")
                    }
                };
                console::error(&format!(
                    "error: {request}: after its answer had begun, function {function} {why}"
                ));
                Err("it failed after it had begun".into())
            }
        }
    };
    HttpResponse {
        body: Body::Stream(Stream(Box::new(write))),
        ..answer
    }
}

/// The payload form: the trigger's data in, the values of the output bindings back.
fn answer_invocation(route: &Route, mut request: Request) -> HttpResponse {
    let id = request.invocation_id;
    let payload = std::mem::take(&mut request.body);
    let is_http = matches!(route.kind, Kind::Http { .. });
    let (called, logs) = log::collect(id, true, || match route.kind {
        Kind::Trigger { binding, run } => request_payload::read_invocation(&payload, binding, id)
            .map(|invocation| call(|| run(invocation))),
        Kind::Tool { binding, run } => request_payload::read_invocation(&payload, binding, id)
            .map(|invocation| tool::answered(catch(|| run(ToolCall(invocation))))),
        Kind::Http { methods, run, .. } => {
            request_payload::read_http_request(&payload, id).map(|http| {
                if !takes(methods, &http.method) {
                    let message = format!("{} is not one of {}", http.method, methods.join(", "));
                    return Err(Error::refuse(405, message));
                }
                let is_head = http.method == "HEAD";
                call(|| run(http).and_then(|response| collected(response, is_head)))
            })
        }
    });
    // The response has taken from it what it needs.
    drop(payload);
    let failed = |status, message: &str| {
        log::write_all(id, &logs);
        request.error(status, message)
    };
    let result = match called {
        Ok(result) => result,
        Err(message) => return failed(400, &message),
    };
    let response = match result {
        Ok(Response {
            http:
                HttpResponse {
                    body: Body::Bytes(body),
                    ..
                },
            ..
        }) if is_http && std::str::from_utf8(&body).is_err() => {
            let message = "this host cannot pass on an answer that is not text in UTF-8";
            request.report(415, message);
            refused(
                Refusal {
                    status: 415,
                    message: message.into(),
                },
                id,
            )
            .into()
        }
        Ok(response) => response,
        Err(Error(Why::Refused(refusal))) if is_http => refused(refusal, id).into(),
        Err(Error(Why::Refused(Refusal { message, .. }))) => return failed(500, &message),
        Err(Error(Why::Failed(failure))) => return failed(500, &failure.to_string()),
    };
    let payload =
        check(route, &response).and_then(|()| response_payload::write(&response, &logs, is_http));
    match payload {
        Ok(payload) => HttpResponse::text(payload).content_type("application/json"),
        Err(message) => failed(500, &message),
    }
}

/// The response with its answer's stream, where it has one, collected: the host takes it as a
/// whole.
fn collected(mut response: Response, is_head: bool) -> Result {
    if let Body::Stream(stream) = response.http.body {
        let body = if is_head {
            Vec::new()
        } else {
            stream.collect(COLLECTED_MAX_BYTES)?
        };
        response.http.body = Body::Bytes(body);
    }
    Ok(response)
}

/// Calls a function; a panic in it is a failure, and so is a refusal with a status that is none.
fn call(function: impl FnOnce() -> Result) -> Result {
    match catch(function) {
        Err(Error(Why::Refused(Refusal { status, message }))) if !(400..=499).contains(&status) => {
            Err(failure(format!(
                "it refuses with the status {status}, not one from 400 to 499: {message}"
            )))
        }
        result => result,
    }
}

/// Calls `function`; a panic in it is a failure.
fn catch<T>(function: impl FnOnce() -> Result<T>) -> Result<T> {
    console::catch_panic(function).unwrap_or_else(|panic| Err(failure(panic)))
}

/// A failure whose reason says where.
fn failure(reason: String) -> Error {
    Error(Why::Failed(Failure {
        place: None,
        reason,
    }))
}

fn refused(refusal: Refusal, id: &str) -> HttpResponse {
    HttpResponse::error(refusal.status, &refusal.message, id)
}

/// Errors where a response sets what the host would ignore without a word, or when the answer is
/// not valid HTTP.
fn check(route: &Route, response: &Response) -> Result<(), String> {
    let name = route.name;
    for (index, set) in response.outputs.iter().enumerate() {
        let Set {
            name: output,
            place,
            ..
        } = set;
        let mut earlier = response.outputs[..index].iter();
        let problem = if !route.outputs.contains(output) {
            let outputs = listed(route.outputs.iter().copied());
            format!("which its route does not declare; {outputs}")
        } else if earlier.any(|earlier| earlier.name == *output) {
            "twice".to_owned()
        } else {
            continue;
        };
        let (file, line) = (place.file(), place.line());
        return Err(format!(
            "function {name} sets the output {output}, {problem} (at {file}:{line})"
        ));
    }
    let HttpResponse {
        status,
        headers,
        body,
    } = &response.http;
    let is_empty = matches!(body, Body::Bytes(body) if body.is_empty());
    let has_answer = *status != 200 || !headers.is_empty() || !is_empty;
    if response.tool.is_some() && !matches!(route.kind, Kind::Tool { .. }) {
        return Err(format!(
            "function {name} gives a tool's result, and its route is not Route::tool"
        ));
    }
    if has_answer && !matches!(route.kind, Kind::Http { .. }) {
        return Err(format!(
            "function {name} answers an HTTP caller, and it has none"
        ));
    }
    if !(200..=599).contains(status) {
        return Err(format!(
            "function {name} answers with the status {status}, which is not one from 200 to 599"
        ));
    }
    for (header, value) in headers {
        // RFC 9110, sections 5.1 and 5.5; of the values only what is ASCII.
        let token = |byte| {
            matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
                || b"!#$%&'*+-.^_`|~".contains(&byte)
        };
        if header.is_empty() || !header.bytes().all(token) {
            return Err(format!(
                "function {name} sets the header {header:?}, which is no name that HTTP allows"
            ));
        }
        if !value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
        {
            return Err(format!(
                "function {name} sets the header {header} to {value:?}, which HTTP does not allow"
            ));
        }
        if FRAMING
            .iter()
            .any(|framing| framing.eq_ignore_ascii_case(header))
        {
            return Err(format!(
                "function {name} sets the header {header}, which is the server's"
            ));
        }
    }
    Ok(())
}

/// The headers that say where an answer ends; two of them would split it.
const FRAMING: [&str; 5] = [
    "Connection",
    "Content-Length",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

fn not_allowed(request: &Request, allowed: &str) -> HttpResponse {
    let message = format!(
        "{} does not take {}, only {allowed}",
        request.path(),
        request.method
    );
    request
        .error(405, &message)
        .header("Allow", allowed.to_owned())
}
