//! Streamed answers, by the functions of `app/waits.rs`.

use crate::exchanges::outcome;
use crate::probe::status;
use crate::requests::*;
use serde_json::json;
use stand_in::run::http::Body;

/// Starts a stream, and reads its head.
#[track_caller]
fn begin(handler: &Handler, path: &str) -> (Caller, Answer, Body) {
    let mut caller = start_get(handler, path);
    let (head, body) = caller.read_head(true).expect("a head");
    assert_eq!(head.headers_named("Transfer-Encoding"), ["chunked"]);
    assert_eq!(head.header("Content-Length"), None);
    (caller, head, body)
}

/// The next part; empty at the end.
#[track_caller]
fn read_part(caller: &mut Caller, body: &mut Body) -> String {
    let mut part = Vec::new();
    while let Some(piece) = caller.read_piece(body).expect("more of the answer") {
        part.extend(piece);
        if part.ends_with(b"\n\n") {
            break;
        }
    }
    String::from_utf8(part).expect("a text")
}

/// Lets streams write so many parts.
#[track_caller]
fn allow(handler: &Handler, parts: usize) {
    let path = format!("/api/numbers?set=parts&n={parts}");
    assert_eq!(get(handler, &path).status, 200);
}

#[track_caller]
fn ended(handler: &Handler, count: usize) {
    let path = format!("/api/numbers?await=ended&n={count}");
    assert_eq!(get(handler, &path).status, 200);
}

#[test]
fn each_part_reaches_the_caller_when_it_is_written() {
    let handler = start();
    // The head does not wait for the first part, nor that for the second, which is only written
    // after it was read.
    let (mut caller, head, mut body) = begin(&handler, "/api/stream?parts=3");
    let content_type = head.header("Content-Type");
    assert_eq!(
        (head.status, content_type),
        (201, Some("text/event-stream"))
    );
    for part in 1..=3 {
        allow(&handler, part);
        let read = read_part(&mut caller, &mut body);
        assert_eq!(read, format!("data: {part}\n\n"));
    }
    assert_eq!(read_part(&mut caller, &mut body), "");
    handler.wait_for_stdout(&format!("invocation {ID}: all parts written"));
    caller.assert_in_step();
}

#[test]
fn a_caller_that_goes_away_ends_the_stream() {
    let handler = start();
    let (mut caller, _, mut body) = begin(&handler, "/api/stream");
    allow(&handler, 1);
    assert_eq!(read_part(&mut caller, &mut body), "data: 1\n\n");
    drop(caller);
    // The next write may still go out; a later one fails.
    allow(&handler, usize::MAX);
    ended(&handler, 1);
    let line = "GET /api/stream: its answer could not be sent to the end";
    handler.wait_for_stdout(&format!("invocation {ID}: {line}"));
    // A caller that leaves is not an error.
    assert_eq!(handler.stderr(), "");
    assert_serves(&handler);
}

#[test]
fn a_stream_that_fails_is_not_taken_for_a_whole_one() {
    let handler = start();
    allow(&handler, 2);
    for (count, end) in (1..).zip(["fail", "panic"]) {
        let mut caller = start_get(&handler, &format!("/api/stream?parts=2&end={end}"));
        let error = caller.read(true).expect_err("an invalid last chunk");
        assert!(error.to_string().contains("the chunk"), "{error}");
        ended(&handler, count);
        let line = "GET /api/stream: after its answer had begun, function stream";
        let line = format!("invocation {ID}: {line}");
        let is_there = || handler.stderr().matches(&line).count() == count;
        wait_until("a line for each stream", is_there);
    }
    handler.wait_for_stderr("failed: as the test wants (at ");
    handler.wait_for_stderr("panicked at ");
    assert_serves(&handler);
}

#[test]
fn a_large_answer_takes_no_memory() {
    let handler = start();
    // Enough to see any memory that is kept, also in debug builds beside other tests.
    const MIB: usize = 256;
    let (mut caller, _, mut body) = begin(&handler, &format!("/api/large?mib={MIB}"));
    let mut read = 0;
    while let Some(piece) = caller.read_piece(&mut body).expect("more") {
        read += piece.len();
    }
    let most = status(&handler, "VmHWM");
    assert_eq!(read, MIB << 20);
    assert!(most < 32 * 1024, "{most} KiB");
    assert_serves(&handler);
}

#[test]
fn a_slow_reader_holds_its_own_worker_only() {
    let handler = start();
    // More than the sockets hold: each write waits for a reader that never reads.
    let start = |_| start_get(&handler, "/api/large?mib=64");
    let slow: Vec<_> = (0..20).map(start).collect();
    (0..20).for_each(|_| assert_serves(&handler));
    drop(slow);
    assert_serves(&handler);
}

#[test]
fn a_stream_is_not_called_where_there_is_no_body() {
    let handler = start();
    let mut caller = connect(&handler);
    // It would wait to be allowed.
    let head = caller.ask(request("HEAD", "/api/stream", &[], b""));
    let framing = head.header("Transfer-Encoding");
    assert_eq!((head.status, framing), (201, Some("chunked")));
    for status in [204, 304] {
        let path = format!("/api/odd-stream?status={status}");
        let answer = caller.ask(getting(&path));
        let framing = answer.header("Transfer-Encoding");
        assert_eq!((answer.status, framing), (status, None));
    }
    let head = r#"{"Data":{"req":{"Method":"HEAD","Url":"http://localhost/api/stream"}}}"#;
    let res = outcome(&invoke(&handler, "stream", head));
    assert_eq!((res.status, res.text()), (201, ""));
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
    let invoked = |target: &str| {
        let url = format!("http://localhost:7071{target}");
        let payload = json!({"Data": {"req": {"Method": "GET", "Url": url}}});
        let name = target.split(['/', '?']).nth(2).unwrap_or_default();
        outcome(&invoke(&handler, name, payload.to_string()))
    };
    assert_eq!(old("/api/odd-stream").header("Transfer-Encoding"), None);
    for ask in [&old as &dyn Fn(&str) -> Answer, &invoked] {
        assert_eq!(ask("/api/odd-stream").text(), expected);
        assert_eq!(ask("/api/large?mib=16").body.len(), 16 << 20);
        assert_eq!(ask("/api/large?mib=17").status, 500);
    }
    handler.wait_for_stderr("longer than 16 MiB");
    allow(&handler, 2);
    for end in ["fail", "panic"] {
        let answer = invoked(&format!("/api/stream?parts=2&end={end}"));
        assert_error(&answer, 500, &["as the test wants"]);
    }
}
