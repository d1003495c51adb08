//! Functions that block, panic or answer oddly, too many connections, closed pipes, and how the process ends.

use crate::faulty;
use crate::probe;
use crate::samples::{
    ID, ask, assert_error, assert_serves, is_ordered, is_passed_on, message, order, order_payload, ping,
};
use serde_json::json;
use stand_in::http::{Answer, Connection, invocation, request};
use stand_in::process::{self, Handler, wait_for};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

/// Sends a GET and leaves its answer for later.
fn start_get(handler: &Handler, path: &str) -> Connection {
    let mut connection = Connection::open(handler.port).expect("a connection");
    connection.send(&request("GET", path, &[("X-Azure-Functions-InvocationId", ID)], b"")).expect("sent");
    connection
}

/// Starts `count` invocations that stay in flight until [`release`].
fn hold(handler: &Handler, count: usize) -> Vec<Connection> {
    let held = (0..count).map(|_| start_get(handler, "/api/holds")).collect();
    assert_eq!(faulty::get(handler, &format!("/api/releases?n={count}")).status, 200);
    held
}

/// Lets the held invocations go on, and checks that each is answered.
fn release(handler: &Handler, held: Vec<Connection>) {
    assert_eq!(faulty::get(handler, "/api/releases").status, 200);
    for mut connection in held {
        assert_eq!(connection.read_answer().expect("the answer to an invocation in flight").text(), "held");
    }
}

// Concurrency

/// Waits until the handler has no more threads than it needs at rest. Of 64 connections each has one, and each invocation
/// in flight another.
#[cfg(target_os = "linux")]
fn assert_few_threads(handler: &Handler) {
    let few = || (probe::status(handler.pid(), "Threads") <= probe::FEW_THREADS).then_some(());
    wait_for("the idle handler to have few threads", few);
}

#[cfg(not(target_os = "linux"))]
fn assert_few_threads(_: &Handler) {}

/// The workers do as any other thread, and so do their functions. A policy that the handler is started with stays.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_read_from_connections_preempt_no_others() {
    const SCHED_OTHER: usize = 0;
    const SCHED_BATCH: usize = 3;
    let handler = Handler::start();
    assert_serves(&handler);
    let policies = probe::policies(handler.pid());
    let (_, own) = probe::policies(std::process::id())[0];
    if own != SCHED_OTHER {
        assert!(policies.iter().all(|(_, policy)| *policy == own), "{policies:?}");
        return;
    }
    let (normal, batch): (Vec<_>, Vec<_>) = policies.iter().partition(|(_, policy)| *policy == SCHED_OTHER);
    assert_eq!(normal.iter().filter(|(name, _)| name == "worker").count(), 1, "{policies:?}");
    assert_eq!(normal.len(), 2, "{policies:?}");
    assert!(batch.len() >= 5 && batch.iter().all(|(_, policy)| *policy == SCHED_BATCH), "{policies:?}");
}

/// Also what it does at rest every 5.5 seconds, for connections that may be queued, starts no threads.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_handler_keeps_few_threads() {
    let handler = Handler::start();
    let mut connections: Vec<_> = (0..64).map(|_| Connection::open(handler.port).expect("a connection")).collect();
    for connection in &mut connections {
        assert!(is_ordered(&connection.exchange(&order("one of 64!")).expect("an answer"), "one of 64!"));
    }
    drop(connections);
    // On a busy machine a single such period proves nothing.
    let period = || {
        assert_few_threads(&handler);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(6) {
            if probe::status(handler.pid(), "Threads") > probe::FEW_THREADS {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
        true
    };
    assert!((0..5).any(|_| period()), "in each of five periods of six seconds it had more threads for a while");
}

/// They can only go on together: one that queues behind another fails them all.
#[test]
fn blocking_invocations_do_not_queue_behind_each_other() {
    let handler = faulty::start();
    assert_few_threads(&handler);
    for _ in 0..3 {
        let meeting: Vec<_> = (0..64).map(|_| start_get(&handler, "/api/meets?n=64")).collect();
        for mut connection in meeting {
            assert_eq!(connection.read_answer().expect("an answer").text(), "met");
        }
    }
    assert_few_threads(&handler);
    assert_eq!(faulty::get(&handler, "/api/meets?n=1").text(), "met");
}

#[test]
fn blocking_invocations_do_not_queue_while_others_are_quick() {
    let handler = faulty::start();
    thread::scope(|scope| {
        let meeting = scope.spawn(|| {
            let meeting: Vec<_> = (0..64).map(|_| start_get(&handler, "/api/meets?n=64")).collect();
            meeting.into_iter().all(|mut connection| connection.read_answer().expect("an answer").text() == "met")
        });
        let mut quick = Connection::open(handler.port).expect("a connection");
        while !meeting.is_finished() {
            assert_eq!(quick.exchange(&ping()).expect("an answer").status, 200);
        }
        assert!(meeting.join().expect("the meeting"));
    });
}

/// As with a database: each invocation waits for a few milliseconds, and there is always another.
#[test]
fn short_waits_do_not_queue_behind_each_other() {
    let handler = faulty::start();
    let asleep_at_once = || -> usize { faulty::get(&handler, "/api/sleeps?peak").text().parse().expect("a number") };
    thread::scope(|scope| {
        let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        for _ in 0..4 {
            let (over, handler) = (over.clone(), &handler);
            scope.spawn(move || {
                let sleep = request("GET", "/api/sleeps?ms=10", &[], b"");
                let mut connections: Vec<_> = (0..16).map(|_| start_get(handler, "/api/sleeps?ms=10")).collect();
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    for connection in &mut connections {
                        assert_eq!(connection.read_answer().expect("an answer").text(), "slept");
                        connection.send(&sleep).expect("sent");
                    }
                }
            });
        }
        let start = Instant::now();
        let mut most = 0;
        while most < 48 && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(100));
            most = most.max(asleep_at_once());
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(most >= 48, "of 64 invocations that wait, at most {most} were under way at once");
    });
}

// Panics

#[test]
fn a_panic_fails_its_own_invocation_and_no_other() {
    let handler = faulty::start();
    let held = hold(&handler, 8);
    let ways = [
        ("", "as the test wants"),
        ("?how=lines", r"one line\r\nanother line\u{1b}[31m"),
        ("?how=value", "panicked"),
        ("?how=index", "panicked"),
        ("?how=borrow", "panicked"),
        ("?how=silently", "passed on"),
        ("?how=again", "panicked"),
    ];
    for (index, (way, message)) in ways.into_iter().enumerate() {
        let id = format!("70734a6c-261f-4802-9a19-{index:012}");
        let mut connection = Connection::open(handler.port).expect("a connection");
        let path = format!("/api/panics{way}");
        let headers = [("X-Azure-Functions-InvocationId", id.as_str())];
        let answer = connection.exchange(&request("GET", &path, &headers, b"")).expect("an answer to a panic");
        assert_error(&answer, 500, &[]);
        assert_eq!(answer.json()["invocationId"], id);
        let line = || handler.stderr().lines().find(|line| line.contains(&id)).map(str::to_owned);
        let line = wait_for("a line with the invocation's id on stderr", line);
        assert!(line.contains(message), "{line:?} does not hold {message:?}");
        assert_eq!(connection.exchange(&ping()).expect("the connection goes on").status, 200);
    }
    let payload = json!({"Data": {"item": json!("a poison message").to_string()}}).to_string();
    let answer = ask(&handler, &invocation("/panics-too", ID, payload.as_bytes()));
    assert_error(&answer, 500, &["cannot digest a poison message"]);
    handler.wait_for_stderr(&format!("invocation {ID}: POST /panics-too: 500: panicked"));
    let answer = ask(&handler, &invocation("/panics", ID, &order_payload("x")));
    assert_error(&answer, 500, &["as the test wants"]);
    release(&handler, held);
    assert!(handler.is_running());
}

#[test]
fn a_thousand_panics_leave_no_trace() {
    let handler = faulty::start();
    let payload = json!({"Data": {"item": "\"poison\""}}).to_string();
    let panic = [request("GET", "/api/panics", &[], b""), invocation("/panics-too", ID, payload.as_bytes())];
    let panics = |count: usize| {
        let mut connection = Connection::open(handler.port).expect("a connection");
        for n in 0..count {
            assert_error(&connection.exchange(&panic[n % 2]).expect("an answer to a panic"), 500, &[]);
        }
    };
    panics(200);
    #[cfg(target_os = "linux")]
    let before = probe::status(handler.pid(), "VmRSS");
    panics(1000);
    assert_few_threads(&handler);
    #[cfg(target_os = "linux")]
    {
        let after = probe::status(handler.pid(), "VmRSS");
        assert!(after < before + 512, "KiB before {before}, after {after}");
    }
    assert!(handler.is_running());
    assert_eq!(faulty::get(&handler, "/api/logs").text(), "logged");
}

// Too many connections

/// A connection with an order of which the last chunk is missing.
fn half_an_order(handler: &Handler) -> (Connection, Vec<u8>) {
    let whole = order("in flight!");
    let (first, rest) = whole.split_at(whole.len() - 60);
    let mut connection = Connection::open(handler.port).expect("a connection");
    assert_eq!(connection.exchange(&ping()).expect("an answer").status, 200);
    connection.send(first).expect("sent");
    (connection, rest.to_owned())
}

#[cfg(target_os = "linux")]
mod too_many_connections {
    use super::*;
    use crate::bodies::one_chunk;
    use stand_in::process::command;
    use std::process::Command;

    /// The command, started by a shell that first sets a limit (`-n 64`: of open files).
    fn limited(limit: &str, command: &Command) -> Command {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("ulimit {limit} && exec \"$0\" \"$@\""))
            .arg(command.get_program())
            .args(command.get_args());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell
    }

    fn start(files: usize) -> Handler {
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
        wait_for("the flood to use up the files", || (probe::descriptors(handler.pid()) + 17 > files).then_some(()));
        connections
    }

    /// A connection may be reset while those of the flood are being closed, but none may be left without an answer.
    fn assert_serves_again(handler: &Handler) {
        let ask = || -> std::io::Result<(Answer, Answer)> {
            let mut connection = Connection::open(handler.port).expect("a connection");
            Ok((connection.exchange(&order("again!"))?, connection.exchange(&message("again!"))?))
        };
        let (ordered, passed_on) = wait_for("the handler to serve again", || match ask() {
            Ok(answers) => Some(answers),
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => None,
            Err(error) => panic!("{error}"),
        });
        assert!(is_ordered(&ordered, "again!") && is_passed_on(&passed_on, "again!"), "{ordered:?} {passed_on:?}");
        assert!(handler.is_running());
    }

    fn assert_survives_floods(handler: &Handler, files: usize, floods: usize) {
        let (mut in_flight, rest) = half_an_order(handler);
        for _ in 0..floods {
            drop(flood(handler, files));
            assert_serves_again(handler);
        }
        in_flight.send(&rest).expect("the connection is still open");
        let answer = in_flight.read_answer().expect("an answer to the order in flight");
        assert!(is_ordered(&answer, "in flight!"), "{answer:?}");
    }

    /// The limit is met by `accept` with one of these numbers and by the descriptor after it with the other.
    #[test]
    fn it_serves_again_after_more_than_it_may_open_files() {
        for files in [63, 64] {
            assert_survives_floods(&start(files), files, 5);
        }
    }

    /// While no connection more can be had, those there are go on, also with invocations that block.
    #[test]
    fn invocations_in_flight_are_answered_in_a_flood() {
        for files in [63, 64] {
            let handler = Handler::from_command(limited(&format!("-n {files}"), &faulty::command()));
            let held = hold(&handler, 4);
            let mut kept = Connection::open(handler.port).expect("a connection");
            assert_eq!(kept.exchange(&ping()).expect("an answer").status, 200);
            let flood = flood(&handler, files);
            assert_eq!(kept.exchange(&ping()).expect("an answer in the flood").status, 200);
            let release = request("GET", "/api/releases", &[], b"");
            assert_eq!(kept.exchange(&release).expect("an answer in the flood").status, 200);
            for mut connection in held {
                assert_eq!(connection.read_answer().expect("an answer in the flood").text(), "held");
            }
            drop(flood);
            wait_for("the handler to serve again", || Connection::open(handler.port).ok()?.exchange(&ping()).ok());
            assert!(handler.is_running());
        }
    }

    /// What it does by itself to look after connections takes descriptors too: all at once they were too many. (On a busy
    /// machine a few may be once.)
    #[test]
    fn connections_that_fit_cost_no_accept_thread() {
        let round = |_| {
            let handler = start(480);
            let open = |_| Connection::open(handler.port).expect("a connection");
            let mut connections: Vec<_> = (0..200).map(open).collect();
            for _ in 0..10 {
                for connection in &mut connections {
                    connection.send(&ping()).expect("sent");
                }
                for connection in &mut connections {
                    assert_eq!(connection.read_answer().expect("an answer").status, 200);
                }
                thread::sleep(Duration::from_millis(200));
            }
            handler.stderr().is_empty()
        };
        assert!((0..3).any(round), "each of three handlers lost its accept thread");
    }

    /// Bodies longer than the memory at hand, below the limit for them and above; with a length also from peers that leave.
    #[test]
    fn a_body_without_memory_for_it_is_refused() {
        let mut command = command();
        command.env("MALLOC_ARENA_MAX", "1");
        let handler = Handler::from_command(limited("-v 100000", &command));
        let body = vec![b'x'; 120_000_000];
        for length in ["120000000", "300000000"] {
            for left_after in [0, 1_000, 1_000_000] {
                let head = request("POST", "/api/hello", &[("Content-Length", length)], &body[..left_after]);
                let mut connection = Connection::open(handler.port).expect("a connection");
                connection.send(&head).expect("sent");
                let answer = connection.read_answer().expect("an answer");
                let (status, word) = if length == "120000000" { (503, "memory") } else { (413, "256 MiB") };
                assert_error(&answer, status, &[word]);
                // It fails where the handler has closed the connection.
                let _ = connection.socket().shutdown(std::net::Shutdown::Both);
                drop(connection);
                assert_serves(&handler);
            }
        }
        let chunks = [&one_chunk(&body)[..], b"0\r\n\r\n"].concat();
        let chunked = request("POST", "/api/hello", &[("Transfer-Encoding", "chunked")], &chunks);
        for _ in 0..3 {
            let mut connection = Connection::open(handler.port).expect("a connection");
            let answer = connection.exchange(&chunked).expect("an answer");
            assert_error(&answer, 503, &["memory"]);
            assert_eq!(connection.exchange(&ping()).expect("the connection is in step").status, 200);
            connection.send(&chunked[..1_000_000]).expect("sent");
            drop(connection);
            assert_serves(&handler);
        }
    }

    /// Each time it may lose the thread that accepts connections. The worker of those that it took in has to stay, since
    /// tiny_http does not tell when they are gone, but none of its other threads.
    #[test]
    fn many_floods_leave_few_threads_behind() {
        let handler = start(64);
        assert_survives_floods(&handler, 64, 20);
        wait_for("the threads of twenty floods to end", || {
            let stderr = handler.stderr();
            // As the error of a call, and as that of a panic; its text is the libc's.
            let lost = stderr.lines().filter(|line| line.contains("os error 24") || line.contains("code: 24,")).count();
            (probe::status(handler.pid(), "Threads") <= probe::FEW_THREADS + lost).then_some(())
        });
    }

    /// Where the system gives no more threads, tiny_http loses its accept thread too. Here it is memory for their stacks
    /// that ends: they get very large ones, so that enough is left for all else.
    #[test]
    fn it_serves_again_after_more_connections_than_threads_can_be_had() {
        let mut command = command();
        command.env("RUST_MIN_STACK", (256 << 20).to_string()).env("MALLOC_ARENA_MAX", "1");
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
        assert!(is_ordered(&in_flight.read_answer().expect("an answer to the order in flight"), "in flight!"));
    }

    /// If it cannot serve at all it says so with its exit code, and never with 0.
    #[test]
    fn it_fails_where_it_may_not_open_files_enough() {
        let failed = Handler::spawn(limited("-n 4", &command()), true).announced();
        let failed = failed.err().expect("no announcement");
        assert_eq!(failed.wait_for_exit().code(), Some(1));
        failed.wait_for_stderr("error: ");
    }

    /// With 5 files it listens and can accept nothing. After a minute it gives up, so that the host starts it anew.
    #[test]
    fn it_gives_up_when_it_is_deaf_for_a_minute() {
        let handler = start(5);
        let start = Instant::now();
        while handler.is_running() {
            assert!(start.elapsed() < Duration::from_secs(120), "it neither serves nor ends");
            thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(handler.wait_for_exit().code(), Some(1));
    }
}

#[test]
fn stalled_bodies_do_not_keep_others_waiting() {
    probe::allow_many_files();
    let handler = Handler::start();
    let stalled: Vec<_> =
        (0..if cfg!(target_os = "linux") { 500 } else { 100 }).map(|_| half_an_order(&handler)).collect();
    for _ in 0..10 {
        assert_eq!(ask(&handler, &ping()).status, 200);
        assert_serves(&handler);
    }
    for (mut connection, rest) in stalled {
        connection.send(&rest).expect("sent");
        let answer = connection.read_answer().expect("an answer to a late order");
        assert!(is_ordered(&answer, "in flight!"), "{answer:?}");
    }
    assert_few_threads(&handler);
}

// Answers

/// Never an empty 2xx in payload form: the host would wait for the rest until the function's timeout.
#[test]
fn every_invocation_gets_a_json_object() {
    let handler = faulty::start();
    let paths = ["/odd", "/odd-too", "/panics", "/panics-too", "/fails", "/heads", "/nowhere"];
    let data =
        |item: &str| json!({"Data": {"item": item, "req": {"Method": "POST", "Url": item, "Body": "[]"}}}).to_string();
    let items = ["nothing", "empty", "null", "output", "refuse", "other"].map(str::to_owned);
    let whats =
        ["nothing", "output", "return", "binary", "cookies", "99", "100", "199", "200", "204", "304", "599", "600"];
    let queries = whats.map(|what| format!("http://localhost/api/odd?what={what}"));
    let payloads = items.iter().chain(&queries).map(|item| data(item)).chain(["".into(), "{}".into(), "null".into()]);
    for payload in payloads {
        for path in paths {
            let answer = ask(&handler, &invocation(path, ID, payload.as_bytes()));
            assert!(!matches!(answer.status, 204 | 304), "{path} {payload}: {answer:?}");
            assert_eq!(answer.header("Content-Type"), Some("application/json"), "{path} {payload}: {answer:?}");
            assert!(answer.json().is_object(), "{path} {payload}: {answer:?}");
        }
    }
    let too = |item: &str| ask(&handler, &invocation("/odd-too", ID, data(item).as_bytes()));
    assert_eq!(too("nothing").json(), json!({"Outputs": {}, "Logs": null, "ReturnValue": null}));
    assert_error(&too("output"), 500, &["odd-too", "undeclared"]);
    assert_error(&too("twice"), 500, &["message", "twice"]);
    assert_error(&too("return"), 500, &["$return"]);
    assert_error(&too("answer"), 500, &["odd-too"]);
    assert_error(&too("refuse"), 500, &["not for a queue"]);
}

#[test]
fn odd_answers_are_answers_all_the_same() {
    let handler = faulty::start();
    let odd = |what: &str| faulty::get(&handler, &format!("/api/odd?what={what}"));
    for status in [99, 100, 101, 199, 600, 999] {
        assert_error(&odd(&status.to_string()), 500, &["odd", &status.to_string()]);
    }
    for status in [200, 201, 299, 301, 400, 404, 503, 599] {
        assert_eq!((odd(&status.to_string()).status, odd(&status.to_string()).text()), (status, "a body"));
    }
    for status in [204, 304] {
        assert_eq!((odd(&status.to_string()).status, odd(&status.to_string()).text()), (status, ""));
    }
    assert_eq!(odd("binary").body, [0, 159, 146, 150]);
    assert_eq!((odd("nothing").status, odd("nothing").text()), (200, ""));
    assert_eq!(odd("cookies").headers_named("Set-Cookie"), ["a=1", "b=2"]);
    assert_error(&odd("output"), 500, &["undeclared"]);
    assert_error(&odd("return"), 500, &["$return"]);
    let fails = ask(&handler, &request("GET", "/api/fails", &[("X-Azure-Functions-InvocationId", ID)], b""));
    assert_error(&fails, 500, &["fails"]);
    assert!(!fails.text().contains("line one"), "the reason is for the log only");
    handler
        .wait_for_stderr(&format!("invocation {ID}: GET /api/fails: 500: function fails failed: line one\\r\\nline"));
    assert_error(&faulty::get(&handler, "/api/fails?refuse=418"), 418, &["no\r\nX-Split: 1"]);
    for status in [0, 200, 302, 399, 500] {
        assert_error(&faulty::get(&handler, &format!("/api/fails?refuse={status}")), 500, &["fails"]);
    }
}

#[test]
fn a_header_that_http_does_not_allow_is_named_and_never_sent() {
    let handler = faulty::start();
    let mut connection = Connection::open(handler.port).expect("a connection");
    let body = |name: &str, value: &str| json!([["X-Before", "1"], [name, value]]).to_string();
    let mut set = |name: &str, value: &str| {
        let body = body(name, value);
        let answer = connection.exchange(&request("POST", "/api/heads", &[], body.as_bytes())).expect("an answer");
        assert_eq!(connection.exchange(&ping()).expect("the connection is in step").status, 200, "{name:?} {value:?}");
        answer
    };
    let values =
        ["a\r\nX-Split: 1", "a\nb", "a\rb", "\r\n\r\nHTTP/1.1 200 OK", "\0", "a\u{7f}", "\u{1b}[1m", "Jürgen", "🦀"];
    for value in values {
        let answer = set("X-Name", value);
        assert_error(&answer, 500, &["X-Name"]);
        assert_eq!((answer.header("X-Split"), answer.header("X-Before")), (None, None));
    }
    for name in ["", " ", "X Y", "X:", "X\r\nX-Split", "Ä", "X\0", "X\t", "(X)"] {
        assert_error(&set(name, "1"), 500, &["header"]);
    }
    for name in ["Content-Length", "content-length", "Transfer-Encoding", "Connection", "Upgrade", "Trailer"] {
        assert_error(&set(name, "1"), 500, &[name]);
    }
    for (name, value) in [("X-Name", "plain"), ("x!#$%&'*+-.^_`|~9", "\"(quoted)\"\ttab"), ("X-Empty", "")] {
        let answer = set(name, value);
        assert_eq!((answer.status, answer.header(name)), (200, Some(value)), "{answer:?}");
    }
    // In the payload form too, where the host would set it.
    let payload = order_payload(&body("X-Name", "a\r\nX-Split: 1"));
    assert_error(&ask(&handler, &invocation("/heads", ID, &payload)), 500, &["X-Name"]);
}

// The pipes

/// Invocations succeed and fail as ever when nobody reads what the handler prints.
#[test]
fn closed_pipes_fail_no_invocation() {
    let handler = Handler::start_with_closed_pipes();
    for _ in 0..100 {
        assert_serves(&handler);
        assert_error(&ask(&handler, &invocation("/order", ID, b"{")), 400, &["payload"]);
        assert_error(&ask(&handler, &request("GET", "/nowhere", &[], b"")), 404, &["nowhere"]);
    }
    let faulty = Handler::spawn(faulty::command(), false).announced().unwrap_or_else(|_| panic!("it ended"));
    for _ in 0..100 {
        assert_error(&faulty::get(&faulty, "/api/panics"), 500, &[]);
        assert_error(&faulty::get(&faulty, "/api/fails"), 500, &["fails"]);
        assert_eq!(faulty::get(&faulty, "/api/logs").text(), "logged");
    }
    assert!(faulty.is_running());
}

// The end

#[cfg(unix)]
#[test]
fn signals_end_it_at_once() {
    let assert_ends = |handler: &Handler, signal: &str| {
        let start = Instant::now();
        handler.signal(signal);
        let status = handler.wait_for_exit();
        // The invocations in flight would keep it for much longer.
        assert!(start.elapsed() < Duration::from_secs(10), "{signal}: {status} after {:?}", start.elapsed());
        assert!(!status.success(), "{signal}: the host would not start it again");
    };
    for signal in ["TERM", "INT"] {
        let handler = Handler::start();
        let _in_flight = half_an_order(&handler);
        assert_ends(&handler, signal);
        let handler = faulty::start();
        let _held = hold(&handler, 2);
        assert_ends(&handler, signal);
    }
}

/// A port that no connection gets by itself: those start at 32,768 on Linux, and higher on other systems.
fn port_of_ones_own() -> u16 {
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    wait_for("a free port", || {
        let port = first + NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    })
}

#[test]
fn after_a_kill_a_new_one_starts_at_once_on_the_same_port() {
    let port = port_of_ones_own();
    let start = || {
        Handler::start_with(|command| {
            command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
        })
    };
    for _ in 0..5 {
        let handler = start();
        assert_eq!(handler.port, port);
        let kept: Vec<_> = (0..5).map(|_| half_an_order(&handler)).collect();
        assert_serves(&handler);
        handler.kill();
        let next = start();
        assert_serves(&next);
        drop(kept);
    }
}

#[test]
fn a_port_that_is_taken_is_a_failure() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let mut command = process::command();
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    let failed = Handler::spawn(command, true).announced().err().expect("no announcement");
    assert_eq!(failed.wait_for_exit().code(), Some(1));
    failed.wait_for_stderr(&port.to_string());
}

// Reach

/// It listens on 127.0.0.1 and on no other address of the machine.
#[test]
fn it_is_reached_from_this_machine_only() {
    let handler = Handler::start();
    assert_serves(&handler);
    let mut others = vec![IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if cfg!(target_os = "linux") {
        // All of 127.0.0.0/8 is this machine: what listens on every address is found there.
        others.push(IpAddr::from([127, 0, 0, 2]));
    }
    // The address that packets to the world would leave from; none is sent. A machine without a network has none.
    let outward = UdpSocket::bind(("0.0.0.0", 0)).and_then(|socket| {
        socket.connect(("192.0.2.1", 9))?;
        socket.local_addr()
    });
    others.extend(outward.ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback()));
    for ip in others {
        let reached = TcpStream::connect_timeout(&SocketAddr::new(ip, handler.port), Duration::from_secs(5));
        let refused = reached.expect_err(&format!("{ip} is reached too")).kind();
        let unreachable = matches!(ip, IpAddr::V6(_)) && refused != ErrorKind::TimedOut;
        assert!(refused == ErrorKind::ConnectionRefused || unreachable, "{ip}: {refused:?}");
    }
}

/// What a function says when it panics is not about the handler's own threads.
#[cfg(target_os = "linux")]
#[test]
fn a_function_that_gets_no_thread_costs_none() {
    let handler = faulty::start();
    for _ in 0..20 {
        assert_eq!(faulty::get(&handler, "/api/panics?how=without-threads").status, 500);
    }
    assert_few_threads(&handler);
}

/// tiny_http then waits for itself, for ever. So does `curl --http2-prior-knowledge`.
#[test]
fn a_newer_http_costs_its_own_connection_only() {
    let handler = Handler::start();
    let stuck: Vec<_> = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"GET /api/hello HTTP/3.0\r\nHost: a\r\n\r\n"]
        .into_iter()
        .cycle()
        .take(40)
        .map(|line| {
            let mut connection = Connection::open(handler.port).expect("a connection");
            connection.send(line).expect("sent");
            connection
        })
        .collect();
    assert_serves(&handler);
    drop(stuck);
    assert_serves(&handler);
}

#[test]
fn answers_go_to_who_asked() {
    let handler = Handler::start();
    thread::scope(|scope| {
        for client in 0..16 {
            let handler = &handler;
            scope.spawn(move || {
                let mut connection = Connection::open(handler.port).expect("a connection");
                for n in 0..50 {
                    let text = format!("{client}: no. {n}!");
                    let answer: Answer = connection.exchange(&order(&text)).expect("an answer");
                    assert!(is_ordered(&answer, &text), "{answer:?}");
                    let answer = connection.exchange(&message(&text)).expect("an answer");
                    assert!(is_passed_on(&answer, &text), "{answer:?}");
                }
            });
        }
    });
}
