//! Many new connections at once, each with a request and then kept alive, as the host opens them.
//!
//! Without a defence some are never answered (about 9 of 64). With it each is answered within a
//! second. A loaded machine may need longer, so all answers must come within [`PATIENCE`], and in
//! most rounds within a second.

use crate::probe::allow_many_files;
use crate::requests::*;
use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

const SIZES: [usize; 10] = [2, 3, 5, 8, 16, 33, 64, 100, 128, 256];

/// How many silent connections come before how many others.
const BEHIND: [(usize, usize); 10] = [
    (4, 1),
    (1, 4),
    (5, 1),
    (8, 1),
    (3, 2),
    (16, 8),
    (32, 1),
    (64, 4),
    (8, 128),
    (256, 8),
];

/// The rounds of each kind. Only Linux has enough ports for fifty.
const ROUNDS: usize = if cfg!(target_os = "linux") { 50 } else { 5 };

const PATIENCE: Duration = Duration::from_secs(20);

/// How long until all unused threads of an idle handler have ended; tiny_http's end after five
/// seconds.
const IDLE: Duration = Duration::from_secs(7);

/// Opens connections at once, each with an order.
fn open(handler: &Handler, count: usize) -> Vec<Caller> {
    let open = |_| {
        let mut caller = connect(handler);
        caller.send(order("in a burst!"));
        caller
    };
    (0..count).map(open).collect()
}

/// Waits for all answers. Gives the time of the last.
#[track_caller]
fn answers(callers: &mut [Caller], since: Instant) -> Duration {
    let count = callers.len();
    for (index, caller) in callers.iter_mut().enumerate() {
        let left = PATIENCE.saturating_sub(since.elapsed());
        let answer = caller.answer_within(left.max(Duration::from_millis(10)));
        let answer = answer.unwrap_or_else(|error| {
            let waited = since.elapsed();
            panic!("of {count} at once, number {index} had no answer after {waited:?}: {error}")
        });
        assert!(is_ordered(&answer, "in a burst!"), "{answer:?}");
    }
    since.elapsed()
}

#[track_caller]
fn ask_all(callers: &mut [Caller]) {
    let begun = Instant::now();
    for caller in &mut *callers {
        caller.send(order("in a burst!"));
    }
    answers(callers, begun);
}

/// Resets a connection by leaving an answer unread, so that on Linux its port is free at once.
fn reset(mut caller: Caller) {
    let socket = caller.send(ping()).socket();
    // A call with a timeout is interrupted if this process is stopped and continued.
    let peek = || socket.peek(&mut [0]).map_err(|error| error.kind());
    let peeked = std::iter::repeat_with(peek).find(|peeked| *peeked != Err(ErrorKind::Interrupted));
    assert_eq!(peeked, Some(Ok(1)), "the answer to a ping");
}

/// A burst, and a second request on each connection.
#[track_caller]
fn burst(handler: &Handler, round: usize) -> Duration {
    let begun = Instant::now();
    let mut callers = open(handler, SIZES[round % SIZES.len()]);
    let took = answers(&mut callers, begun);
    ask_all(&mut callers);
    callers.into_iter().for_each(reset);
    took
}

/// A burst behind connections that send nothing until all others are answered: .NET opens
/// connections in advance that it does not need.
#[track_caller]
fn burst_behind_silent_ones(handler: &Handler, round: usize) -> Duration {
    let (silent, count) = BEHIND[round % BEHIND.len()];
    let begun = Instant::now();
    let mut silent: Vec<_> = (0..silent).map(|_| connect(handler)).collect();
    let mut callers = open(handler, count);
    let took = answers(&mut callers, begun);
    let later = Instant::now();
    callers.extend(open(handler, count));
    answers(&mut callers[count..], later);
    ask_all(&mut silent);
    silent.into_iter().chain(callers).for_each(reset);
    took
}

#[track_caller]
fn assert_most_within_a_second(round: impl FnMut(usize) -> Duration) {
    let mut took: Vec<_> = (0..ROUNDS).map(round).collect();
    took.sort();
    let are_most = took[took.len() * 9 / 10] < Duration::from_secs(1);
    assert!(are_most, "many rounds took longer than a second: {took:?}");
}

/// Connections that come and go, one after another and side by side.
fn come_and_go(handler: &Handler, count: usize) {
    answers(&mut open(handler, count), Instant::now());
    (0..count).for_each(|_| connect(handler).assert_in_step());
}

#[test]
fn at_the_start() {
    allow_many_files();
    assert_most_within_a_second(|round| burst(&start(), round));
}

#[test]
fn after_other_connections_came_and_went() {
    allow_many_files();
    let handler = start();
    assert_most_within_a_second(|round| {
        come_and_go(&handler, 6);
        burst(&handler, round)
    });
}

#[test]
fn after_seven_idle_seconds() {
    allow_many_files();
    let handlers: Vec<_> = (0..ROUNDS).map(|_| start()).collect();
    handlers.iter().for_each(|handler| come_and_go(handler, 3));
    thread::sleep(IDLE);
    assert_most_within_a_second(|round| burst(&handlers[round], round));
}

/// When every port has been seen, a new connection cannot be distinguished from an old one by its
/// port.
#[cfg(target_os = "linux")]
#[test]
fn after_as_many_connections_as_there_are_ports() {
    allow_many_files();
    let handler = start();
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let range = range.expect("the range of the ports");
    let ports = range.split_whitespace().map(|port| port.parse());
    let ports: Result<Vec<usize>, _> = ports.collect();
    let ports = ports.expect("two ports");
    (ports[0]..=ports[1]).for_each(|_| reset(connect(&handler)));
    assert_most_within_a_second(|round| burst(&handler, round));
}

#[test]
fn behind_silent_connections() {
    allow_many_files();
    let handler = start();
    assert_most_within_a_second(|round| burst_behind_silent_ones(&handler, round));
}

/// At rest no request shows what is behind silent connections. The handler looks for it every 5.5
/// seconds.
#[test]
fn behind_silent_connections_after_seven_idle_seconds() {
    allow_many_files();
    let handlers: Vec<_> = BEHIND.iter().map(|_| start()).collect();
    thread::sleep(IDLE);
    thread::scope(|scope| {
        for (round, handler) in handlers.iter().enumerate() {
            scope.spawn(move || burst_behind_silent_ones(handler, round));
        }
    });
}

/// More connections than the standard library's queue for `accept` holds (128): the first packets
/// of the others are dropped, and sent again after a second. The handler is stopped meanwhile, so
/// that it accepts none.
#[cfg(target_os = "linux")]
#[test]
fn a_burst_waits_to_be_accepted() {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    let handler = start();
    handler.signal("STOP");
    let address = ([127, 0, 0, 1], handler.port).into();
    let open = |index: usize| {
        let stream = TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let mut stream =
            stream.unwrap_or_else(|error| panic!("connection {index} does not come in: {error}"));
        stream.write_all(&ping()).expect("sent");
        stream
    };
    let burst: Vec<_> = (0..256).map(open).collect();
    handler.signal("CONT");
    for mut stream in burst {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut start = [0; 12];
        stream.read_exact(&mut start).expect("an answer");
        assert_eq!(&start, b"HTTP/1.1 200");
    }
}

/// Large and streamed answers need several writes. The last must not wait for the peer's delayed
/// ACK (40 ms).
#[test]
fn answers_in_several_writes_do_not_wait_for_acks() {
    let handler = start();
    let mut caller = connect(&handler);
    let sizes = [2_000, 20_000, 65_000, 66_000, 70_000, 100_000, 200_000];
    let echo = |length| post("/api/hello", &[], vec![b'x'; length]);
    let mut requests = Vec::from(sizes.map(echo));
    requests.push(getting("/api/stream?parts=3"));
    caller.ask(getting("/api/numbers?set=parts&n=3"));
    for request in requests {
        let mut exchange = |_| {
            let begun = Instant::now();
            assert!(caller.ask(&request).status < 300);
            begun.elapsed()
        };
        let mut took: Vec<_> = (0..20).map(&mut exchange).collect();
        took.sort();
        let (bytes, is_soon) = (request.len(), took[10] < Duration::from_millis(38));
        assert!(is_soon, "asked by {bytes} bytes: {took:?}");
    }
}
