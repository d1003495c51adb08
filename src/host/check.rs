//! What neither the host nor HTTP takes in a response; some of it the host would silently ignore.

use super::error::listed;
use super::response::Response;
use super::route::{Kind, Route};

/// The headers that say where an answer ends. A second one would split the answer.
const FRAMING: &str = "connection content-length trailer transfer-encoding upgrade";

/// Errors with a sentence that names the function and what it must not set.
pub fn check(route: &Route, response: &Response) -> Result<(), String> {
    let problem = of_outputs(route, response).or_else(|| of_answer(route, response));
    problem.map_or(Ok(()), |problem| {
        Err(format!("function {} {problem}", route.name))
    })
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
        let (name, file, line) = (set.name, set.place.file(), set.place.line());
        return Some(format!(
            "sets the output {name}, {problem} (at {file}:{line})"
        ));
    }
    let is_tool = matches!(route.kind, Kind::Tool { .. });
    (response.tool.is_some() && !is_tool)
        .then(|| "gives a tool's result, and its route is not Route::tool".into())
}

fn of_answer(route: &Route, response: &Response) -> Option<String> {
    let answer = &response.http;
    let (status, headers) = (answer.status, &answer.headers);
    let is_set = status != 200 || !headers.is_empty() || !answer.body.is_empty();
    if is_set && !matches!(route.kind, Kind::Http { .. }) {
        return Some("answers an HTTP caller, and it has none".into());
    }
    if !(200..=599).contains(&status) {
        let what = "which is not one from 200 to 599";
        return Some(format!("answers with the status {status}, {what}"));
    }
    // RFC 9110, sections 5.1 and 5.5, but values in ASCII only.
    let in_name = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let in_value = |b: u8| matches!(b, b' '..=b'~' | b'\t');
    let problem = headers.iter().find_map(|(name, value)| {
        if name.is_empty() || !name.bytes().all(in_name) {
            Some(format!("{name:?}, a name that HTTP does not allow"))
        } else if !value.bytes().all(in_value) {
            Some(format!("{name} to {value:?}, which HTTP does not allow"))
        } else if FRAMING.split(' ').any(|it| name.eq_ignore_ascii_case(it)) {
            Some(format!("{name}, which the server sets"))
        } else {
            None
        }
    });
    problem.map(|problem| format!("sets the header {problem}"))
}
