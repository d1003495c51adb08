//! Nothing is altered or lost: generated messages under the stand-in, mutated payloads, and mutated
//! requests. `FUZZ_ROUNDS` is the number of each (`make fuzz`), `FUZZ_SEED` the first seed. A
//! failure shows its seed.

use crate::exchanges::decoded;
use crate::random::Random;
use crate::requests::*;
use crate::start::{app, queued};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use stand_in::App;
use stand_in::host::answer::MESSAGE_MAX_BYTES;

use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::time::Duration;

/// A seed for each round. By default there are enough to find easy faults in seconds. The test
/// harness shows the seed of the round that fails.
fn rounds(default: u64) -> impl Iterator<Item = (u64, Random)> {
    let number = |name: &str| Some(std::env::var(name).ok()?.parse().expect("a number"));
    let rounds: u64 = number("FUZZ_ROUNDS").unwrap_or(default);
    let first = number("FUZZ_SEED").unwrap_or(0);
    assert!(rounds > 0, "FUZZ_ROUNDS says that there is nothing to do");
    (first..first + rounds).map(|seed| {
        println!("FUZZ_SEED={seed} FUZZ_ROUNDS=1");
        (seed, Random::new(seed))
    })
}

/// Prints the beginning of what is sent, for a failure.
fn show(bytes: &[u8]) {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]);
    println!("{} bytes: {start:?}", bytes.len());
}

// Messages

/// An order of `exchanges/orders.txt`, and what arrives, or how it is refused.
pub struct Case {
    pub content_type: &'static str,
    pub body: &'static str,
    pub expected: &'static str,
}

pub fn cases() -> Vec<Case> {
    let (mut cases, mut content_type) = (Vec::new(), "");
    for line in include_str!("exchanges/orders.txt").lines() {
        if let Some(value) = line.strip_prefix("type ") {
            content_type = value;
        } else if !line.is_empty() && !line.starts_with('#') {
            let (body, expected) = line.split_once(" => ").unwrap_or((line, line));
            cases.push(Case {
                content_type,
                body,
                expected,
            });
        }
    }
    cases
}

#[test]
fn what_is_sent_is_what_arrives() {
    let cases = cases().into_iter().map(|case| decoded(case.body));
    let messages: Vec<_> = cases.filter(|message| !message.is_empty()).collect();
    let (handler, mut host) = (start(), app(&[]));
    for (seed, mut random) in rounds(3_000) {
        // A new host, because it copies all earlier messages for each look.
        if seed % 100 == 0 {
            host = app(&[]);
        }
        let mut message = random.pick(&messages).clone();
        match random.below(16) {
            0 => message = of_some_length(&mut random),
            most => mutate(&mut random, &mut message, &messages, most.div_ceil(4)),
        }
        show(&message);
        check_order(&host, &handler, &message, &mut random);
        check_message(&host, &handler, &message);
    }
}

/// Shapes of messages: the start, what repeats, the bytes that the host makes of that in an object,
/// and the end.
const SHAPES: &str = r#"an order |x|1|
|A|1|
|~20|1|
|"|1|
|😀|4|
["|é|2|"]
{|}|1|
{"a":"|x|1|"}
{"a":"|é|2|"}
{"a":"|~C2~85|6|"}
{"a":"|~E2~80~A8|6|"}
{"a":"|\u00e9|2|"}
{"a":"|\n|2|"}
{"a":[[[|1,|2|1]]]}
{"0":1,"1":1,"2":1,"3":1,"4":1,"a":"|x|1|"}"#;

/// Short, or close to a queue's limit, also for objects that the host indents.
fn of_some_length(random: &mut Random) -> Vec<u8> {
    let length = match random.below(4) {
        0 | 1 => MESSAGE_MAX_BYTES - 40 + random.below(44),
        2 => random.below(2000),
        _ => 1 + random.below(8),
    };
    let shapes: Vec<&str> = SHAPES.lines().collect();
    let shape: Vec<&str> = random.pick(&shapes).split('|').collect();
    let [start, letter, written, end] = shape[..] else {
        panic!("{shape:?}");
    };
    let written: usize = written.parse().expect("a number");
    let room = length.saturating_sub(start.len() + end.len());
    let filling = letter.repeat(room / written) + &"-".repeat(room % written);
    decoded(&format!("{start}{filling}{end}"))
}

/// Posts a message as an order: it is in the queue `orders`, or its caller gets an error with the
/// reason.
fn check_order(host: &App, handler: &Handler, message: &[u8], random: &mut Random) {
    let is_text = std::str::from_utf8(message).is_ok();
    let made = String::from_utf8_lossy(message);
    let made = made.strip_prefix('\u{feff}').unwrap_or(&made).len();
    // Damage happens to every second message that is not text.
    let as_binary = random.below(8) < if is_text { 1 } else { 4 };
    if !is_text && !as_binary && (message.len() == made || message.len() == made + 3) {
        // The host's text has the same length, so the damage cannot be detected.
        return;
    }
    let content_type = match as_binary {
        true => "Application/Octet-Stream; a=b",
        false => "application/json; charset=utf-8",
    };
    let headers = [("Content-Type", content_type)];
    let post = || host.call("POST", "/api/order", &headers, message);
    let (answer, messages) = queued(host, "orders", post);
    // The host drops a byte-order mark from a text.
    let mark = "\u{feff}".as_bytes();
    let without_mark = message.strip_prefix(mark).filter(|_| !as_binary);
    let bytes = without_mark.unwrap_or(message);
    let status = match bytes.len() {
        _ if !is_text && !as_binary => 415,
        0 => 400,
        length if length > MESSAGE_MAX_BYTES => 413,
        _ => 200,
    };
    assert_eq!(answer.status, status, "the order as {content_type:?}");
    assert_arrived(handler, &messages, (status == 200).then_some(bytes));
}

/// Puts a message into `messages-incoming`: it is in `messages-outgoing`, unless no queue can have
/// it.
pub fn check_message(host: &App, handler: &Handler, message: &[u8]) {
    if message.len() > MESSAGE_MAX_BYTES || std::str::from_utf8(message).is_err() {
        return;
    }
    let send = || host.send("messages-incoming", message);
    let (run, messages) = queued(host, "messages-outgoing", send);
    assert_eq!(run.failure, None);
    assert_arrived(handler, &messages, Some(message));
}

/// Checks that the same bytes are in the queue. If an object is sent plain, the same tokens are
/// enough: the host indents it.
pub fn assert_arrived(handler: &Handler, messages: &[Vec<u8>], sent: Option<&[u8]>) {
    let is_same = match (sent, messages) {
        (None, []) => true,
        (Some(sent), [queued]) => {
            sent == queued || (is_same_json(sent, queued) && goes_plain(handler, sent))
        }
        _ => false,
    };
    let shown: Vec<_> = messages
        .iter()
        .map(|message| String::from_utf8_lossy(message))
        .collect();
    assert!(is_same, "in the queue: {shown:?}");
}

/// Asks the handler again, without a host, whether it sends this message as an object and not as
/// base64.
fn goes_plain(handler: &Handler, message: &[u8]) -> bool {
    let text = std::str::from_utf8(message).expect("a text");
    let answer = invoke(handler, "MyQueueFunction", message_payload(text)).json();
    text.trim().starts_with('{') && answer["ReturnValue"] == text
}

/// Whether both are strict JSON with equal names and strings once decoded, and equal numbers as
/// written, in the same order.
fn is_same_json(a: &[u8], b: &[u8]) -> bool {
    json_tokens(a).is_some_and(|tokens| json_tokens(b) == Some(tokens))
}

fn json_tokens(json: &[u8]) -> Option<Vec<String>> {
    let json = std::str::from_utf8(json).ok()?;
    serde_json::from_str::<IgnoredAny>(json).ok()?;
    let (mut tokens, mut rest) = (Vec::new(), json.trim_ascii());
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            tokens.push(format!("{:?}", strings.next()?.ok()?));
            strings.byte_offset()
        } else {
            let is_of_word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
            let word = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()).max(1);
            tokens.push(rest[..word].to_owned());
            word
        };
        rest = rest[length..].trim_ascii_start();
    }
    Some(tokens)
}

#[test]
fn json_is_compared_strictly() {
    let same = |a: &str, b: &str| is_same_json(a.as_bytes(), b.as_bytes());
    assert!(same(
        r#"{"a":[1,-2.0,true],"\u0062":"\u00e9\/"}"#,
        "{\n  \"a\": [\n 1, -2.0,true],\r\n\"b\":\"é/\" }\t"
    ));
    for (a, b) in [
        ("[1]", "[1.0]"),
        ("[10.10]", "[10.1]"),
        ("[1]", "[\"1\"]"),
        ("[1,2]", "[2,1]"),
        (r#"{"a":1,"a":1}"#, r#"{"a":1}"#),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
        (r#"{"a":1}"#, r#"{"A":1}"#),
        ("{a:1}", "{a:1}"),
        (r#"["\ud800"]"#, r#"["\ud800"]"#),
    ] {
        assert!(!same(a, b), "{a} {b}");
    }
}

// Payloads and requests

/// Bytes that matter to JSON and HTTP, and unexpected ones, one per line; `\r` and `\n` are these
/// characters.
const PIECES: &str = r#"{
}
[
]
"
\
:
,
null
true
0
-
1e999
\u0000
\ud800
\r
\n
\r\n
\r\n\r\n
"Data"
"req"
"myQueueItem"
"Body"
"Headers"
"Query"
99999999999999999999
Content-Length: 5\r\n
Content-Length: 18446744073709551615\r\n
Transfer-Encoding: chunked\r\n
Connection: close\r\n
Connection: upgrade\r\n
Expect: 100-continue\r\n
HEAD 
0\r\n\r\n
ffffffffffffffff\r\n"#;

/// Flips, cuts, repeats and splices, up to `most` times.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>, others: &[Vec<u8>], most: usize) {
    let pieces: Vec<&str> = PIECES.lines().collect();
    let odd_bytes: [&[u8]; 5] = [b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\0", b" "];
    for _ in 0..=random.below(most) {
        let at = random.below(bytes.len() + 1);
        let end = at + random.below((bytes.len() - at).min(64) + 1);
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let repeated = bytes[at..end].repeat(1 + random.below(40));
                bytes.splice(at..at, repeated);
            }
            5 => {
                let other = random.pick(others);
                let from = random.below(other.len());
                let to = from + random.below(other.len() - from + 1);
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            6 => drop(bytes.splice(at..at, random.pick(&odd_bytes).iter().copied())),
            _ => {
                let piece = random
                    .pick(&pieces)
                    .replace("\\r", "\r")
                    .replace("\\n", "\n");
                bytes.splice(at..at, piece.into_bytes());
            }
        }
    }
}

/// Checks that a 2xx answer is for work that was done.
fn assert_sound(answer: &Answer, payload: &[u8]) {
    assert!(matches!(answer.status, 200 | 400 | 500), "{answer:?}");
    let json = answer.json();
    if answer.status != 200 {
        let error = json["error"].as_str().unwrap_or_default();
        return assert!(!error.is_empty(), "{answer:?}");
    }
    // Not a `Value`: what the handler does not read may have a lone surrogate.
    let parsed: HashMap<String, &RawValue> = serde_json::from_slice(payload)
        .unwrap_or_else(|error| panic!("{error} in what was answered {answer:?}"));
    let data = parsed
        .get("Data")
        .map(|data| data.get())
        .unwrap_or_default();
    assert!(
        data.starts_with('{'),
        "no Data in what was answered {answer:?}"
    );
    let status = json["Outputs"]["res"]["statusCode"].as_u64();
    let refused = status.is_some_and(|status| status >= 400);
    let done = json["Outputs"]["message"].is_string() || json["ReturnValue"].is_string();
    assert!(
        refused || done,
        "nothing was done, and it was answered {answer:?}"
    );
}

/// Mutated payloads in valid requests, all on one connection, which stays open.
#[test]
fn mutated_payloads_are_answered_soundly() {
    let handler = start();
    // In the same order for the same seed.
    let mut names = wire_names();
    names.retain(|name| name.ends_with(".json"));
    names.sort();
    assert!(names.len() > 10, "there are samples of payloads");
    let payloads: Vec<Vec<u8>> = names.iter().map(|name| wire(name)).collect();
    let (mut caller, mut done, mut all) = (connect(&handler), 0, 0);
    for (_, mut random) in rounds(4_000) {
        let place = random.below(names.len());
        let is_message = names[place].contains("queue");
        let function = if is_message {
            "/MyQueueFunction"
        } else {
            "/order"
        };
        let mut payload = payloads[place].clone();
        mutate(&mut random, &mut payload, &payloads, 8);
        show(&payload);
        let answer = caller.ask(invocation(function, ID, &payload));
        assert_sound(&answer, &payload);
        done += usize::from(answer.status == 200);
        all += 1;
    }
    let are_good = all < 100 || (done > all / 50 && done < all);
    assert!(are_good, "{done} of {all} were taken: no good mutations");
    assert_serves(&handler);
}

/// Mutated requests, several on a connection, which the handler may close.
#[test]
fn mutated_requests_do_not_stop_the_server() {
    let handler = start();
    let by_proxy = [("X-Forwarded-Host", "localhost:7071")];
    let requests: Vec<Vec<u8>> = vec![
        wire("host-order-json.http"),
        order("fuzz!"),
        message("fuzz!"),
        ping(),
        request("GET", "/api/hello?name=Ada%20L", &by_proxy, b""),
        post("/api/hello", &[("Content-Type", "text/plain")], "hello"),
        post("/api/hello", &[], [b'x'; 2000]),
        post("/api/hello", &[], [b'x'; 300_000]),
        post("/api/hello", &[("Expect", "100-continue")], [b'x'; 100]),
    ];
    for (seed, mut random) in rounds(4_000) {
        let mut bytes = Vec::new();
        for _ in 0..=random.below(3) {
            bytes.extend(random.pick(&requests));
        }
        mutate(&mut random, &mut bytes, &requests, 8);
        show(&bytes);
        let mut connection = Connection::open(handler.port).expect("a connection");
        // An error means that the handler has closed the connection, as it may.
        let _ = connection.send(&bytes);
        if random.below(4) > 0 {
            let socket = connection.socket();
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let timeout = Some(Duration::from_secs(2));
            socket.set_read_timeout(timeout).expect("a timeout");
            let mut answers = Vec::new();
            match connection.read_to_end(&mut answers) {
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Ok(_) if answers.is_empty() || answers.starts_with(b"HTTP/1.1 ") => {}
                // tiny_http writes its 417 into the answer before it [util/sequential.rs].
                Ok(_) if String::from_utf8_lossy(&answers).contains("1.1 417 ") => {}
                other => panic!("{other:?}: {}", String::from_utf8_lossy(&answers)),
            }
        }
        if seed % 64 == 0 {
            assert_serves(&handler);
        }
    }
    assert_serves(&handler);
}
