//! A raw HTTP/1.1 client: it sends the bytes it is given, and reads answers without forgiving
//! anything.

use std::{
    io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

/// After this long without a byte from the handler, reading or writing fails instead of hanging.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The host sends chunks of at most this many bytes (tests/template/wire/host-order-json.http; an
/// order of 10 MiB is 10,242).
const CHUNK: usize = 1024;

/// How often is asked whether an answer is still wanted, where that is asked.
const ASK: Duration = Duration::from_millis(100);

/// A connection to the handler.
pub struct Connection {
    stream: BufReader<Patient>,
    /// The first line of what was sent last: says what hung.
    sent: String,
}

/// An answer.
#[derive(Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// Names as they were sent, in order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).first().copied()
    }

    /// The values of all headers of this name, in any case.
    pub fn headers_named(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The body, which has to be UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// The body, which has to be JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

/// What is still to be read of an answer's body.
#[derive(Debug, PartialEq)]
pub enum Body {
    Ended,
    /// So many bytes.
    Length(usize),
    /// The rest of a chunk, and the chunks that follow.
    Chunked(usize),
}

/// With the beginning of the body as text, for the message of a failed test.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(1000)]);
        write!(
            f,
            "{} {:?} {} bytes: {body:?}",
            self.status,
            self.headers,
            self.body.len()
        )
    }
}

impl Connection {
    /// Connects to the handler that listens on `port`.
    pub fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(Patient {
                stream,
                wanted: None,
            }),
            sent: "nothing".to_owned(),
        })
    }

    /// Waits for as long as it takes, while `wanted` gives `Ok`; it is asked every 100 ms. Its
    /// error is that of the reading.
    pub fn wait_while(
        &mut self,
        wanted: impl FnMut() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        self.stream.get_mut().wanted = Some(Box::new(wanted));
        self.socket().set_read_timeout(Some(ASK))
    }

    /// Whether the other side has neither closed the connection nor sent what nobody asked for.
    pub fn is_idle(&self) -> bool {
        let nothing = || {
            self.socket().set_nonblocking(true)?;
            let peeked = self.socket().peek(&mut [0]);
            self.socket().set_nonblocking(false).and(peeked)
        };
        self.stream.buffer().is_empty()
            && nothing().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// The socket, to shut down one side of it or to ask for its address.
    pub fn socket(&self) -> &TcpStream {
        &self.stream.get_ref().stream
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let line = bytes
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        self.sent = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
        self.socket()
            .write_all(bytes)
            .map_err(|error| self.named("cannot send", error))
    }

    /// Sends bytes in pieces of 1,024 bytes, each in a write of its own.
    pub fn send_in_pieces(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes
            .chunks(1024)
            .enumerate()
            .try_for_each(|(index, piece)| match index {
                0 => self.send(piece),
                _ => self
                    .socket()
                    .write_all(piece)
                    .map_err(|error| self.named("cannot send on", error)),
            })
    }

    /// Sends a request and reads its answer.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request)?;
        if request.starts_with(b"HEAD ") {
            self.read_head_answer()
        } else {
            self.read_answer()
        }
    }

    /// Reads an answer. An interim one (`100 Continue`) is an error.
    pub fn read_answer(&mut self) -> io::Result<Answer> {
        match self.read(true) {
            Ok(answer) if answer.status < 200 => Err(bad(format!("an interim answer: {answer:?}"))),
            result => result,
        }
    }

    /// Reads an answer, interim or not.
    pub fn read_answer_or_interim(&mut self) -> io::Result<Answer> {
        self.read(true)
    }

    /// Reads the answer to a HEAD request: one without a body, whatever its headers say.
    pub fn read_head_answer(&mut self) -> io::Result<Answer> {
        self.read(false)
    }

    /// Reads all that comes until the handler closes the connection.
    pub fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream
            .read_to_end(&mut bytes)
            .map_err(|error| self.named("no end", error))?;
        Ok(bytes)
    }

    fn read(&mut self, has_body: bool) -> io::Result<Answer> {
        self.parse(has_body)
            .map_err(|error| self.named("no answer", error))
    }

    fn parse(&mut self, has_body: bool) -> io::Result<Answer> {
        let (mut answer, mut body) = self.parse_head(has_body)?;
        while let Some(piece) = self.parse_piece(&mut body)? {
            answer.body.extend(piece);
        }
        Ok(answer)
    }

    /// Reads an answer up to its body, which [`read_piece`](Self::read_piece) reads. Without
    /// `has_body`, as for HEAD, it has none, whatever its headers say.
    pub fn read_head(&mut self, has_body: bool) -> io::Result<(Answer, Body)> {
        self.parse_head(has_body)
            .map_err(|error| self.named("no answer", error))
    }

    /// Reads what has come of the body, or waits for it; `None` at its end.
    pub fn read_piece(&mut self, body: &mut Body) -> io::Result<Option<Vec<u8>>> {
        self.parse_piece(body)
            .map_err(|error| self.named("no whole answer", error))
    }

    fn parse_head(&mut self, has_body: bool) -> io::Result<(Answer, Body)> {
        let line = self.line()?;
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok());
        let status: u16 = status.ok_or_else(|| bad(format!("the status line {line:?}")))?;
        let answer = Answer {
            status,
            headers: self.fields()?,
            body: Vec::new(),
        };
        let body = if !has_body || status < 200 || status == 204 || status == 304 {
            Body::Ended
        } else {
            match (
                answer.header("Transfer-Encoding"),
                answer.header("Content-Length"),
            ) {
                (Some("chunked"), None) => Body::Chunked(0),
                (None, Some(length)) => Body::Length(
                    length
                        .parse()
                        .map_err(|_| bad(format!("the length {length:?}")))?,
                ),
                framing => return Err(bad(format!("an answer framed by {framing:?}"))),
            }
        };
        Ok((answer, body))
    }

    fn parse_piece(&mut self, body: &mut Body) -> io::Result<Option<Vec<u8>>> {
        if *body == Body::Chunked(0) {
            let line = self.line()?;
            let length =
                usize::from_str_radix(&line, 16).map_err(|_| bad(format!("the chunk {line:?}")))?;
            *body = if length > 0 {
                Body::Chunked(length)
            } else {
                Body::Ended
            };
            if length == 0 {
                self.fields()?;
            }
        }
        let (Body::Length(left) | Body::Chunked(left)) = body else {
            return Ok(None);
        };
        if *left == 0 {
            return Ok(None);
        }
        let come = self.stream.fill_buf()?;
        if come.is_empty() {
            return Err(Error::new(
                ErrorKind::UnexpectedEof,
                format!("the connection ended {left} bytes too early"),
            ));
        }
        let piece = come[..come.len().min(*left)].to_vec();
        self.stream.consume(piece.len());
        *left -= piece.len();
        if *body == Body::Chunked(0) {
            match self.line()?.as_str() {
                "" => {}
                rest => return Err(bad(format!("{rest:?} after a chunk"))),
            }
        }
        Ok(Some(piece))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(Error::new(
                ErrorKind::UnexpectedEof,
                format!("the connection ended after {line:?}"),
            )),
        }
    }

    fn fields(&mut self) -> io::Result<Vec<(String, String)>> {
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(fields);
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| bad(format!("the header {line:?}")))?;
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// Says what was being answered, and turns a timeout into words.
    fn named(&self, what: &str, error: Error) -> Error {
        let why = if is_timeout(&error) {
            format!("nothing for {TIMEOUT:?}")
        } else {
            error.to_string()
        };
        Error::new(error.kind(), format!("{what} ({:?}): {why}", self.sent))
    }
}

/// A socket that can be read without a timeout, for as long as what it brings is wanted.
struct Patient {
    stream: TcpStream,
    wanted: Option<Box<dyn FnMut() -> io::Result<()> + Send>>,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (self.stream.read(buffer), &mut self.wanted) {
                (Err(error), Some(wanted)) if is_timeout(&error) => wanted()?,
                (result, _) => return result,
            }
        }
    }
}

/// Whether a timeout of a socket ended a call; its name differs between systems.
pub fn is_timeout(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn bad(message: String) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}

/// A request. It gets a `Host`, and a `Content-Length` where it has a body or its method asks for
/// one, unless `headers` frame it otherwise.
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

/// An invocation, byte for byte as the host sends it (tests/template/wire/host-order-json.http),
/// but for the port in `Host`.
pub fn invocation(path: &str, id: &str, payload: &[u8]) -> Vec<u8> {
    invocation_to("127.0.0.1", path, id, payload)
}

/// An invocation with this `Host`.
pub fn invocation_to(host: &str, path: &str, id: &str, payload: &[u8]) -> Vec<u8> {
    let headers = [
        ("Host", host),
        ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
        ("X-Azure-Functions-InvocationId", id),
        ("User-Agent", "Azure-Functions-Host/4.1037.0.0"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Type", "application/json; charset=utf-8"),
    ];
    request("POST", path, &headers, &chunked(payload))
}

/// A body in chunks as the host sends them.
pub fn chunked(body: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(CHUNK).chain([&[][..]]) {
        chunks.extend(format!("{:X}\r\n", chunk.len()).as_bytes());
        chunks.extend(chunk);
        chunks.extend(b"\r\n");
    }
    chunks
}

#[test]
fn an_invocation_is_sent_as_the_host_sends_it() {
    let wire = include_bytes!("../../../template/wire/host-order-json.http");
    let payload = include_bytes!("../../../template/wire/host-order-json.json");
    let id = "70734a6c-261f-4802-9a19-265034c703c3";
    assert_eq!(
        invocation_to("127.0.0.1:44387", "/order", id, payload.trim_ascii_end()),
        wire
    );
    assert_eq!(
        invocation("/order", id, b"{}").len(),
        invocation_to("127.0.0.1", "/order", id, b"{}").len()
    );
    let long = chunked(&[b'x'; 2049]);
    assert!(long.starts_with(b"400\r\nxx") && long.ends_with(b"\r\n1\r\nx\r\n0\r\n\r\n"));
    assert_eq!(long.len(), 2 * (5 + 1024 + 2) + 6 + 5);
}

#[test]
fn answers_are_read_in_every_framing() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut client = Connection::open(listener.local_addr().unwrap().port()).unwrap();
    let mut server = listener.accept().unwrap().0;
    server
        .write_all(
            b"HTTP/1.1 100 Continue\r\n\r\n\
              HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a:2\r\n\r\nhi\
              HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n\
              HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n\
              HTTP/1.1 204 No Content\r\n\r\n\
              HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhalf",
        )
        .unwrap();
    drop(server);
    assert_eq!(client.read_answer_or_interim().unwrap().status, 100);
    let answer = client.read_answer().unwrap();
    assert_eq!(
        (
            answer.text(),
            answer.header("X-A"),
            answer.headers_named("x-A")
        ),
        ("hi", Some("1"), vec!["1", "2"])
    );
    assert_eq!(client.read_answer().unwrap().body, b"0123456789!");
    assert_eq!(
        client.read_head_answer().unwrap().header("content-length"),
        Some("7")
    );
    assert_eq!(client.read_answer().unwrap().status, 204);
    assert_eq!(
        client.read_answer().unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
}
