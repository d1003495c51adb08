//! The front, as callers see it.

use crate::fake::{self, Served};
use serde_json::json;
use stand_in::host::date::Date;
use stand_in::host::payload;
use stand_in::host::schedule::Schedule;
use stand_in::run::http::{Answer, Body, request};
use stand_in::run::process::wait_for;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

#[test]
fn a_connection_takes_requests_one_after_the_other() {
    let served = Served::start("one-after-the-other");
    let mut connection = served.connect();
    for _ in 0..3 {
        let order = connection
            .exchange(&request("POST", "/api/order", &[], b"{\"id\":1}"))
            .unwrap();
        assert_eq!((order.status, order.text()), (200, "Order enqueued"));
        let plain = connection
            .exchange(&request(
                "GET",
                "/api/plain/7?x=1&x=2",
                &[("X-Own", "a")],
                b"",
            ))
            .unwrap();
        assert!(
            plain.text().starts_with("GET /api/plain/7?x=1&x=2\n")
                && plain.text().contains("X-Own: a\n"),
            "{plain:?}"
        );
        let length = connection
            .exchange(&request("GET", "/api/length", &[], b""))
            .unwrap();
        assert_eq!(
            (length.status, length.text(), length.header("X-A")),
            (203, "hello", Some("1"))
        );
        assert_eq!(length.headers_named("Connection"), [""; 0]);
        let head = connection
            .exchange(&request("HEAD", "/api/plain", &[], b""))
            .unwrap();
        assert_eq!(
            (head.status, head.header("Content-Length")),
            (200, Some("7"))
        );
    }
    assert_eq!(served.storage.messages("orders").len(), 3);
    // Both at once: the second waits until the first is answered.
    let both = [
        request("POST", "/api/order", &[], b"a"),
        request("GET", "/api/length", &[], b""),
    ]
    .concat();
    connection.send(&both).unwrap();
    assert_eq!(connection.read_answer().unwrap().text(), "Order enqueued");
    assert_eq!(connection.read_answer().unwrap().text(), "hello");
}

#[test]
fn bodies_come_in_every_framing() {
    let served = Served::start("framing");
    let chunked = request(
        "POST",
        "/api/plain",
        &[("Transfer-Encoding", "chunked")],
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    );
    let answer = served.connect().exchange(&chunked).unwrap();
    assert!(
        answer.text().ends_with("\n\nabcde")
            && answer.text().contains("Transfer-Encoding: chunked\n"),
        "{answer:?}"
    );

    let mut waiting = served.connect();
    let head = request(
        "POST",
        "/api/plain",
        &[("Content-Length", "2"), ("Expect", "100-continue")],
        b"",
    );
    waiting.send(&head).unwrap();
    assert_eq!(waiting.read_answer_or_interim().unwrap().status, 100);
    waiting.send(b"hi").unwrap();
    assert!(waiting.read_answer().unwrap().text().ends_with("\n\nhi"));

    let mut old = served.connect();
    old.send(b"GET /api/length HTTP/1.0\r\n\r\n").unwrap();
    let answer = String::from_utf8(old.read_to_end().unwrap()).unwrap();
    assert!(
        answer.ends_with("Connection: close\r\n\r\nhello"),
        "{answer}"
    );
}

#[test]
fn an_answer_is_passed_on_as_it_comes() {
    let served = Served::start("as-it-comes");
    let mut connection = served.connect();
    connection
        .send(&request("GET", "/api/stream", &[], b""))
        .unwrap();
    let (head, mut body) = connection.read_head(true).unwrap();
    assert_eq!(
        (head.status, head.header("X-A"), &body),
        (200, Some("1"), &Body::Chunked(0))
    );
    assert_eq!(
        connection.read_piece(&mut body).unwrap().as_deref(),
        Some(&b"one"[..])
    );
    served.fake.go_on.store(true, SeqCst);
    assert_eq!(
        connection.read_piece(&mut body).unwrap().as_deref(),
        Some(&b"two"[..])
    );
    assert_eq!(connection.read_piece(&mut body).unwrap(), None);
    // And the connection goes on.
    assert_eq!(
        connection
            .exchange(&request("GET", "/api/length", &[], b""))
            .unwrap()
            .text(),
        "hello"
    );
    // Without chunks it ends with the connection.
    let mut old = served.connect();
    old.send(b"GET /api/stream HTTP/1.0\r\n\r\n").unwrap();
    let answer = String::from_utf8(old.read_to_end().unwrap()).unwrap();
    assert!(
        answer.ends_with("Connection: close\r\n\r\nonetwo") && !answer.contains("chunked"),
        "{answer}"
    );
}

#[test]
fn a_caller_that_leaves_ends_the_handlers_connection() {
    for (path, first) in [("/api/stream", true), ("/api/silent", false)] {
        let served = Served::start(&format!("leaves{}", path.replace('/', "-")));
        let mut connection = served.connect();
        connection.send(&request("GET", path, &[], b"")).unwrap();
        if first {
            let (_, mut body) = connection.read_head(true).unwrap();
            assert!(connection.read_piece(&mut body).unwrap().is_some());
        }
        assert!(!served.fake.left.load(SeqCst));
        drop(connection);
        wait_for("the handler to see it", || {
            served.fake.left.load(SeqCst).then_some(())
        });
        wait_for("the host to see it", || {
            let events = served.events.lock().unwrap();
            events
                .iter()
                .any(|event| event.contains("Ended") && event.contains("the caller has gone"))
                .then_some(())
        });
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
    connection
        .send(&request("GET", "/api/broken", &[], b""))
        .unwrap();
    let bytes = connection.read_to_end().unwrap();
    assert!(
        bytes.ends_with(b"\r\n\r\n3\r\none\r\n"),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
}

#[test]
fn what_is_no_request_for_a_function_is_answered_in_words() {
    let served = Served::start("words");
    let says = |answer: &Answer, status: u16, words: &str| {
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(
            answer.text().contains(words),
            "{answer:?} does not contain {words:?}"
        );
    };
    says(&served.ask("GET", "/", &[], b""), 200, "stand-in");
    says(
        &served.ask("GET", "/api/nothing", &[], b""),
        404,
        "order [POST] at /api/order",
    );
    says(
        &served.ask("GET", "/api/order", &[], b""),
        404,
        "no function takes GET /api/order; there are: ",
    );
    says(
        &served.ask("GET", "/api/plain/x", &[], b""),
        404,
        "plain [GET,POST] at /api/plain/{id:int?}",
    );
    let mut connection = served.connect();
    connection.send(b"hello\r\n\r\n").unwrap();
    says(&connection.read_answer().unwrap(), 400, "is not a request");
    assert_eq!(connection.read_to_end().unwrap(), b"");
    let mut large = served.connect();
    large
        .send(&request(
            "POST",
            "/api/order",
            &[("Content-Length", "104857601")],
            &[b'x'; 100_000],
        ))
        .unwrap();
    says(&large.read_answer().unwrap(), 413, "100 MiB");
}

#[test]
fn a_status_line_says_what_its_status_means() {
    let served = Served::start("reasons");
    for (method, path, line) in [
        ("GET", "/", "200 OK"),
        ("GET", "/api/length", "203 "),
        ("GET", "/local/queues/j", "400 Bad Request"),
        ("GET", "/api/nothing", "404 Not Found"),
        ("PUT", "/local/queues/jobs", "405 Method Not Allowed"),
        ("POST", "/admin/functions/seen", "415 "),
    ] {
        let mut connection = served.connect();
        connection
            .send(&request(method, path, &[("Connection", "close")], b""))
            .unwrap();
        let answer = String::from_utf8(connection.read_to_end().unwrap()).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {line}\r\n")),
            "{method} {path}: {answer}"
        );
    }
}

#[test]
fn queues_and_outputs_can_be_seen() {
    let served = Served::start("local");
    let get = |path: &str| served.ask("GET", path, &[], b"");
    assert_eq!(get("/local/queues/jobs").json(), json!([]));
    for message in [&b"hi"[..], b"\xff", b"{\n  \"a\": 1\n}", b""] {
        assert_eq!(
            served
                .ask("POST", "/local/queues/jobs", &[], message)
                .status,
            201
        );
    }
    let shown = json!(["hi", {"base64": "/w=="}, "{\"a\":1}", ""]);
    assert_eq!(get("/local/queues/jobs").json(), shown);
    assert_eq!(get("/local/queues/jobs").json(), shown);
    let too_large = served.ask("POST", "/local/queues/jobs", &[], &[b'x'; 49_153]);
    assert_eq!(
        (too_large.status, too_large.text().contains("49152")),
        (413, true)
    );
    for (method, path, status, words) in [
        ("GET", "/local/queues/Jobs", 400, "a-z"),
        ("GET", "/local/queues/j", 400, "3 to 63"),
        ("DELETE", "/local/outputs/seen/rows", 405, "GET"),
        ("PUT", "/local/queues/jobs", 405, "POST"),
        (
            "GET",
            "/local/outputs/nothing/x",
            404,
            "no function nothing",
        ),
        ("GET", "/local/outputs/seen/x", 404, "no output x"),
        (
            "GET",
            "/local/outputs/order/message",
            404,
            "/local/queues/orders",
        ),
        ("POST", "/local/outputs/seen/rows", 405, "GET"),
    ] {
        let answer = served.ask(method, path, &[], b"");
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.text().contains(words), "{answer:?}");
    }
    assert_eq!(get("/local/outputs/seen/rows").json(), json!([]));
    let all = get("/local").json();
    assert_eq!(all["queues"], json!({"jobs": 4}));
    assert!(
        all["functions"]
            .as_array()
            .is_some_and(|names| names.contains(&json!("seen")))
    );
    let next = all["timers"]["seen"]
        .as_str()
        .and_then(Date::parse)
        .expect("a date");
    assert!(Date::now().until(next) > 0 && next.iso().ends_with("T03:00:00Z"));
    assert_eq!(
        served.ask("DELETE", "/local/queues/jobs", &[], b"").status,
        204
    );
    assert_eq!(get("/local/queues/jobs").json(), json!([]));
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
    let listed = json!([{"name": "a/b.txt", "size": 7}, {"name": "\u{fc} #", "size": 12}]);
    assert_eq!(ask("GET", "/local/blobs/things", b"").json(), listed);
    assert_eq!(
        ask("GET", "/local", b"").json()["containers"],
        json!(["things"])
    );
    assert_eq!(
        ask("DELETE", "/local/blobs/things/a/b.txt", b"").status,
        204
    );
    assert_eq!(ask("GET", "/local/blobs/none", b"").json(), json!([]));
    for (method, path, status, words) in [
        (
            "DELETE",
            "/local/blobs/things/a/b.txt",
            404,
            "no blob things/a/b.txt",
        ),
        ("GET", "/local/blobs/things/a", 404, "no blob"),
        (
            "PUT",
            "/local/blobs/things/%2e%2e%2fothers",
            400,
            "leave the container",
        ),
        ("PUT", "/local/blobs/things/a%00b", 400, "NUL"),
        ("PUT", "/local/blobs/things/a.", 400, "dot"),
        ("PUT", "/local/blobs/Things/a", 400, "container's name"),
        (
            "PUT",
            "/local/blobs/things/%C3%BC%20%23/x",
            400,
            "a file already",
        ),
        ("PATCH", "/local/blobs/things/a", 405, "PUT"),
        (
            "PUT",
            "/local/blobs/things",
            405,
            "/local/blobs/container/name",
        ),
        ("GET", "/local/blobs/Things", 400, "container's name"),
    ] {
        let answer = ask(method, path, b"x");
        assert_eq!(answer.status, status, "{method} {path} {answer:?}");
        assert!(answer.text().contains(words), "{method} {path} {answer:?}");
    }
}

#[test]
fn every_function_can_be_run_by_hand() {
    let served = Served::start("by-hand");
    let json_type = ("Content-Type", "application/json; charset=utf-8");
    let run = |function: &str, body: &str| {
        served.ask(
            "POST",
            &format!("/admin/functions/{function}"),
            &[json_type],
            body.as_bytes(),
        )
    };
    let written = |path: &str| {
        wait_for(path, || {
            let written = served.ask("GET", path, &[], b"").json();
            written.as_array().expect("a list").last().cloned()
        })
    };
    assert_eq!(run("SEEN", "{}").status, 202);
    let seen = written("/local/outputs/seen/rows");
    assert_eq!(
        seen["data"]["timer"],
        payload::timer_value(
            &Schedule::parse("0 0 3 * * *").expect("a schedule"),
            seen["data"]["timer"]["ScheduleStatus"]["Next"]
                .as_str()
                .and_then(Date::parse),
            None
        )
    );
    assert_eq!(seen["data"]["row"], "null");
    let noted = |words: &str| {
        served
            .events
            .lock()
            .unwrap()
            .iter()
            .any(|event| event.contains("Noted") && event.contains(words))
    };
    assert!(noted("seen gets no row") && noted(".local/seen.row"));

    assert_eq!(run("order", r#"{"input":"an order"}"#).status, 202);
    assert_eq!(written("/local/queues/orders"), "an order");
    assert_eq!(run("copy", r#"{"input":"a message"}"#).status, 202);
    assert_eq!(written("/local/queues/copy-in"), "a message");
    assert_eq!(
        run("events", r#"{"input":"{\"id\":\"1\",\"data\":{\"a\":1}}"}"#).status,
        202
    );
    assert_eq!(
        written("/local/outputs/events/rows")["data"]["event"]["id"],
        "1"
    );

    let blob = "/local/blobs/ins/a%20cat.png";
    assert_eq!(served.ask("PUT", blob, &[], b"the bytes").status, 201);
    assert_eq!(run("blobs", r#"{"input":"ins/a cat.png"}"#).status, 202);
    assert_eq!(written("/local/outputs/blobs/outs"), "the bytes");
    assert_eq!(
        served
            .ask("GET", "/local/blobs/outs/a%20cat", &[], b"")
            .text(),
        "the bytes"
    );
    for (input, words) in [
        ("ins/none.png", "there is no blob ins/none.png"),
        ("none", "no name of a blob"),
    ] {
        assert_eq!(
            run("blobs", &json!({"input": input}).to_string()).status,
            202
        );
        wait_for(words, || noted(words).then_some(()));
    }

    for (body, headers, status, words) in [
        ("{}", vec![], 415, "application/json"),
        ("{\"input\":1}", vec![json_type], 400, "a text"),
        ("[]", vec![json_type], 400, "{\"input\""),
        ("{", vec![json_type], 400, "is not JSON"),
    ] {
        let answer = served.ask("POST", "/admin/functions/seen", &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.text().contains(words), "{answer:?}");
    }
    assert_eq!(
        served.ask("GET", "/admin/functions/seen", &[], b"").status,
        405
    );
    let nothing = run("nothing", "{}");
    assert_eq!(
        (
            nothing.status,
            nothing
                .text()
                .contains("there are: blobs, broken, circle, copy")
        ),
        (404, true)
    );
}

#[test]
fn inputs_are_files() {
    let served = Served::start("inputs");
    let local = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("app-inputs/.local");
    std::fs::create_dir_all(&local).unwrap();
    std::fs::write(local.join("seen.row"), r#"{"Price":7}"#).unwrap();
    std::fs::write(local.join("blobs.item"), b"\xffpng").unwrap();
    for (function, input) in [("seen", ""), ("blobs", "ins/cat.png")] {
        let body = json!({"input": input}).to_string();
        let path = format!("/admin/functions/{function}");
        assert_eq!(
            served
                .ask(
                    "POST",
                    &path,
                    &[("Content-Type", "application/json")],
                    body.as_bytes()
                )
                .status,
            202
        );
    }
    let written = |function, binding| {
        wait_for("an output", || {
            served.storage.written(function, binding).pop()
        })
    };
    assert_eq!(written("seen", "rows")["data"]["row"], json!({"Price": 7}));
    assert_eq!(written("blobs", "outs"), json!({"base64": "/3BuZw=="}));
}
