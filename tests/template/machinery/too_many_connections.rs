//! More connections than files or threads for them, and bodies without enough memory.

use crate::bodies::one_chunk;
use crate::probe::{FEW_THREADS, descriptors, status};
use crate::requests::*;
use crate::start::through_shell;
use crate::tests_app::GIVE_UP_AFTER;
use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};
use std::process::Command;
use std::time::{Duration, Instant};

/// A shell sets a limit first: `-n 64` for open files.
fn limited(limit: &str, command: &Command) -> Command {
    through_shell(&format!("ulimit {limit} && exec \"$0\" \"$@\""), command)
}

fn start_with_files(files: usize) -> Handler {
    Handler::from_command(limited(&format!("-n {files}"), &command()))
}

/// Opens as many of these connections as possible, each with a ping.
fn open(handler: &Handler, count: usize) -> Vec<Connection> {
    let open = |_| {
        let mut connection = Connection::open(handler.port).ok()?;
        connection.send(&ping()).ok().map(|()| connection)
    };
    (0..count).filter_map(open).collect()
}

/// Opens connections until few files are left.
fn flood(handler: &Handler, files: usize) -> Vec<Connection> {
    let flood = open(handler, 150);
    // It tries to accept again when there are 17.
    let used_up = || descriptors(handler) + 17 > files;
    wait_until("the flood to use up the files", used_up);
    flood
}

/// A connection may be reset while the flood is being closed, but none may stay without an answer.
fn assert_serves_again(handler: &Handler) {
    let ask = || Connection::open(handler.port)?.exchange(&order("again!"));
    let ordered = wait_for("the handler to serve again", || match ask() {
        Ok(answer) => Some(answer),
        Err(error) if [ConnectionReset, UnexpectedEof].contains(&error.kind()) => None,
        Err(error) => panic!("{error}"),
    });
    assert!(is_ordered(&ordered, "again!"), "{ordered:?}");
}

/// After each flood it serves again. In the end, an order begun before them is answered.
fn assert_survives(handler: &Handler, floods: usize, flood: impl Fn() -> Vec<Connection>) {
    let (mut in_flight, rest) = half_an_order(handler);
    for _ in 0..floods {
        drop(flood());
        assert_serves_again(handler);
    }
    let answer = in_flight.send(rest).answer();
    assert!(is_ordered(&answer, "in flight!"), "{answer:?}");
}

/// With one of these numbers `accept` meets the limit, with the other the next descriptor does.
const FILES: [usize; 2] = [63, 64];

/// Each flood may end the thread that accepts. Its worker has to stay, because tiny_http does not
/// say when its connections have gone, but no other thread may.
#[test]
fn it_serves_again_after_many_floods_which_leave_few_threads_behind() {
    for (files, floods) in [(FILES[0], 5), (FILES[1], 20)] {
        let handler = start_with_files(files);
        assert_survives(&handler, floods, || flood(&handler, files));
        wait_until("the threads of the floods to end", || {
            let stderr = handler.stderr();
            // The error of a call, and that of a panic with the libc's text.
            let is_lost = |line: &&str| line.contains("os error 24") || line.contains("code: 24,");
            let lost = stderr.lines().filter(is_lost).count();
            status(&handler, "Threads") <= FEW_THREADS + lost
        });
    }
}

/// Existing connections go on while no more are accepted, also with invocations that block.
#[test]
fn invocations_in_flight_are_answered_in_a_flood() {
    for files in FILES {
        let handler = start_with_files(files);
        let held = hold(&handler, 4);
        let mut kept = connect(&handler);
        kept.assert_in_step();
        let flood = flood(&handler, files);
        kept.assert_in_step();
        release(&mut kept, held);
        drop(flood);
        assert_serves_again(&handler);
    }
}

/// Its own work on connections needs descriptors too; once there were too many at a time. (On a
/// busy machine this may fail once.)
#[test]
fn connections_that_fit_cost_no_accept_thread() {
    let round = |_| {
        let handler = start_with_files(480);
        let mut callers: Vec<_> = (0..200).map(|_| connect(&handler)).collect();
        for _ in 0..10 {
            for caller in &mut callers {
                caller.send(ping());
            }
            // A connection that waits for a thread may wait as long as the others live.
            let answer = |caller: &mut Caller| caller.answer_within(Duration::from_secs(20));
            if callers.iter_mut().map(answer).any(|answer| answer.is_err()) {
                wait_until("a line that says why", || !handler.stderr().is_empty());
                return false;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        handler.stderr().is_empty()
    };
    let is_kept = (0..3).any(round);
    assert!(is_kept, "each of three handlers lost its accept thread");
}

/// Bodies longer than the free memory, below and above the limit for them; those with a length also
/// from peers that leave.
#[test]
fn a_body_without_memory_for_it_is_refused() {
    let mut command = command();
    command.env("MALLOC_ARENA_MAX", "1");
    let handler = Handler::from_command(limited("-v 100000", &command));
    let body = vec![b'x'; 120_000_000];
    for (length, status, word) in [("120000000", 503, "memory"), ("300000000", 413, "256 MiB")] {
        for left_after in [0, 1_000, 1_000_000] {
            let mut caller = connect(&handler);
            let headers = [("Content-Length", length)];
            caller.send(post("/api/hello", &headers, &body[..left_after]));
            assert_error(&caller.answer(), status, &[word]);
            // An error means that the handler has closed the connection.
            let _ = caller.socket().shutdown(std::net::Shutdown::Both);
            assert_serves(&handler);
        }
    }
    let chunks = [&one_chunk(&body)[..], b"0\r\n\r\n"].concat();
    let chunked = post("/api/hello", &[CHUNKED], chunks);
    for _ in 0..3 {
        let mut caller = connect(&handler);
        assert_error(&caller.ask(&chunked), 503, &["memory"]);
        caller.assert_in_step();
        caller.send(&chunked[..1_000_000]);
        drop(caller);
        assert_serves(&handler);
    }
}

/// Without more threads tiny_http also loses its accept thread. Here very large stacks use up the
/// address space, so that other memory is left.
#[test]
fn it_serves_again_after_more_connections_than_threads_can_be_had() {
    let mut command = command();
    command.env("RUST_MIN_STACK", (256 << 20).to_string());
    command.env("MALLOC_ARENA_MAX", "1");
    let handler = Handler::from_command(limited("-v 8000000", &command));
    assert_survives(&handler, 1, || {
        let flood = open(&handler, 100);
        handler.wait_for_stderr("thread");
        flood
    });
}

/// If it cannot serve, its exit code is not 0.
#[test]
fn it_fails_where_it_may_not_open_files_enough() {
    let failed = Handler::spawn(limited("-n 4", &command())).announced();
    let failed = failed.err().expect("no announcement");
    assert_eq!(failed.wait_for_exit(), 1);
    failed.wait_for_stderr("error: ");
}

/// With 5 files it listens but accepts nothing. It gives up after its time, not before, so that the
/// host restarts it.
#[test]
fn it_gives_up_when_it_is_deaf_for_long() {
    let give_up_after = Duration::from_secs(3);
    let mut command = command();
    command.env(GIVE_UP_AFTER, give_up_after.as_secs().to_string());
    let begun = Instant::now();
    let handler = Handler::from_command(limited("-n 5", &command));
    // The host does not count a restart after this code.
    assert_eq!(handler.wait_for_exit(), 200);
    handler.wait_for_stderr("error: can serve no longer: ");
    // The handler's time begins after the test's.
    let waited = begun.elapsed();
    assert!(waited >= give_up_after, "it gave up after {waited:?}");
}
