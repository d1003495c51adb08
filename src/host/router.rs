//! From a request to the function it is for, in each form in which a host may call it, and back.

use super::invocation::{Datum, HttpRequest, Invocation, Members, Texts};
use super::payload;
use super::response::{Error, HttpResponse, Refusal, Response, Result};
use super::route::{Kind, Route};
use super::url;
use crate::console;
use std::borrow::Cow;

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

impl Request<'_> {
    /// An error of which both the caller and the app's log hear.
    pub fn error(&self, status: u16, message: &str) -> HttpResponse {
        self.report(status, message);
        HttpResponse::error(status, message, self.invocation_id)
    }

    fn report(&self, status: u16, message: &str) {
        let Request { method, url, .. } = self;
        let id = match self.invocation_id {
            "" => "without id",
            id => id,
        };
        console::error(&format!("error: invocation {id}: {method} {url}: {status}: {message}"));
    }
}

/// Answers a request by the function that it is for.
pub fn answer(routes: &[Route], request: Request) -> HttpResponse {
    let (path, query) = request.url.split_once('?').unwrap_or((request.url, ""));
    if path == "/" {
        return match request.method {
            "GET" | "HEAD" => HttpResponse::default(),
            _ => not_allowed(&request, "GET, HEAD"),
        };
    }
    // The host's own routing ignores case and one trailing slash.
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut allowed = Vec::new();
    let invoked = path.strip_prefix('/').unwrap_or_default();
    if let Some(route) = routes.iter().find(|route| route.name.eq_ignore_ascii_case(invoked)) {
        if request.method == "POST" {
            return answer_invocation(route, &request);
        }
        allowed.push("POST");
    }
    for route in routes {
        if let Kind::Http { methods, path: Some(pattern), run } = route.kind
            && let Some(params) = match_path(pattern, path)
        {
            if methods.contains(&request.method) {
                return answer_forwarded(route, run, params, query, request);
            }
            allowed.extend(methods);
        }
    }
    match allowed.is_empty() {
        true => request.error(404, &format!("no function at {path}")),
        false => not_allowed(&request, &allowed.join(", ")),
    }
}

/// The parameters of `path`, if it is one of `pattern`'s.
fn match_path<'a>(pattern: &'a str, path: &'a str) -> Option<Texts<'a>> {
    let decode = |text: &'a str| if text.contains('%') { Cow::Owned(url::decode(text)) } else { Cow::Borrowed(text) };
    let (mut patterns, mut segments) = (pattern.split('/'), path.split('/'));
    let mut params = Vec::new();
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return Some(params),
            (Some(pattern), Some(segment)) => {
                let segment = decode(segment);
                match pattern.strip_prefix('{').and_then(|pattern| pattern.strip_suffix('}')) {
                    Some(name) if !segment.is_empty() => params.push((Cow::Borrowed(name), segment)),
                    None if segment.eq_ignore_ascii_case(pattern) => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

/// The proxied and the forwarded form: the caller's own request, whose answer is the caller's too.
fn answer_forwarded(
    route: &Route,
    run: fn(HttpRequest) -> Result,
    params: Texts,
    query: &str,
    mut request: Request,
) -> HttpResponse {
    let id = request.invocation_id;
    let (headers, body) = (std::mem::take(&mut request.headers), std::mem::take(&mut request.body));
    let result = call(|| {
        run(HttpRequest {
            method: Cow::Borrowed(request.method),
            invocation: Invocation { id, trigger: Datum::default(), data: Members::default(), metadata: None },
            query_string: Cow::Borrowed(query),
            query: Vec::new(),
            params,
            headers,
            body: Ok(Cow::Owned(body)),
        })
    });
    let response = match result {
        Ok(response) => response,
        Err(Error::Refused(refusal)) => refused(refusal, id).into(),
        // The caller may be anyone: the reason is for the app's log only.
        Err(Error::Failed(reason)) => {
            request.report(500, &format!("function {} failed: {reason}", route.name));
            return HttpResponse::error(500, &format!("function {} failed", route.name), id);
        }
    };
    for line in &response.logs {
        console::info(&format!("invocation {id}: {line}"));
    }
    match check(route, &response) {
        Ok(()) => response.http,
        Err(message) => request.error(500, &message),
    }
}

/// The payload form: the trigger's data in, the values of the output bindings back.
fn answer_invocation(route: &Route, request: &Request) -> HttpResponse {
    let id = request.invocation_id;
    let called = match route.kind {
        Kind::Trigger { binding, run } => {
            payload::read_invocation(&request.body, binding, id).map(|invocation| call(|| run(invocation)))
        }
        Kind::Http { methods, run, .. } => payload::read_http_request(&request.body, id).map(|http| {
            if methods.contains(&&*http.method) {
                call(|| run(http))
            } else {
                Err(Error::refuse(405, format!("{} is not one of {}", http.method, methods.join(", "))))
            }
        }),
    };
    let result = match called {
        Ok(result) => result,
        Err(message) => return request.error(400, &message),
    };
    let is_http = matches!(route.kind, Kind::Http { .. });
    let response = match result {
        Ok(response) if is_http && std::str::from_utf8(&response.http.body).is_err() => {
            let message = "this host cannot pass on an answer that is not text in UTF-8";
            refused(Refusal { status: 415, message: message.into() }, id).into()
        }
        Ok(response) => response,
        Err(Error::Refused(refusal)) if is_http => refused(refusal, id).into(),
        Err(Error::Refused(Refusal { message, .. })) => return request.error(500, &message),
        Err(Error::Failed(reason)) => return request.error(500, &reason),
    };
    let payload = check(route, &response).and_then(|()| payload::write_response(&response, is_http));
    match payload {
        Ok(payload) => HttpResponse::text(payload).content_type("application/json"),
        Err(message) => request.error(500, &message),
    }
}

/// Calls a function; a panic in it is a failure, and so is a refusal with a status that is none.
fn call(function: impl FnOnce() -> Result) -> Result {
    match console::catch_panic(function) {
        Ok(Err(Error::Refused(Refusal { status, message }))) if !(400..=499).contains(&status) => {
            Err(Error::Failed(format!("it refuses with the status {status}, not one from 400 to 499: {message}")))
        }
        Ok(result) => result,
        Err(panic) => Err(Error::Failed(panic)),
    }
}

fn refused(refusal: Refusal, id: &str) -> HttpResponse {
    HttpResponse::error(refusal.status, &refusal.message, id)
}

/// Errors where a response sets what the host would ignore without a word, or where its answer is none in HTTP.
fn check(route: &Route, response: &Response) -> Result<(), String> {
    let name = route.name;
    let return_value = response.return_value.as_ref().map(|_| "$return");
    for (place, (output, _)) in response.outputs.iter().enumerate() {
        if *output == "$return" {
            return Err(format!("function {name} sets $return as an output, which has to be its return value"));
        }
        if response.outputs[..place].iter().any(|(earlier, _)| earlier == output) {
            return Err(format!("function {name} sets the output {output} twice"));
        }
    }
    for output in response.outputs.iter().map(|(output, _)| *output).chain(return_value) {
        if !route.outputs.contains(&output) {
            return Err(format!("function {name} sets the output {output}, which its route does not declare"));
        }
    }
    let HttpResponse { status, headers, body } = &response.http;
    let has_answer = *status != 200 || !headers.is_empty() || !body.is_empty();
    if has_answer && matches!(route.kind, Kind::Trigger { .. }) {
        return Err(format!("function {name} answers an HTTP caller, and it has none"));
    }
    if !(200..=599).contains(status) {
        return Err(format!("function {name} answers with the status {status}, which is not one from 200 to 599"));
    }
    for (header, value) in headers {
        // RFC 9110, sections 5.1 and 5.5; of the values only what is ASCII.
        let token =
            |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') || b"!#$%&'*+-.^_`|~".contains(&byte);
        if header.is_empty() || !header.bytes().all(token) {
            return Err(format!("function {name} sets the header {header:?}, which is no name that HTTP allows"));
        }
        if !value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
            return Err(format!("function {name} sets the header {header} to {value:?}, which HTTP does not allow"));
        }
        if FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(header)) {
            return Err(format!("function {name} sets the header {header}, which is the server's"));
        }
    }
    Ok(())
}

/// The headers that say where an answer ends; two of them would split it.
const FRAMING: [&str; 5] = ["Connection", "Content-Length", "Trailer", "Transfer-Encoding", "Upgrade"];

fn not_allowed(request: &Request, allowed: &str) -> HttpResponse {
    let message = format!("{} does not take {}, only {allowed}", request.url, request.method);
    request.error(405, &message).header("Allow", allowed.to_owned())
}
