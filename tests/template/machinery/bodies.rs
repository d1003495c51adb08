//! Payloads that are none, and bodies that are cut short, too large or framed wrongly.

use crate::random::Random;
use crate::requests::{
    ID, ask, assert_error, assert_serves, is_ordered, is_passed_on, message_payload, order,
    order_payload, ping,
};
use crate::start::start;
use serde_json::{Value, json};
use stand_in::run::http::{Answer, Connection, chunked, invocation, request};
use stand_in::run::process::Handler;
use std::net::Shutdown;

const LIMIT: usize = 256 * 1024 * 1024;

// Payloads

fn order_of(handler: &Handler, payload: &[u8]) -> Answer {
    ask(handler, &invocation("/order", ID, payload))
}

fn message_of(handler: &Handler, payload: &[u8]) -> Answer {
    ask(handler, &invocation("/MyQueueFunction", ID, payload))
}

/// Each is refused with words that say what is wrong and where.
#[test]
fn malformed_payloads_are_refused_with_what_is_wrong_and_where() {
    let handler = start();
    // For either function.
    let cases: &[(&[u8], &[&str])] = &[
        (b"", &["payload"]),
        (b" ", &["payload"]),
        (b"hi", &["payload", "line 1 column 1"]),
        (b"null", &["payload", "null"]),
        (b"true", &["payload"]),
        (b"17", &["payload", "17"]),
        (b"1e999", &["payload"]),
        (b"\"Data\"", &["payload", "string"]),
        (b"[]", &["payload"]),
        (b"{", &["payload", "column"]),
        (b"}", &["payload", "column 1"]),
        (b"{}", &["Data", "missing"]),
        (b"{} {}", &["payload", "column 4"]),
        (b"{'Data': {}}", &["payload", "column 2"]),
        (b"{\"Data\": {}", &["payload", "column"]),
        (b"{\"Data\": {},}", &["payload", "column"]),
        (b"{\"Data\": {} \"Metadata\": {}}", &["payload", "column"]),
        (b"{\"Data\": {/**/}}", &["payload", "column"]),
        (b"{\"Data\": {\"req\": NaN}}", &["payload", "column"]),
        (b"{\"Data\": {\"req\": 01}}", &["payload", "column"]),
        (b"{\"Data\": {\"req\": \"\x01\"}}", &["payload", "column"]),
        (b"{\"Data\": {\"req\": \"\\x\"}}", &["payload", "column"]),
        (b"{\"Data\": {\"req\": \"\\u12\"}}", &["payload", "column"]),
        (b"{\"data\": {}}", &["Data", "missing"]),
        (b"{\"Data\": null}", &["Data", "null"]),
        (b"{\"Data\": []}", &["Data", "object"]),
        (b"{\"Data\": [{}]}", &["Data", "object"]),
        (b"{\"Data\": \"{}\"}", &["Data", "string"]),
        (b"{\"Data\": 1}", &["Data", "1"]),
        (b"{\"Data\": 1e999}", &["Data"]),
        (b"{\"Data\": -99999999999999999999999999999}", &["Data"]),
        (b"{\"Data\": false}", &["Data", "boolean"]),
        (b"{\"Data\": {}}", &["missing"]),
        (
            b"{\"Data\": {\"other\": 1}, \"Metadata\": {\"req\": {}, \"myQueueItem\": \"\"}}",
            &["missing"],
        ),
        (
            b"{\"Data\": {\"Req\": {}, \"MYQUEUEITEM\": \"\"}}",
            &["missing"],
        ),
        (
            b"{\"Data\": {\"req\": null, \"myQueueItem\": null}}",
            &["null"],
        ),
        (
            b"{\"Data\": {\"req\": {}, \"myQueueItem\": \"\"}}\xff",
            &["UTF-8", "40"],
        ),
        (b"{\"Data\": {\"\xc0\xaf\": 1}}", &["UTF-8", "11"]),
        (
            b"{\"Data\": {\"req\": {\"Body\": \"\xed\xa0\x80\"}}}",
            &["UTF-8"],
        ),
        (
            b"\xef\xbb\xbf{\"Data\": {\"req\": {}, \"myQueueItem\": \"\"}}",
            &["byte-order mark"],
        ),
        (b"\xff\xfe{\0}\0", &["UTF-8", "0"]),
        (
            b"{\"\\ud800\": 1, \"Data\": {\"req\": {}, \"myQueueItem\": \"\"}}",
            &["payload", "column 9"],
        ),
        (
            b"{\"Data\": {\"\\udc00\": 1, \"req\": {}, \"myQueueItem\": \"\"}}",
            &["Data", "column"],
        ),
    ];
    for (payload, names) in cases {
        for (function, trigger) in [
            ("/order", "Data.req"),
            ("/MyQueueFunction", "Data.myQueueItem"),
        ] {
            let answer = ask(&handler, &invocation(function, ID, payload));
            assert_error(&answer, 400, names);
            assert_eq!(answer.json()["invocationId"], ID);
            if names == &["missing"] || names == &["null"] {
                assert_error(&answer, 400, &[trigger]);
            }
        }
    }
    for (req, names) in [
        ("1", &["Data.req"][..]),
        ("[]", &["Data.req"]),
        ("\"{}\"", &["Data.req", "string"]),
        ("{\"\\ud800\": 1}", &["Data.req", "column"]),
        (r#"{"Method": 1}"#, &["Data.req.Method", "1"]),
        (r#"{"Url": []}"#, &["Data.req.Url"]),
        (r#"{"Body": 1e999}"#, &["Data.req.Body"]),
        (r#"{"Body": {"id": 1}}"#, &["Data.req.Body"]),
        (r#"{"Body": ["x"]}"#, &["Data.req.Body"]),
        (r#"{"Body": "\ud800"}"#, &["Data.req.Body", "column"]),
        (r#"{"Body": "\udc00\ud800"}"#, &["Data.req.Body", "column"]),
        (r#"{"Headers": 1}"#, &["Data.req.Headers"]),
        (r#"{"Headers": []}"#, &["Data.req.Headers"]),
        (
            r#"{"Headers": {"A": ["\ud800"]}}"#,
            &["Data.req.Headers", "column"],
        ),
        (r#"{"Query": "{"}"#, &["Data.req.Query"]),
        (r#"{"Query": "\ud800"}"#, &["Data.req.Query", "column"]),
        (r#"{"Query": "[]"}"#, &["Data.req.Query"]),
        (r#"{"Params": true}"#, &["Data.req.Params"]),
        (
            r#"{"Headers": {"Content-Type": ["application/octet-stream"]}, "Body": "a"}"#,
            &["Data.req.Body", "base64"],
        ),
    ] {
        assert_error(
            &order_of(
                &handler,
                format!(r#"{{"Data": {{"req": {req}}}}}"#).as_bytes(),
            ),
            400,
            names,
        );
    }
    for item in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\ud800""#] {
        let answer = message_of(
            &handler,
            format!(r#"{{"Data": {{"myQueueItem": {item}}}}}"#).as_bytes(),
        );
        assert_error(&answer, 400, &["Data.myQueueItem", "column"]);
    }
    assert_serves(&handler);
}

/// As for most readers of JSON. It is the whole value that counts: nothing of the one before is
/// mixed into it.
#[test]
fn of_members_of_the_same_name_the_last_counts() {
    let handler = start();
    let order = |data: &str| order_of(&handler, format!("{{{data}}}").as_bytes());
    let first = r#"{"Method":"PUT","Headers":{"Transfer-Encoding":["chunked"]},"Body":"first"}"#;
    let twice = order(&format!(
        r#""Data":{{"req":{first},"req":{{"Body":"the last"}}}}"#
    ));
    assert_eq!(twice.json()["Outputs"]["message"], "the last", "{twice:?}");
    let empty = order(&format!(r#""Data":{{"req":{first},"req":{{}}}}"#));
    assert_eq!(
        empty.json()["Outputs"]["res"]["statusCode"],
        400,
        "{empty:?}"
    );
    assert_error(
        &order(&format!(r#""Data":{{"req":{first}}},"Data":{{}}"#)),
        400,
        &["Data.req", "missing"],
    );
    let message = |data: &str| message_of(&handler, format!("{{{data}}}").as_bytes());
    let last = message(r#""Data":{"myQueueItem":"first"},"Data":{"myQueueItem":"the last"}"#);
    assert_eq!(last.json()["ReturnValue"], "the last", "{last:?}");
    let missing = message(r#""Data":{"myQueueItem":"first"},"Data":{"other":1}"#);
    assert_error(&missing, 400, &["Data.myQueueItem", "missing"]);
}

/// A large payload is read in another way.
#[test]
fn a_large_body_is_read_as_a_small_one_is() {
    let handler = start();
    let of_size = |payload: Value| {
        ask(
            &handler,
            &invocation("/order-of-any-size", ID, payload.to_string().as_bytes()),
        )
    };
    for part in ["x!", "\"quoted\" \\ \n\u{1}", "caf\u{e9} \u{1f980} "] {
        let body = part.repeat((2 << 20) / part.len());
        let answer = of_size(json!({"Data": {"req": {"Body": body}}}));
        let sent = answer.json()["Outputs"]["message"]
            .as_str()
            .map(str::to_owned);
        assert!(sent.as_deref() == Some(&*body), "{part:?}: {answer:?}");
    }
    let filled = |body: &str| {
        format!(
            r#"{{"Data":{{"req":{{"Body":{body}}},"more":"{}"}}}}"#,
            "x".repeat(2 << 20)
        )
    };
    for (body, names) in [
        (r#""\ud800""#, ["Data.req.Body", "surrogate"]),
        ("5", ["Data.req.Body", "string"]),
        ("{}", ["Data.req.Body", "string"]),
    ] {
        let answer = ask(
            &handler,
            &invocation("/order-of-any-size", ID, filled(body).as_bytes()),
        );
        assert_error(&answer, 400, &names);
    }
    assert!(
        ask(
            &handler,
            &invocation("/order", ID, filled("null").as_bytes())
        )
        .text()
        .contains("needs a body")
    );
}

#[test]
fn what_is_no_invocation_is_a_400_that_says_why() {
    let handler = start();
    let cases = [
        ("/order", "", "EOF"),
        ("/order", "hello", "line 1 column 1"),
        ("/order", "[]", "expected an object"),
        (
            "/order",
            r#"[{"req":{"Body":"x"}},{}]"#,
            "expected an object",
        ),
        ("/order", "{}", "Data is missing"),
        ("/order", r#"{"Metadata":{}}"#, "Data is missing"),
        ("/order", r#"{"Data":null}"#, "Data: invalid type: null"),
        ("/order", r#"{"Data":[]}"#, "Data: invalid type: sequence"),
        ("/order", r#"{"Data":{}}"#, "Data.req"),
        ("/order", r#"{"Data":{"req":null}}"#, "Data.req"),
        ("/order", r#"{"Data":{"req":"text"}}"#, "Data.req"),
        ("/order", r#"{"Data":{"req":{"Body":5}}}"#, "Data.req.Body"),
        (
            "/order",
            r#"{"Data":{"req":{"Headers":[]}}}"#,
            "Data.req.Headers",
        ),
        (
            "/order",
            r#"{"Data":{"req":{"Body":"=","Headers":{"content-type":["application/octet-stream"]}}}}"#,
            "Data.req.Body",
        ),
        (
            "/MyQueueFunction",
            r#"{"Data":{"req":{}}}"#,
            "Data.myQueueItem",
        ),
        (
            "/MyQueueFunction",
            r#"{"Data":{"myQueueItem":null}}"#,
            "Data.myQueueItem",
        ),
        (
            "/MyQueueFunction",
            r#"{"Data":{"myQueueItem":"\ud800"}}"#,
            "Data.myQueueItem",
        ),
    ];
    for (path, payload, named) in cases {
        let answer = ask(&handler, &invocation(path, ID, payload.as_bytes()));
        assert_error(&answer, 400, &[named]);
        assert_eq!(answer.json()["invocationId"], ID);
        handler.wait_for_stderr(&format!("invocation {ID}: POST {path}: 400"));
        handler.wait_for_stderr(named);
    }
}

/// In every place, with every kind of bracket, closed and not; in a message's text it is data.
#[test]
fn nesting_does_no_harm() {
    let handler = start();
    for depth in [200, 100_000] {
        let lists = |open: &str, close: &str| open.repeat(depth) + &close.repeat(depth);
        let nested = [
            lists("[", "]"),
            lists("[", ""),
            lists(r#"{"a":"#, "") + "1" + &lists("", "}"),
            lists(r#"{"a":"#, ""),
            lists(r#"[{"Data":"#, ""),
        ];
        for json in nested {
            let text = serde_json::to_string(&json).unwrap();
            for payload in [
                json.clone(),
                format!(r#"{{"Data": {json}}}"#),
                format!(r#"{{"Data": {{"req": {{}}, "myQueueItem": "x!"}}, "Metadata": {json}}}"#),
                format!(r#"{{"Other": {json}, "Data": {{"req": {{}}, "myQueueItem": "x!"}}}}"#),
                format!(r#"{{"Data": {{"req": {json}, "myQueueItem": {json}}}}}"#),
                format!(r#"{{"Data": {{"req": {{"Headers": {json}}}, "myQueueItem": [{json}]}}}}"#),
            ] {
                for function in ["/order", "/MyQueueFunction"] {
                    assert_error(
                        &ask(&handler, &invocation(function, ID, payload.as_bytes())),
                        400,
                        &["payload"],
                    );
                }
            }
            // Texts are data: whatever a caller can put into one is no fault of the payload.
            let payload = format!(r#"{{"Data": {{"req": {{"Query": {text}, "Body": "x"}}}}}}"#);
            assert!(matches!(
                order_of(&handler, payload.as_bytes()).status,
                200 | 400
            ));
            let answer = message_of(&handler, &message_payload(&json));
            assert_eq!(
                (answer.status, answer.json()["ReturnValue"].is_string()),
                (200, true),
                "{answer:?}"
            );
        }
    }
    assert_serves(&handler);
}

/// What is malformed as a payload is data within a message's text or an order's body, and arrives.
#[test]
fn odd_texts_are_data() {
    let handler = start();
    for text in [
        r#""\ud800""#,
        r#"{"a":"\udc00"}"#,
        "\u{feff}x!",
        "1e999!",
        "-0.0!",
        "{!",
        "\u{0}\u{1}\u{7f}!",
        "\u{fffd}!",
        "\\ud800!",
    ] {
        // As base64, where the host would change it; here it matters that it is taken.
        let answer = message_of(&handler, &message_payload(text));
        assert!(
            answer.status == 200 && answer.json()["ReturnValue"].is_string(),
            "{text:?}: {answer:?}"
        );
        if text.ends_with("!") {
            assert!(is_passed_on(&answer, text), "{text:?}: {answer:?}");
        }
        let answer = order_of(&handler, &order_payload(text));
        assert!(
            answer.status == 200 && answer.json()["Outputs"]["message"].is_string(),
            "{text:?}: {answer:?}"
        );
    }
    // Members of Metadata that callers of any kind may have written.
    for metadata in [
        "null",
        "1",
        "[]",
        r#"{"Id": "\ud800"}"#,
        r#"{"Id": {}, "DequeueCount": 1e999}"#,
        r#"{"Id": null}"#,
    ] {
        let payload = format!(r#"{{"Data": {{"myQueueItem": "\"m!\""}}, "Metadata": {metadata}}}"#);
        let answer = message_of(&handler, payload.as_bytes());
        assert!(is_passed_on(&answer, "m!"), "{metadata}: {answer:?}");
    }
}

// Bodies cut short

fn order_with_length(declared: usize, sent: &[u8]) -> Vec<u8> {
    request(
        "POST",
        "/order",
        &[("Content-Length", &declared.to_string())],
        sent,
    )
}

/// Closes the writing side, and reads what answers come until the handler has closed the other.
fn finish(mut connection: Connection) -> Vec<u8> {
    // It fails where the handler has closed the connection already.
    let _ = connection.socket().shutdown(Shutdown::Write);
    connection.read_to_end().expect("the end of the connection")
}

#[test]
fn an_order_cut_short_is_not_processed() {
    let handler = start();
    let whole = order("cut short!");
    let payload_start = whole
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head")
        + 4;
    let mut random = Random::new(1);
    let cuts = (0..60).map(|_| payload_start + random.below(whole.len() - payload_start - 7));
    for cut in cuts.chain([payload_start, whole.len() - 7]) {
        let mut connection = Connection::open(handler.port).expect("a connection");
        connection.send(&whole[..cut]).expect("sent");
        let answers = finish(connection);
        let text = String::from_utf8_lossy(&answers);
        assert!(
            text.starts_with("HTTP/1.1 400 ") && !text.contains("enqueued"),
            "cut at {cut}: {text}"
        );
    }
    // Declared longer than it is, though what there is would do. (A small one tiny_http reads
    // itself, and does not answer.)
    let payload = order_payload(&"x".repeat(2000));
    for declared in [payload.len() + 1, payload.len() + 100_000, LIMIT] {
        let mut connection = Connection::open(handler.port).expect("a connection");
        connection
            .send(&order_with_length(declared, &payload))
            .expect("sent");
        let text = String::from_utf8(finish(connection)).expect("text");
        assert!(text.starts_with("HTTP/1.1 400 "), "{declared}: {text}");
        assert!(
            text.contains(&payload.len().to_string()) && !text.contains("enqueued"),
            "{declared}: {text}"
        );
    }
    for declared in [payload_start, 1000] {
        let mut connection = Connection::open(handler.port).expect("a connection");
        connection
            .send(&order_with_length(declared, b"{}"))
            .expect("sent");
        assert!(!String::from_utf8_lossy(&finish(connection)).contains("enqueued"));
    }
    let mut connection = Connection::open(handler.port).expect("a connection");
    connection
        .send(&request(
            "POST",
            "/api/hello",
            &[("Content-Length", "5000")],
            &[b'x'; 4999],
        ))
        .expect("sent");
    assert!(finish(connection).starts_with(b"HTTP/1.1 400 "));
    assert_serves(&handler);
}

// Bodies too large

/// Sends `length` bytes of a body in pieces that `frame` makes; stops where the handler has ended
/// the connection.
fn pour(connection: &mut Connection, length: usize, frame: impl Fn(&[u8]) -> Vec<u8>) {
    let piece = frame(&vec![b'x'; 1 << 20]);
    for _ in 0..length >> 20 {
        if connection.send(&piece).is_err() {
            return;
        }
    }
    let _ = connection.send(&frame(&vec![b'x'; length % (1 << 20)]));
}

pub fn one_chunk(bytes: &[u8]) -> Vec<u8> {
    match bytes.is_empty() {
        true => Vec::new(),
        false => [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
    }
}

/// One byte more than the limit, chunked: read to its end, refused, and the connection goes on.
#[test]
fn a_chunked_body_over_the_limit_is_refused() {
    let handler = start();
    let mut connection = Connection::open(handler.port).expect("a connection");
    for path in ["/api/hello", "/order"] {
        connection
            .send(&request(
                "POST",
                path,
                &[("Transfer-Encoding", "chunked")],
                b"",
            ))
            .expect("sent");
        pour(&mut connection, LIMIT + 1, one_chunk);
        connection.send(b"0\r\n\r\n").expect("sent");
        assert_error(
            &connection.read_answer().expect("an answer"),
            413,
            &["256 MiB"],
        );
        assert_eq!(
            connection
                .exchange(&ping())
                .expect("the connection is in step")
                .status,
            200
        );
    }
    assert_serves(&handler);
}

/// Declared longer than the limit: refused before it comes. What comes of it is no request.
#[test]
fn a_declared_length_over_the_limit_is_refused() {
    let handler = start();
    for path in ["/api/hello", "/order", "/", "/nowhere"] {
        let mut connection = Connection::open(handler.port).expect("a connection");
        connection
            .send(&request(
                "POST",
                path,
                &[("Content-Length", &(LIMIT + 1).to_string())],
                b"",
            ))
            .expect("sent");
        assert_error(
            &connection.read_answer().expect("an answer"),
            413,
            &["256 MiB"],
        );
        let hidden = order("hidden in a body!");
        connection.send(&hidden).expect("sent");
        connection
            .socket()
            .shutdown(Shutdown::Write)
            .expect("shut down");
        assert_eq!(
            connection.read_to_end().expect("the end"),
            b"",
            "what is in a body is no request"
        );
    }
    assert_serves(&handler);
}

/// Lengths that no memory holds, from peers that then leave, in the middle or before the body.
#[test]
fn declared_terabytes_do_not_end_the_process() {
    let handler = start();
    let lengths = [
        1 << 30,
        (1 << 30) + 1,
        9_999_999_999_999,
        1 << 47,
        i64::MAX as u64 - 1,
        i64::MAX as u64,
        u64::MAX,
    ];
    for length in lengths {
        for (sent, headers) in [
            (0, &[][..]),
            (1000, &[]),
            (3000, &[("Expect", "100-continue")]),
            (10, &[("Connection", "close")]),
        ] {
            let length = length.to_string();
            let headers = [&[("Content-Length", length.as_str())], headers].concat();
            let mut connection = Connection::open(handler.port).expect("a connection");
            connection
                .send(&request("POST", "/order", &headers, &vec![b' '; sent]))
                .expect("sent");
            if sent != 10 {
                assert_error(&connection.read_answer().expect("an answer"), 413, &[]);
            }
            drop(connection);
            assert_serves(&handler);
        }
    }
    // Just below the limit, many at once, all of them cut off.
    let cut: Vec<_> = (0..20)
        .map(|_| {
            let mut connection = Connection::open(handler.port).expect("a connection");
            connection
                .send(&order_with_length(LIMIT, b"{"))
                .expect("sent");
            connection
        })
        .collect();
    assert_serves(&handler);
    drop(cut);
    assert_serves(&handler);
}

// Bodies framed wrongly

#[test]
fn a_content_length_that_is_no_number_is_refused() {
    let handler = start();
    let lengths = [
        "x",
        "-1",
        "1.5",
        "0x10",
        "1e3",
        "5,5",
        "5 5",
        "",
        "18446744073709551616",
        "99999999999999999999999",
    ];
    for path in ["/order", "/api/hello", "/nowhere"] {
        for length in lengths {
            let answer = ask(
                &handler,
                &request("POST", path, &[("Content-Length", length)], b""),
            );
            assert_error(&answer, 400, &["Content-Length"]);
        }
        // For tiny_http it is a number, so it reads the body.
        let answer = ask(
            &handler,
            &request("POST", path, &[("Content-Length", "+5")], b"12345"),
        );
        assert_error(&answer, 400, &["Content-Length"]);
    }
    for (first, second) in [("5", "6"), ("6", "5"), ("5", "x"), ("x", "5")] {
        let headers = [("Content-Length", first), ("Content-Length", second)];
        assert_error(
            &ask(
                &handler,
                &request("POST", "/api/hello", &headers, b"123456"),
            ),
            400,
            &["Content-Length"],
        );
    }
    let twice = [("Content-Length", "5"), ("Content-Length", "5")];
    assert_eq!(
        ask(&handler, &request("POST", "/api/hello", &twice, b"12345")).text(),
        "12345"
    );
    assert_serves(&handler);
}

#[test]
fn malformed_chunks_are_refused() {
    let handler = start();
    for chunks in [
        "x\r\n",
        "-1\r\n",
        "\r\n",
        "5\r\n1234567\r\n0\r\n\r\n",
        "5\r\n12345",
        "5\r\n12345\n",
        "5\n12345\r\n0\r\n\r\n\r",
        "0x5\r\n12345\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
        "5 5\r\n12345\r\n0\r\n\r\n",
        "5\r\n12345\r\nzz\r\n",
        "0\r\nx",
        "5\r\n12345\r\n0\r\n\n",
    ] {
        for path in ["/order", "/api/hello"] {
            let mut connection = Connection::open(handler.port).expect("a connection");
            connection
                .send(&request(
                    "POST",
                    path,
                    &[("Transfer-Encoding", "chunked")],
                    chunks.as_bytes(),
                ))
                .expect("sent");
            connection
                .socket()
                .shutdown(Shutdown::Write)
                .expect("shut down");
            assert_error(
                &connection.read_answer().expect("an answer"),
                400,
                &["body"],
            );
        }
    }
    // A chunk as long as memory, of which little comes. Where the peer cuts a chunk off, nothing
    // tells: the order fails as JSON.
    for length in ["7fffffffffffffff", "ffffffffffffffff", "FFFFFFFFFF"] {
        let mut connection = Connection::open(handler.port).expect("a connection");
        let chunk = format!("{length}\r\n{{}}");
        connection
            .send(&request(
                "POST",
                "/order",
                &[("Transfer-Encoding", "chunked")],
                chunk.as_bytes(),
            ))
            .expect("sent");
        connection
            .socket()
            .shutdown(Shutdown::Write)
            .expect("shut down");
        assert_error(&connection.read_answer().expect("an answer"), 400, &[]);
    }
    assert_serves(&handler);
}

/// Whatever the answer is, the request after it on the same connection gets its own.
#[test]
fn the_connection_stays_in_step() {
    let handler = start();
    let mut connection = Connection::open(handler.port).expect("a connection");
    let body = vec![b'x'; 5000];
    let chunked = chunked(&body);
    for _ in 0..3 {
        for (method, path, status) in [
            ("POST", "/nowhere", 404),
            ("GET", "/nowhere", 404),
            ("PUT", "/order", 405),
            ("DELETE", "/api/hello", 405),
            ("POST", "/", 405),
            ("GET", "/", 200),
            ("GET", "/api/hello", 200),
            ("POST", "/order", 400),
            ("POST", "/api/hello", 200),
            ("HEAD", "/", 200),
            ("HEAD", "/nowhere", 404),
        ] {
            for framing in [
                ("Transfer-Encoding", "chunked"),
                ("Content-Length", "5000"),
                ("Expect", "100-continue"),
            ] {
                let body = if framing.1 == "chunked" {
                    &chunked
                } else {
                    &body
                };
                let request = request(method, path, &[framing], body);
                connection.send(&request).expect("sent");
                let read = |connection: &mut Connection| match method {
                    "HEAD" => connection.read_head_answer(),
                    _ => connection.read_answer_or_interim(),
                };
                let mut answer = read(&mut connection).expect("an answer");
                if framing.0 == "Expect" && answer.status == 100 {
                    answer = read(&mut connection).expect("the final answer");
                }
                assert_eq!(
                    answer.status, status,
                    "{method} {path} {framing:?}: {answer:?}"
                );
                assert!(is_ordered(
                    &connection.exchange(&order("next!")).expect("an answer"),
                    "next!"
                ));
            }
        }
    }
}

/// The two ways in which a request can look like two are taken as one, or refused with nothing
/// carried out.
#[test]
fn a_request_hidden_in_a_body_is_not_carried_out() {
    let handler = start();
    let assert_taken_as_one = |headers: &[(&str, &str)], body: &[u8]| {
        let mut connection = Connection::open(handler.port).expect("a connection");
        connection
            .send(&request("POST", "/nowhere", headers, body))
            .expect("sent");
        let answers = String::from_utf8(finish(connection)).expect("text");
        assert_eq!(
            answers.matches("HTTP/1.1 ").count(),
            1,
            "{headers:?}: {answers}"
        );
        assert!(!answers.contains("enqueued"), "{headers:?}: {answers}");
    };
    let hidden = order("hidden!");
    let length = hidden.len().to_string();
    let framings: &[&[(&str, &str)]] = &[
        &[("Content-Length", &length)],
        &[("Content-Length", &length), ("Connection", "upgrade")],
        &[("Connection", "upgrade"), ("Content-Length", &length)],
        &[
            ("Content-Length", &length),
            ("Connection", "keep-alive"),
            ("Connection", "upgrade"),
        ],
        &[("Content-Length", &length), ("Content-Length", "1")],
    ];
    for headers in framings {
        assert_taken_as_one(headers, &hidden);
    }
    let framings: &[&[(&str, &str)]] = &[
        &[("Transfer-Encoding", "chunked")],
        &[("Transfer-Encoding", "chunked"), ("Content-Length", "3")],
        &[("Content-Length", "3"), ("Transfer-Encoding", "chunked")],
        &[("Transfer-Encoding", "chunked"), ("Connection", "upgrade")],
        &[
            ("Transfer-Encoding", "chunked"),
            ("Connection", "keep-alive"),
            ("Connection", "upgrade"),
        ],
        &[
            ("Transfer-Encoding", "chunked"),
            ("Connection", "Upgrade, HTTP2-Settings"),
            ("Upgrade", "h2c"),
        ],
    ];
    let chunks = [&one_chunk(&hidden)[..], b"0\r\n\r\n"].concat();
    for headers in framings {
        assert_taken_as_one(headers, &chunks);
    }
}

// Bodies as they should be

#[test]
fn a_caller_that_expects_to_continue_is_told_to() {
    let handler = start();
    let mut connection = Connection::open(handler.port).expect("a connection");
    let body = vec![b'x'; 3000];
    for (framing, body) in [
        (("Content-Length", "3000"), body.clone()),
        (("Transfer-Encoding", "chunked"), chunked(&body)),
    ] {
        for expect in ["100-continue", "100-Continue"] {
            connection
                .send(&request(
                    "POST",
                    "/api/hello",
                    &[framing, ("Expect", expect)],
                    b"",
                ))
                .expect("sent");
            assert_eq!(
                connection
                    .read_answer_or_interim()
                    .expect("an interim answer")
                    .status,
                100
            );
            connection.send(&body).expect("sent");
            assert_eq!(
                connection.read_answer().expect("an answer").body.len(),
                3000
            );
        }
    }
    // A small body too, and an order.
    let payload = order_payload("as expected!");
    let headers = [
        ("Content-Length", payload.len().to_string()),
        ("Expect", "100-continue".to_owned()),
    ];
    connection
        .send(&request(
            "POST",
            "/order",
            &headers.each_ref().map(|(n, v)| (*n, v.as_str())),
            b"",
        ))
        .expect("sent");
    assert_eq!(
        connection
            .read_answer_or_interim()
            .expect("an interim answer")
            .status,
        100
    );
    connection.send(&payload).expect("sent");
    assert!(is_ordered(
        &connection.read_answer().expect("an answer"),
        "as expected!"
    ));
    // Nothing is waited for where the body is empty, and where it is refused.
    connection
        .send(&request(
            "POST",
            "/api/hello",
            &[("Content-Length", "0"), ("Expect", "100-continue")],
            b"",
        ))
        .expect("sent");
    let mut answer = connection.read_answer_or_interim().expect("an answer");
    if answer.status == 100 {
        answer = connection.read_answer().expect("an answer");
    }
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let huge = (LIMIT + 1).to_string();
    connection
        .send(&request(
            "POST",
            "/api/hello",
            &[("Content-Length", &huge), ("Expect", "100-continue")],
            b"",
        ))
        .expect("sent");
    assert_error(
        &connection.read_answer().expect("a final answer at once"),
        413,
        &[],
    );
}

#[test]
fn empty_bodies_are_bodies() {
    let handler = start();
    let mut connection = Connection::open(handler.port).expect("a connection");
    for (framing, body) in [
        (("Content-Length", "0"), &b""[..]),
        (("Transfer-Encoding", "chunked"), b"0\r\n\r\n"),
        (("X", "Y"), b""),
    ] {
        let mut bare = request("POST", "/api/hello", &[framing], body);
        if framing.0 == "X" {
            bare = b"POST /api/hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec();
        }
        let answer = connection.exchange(&bare).expect("an answer");
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{framing:?}");
        let order = String::from_utf8(bare)
            .expect("text")
            .replacen("/api/hello", "/order", 1);
        assert_error(
            &connection.exchange(order.as_bytes()).expect("an answer"),
            400,
            &["payload"],
        );
    }
}

/// 100 MiB of bytes of every kind, with a length and in chunks, come back as they were.
#[test]
fn a_hundred_mebibytes_pass_intact() {
    let handler = start();
    let mut random = Random::new(100);
    let mebibyte: Vec<u8> = (0..(1 << 20) + 7)
        .map(|_| random.below(256) as u8)
        .collect();
    let sizes = (0..100).map(|n| &mebibyte[..(1 << 20) - n % 3]);
    let body = sizes.collect::<Vec<_>>().concat();
    let chunks = [
        body.chunks(100_000).flat_map(one_chunk).collect(),
        b"0\r\n\r\n".to_vec(),
    ]
    .concat();
    let length = body.len().to_string();
    for (framing, sent) in [
        (("Content-Length", length.as_str()), &body),
        (("Transfer-Encoding", "chunked"), &chunks),
    ] {
        let mut connection = Connection::open(handler.port).expect("a connection");
        connection
            .send(&request("POST", "/api/hello", &[framing], b""))
            .expect("sent");
        connection.send(sent).expect("sent");
        let answer = connection.read_answer().expect("an answer");
        assert!(
            answer.status == 200 && answer.body == body,
            "{} bytes of {length}",
            answer.body.len()
        );
        assert_eq!(
            connection
                .exchange(&ping())
                .expect("the connection is in step")
                .status,
            200
        );
    }
}

/// Peers that leave without a word, at any point of a request or of its answer.
#[test]
fn peers_that_leave_do_no_harm() {
    let handler = start();
    let whole = [
        order("left!"),
        ping(),
        request("POST", "/api/hello", &[], &[b'x'; 300_000]),
    ]
    .concat();
    let mut random = Random::new(7);
    for _ in 0..300 {
        let mut connection = Connection::open(handler.port).expect("a connection");
        let cut = random.below(whole.len().min(4000));
        // It fails where the handler has already found the request bad.
        let _ = connection.send(if random.below(4) == 0 {
            &whole
        } else {
            &whole[..cut]
        });
        if random.below(2) == 0 {
            // It fails where the handler has already closed its side.
            let _ = connection.socket().shutdown(Shutdown::Both);
        }
    }
    assert_serves(&handler);
}
