//! What neither the host nor HTTP takes in a response; some of it the host would silently ignore.

use super::error::listed;
use super::response::Response;
use super::route::{Kind, Route};

/// The headers that say where an answer ends. A second one would split the answer.
const FRAMING: &str = "connection content-length trailer transfer-encoding upgrade";

/// Errors with a sentence that names the function and what it must not set.
pub fn check(route: &Route, response: &Response) -> Result<(), String> {
    let refuse = |what: &str| Err(format!("function {} {what}", route.name));
    let (outputs, answer) = (&response.outputs, &response.http);
    for (index, set) in outputs.iter().enumerate() {
        let mut earlier = outputs[..index].iter();
        let problem = if !route.outputs.contains(&set.name) {
            let outputs = listed(route.outputs.iter().copied());
            format!("which its route does not declare; {outputs}")
        } else if earlier.any(|earlier| earlier.name == set.name) {
            "twice".to_owned()
        } else {
            continue;
        };
        let place = format!("{}:{}", set.place.file(), set.place.line());
        return refuse(&format!(
            "sets the output {}, {problem} (at {place})",
            set.name
        ));
    }
    if response.tool.is_some() && !matches!(route.kind, Kind::Tool { .. }) {
        return refuse("gives a tool's result, and its route is not Route::tool");
    }
    let is_set = answer.status != 200 || !answer.headers.is_empty() || !answer.body.is_empty();
    if is_set && !matches!(route.kind, Kind::Http { .. }) {
        return refuse("answers an HTTP caller, and it has none");
    }
    if !(200..=599).contains(&answer.status) {
        let what = "which is not one from 200 to 599";
        return refuse(&format!(
            "answers with the status {}, {what}",
            answer.status
        ));
    }
    // RFC 9110, sections 5.1 and 5.5, but values in ASCII only.
    let in_name = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let in_value = |b: u8| matches!(b, b' '..=b'~' | b'\t');
    for (name, value) in &answer.headers {
        let problem = if name.is_empty() || !name.bytes().all(in_name) {
            format!("{name:?}, a name that HTTP does not allow")
        } else if !value.bytes().all(in_value) {
            format!("{name} to {value:?}, which HTTP does not allow")
        } else if FRAMING.split(' ').any(|it| name.eq_ignore_ascii_case(it)) {
            format!("{name}, which the server sets")
        } else {
            continue;
        };
        return refuse(&format!("sets the header {problem}"));
    }
    Ok(())
}
