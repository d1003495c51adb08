//! Seeded mutations of valid requests: whatever comes in, the handler goes on, and never says that
//! work was done which was not. `FUZZ_ROUNDS` sets how many there are (`make fuzz`), `FUZZ_SEED`
//! with which it starts; a failure says its seed.

use crate::random::Random;
use crate::requests::{ID, assert_serves, message, order, ping, wire};
use crate::start::start;
use serde_json::value::RawValue;
use stand_in::run::http::{Answer, Connection, invocation};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

/// Enough for what is easily found, in seconds.
const ROUNDS: u64 = 4_000;

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect("a number"))
    };
    let (first, rounds) = (
        number("FUZZ_SEED").unwrap_or(0),
        number("FUZZ_ROUNDS").unwrap_or(ROUNDS),
    );
    assert!(rounds > 0, "FUZZ_ROUNDS says that there is nothing to do");
    first..first + rounds
}

/// Payloads that hosts send, those of tests/template/wire, with the function that each is for.
fn payloads() -> Vec<(&'static str, Vec<u8>)> {
    let directory = format!("{}/tests/template/wire", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(directory)
        .expect("tests/template/wire")
        .map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    // In the same order for the same seed.
    files.sort();
    let function = |path: &std::path::Path| match path.to_string_lossy().contains("queue") {
        true => "/MyQueueFunction",
        false => "/order",
    };
    let payloads: Vec<_> = files
        .iter()
        .map(|path| (function(path), std::fs::read(path).expect("a payload")))
        .collect();
    assert!(payloads.len() > 10, "there are samples of payloads");
    payloads
}

/// What JSON and HTTP pay attention to, and what they do not expect.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b":",
    b",",
    b"null",
    b"true",
    b"0",
    b"-",
    b"1e999",
    b"\\u0000",
    b"\\ud800",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xed\xa0\x80",
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"\"Data\"",
    b"\"req\"",
    b"\"myQueueItem\"",
    b"\"Body\"",
    b"\"Headers\"",
    b"\"Query\"",
    b"99999999999999999999",
    b"Content-Length: 5\r\n",
    b"Content-Length: 18446744073709551615\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\n",
    b"Expect: 100-continue\r\n",
    b"HEAD ",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
];

/// Flips, cuts, repeats and splices, once to eight times.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len() + 1);
        let end = at + random.below((bytes.len() - at).min(64) + 1);
        match random.below(8) {
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
            _ => drop(bytes.splice(at..at, random.pick(PIECES).iter().copied())),
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
    let refused = json["Outputs"]["res"]["statusCode"]
        .as_u64()
        .is_some_and(|status| status >= 400);
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
    let payloads = payloads();
    let others: Vec<_> = payloads
        .iter()
        .map(|(_, payload)| payload.clone())
        .collect();
    let mut connection = Connection::open(handler.port).expect("a connection");
    let mut done = 0;
    for seed in seeds() {
        let mut random = Random::new(seed);
        let (function, payload) = random.pick(&payloads);
        let mut payload = payload.clone();
        mutate(&mut random, &mut payload, &others);
        let answer = connection.exchange(&invocation(function, ID, &payload));
        let answer =
            answer.unwrap_or_else(|error| panic!("FUZZ_SEED={seed} FUZZ_ROUNDS=1: {error}"));
        let checked = std::panic::catch_unwind(|| assert_sound(&answer, &payload));
        assert!(
            checked.is_ok(),
            "FUZZ_SEED={seed} FUZZ_ROUNDS=1: {:?}",
            String::from_utf8_lossy(&payload)
        );
        done += u64::from(answer.status == 200);
    }
    let rounds = seeds().count() as u64;
    assert!(
        rounds < 100 || (done > rounds / 50 && done < rounds),
        "{done} of {rounds} were taken: no good mutations"
    );
    assert_serves(&handler);
}

/// Mutated requests, several on a connection: the handler may close it, but each is otherwise left
/// in peace.
#[test]
fn mutated_requests_do_not_stop_the_server() {
    let handler = start();
    let requests: Vec<Vec<u8>> = vec![
        wire("host-order-json.http"),
        order("fuzz!"),
        message("fuzz!"),
        ping(),
        stand_in::run::http::request(
            "GET",
            "/api/hello?name=Ada%20L",
            &[("X-Forwarded-Host", "localhost:7071")],
            b"",
        ),
        stand_in::run::http::request(
            "POST",
            "/api/hello",
            &[("Content-Type", "text/plain")],
            b"hello",
        ),
        stand_in::run::http::request("POST", "/api/hello", &[], &[b'x'; 2000]),
        stand_in::run::http::request(
            "POST",
            "/api/hello",
            &[("Expect", "100-continue")],
            &[b'x'; 100],
        ),
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
        // All of these fail where the handler has closed the connection, as it may.
        let _ = connection.send(&bytes);
        if random.below(4) > 0 {
            let _ = connection.socket().shutdown(Shutdown::Write);
            connection
                .socket()
                .set_read_timeout(Some(Duration::from_secs(2)))
                .expect("a timeout");
            match connection.read_to_end() {
                Ok(answers) => assert!(
                    answers.is_empty() || answers.starts_with(b"HTTP/1.1 "),
                    "FUZZ_SEED={seed}"
                ),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) => panic!(
                    "FUZZ_SEED={seed} FUZZ_ROUNDS=1: {error}: {:?}",
                    String::from_utf8_lossy(&bytes)
                ),
            }
        }
        if seed % 64 == 0 {
            assert_serves(&handler);
        }
    }
    assert_serves(&handler);
}
