//! More connections than the handler may open files or start threads for, and bodies for which
//! there is no memory.

use crate::bodies::one_chunk;
use crate::in_flight::{half_an_order, hold};
use crate::probe;
use crate::requests::{
    assert_error, assert_serves, is_ordered, is_passed_on, message, order, ping,
};
use crate::start::{command, through_shell};
use crate::tests_app::GIVE_UP_AFTER;
use stand_in::run::http::{Answer, Connection, request};
use stand_in::run::process::{Handler, wait_for};
use std::io::ErrorKind;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The command, started by a shell that first sets a limit (`-n 64`: of open files).
fn limited(limit: &str, command: &Command) -> Command {
    through_shell(&format!("ulimit {limit} && exec \"$0\" \"$@\""), command)
}

fn start_with_files(files: usize) -> Handler {
    Handler::from_command(limited(&format!("-n {files}"), &command()))
}

/// Opens many more connections than there are files for, until few of those are left.
fn flood(handler: &Handler, files: usize) -> Vec<Connection> {
    let open = |_| {
        let mut connection = Connection::open(handler.port).ok()?;
        connection.send(&ping()).ok().map(|()| connection)
    };
    let connections = (0..150).filter_map(open).collect();
    // It tries again to accept connections when there are 17.
    wait_for("the flood to use up the files", || {
        (probe::descriptors(handler.pid()) + 17 > files).then_some(())
    });
    connections
}

/// A connection may be reset while those of the flood are being closed, but none may be left
/// without an answer.
fn assert_serves_again(handler: &Handler) {
    let ask = || -> std::io::Result<(Answer, Answer)> {
        let mut connection = Connection::open(handler.port).expect("a connection");
        Ok((
            connection.exchange(&order("again!"))?,
            connection.exchange(&message("again!"))?,
        ))
    };
    let (ordered, passed_on) = wait_for("the handler to serve again", || match ask() {
        Ok(answers) => Some(answers),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
            ) =>
        {
            None
        }
        Err(error) => panic!("{error}"),
    });
    assert!(
        is_ordered(&ordered, "again!") && is_passed_on(&passed_on, "again!"),
        "{ordered:?} {passed_on:?}"
    );
    assert!(handler.is_running());
}

fn assert_survives_floods(handler: &Handler, files: usize, floods: usize) {
    let (mut in_flight, rest) = half_an_order(handler);
    for _ in 0..floods {
        drop(flood(handler, files));
        assert_serves_again(handler);
    }
    in_flight.send(&rest).expect("the connection is still open");
    let answer = in_flight
        .read_answer()
        .expect("an answer to the order in flight");
    assert!(is_ordered(&answer, "in flight!"), "{answer:?}");
}

/// The limit is met by `accept` with one of these numbers and by the descriptor after it with the
/// other.
#[test]
fn it_serves_again_after_more_than_it_may_open_files() {
    for files in [63, 64] {
        assert_survives_floods(&start_with_files(files), files, 5);
    }
}

/// While no connection more can be had, those there are go on, also with invocations that block.
#[test]
fn invocations_in_flight_are_answered_in_a_flood() {
    for files in [63, 64] {
        let handler = Handler::from_command(limited(&format!("-n {files}"), &command()));
        let held = hold(&handler, 4);
        let mut kept = Connection::open(handler.port).expect("a connection");
        assert_eq!(kept.exchange(&ping()).expect("an answer").status, 200);
        let flood = flood(&handler, files);
        assert_eq!(
            kept.exchange(&ping())
                .expect("an answer in the flood")
                .status,
            200
        );
        let release = request("GET", "/api/releases", &[], b"");
        assert_eq!(
            kept.exchange(&release)
                .expect("an answer in the flood")
                .status,
            200
        );
        for mut connection in held {
            assert_eq!(
                connection
                    .read_answer()
                    .expect("an answer in the flood")
                    .text(),
                "held"
            );
        }
        drop(flood);
        wait_for("the handler to serve again", || {
            Connection::open(handler.port).ok()?.exchange(&ping()).ok()
        });
        assert!(handler.is_running());
    }
}

/// What it does by itself to look after connections takes descriptors too: all at once they were
/// too many. (On a busy machine a few may be once.)
#[test]
fn connections_that_fit_cost_no_accept_thread() {
    let round = |_| {
        let handler = start_with_files(480);
        let open = |_| Connection::open(handler.port).expect("a connection");
        let mut connections: Vec<_> = (0..200).map(open).collect();
        for _ in 0..10 {
            for connection in &mut connections {
                connection.send(&ping()).expect("sent");
            }
            for connection in &mut connections {
                connection
                    .socket()
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .expect("a timeout");
                match connection.read_answer() {
                    Ok(answer) => assert_eq!(answer.status, 200),
                    // One that waited for a thread of the lost one may wait for as long as the
                    // others live.
                    Err(_) => {
                        wait_for("a line that says why", || {
                            (!handler.stderr().is_empty()).then_some(())
                        });
                        return false;
                    }
                }
            }
            thread::sleep(Duration::from_millis(200));
        }
        handler.stderr().is_empty()
    };
    assert!(
        (0..3).any(round),
        "each of three handlers lost its accept thread"
    );
}

/// Bodies longer than the memory at hand, below the limit for them and above; with a length also
/// from peers that leave.
#[test]
fn a_body_without_memory_for_it_is_refused() {
    let mut command = command();
    command.env("MALLOC_ARENA_MAX", "1");
    let handler = Handler::from_command(limited("-v 100000", &command));
    let body = vec![b'x'; 120_000_000];
    for length in ["120000000", "300000000"] {
        for left_after in [0, 1_000, 1_000_000] {
            let head = request(
                "POST",
                "/api/hello",
                &[("Content-Length", length)],
                &body[..left_after],
            );
            let mut connection = Connection::open(handler.port).expect("a connection");
            connection.send(&head).expect("sent");
            let answer = connection.read_answer().expect("an answer");
            let (status, word) = if length == "120000000" {
                (503, "memory")
            } else {
                (413, "256 MiB")
            };
            assert_error(&answer, status, &[word]);
            // It fails where the handler has closed the connection.
            let _ = connection.socket().shutdown(std::net::Shutdown::Both);
            drop(connection);
            assert_serves(&handler);
        }
    }
    let chunks = [&one_chunk(&body)[..], b"0\r\n\r\n"].concat();
    let chunked = request(
        "POST",
        "/api/hello",
        &[("Transfer-Encoding", "chunked")],
        &chunks,
    );
    for _ in 0..3 {
        let mut connection = Connection::open(handler.port).expect("a connection");
        let answer = connection.exchange(&chunked).expect("an answer");
        assert_error(&answer, 503, &["memory"]);
        assert_eq!(
            connection
                .exchange(&ping())
                .expect("the connection is in step")
                .status,
            200
        );
        connection.send(&chunked[..1_000_000]).expect("sent");
        drop(connection);
        assert_serves(&handler);
    }
}

/// Each time it may lose the thread that accepts connections. The worker of those that it took in
/// has to stay, since tiny_http does not tell when they are gone, but none of its other threads.
#[test]
fn many_floods_leave_few_threads_behind() {
    let handler = start_with_files(64);
    assert_survives_floods(&handler, 64, 20);
    wait_for("the threads of twenty floods to end", || {
        let stderr = handler.stderr();
        // As the error of a call, and as that of a panic; its text is the libc's.
        let lost = stderr
            .lines()
            .filter(|line| line.contains("os error 24") || line.contains("code: 24,"))
            .count();
        (probe::status(handler.pid(), "Threads") <= probe::FEW_THREADS + lost).then_some(())
    });
}

/// Where the system gives no more threads, tiny_http loses its accept thread too. Here it is memory
/// for their stacks that ends: they get very large ones, so that enough is left for all else.
#[test]
fn it_serves_again_after_more_connections_than_threads_can_be_had() {
    let mut command = command();
    command
        .env("RUST_MIN_STACK", (256 << 20).to_string())
        .env("MALLOC_ARENA_MAX", "1");
    let handler = Handler::from_command(limited("-v 8000000", &command));
    let (mut in_flight, rest) = half_an_order(&handler);
    let open = |_| {
        let mut connection = Connection::open(handler.port).ok()?;
        connection.send(&ping()).ok().map(|()| connection)
    };
    let flood: Vec<_> = (0..100).filter_map(open).collect();
    handler.wait_for_stderr("thread");
    drop(flood);
    assert_serves_again(&handler);
    in_flight.send(&rest).expect("the connection is still open");
    assert!(is_ordered(
        &in_flight
            .read_answer()
            .expect("an answer to the order in flight"),
        "in flight!"
    ));
}

/// If it cannot serve at all it says so with its exit code, and never with 0.
#[test]
fn it_fails_where_it_may_not_open_files_enough() {
    let failed = Handler::spawn(limited("-n 4", &command())).announced();
    let failed = failed.err().expect("no announcement");
    assert_eq!(failed.wait_for_exit().code(), Some(1));
    failed.wait_for_stderr("error: ");
}

/// With 5 files it listens and can accept nothing. In the end it gives up, so that the host starts
/// it anew: after the time that it is given, and not before.
#[test]
fn it_gives_up_when_it_is_deaf_for_long() {
    let give_up_after = Duration::from_secs(3);
    let mut command = command();
    command.env(GIVE_UP_AFTER, give_up_after.as_secs().to_string());
    let start = Instant::now();
    let handler = Handler::from_command(limited("-n 5", &command));
    // For the host a start again on purpose, which it does not count.
    assert_eq!(handler.wait_for_exit().code(), Some(200));
    handler.wait_for_stderr("error: can serve no longer: ");
    // The handler's time begins after the test's.
    assert!(
        start.elapsed() >= give_up_after,
        "it gave up after {:?}",
        start.elapsed()
    );
}
