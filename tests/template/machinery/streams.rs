//! Answers that are written while they are sent, by the functions of `app/streams.rs`.

#[cfg(target_os = "linux")]
use crate::probe;
use crate::requests::{ID, ask, assert_error, assert_serves, get};
use crate::start::start;
use serde_json::json;
use stand_in::run::http::{Connection, invocation, request};
use stand_in::run::process::{Handler, wait_for};
use std::io::Read;

/// Sends a request, and gives its connection with what was read: all up to `end`.
fn read_until(connection: &mut Connection, end: &str) -> String {
    let mut read = String::new();
    while !read.contains(end) {
        let mut piece = [0; 4096];
        let length = connection
            .socket()
            .read(&mut piece)
            .expect("more of the answer");
        assert!(length > 0, "the answer ended after {read:?}");
        read += std::str::from_utf8(&piece[..length]).expect("an answer in ASCII");
    }
    read
}

fn open(handler: &Handler, target: &str) -> Connection {
    let mut connection = Connection::open(handler.port).expect("a connection");
    let headers = [("X-Azure-Functions-InvocationId", ID)];
    connection
        .send(&request("GET", target, &headers, b""))
        .expect("sent");
    connection
}

fn allow(handler: &Handler, parts: usize) {
    assert_eq!(
        get(handler, &format!("/api/stream-control?parts={parts}")).text(),
        "allowed"
    );
}

/// Waits until so many streams have ended.
fn ended(handler: &Handler, count: usize) {
    assert_eq!(
        get(handler, &format!("/api/stream-control?ended={count}")).text(),
        "ended"
    );
}

#[test]
fn each_part_reaches_the_caller_when_it_is_written() {
    let handler = start();
    let mut connection = open(&handler, "/api/stream?parts=3");
    // The head does not wait for the first part, nor that for the second, which is not written
    // before it was read.
    let head = read_until(&mut connection, "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 201 Created\r\n"), "{head}");
    assert!(
        head.contains("Transfer-Encoding: chunked\r\n")
            && head.contains("Content-Type: text/event-stream\r\n")
    );
    assert!(!head.contains("Content-Length"), "{head}");
    for part in 1..=2 {
        allow(&handler, part);
        assert_eq!(
            read_until(&mut connection, "\n\n\r\n"),
            format!("9\r\ndata: {part}\n\n\r\n")
        );
    }
    allow(&handler, 3);
    assert_eq!(
        read_until(&mut connection, "\r\n0\r\n\r\n"),
        "9\r\ndata: 3\n\n\r\n0\r\n\r\n"
    );
    handler.wait_for_stdout(&format!("invocation {ID}: all parts written"));
    // The connection goes on.
    connection
        .send(&request("GET", "/api/logs", &[], b""))
        .unwrap();
    assert_eq!(connection.read_answer().unwrap().text(), "logged");
}

#[test]
fn a_caller_that_goes_away_ends_the_stream() {
    let handler = start();
    let mut connection = open(&handler, "/api/stream");
    allow(&handler, 1);
    read_until(&mut connection, "data: 1\n\n\r\n");
    drop(connection);
    // The next write may still go out; one soon after fails.
    allow(&handler, usize::MAX);
    ended(&handler, 1);
    handler.wait_for_stdout(&format!(
        "invocation {ID}: GET /api/stream: its answer could not be sent to the end"
    ));
    assert_eq!(handler.stderr(), "", "that a caller has left is no error");
    assert_serves(&handler);
}

#[test]
fn a_stream_that_fails_is_not_taken_for_a_whole_one() {
    let handler = start();
    allow(&handler, 2);
    for (count, end) in (1..).zip(["fail", "panic"]) {
        let mut connection = open(&handler, &format!("/api/stream?parts=2&end={end}"));
        let error = connection
            .read_answer()
            .expect_err("the chunks end in none");
        assert!(error.to_string().contains("the chunk length"), "{error}");
        ended(&handler, count);
        let line = format!(
            "invocation {ID}: GET /api/stream: after its answer had begun, function stream"
        );
        wait_for("a line for each stream", || {
            (handler.stderr().matches(&line).count() == count).then_some(())
        });
    }
    handler.wait_for_stderr("failed: as the test wants (at ");
    handler.wait_for_stderr("panicked at ");
    assert_serves(&handler);
}

#[test]
fn a_large_answer_takes_no_memory() {
    let handler = start();
    // Debug builds and others' tests beside this one: enough to see any that is kept.
    const MIB: usize = 256;
    let mut connection = open(&handler, &format!("/api/large?mib={MIB}"));
    let head = read_until(&mut connection, "\r\n\r\n");
    assert!(head.contains("chunked"), "{head}");
    let (mut read, mut piece) = (0, vec![0; 1 << 20]);
    while read < MIB << 20 {
        let length = connection
            .socket()
            .read(&mut piece)
            .expect("more of the answer");
        assert!(length > 0, "the answer ended after {read} bytes");
        read += length;
    }
    #[cfg(target_os = "linux")]
    {
        let most = probe::status(handler.pid(), "VmHWM");
        assert!(most < 32 * 1024, "{most} KiB");
    }
    assert_serves(&handler);
}

#[test]
fn a_slow_reader_holds_its_own_worker_only() {
    let handler = start();
    // More than the sockets hold: each write waits for a reader that never reads.
    let slow: Vec<_> = (0..20)
        .map(|_| open(&handler, "/api/large?mib=64"))
        .collect();
    for _ in 0..20 {
        assert_serves(&handler);
    }
    drop(slow);
    assert_serves(&handler);
}

#[test]
fn a_stream_is_not_called_where_there_is_no_body() {
    let handler = start();
    let mut connection = Connection::open(handler.port).unwrap();
    // It would wait to be allowed.
    connection
        .send(b"HEAD /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        .unwrap();
    let head = connection.read_head_answer().unwrap();
    assert_eq!(
        (head.status, head.header("Transfer-Encoding")),
        (201, Some("chunked"))
    );
    for status in [204, 304] {
        connection
            .send(&request(
                "GET",
                &format!("/api/odd-stream?status={status}"),
                &[],
                b"",
            ))
            .unwrap();
        let answer = connection.read_answer().unwrap();
        assert_eq!(
            (answer.status, answer.header("Transfer-Encoding")),
            (status, None)
        );
    }
    let head = json!({"Data": {"req": {"Method": "HEAD", "Url": "http://localhost/api/stream"}}});
    let answer = ask(
        &handler,
        &invocation("/stream", ID, head.to_string().as_bytes()),
    )
    .json();
    assert_eq!(
        (
            &answer["Outputs"]["res"]["statusCode"],
            &answer["Outputs"]["res"]["body"]
        ),
        (&json!(201), &json!(""))
    );
}

#[test]
fn a_stream_is_collected_for_those_who_take_no_chunks() {
    let handler = start();
    let expected = "caf\u{e9} ".to_owned() + &"y".repeat(200_000);
    let chunked = get(&handler, "/api/odd-stream");
    assert_eq!(
        (chunked.text(), chunked.header("Content-Type")),
        (&*expected, Some("text/plain; charset=utf-8"))
    );
    let old = |path: &str| {
        let mut connection = Connection::open(handler.port).unwrap();
        connection
            .send(format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").as_bytes())
            .unwrap();
        connection.read_answer().unwrap()
    };
    let answer = old("/api/odd-stream");
    assert_eq!(
        (answer.text(), answer.header("Transfer-Encoding")),
        (&*expected, None)
    );
    assert_eq!(old("/api/large?mib=16").body.len(), 16 << 20);
    assert_eq!(old("/api/large?mib=17").status, 500);

    let invoke = |target: &str| {
        let url = format!("http://localhost:7071/api/{target}");
        let payload = json!({"Data": {"req": {"Method": "GET", "Url": url}}}).to_string();
        let name = target.split('?').next().unwrap();
        ask(
            &handler,
            &invocation(&format!("/{name}"), ID, payload.as_bytes()),
        )
    };
    assert_eq!(
        invoke("odd-stream").json()["Outputs"]["res"]["body"],
        expected
    );
    assert_eq!(
        invoke("large?mib=16").json()["Outputs"]["res"]["body"]
            .as_str()
            .map(str::len),
        Some(16 << 20)
    );
    assert_error(&invoke("large?mib=17"), 500, &["longer than 16 MiB"]);
    allow(&handler, 2);
    assert_error(
        &invoke("stream?parts=2&end=fail"),
        500,
        &["as the test wants"],
    );
    assert_error(
        &invoke("stream?parts=2&end=panic"),
        500,
        &["as the test wants"],
    );
}
