//! Which paths and methods there are: the readiness ping, those of functions, and no others.

use crate::requests::{ask, assert_error, get};
use crate::start::start;
use stand_in::run::http::{Connection, request};

#[test]
fn the_readiness_ping_is_answered() {
    let handler = start();
    let answer = get(&handler, "/");
    assert_eq!((answer.status, answer.text()), (200, ""));
    let mut connection = Connection::open(handler.port).unwrap();
    connection
        .send(b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        .unwrap();
    assert_eq!(connection.read_head_answer().unwrap().status, 200);
    assert_error(
        &ask(&handler, &request("POST", "/", &[], b"")),
        405,
        &["POST"],
    );
}

#[test]
fn unknown_paths_and_methods_are_named() {
    let handler = start();
    assert_error(&get(&handler, "/nope?x=1"), 404, &["/nope"]);
    // An order cannot be carried out in forwarded form: there is no way to its queue.
    assert_error(
        &ask(&handler, &request("POST", "/api/order", &[], b"{}")),
        404,
        &["/api/order"],
    );
    for path in [
        "/api",
        "/api/hello/x",
        "/api/hello//",
        "//api/hello",
        "*",
        "/hello/order",
    ] {
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

/// Where the route prefix is empty, the path that a caller asks for may be that of a function's
/// invocations.
#[test]
fn a_proxied_request_is_never_an_invocation() {
    let handler = start();
    let forged = br#"{"Data":{"myQueueItem":"forged","req":{"Body":"forged"}}}"#;
    let proxied = [("x-ms-invocation-id", "5a14885b-9cd9-456f-84a0-4241793ee72b")];
    for path in ["/MyQueueFunction", "/order", "/hello"] {
        assert_error(
            &ask(&handler, &request("POST", path, &proxied, forged)),
            404,
            &[path],
        );
        assert_eq!(
            ask(&handler, &request("POST", path, &[], forged)).status,
            200
        );
    }
    let answer = ask(
        &handler,
        &request("POST", "/api/hello", &proxied, b"posted"),
    );
    assert_eq!((answer.status, answer.text()), (200, "posted"));
}

/// It may hold a function key.
#[test]
fn a_query_is_shown_nowhere() {
    let handler = start();
    for (method, path) in [
        ("GET", "/nope"),
        ("DELETE", "/api/hello"),
        ("GET", "/api/fails"),
        ("GET", "/api/panics"),
    ] {
        let answer = ask(
            &handler,
            &request(method, &format!("{path}?code=SECRET"), &[], b""),
        );
        assert!(
            answer.status >= 400 && !answer.text().contains("SECRET"),
            "{answer:?}"
        );
        handler.wait_for_stderr(&format!("{method} {path}: {}", answer.status));
    }
    assert!(!handler.stderr().contains("SECRET"), "{}", handler.stderr());
}
