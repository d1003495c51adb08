//! Callers' requests as they are read from a connection, within the limits that the host's own
//! server has.

use std::io::{BufRead, Error, ErrorKind, Read, Write};

/// Kestrel's limits, in bytes: of the first line, and of all headers. Then func's of a body.
const LINE_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 32 * 1024;
pub const BODY_MAX: usize = 100 * 1024 * 1024;

/// A caller's request, its body read to the end.
#[derive(Debug)]
pub struct Received {
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    /// Names as they were sent, in order.
    pub headers: Vec<(String, String)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
    /// Whether another request may follow on the connection.
    pub keep_alive: bool,
    /// Whether the caller knows chunks: not with HTTP/1.0.
    pub takes_chunks: bool,
}

/// Why there is no request.
#[derive(Debug, PartialEq)]
pub enum NoRequest {
    /// The caller has closed the connection, or it broke.
    Closed,
    /// It is not one, or too large: the status and a sentence.
    Refused(u16, String),
}

fn refused<T>(status: u16, why: impl Into<String>) -> Result<T, NoRequest> {
    Err(NoRequest::Refused(status, why.into()))
}

impl From<Error> for NoRequest {
    fn from(_: Error) -> Self {
        Self::Closed
    }
}

impl Received {
    /// Reads the next request of a connection. Where its sender waits for a `100 Continue`, that
    /// goes to `caller`.
    pub fn read(connection: &mut impl BufRead, caller: &mut impl Write) -> Result<Self, NoRequest> {
        let mut first = line(
            connection,
            LINE_MAX,
            (414, "the first line is longer than 8 KiB"),
        )?;
        if first.is_empty() {
            // An empty line may stand before a request [RFC 9112, 2.2].
            first = line(
                connection,
                LINE_MAX,
                (414, "the first line is longer than 8 KiB"),
            )?;
        }
        let mut parts = first.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return refused(400, format!("{first:?} is no request"));
        };
        let is_latest = match version {
            "HTTP/1.1" => true,
            "HTTP/1.0" => false,
            _ => return refused(505, format!("{version:?} is neither HTTP/1.1 nor HTTP/1.0")),
        };
        if method.is_empty()
            || !method
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
        {
            return refused(400, format!("{method:?} is no method"));
        }
        // What proxies send: the whole address.
        let target = match target
            .strip_prefix("http://")
            .map(|rest| rest.find('/').map_or("/", |slash| &rest[slash..]))
        {
            Some(path) => path,
            None => target,
        };
        if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refused(
                400,
                format!("{target:?} is no path, with what is not ASCII percent-encoded"),
            );
        }
        let headers = headers(connection)?;
        let named = |name: &'static str| {
            headers
                .iter()
                .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, v)| v.as_str())
        };
        if is_latest && named("Host").count() != 1 {
            return refused(400, "a request has one Host header");
        }
        let connection_says = |word: &str| {
            named("Connection")
                .flat_map(|value| value.split(','))
                .any(|one| one.trim().eq_ignore_ascii_case(word))
        };
        let keep_alive = if is_latest {
            !connection_says("close")
        } else {
            connection_says("keep-alive")
        };
        let length = match (
            named("Transfer-Encoding").next(),
            named("Content-Length").next(),
        ) {
            (None, None) => Some(0),
            (None, Some(text)) => {
                let valid = text.bytes().all(|byte| byte.is_ascii_digit())
                    && named("Content-Length").all(|one| one == text);
                match text.parse() {
                    Ok(length) if valid => Some(length),
                    // More digits than a number has.
                    Err(_) if valid && !text.is_empty() => Some(usize::MAX),
                    _ => return refused(400, format!("the Content-Length {text:?} is no length")),
                }
            }
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => None,
            (Some(coding), None) => {
                return refused(
                    501,
                    format!("the Transfer-Encoding {coding:?} is not known here"),
                );
            }
            (Some(_), Some(_)) => {
                return refused(
                    400,
                    "a body has a Content-Length or a Transfer-Encoding, not both",
                );
            }
        };
        if length.is_some_and(|length| length > BODY_MAX) {
            return refused(413, TOO_LONG);
        }
        if length != Some(0)
            && named("Expect").any(|value| value.eq_ignore_ascii_case("100-continue"))
        {
            caller.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = match length {
            Some(length) => exactly(connection, length)?,
            None => chunks(connection)?,
        };
        let (method, target) = (method.to_owned(), target.to_owned());
        Ok(Self {
            method,
            target,
            headers,
            body,
            keep_alive,
            takes_chunks: is_latest,
        })
    }
}

const TOO_LONG: &str = "the body is longer than 100 MiB, the most that the host takes";

/// A line, without its end. Refused where it has more than `most` bytes.
fn line(
    connection: &mut impl BufRead,
    most: usize,
    (status, why): (u16, &str),
) -> Result<String, NoRequest> {
    let mut bytes = Vec::new();
    connection
        .take(most as u64 + 2)
        .read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return if bytes.len() > most {
            refused(status, why)
        } else {
            Err(NoRequest::Closed)
        };
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).or_else(|_| refused(400, "the head of the request is not UTF-8"))
}

fn headers(connection: &mut impl BufRead) -> Result<Vec<(String, String)>, NoRequest> {
    let (mut headers, mut left) = (Vec::new(), HEADERS_MAX);
    loop {
        let line = line(
            connection,
            left,
            (
                431,
                "the headers have more than 32 KiB, the most that the host takes",
            ),
        )?;
        if line.is_empty() {
            return Ok(headers);
        }
        left = left.saturating_sub(line.len() + 2);
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        match line.split_once(':') {
            Some((name, value))
                if !name.is_empty() && name.bytes().all(token) && !value.contains(['\0', '\r']) =>
            {
                headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
            }
            _ => return refused(400, format!("{line:?} is no header")),
        }
    }
}

fn exactly(connection: &mut impl BufRead, length: usize) -> Result<Vec<u8>, NoRequest> {
    let mut bytes = Vec::new();
    match connection.take(length as u64).read_to_end(&mut bytes)? {
        read if read == length => Ok(bytes),
        _ => Err(Error::from(ErrorKind::UnexpectedEof).into()),
    }
}

fn chunks(connection: &mut impl BufRead) -> Result<Vec<u8>, NoRequest> {
    let mut body = Vec::new();
    loop {
        let line = line(
            connection,
            1024,
            (400, "the first line of a chunk is longer than 1 KiB"),
        )?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = match usize::from_str_radix(digits, 16) {
            Ok(length) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => length,
            _ => return refused(400, format!("{line:?} is not the length of a chunk")),
        };
        if length == 0 {
            // Trailers are read, and not passed on.
            headers(connection)?;
            return Ok(body);
        }
        if length > BODY_MAX - body.len() {
            return refused(413, TOO_LONG);
        }
        body.extend(exactly(connection, length)?);
        if !self::line(connection, 0, (400, "a chunk is longer than it says"))?.is_empty() {
            return refused(400, "a chunk is longer than it says");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(request: &str) -> Result<Received, NoRequest> {
        Received::read(&mut request.as_bytes(), &mut Vec::new())
    }

    #[test]
    fn requests_are_read_in_every_framing() {
        let text = "\r\nPOST /a?b HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\nContent-Length: 3\r\n\r\nabc\
            PUT http://x:1/c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: Chunked\r\nConnection: x, Close\r\n\r\n\
            1;a=b\r\nd\r\n00A\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\nGET / HTTP/1.0\n\n";
        let mut bytes = text.as_bytes();
        let mut next = || Received::read(&mut bytes, &mut Vec::new()).expect("a request");
        let first = next();
        assert_eq!(
            (
                first.method.as_str(),
                first.target.as_str(),
                &first.body[..]
            ),
            ("POST", "/a?b", &b"abc"[..])
        );
        assert_eq!(first.headers[1], ("X-A".to_owned(), "1".to_owned()));
        assert!(first.keep_alive && first.takes_chunks);
        let second = next();
        assert_eq!(
            (second.target.as_str(), &second.body[..]),
            ("/c", &b"d0123456789"[..])
        );
        assert!(!second.keep_alive);
        let third = next();
        assert!(!third.keep_alive && !third.takes_chunks && third.headers.is_empty());
        assert_eq!(read("").expect_err("no request"), NoRequest::Closed);
    }

    #[test]
    fn a_body_is_asked_for_where_the_caller_waits() {
        let ask = |head: &str| {
            let mut caller = Vec::new();
            let request =
                format!("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{head}\r\n\r\nabc");
            let read = Received::read(&mut request.as_bytes(), &mut caller);
            (read.is_ok(), String::from_utf8(caller).expect("text"))
        };
        assert_eq!(
            ask("Content-Length: 3"),
            (true, "HTTP/1.1 100 Continue\r\n\r\n".to_owned())
        );
        assert_eq!(ask("Content-Length: 0"), (true, String::new()));
        assert_eq!(ask("Content-Length: 104857601"), (false, String::new()));
    }

    #[test]
    fn what_is_no_request_is_refused_with_a_reason() {
        let long = |bytes| "x".repeat(bytes);
        let with = |headers: &str| format!("POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n");
        let chunk = |text: &str| with("Transfer-Encoding: chunked") + text;
        for (request, status, named) in [
            (
                format!("GET /{} HTTP/1.1\r\n", long(9000)),
                414,
                "first line",
            ),
            ("hello\r\n".to_owned(), 400, "\"hello\" is no request"),
            ("GET / HTTP/2.0\r\n\r\n".to_owned(), 505, "HTTP/2.0"),
            (
                "G\u{e4}T / HTTP/1.1\r\n\r\n".to_owned(),
                400,
                "is no method",
            ),
            (
                "GET hello HTTP/1.1\r\n\r\n".to_owned(),
                400,
                "\"hello\" is no path",
            ),
            (
                "GET /\u{e4} HTTP/1.1\r\n\r\n".to_owned(),
                400,
                "percent-encoded",
            ),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400, "one Host header"),
            (with(&format!("X: {}", long(33_000))), 431, "32 KiB"),
            (with(&"X: 1\r\n".repeat(8000)), 431, "32 KiB"),
            (with("X 1"), 400, "\"X 1\" is no header"),
            (with("X : 1"), 400, "is no header"),
            (with("Content-Length: -1"), 400, "\"-1\" is no length"),
            (
                with("Content-Length: 1\r\nContent-Length: 2"),
                400,
                "is no length",
            ),
            (
                with("Content-Length: 99999999999999999999999"),
                413,
                "100 MiB",
            ),
            (
                with("Content-Length: 1\r\nTransfer-Encoding: chunked"),
                400,
                "not both",
            ),
            (with("Transfer-Encoding: gzip"), 501, "gzip"),
            (chunk("x\r\n"), 400, "length of a chunk"),
            (chunk("+1\r\n"), 400, "length of a chunk"),
            (chunk("1\r\nab\r\n"), 400, "longer than it says"),
            (chunk("6400001\r\n"), 413, "100 MiB"),
        ] {
            match read(&request) {
                Err(NoRequest::Refused(refused, why)) => {
                    assert_eq!(refused, status, "{why}");
                    assert!(why.contains(named), "{why:?} does not contain {named:?}");
                }
                other => panic!("{other:?} for {:?}", &request[..request.len().min(200)]),
            }
        }
        for cut_off in [
            "GET / HT".to_owned(),
            with("Content-Length: 3") + "ab",
            chunk("3\r\nab"),
            "GET / HTTP/1.1\r\nHos".to_owned(),
        ] {
            assert_eq!(
                read(&cut_off).expect_err("no request"),
                NoRequest::Closed,
                "{cut_off}"
            );
        }
    }
}
