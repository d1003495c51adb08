//! Seeded mutations of valid requests: whatever comes in, the handler goes on, and never says that
//! work was done which was not. `FUZZ_ROUNDS` sets how many there are (`make fuzz`), `FUZZ_SEED`
//! with which it starts; a failure says its seed.

use crate::random::Random;
use crate::requests::invocation;
use crate::requests::{ID, assert_serves, connect, message, order, ping, post, wire};
use crate::start::start;
use serde_json::value::RawValue;
use stand_in::run::http::{Answer, Connection, request};
use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::time::Duration;

/// Enough for what is easily found, in seconds.
const ROUNDS: u64 = 4_000;

fn seeds() -> Range<u64> {
    let number = |name: &str| Some(std::env::var(name).ok()?.parse().expect("a number"));
    let rounds: u64 = number("FUZZ_ROUNDS").unwrap_or(ROUNDS);
    let first = number("FUZZ_SEED").unwrap_or(0);
    assert!(rounds > 0, "FUZZ_ROUNDS says that there is nothing to do");
    first..first + rounds
}

/// What JSON and HTTP pay attention to, and what they do not expect, one per line; `\r` and `\n`
/// are these characters.
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

/// Flips, cuts, repeats and splices, once to eight times.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    let pieces: Vec<&str> = PIECES.lines().collect();
    let odd_bytes: [&[u8]; 5] = [b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\0", b" "];
    for _ in 0..=random.below(8) {
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

/// Checks that a 2xx answer is one to work that was done.
fn assert_sound(answer: &Answer, payload: &[u8]) {
    assert!(matches!(answer.status, 200 | 400 | 500), "{answer:?}");
    let json = answer.json();
    if answer.status != 200 {
        assert!(
            json["error"]
                .as_str()
                .is_some_and(|error| !error.is_empty()),
            "{answer:?}"
        );
        return;
    }
    // Not as a `Value`: what the handler does not look at may hold what only a string must not, a
    // lone surrogate.
    let parsed: HashMap<String, &RawValue> = serde_json::from_slice(payload)
        .unwrap_or_else(|error| panic!("{error} in what was answered {answer:?}"));
    let data = parsed
        .get("Data")
        .is_some_and(|data| data.get().starts_with('{'));
    assert!(data, "no Data in what was answered {answer:?}");
    let status = json["Outputs"]["res"]["statusCode"].as_u64();
    let refused = status.is_some_and(|status| status >= 400);
    let done = json["Outputs"]["message"].is_string() || json["ReturnValue"].is_string();
    assert!(
        refused || done,
        "nothing was done, and it was answered {answer:?}"
    );
}

/// Mutated payloads in sound requests, all on one connection, which they never end.
#[test]
fn mutated_payloads_are_answered_soundly() {
    let handler = start();
    // Those that hosts send, in the same order for the same seed.
    let folder = format!("{}/tests/template/wire", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).expect("tests/template/wire");
    let names = files.map(|file| {
        file.expect("a file")
            .file_name()
            .into_string()
            .expect("a name")
    });
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
    names.sort();
    assert!(names.len() > 10, "there are samples of payloads");
    let payloads: Vec<Vec<u8>> = names.iter().map(|name| wire(name)).collect();
    let mut caller = connect(&handler);
    let mut done = 0;
    for seed in seeds() {
        let mut random = Random::new(seed);
        let place = random.below(names.len());
        let is_message = names[place].contains("queue");
        let function = if is_message {
            "/MyQueueFunction"
        } else {
            "/order"
        };
        let mut payload = payloads[place].clone();
        mutate(&mut random, &mut payload, &payloads);
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let answer = caller.ask(&invocation(function, ID, &payload));
            assert_sound(&answer, &payload);
            answer.status
        }));
        let text = String::from_utf8_lossy(&payload);
        assert!(checked.is_ok(), "FUZZ_SEED={seed} FUZZ_ROUNDS=1: {text:?}");
        done += usize::from(checked.is_ok_and(|status| status == 200));
    }
    let rounds = seeds().count();
    let are_good = rounds < 100 || (done > rounds / 50 && done < rounds);
    assert!(are_good, "{done} of {rounds} were taken: no good mutations");
    assert_serves(&handler);
}

/// Mutated requests, several on a connection: the handler may close it, but each is otherwise left
/// in peace.
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
        post("/api/hello", &[("Expect", "100-continue")], [b'x'; 100]),
    ];
    for seed in seeds() {
        let mut random = Random::new(seed ^ 0x5eed_0000);
        let mut bytes = Vec::new();
        for _ in 0..=random.below(3) {
            bytes.extend(random.pick(&requests));
        }
        mutate(&mut random, &mut bytes, &requests);
        let mut connection = Connection::open(handler.port).unwrap_or_else(|error| {
            panic!("refused, at the latest after FUZZ_SEED={seed}: {error}")
        });
        // These fail where the handler has closed the connection, as it may.
        let _ = connection.send(&bytes);
        if random.below(4) > 0 {
            let _ = connection.socket().shutdown(std::net::Shutdown::Write);
            let timeout = Some(Duration::from_secs(2));
            connection
                .socket()
                .set_read_timeout(timeout)
                .expect("a timeout");
            let mut answers = Vec::new();
            match connection.read_to_end(&mut answers) {
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Ok(_) if answers.is_empty() || answers.starts_with(b"HTTP/1.1 ") => {}
                other => {
                    let text = String::from_utf8_lossy(&bytes);
                    panic!("FUZZ_SEED={seed} FUZZ_ROUNDS=1: {other:?}: {text:?}")
                }
            }
        }
        if seed % 64 == 0 {
            assert_serves(&handler);
        }
    }
    assert_serves(&handler);
}
