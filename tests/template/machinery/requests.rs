//! Requests that hosts send, and what is right about their answers.

use serde_json::{Value, json};
use stand_in::run::http::{self, Answer, Connection, request};
use stand_in::run::process::Handler;
use std::io::Read;

/// An invocation id, as the host makes them.
pub const ID: &str = "70734a6c-261f-4802-9a19-265034c703c3";

/// A file of tests/template/wire.
pub fn wire(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/template/wire/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Asks on a connection of its own.
pub fn ask(handler: &Handler, request: &[u8]) -> Answer {
    Connection::open(handler.port)
        .and_then(|mut connection| connection.exchange(request))
        .expect("an answer")
}

/// Asks for a path, on a connection of its own.
pub fn get(handler: &Handler, path: &str) -> Answer {
    ask(handler, &request("GET", path, &[], b""))
}

/// An invocation, as the host sends it.
pub fn invocation(path: &str, id: &str, payload: &[u8]) -> Vec<u8> {
    http::invocation("127.0.0.1", path, id, payload)
}

/// Invokes a function with this payload, on a connection of its own.
pub fn invoke(handler: &Handler, function: &str, payload: impl AsRef<[u8]>) -> Answer {
    let path = format!("/{function}");
    ask(handler, &invocation(&path, ID, payload.as_ref()))
}

/// A connection on which whatever goes wrong fails the test.
pub struct Caller(pub Connection);

/// Connects to the handler.
#[track_caller]
pub fn connect(handler: &Handler) -> Caller {
    Caller(Connection::open(handler.port).expect("a connection"))
}

#[track_caller]
fn sound<T>(result: std::io::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

impl Caller {
    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        sound(self.0.send(bytes.as_ref()));
        self
    }

    /// Reads the answer to what was sent.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        sound(self.0.read(true))
    }

    /// Sends a request and reads its answer.
    #[track_caller]
    pub fn ask(&mut self, request: &[u8]) -> Answer {
        sound(self.0.exchange(request))
    }

    /// Checks that the handler takes what comes next for the request that it is.
    #[track_caller]
    pub fn assert_in_step(&mut self) {
        let status = self.ask(&ping()).status;
        assert_eq!(status, 200, "the connection is out of step");
    }

    /// Sends no more.
    pub fn end(&mut self) -> &mut Self {
        // It fails where the handler has closed the connection already.
        let _ = self.0.socket().shutdown(std::net::Shutdown::Write);
        self
    }

    /// Sends no more, and reads all that comes until the handler closes the connection.
    #[track_caller]
    pub fn finish(&mut self) -> String {
        let mut bytes = Vec::new();
        sound(self.end().0.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A POST.
pub fn post(path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    request("POST", path, headers, body.as_ref())
}

/// The readiness ping.
pub fn ping() -> Vec<u8> {
    request("GET", "/", &[], b"")
}

/// The payload of an order with this body.
pub fn order_payload(body: &str) -> Vec<u8> {
    let length = body.len().to_string();
    let headers = json!({"Content-Type": ["text/plain"], "Content-Length": [length], "Host": ["localhost:7071"]});
    let url = "http://localhost:7071/api/order";
    let order = json!({"Url": url, "Method": "POST", "Query": {}, "Headers": headers, "Params": {}, "Body": body});
    json!({"Data": {"req": order}, "Metadata": {"sys": {"MethodName": "order"}}})
        .to_string()
        .into_bytes()
}

/// The payload of a queue message, encoded once more as the host does.
pub fn message_payload(message: &str) -> Vec<u8> {
    let metadata = json!({"DequeueCount": "1", "Id": "\"b4837edc-c19a-4608-a2b0-cc36f31b4736\""});
    json!({"Data": {"myQueueItem": json!(message).to_string()}, "Metadata": metadata})
        .to_string()
        .into_bytes()
}

/// An order.
pub fn order(body: &str) -> Vec<u8> {
    invocation("/order", ID, &order_payload(body))
}

/// A queue message.
pub fn message(text: &str) -> Vec<u8> {
    invocation("/MyQueueFunction", ID, &message_payload(text))
}

/// Whether this is the answer to an order of `body`, which is a text that the host leaves alone.
pub fn is_ordered(answer: &Answer, body: &str) -> bool {
    let outputs = json!({"message": body, "res": {"body": "Order enqueued"}});
    answer.status == 200
        && serde_json::from_slice(&answer.body).is_ok_and(|json: Value| json["Outputs"] == outputs)
}

/// Whether this is the answer to the queue message `text`, which is a text that the host leaves
/// alone.
pub fn is_passed_on(answer: &Answer, text: &str) -> bool {
    answer.status == 200
        && serde_json::from_slice(&answer.body).is_ok_and(|json: Value| json["ReturnValue"] == text)
}

/// Checks that this is an error as JSON, with words that hold each of `names`.
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

/// Checks that the handler is well: the very process answers an order and a message right, on a new
/// connection.
#[track_caller]
pub fn assert_serves(handler: &Handler) {
    let mut connection = Connection::open(handler.port).expect("a connection");
    let ordered = connection
        .exchange(&order("one more!"))
        .expect("an answer to an order");
    assert!(is_ordered(&ordered, "one more!"), "{ordered:?}");
    let passed_on = connection
        .exchange(&message("one more!"))
        .expect("an answer to a message");
    assert!(is_passed_on(&passed_on, "one more!"), "{passed_on:?}");
    assert_eq!(handler.exit_code(), None);
}
