//! Many new connections at once, each with a request and then kept alive, as the host opens them by
//! itself.
//!
//! Without a defence some are never answered (of 64 about 9). With it each is answered within a
//! second; on a loaded machine a round may take longer, so every answer has to be there after
//! [`PATIENCE`], and most rounds within a second.

use crate::probe::allow_many_files;
use crate::requests::{is_ordered, order, ping};
use crate::start::start;
use stand_in::run::http::{Connection, request};
use stand_in::run::process::Handler;
use std::io::{self, ErrorKind};
use std::thread;
use std::time::{Duration, Instant};

const SIZES: [usize; 10] = [2, 3, 5, 8, 16, 33, 64, 100, 128, 256];

/// How many rounds of each size there are. Only Linux has ports enough for fifty.
const ROUNDS: usize = if cfg!(target_os = "linux") { 50 } else { 5 };

const PATIENCE: Duration = Duration::from_secs(20);

/// How long a handler idles until all threads that it has no use for have ended; those of tiny_http
/// end after five.
const IDLE: Duration = Duration::from_secs(7);

/// Opens connections at once, each with an order.
fn open(port: u16, count: usize) -> Vec<Connection> {
    let order = order("in a burst!");
    let open = |_| {
        Connection::open(port)
            .and_then(|mut connection| connection.send(&order).map(|()| connection))
    };
    (0..count)
        .map(open)
        .collect::<io::Result<_>>()
        .expect("connections")
}

/// Waits for the answer of each. Gives back after how long the last one was there.
#[track_caller]
fn answers(connections: &mut [Connection], since: Instant) -> Duration {
    let count = connections.len();
    for (index, connection) in connections.iter_mut().enumerate() {
        let left = PATIENCE
            .saturating_sub(since.elapsed())
            .max(Duration::from_millis(10));
        connection
            .socket()
            .set_read_timeout(Some(left))
            .expect("a timeout");
        match connection.read_answer() {
            Ok(answer) => assert!(is_ordered(&answer, "in a burst!"), "{answer:?}"),
            Err(error) => {
                panic!(
                    "of {count} at once, number {index} had no answer after {:?}: {error}",
                    since.elapsed()
                )
            }
        }
    }
    since.elapsed()
}

/// A burst, and a second request on each of its connections, which show that they are kept alive.
#[track_caller]
fn burst(port: u16, count: usize) -> Duration {
    let start = Instant::now();
    let mut connections = open(port, count);
    let took = answers(&mut connections, start);
    let again = Instant::now();
    for connection in &mut connections {
        connection
            .send(&order("in a burst!"))
            .expect("a kept-alive connection");
    }
    answers(&mut connections, again);
    connections.into_iter().for_each(reset);
    took
}

/// Ends a connection so that its port is free again at once, on Linux: with an answer unread, it is
/// reset.
fn reset(mut connection: Connection) {
    connection.send(&ping()).expect("a kept-alive connection");
    // A call that has a timeout is interrupted when this process is stopped and continued.
    let peek = || {
        connection
            .socket()
            .peek(&mut [0])
            .map_err(|error| error.kind())
    };
    let peeked = std::iter::repeat_with(peek).find(|peeked| *peeked != Err(ErrorKind::Interrupted));
    assert_eq!(peeked, Some(Ok(1)), "the answer to a ping");
}

#[track_caller]
fn assert_most_within_a_second(mut took: Vec<Duration>) {
    took.sort();
    assert!(
        took[took.len() * 9 / 10] < Duration::from_secs(1),
        "many rounds took longer than a second: {took:?}"
    );
}

/// Connections that come and go, one after another and side by side.
fn come_and_go(port: u16, count: usize) {
    let mut side_by_side = open(port, count);
    answers(&mut side_by_side, Instant::now());
    for _ in 0..count {
        let mut connection = Connection::open(port).expect("a connection");
        assert_eq!(connection.exchange(&ping()).expect("an answer").status, 200);
    }
}

#[test]
fn at_the_start() {
    allow_many_files();
    let round = |round| burst(start().port, SIZES[round % SIZES.len()]);
    assert_most_within_a_second((0..ROUNDS).map(round).collect());
}

#[test]
fn after_other_connections_came_and_went() {
    allow_many_files();
    let handler = start();
    let round = |round| {
        come_and_go(handler.port, 6);
        burst(handler.port, SIZES[round % SIZES.len()])
    };
    assert_most_within_a_second((0..ROUNDS).map(round).collect());
}

#[test]
fn after_seven_idle_seconds() {
    allow_many_files();
    let handlers: Vec<_> = (0..ROUNDS).map(|_| start()).collect();
    for handler in &handlers {
        come_and_go(handler.port, 3);
    }
    thread::sleep(IDLE);
    let round =
        |(round, handler): (usize, &Handler)| burst(handler.port, SIZES[round % SIZES.len()]);
    assert_most_within_a_second(handlers.iter().enumerate().map(round).collect());
}

/// By then every port has been seen, so none tells a new connection from an old one.
#[cfg(target_os = "linux")]
#[test]
fn after_as_many_connections_as_there_are_ports() {
    allow_many_files();
    let handler = start();
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .expect("the range of the ports");
    let ports: Vec<usize> = range
        .split_whitespace()
        .map(|port| port.parse().expect("a port"))
        .collect();
    for _ in ports[0]..=ports[1] {
        reset(Connection::open(handler.port).expect("a connection"));
    }
    assert_most_within_a_second(
        (0..ROUNDS)
            .map(|round| burst(handler.port, SIZES[round % SIZES.len()]))
            .collect(),
    );
}

/// Opens connections of which the first `silent` send nothing until all others are answered, those
/// behind them and those that follow later; .NET opens connections ahead and then has no use for
/// them.
#[track_caller]
fn burst_behind_silent_ones(port: u16, silent: usize, count: usize) -> Duration {
    let start = Instant::now();
    let mut silent: Vec<_> = (0..silent)
        .map(|_| Connection::open(port).expect("a connection"))
        .collect();
    let mut connections = open(port, count);
    let took = answers(&mut connections, start);
    let later = Instant::now();
    let mut followers = open(port, count);
    answers(&mut followers, later);
    let at_last = Instant::now();
    for connection in &mut silent {
        connection
            .send(&order("in a burst!"))
            .expect("a connection that is still open");
    }
    answers(&mut silent, at_last);
    silent
        .into_iter()
        .chain(connections)
        .chain(followers)
        .for_each(reset);
    took
}

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

#[test]
fn behind_silent_connections() {
    allow_many_files();
    let handler = start();
    let round = |round| {
        let (silent, count) = BEHIND[round % BEHIND.len()];
        burst_behind_silent_ones(handler.port, silent, count)
    };
    assert_most_within_a_second((0..ROUNDS).map(round).collect());
}

/// At rest, silent connections cause no request that would show them; it looks for what is behind
/// them every 5.5 seconds.
#[test]
fn behind_silent_connections_after_seven_idle_seconds() {
    allow_many_files();
    let handlers: Vec<_> = BEHIND.iter().map(|_| start()).collect();
    thread::sleep(IDLE);
    thread::scope(|scope| {
        for (handler, (silent, count)) in handlers.iter().zip(BEHIND) {
            scope.spawn(move || burst_behind_silent_ones(handler.port, silent, count));
        }
    });
}

/// More connections than the standard library lets wait to be accepted (128): the others' first
/// packets are dropped, and sent again after a second. The handler is stopped meanwhile, so that it
/// accepts none.
#[cfg(target_os = "linux")]
#[test]
fn a_burst_waits_to_be_accepted() {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpStream};
    let handler = start();
    handler.signal("STOP");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, handler.port));
    let open = |index: usize| {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(900))
            .unwrap_or_else(|error| {
                panic!("connection {index} of a burst does not come in: {error}")
            });
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

/// A large answer leaves in more than one write, of which the last must not wait for the peer's
/// delayed ACK (40 ms).
#[test]
fn large_answers_do_not_wait_for_acks() {
    let handler = start();
    let mut connection = Connection::open(handler.port).expect("a connection");
    for length in [2_000, 20_000, 65_000, 66_000, 70_000, 100_000, 200_000] {
        let body = vec![b'x'; length];
        let echo = request("POST", "/api/hello", &[], &body);
        let mut took: Vec<_> = (0..20)
            .map(|_| {
                let start = Instant::now();
                assert_eq!(connection.exchange(&echo).expect("an answer").body, body);
                start.elapsed()
            })
            .collect();
        took.sort();
        assert!(
            took[took.len() / 2] < Duration::from_millis(38),
            "{length} bytes: {took:?}"
        );
    }
}
