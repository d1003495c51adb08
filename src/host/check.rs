//! What neither the host nor HTTP takes in a response. The host would ignore some of it without an
//! error.

use super::error::listed;
use super::response::{Body, Response};
use super::route::{Kind, Route};

/// Errors with a sentence that names the function and what it must not set.
pub fn check(route: &Route, response: &Response) -> Result<(), String> {
    let name = route.name;
    let problem = of_outputs(route, response).or_else(|| of_answer(route, response));
    problem.map_or(Ok(()), |problem| Err(format!("function {name} {problem}")))
}

fn of_outputs(route: &Route, response: &Response) -> Option<String> {
    for (index, set) in response.outputs.iter().enumerate() {
        let mut earlier = response.outputs[..index].iter();
        let problem = if !route.outputs.contains(&set.name) {
            let outputs = listed(route.outputs.iter().copied());
            format!("which its route does not declare; {outputs}")
        } else if earlier.any(|earlier| earlier.name == set.name) {
            "twice".to_owned()
        } else {
            continue;
        };
        let (name, place) = (set.name, set.place);
        let place = format!("{}:{}", place.file(), place.line());
        return Some(format!("sets the output {name}, {problem} (at {place})"));
    }
    let is_tool = matches!(route.kind, Kind::Tool { .. });
    (response.tool.is_some() && !is_tool)
        .then(|| "gives a tool's result, and its route is not Route::tool".into())
}

fn of_answer(route: &Route, response: &Response) -> Option<String> {
    let answer = &response.http;
    let (status, headers) = (answer.status, &answer.headers);
    let is_empty = matches!(&answer.body, Body::Bytes(body) if body.is_empty());
    let is_set = status != 200 || !headers.is_empty() || !is_empty;
    if is_set && !matches!(route.kind, Kind::Http { .. }) {
        return Some("answers an HTTP caller, and it has none".into());
    }
    if !(200..=599).contains(&status) {
        let what = "which is not one from 200 to 599";
        return Some(format!("answers with the status {status}, {what}"));
    }
    for (name, value) in headers {
        // RFC 9110, sections 5.1 and 5.5, but values in ASCII only.
        let in_name = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let in_value = |b: u8| matches!(b, b' '..=b'~' | b'\t');
        let is_framing = || FRAMING.contains(&name.to_ascii_lowercase().as_str());
        let problem = if name.is_empty() || !name.bytes().all(in_name) {
            format!("{name:?}, a name that HTTP does not allow")
        } else if !value.bytes().all(in_value) {
            format!("{name} to {value:?}, which HTTP does not allow")
        } else if is_framing() {
            format!("{name}, which the server sets")
        } else {
            continue;
        };
        return Some(format!("sets the header {problem}"));
    }
    None
}

/// The headers that say where an answer ends. A second one would split the answer.
const FRAMING: [&str; 5] = [
    "connection",
    "content-length",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
