//! From a request to its function, in each form in which a host may call it, and back.

use super::check::check;
use super::datum::{Datum, Members};
use super::error::{Error, Failure, Refusal, Why};
use super::invocation::Invocation;
use super::log;
use super::path;
use super::request::{HttpRequest, Texts, named};
use super::request_payload;
use super::response::{Body, HttpResponse, Response, Result};
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

/// A request, whose body was read to the end.
pub struct Request<'a> {
    /// The method: `GET`.
    pub method: &'a str,
    /// The path and the query: `/api/hello?name=Ada`.
    pub url: &'a str,
    pub headers: Texts<'a>,
    /// The host's id of the invocation; empty if the caller sent none.
    pub invocation_id: &'a str,
    pub body: Vec<u8>,
}

impl<'a> Request<'a> {
    fn path(&self) -> &'a str {
        self.url.split_once('?').map_or(self.url, |(path, _)| path)
    }

    fn has(&self, header: &str) -> bool {
        named(&self.headers, header).next().is_some()
    }

    /// Whether a host that proxies has passed it on, whatever its path is. The host replaces what a
    /// caller sends in this header.
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

    /// An error for both the caller and the app's log.
    pub fn error(&self, status: u16, message: &str) -> HttpResponse {
        self.report(status, message);
        HttpResponse::error(status, message, self.invocation_id)
    }

    fn report(&self, status: u16, message: &str) {
        console::error(&format!("error: {self}: {status}: {message}"));
    }
}

/// How the app's log names it.
impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // Without the query, which may hold a function key.
        let (invocation, path) = (log::named(self.invocation_id), self.path());
        write!(f, "{invocation}: {} {path}", self.method)
    }
}

/// Answers a request by the function that it is for.
pub fn answer(routes: &[Route], request: Request) -> HttpResponse {
    let path = request.path();
    // The host's readiness ping. What a host passes on has an invocation id.
    if path == "/" && !request.is_proxied() && !request.has(INVOCATION_ID) {
        return match request.method {
            "GET" | "HEAD" => HttpResponse::default(),
            _ => not_allowed(&request, "GET, HEAD"),
        };
    }
    // As the host's own routing, ignore case and one slash at the end.
    let name = path.strip_prefix('/').unwrap_or_default();
    let name = name.strip_suffix('/').unwrap_or(name);
    let is_named = |route: &&Route| route.name.eq_ignore_ascii_case(name) && !request.is_proxied();
    let mut invoked = routes.iter().find(is_named);
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
        let Kind::Http {
            methods,
            path: Some(pattern),
            run,
        } = route.kind
        else {
            continue;
        };
        let Some(params) = path::matches(pattern, path) else {
            continue;
        };
        let precedes = |(first, ..): &(&Route, _, _)| precedes(route.name, first.name);
        if !takes(methods, request.method) {
            allowed.extend(methods);
        } else if called.as_ref().is_none_or(precedes) {
            called = Some((route, run, params));
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

/// The error for a path without a function. Whoever calls the handler, and not its host, may have
/// tried the public path of a function that only the host can call.
fn nothing_at(routes: &[Route], path: &str) -> String {
    let shorter = path.strip_suffix('/').filter(|path| !path.is_empty());
    let path = shorter.unwrap_or(path);
    let (_, last) = path.rsplit_once('/').unwrap_or_default();
    let mut message = format!("no function at {path}");
    for Route { name, kind, .. } in routes {
        if matches!(kind, Kind::Http { path: None, .. }) && name.eq_ignore_ascii_case(last) {
            message += &format!(
                ": {name} has bindings other than HTTP, so its requests go to a Functions host, which invokes it as \
                 POST /{name}. Call the host: `make run` starts a stand-in for one"
            );
        }
    }
    message
}

/// The proxied and the forwarded form: the caller's own request, whose answer goes to the caller.
fn answer_forwarded(
    route: &Route,
    run: fn(HttpRequest) -> Result,
    params: Texts,
    mut request: Request,
) -> HttpResponse {
    let id = request.invocation_id;
    let headers = std::mem::take(&mut request.headers);
    let body = std::mem::take(&mut request.body);
    let http = HttpRequest {
        method: Cow::Borrowed(request.method),
        invocation: Invocation {
            id,
            trigger: Datum::default(),
            inputs: Members(Vec::new()),
            metadata: None,
        },
        url: Cow::Borrowed(request.url),
        query: Cow::Borrowed("{}"),
        params,
        headers,
        body: Ok(Cow::Owned(body)),
    };
    let (result, _) = log::collect(id, false, || call(|| run(http)));
    let response = match result {
        Ok(response) => response,
        Err(Error(Why::Refused(refusal))) => refused(refusal, id).into(),
        // The reason is for the app's log only, because the caller may be anyone.
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

/// The answer. Its stream, if it has one, is called as its function was, and its errors are logged.
fn watched(answer: HttpResponse, function: &'static str, request: &Request) -> HttpResponse {
    let Body::Stream(Stream(write)) = answer.body else {
        return answer;
    };
    let (request, id) = (request.to_string(), request.invocation_id.to_owned());
    let write = move |out: &mut dyn Write| {
        let mut out = Out::new(out, usize::MAX);
        let called = log::collect(&id, false, || catch(|| write(&mut out))).0;
        let why = match (called, out.error) {
            (Ok(()), None) => return Ok(()),
            (_, Some(error)) => {
                let what = "its answer could not be sent to the end";
                console::info(&format!("{request}: {what}: {error}"));
                return Err("it could not be sent".into());
            }
            (Err(Error(Why::Failed(failure))), None) => failure.to_string(),
            (Err(Error(Why::Refused(Refusal { status, message }))), None) => {
                format!("refused it: {status}: {message}")
            }
        };
        let when = "after its answer had begun";
        console::error(&format!(
            "error: {request}: {when}, function {function} {why}"
        ));
        Err("it failed after it had begun".into())
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
            .map(|invocation| tool::answered(catch(|| run(ToolCall { id, invocation })))),
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
    // Nothing borrows from it any more.
    drop(payload);
    let failed = |status, message: &str| {
        log::write_all(id, &logs);
        request.error(status, message)
    };
    let result = match called {
        Ok(result) => result,
        Err(message) => return failed(400, &message),
    };
    let is_text = |response: &Response| match &response.http.body {
        Body::Bytes(body) => std::str::from_utf8(body).is_ok(),
        Body::Stream(_) => false,
    };
    let response = match result {
        Ok(response) if is_http && !is_text(&response) => {
            let message = "this host cannot pass on an answer that is not text in UTF-8";
            request.error(415, message).into()
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

/// The response with its answer's stream, if it has one, collected: the host takes the whole body.
fn collected(mut response: Response, is_head: bool) -> Result {
    response.http.body = match response.http.body {
        Body::Stream(_) if is_head => Body::Bytes(Vec::new()),
        Body::Stream(stream) => Body::Bytes(stream.collect(COLLECTED_MAX_BYTES)?),
        whole => whole,
    };
    Ok(response)
}

/// Calls a function. A panic is a failure, and so is a refusal with a status that refuses nothing.
fn call(function: impl FnOnce() -> Result) -> Result {
    let result = catch(function);
    let Err(Error(Why::Refused(Refusal { status, message }))) = &result else {
        return result;
    };
    if (400..=499).contains(status) {
        return result;
    }
    let what = format!("it refuses with the status {status}, not one from 400 to 499");
    Err(failure(format!("{what}: {message}")))
}

/// Calls `function`. A panic is a failure.
fn catch<T>(function: impl FnOnce() -> Result<T>) -> Result<T> {
    console::catch_panic(function).unwrap_or_else(|panic| Err(failure(panic)))
}

/// A failure whose reason has its place in it.
fn failure(reason: String) -> Error {
    let place = None;
    Error(Why::Failed(Failure { place, reason }))
}

fn refused(refusal: Refusal, id: &str) -> HttpResponse {
    HttpResponse::error(refusal.status, &refusal.message, id)
}

fn not_allowed(request: &Request, allowed: &str) -> HttpResponse {
    let (path, method) = (request.path(), request.method);
    let message = format!("{path} does not take {method}, only {allowed}");
    let answer = request.error(405, &message);
    answer.header("Allow", allowed.to_owned())
}
