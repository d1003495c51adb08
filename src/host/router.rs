//! From a request to its function, in each form in which a host may call it, and back.

use super::check::check;
use super::datum::Members;
use super::error::Error;
use super::invocation::Invocation;
use super::log;
use super::path;
use super::request::{HttpRequest, Texts, named};
use super::request_payload::{read_http_request, read_invocation};
use super::response::{Body, HttpResponse, Response, Result};
use super::response_payload;
use super::route::{Kind, Route};
use super::stream::{Out, Stream};
use super::tool::{self, ToolCall};
use crate::console;
use std::borrow::Cow;
use std::fmt;
use std::io::Write;

/// The header in which the host sends an invocation's id.
pub const INVOCATION_ID: &str = "X-Azure-Functions-InvocationId";

/// A request that was read to its end.
pub struct Request<'a> {
    pub method: &'a str,
    /// The path and the query: `/api/hello?name=Ada`.
    pub url: &'a str,
    pub headers: Texts<'a>,
    /// Empty if the caller sent none.
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

    /// Whether it is one of the host's own invocations. What a host forwards is never chunked.
    fn is_by_host(&self) -> bool {
        let mut agents = named(&self.headers, "User-Agent");
        self.has("Transfer-Encoding")
            && agents.any(|agent| agent.starts_with("Azure-Functions-Host/"))
    }

    /// Whether somebody has posted it by hand, as an invocation in the documentation's form.
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

/// How the app's log names it: without the query, which may hold a function key.
impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (invocation, path) = (log::named(self.invocation_id), self.path());
        write!(f, "{invocation}: {} {path}", self.method)
    }
}

/// Answers a request by the function that it is for.
pub fn answer(routes: &[Route], request: Request) -> HttpResponse {
    let (method, path) = (request.method, request.path());
    // A host that proxies replaces what a caller sends in this header.
    let is_proxied = request.has("x-ms-invocation-id");
    // The host's readiness ping. What a host passes on has an invocation id.
    if path == "/" && !is_proxied && !request.has(INVOCATION_ID) {
        return match method {
            "GET" | "HEAD" => HttpResponse::default(),
            _ => not_allowed(&request, &["GET", "HEAD"]),
        };
    }
    // As the host's own routing, ignore case and one slash at the end.
    let name = path.strip_prefix('/').unwrap_or_default();
    let name = name.strip_suffix('/').unwrap_or(name);
    let is_named = |route: &&Route| !is_proxied && route.name.eq_ignore_ascii_case(name);
    let by_name = routes.iter().find(is_named);
    let invoked = by_name.filter(|_| method == "POST");
    if let Some(route) = invoked
        && request.is_by_host()
    {
        return answer_invocation(route, request);
    }
    let mut called: Option<(&Route, _, Texts)> = None;
    let mut allowed = Vec::from_iter(by_name.map(|_| "POST"));
    for route in routes {
        if let Kind::Http {
            methods,
            path: pattern,
            run,
        } = route.kind
            && let Some(params) = pattern.and_then(|pattern| path::matches(pattern, path))
        {
            if !takes(methods, method) {
                allowed.extend(methods);
            } else if called
                .as_ref()
                .is_none_or(|(first, ..)| precedes(route, first))
            {
                called = Some((route, run, params));
            }
        }
    }
    match (called, invoked) {
        (called, Some(route)) if called.is_none() || request.is_by_hand() => {
            answer_invocation(route, request)
        }
        (Some((route, run, params)), _) => answer_forwarded(route, run, params, request),
        (None, _) if allowed.is_empty() => request.error(404, &nothing_at(routes, path)),
        (None, _) => not_allowed(&request, &allowed),
    }
}

/// Whether the host tries the one function before the other: it compares the upper case of their
/// names, so `_` comes after the letters (.NET's `OrdinalIgnoreCase`).
fn precedes(one: &Route, other: &Route) -> bool {
    one.name.to_ascii_uppercase() < other.name.to_ascii_uppercase()
}

/// The host passes on HEAD to a function that takes GET.
fn takes(methods: &[&str], method: &str) -> bool {
    methods.contains(&method) || (method == "HEAD" && methods.contains(&"GET"))
}

fn not_allowed(request: &Request, allowed: &[&str]) -> HttpResponse {
    let (path, method, allowed) = (request.path(), request.method, allowed.join(", "));
    let message = format!("{path} does not take {method}, only {allowed}");
    request.error(405, &message).header("Allow", allowed)
}

/// The caller may have tried, without a host, the public path of a function that only a host calls.
fn nothing_at(routes: &[Route], path: &str) -> String {
    let (_, last) = path
        .trim_end_matches('/')
        .rsplit_once('/')
        .unwrap_or_default();
    let is_meant = |Route { name, kind, .. }: &&Route| {
        matches!(kind, Kind::Http { path: None, .. }) && name.eq_ignore_ascii_case(last)
    };
    let Some(Route { name, .. }) = routes.iter().find(is_meant) else {
        return format!("no function at {path}");
    };
    format!(
        "no function at {path}: {name} has bindings other than HTTP, so only a host can call it, \
         as POST /{name}: `make run` starts a stand-in for one"
    )
}

/// The proxied and the forwarded form: the caller's own request and answer.
fn answer_forwarded(
    route: &Route,
    run: fn(HttpRequest) -> Result,
    params: Texts,
    mut request: Request,
) -> HttpResponse {
    let id = request.invocation_id;
    let http = HttpRequest {
        method: Cow::Borrowed(request.method),
        invocation: Invocation::new(id, Members(Vec::new()), None),
        url: Cow::Borrowed(request.url),
        query: Texts::new(),
        params,
        headers: std::mem::take(&mut request.headers),
        body: Ok(Cow::Owned(std::mem::take(&mut request.body))),
    };
    let (result, _) = log::collect(id, false, || call_http(id, || run(http)));
    let response = match result {
        Ok(response) => response,
        // The reason is for the app's log only, because the caller may be anyone.
        Err(error) => {
            request.report(500, &format!("function {} {}", route.name, error.logged()));
            return HttpResponse::error(500, &format!("function {} failed", route.name), id);
        }
    };
    match check(route, &response) {
        Ok(()) => watched(response.http, route.name, &request),
        Err(message) => request.error(500, &message),
    }
}

/// The answer, whose stream now logs its errors and panics as a function does.
fn watched(answer: HttpResponse, function: &'static str, request: &Request) -> HttpResponse {
    let Body::Stream(Stream(write)) = answer.body else {
        return answer;
    };
    let (request, id) = (request.to_string(), request.invocation_id.to_owned());
    let write = move |out: &mut dyn Write| {
        let mut out = Out::new(out, usize::MAX);
        let (result, _) = log::collect(&id, false, || catch(|| write(&mut out)));
        if let Some(error) = out.error {
            let what = "its answer could not be sent to the end";
            console::info(&format!("{request}: {what}: {error}"));
            return Err(error.into());
        }
        result.inspect_err(|error| {
            let what = format!("after its answer had begun, function {function}");
            console::error(&format!("error: {request}: {what} {}", error.logged()));
        })
    };
    let body = Body::Stream(Stream(Box::new(write)));
    HttpResponse { body, ..answer }
}

/// The payload form: the trigger's data in, the values of the output bindings back.
fn answer_invocation(route: &Route, mut request: Request) -> HttpResponse {
    let id = request.invocation_id;
    let payload = std::mem::take(&mut request.body);
    let (called, logs) = log::collect(id, true, || invoke(route, &request, &payload));
    // Nothing borrows from it any more.
    drop(payload);
    let payload = called.and_then(|response| {
        let is_http = matches!(route.kind, Kind::Http { .. });
        let checked = check(route, &response);
        let payload = checked.and_then(|()| response_payload::write(&response, &logs, is_http));
        payload.map_err(|message| (500, message))
    });
    match payload {
        Ok(payload) => HttpResponse::text(payload).content_type("application/json"),
        Err((status, message)) => {
            log::write_all(id, &logs);
            request.error(status, &message)
        }
    }
}

/// The response, or the status and the reason with which the invocation fails.
fn invoke(route: &Route, request: &Request, payload: &[u8]) -> Result<Response, (u16, String)> {
    let id = request.invocation_id;
    let malformed = |message| (400, message);
    let result = match route.kind {
        Kind::Trigger { binding, run } => {
            let invocation = read_invocation(payload, binding, id).map_err(malformed)?;
            catch(|| run(invocation))
        }
        Kind::Tool { binding, run } => {
            let invocation = read_invocation(payload, binding, id).map_err(malformed)?;
            tool::answered(catch(|| run(ToolCall { id, invocation })))
        }
        Kind::Http { methods, run, .. } => {
            let http = read_http_request(payload, id).map_err(malformed)?;
            let result = call_http(id, || {
                let (method, is_head) = (&http.method, http.method == "HEAD");
                if !takes(methods, method) {
                    let message = format!("{method} is not one of {}", methods.join(", "));
                    return Err(Error::refuse(405, message));
                }
                let mut response = run(http)?;
                response.http = response.http.collected(is_head)?;
                Ok(response)
            });
            result.map(|response| match response.http.body.text() {
                Some(_) => response,
                None => {
                    let what = "this host cannot pass on an answer that is not text in UTF-8";
                    request.error(415, what).into()
                }
            })
        }
    };
    result.map_err(|error| match error.status {
        Some(_) => (500, error.reason.into_owned()),
        None => (500, error.logged()),
    })
}

/// Calls an HTTP function. A refusal is its answer, unless the status refuses nothing.
fn call_http(id: &str, function: impl FnOnce() -> Result) -> Result {
    catch(function).or_else(|error| match error.status {
        Some(status @ 400..=499) => Ok(HttpResponse::error(status, &error.reason, id).into()),
        Some(status) => {
            let what = format!("refuses with the status {status}, not one from 400 to 499");
            Err(failure(format!("{what}: {}", error.reason)))
        }
        None => Err(error),
    })
}

/// A panic is a failure.
fn catch<T>(function: impl FnOnce() -> Result<T>) -> Result<T> {
    console::catch_panic(function).unwrap_or_else(|panic| Err(failure(panic)))
}

/// A failure without a place of its own.
fn failure(reason: String) -> Error {
    let mut error = Error::fail(reason);
    error.place = None;
    error
}
