//! Replays the exchanges in `exchanges/*.txt`.
//!
//! A line is `REQUEST => ANSWER`; `~0D` stands for that byte. A section ends with an empty line. In
//! it, `each` frames the requests, which replace `...`, and `with` adds a header.
//! - `POST /path body` is a caller's request as the host forwards it; in a section `by hand` it has
//!   no invocation id. `INVOKE name payload` is the host's invocation, also of several names with
//!   commas. `SEND` sends a file as it is.
//! - `<file`, as a body or an answer, is a file of tests/template/wire.
//! - `500 some|words` is an error with these words, also in a line on stderr with the invocation's
//!   id. `refused 404 words` is the function's refusal. `404 = text` is an answer with this text.
//! - Any other answer is a text, after its status if that is not 200. For an invocation it is the
//!   outputs and the return value, joined by ` & `.
//! - `[Name: value]`: the answer has this header, or several, joined by ` + `. `Logs` are the
//!   answer's; `stderr` is more of the line there.

use crate::requests::*;
use crate::tests_app::{AT_ROOT, SERVE, name_pairs};
use serde_json::Value;

#[test]
fn paths_and_methods_lead_to_their_functions() {
    replay(&start(), include_str!("exchanges/routing.txt"));
}

#[test]
fn a_functions_route_may_be_at_the_root() {
    let handler = start_with(SERVE, AT_ROOT);
    replay(&handler, include_str!("exchanges/at-root.txt"));
}

#[test]
fn functions_read_what_they_are_sent() {
    replay(&start(), include_str!("exchanges/requests.txt"));
}

#[test]
fn answers_are_as_the_function_sets_them_or_errors() {
    replay(&start(), include_str!("exchanges/answers.txt"));
}

#[test]
fn payloads_are_read_or_refused_with_what_is_wrong_and_where() {
    replay(&start(), include_str!("exchanges/payloads.txt"));
}

#[test]
fn of_functions_on_one_route_the_hosts_first_answers() {
    let handler = start_with(SERVE, AT_ROOT);
    for (place, [first, second]) in name_pairs().into_iter().enumerate() {
        for order in ["as-listed", "reversed"] {
            let answer = get(&handler, &format!("/pairs/{place}/{order}"));
            let is_first = answer.text().starts_with("GET ");
            assert!(is_first, "{first} {second} {order}");
        }
    }
}

/// What the lines of a section have in common.
#[derive(Default)]
struct Section<'t> {
    each: Option<&'t str>,
    headers: Vec<(&'t str, &'t str)>,
    by_hand: bool,
}

/// Replays all lines on one connection.
pub fn replay(handler: &Handler, exchanges: &str) {
    let (mut caller, mut section) = (connect(handler), Section::default());
    for (number, line) in exchanges.lines().enumerate() {
        match line.split_once(' ') {
            None => section = Section::default(),
            Some(("#", _)) => {}
            Some(("by", "hand")) => section.by_hand = true,
            Some(("each", frame)) => section.each = Some(frame),
            Some(("with", header)) => {
                let header = header.split_once(": ");
                section.headers.push(header.expect("a header"));
            }
            Some(_) => section.replay(handler, &mut caller, number, line),
        }
    }
    // A query may have a function key.
    assert!(!handler.stderr().contains("SECRET"), "a query is shown");
}

impl Section<'_> {
    fn replay(&self, handler: &Handler, caller: &mut Caller, number: usize, line: &str) {
        let (sent, expected) = line.split_once(" =>").expect("an exchange");
        let sent = self.each.unwrap_or("...").replace("...", sent);
        let (method, sent) = sent.split_once(' ').expect("a method");
        let (targets, body) = sent.split_once(' ').unwrap_or((sent, ""));
        let body = match body.strip_prefix('<') {
            Some(file) => wire(file),
            None => decoded(body),
        };
        let id = format!("{}{number:012}", &ID[..ID.len() - 12]);
        let mut headers = self.headers.clone();
        if !self.by_hand {
            headers.push(("X-Azure-Functions-InvocationId", &id));
        }
        let id = if self.by_hand { "without id" } else { &id };
        for target in targets.split(',') {
            let path = format!("/{target}");
            let (method, path, request) = match method {
                "INVOKE" => ("POST", &*path, invocation(&path, id, &body)),
                "SEND" => ("POST", "", wire(&target[1..])),
                _ => (method, target, request(method, target, &headers, &body)),
            };
            // As it may come over a network.
            for piece in request.chunks(1024) {
                caller.send(piece);
            }
            let answer = caller.read(method != "HEAD").expect(line);
            // The test harness shows these if the test fails.
            println!("{line}\n    {answer:?}");
            let (path, _) = path.split_once('?').unwrap_or((path, ""));
            let logged = format!("invocation {id}: {method} {path}: ");
            check(handler, &answer, expected.trim_start(), &logged);
        }
    }
}

fn check(handler: &Handler, answer: &Answer, expected: &str, logged: &str) {
    if let Some(file) = expected.strip_prefix('<') {
        let file: Value = serde_json::from_slice(&wire(file)).expect("JSON");
        return assert_eq!(answer.json(), file);
    }
    let came = outcome(answer);
    let refused = expected.strip_prefix("refused ");
    let rest = refused.unwrap_or(expected);
    let number = rest.get(..3).and_then(|number| number.parse().ok());
    let (status, mut rest) = match number {
        Some(number) => (number, rest[3..].trim_start()),
        None => (200, rest),
    };
    assert_eq!(came.status, status);
    let mut on_stderr = "";
    while let Some((name, value, more)) = bracketed(rest) {
        let values = came.headers_named(name);
        let joined = values.join(" + ");
        match name {
            "stderr" => on_stderr = value,
            _ if values.is_empty() => panic!("there is no {name}"),
            _ if value.contains('|') => assert_holds(&joined, value),
            _ => assert_eq!(joined.as_bytes(), decoded(value)),
        }
        rest = more;
    }
    if status < 400 || rest.starts_with("= ") {
        let text = rest.strip_prefix("= ").unwrap_or(rest);
        return assert!(came.body == decoded(text), "it is not {text:?}");
    }
    // The answer to HEAD has no body.
    if !(rest.is_empty() && came.body.is_empty()) {
        let words = String::from_utf8(decoded(rest)).expect("words");
        assert_error(&came, status, &words.split('|').collect::<Vec<_>>());
        let json = came.json();
        let id = json["invocationId"].as_str().unwrap_or("without id");
        assert!(logged.starts_with(&format!("invocation {id}: ")));
        let mut names = came.headers.iter().map(|(name, _)| name);
        assert!(!names.any(|name| name.starts_with("X-")));
        assert!(!came.text().contains("SECRET"), "a query is shown");
    }
    if refused.is_none() {
        let start = format!("{logged}{status}: ");
        handler.wait_for_stderr(&start);
        let stderr = handler.stderr();
        let line = stderr.lines().find(|line| line.contains(&start));
        let line = line.expect("the line");
        assert_holds(line, on_stderr);
        assert_holds(line, rest);
    }
}

fn assert_holds(text: &str, words: &str) {
    let missing = words.split('|').find(|word| !text.contains(word));
    assert_eq!(missing, None, "in {text:?}");
}

/// `[Name: value] rest`.
pub fn bracketed(expected: &str) -> Option<(&str, &str, &str)> {
    let (header, rest) = expected.strip_prefix('[')?.split_once(']')?;
    let (name, value) = header.split_once(": ")?;
    Some((name, value, rest.trim_start()))
}

/// `~FF` stands for one byte.
pub fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('~');
    let mut bytes = Vec::from(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.get(..2).unwrap_or_default();
        match u8::from_str_radix(digits, 16) {
            Ok(byte) => bytes.extend([&[byte], &part.as_bytes()[2..]].concat()),
            Err(_) => bytes.extend([b"~", part.as_bytes()].concat()),
        }
    }
    bytes
}

/// The answer; for an invocation, what the host makes of it.
pub fn outcome(answer: &Answer) -> Answer {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(outputs) = json["Outputs"].as_object() else {
        return answer.clone();
    };
    assert_eq!(answer.status, 200);
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let (mut texts, mut answer) = (
        Vec::new(),
        Answer {
            status: 200,
            ..Answer::default()
        },
    );
    for (name, value) in outputs {
        if name == "res" {
            let headers = value["headers"].as_object().into_iter().flatten();
            answer
                .headers
                .extend(headers.map(|(name, value)| (name.clone(), text(value))));
            answer.status = value["statusCode"].as_u64().unwrap_or(200) as u16;
        }
        texts.push(text(if name == "res" { &value["body"] } else { value }));
    }
    texts.extend(
        Some(&json["ReturnValue"])
            .filter(|value| !value.is_null())
            .map(text),
    );
    let logs = json["Logs"].as_array().into_iter().flatten();
    answer
        .headers
        .extend(logs.map(|line| ("Logs".to_owned(), text(line))));
    answer.body = texts.join(" & ").into_bytes();
    answer
}
