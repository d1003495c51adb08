//! HTTP by tiny_http 0.12, with defences against its faults. Nothing else in the handler uses it.

use super::workers::start_thread;
use crate::console;
use crate::host::response::{Body, HttpResponse};
use crate::host::router::{INVOCATION_ID, Request};
use crate::host::stream::Stream;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const BODY_MAX_BYTES: usize = 256 * 1024 * 1024;

/// The longest body that is read to its end after it was refused unread.
const DRAIN_MAX_BYTES: usize = 1024 * 1024 * 1024;

const TOO_LONG: &str = "the body is longer than 256 MiB, the most that the handler takes";
const NO_MEMORY: &str = "there is no memory for the body";

/// Where the handler listens, at 127.0.0.1 only.
pub struct Listener {
    socket: TcpListener,
    pub address: SocketAddr,
}

impl Listener {
    /// Binds `port`, or a free one if it is 0.
    pub fn bind(port: u16) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        set_up(&socket)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    pub fn accept(&self) -> io::Result<Source> {
        let socket = self.socket.try_clone()?;
        // It panics if it gets no thread.
        let start = || console::catch_panic(|| tiny_http::Server::from_listener(socket, None));
        let start = || super::tuning::thread_priority::in_background(start);
        let server = start().map_err(io::Error::other)?;
        server.map(Source).map_err(io::Error::other)
    }

    /// Accepts connections again. Errors if there are not 16 descriptors and 8 threads left.
    pub fn accept_again(&self) -> io::Result<Source> {
        let spare: io::Result<Vec<_>> = (0..16).map(|_| self.socket.try_clone()).collect();
        drop(spare?);
        for _ in 0..8 {
            start_thread(Box::new(|| thread::sleep(Duration::from_millis(1))))?;
        }
        self.accept()
    }

    /// Opens a connection to the handler itself and closes it, to free a connection that is stuck.
    ///
    /// tiny_http starts a thread for a connection only if none of its threads waits for one, and a
    /// thread that it has woken counts as waiting until it runs [util/task_pool.rs]. So in a burst
    /// some connections are queued behind others that are kept alive. A new connection gets a new
    /// thread, which then takes the next one from the queue.
    ///
    /// A gentle nudge waits until it has been served, so that many start no threads in vain. Errors
    /// if there is no descriptor, or if connections wait to be accepted: those do the same.
    pub fn nudge(&self, gently: bool) -> io::Result<()> {
        let connection = self.connect()?;
        if gently {
            is_ended(connection, Duration::from_millis(2));
        }
        Ok(())
    }

    /// Whether connections are accepted. tiny_http's accept thread panics if there is only one
    /// descriptor left, or no more threads.
    pub fn accepts(&self) -> bool {
        let is_accepted = |connection| is_ended(connection, Duration::from_millis(100));
        // One may be queued behind others, see `nudge`.
        (0..5).any(|_| self.connect().is_ok_and(is_accepted))
    }

    fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect_timeout(&self.address, Duration::from_millis(50))
    }
}

/// Ends a connection. Whether the other side has ended it too within this time.
fn is_ended(mut connection: TcpStream, within: Duration) -> bool {
    connection.set_read_timeout(Some(within)).is_ok()
        && connection.shutdown(Shutdown::Write).is_ok()
        && connection.read(&mut [0]).is_ok()
}

/// Accepted connections inherit `TCP_NODELAY`: the end of a large answer would wait 40 ms for the
/// caller's delayed ACK. And the standard library lets 128 connections wait; the next would wait a
/// second.
#[cfg(unix)]
fn set_up(socket: &TcpListener) -> io::Result<()> {
    use std::os::fd::{AsRawFd, OwnedFd};
    // SAFETY: it is declared as in POSIX, and touches no memory of this process.
    unsafe extern "C" {
        safe fn listen(socket: std::ffi::c_int, backlog: std::ffi::c_int) -> std::ffi::c_int;
    }
    if listen(socket.as_raw_fd(), 4096) != 0 {
        return Err(io::Error::last_os_error());
    }
    TcpStream::from(OwnedFd::from(socket.try_clone()?)).set_nodelay(true)
}

#[cfg(windows)]
fn set_up(socket: &TcpListener) -> io::Result<()> {
    use std::os::windows::io::OwnedSocket;
    TcpStream::from(OwnedSocket::from(socket.try_clone()?)).set_nodelay(true)
}

/// The requests on the connections of one accept thread.
pub struct Source(tiny_http::Server);

impl Source {
    /// Waits for a request, or for [`release`](Self::release), which gives `None`. Errors when the
    /// accept thread has ended; its connections go on.
    pub fn receive(&self) -> io::Result<Option<Incoming>> {
        match self.0.recv() {
            Ok(request) => Ok(Some(Incoming(request))),
            // An error of the operating system is one of `accept`.
            Err(error) if error.raw_os_error().is_some() => Err(error),
            Err(_) => Ok(None),
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
    pub fn peer_port(&self) -> u16 {
        self.0.remote_addr().map_or(0, SocketAddr::port)
    }

    /// Reads the body, always to its end, because tiny_http would take the rest for the next
    /// request. Then sends the answer that `respond` gives.
    pub fn answer(mut self, respond: impl FnOnce(Request) -> HttpResponse) {
        let (mut body, length) = (Vec::new(), self.0.body_length().unwrap_or_default());
        if length > BODY_MAX_BYTES {
            return self.refuse_unread(413, TOO_LONG);
        }
        if body.try_reserve_exact(length).is_err() {
            return self.refuse_unread(503, NO_MEMORY);
        }
        let read = self.read_body(&mut body);
        let mut request = self.request();
        let mut response = match read {
            Ok(()) => {
                request.body = body;
                respond(request)
            }
            Err((status, message)) => request.error(status, &message),
        };
        let is_head = *self.0.method() == tiny_http::Method::Head;
        // HTTP/1.0 has no chunks.
        if *self.0.http_version() < tiny_http::HTTPVersion(1, 1) {
            let failed = |_| HttpResponse::default().status(500);
            response = response.collected(is_head).unwrap_or_else(failed);
        }
        // An error means that the caller has gone. A stream has logged its own.
        let _ = send(self.0.into_writer(), response, is_head);
    }

    fn request(&self) -> Request<'_> {
        let headers = self.0.headers().iter().map(|header| {
            let name = header.field.as_str().as_str();
            (name.into(), Some(header.value.as_str().into()))
        });
        Request {
            method: self.0.method().as_str(),
            url: self.0.url(),
            headers: headers.collect(),
            invocation_id: self.values(INVOCATION_ID).next().unwrap_or_default(),
            body: Vec::new(),
        }
    }

    fn values(&self, name: &'static str) -> impl Iterator<Item = &str> {
        let headers = self.0.headers().iter();
        let named = headers.filter(move |header| header.field.equiv(name));
        named.map(|header| header.value.as_str())
    }

    /// Errors with the status and the reason of a refusal.
    fn read_body(&mut self, body: &mut Vec<u8>) -> Result<(), (u16, String)> {
        let length = self.0.body_length();
        let chunked = self.values("Transfer-Encoding").next().is_some();
        if chunked {
            // tiny_http reads the first of the headers, and with an upgrade decodes no chunks.
            let connection = self.values("Connection").next().unwrap_or_default();
            if connection.to_ascii_lowercase().contains("upgrade") {
                let message = "the body is chunked, and the Connection an upgrade";
                return Err((400, message.into()));
            }
            // Enough for most payloads.
            body.reserve(2048);
        } else {
            for text in self.values("Content-Length") {
                // tiny_http reads the first, and takes the body for empty if that is not a number.
                if length.is_none() || text.parse().ok() != length || text.starts_with('+') {
                    return Err((400, format!("the Content-Length {text:?} is not valid")));
                }
            }
            if length.unwrap_or_default() == 0 {
                return Ok(());
            }
        }
        let invalid = |why: String| (400, format!("the body cannot be read: {why}"));
        // On an upgraded connection the reader does not end with the body.
        let most = length.unwrap_or(BODY_MAX_BYTES + 1) as u64;
        let mut reader = self.0.as_reader().take(most);
        let refusal = match (reader.read_to_end(body), length) {
            (Ok(read), _) if read > BODY_MAX_BYTES => (413, TOO_LONG.into()),
            // tiny_http gives no error if the caller cuts the body off.
            (Ok(read), Some(length)) if read != length => {
                return Err(invalid(format!("it ends after {read} bytes of {length}")));
            }
            (Ok(_), _) => return Ok(()),
            (Err(error), _) if error.kind() == ErrorKind::OutOfMemory => (503, NO_MEMORY.into()),
            (Err(error), _) => return Err(invalid(error.to_string())),
        };
        // It is chunked: any other has room, and is as long as it was declared.
        *body = Vec::new();
        reader.set_limit(u64::MAX);
        let drained = io::copy(&mut reader, &mut io::sink());
        Err(drained.map_or_else(|error| invalid(error.to_string()), |_| refusal))
    }

    /// Answers before the body is read: it is too long, or there is no memory for it.
    ///
    /// When tiny_http drops a body, it allocates what is unread of it, and the process aborts if it
    /// cannot [util/equal_reader.rs]. Only an upgrade of the connection answers and keeps the body.
    /// One that is too long to drain is never read, and its connection is never closed.
    fn refuse_unread(self, status: u16, message: &str) {
        let length = self.0.body_length().unwrap_or_default();
        let body = self.request().error(status, message).body;
        let body = body.text().unwrap_or_default();
        // tiny_http sends no Content-Length with an upgrade, so another header's value has it.
        let value = format!("application/json\r\nContent-Length: {}", body.len());
        let headers = tiny_http::Header::from_bytes("Content-Type", value).into_iter();
        let (status, headers) = (status.into(), headers.collect());
        let head = tiny_http::Response::new(status, headers, io::empty(), Some(0), None);
        let mut room = Vec::<u8>::new();
        let fits = length <= DRAIN_MAX_BYTES && room.try_reserve_exact(length).is_ok();
        // Else the compiler may remove the reservation.
        drop(std::hint::black_box(room));
        let mut connection = self.0.upgrade("HTTP/1.1", head);
        // It fails if the caller has gone.
        let sent = connection.write_all(body.as_bytes());
        let _ = sent.and_then(|()| connection.flush());
        if fits {
            let _ = io::copy(&mut connection.take(length as u64), &mut io::sink());
        } else {
            std::mem::forget(connection);
        }
    }
}

/// Sends an answer: a small one in one write.
fn send(mut connection: impl Write, response: HttpResponse, is_head: bool) -> io::Result<()> {
    const SMALL_BYTES: usize = 64 * 1024;
    let (status, headers, body) = (response.status, &response.headers, &response.body);
    let has_body = response.has_body();
    let mut head = Vec::with_capacity(256);
    let reason = tiny_http::StatusCode(status).default_reason_phrase();
    write!(head, "HTTP/1.1 {status} {reason}\r\n")?;
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    let mut names = headers.iter().map(|(name, _)| name);
    let has_type = names.any(|name| name.eq_ignore_ascii_case("Content-Type"));
    if !has_type && !body.is_empty() {
        // As the host does for an HTTP output.
        head.extend(b"Content-Type: text/plain; charset=utf-8\r\n");
    }
    match body {
        _ if !has_body => {}
        Body::Bytes(bytes) => write!(head, "Content-Length: {}\r\n", bytes.len())?,
        Body::Stream(_) => head.extend(b"Transfer-Encoding: chunked\r\n"),
    }
    head.extend(b"\r\n");
    match response.body {
        _ if is_head || !has_body => connection.write_all(&head)?,
        Body::Bytes(bytes) if bytes.len() <= SMALL_BYTES => {
            connection.write_all(&[head, bytes].concat())?;
        }
        Body::Bytes(bytes) => {
            connection.write_all(&head)?;
            connection.write_all(&bytes)?;
        }
        Body::Stream(Stream(write)) => {
            connection.write_all(&head)?;
            connection.flush()?;
            // tiny_http cannot close a connection, so an answer that is not whole ends with an
            // invalid chunk size.
            let end: &[u8] = match write(&mut Chunks(&mut connection)) {
                Ok(()) => b"0\r\n\r\n",
                Err(_) => b"the answer ends here: its function has failed\r\n",
            };
            connection.write_all(end)?;
        }
    }
    connection.flush()
}

/// Sends each write at once, as a chunk.
struct Chunks<W>(W);

impl<W: Write> Write for Chunks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        const CHUNK_MAX_BYTES: usize = 64 * 1024;
        // A chunk of no bytes would end the body.
        if bytes.is_empty() {
            return Ok(0);
        }
        let bytes = &bytes[..bytes.len().min(CHUNK_MAX_BYTES)];
        let mut chunk = format!("{:X}\r\n", bytes.len()).into_bytes();
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
