//! Which paths and methods there are: the readiness ping, those of functions, and no others.

use crate::requests::{ask, assert_error, get};
use crate::start::start;
use stand_in::http::{Connection, request};

#[test]
fn the_readiness_ping_is_answered() {
    let handler = start();
    let answer = get(&handler, "/");
    assert_eq!((answer.status, answer.text()), (200, ""));
    let mut connection = Connection::open(handler.port).unwrap();
    connection.send(b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    assert_eq!(connection.read_head_answer().unwrap().status, 200);
    assert_error(&ask(&handler, &request("POST", "/", &[], b"")), 405, &["POST"]);
}

#[test]
fn unknown_paths_and_methods_are_named() {
    let handler = start();
    assert_error(&get(&handler, "/nope?x=1"), 404, &["/nope"]);
    // An order cannot be carried out in forwarded form: there is no way to its queue.
    assert_error(&ask(&handler, &request("POST", "/api/order", &[], b"{}")), 404, &["/api/order"]);
    for path in ["/api", "/api/hello/x", "/api/hello//", "//api/hello", "*", "/hello/order"] {
        assert_error(&get(&handler, path), 404, &[path.trim_end_matches('/')]);
    }
    for (method, path, allow) in [
        ("DELETE", "/api/hello", "GET, POST"),
        ("get", "/api/hello", "GET, POST"),
        ("GET", "/order", "POST"),
        ("PUT", "/hello", "POST"),
    ] {
        let answer = ask(&handler, &request(method, path, &[], b""));
        assert_error(&answer, 405, &[method, path]);
        assert_eq!(answer.header("Allow"), Some(allow));
    }
}
