//! Invocations that stay in flight for as long as a test wants.

use crate::requests::{ID, get, order, ping};
use stand_in::run::http::{Connection, request};
use stand_in::run::process::Handler;

/// Sends a GET and leaves its answer for later.
pub fn start_get(handler: &Handler, path: &str) -> Connection {
    let mut connection = Connection::open(handler.port).expect("a connection");
    connection
        .send(&request(
            "GET",
            path,
            &[("X-Azure-Functions-InvocationId", ID)],
            b"",
        ))
        .expect("sent");
    connection
}

/// Starts `count` invocations that stay in flight until [`release`].
pub fn hold(handler: &Handler, count: usize) -> Vec<Connection> {
    let held = (0..count)
        .map(|_| start_get(handler, "/api/holds"))
        .collect();
    assert_eq!(
        get(handler, &format!("/api/releases?n={count}")).status,
        200
    );
    held
}

/// Lets the held invocations go on, and checks that each is answered.
pub fn release(handler: &Handler, held: Vec<Connection>) {
    assert_eq!(get(handler, "/api/releases").status, 200);
    for mut connection in held {
        assert_eq!(
            connection
                .read_answer()
                .expect("the answer to an invocation in flight")
                .text(),
            "held"
        );
    }
}

/// A connection with an order of which the last chunk is missing.
pub fn half_an_order(handler: &Handler) -> (Connection, Vec<u8>) {
    let whole = order("in flight!");
    let (first, rest) = whole.split_at(whole.len() - 60);
    let mut connection = Connection::open(handler.port).expect("a connection");
    assert_eq!(connection.exchange(&ping()).expect("an answer").status, 200);
    connection.send(first).expect("sent");
    (connection, rest.to_owned())
}
