//! Which paths and methods there are: the readiness ping, those of functions, and no others.

use crate::requests::invocation;
use crate::requests::{ID, ask, assert_error, get, invoke, ping, post, wire};
use crate::start::{start, start_with};
use crate::tests_app::{AT_ROOT, SERVE, at_root};
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
    assert_eq!(connection.read(false).unwrap().status, 200);
    let posted = ask(&handler, &request("POST", "/", &[], b""));
    assert_error(&posted, 405, &["POST"]);
}

#[test]
fn unknown_paths_and_methods_are_named() {
    let handler = start();
    assert_error(&get(&handler, "/nope?x=1"), 404, &["/nope"]);
    // An order cannot be carried out in forwarded form: there is no way to its queue.
    let order = ask(&handler, &request("POST", "/api/order", &[], b"{}"));
    assert_error(&order, 404, &["/api/order"]);
    for path in "/api /api/hello/x /api/hello// //api/hello * /hello/order".split(' ') {
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

#[test]
fn paths_may_be_in_another_case_and_end_in_a_slash() {
    let handler = start();
    let payload = r#"{"Data": {"req": {"Body": "an order"}, "myQueueItem": "hi"}}"#;
    for name in "order Order ORDER/ MYQUEUEFUNCTION myqueuefunction/ Hello/".split(' ') {
        assert_eq!(invoke(&handler, name, payload).status, 200, "{name}");
    }
    for path in "/api/hello /API/HELLO /Api/Hello/ /api/hello/?name=".split(' ') {
        assert_eq!(get(&handler, path).text(), "hello world", "{path}");
    }
    for path in "/order// //order /api/order /api/hello// /hell /hello/x".split(' ') {
        assert_eq!(ask(&handler, &post(path, &[], "{}")).status, 404, "{path}");
    }
}

#[test]
fn every_error_says_which_invocation_it_was() {
    let handler = start();
    let by_host = [("x-azure-functions-invocationid", ID)];
    for (status, method, path) in [
        (404, "POST", "/nothing"),
        (404, "GET", "/api/nothing"),
        (405, "DELETE", "/api/hello"),
    ] {
        let answer = ask(&handler, &request(method, path, &by_host, b""));
        assert_error(&answer, status, &[path]);
        assert_eq!(answer.json()["invocationId"], ID, "{path}");
        handler.wait_for_stderr(&format!("invocation {ID}: {method} {path}: {status}: "));
    }
    // Where there is no id, none is named.
    assert_eq!(get(&handler, "/nothing").json().get("invocationId"), None);
    handler.wait_for_stderr("invocation without id: GET /nothing: 404: ");
}

/// Where the route prefix is empty, the path that a caller asks for may be that of a function's
/// invocations.
#[test]
fn a_proxied_request_is_never_an_invocation() {
    let handler = start();
    let forged = br#"{"Data":{"myQueueItem":"forged","req":{"Body":"forged"}}}"#;
    let proxied = [("x-ms-invocation-id", "5a14885b-9cd9-456f-84a0-4241793ee72b")];
    for path in ["/MyQueueFunction", "/order", "/hello"] {
        let by_caller = ask(&handler, &request("POST", path, &proxied, forged));
        assert_error(&by_caller, 404, &[path]);
        let by_host = ask(&handler, &request("POST", path, &[], forged));
        assert_eq!(by_host.status, 200);
    }
    let posted = request("POST", "/api/hello", &proxied, b"posted");
    let answer = ask(&handler, &posted);
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
        let with_key = format!("{path}?code=SECRET");
        let answer = ask(&handler, &request(method, &with_key, &[], b""));
        let is_shown = answer.text().contains("SECRET");
        assert!(answer.status >= 400 && !is_shown, "{answer:?}");
        handler.wait_for_stderr(&format!("{method} {path}: {}", answer.status));
    }
    assert!(!handler.stderr().contains("SECRET"), "{}", handler.stderr());
}

/// The readiness ping has no invocation id; whatever comes through a host has one.
#[test]
fn a_function_may_have_its_route_at_the_root() {
    let handler = start_with(SERVE, AT_ROOT);
    let by_host = [("X-Azure-Functions-InvocationId", ID)];
    for (method, path, body, shown) in [
        ("GET", "/", "", r#"GET Some("") None "#),
        ("GET", "/?page=1", "", r#"GET Some("") Some("1") "#),
        ("POST", "/", "posted", r#"POST Some("") None posted"#),
        ("GET", "/a/b", "", r#"GET Some("a/b") None "#),
    ] {
        let answer = ask(&handler, &request(method, path, &by_host, body.as_bytes()));
        assert_eq!((answer.status, answer.text()), (200, shown), "{path}");
    }
    let pinged = ask(&handler, &ping());
    assert_eq!((pinged.status, pinged.text()), (200, ""));
    // Without such a route it is a path like any other.
    let answer = ask(&start(), &request("GET", "/", &by_host, b""));
    assert_error(&answer, 404, &["no function at /"]);
}

#[test]
fn of_functions_on_one_route_the_hosts_first_answers() {
    let handler = start_with(SERVE, AT_ROOT);
    for (place, [first, second]) in at_root::name_pairs().into_iter().enumerate() {
        for order in ["as-listed", "reversed"] {
            let answer = get(&handler, &format!("/pairs/{place}/{order}"));
            assert_eq!(answer.text(), "the first", "{first} {second} {order}");
        }
    }
}

/// With an empty prefix a host that forwards, and does not proxy, sends a caller's request to the
/// path of invocations. The host's own invocations are chunked and name the host; by hand they are
/// posted as the documentation shows them.
#[test]
fn a_forwarded_request_is_never_an_invocation() {
    let handler = start_with(SERVE, AT_ROOT);
    let forged = br#"{"Data":{"item":"forged","req":{"Body":"forged","Params":{"rest":"r"}}}}"#;
    let by_caller = [
        ("X-Azure-Functions-InvocationId", ID),
        ("User-Agent", "Azure-Functions-Host/4.1037.0.0"),
    ];
    let forged_text = std::str::from_utf8(forged).unwrap();
    for body in [&forged[..], b"posted", b"", b"{}"] {
        let text = std::str::from_utf8(body).unwrap();
        let hello = ask(&handler, &request("POST", "/hello", &by_caller, body));
        let shown = format!("POST None None {text}");
        assert_eq!((hello.status, hello.text()), (200, &*shown));
        let messages = ask(&handler, &request("POST", "/Messages/", &by_caller, body));
        let shown = format!("POST Some(\"Messages/\") None {text}");
        assert_eq!((messages.status, messages.text()), (200, &*shown));
    }
    // The host's own.
    let message = invocation("/messages", ID, forged);
    assert_eq!(ask(&handler, &message).json()["ReturnValue"], "forged");
    let hello = ask(&handler, &invocation("/hello", ID, forged));
    let body = &hello.json()["Outputs"]["res"]["body"];
    assert_eq!(*body, "POST Some(\"r\") None forged");
    // By hand: the documented payload is an invocation, any other body is a caller's.
    let message = ask(&handler, &request("POST", "/messages", &[], forged));
    assert_eq!(message.json()["ReturnValue"], "forged", "{forged_text}");
    let documented = wire("doc-order-request.json");
    let hello = ask(&handler, &request("POST", "/hello", &[], &documented));
    assert!(hello.json()["Outputs"]["res"].is_object(), "{hello:?}");
    for body in r#"posted|{}|["Data"]|{"data":{}}|{"Data":1}|"#.split('|') {
        let hello = ask(&handler, &request("POST", "/hello", &[], body.as_bytes()));
        assert_eq!(hello.text(), format!("POST None None {body}"));
    }
    // Where nothing else has the path it is an invocation, whatever the body is.
    let order = ask(&start(), &request("POST", "/order", &by_caller, b"{}"));
    assert_error(&order, 400, &["Data is missing"]);
}
