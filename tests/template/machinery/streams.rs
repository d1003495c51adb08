//! Answers that are written while they are sent, by the functions of `app/streams.rs`.

use crate::handler::Handler;
use crate::in_flight::start_get;
#[cfg(target_os = "linux")]
use crate::probe;
use crate::requests::{Caller, ID, assert_error, assert_serves, connect, get, invoke};
use crate::start::start;
use crate::wait::wait_for;
use serde_json::json;
use stand_in::run::http::{Answer, request};
use std::io::Read;

/// Reads some more of an answer.
#[track_caller]
fn read_piece<'p>(caller: &Caller, piece: &'p mut [u8]) -> &'p [u8] {
    let length = caller.0.socket().read(piece).expect("more of the answer");
    assert!(length > 0, "the answer ended too early");
    &piece[..length]
}

/// Reads an answer up to `end`.
#[track_caller]
fn read_until(caller: &Caller, end: &str) -> String {
    let mut read = String::new();
    while !read.contains(end) {
        read += std::str::from_utf8(read_piece(caller, &mut [0; 4096])).expect("ASCII");
    }
    read
}

/// Lets streams write so many parts.
#[track_caller]
fn allow(handler: &Handler, parts: usize) {
    let path = format!("/api/numbers?set=parts&n={parts}");
    assert_eq!(get(handler, &path).status, 200);
}

/// Waits until so many streams have ended.
#[track_caller]
fn ended(handler: &Handler, count: usize) {
    let path = format!("/api/numbers?await=ended&n={count}");
    assert_eq!(get(handler, &path).status, 200);
}

#[test]
fn each_part_reaches_the_caller_when_it_is_written() {
    let handler = start();
    let mut caller = start_get(&handler, "/api/stream?parts=3");
    // The head does not wait for the first part, nor that for the second, which is not written
    // before it was read.
    let head = read_until(&caller, "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 201 Created\r\n"), "{head}");
    for header in [
        "Transfer-Encoding: chunked\r\n",
        "Content-Type: text/event-stream\r\n",
    ] {
        assert!(head.contains(header), "{head}");
    }
    assert!(!head.contains("Content-Length"), "{head}");
    for part in 1..=2 {
        allow(&handler, part);
        let chunk = read_until(&caller, "\n\n\r\n");
        assert_eq!(chunk, format!("9\r\ndata: {part}\n\n\r\n"));
    }
    allow(&handler, 3);
    let rest = read_until(&caller, "\r\n0\r\n\r\n");
    assert_eq!(rest, "9\r\ndata: 3\n\n\r\n0\r\n\r\n");
    handler.wait_for_stdout(&format!("invocation {ID}: all parts written"));
    caller.assert_in_step();
}

#[test]
fn a_caller_that_goes_away_ends_the_stream() {
    let handler = start();
    let caller = start_get(&handler, "/api/stream");
    allow(&handler, 1);
    read_until(&caller, "data: 1\n\n\r\n");
    drop(caller);
    // The next write may still go out; one soon after fails.
    allow(&handler, usize::MAX);
    ended(&handler, 1);
    let line = "GET /api/stream: its answer could not be sent to the end";
    handler.wait_for_stdout(&format!("invocation {ID}: {line}"));
    assert_eq!(
        handler.stderr(),
        "",
        "that a caller has left is not an error"
    );
    assert_serves(&handler);
}

#[test]
fn a_stream_that_fails_is_not_taken_for_a_whole_one() {
    let handler = start();
    allow(&handler, 2);
    for (count, end) in (1..).zip(["fail", "panic"]) {
        let mut caller = start_get(&handler, &format!("/api/stream?parts=2&end={end}"));
        let error = caller.0.read(true).expect_err("an invalid last chunk");
        assert!(error.to_string().contains("the chunk"), "{error}");
        ended(&handler, count);
        let line = "GET /api/stream: after its answer had begun, function stream";
        let line = format!("invocation {ID}: {line}");
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
    let caller = start_get(&handler, &format!("/api/large?mib={MIB}"));
    let head = read_until(&caller, "\r\n\r\n");
    assert!(head.contains("chunked"), "{head}");
    let (mut read, mut piece) = (0, vec![0; 1 << 20]);
    while read < MIB << 20 {
        read += read_piece(&caller, &mut piece).len();
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
        .map(|_| start_get(&handler, "/api/large?mib=64"))
        .collect();
    (0..20).for_each(|_| assert_serves(&handler));
    drop(slow);
    assert_serves(&handler);
}

#[test]
fn a_stream_is_not_called_where_there_is_no_body() {
    let handler = start();
    let mut caller = connect(&handler);
    // It would wait to be allowed.
    let head = caller.ask(&request("HEAD", "/api/stream", &[], b""));
    let framing = head.header("Transfer-Encoding");
    assert_eq!((head.status, framing), (201, Some("chunked")));
    for status in [204, 304] {
        let path = format!("/api/odd-stream?status={status}");
        let answer = caller.ask(&request("GET", &path, &[], b""));
        let framing = answer.header("Transfer-Encoding");
        assert_eq!((answer.status, framing), (status, None));
    }
    let head = r#"{"Data":{"req":{"Method":"HEAD","Url":"http://localhost/api/stream"}}}"#;
    let res = invoke(&handler, "stream", head).json()["Outputs"]["res"].take();
    assert_eq!(
        (&res["statusCode"], &res["body"]),
        (&json!(201), &json!(""))
    );
}

#[test]
fn a_stream_is_collected_for_those_who_take_no_chunks() {
    let handler = start();
    let expected = "caf\u{e9} ".to_owned() + &"y".repeat(200_000);
    let chunked = get(&handler, "/api/odd-stream");
    assert_eq!(chunked.text(), expected);
    let content_type = chunked.header("Content-Type");
    assert_eq!(content_type, Some("text/plain; charset=utf-8"));
    let old = |path: &str| {
        let old = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
        connect(&handler).send(old).answer()
    };
    let answer = old("/api/odd-stream");
    assert_eq!(answer.text(), expected);
    assert_eq!(answer.header("Transfer-Encoding"), None);
    assert_eq!(old("/api/large?mib=16").body.len(), 16 << 20);
    assert_eq!(old("/api/large?mib=17").status, 500);

    let invoked = |target: &str| {
        let url = format!("http://localhost:7071/api/{target}");
        let payload = json!({"Data": {"req": {"Method": "GET", "Url": url}}});
        let name = target.split('?').next().unwrap_or_default();
        invoke(&handler, name, payload.to_string())
    };
    let body = |answer: &Answer| {
        let body = answer.json()["Outputs"]["res"]["body"].take();
        body.as_str().map(str::to_owned).expect("a text")
    };
    assert_eq!(body(&invoked("odd-stream")), expected);
    assert_eq!(body(&invoked("large?mib=16")).len(), 16 << 20);
    assert_error(&invoked("large?mib=17"), 500, &["longer than 16 MiB"]);
    allow(&handler, 2);
    for end in ["fail", "panic"] {
        let answer = invoked(&format!("stream?parts=2&end={end}"));
        assert_error(&answer, 500, &["as the test wants"]);
    }
}
