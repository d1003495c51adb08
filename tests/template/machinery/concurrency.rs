//! Invocations side by side: those that block do not delay others, and unused threads end.

use crate::probe::{allow_many_files, assert_few_threads};
use crate::requests::*;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// The workers, the functions' threads, the supervisor and the test harness have the normal policy.
/// A policy that the handler is started with stays; without src/server/tuning/thread_priority.rs
/// all are alike.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_read_from_connections_preempt_no_others() {
    use crate::probe;
    const SCHED_OTHER: usize = 0;
    const SCHED_BATCH: usize = 3;
    let handler = start();
    assert_serves(&handler);
    let found = probe::policies(handler.pid());
    let (_, own) = probe::policies(std::process::id())[0];
    let tuning = "/src/server/tuning/thread_priority.rs";
    let tuning = [env!("CARGO_MANIFEST_DIR"), tuning].concat();
    if own != SCHED_OTHER || !std::path::Path::new(&tuning).exists() {
        assert!(found.iter().all(|(_, policy)| *policy == own), "{found:?}");
        return;
    }
    let of = |policy: usize| found.iter().filter(move |thread| thread.1 == policy);
    let (normal, batch) = (of(SCHED_OTHER).count(), of(SCHED_BATCH).count());
    // One worker, or more on a busy machine.
    let workers = of(SCHED_OTHER).filter(|(name, _)| name == "worker").count();
    let is_right = workers >= 1 && normal == workers + 2;
    let all = batch >= 5 && normal + batch == found.len();
    assert!(is_right && all, "{found:?}");
}

/// Nor does its look for queued connections, every 5.5 seconds, start threads.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_handler_keeps_few_threads() {
    use crate::probe;
    let handler = start();
    let mut callers: Vec<_> = (0..64).map(|_| connect(&handler)).collect();
    for caller in &mut callers {
        assert!(is_ordered(&caller.ask(order("one of 64!")), "one of 64!"));
    }
    drop(callers);
    // On a busy machine one such period proves nothing.
    let period = |_| {
        assert_few_threads(&handler);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(6) {
            if probe::status(&handler, "Threads") > probe::FEW_THREADS {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
        true
    };
    let is_few = (0..5).any(period);
    assert!(
        is_few,
        "in each of five periods of six seconds it had more threads for a while"
    );
}

/// They only go on together: all fail if one queues behind another.
#[test]
fn blocking_invocations_do_not_queue_behind_each_other() {
    let handler = start();
    assert_few_threads(&handler);
    (0..3).for_each(|_| meet(&handler, 64));
    assert_few_threads(&handler);
    // Nor while others are quick.
    thread::scope(|scope| {
        let meeting = scope.spawn(|| meet(&handler, 64));
        let mut quick = connect(&handler);
        while !meeting.is_finished() {
            quick.assert_in_step();
        }
    });
    meet(&handler, 1);
}

/// Like a database: each invocation waits for a few milliseconds, and there is always another.
#[test]
fn short_waits_do_not_queue_behind_each_other() {
    let handler = start();
    let over = AtomicBool::new(false);
    let client = || {
        let start = |_| start_get(&handler, "/api/sleeps?ms=10");
        let mut callers: Vec<_> = (0..16).map(start).collect();
        while !over.load(Relaxed) {
            for caller in &mut callers {
                assert_eq!(caller.answer().text(), "slept");
                caller.send(getting("/api/sleeps?ms=10"));
            }
        }
    };
    thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(client)));
        let (begun, mut most) = (Instant::now(), 0);
        while most < 48 && begun.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(100));
            let peak = get(&handler, "/api/numbers?get=peak");
            most = peak.text().parse().expect("a number");
        }
        over.store(true, Relaxed);
        assert!(
            most >= 48,
            "of 64 that wait, at most {most} were under way at once"
        );
    });
}

#[test]
fn stalled_bodies_do_not_keep_others_waiting() {
    allow_many_files();
    let handler = start();
    let count = if cfg!(target_os = "linux") { 500 } else { 100 };
    let stalled: Vec<_> = (0..count).map(|_| half_an_order(&handler)).collect();
    (0..10).for_each(|_| assert_serves(&handler));
    for (mut caller, rest) in stalled {
        let answer = caller.send(rest).answer();
        assert!(is_ordered(&answer, "in flight!"), "{answer:?}");
    }
    assert_few_threads(&handler);
}

/// tiny_http then waits for itself, for ever. `curl --http2-prior-knowledge` sends this too.
#[test]
fn a_newer_http_costs_its_own_connection_only() {
    let handler = start();
    let newer = [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /api/hello HTTP/3.0\r\nHost: a\r\n\r\n",
    ];
    let mut stuck: Vec<_> = (0..40).map(|_| connect(&handler)).collect();
    for (caller, line) in stuck.iter_mut().zip(newer.into_iter().cycle()) {
        caller.send(line);
    }
    assert_serves(&handler);
    drop(stuck);
    assert_serves(&handler);
}
