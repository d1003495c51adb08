//! The front, as callers see it.

use crate::fake::{self, Served};
use crate::wait::wait_for;
use serde_json::{Value, json};
use stand_in::host::date::Date;
use stand_in::host::payload;
use stand_in::host::schedule::Schedule;
use stand_in::run::http::{Body, Connection, request};
use std::io::Read;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

const JSON: (&str, &str) = ("Content-Type", "application/json; charset=utf-8");

/// Sends a GET, and leaves the answer to the test.
fn get(connection: &mut Connection, path: &str) {
    let request = request("GET", path, &[], b"");
    connection.send(&request).unwrap();
}

/// All that comes until the connection ends.
fn rest(connection: &mut Connection) -> String {
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_connection_takes_requests_one_after_the_other() {
    let served = Served::start("one-after-the-other");
    let mut connection = served.connect();
    let mut ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let request = request(method, path, headers, body);
        connection.exchange(&request).unwrap()
    };
    for _ in 0..3 {
        let order = ask("POST", "/api/order", &[], b"{\"id\":1}");
        assert_eq!((order.status, order.text()), (200, "Order enqueued"));
        let plain = ask("GET", "/api/plain/7?x=1&x=2", &[("X-Own", "a")], b"");
        let first = "GET /api/plain/7?x=1&x=2\n";
        assert!(plain.text().starts_with(first), "{plain:?}");
        assert!(plain.text().contains("X-Own: a\n"), "{plain:?}");
        let length = ask("GET", "/api/length", &[], b"");
        assert_eq!((length.status, length.text()), (203, "hello"));
        assert_eq!(length.header("X-A"), Some("1"));
        assert_eq!(length.header("Connection"), None);
        let head = ask("HEAD", "/api/plain", &[], b"");
        assert_eq!(head.status, 200);
        assert_eq!(head.header("Content-Length"), Some("7"));
    }
    assert_eq!(served.storage.messages("orders").len(), 3);
    // Both at once: the second waits until the first is answered.
    let order = request("POST", "/api/order", &[], b"a");
    let length = request("GET", "/api/length", &[], b"");
    connection.send(&[order, length].concat()).unwrap();
    assert_eq!(connection.read(true).unwrap().text(), "Order enqueued");
    assert_eq!(connection.read(true).unwrap().text(), "hello");
}

#[test]
fn bodies_come_in_every_framing() {
    let served = Served::start("framing");
    let in_chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let header = ("Transfer-Encoding", "chunked");
    let answer = served.ask("POST", "/api/plain", &[header], in_chunks);
    assert!(answer.text().ends_with("\n\nabcde"), "{answer:?}");
    let seen = answer.text().contains("Transfer-Encoding: chunked\n");
    assert!(seen, "{answer:?}");

    let mut waiting = served.connect();
    let headers = [("Content-Length", "2"), ("Expect", "100-continue")];
    let head = request("POST", "/api/plain", &headers, b"");
    waiting.send(&head).unwrap();
    assert_eq!(waiting.read(true).unwrap().status, 100);
    waiting.send(b"hi").unwrap();
    assert!(waiting.read(true).unwrap().text().ends_with("\n\nhi"));

    let mut old = served.connect();
    old.send(b"GET /api/length HTTP/1.0\r\n\r\n").unwrap();
    let answer = rest(&mut old);
    let end = "Connection: close\r\n\r\nhello";
    assert!(answer.ends_with(end), "{answer}");
}

#[test]
fn an_answer_is_passed_on_as_it_comes() {
    let served = Served::start("as-it-comes");
    let mut connection = served.connect();
    get(&mut connection, "/api/stream");
    let (head, mut body) = connection.read_head(true).unwrap();
    assert_eq!((head.status, head.header("X-A")), (200, Some("1")));
    assert_eq!(body, Body::Chunked(0));
    let mut piece = || connection.read_piece(&mut body).unwrap();
    assert_eq!(piece().as_deref(), Some(&b"one"[..]));
    served.fake.go_on.store(true, SeqCst);
    assert_eq!(piece().as_deref(), Some(&b"two"[..]));
    assert_eq!(piece(), None);
    // And the connection goes on.
    get(&mut connection, "/api/length");
    assert_eq!(connection.read(true).unwrap().text(), "hello");
    // Without chunks it ends with the connection.
    let mut old = served.connect();
    old.send(b"GET /api/stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        .unwrap();
    let answer = rest(&mut old);
    let end = "Connection: close\r\n\r\nonetwo";
    assert!(answer.ends_with(end), "{answer}");
    assert!(!answer.contains("chunked"), "{answer}");
}

#[test]
fn a_caller_that_leaves_ends_the_handlers_connection() {
    for (path, first) in [("/api/stream", true), ("/api/silent", false)] {
        let served = Served::start(&format!("leaves{}", path.replace('/', "-")));
        let mut connection = served.connect();
        get(&mut connection, path);
        if first {
            let (_, mut body) = connection.read_head(true).unwrap();
            assert!(connection.read_piece(&mut body).unwrap().is_some());
        }
        assert!(!served.fake.left.load(SeqCst));
        drop(connection);
        wait_for("the handler to see it", || {
            served.fake.left.load(SeqCst).then_some(())
        });
        // It has what it has got, and no 500.
        let status = if first { Some(200) } else { None };
        let words = format!("the caller has gone\"), status: {status:?}");
        let ended = || served.has_event("Ended", &words).then_some(());
        wait_for("the host to see it", ended);
    }
}

/// It was certainly not carried out: no connection could be opened.
#[test]
fn a_request_after_a_crash_waits_for_the_next_handler() {
    let root = fake::app("after-a-crash");
    let (served, next) = (Served::start_process(&root), Served::start_process(&root));
    let crashed = served.current.get().unwrap();
    crashed.handler.kill();
    thread::scope(|scope| {
        let asked = scope.spawn(|| served.ask("GET", "/api/length", &[], b""));
        thread::sleep(Duration::from_millis(200));
        assert!(!asked.is_finished());
        served.current.replace(next.current.get().unwrap());
        assert_eq!(asked.join().unwrap().text(), "hello");
    });
    assert!(served.events.lock().unwrap().is_empty());
}

#[test]
fn an_answer_that_breaks_off_does_so_for_the_caller() {
    let served = Served::start("breaks-off");
    let mut connection = served.connect();
    get(&mut connection, "/api/broken");
    let answer = rest(&mut connection);
    assert!(answer.ends_with("\r\n\r\n3\r\none\r\n"), "{answer}");
    // The caller has a 200, whatever came after it.
    assert!(served.has_event("Ended", "status: Some(200)"));
}

/// Method, path, the answer's status, and words of it.
const REFUSED: &str = "\
GET / 200 stand-in
GET /api/nothing 404 order [POST] at /api/order
GET /api/order 404 no function takes GET /api/order; there are: 
GET /api/plain/x 404 plain [GET,POST] at /api/plain/{id:int?}
GET /local/queues 404 /local/queues/<queue>
GET /local/foo 404 nothing is at /local/foo; there are: GET /local;
GET /local/tables/rate 404 .local/tables/<table>.json
GET /local/blobs 404 /local/blobs/<container>
GET /local/blobs/local/blobs/local 404 no blob local/blobs/local
GET /local/queues/Jobs 400 a-z
GET /local/queues/%6aobs 200 []
GET /local/outputs/%73een/rows 200 []
GET /local/queues/j 400 3 to 63
DELETE /local/outputs/seen/rows 405 GET
PUT /local/queues/jobs 405 POST
GET /local/outputs/nothing/x 404 no function nothing
GET /local/outputs/seen/x 404 no output x; there are: rows
GET /local/outputs/order/message 404 /local/queues/orders
POST /local/outputs/seen/rows 405 GET
DELETE /local/blobs/things/a/b.txt 404 no blob things/a/b.txt
GET /local/blobs/things/a 404 no blob
PUT /local/blobs/things/%2e%2e%2fothers 400 leave the container
PUT /local/blobs/things/a%00b 400 NUL
PUT /local/blobs/things/a. 400 dot
PUT /local/blobs/Things/a 400 container's name
PUT /local/blobs/things/%C3%BC%20%23/x 400 a file already
PATCH /local/blobs/things/a 405 PUT
PUT /local/blobs/things 405 /local/blobs/<container>/<name>
GET /local/blobs/Things 400 container's name
GET /admin/functions/seen 405 POST
POST /admin/functions/seen 415 application/json";

#[test]
fn what_is_no_request_for_a_function_is_answered_in_words() {
    let served = Served::start("words");
    let blob = "/local/blobs/things/%C3%BC%20%23";
    assert_eq!(served.ask("PUT", blob, &[], b"").status, 201);
    for case in REFUSED.lines() {
        let mut parts = case.splitn(4, ' ');
        let [method, path, status, words] = [(); 4].map(|()| parts.next().unwrap());
        let body = if method == "GET" { "" } else { "x" };
        let answer = served.ask(method, path, &[], body.as_bytes());
        assert_eq!(answer.status.to_string(), status, "{case}: {answer:?}");
        assert!(answer.text().contains(words), "{case}: {answer:?}");
    }
    let mut connection = served.connect();
    connection.send(b"hello\r\n\r\n").unwrap();
    let answer = rest(&mut connection);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("\"hello\" is not a request"), "{answer}");
    let mut large = served.connect();
    let headers = [("Content-Length", "104857601")];
    let request = request("POST", "/api/order", &headers, &[b'x'; 100_000]);
    large.send(&request).unwrap();
    let answer = large.read(true).unwrap();
    assert_eq!(answer.status, 413, "{answer:?}");
    assert!(answer.text().contains("100 MiB"), "{answer:?}");
}

#[test]
fn a_status_line_says_what_its_status_means() {
    let served = Served::start("reasons");
    for case in [
        "GET / 200 OK",
        "GET /api/length 203 ",
        "GET /local/queues/j 400 Bad Request",
        "GET /api/nothing 404 Not Found",
        "PUT /local/queues/jobs 405 Method Not Allowed",
        "POST /admin/functions/seen 415 Unsupported Media Type",
    ] {
        let (method, rest_of_it) = case.split_once(' ').unwrap();
        let (path, line) = rest_of_it.split_once(' ').unwrap();
        let mut connection = served.connect();
        let request = request(method, path, &[("Connection", "close")], b"");
        connection.send(&request).unwrap();
        let answer = rest(&mut connection);
        let line = format!("HTTP/1.1 {line}\r\n");
        assert!(answer.starts_with(&line), "{case}: {answer}");
    }
}

#[test]
fn queues_and_outputs_can_be_seen() {
    let served = Served::start("local");
    let get = |path: &str| served.ask("GET", path, &[], b"");
    let jobs = "/local/queues/jobs";
    assert_eq!(get(jobs).json(), json!([]));
    for message in [&b"hi"[..], b"\xff", b"{\n  \"a\": 1\n}", b""] {
        assert_eq!(served.ask("POST", jobs, &[], message).status, 201);
    }
    let shown = json!(["hi", {"base64": "/w=="}, "{\"a\":1}", ""]);
    assert_eq!(get(jobs).json(), shown);
    assert_eq!(get(jobs).json(), shown);
    let too_large = served.ask("POST", jobs, &[], &[b'x'; 49_153]);
    assert_eq!(too_large.status, 413);
    assert!(too_large.text().contains("49152"));
    assert_eq!(get("/local/outputs/seen/rows").json(), json!([]));
    let all = get("/local").json();
    assert_eq!(all["queues"], json!({"jobs": 4}));
    let names = all["functions"].as_array().unwrap();
    assert!(names.contains(&json!("seen")));
    let next = all["timers"]["seen"].as_str().unwrap();
    assert!(next.ends_with("T03:00:00Z"));
    assert!(Date::now().until(Date::parse(next).unwrap()) > 0);
    assert_eq!(served.ask("DELETE", jobs, &[], b"").status, 204);
    assert_eq!(get(jobs).json(), json!([]));
}

/// Whoever writes a tool sees in the terminal what its clients get.
#[test]
fn an_error_for_an_mcp_client_is_noted() {
    let arguments = r#"[{"propertyName":"item","propertyType":"string","description":"Which.","isRequired":true}]"#;
    let tool = json!({"type": "mcpToolTrigger", "direction": "in", "name": "context",
        "toolName": "price", "description": "The price.", "toolProperties": arguments});
    let root = fake::app_with("mcp", &[("fails", &tool.to_string())]);
    let served = Served::start_at(&root);
    let accept = ("Accept", "application/json, text/event-stream");
    for (params, words) in [
        (json!({"name": "prices"}), "Unknown tool: 'prices'"),
        (json!({"name": "price"}), "Please provide: item"),
        (
            json!({"name": "price", "arguments": {"item": "tea"}}),
            "An error occurred invoking 'price'.",
        ),
    ] {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let call = call.to_string();
        let path = "/runtime/webhooks/mcp";
        let answer = served.ask("POST", path, &[JSON, accept], call.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(served.has_event("the MCP client gets an error", words));
    }
}

#[test]
fn blobs_are_seen_and_changed_by_curl() {
    let served = Served::start("blobs");
    let ask = |method: &str, path: &str, body: &[u8]| served.ask(method, path, &[], body);
    for name in ["a/b.txt", "%C3%BC%20%23"] {
        let path = format!("/local/blobs/things/{name}");
        assert_eq!(ask("PUT", &path, name.as_bytes()).status, 201);
        let found = ask("GET", &path, b"");
        assert_eq!((found.status, found.text()), (200, name));
    }
    assert!(served.has_event("Noted", "blob things/a/b.txt: 7 bytes"));
    let listed = json!([{"name": "a/b.txt", "size": 7}, {"name": "\u{fc} #", "size": 12}]);
    assert_eq!(ask("GET", "/local/blobs/things", b"").json(), listed);
    let containers = &ask("GET", "/local", b"").json()["containers"];
    assert_eq!(*containers, json!(["things"]));
    let path = "/local/blobs/things/a/b.txt";
    assert_eq!(ask("DELETE", path, b"").status, 204);
    assert_eq!(ask("GET", path, b"").status, 404);
    assert_eq!(ask("GET", "/local/blobs/none", b"").json(), json!([]));
}

#[test]
fn every_function_can_be_run_by_hand() {
    let served = Served::start("by-hand");
    let run = |function: &str, body: &str| {
        let path = format!("/admin/functions/{function}");
        served.ask("POST", &path, &[JSON], body.as_bytes())
    };
    let written = |path: &str| {
        wait_for(path, || {
            let written = served.ask("GET", path, &[], b"").json();
            written.as_array().expect("a list").last().cloned()
        })
    };
    assert_eq!(run("SEEN", "{}").status, 202);
    let seen = written("/local/outputs/seen/rows");
    let timer = &seen["data"]["timer"];
    let next = timer["ScheduleStatus"]["Next"].as_str();
    let schedule = Schedule::parse("0 0 3 * * *").expect("a schedule");
    let expected = payload::timer_value(&schedule, next.and_then(Date::parse), None);
    assert_eq!(*timer, expected);
    assert_eq!(seen["data"]["row"], "null");
    let lacks = "its input row gets nothing: .local/seen.row is not there";
    assert!(served.has_event("Warned { function: \"seen\", id: ", lacks));

    let blob = "/local/blobs/ins/a%20cat.png";
    assert_eq!(served.ask("PUT", blob, &[], b"the bytes").status, 201);
    for (function, input, path) in [
        ("order", "an order", "/local/queues/orders"),
        ("copy", "a message", "/local/queues/copy-in"),
        ("blobs", "ins/a cat.png", "/local/outputs/blobs/outs"),
    ] {
        let body = json!({"input": input}).to_string();
        assert_eq!(run(function, &body).status, 202);
        let expected = if function == "blobs" {
            "the bytes"
        } else {
            input
        };
        assert_eq!(written(path), expected);
    }
    assert!(served.has_event("Written", "to: \"outs/a cat\""));
    let blob = served.ask("GET", "/local/blobs/outs/a%20cat", &[], b"");
    assert_eq!(blob.text(), "the bytes");
    let event = r#"{"input":"{\"id\":\"1\",\"data\":{\"a\":1}}"}"#;
    assert_eq!(run("events", event).status, 202);
    let rows = written("/local/outputs/events/rows");
    assert_eq!(rows["data"]["event"]["id"], "1");
    for (input, words) in [
        ("ins/none.png", "there is no blob ins/none.png"),
        ("none", "no name of a blob"),
    ] {
        let body = json!({"input": input}).to_string();
        assert_eq!(run("blobs", &body).status, 202);
        let noted = || served.has_event("Noted", words).then_some(());
        wait_for(words, noted);
    }

    for (function, body, status, words) in [
        ("seen", "{\"input\":1}", 400, "a text"),
        ("seen", "[]", 400, "{\"input\""),
        ("seen", "{", 400, "is not JSON"),
        (
            "nothing",
            "{}",
            404,
            "there are: blobs, broken, circle, copy",
        ),
    ] {
        let answer = run(function, body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.text().contains(words), "{answer:?}");
    }
}

#[test]
fn inputs_are_files() {
    let served = Served::start("inputs");
    let local = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("app-inputs/.local");
    std::fs::create_dir_all(&local).unwrap();
    std::fs::write(local.join("seen.row"), r#"{"Price":7}"#).unwrap();
    std::fs::write(local.join("blobs.item"), b"\xffpng").unwrap();
    let written = |function, input: &str, binding| {
        let body = json!({"input": input}).to_string();
        let path = format!("/admin/functions/{function}");
        let answer = served.ask("POST", &path, &[JSON], body.as_bytes());
        assert_eq!(answer.status, 202);
        let last = || served.storage.written(function, binding).pop();
        wait_for("an output", last)
    };
    let seen: Value = written("seen", "", "rows");
    assert_eq!(seen["data"]["row"], json!({"Price": 7}));
    let bytes = json!({"base64": "/3BuZw=="});
    assert_eq!(written("blobs", "ins/cat.png", "outs"), bytes);
}
