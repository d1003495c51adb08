//! The server that callers see. It has one thread per connection.

use crate::app::function::Function;
use crate::host::answer::{Outcome, empty};
use crate::host::invoke::Host;
use crate::host::request::Request;
use crate::host::routes::Parameters;
use crate::run::current::Current;
use crate::run::http::{Answer, Body, Refused, chunk, peek};
use crate::run::local::{self, THERE_ARE, text};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The answer to `GET /` of an app that has no function there.
const ROOT: &str = "This is a stand-in for the Functions host, for development only.";

pub fn serve(listener: &TcpListener, current: &Arc<Current>) {
    loop {
        let started = listener.accept().and_then(|(caller, _)| {
            let current = current.clone();
            thread::Builder::new()
                .name("caller".into())
                .spawn(move || converse(&Arc::new(caller), &current))
        });
        if started.is_err() {
            // Too many files or threads are open: some will end.
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn converse(caller: &Arc<TcpStream>, current: &Current) {
    // An error only costs speed.
    let _ = caller.set_nodelay(true);
    let mut connection = BufReader::new(&**caller);
    let error = loop {
        let request = match Request::read(&mut connection, &mut &**caller) {
            Ok(request) => request,
            Err(error) => break error,
        };
        let mut reply = Reply {
            caller,
            request: &request,
            begun: None,
            chunked: false,
            closes: !request.keep_alive,
        };
        if respond(&mut reply, current).is_err() || reply.closes {
            return;
        }
    };
    let Ok(Refused(status, why)) = error.downcast() else {
        return;
    };
    let answer = text(status, &why).whole(true, false);
    let _ = caller.as_ref().write_all(&answer);
    // Reads on until the caller has the answer: closing with unread bytes could cut it off.
    let _ = caller.shutdown(Shutdown::Write);
    let _ = caller.set_read_timeout(Some(Duration::from_secs(1)));
    let _ = io::copy(&mut connection.take(1 << 20), &mut io::sink());
}

/// An error means that the connection is not usable any more.
fn respond(reply: &mut Reply, current: &Current) -> io::Result<()> {
    let request = reply.request;
    let host = match current.get() {
        Ok(host) => host,
        Err(why) => return reply.send(&text(503, &why)),
    };
    let answer = match local::answer(&host, request) {
        Some(answer) => answer,
        None => match host.routed(&request.method, &request.target) {
            Some((function, parameters)) => return invoke(&host, function, &parameters, reply),
            None if request.path() == "/" => text(200, ROOT),
            None => text(404, &not_found(&host, request)),
        },
    };
    // A request that is still being answered must not keep an old generation alive.
    drop(host);
    reply.send(&answer)
}

fn invoke(
    host: &Host,
    function: &Function,
    parameters: &Parameters,
    reply: &mut Reply,
) -> io::Result<()> {
    match host.answer(function, parameters, reply.request, Some(reply)) {
        Outcome::Completed(_) if reply.begun.is_some() => Ok(()),
        Outcome::Completed(answer) => reply.send(&answer.unwrap_or_else(|| empty(204))),
        _ if reply.begun.is_some() => Err(ErrorKind::ConnectionAborted.into()),
        _ => reply.send(&empty(500)),
    }
}

/// Says what there is instead. The real host's 404 has no body.
fn not_found(host: &Host, Request { method, target, .. }: &Request) -> String {
    if target.starts_with("/local/") {
        return format!("nothing is at {target}; {THERE_ARE}");
    }
    let there_are = host.app.listed_routes();
    format!("no function takes {method} {target}; {there_are}")
}

fn gone() -> io::Error {
    io::Error::new(ErrorKind::ConnectionAborted, "the caller has gone")
}

/// An answer on its way to a caller. Errors are `ConnectionAborted`: the caller has gone.
pub struct Reply<'a> {
    caller: &'a Arc<TcpStream>,
    request: &'a Request,
    /// The status, once the head has been sent.
    pub begun: Option<u16>,
    chunked: bool,
    closes: bool,
}

impl Reply<'_> {
    fn send(&mut self, answer: &Answer) -> io::Result<()> {
        self.begun = Some(answer.status);
        let head_only = self.request.method == "HEAD";
        self.write(&answer.whole(self.closes, head_only))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.caller.as_ref().write_all(bytes).map_err(|_| gone())
    }

    /// Sends the head of the handler's answer. The pieces of `body` follow.
    pub fn head(&mut self, answer: &Answer, body: &Body) -> io::Result<()> {
        let takes_chunks = self.request.takes_chunks;
        let is_chunked = answer.header("Transfer-Encoding").is_some();
        // The answer to HEAD has the framing of the answer to GET.
        let framing = match (body, answer.header("Content-Length")) {
            (Body::Length(length), _) => format!("Content-Length: {length}\r\n"),
            (Body::Ended, Some(length)) => format!("Content-Length: {length}\r\n"),
            _ if matches!(answer.status, 204 | 304) => String::new(),
            _ if is_chunked && takes_chunks => "Transfer-Encoding: chunked\r\n".to_owned(),
            // The body ends with the connection.
            (Body::Chunked(_), _) => String::new(),
            _ => "Content-Length: 0\r\n".to_owned(),
        };
        if matches!(body, Body::Chunked(_)) {
            self.chunked = takes_chunks;
            self.closes |= !takes_chunks;
        }
        self.write(&answer.head(&framing, self.closes))?;
        self.begun = Some(answer.status);
        Ok(())
    }

    /// An empty piece ends the body.
    pub fn piece(&self, piece: &[u8]) -> io::Result<()> {
        match self.chunked {
            true => self.write(&chunk(piece)),
            false => self.write(piece),
        }
    }

    /// Gives a function that errors once the caller has gone.
    pub fn wanted(&self) -> Box<dyn FnMut() -> io::Result<()> + Send> {
        let caller = self.caller.clone();
        Box::new(move || match peek(&caller) {
            Ok(0) => Err(gone()),
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(gone()),
            _ => Ok(()),
        })
    }
}
