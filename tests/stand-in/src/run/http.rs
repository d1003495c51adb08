//! HTTP/1.1: callers' requests within the limits of the host's own server, and a strict client.

use crate::host::newtonsoft::is_digits;
use crate::host::request::Request;
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);

/// How often a waiting connection asks whether its answer is still wanted.
const ASK: Duration = Duration::from_millis(100);

/// The size of the host's chunks in bytes (tests/template/wire/host-order-json.http).
const CHUNK: usize = 1024;

/// In bytes: Kestrel's limits for the first line and the headers, and func's for a body.
const LINE_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 32 * 1024;
const BODY_MAX: usize = 100 * 1024 * 1024;

pub type Headers = Vec<(String, String)>;

/// The values of all headers with this name, in any case.
pub fn named<'a, 'n>(
    headers: &'a Headers,
    name: &'n str,
) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
    let named = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_str())
}

/// The Content-Type without its parameters; empty if there is none.
pub fn media_type(headers: &Headers) -> &str {
    let content_type = named(headers, "Content-Type").next().unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim()
}

pub fn headers_of(list: &[(&str, &str)]) -> Headers {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    list.iter().map(owned).collect()
}

/// A request that is not valid, with the status and the sentence for its caller.
#[derive(Debug)]
pub struct Refused(pub u16, pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

impl std::error::Error for Refused {}

fn refused(status: u16, why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, Refused(status, why.into()))
}

fn cut_off(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::UnexpectedEof, why.into())
}

/// Reads a line of at most `most` bytes, without its line break.
fn line(from: &mut impl BufRead, most: usize, too_long: (u16, &str)) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(most as u64 + 2).read_until(b'\n', &mut bytes)?;
    if bytes.pop_if(|byte| *byte == b'\n').is_none() {
        return Err(match bytes.len() > most {
            true => refused(too_long.0, too_long.1),
            false => cut_off("the connection ended within a line"),
        });
    }
    bytes.pop_if(|byte| *byte == b'\r');
    String::from_utf8(bytes).map_err(|_| refused(400, "the head is not UTF-8"))
}

fn headers(from: &mut impl BufRead, mut left: usize) -> io::Result<Headers> {
    const WHY: &str = "the headers have more than 32 KiB, the most that the host takes";
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_header = |(name, value): &(&str, &str)| {
        !name.is_empty() && name.bytes().all(token) && !value.contains(['\0', '\r'])
    };
    let mut headers = Vec::new();
    loop {
        let line = line(from, left, (431, WHY))?;
        if line.is_empty() {
            return Ok(headers);
        }
        left = left.saturating_sub(line.len() + 2);
        let Some((name, value)) = line.split_once(':').filter(is_header) else {
            return Err(refused(400, format!("{line:?} is not a header")));
        };
        let value = value.trim_matches([' ', '\t']);
        headers.push((name.to_owned(), value.to_owned()));
    }
}

/// How much of a body is still to come.
#[derive(Debug, PartialEq)]
pub enum Body {
    Ended,
    Length(usize),
    /// The rest of a chunk; more chunks follow.
    Chunked(usize),
}

impl Body {
    /// Errors if the headers contradict each other.
    fn of(headers: &Headers) -> io::Result<Self> {
        let mut lengths = named(headers, "Content-Length");
        let length = lengths.next();
        if let Some(coding) = named(headers, "Transfer-Encoding").next() {
            return match coding.eq_ignore_ascii_case("chunked") {
                _ if length.is_some() => {
                    const WHY: &str = "send a Content-Length or a Transfer-Encoding, not both";
                    Err(refused(400, WHY))
                }
                true => Ok(Self::Chunked(0)),
                false => Err(refused(501, format!("the host knows no coding {coding:?}"))),
            };
        }
        let Some(length) = length else {
            return Ok(Self::Ended);
        };
        if !is_digits(length) {
            let why = format!("{length:?} is not a Content-Length");
            return Err(refused(400, why));
        }
        if let Some(other) = lengths.find(|other| *other != length) {
            let why = format!("send one Content-Length, not both {length:?} and {other:?}");
            return Err(refused(400, why));
        }
        // A number that does not fit is too large anyway.
        Ok(Self::Length(length.parse().unwrap_or(usize::MAX)))
    }

    /// Waits for bytes of the body; `None` at its end. Refuses more than `most` bytes.
    fn piece(&mut self, from: &mut impl BufRead, most: usize) -> io::Result<Option<Vec<u8>>> {
        const FIRST_LINE: (u16, &str) = (400, "the first line of a chunk is longer than 1 KiB");
        const TOO_LONG: &str = "a chunk is longer than it says";
        const TOO_LARGE: &str = "the body is longer than 100 MiB, the most that the host takes";
        if *self == Self::Chunked(0) {
            let line = line(from, 1024, FIRST_LINE)?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let length = usize::from_str_radix(digits, 16).ok();
            let Some(length) = length.filter(|_| !digits.starts_with('+')) else {
                return Err(refused(400, format!("{line:?} is not the chunk length")));
            };
            *self = Self::Chunked(length);
            if length == 0 {
                // Trailers are not passed on.
                headers(from, HEADERS_MAX)?;
                *self = Self::Ended;
            }
        }
        let (Self::Length(left @ 1..) | Self::Chunked(left)) = self else {
            return Ok(None);
        };
        if *left > most {
            return Err(refused(413, TOO_LARGE));
        }
        let come = from.fill_buf()?;
        if come.is_empty() {
            let why = format!("the connection ended {left} bytes too early");
            return Err(cut_off(why));
        }
        let piece = come[..come.len().min(*left)].to_vec();
        from.consume(piece.len());
        *left -= piece.len();
        if *self == Self::Chunked(0) && !line(from, 0, (400, TOO_LONG))?.is_empty() {
            return Err(refused(400, TOO_LONG));
        }
        Ok(Some(piece))
    }
}

impl Request {
    /// Answers `Expect: 100-continue` to `caller`. The error has a [`Refused`] if the request is
    /// not valid, or too large.
    pub fn read(connection: &mut impl BufRead, caller: &mut impl Write) -> io::Result<Self> {
        const TOO_LONG: (u16, &str) = (414, "the first line is longer than 8 KiB");
        let mut first = line(connection, LINE_MAX, TOO_LONG)?;
        if first.is_empty() {
            // An empty line may stand before a request [RFC 9112, 2.2].
            first = line(connection, LINE_MAX, TOO_LONG)?;
        }
        let parts: Vec<_> = first.split(' ').collect();
        let [method, target, version] = parts[..] else {
            return Err(refused(400, format!("{first:?} is not a request")));
        };
        let is_latest = version == "HTTP/1.1";
        if !is_latest && version != "HTTP/1.0" {
            let why = format!("{version:?} is neither HTTP/1.1 nor HTTP/1.0");
            return Err(refused(505, why));
        }
        let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'-';
        if method.is_empty() || !method.bytes().all(letter) {
            return Err(refused(400, format!("{method:?} is not a method")));
        }
        // Proxies send the whole address.
        let target = match target.strip_prefix("http://") {
            Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
            None => target,
        };
        if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = "is not a path, with what is not ASCII percent-encoded";
            return Err(refused(400, format!("{target:?} {why}")));
        }
        let headers = headers(connection, HEADERS_MAX)?;
        if is_latest && named(&headers, "Host").count() != 1 {
            return Err(refused(400, "a request has one Host header"));
        }
        let says = |word: &str| {
            let mut words = named(&headers, "Connection").flat_map(|value| value.split(','));
            words.any(|one| one.trim().eq_ignore_ascii_case(word))
        };
        let mut framing = Body::of(&headers)?;
        let is_awaited = match framing {
            Body::Ended => false,
            Body::Length(length) => (1..=BODY_MAX).contains(&length),
            Body::Chunked(_) => true,
        };
        let asks = |value: &str| value.eq_ignore_ascii_case("100-continue");
        if is_awaited && named(&headers, "Expect").any(asks) {
            caller.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = Vec::new();
        while let Some(piece) = framing.piece(connection, BODY_MAX - body.len())? {
            body.extend(piece);
        }
        Ok(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            keep_alive: match is_latest {
                true => !says("close"),
                false => says("keep-alive"),
            },
            takes_chunks: is_latest,
            headers,
            body,
        })
    }
}

/// A handler's answer, or the host's answer to a caller.
#[derive(Clone, Default, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let (headers, body) = (headers_of(headers), body.into());
        Self {
            status,
            headers,
            body,
        }
    }

    /// The first header with this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        named(&self.headers, name).next()
    }

    pub fn headers_named(&self, name: &str) -> Vec<&str> {
        named(&self.headers, name).collect()
    }

    /// Panics if the body is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// Panics if the body is not JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(error) => panic!("the body is not JSON ({error}): {:?}", self.text()),
        }
    }

    /// `framing` replaces the handler's own framing headers.
    pub fn head(&self, framing: &str, closes: bool) -> Vec<u8> {
        let status = format!("{} ", self.status);
        let mut reasons = REASONS.split(", ");
        let reason = reasons.find_map(|reason| reason.strip_prefix(&status));
        let mut head = format!("HTTP/1.1 {status}{}\r\n", reason.unwrap_or_default());
        for (name, value) in &self.headers {
            match &*name.to_ascii_lowercase() {
                "connection" | "keep-alive" | "transfer-encoding" | "content-length" => {}
                _ => head += &format!("{name}: {value}\r\n"),
            }
        }
        head += framing;
        head += if closes { "Connection: close\r\n" } else { "" };
        (head + "\r\n").into_bytes()
    }

    /// All bytes of the answer; with `head_only` without the body, as after HEAD.
    pub fn whole(&self, closes: bool, head_only: bool) -> Vec<u8> {
        if matches!(self.status, 204 | 304) {
            return self.head("", closes);
        }
        let framing = format!("Content-Length: {}\r\n", self.body.len());
        let body = if head_only { &[][..] } else { &self.body };
        [&self.head(&framing, closes), body].concat()
    }
}

/// The most common ones [RFC 9110, section 15; RFC 6585].
const REASONS: &str = "200 OK, 201 Created, 202 Accepted, 204 No Content, 302 Found, \
    304 Not Modified, 400 Bad Request, 401 Unauthorized, 403 Forbidden, 404 Not Found, \
    405 Method Not Allowed, 406 Not Acceptable, 413 Content Too Large, 414 URI Too Long, \
    415 Unsupported Media Type, 431 Request Header Fields Too Large, 500 Internal Server Error, \
    501 Not Implemented, 503 Service Unavailable, 505 HTTP Version Not Supported";

/// Shows the beginning of the body as text, for the message of a failed test.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let (status, headers, length) = (self.status, &self.headers, self.body.len());
        let body = String::from_utf8_lossy(&self.body[..length.min(1000)]);
        write!(f, "{status} {headers:?} {length} bytes: {body:?}")
    }
}

/// A connection to a handler.
pub struct Connection(BufReader<Patient>);

impl Connection {
    pub fn open(port: u16) -> io::Result<Self> {
        let (stream, wanted) = (TcpStream::connect((Ipv4Addr::LOCALHOST, port))?, None);
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(Patient { stream, wanted })))
    }

    /// Waits without a timeout while `wanted`, called every 100 ms, gives `Ok`.
    pub fn wait_while(
        &mut self,
        wanted: impl FnMut() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        self.0.get_mut().wanted = Some(Box::new(wanted));
        self.socket().set_read_timeout(Some(ASK))
    }

    /// False also if the other side has sent something unasked.
    pub fn is_idle(&self) -> bool {
        let peeked = peek(self.socket());
        self.0.buffer().is_empty() && peeked.is_err_and(|e| e.kind() == ErrorKind::WouldBlock)
    }

    pub fn socket(&self) -> &TcpStream {
        &self.0.get_ref().stream
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket().write_all(bytes)
    }

    /// Sends a request and reads its answer.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request)?;
        self.read(!request.starts_with(b"HEAD "))
    }

    /// Also reads interim answers.
    pub fn read(&mut self, has_body: bool) -> io::Result<Answer> {
        let (mut answer, mut body) = self.read_head(has_body)?;
        while let Some(piece) = self.read_piece(&mut body)? {
            answer.body.extend(piece);
        }
        Ok(answer)
    }

    /// Without `has_body` there is none, as after HEAD.
    pub fn read_head(&mut self, has_body: bool) -> io::Result<(Answer, Body)> {
        const MOST: usize = 1 << 30;
        let from = &mut self.0;
        let has_ended = match from.fill_buf() {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => return Err(error),
            come => come.map_or(true, <[u8]>::is_empty),
        };
        if has_ended {
            const WHY: &str = "the handler ended, or closed the connection, before it answered";
            return Err(cut_off(WHY));
        }
        let line = line(from, MOST, (400, "the status line is too long"))?;
        let rest = line.strip_prefix("HTTP/1.1 ");
        let status = rest.and_then(|rest| rest.get(..3)?.parse().ok());
        let answer = Answer {
            status: status.ok_or_else(|| refused(400, format!("{line:?} is not an answer")))?,
            headers: headers(from, MOST)?,
            body: Vec::new(),
        };
        if !has_body || answer.status < 200 || matches!(answer.status, 204 | 304) {
            return Ok((answer, Body::Ended));
        }
        match Body::of(&answer.headers)? {
            Body::Ended => Err(refused(400, "an answer without a length")),
            body => Ok((answer, body)),
        }
    }

    /// Waits for the next bytes of the body; `None` at its end.
    pub fn read_piece(&mut self, body: &mut Body) -> io::Result<Option<Vec<u8>>> {
        body.piece(&mut self.0, usize::MAX)
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// A socket that goes on after a timeout while `wanted` gives `Ok`.
struct Patient {
    stream: TcpStream,
    wanted: Option<Box<dyn FnMut() -> io::Result<()> + Send>>,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The name of a timeout differs between systems.
        const TIMEOUTS: [ErrorKind; 2] = [ErrorKind::WouldBlock, ErrorKind::TimedOut];
        loop {
            match (self.stream.read(buffer), &mut self.wanted) {
                (Err(error), Some(wanted)) if TIMEOUTS.contains(&error.kind()) => wanted()?,
                // The process was stopped and continued.
                (Err(error), _) if error.kind() == ErrorKind::Interrupted => {}
                (result, _) => return result,
            }
        }
    }
}

/// 0 at the end, 1 if bytes have come, otherwise `WouldBlock`.
pub fn peek(socket: &TcpStream) -> io::Result<usize> {
    socket.set_nonblocking(true)?;
    let peeked = socket.peek(&mut [0]);
    socket.set_nonblocking(false)?;
    peeked
}

/// The bytes of a request. Adds `Host` and `Content-Length` where they are needed and not in
/// `headers`.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !has("Host") {
        head += "Host: 127.0.0.1\r\n";
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let framed = has("Content-Length") || has("Transfer-Encoding");
    if !framed && (!body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH")) {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// The head, then the body in the host's chunks.
pub fn chunked(mut head: Vec<u8>, body: &[u8]) -> Vec<u8> {
    // Blobs can be large.
    head.reserve_exact(body.len() + body.len() / CHUNK * 8 + 32);
    for piece in body.chunks(CHUNK).chain([&[][..]]) {
        head.extend(chunk(piece));
    }
    head
}

/// The empty chunk ends a body.
pub fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:X}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}
