//! Invocations side by side: those that block keep no others waiting, and no more threads are left
//! than are needed.

use crate::in_flight::{half_an_order, start_get};
#[cfg(target_os = "linux")]
use crate::probe::{FEW_THREADS, policies, status};
use crate::probe::{allow_many_files, assert_few_threads};
use crate::requests::{ask, assert_serves, get, is_ordered, is_passed_on, message, order, ping};
use crate::start::start;
use stand_in::run::http::{Answer, Connection, request};
use std::thread;
use std::time::{Duration, Instant};

/// The workers do as any other thread, and so do their functions, the supervisor and the test
/// harness. A policy that the handler is started with stays; and without
/// src/server/tuning/thread_priority.rs all are alike.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_read_from_connections_preempt_no_others() {
    const SCHED_OTHER: usize = 0;
    const SCHED_BATCH: usize = 3;
    let handler = start();
    assert_serves(&handler);
    let found = policies(handler.pid());
    let (_, own) = policies(std::process::id())[0];
    let tuning = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/server/tuning/thread_priority.rs"
    );
    if own != SCHED_OTHER || !std::path::Path::new(tuning).exists() {
        assert!(found.iter().all(|(_, policy)| *policy == own), "{found:?}");
        return;
    }
    let (normal, batch): (Vec<_>, Vec<_>) =
        found.iter().partition(|(_, policy)| *policy == SCHED_OTHER);
    // One worker, or some more on a busy machine.
    let workers = normal.iter().filter(|(name, _)| name == "worker").count();
    assert!(workers >= 1 && normal.len() == workers + 2, "{found:?}");
    assert!(
        batch.len() >= 5 && batch.iter().all(|(_, policy)| *policy == SCHED_BATCH),
        "{found:?}"
    );
}

/// Also what it does at rest every 5.5 seconds, for connections that may be queued, starts no
/// threads.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_handler_keeps_few_threads() {
    let handler = start();
    let mut connections: Vec<_> = (0..64)
        .map(|_| Connection::open(handler.port).expect("a connection"))
        .collect();
    for connection in &mut connections {
        assert!(is_ordered(
            &connection
                .exchange(&order("one of 64!"))
                .expect("an answer"),
            "one of 64!"
        ));
    }
    drop(connections);
    // On a busy machine a single such period proves nothing.
    let period = || {
        assert_few_threads(&handler);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(6) {
            if status(handler.pid(), "Threads") > FEW_THREADS {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
        true
    };
    assert!(
        (0..5).any(|_| period()),
        "in each of five periods of six seconds it had more threads for a while"
    );
}

/// They can only go on together: one that queues behind another fails them all.
#[test]
fn blocking_invocations_do_not_queue_behind_each_other() {
    let handler = start();
    assert_few_threads(&handler);
    for _ in 0..3 {
        let meeting: Vec<_> = (0..64)
            .map(|_| start_get(&handler, "/api/meets?n=64"))
            .collect();
        for mut connection in meeting {
            assert_eq!(connection.read_answer().expect("an answer").text(), "met");
        }
    }
    assert_few_threads(&handler);
    assert_eq!(get(&handler, "/api/meets?n=1").text(), "met");
}

#[test]
fn blocking_invocations_do_not_queue_while_others_are_quick() {
    let handler = start();
    thread::scope(|scope| {
        let meeting = scope.spawn(|| {
            let meeting: Vec<_> = (0..64)
                .map(|_| start_get(&handler, "/api/meets?n=64"))
                .collect();
            meeting
                .into_iter()
                .all(|mut connection| connection.read_answer().expect("an answer").text() == "met")
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
    let handler = start();
    let asleep_at_once = || -> usize {
        get(&handler, "/api/sleeps?peak")
            .text()
            .parse()
            .expect("a number")
    };
    thread::scope(|scope| {
        let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        for _ in 0..4 {
            let (over, handler) = (over.clone(), &handler);
            scope.spawn(move || {
                let sleep = request("GET", "/api/sleeps?ms=10", &[], b"");
                let mut connections: Vec<_> = (0..16)
                    .map(|_| start_get(handler, "/api/sleeps?ms=10"))
                    .collect();
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
        assert!(
            most >= 48,
            "of 64 invocations that wait, at most {most} were under way at once"
        );
    });
}

#[test]
fn stalled_bodies_do_not_keep_others_waiting() {
    allow_many_files();
    let handler = start();
    let stalled: Vec<_> = (0..if cfg!(target_os = "linux") { 500 } else { 100 })
        .map(|_| half_an_order(&handler))
        .collect();
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

/// tiny_http then waits for itself, for ever. So does `curl --http2-prior-knowledge`.
#[test]
fn a_newer_http_costs_its_own_connection_only() {
    let handler = start();
    let stuck: Vec<_> = [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        b"GET /api/hello HTTP/3.0\r\nHost: a\r\n\r\n",
    ]
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
    let handler = start();
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
