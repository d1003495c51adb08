//! HTTP by tiny_http 0.12, and the defences against its edges; nothing else in the handler knows of
//! it.

use super::workers::start_thread;
use crate::console;
use crate::host::error::Refusal;
use crate::host::response::{Body, HttpResponse};
use crate::host::router::{INVOCATION_ID, Request};
use crate::host::stream::{COLLECTED_MAX_BYTES, Stream};
use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// The longest body of a request, in bytes; a longer one is answered 413.
pub const BODY_MAX_BYTES: usize = 256 * 1024 * 1024;

/// The longest body that is read to its end though it is too long, in bytes; see
/// `Incoming::refuse_unread`.
const DRAIN_MAX_BYTES: usize = 1024 * 1024 * 1024;

/// The socket that the handler listens on, of 127.0.0.1 only. It outlives every [`Source`].
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `port`, or a free one where it is 0.
    pub fn bind(port: u16) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        // Accepted connections inherit it. Without, the end of a large answer waits 40 ms for the
        // caller's delayed ACK.
        no_delay(&socket)?;
        // The standard library lets 128 connections wait to be accepted; in a burst the next would
        // wait a second more, for its second SYN.
        queue_more(&socket)?;
        Ok(Self {
            address: socket.local_addr()?,
            socket,
        })
    }

    /// The address that it is bound to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to accept connections. Errors where there is no descriptor or no thread for it.
    pub fn accept(&self) -> io::Result<Source> {
        let socket = self.socket.try_clone()?;
        // It panics where it gets no thread.
        let start = || console::catch_panic(|| tiny_http::Server::from_listener(socket, None));
        let start = || super::tuning::thread_priority::in_background(start);
        match start() {
            Ok(server) => server.map(Source).map_err(io::Error::other),
            Err(panic) => Err(io::Error::other(panic)),
        }
    }

    /// Starts to accept connections again, once there are descriptors and threads for some. Errors
    /// where there are not.
    pub fn accept_again(&self) -> io::Result<Source> {
        const DESCRIPTORS: usize = 16;
        const THREADS: usize = 8;
        let mut spare = Vec::new();
        for _ in 0..DESCRIPTORS {
            spare.push(self.socket.try_clone()?);
        }
        drop(spare);
        for _ in 0..THREADS {
            start_thread(Box::new(|| thread::sleep(Duration::from_millis(1))))?;
        }
        self.accept()
    }

    /// Opens a connection to the handler itself and closes it, which makes tiny_http look after its
    /// connections.
    ///
    /// Its pool [util/task_pool.rs] starts a thread for a connection only where none is waiting for
    /// one, and one that it has woken counts as waiting until it runs. Of a burst, some connections
    /// are queued behind threads that go on to serve another for as long as that is kept alive. A
    /// new connection that finds no thread waiting gets a new one, which then takes the next that
    /// is queued.
    ///
    /// A gentle one waits a little until its connection has been looked after: many others in a row
    /// start threads that nothing needs, and use up descriptors. Errors where it cannot be made,
    /// for want of descriptors, or because others wait to be accepted and are nudge enough.
    pub fn nudge(&self, gently: bool) -> io::Result<()> {
        let connection = self.connect()?;
        if gently {
            is_ended(connection, Duration::from_millis(2));
        }
        Ok(())
    }

    /// Whether connections are accepted: the handler ends one of its own once its caller does.
    /// tiny_http's accept thread may panic. It clones each accepted socket and unwraps the result,
    /// which fails if there is one descriptor left, and `thread::spawn` panics if there are no more
    /// threads.
    pub fn accepts(&self) -> bool {
        let is_accepted = |connection| is_ended(connection, Duration::from_millis(100));
        // One may be queued behind others, see `nudge`.
        (0..5).any(|_| self.connect().is_ok_and(is_accepted))
    }

    fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect_timeout(&self.address, Duration::from_millis(50))
    }
}

/// Ends a connection, and says whether the other side has ended it too within this time.
fn is_ended(mut connection: TcpStream, within: Duration) -> bool {
    connection.set_read_timeout(Some(within)).is_ok()
        && connection.shutdown(Shutdown::Write).is_ok()
        && connection.read(&mut [0]).is_ok()
}

#[cfg(unix)]
fn queue_more(socket: &TcpListener) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: it is declared as in POSIX, takes two integers by value, and touches no memory of
    // this process.
    unsafe extern "C" {
        safe fn listen(socket: std::ffi::c_int, backlog: std::ffi::c_int) -> std::ffi::c_int;
    }
    match listen(socket.as_raw_fd(), 4096) {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(windows)]
fn queue_more(_: &TcpListener) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn no_delay(socket: &TcpListener) -> io::Result<()> {
    TcpStream::from(std::os::fd::OwnedFd::from(socket.try_clone()?)).set_nodelay(true)
}

#[cfg(windows)]
fn no_delay(socket: &TcpListener) -> io::Result<()> {
    TcpStream::from(std::os::windows::io::OwnedSocket::from(socket.try_clone()?)).set_nodelay(true)
}

/// Requests, from connections that one accept thread of tiny_http takes in.
pub struct Source(tiny_http::Server);

/// What [`Source::receive`] brings.
pub enum Received {
    /// A request, its body not yet read.
    Request(Incoming),
    /// The accept thread has ended. The connections that it took in go on.
    AcceptLost(io::Error),
    /// [`Source::release`] was called.
    Released,
}

impl Source {
    /// Waits for the next request.
    pub fn receive(&self) -> Received {
        match self.0.recv() {
            Ok(request) => Received::Request(Incoming(request)),
            // Errors of the operating system are those of `accept`.
            Err(error) if error.raw_os_error().is_some() => Received::AcceptLost(error),
            Err(_) => Received::Released,
        }
    }

    /// Makes one thread return from [`receive`](Self::receive).
    pub fn release(&self) {
        self.0.unblock();
    }
}

/// A request, its body not yet read.
pub struct Incoming(tiny_http::Request);

impl Incoming {
    /// The port that it comes from.
    pub fn peer_port(&self) -> u16 {
        self.0.remote_addr().map_or(0, SocketAddr::port)
    }

    /// Reads the body, then sends the answer that `respond` gives.
    ///
    /// The body is read to its end whatever the answer will be: what is left of it would be taken
    /// for the next request.
    pub fn answer(mut self, respond: impl FnOnce(Request) -> HttpResponse) {
        let mut body = Vec::new();
        match self.0.body_length() {
            Some(length) if length > BODY_MAX_BYTES => return self.refuse_unread(413, TOO_LONG),
            Some(length) if body.try_reserve_exact(length).is_err() => {
                return self.refuse_unread(503, NO_MEMORY);
            }
            _ => {}
        }
        let body = self.read_body(body);
        let mut request = self.request();
        let response = match body {
            Ok(body) => {
                request.body = body;
                respond(request)
            }
            Err(Refusal { status, message }) => request.error(status, &message),
        };
        let to = if *self.0.method() == tiny_http::Method::Head {
            To::Head
        } else if *self.0.http_version() < tiny_http::HTTPVersion(1, 1) {
            To::Older
        } else {
            To::Caller
        };
        // It fails where the caller has gone, and then nobody is left to tell; a stream has told by
        // itself.
        let _ = send(self.0.into_writer(), response, to);
    }

    fn request(&self) -> Request<'_> {
        let headers: Vec<_> = self
            .0
            .headers()
            .iter()
            .map(|header| {
                (
                    Cow::Borrowed(header.field.as_str().as_str()),
                    Some(Cow::Borrowed(header.value.as_str())),
                )
            })
            .collect();
        let id = self
            .0
            .headers()
            .iter()
            .find(|header| header.field.equiv(INVOCATION_ID));
        Request {
            method: self.0.method().as_str(),
            url: self.0.url(),
            headers,
            invocation_id: id.map_or("", |header| header.value.as_str()),
            body: Vec::new(),
        }
    }

    /// Reads the body to its end, into `body`, which has room for it where its length is known.
    fn read_body(&mut self, mut body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let refusal = |status, message| Refusal { status, message };
        let length = self.0.body_length();
        let named = |name| {
            self.0
                .headers()
                .iter()
                .filter(move |header| header.field.equiv(name))
        };
        let chunked = named("Transfer-Encoding").next().is_some();
        // Of several, tiny_http looks at the first.
        let connection = named("Connection").next();
        let upgrade = connection.is_some_and(|header| {
            header
                .value
                .as_str()
                .to_ascii_lowercase()
                .contains("upgrade")
        });
        if chunked && upgrade {
            // tiny_http leaves the chunks of such a request undecoded.
            return Err(refusal(
                400,
                "the body is chunked, and the Connection an upgrade".into(),
            ));
        }
        for header in named("Content-Length").filter(|_| !chunked) {
            let text = header.value.as_str();
            // tiny_http takes the first, and no body at all where that is no number.
            if length.is_none()
                || text.parse().ok() != length
                || !text.bytes().all(|byte| byte.is_ascii_digit())
            {
                return Err(refusal(
                    400,
                    format!("the Content-Length {text:?} is not valid").into(),
                ));
            }
        }
        if length.unwrap_or_default() == 0 && !chunked {
            return Ok(Vec::new());
        }
        let invalid =
            |error: &dyn Display| refusal(400, format!("the body cannot be read: {error}").into());
        if chunked {
            // Most payloads fit, and need not be moved as they come.
            body.reserve(2048);
        }
        // Of an upgraded connection the reader does not end where the body does.
        let mut reader = self
            .0
            .as_reader()
            .take(length.unwrap_or(BODY_MAX_BYTES + 1) as u64);
        let refused = match (reader.read_to_end(&mut body), length) {
            (Ok(read), _) if read > BODY_MAX_BYTES => refusal(413, TOO_LONG.into()),
            // A body that the caller cuts off reads like a shorter one.
            (Ok(read), Some(length)) if read != length => {
                return Err(invalid(&format_args!(
                    "it ends after {read} bytes of {length}"
                )));
            }
            (Ok(_), _) => return Ok(body),
            (Err(error), _) if error.kind() == ErrorKind::OutOfMemory => {
                refusal(503, NO_MEMORY.into())
            }
            (Err(error), _) => return Err(invalid(&error)),
        };
        // It is chunked, or there would have been room for it, and not have been more.
        drop(body);
        reader.set_limit(u64::MAX);
        io::copy(&mut reader, &mut io::sink()).map_err(|error| invalid(&error))?;
        Err(refused)
    }

    /// Answers before the body, where its Content-Length is too long or more than there is memory
    /// for.
    ///
    /// Whenever tiny_http drops a body of which `n` bytes are unread, as it does when the caller
    /// leaves, it allocates `n` bytes, and where it cannot have them the process aborts
    /// [util/equal_reader.rs]. Only an upgrade of the connection answers and yet keeps the body. A
    /// length that no memory holds is therefore never read, and costs its connection.
    fn refuse_unread(self, status: u16, message: &str) {
        let length = self.0.body_length().unwrap_or_default();
        let HttpResponse {
            body: Body::Bytes(body),
            ..
        } = self.request().error(status, message)
        else {
            return;
        };
        // tiny_http sends no Content-Length with an upgrade, so it goes as part of another header's
        // value.
        let headers = format!("application/json\r\nContent-Length: {}", body.len());
        let content_type = tiny_http::Header::from_bytes("Content-Type", headers);
        let head = tiny_http::Response::new(
            status.into(),
            content_type.into_iter().collect(),
            io::empty(),
            Some(0),
            None,
        );
        let mut room = Vec::<u8>::new();
        let fits = length <= DRAIN_MAX_BYTES && room.try_reserve_exact(length).is_ok();
        // Else the compiler may leave the question out.
        drop(std::hint::black_box(room));
        let mut connection = self.0.upgrade("HTTP/1.1", head);
        // Both fail where the caller has gone.
        let _ = connection
            .write_all(&body)
            .and_then(|()| connection.flush());
        if fits {
            let _ = io::copy(&mut connection.take(length as u64), &mut io::sink());
        } else {
            std::mem::forget(connection);
        }
    }
}

const TOO_LONG: &str = "the body is longer than 256 MiB, the most that the handler takes";
const NO_MEMORY: &str = "there is no memory for the body";

/// To whom an answer goes.
#[derive(PartialEq)]
enum To {
    Caller,
    /// One that asked with HEAD, and gets no body.
    Head,
    /// One that speaks HTTP/1.0, which knows no chunks.
    Older,
}

/// Sends an answer: a small one in a single write, so that no part of it waits for the caller's ACK
/// of another.
fn send(mut connection: impl Write, response: HttpResponse, to: To) -> io::Result<()> {
    const SMALL_BYTES: usize = 64 * 1024;
    let HttpResponse {
        mut status,
        headers,
        body,
    } = response;
    let mut headers = &headers[..];
    let no_body = matches!(status, 204 | 304);
    let body = match body {
        Body::Stream(_) if no_body => Body::Bytes(Vec::new()),
        Body::Stream(stream) if to == To::Older => match stream.collect(COLLECTED_MAX_BYTES) {
            Ok(body) => Body::Bytes(body),
            Err(_) => {
                (status, headers) = (500, &[]);
                Body::Bytes(Vec::new())
            }
        },
        body => body,
    };
    let (bytes, stream) = match body {
        Body::Bytes(bytes) => (bytes, None),
        Body::Stream(stream) => (Vec::new(), Some(stream)),
    };
    let small = bytes.len() <= SMALL_BYTES;
    let mut head = Vec::with_capacity(256 + if small { bytes.len() } else { 0 });
    let reason = tiny_http::StatusCode(status).default_reason_phrase();
    write!(head, "HTTP/1.1 {status} {reason}\r\n")?;
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    let has_type = || {
        headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"))
    };
    if (stream.is_some() || !bytes.is_empty()) && !has_type() {
        // As the host does for an HTTP output.
        head.extend(b"Content-Type: text/plain; charset=utf-8\r\n");
    }
    match stream {
        Some(_) => head.extend(b"Transfer-Encoding: chunked\r\n"),
        None if no_body => {}
        None => write!(head, "Content-Length: {}\r\n", bytes.len())?,
    }
    head.extend(b"\r\n");
    match stream {
        _ if no_body || to == To::Head => connection.write_all(&head)?,
        Some(stream) => {
            connection.write_all(&head)?;
            return send_chunks(connection, stream);
        }
        None if small => {
            head.extend(bytes);
            connection.write_all(&head)?;
        }
        None => {
            connection.write_all(&head)?;
            connection.write_all(&bytes)?;
        }
    }
    connection.flush()
}

/// Sends a body while it is written. Of one that fails the chunks end in what is none: tiny_http
/// cannot close a connection, and a caller that was told nothing would take what has come for the
/// whole.
fn send_chunks(mut connection: impl Write, Stream(write): Stream) -> io::Result<()> {
    connection.flush()?;
    let end: &[u8] = match write(&mut Chunks(&mut connection)) {
        Ok(()) => b"0\r\n\r\n",
        Err(_) => b"the answer ends here: its function has failed\r\n",
    };
    connection.write_all(end)?;
    connection.flush()
}

/// Sends each write as a chunk, at once.
struct Chunks<W>(W);

impl<W: Write> Write for Chunks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        const CHUNK_MAX_BYTES: usize = 64 * 1024;
        // A chunk of no bytes would be the end.
        if bytes.is_empty() {
            return Ok(0);
        }
        let bytes = &bytes[..bytes.len().min(CHUNK_MAX_BYTES)];
        let mut chunk = Vec::with_capacity(bytes.len() + 16);
        write!(chunk, "{:X}\r\n", bytes.len())?;
        chunk.extend(bytes);
        chunk.extend(b"\r\n");
        self.0.write_all(&chunk)?;
        self.0.flush()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
