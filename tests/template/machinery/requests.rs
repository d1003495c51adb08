//! For most tests: requests that hosts send, and checks of the answers.

pub use crate::handler::Handler;
pub use crate::start::{command, start, start_with};
pub use crate::wait::wait_for;
use serde_json::json;
pub use stand_in::run::http::{Answer, Connection, request};
use stand_in::run::process;
use std::io::{self, Read};
use std::net::Shutdown;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// An invocation id in the host's form.
pub const ID: &str = "70734a6c-261f-4802-9a19-265034c703c3";

pub const CHUNKED: (&str, &str) = ("Transfer-Encoding", "chunked");

/// A file of tests/template/wire.
pub fn wire(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/template/wire/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn wire_names() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/template/wire");
    let files = std::fs::read_dir(folder).expect(folder);
    let name = |file: io::Result<std::fs::DirEntry>| file.expect(folder).file_name();
    files
        .map(|file| name(file).into_string().expect("a name"))
        .collect()
}

#[track_caller]
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    wait_for(what, || is_so().then_some(()));
}

/// A connection whose errors fail the test.
pub struct Caller(Connection);

impl Deref for Caller {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Caller {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

#[track_caller]
pub fn connect(handler: &process::Handler) -> Caller {
    Caller(Connection::open(handler.port).expect("a connection"))
}

impl Caller {
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.send(bytes.as_ref()).expect("sent");
        self
    }

    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.0.read(true).expect("an answer")
    }

    pub fn answer_within(&mut self, limit: Duration) -> io::Result<Answer> {
        self.socket().set_read_timeout(Some(limit))?;
        self.0.read(true)
    }

    #[track_caller]
    pub fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.0.exchange(request.as_ref()).expect("an answer")
    }

    /// Checks that the next request on the connection is answered.
    #[track_caller]
    pub fn assert_in_step(&mut self) {
        let status = self.ask(ping()).status;
        assert_eq!(status, 200, "the connection is out of step");
    }

    /// Sends no more.
    pub fn end(&mut self) -> &mut Self {
        // An error means that the handler has closed the connection.
        let _ = self.socket().shutdown(Shutdown::Write);
        self
    }

    /// Sends no more, and reads until the handler closes the connection.
    #[track_caller]
    pub fn finish(&mut self) -> String {
        let mut bytes = Vec::new();
        self.end().read_to_end(&mut bytes).expect("an end");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Uses a new connection.
#[track_caller]
pub fn ask(handler: &process::Handler, request: impl AsRef<[u8]>) -> Answer {
    connect(handler).ask(request)
}

/// Uses a new connection.
#[track_caller]
pub fn get(handler: &process::Handler, path: &str) -> Answer {
    ask(handler, getting(path))
}

/// Uses a new connection.
#[track_caller]
pub fn invoke(handler: &process::Handler, function: &str, payload: impl AsRef<[u8]>) -> Answer {
    let path = format!("/{function}");
    ask(handler, invocation(&path, ID, payload.as_ref()))
}

pub fn invocation(path: &str, id: &str, payload: &[u8]) -> Vec<u8> {
    stand_in::host::request::invocation("127.0.0.1", path, id, payload)
}

/// A caller's GET, as the host forwards it.
pub fn getting(path: &str) -> Vec<u8> {
    let by_host = [("X-Azure-Functions-InvocationId", ID)];
    request("GET", path, &by_host, b"")
}

pub fn post(path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    request("POST", path, headers, body.as_ref())
}

/// The readiness ping.
pub fn ping() -> Vec<u8> {
    request("GET", "/", &[], b"")
}

pub fn order_payload(body: &str) -> String {
    let length = body.len().to_string();
    let headers = json!({"Content-Type": ["text/plain"], "Content-Length": [length], "Host": ["localhost:7071"]});
    let url = "http://localhost:7071/api/order";
    let order = json!({"Url": url, "Method": "POST", "Query": {}, "Headers": headers, "Params": {}, "Body": body});
    json!({"Data": {"req": order}, "Metadata": {"sys": {"MethodName": "order"}}}).to_string()
}

/// The message is encoded once more, as the host does.
pub fn message_payload(message: &str) -> String {
    let metadata = json!({"DequeueCount": "1", "Id": "\"b4837edc-c19a-4608-a2b0-cc36f31b4736\""});
    let data = json!({"myQueueItem": json!(message).to_string()});
    json!({"Data": data, "Metadata": metadata}).to_string()
}

pub fn order(body: &str) -> Vec<u8> {
    invocation("/order", ID, order_payload(body).as_bytes())
}

pub fn message(text: &str) -> Vec<u8> {
    invocation("/MyQueueFunction", ID, message_payload(text).as_bytes())
}

/// Whether this answers an order of `body`, a text that the host leaves alone.
pub fn is_ordered(answer: &Answer, body: &str) -> bool {
    let outputs = json!({"message": body, "res": {"body": "Order enqueued"}});
    answer.status == 200 && answer.json()["Outputs"] == outputs
}

/// Whether this answers the queue message `text`, which the host leaves alone.
pub fn is_passed_on(answer: &Answer, text: &str) -> bool {
    answer.status == 200 && answer.json()["ReturnValue"] == text
}

/// Checks that this is an error as JSON, whose words contain each of `names`.
#[track_caller]
pub fn assert_error(answer: &Answer, status: u16, names: &[&str]) {
    assert_eq!(answer.status, status, "{answer:?}");
    let content_type = answer.header("Content-Type");
    assert_eq!(content_type, Some("application/json"), "{answer:?}");
    let json = answer.json();
    let error = json["error"].as_str().expect("the member error");
    assert!(!error.is_empty(), "{answer:?}");
    for name in names {
        assert!(error.contains(name), "{error:?} does not name {name:?}");
    }
}

/// Checks that the handler answers an order and a message on a new connection.
#[track_caller]
pub fn assert_serves(handler: &process::Handler) {
    let mut caller = connect(handler);
    let ordered = caller.ask(order("one more!"));
    assert!(is_ordered(&ordered, "one more!"), "{ordered:?}");
    let passed_on = caller.ask(message("one more!"));
    assert!(is_passed_on(&passed_on, "one more!"), "{passed_on:?}");
    assert_eq!(handler.exit_code(), None);
}

// Invocations that stay in flight as long as a test wants

/// Sends a GET and leaves its answer for later.
#[track_caller]
pub fn start_get(handler: &Handler, path: &str) -> Caller {
    let mut caller = connect(handler);
    caller.send(getting(path));
    caller
}

/// Starts invocations that only go on when all are in the function.
#[track_caller]
pub fn meet(handler: &Handler, count: usize) {
    let path = format!("/api/meets?n={count}");
    let meeting: Vec<_> = (0..count).map(|_| start_get(handler, &path)).collect();
    for mut caller in meeting {
        assert_eq!(caller.answer().text(), "met");
    }
}

/// Starts `count` invocations that stay in flight until [`release`].
pub fn hold(handler: &Handler, count: usize) -> Vec<Caller> {
    let hold = |_| start_get(handler, "/api/holds");
    let held = (0..count).map(hold).collect();
    let all_held = get(handler, &format!("/api/numbers?await=held&n={count}"));
    assert_eq!(all_held.status, 200);
    held
}

/// Releases the held invocations by a request of `caller`, and checks that each is answered.
#[track_caller]
pub fn release(caller: &mut Caller, held: Vec<Caller>) {
    let released = caller.ask(getting("/api/numbers?set=released&n=1"));
    assert_eq!(released.status, 200);
    for mut caller in held {
        assert_eq!(caller.answer().text(), "held");
    }
}

/// A connection with an order without its last chunk, and that chunk.
pub fn half_an_order(handler: &Handler) -> (Caller, Vec<u8>) {
    let mut whole = order("in flight!");
    let rest = whole.split_off(whole.len() - 60);
    let mut caller = connect(handler);
    caller.assert_in_step();
    caller.send(whole);
    (caller, rest)
}
