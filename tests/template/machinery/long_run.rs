//! Many invocations, good and bad, from connections that come and go: nothing is answered wrong,
//! nothing grows.
//!
//! 200,000 of them, or as many as `LONG_RUN` says.

use crate::handler::Handler;
#[cfg(target_os = "linux")]
use crate::probe;
use crate::probe::assert_few_threads;
use crate::random::Random;
use crate::requests::invocation;
use crate::requests::{
    ID, assert_serves, connect, is_ordered, is_passed_on, message, order, ping, post,
};
use crate::start::start_with;
use crate::wait::wait_for;
use stand_in::run::http::request;
use std::sync::{Barrier, Mutex};
use std::thread;

const CONNECTIONS: usize = 16;

/// What a client does with the answer to its request.
enum Right {
    Order,
    Message,
    Echo,
    Status(u16),
    /// The client leaves, whether there is an answer or not.
    Leaves,
}

/// A request and what is right about its answer; half of all are bad.
fn any(random: &mut Random, text: &str) -> (Vec<u8>, Right) {
    let (order_path, message_path) = ("/order", "/MyQueueFunction");
    let hello = |name, value, body: &str| post("/api/hello", &[(name, value)], body);
    let is = |status, request| (request, Right::Status(status));
    match random.below(24) {
        0..4 => (order(text), Right::Order),
        4..8 => (message(text), Right::Message),
        8..10 => {
            let body = text.repeat(1 + random.below(300));
            (post("/api/hello", &[], body), Right::Echo)
        }
        10 => is(200, request("GET", "/api/hello?name=Ada", &[], b"")),
        11 => is(200, ping()),
        12 => is(400, invocation(order_path, ID, b"{")),
        13 => is(400, invocation(message_path, ID, &[b'['; 3000])),
        14 => is(400, invocation(message_path, ID, b"{\"Data\": {}}")),
        15 => {
            let body = b"{\"Data\": {\"req\": {\"Body\": \"\xff\"}}}";
            is(400, invocation(order_path, ID, body))
        }
        16 => is(404, invocation("/nowhere", ID, b"{}")),
        17 => is(405, request("PUT", order_path, &[], text.as_bytes())),
        18 => is(400, hello("Content-Length", "x", "")),
        19 => is(404, request("GET", "/%ff/..%00?a", &[], b"")),
        20 => (
            hello("Transfer-Encoding", "chunked", "zz\r\n"),
            Right::Leaves,
        ),
        21 => (b"no request\r\n\r\n".to_vec(), Right::Leaves),
        22 => {
            let mut cut = order(text);
            cut.truncate(1 + random.below(cut.len() - 1));
            (cut, Right::Leaves)
        }
        _ => (
            post(order_path, &[("Content-Length", "5000")], text),
            Right::Leaves,
        ),
    }
}

/// One client: its share of the invocations, on connections that end now and then.
fn client(handler: &Handler, name: usize, tenth: usize, count: usize) {
    let mut random = Random::new((name + CONNECTIONS * tenth) as u64);
    let mut caller = connect(handler);
    for n in 0..count {
        let text = format!("{name}-{tenth}-{n}!");
        let (request, right) = any(&mut random, &text);
        if matches!(right, Right::Leaves) {
            caller.send(request);
            caller = connect(handler);
            continue;
        }
        let answer = caller.ask(&request);
        let is_right = match right {
            Right::Order => is_ordered(&answer, &text),
            Right::Message => is_passed_on(&answer, &text),
            Right::Status(status) => answer.status == status,
            _ => answer.status == 200 && !answer.body.is_empty() && request.ends_with(&answer.body),
        };
        assert!(is_right, "{text}: {answer:?}");
        if random.below(50) == 0 {
            caller = connect(handler);
        }
    }
}

/// What must not grow; memory in KiB.
#[derive(Debug, Default)]
struct Measure {
    memory: usize,
    threads: usize,
    descriptors: usize,
}

#[cfg(target_os = "linux")]
fn measure(handler: &Handler) -> Measure {
    let pid = handler.pid();
    Measure {
        memory: probe::status(pid, "VmRSS"),
        threads: probe::status(pid, "Threads"),
        descriptors: probe::descriptors(pid),
    }
}

#[cfg(not(target_os = "linux"))]
fn measure(_: &Handler) -> Measure {
    Measure::default()
}

#[test]
fn a_long_run_of_mixed_invocations_leaves_no_trace() {
    let count = std::env::var("LONG_RUN").map_or(200_000, |count| count.parse().expect("a number"));
    assert!(
        count >= CONNECTIONS * 10,
        "LONG_RUN leaves nothing to do for some connections"
    );
    // glibc keeps what is freed for the thread that freed it, more of it with each thread, and no
    // leak could be distinguished from that.
    let tunables = "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0";
    let handler = start_with("GLIBC_TUNABLES", tunables);
    let start = measure(&handler);
    let barrier = Barrier::new(CONNECTIONS);
    let tenths: Mutex<Vec<Measure>> = Mutex::default();
    let run = |name| {
        for tenth in 0..10 {
            client(&handler, name, tenth, count / CONNECTIONS / 10);
            if barrier.wait().is_leader() {
                tenths.lock().unwrap().push(measure(&handler));
            }
            barrier.wait();
        }
    };
    thread::scope(|scope| {
        let run = &run;
        (0..CONNECTIONS).for_each(|name| drop(scope.spawn(move || run(name))));
    });
    let tenths = tenths.into_inner().unwrap();
    let (first, last) = (&tenths[0], &tenths[9]);
    // After such a run valgrind finds 78 blocks in use of 445,129 allocated. A thread more, on a
    // busy machine, takes some 50 KiB. To leak 9 bytes an invocation would be too much here.
    let most = tenths.iter().map(|tenth| tenth.threads).max();
    let threads = most.unwrap_or_default() - first.threads;
    let allowed = first.memory + 64 * threads + 1024 + count / 400;
    assert!(last.memory <= allowed, "KiB of memory grew: {tenths:?}");
    assert_few_threads(&handler);
    wait_for("the descriptors to be as many as at the start", || {
        (measure(&handler).descriptors <= start.descriptors).then_some(())
    });
    assert_serves(&handler);
}
