//! Bodies: whole, cut short, too large, or framed wrongly.

use crate::random::Random;
use crate::requests::*;
use stand_in::run::http::chunked;

const LIMIT: usize = 256 * 1024 * 1024;

fn declared(path: &str, length: impl ToString, sent: impl AsRef<[u8]>) -> Vec<u8> {
    post(path, &[("Content-Length", &length.to_string())], sent)
}

/// A chunk; nothing for no bytes, because that would end the body.
pub fn one_chunk(bytes: &[u8]) -> Vec<u8> {
    match bytes.is_empty() {
        true => Vec::new(),
        false => [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
    }
}

/// Checks that there is one answer with this status, and that nothing was carried out.
#[track_caller]
fn assert_one_answer(handler: &Handler, sent: &[u8], status: u16, word: &str) {
    let answers = connect(handler).send(sent).finish();
    let is_one = answers.starts_with(&format!("HTTP/1.1 {status} "))
        && answers.matches("HTTP/1.1 ").count() == 1
        && answers.contains(word)
        && !answers.contains("enqueued");
    assert!(is_one, "{} bytes: {answers}", sent.len());
}

// Cut short

#[test]
fn an_order_cut_short_is_not_processed() {
    let handler = start();
    let whole = order("cut short!");
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n");
    let body = head.expect("a head") + 4;
    let mut random = Random::new(1);
    let cuts = (0..60).map(|_| body + random.below(whole.len() - body - 7));
    for cut in cuts.chain([body, whole.len() - 7]) {
        assert_one_answer(&handler, &whole[..cut], 400, "");
    }
    // The declared length is too large, but the payload is complete. (tiny_http reads a small one
    // itself, and does not answer.)
    let payload = order_payload(&"x".repeat(2000));
    let length = payload.len().to_string();
    for more in [payload.len() + 1, payload.len() + 100_000, LIMIT] {
        let sent = declared("/order", more, &payload);
        assert_one_answer(&handler, &sent, 400, &length);
    }
    let sent = declared("/api/hello", 5000, [b'x'; 4999]);
    assert_one_answer(&handler, &sent, 400, "");
    for more in [200, 1000] {
        let cut = declared("/order", more, "{}");
        let answers = connect(&handler).send(cut).finish();
        assert!(!answers.contains("enqueued"), "{answers}");
    }
    assert_serves(&handler);
}

// Too large

/// The limit and one byte, in chunks: it is read to its end and refused, and the connection goes
/// on.
#[test]
fn a_chunked_body_over_the_limit_is_refused() {
    let handler = start();
    let (mut caller, mebibyte) = (connect(&handler), one_chunk(&vec![b'x'; 1 << 20]));
    for path in ["/api/hello", "/order"] {
        caller.send(post(path, &[CHUNKED], ""));
        for _ in 0..LIMIT >> 20 {
            caller.send(&mebibyte);
        }
        caller.send("1\r\nx\r\n0\r\n\r\n");
        assert_error(&caller.answer(), 413, &["256 MiB"]);
        caller.assert_in_step();
    }
    assert_serves(&handler);
}

/// A declared length over the limit is refused before the body comes. The body is not read as a
/// request.
#[test]
fn a_declared_length_over_the_limit_is_refused() {
    let handler = start();
    for path in ["/api/hello", "/order", "/", "/nowhere"] {
        let mut caller = connect(&handler);
        assert_error(
            &caller.ask(declared(path, LIMIT + 1, "")),
            413,
            &["256 MiB"],
        );
        assert_eq!(caller.send(order("hidden in a body!")).finish(), "");
    }
    assert_serves(&handler);
}

/// Lengths that no memory can hold, from peers that leave early.
#[test]
fn declared_terabytes_do_not_end_the_process() {
    let handler = start();
    let largest = i64::MAX as u64;
    let tera = 9_999_999_999_999;
    for length in [1 << 30, tera, 1 << 47, largest - 1, largest, u64::MAX] {
        let length = length.to_string();
        for (sent, more) in [
            (0, ("X", "Y")),
            (1000, ("X", "Y")),
            (3000, ("Expect", "100-continue")),
            (10, ("Connection", "close")),
        ] {
            let mut caller = connect(&handler);
            let headers = [("Content-Length", &*length), more];
            caller.send(post("/order", &headers, vec![b' '; sent]));
            if sent != 10 {
                assert_error(&caller.answer(), 413, &[]);
            }
            drop(caller);
            assert_serves(&handler);
        }
    }
    // Many at once, just below the limit, all of them cut off.
    let mut cut: Vec<Caller> = (0..20).map(|_| connect(&handler)).collect();
    for caller in &mut cut {
        caller.send(declared("/order", LIMIT, "{"));
    }
    assert_serves(&handler);
    drop(cut);
    assert_serves(&handler);
}

// Framed wrongly

#[test]
fn a_content_length_that_is_not_a_number_is_refused() {
    let handler = start();
    let with = |path: &str, lengths: &[&str], body: &str| {
        let headers = lengths.iter().map(|length| ("Content-Length", *length));
        ask(&handler, post(path, &headers.collect::<Vec<_>>(), body))
    };
    let refused = |path: &str, lengths: &[&str], body: &str| {
        assert_error(&with(path, lengths, body), 400, &["Content-Length"]);
    };
    let lengths = "x|-1|1.5|0x10|1e3|5,5|5 5||99999999999999999999999|18446744073709551616";
    for path in ["/order", "/api/hello", "/nowhere"] {
        for length in lengths.split('|') {
            refused(path, &[length], "");
        }
        // tiny_http takes it for a number and reads the body.
        refused(path, &["+5"], "12345");
    }
    for lengths in [["5", "6"], ["6", "5"], ["5", "x"], ["x", "5"]] {
        refused("/api/hello", &lengths, "123456");
    }
    assert_eq!(with("/api/hello", &["5", "5"], "12345").text(), "12345");
    assert_serves(&handler);
}

#[test]
fn malformed_chunks_are_refused() {
    let handler = start();
    // ^ stands for CRLF, and $ for LF.
    let malformed = "x^|-1^|^|5^1234567^0^^|5^12345|5^12345$|5$12345^0^^\r|0x5^12345^0^^|ffffffffffffffffff^|\
        5 5^12345^0^^|5^12345^zz^|0^x|5^12345^0^$";
    for chunks in malformed.split('|') {
        let chunks = &chunks.replace('^', "\r\n").replace('$', "\n");
        for path in ["/order", "/api/hello"] {
            let sent = post(path, &[CHUNKED], chunks);
            let answer = connect(&handler).send(sent).end().answer();
            assert_error(&answer, 400, &["body"]);
        }
    }
    // A chunk as long as memory, with few bytes. A chunk that is cut off cannot be detected: the
    // order fails as JSON.
    for length in ["7fffffffffffffff", "ffffffffffffffff", "FFFFFFFFFF"] {
        let sent = post("/order", &[CHUNKED], format!("{length}\r\n{{}}"));
        let answer = connect(&handler).send(sent).end().answer();
        assert_error(&answer, 400, &[]);
    }
    assert_serves(&handler);
}

/// After any answer, the next request on the connection gets its own.
#[test]
fn the_connection_stays_in_step() {
    let handler = start();
    let mut caller = connect(&handler);
    let body = vec![b'x'; 5000];
    let chunks = chunked(Vec::new(), &body);
    let requests = "POST /nowhere 404,GET /nowhere 404,PUT /order 405,DELETE /api/hello 405,POST / 405,GET / 200,\
        GET /api/hello 200,POST /order 400,POST /api/hello 200,HEAD / 200,HEAD /nowhere 404";
    for case in requests.split(',').cycle().take(33) {
        let (asked, status) = case.rsplit_once(' ').expect("a status");
        let (method, path) = asked.split_once(' ').expect("a path");
        for (framing, body) in [
            (CHUNKED, &chunks),
            (("Content-Length", "5000"), &body),
            (("Expect", "100-continue"), &body),
        ] {
            caller.send(request(method, path, &[framing], body));
            let answer = answer_after_continue(&mut caller, method != "HEAD");
            assert_eq!(answer.status.to_string(), status, "{case} {framing:?}");
            assert!(is_ordered(&caller.ask(order("next!")), "next!"));
        }
    }
}

/// A `100 Continue` may come first.
fn answer_after_continue(caller: &mut Caller, has_body: bool) -> Answer {
    let answer = caller.read(has_body).expect("an answer");
    match answer.status {
        100 => caller.read(has_body).expect("an answer"),
        _ => answer,
    }
}

/// What could be two requests is read as one, or refused with nothing carried out.
#[test]
fn a_request_hidden_in_a_body_is_not_carried_out() {
    let handler = start();
    let hidden = order("hidden!");
    let length = hidden.len().to_string();
    let chunks = [&one_chunk(&hidden)[..], b"0\r\n\r\n"].concat();
    let length = ("Content-Length", &*length);
    let short = ("Content-Length", "3");
    let (upgrade, keep) = (("Connection", "upgrade"), ("Connection", "keep-alive"));
    let settings = ("Connection", "Upgrade, HTTP2-Settings");
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let framings: [(u16, &[u8], Headers); 11] = [
        (404, &hidden, &[length]),
        (404, &hidden, &[length, upgrade]),
        (404, &hidden, &[upgrade, length]),
        (404, &hidden, &[length, keep, upgrade]),
        (400, &hidden, &[length, ("Content-Length", "1")]),
        (404, &chunks, &[CHUNKED]),
        (404, &chunks, &[CHUNKED, short]),
        (404, &chunks, &[short, CHUNKED]),
        // tiny_http would not decode these chunks.
        (400, &chunks, &[CHUNKED, upgrade]),
        (400, &chunks, &[CHUNKED, settings, ("Upgrade", "h2c")]),
        (404, &chunks, &[CHUNKED, keep, upgrade]),
    ];
    for (status, body, headers) in framings {
        let sent = post("/nowhere", headers, body);
        assert_one_answer(&handler, &sent, status, "");
    }
}

// As they should be

#[test]
fn a_caller_that_waits_to_continue_is_asked_to() {
    let handler = start();
    let mut caller = connect(&handler);
    let mut continued = |path: &str, framing, expect, body: &[u8]| {
        caller.send(post(path, &[framing, ("Expect", expect)], ""));
        let interim = caller.read(true).expect("an answer");
        assert_eq!(interim.status, 100);
        caller.send(body).answer()
    };
    let body = vec![b'x'; 3000];
    let chunks = chunked(Vec::new(), &body);
    for expect in ["100-continue", "100-Continue"] {
        let declared = ("Content-Length", "3000");
        for (framing, sent) in [(declared, &body), (CHUNKED, &chunks)] {
            let answer = continued("/api/hello", framing, expect, sent);
            assert_eq!(answer.body, body);
        }
    }
    // A small body too, and an order.
    let payload = order_payload("as expected!");
    let length = payload.len().to_string();
    let declared = ("Content-Length", &*length);
    let answer = continued("/order", declared, "100-continue", payload.as_bytes());
    assert!(is_ordered(&answer, "as expected!"));
    // Nothing is awaited if the body is empty or refused.
    let expecting = |length: &str| {
        let headers = [("Content-Length", length), ("Expect", "100-continue")];
        post("/api/hello", &headers, "")
    };
    caller.send(expecting("0"));
    let answer = answer_after_continue(&mut caller, true);
    assert_eq!((answer.status, answer.text()), (200, ""));
    let refused = caller.ask(expecting(&(LIMIT + 1).to_string()));
    assert_error(&refused, 413, &[]);
}

#[test]
fn empty_bodies_are_bodies() {
    let handler = start();
    let mut caller = connect(&handler);
    let chunked = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for framing in ["Content-Length: 0\r\n\r\n", chunked, "\r\n"] {
        let rest = format!("HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}");
        let answer = caller.ask(format!("POST /api/hello {rest}"));
        assert_eq!((answer.status, answer.text()), (200, ""), "{framing:?}");
        let refused = caller.ask(format!("POST /order {rest}"));
        assert_error(&refused, 400, &["payload"]);
    }
}

/// 100 MiB of all bytes come back unchanged, with a length and in chunks.
#[test]
fn a_hundred_mebibytes_pass_intact() {
    let handler = start();
    let mut random = Random::new(100);
    let mebibyte: Vec<u8> = (0..1 << 20).map(|_| random.below(256) as u8).collect();
    let body = (0..100).flat_map(|n| &mebibyte[n % 3..]).copied();
    let body: Vec<u8> = body.collect();
    let mut chunks: Vec<u8> = body.chunks(100_000).flat_map(one_chunk).collect();
    chunks.extend(b"0\r\n\r\n");
    let length = body.len().to_string();
    for (framing, sent) in [(("Content-Length", &*length), &body), (CHUNKED, &chunks)] {
        let mut caller = connect(&handler);
        caller.send(post("/api/hello", &[framing], ""));
        let answer = caller.send(sent).answer();
        let intact = answer.status == 200 && answer.body == body;
        assert!(intact, "{} bytes of {length}", answer.body.len());
        caller.assert_in_step();
    }
}
