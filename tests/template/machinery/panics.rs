//! A panic in a function costs its own invocation and nothing else.

use crate::in_flight::{hold, release};
#[cfg(target_os = "linux")]
use crate::probe;
use crate::probe::assert_few_threads;
use crate::requests::invocation;
use crate::requests::{ID, assert_error, connect, get, invoke, order_payload};
use crate::start::start;
use crate::wait::wait_for;
use stand_in::run::http::request;

const POISON: &str = r#"{"Data": {"item": "\"a poison message\""}}"#;

#[test]
fn a_panic_fails_its_own_invocation_and_no_other() {
    let handler = start();
    let held = hold(&handler, 8);
    for (index, (how, message)) in [
        ("", "as the test wants"),
        ("lines", r"one line\r\nanother line\u{1b}[31m"),
        ("value", "panicked"),
        ("index", "panicked"),
        ("borrow", "panicked"),
        ("silently", "passed on"),
        ("again", "panicked"),
        ("caught-then-passed-on", "panicked: passed on"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("70734a6c-261f-4802-9a19-{index:012}");
        let mut caller = connect(&handler);
        let headers = [("X-Azure-Functions-InvocationId", &*id)];
        let path = format!("/api/panics?how={how}");
        let answer = caller.ask(&request("GET", &path, &headers, b""));
        assert_error(&answer, 500, &[]);
        assert_eq!(answer.json()["invocationId"], id);
        let line = wait_for("a line with the invocation's id on stderr", || {
            let stderr = handler.stderr();
            let line = stderr.lines().find(|line| line.contains(&id));
            line.map(str::to_owned)
        });
        assert!(line.contains(message), "{line:?} does not hold {message:?}");
        caller.assert_in_step();
    }
    let answer = invoke(&handler, "panics-too", POISON);
    assert_error(&answer, 500, &["cannot digest a poison message"]);
    handler.wait_for_stderr(&format!("invocation {ID}: POST /panics-too: 500: panicked"));
    let answer = invoke(&handler, "panics", order_payload("x"));
    assert_error(&answer, 500, &["as the test wants"]);
    release(&mut connect(&handler), held);
    assert!(handler.is_running());
}

#[test]
fn a_thousand_panics_leave_no_trace() {
    let handler = start();
    let panic = [
        request("GET", "/api/panics", &[], b""),
        invocation("/panics-too", ID, POISON.as_bytes()),
    ];
    let panics = |count: usize| {
        let mut caller = connect(&handler);
        (0..count).for_each(|n| assert_error(&caller.ask(&panic[n % 2]), 500, &[]));
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
    assert_eq!(get(&handler, "/api/logs").text(), "logged");
}

/// A worker's thread answers one request after another.
#[test]
fn a_panic_that_a_function_catches_itself_is_reported_with_no_other() {
    let handler = start();
    for _ in 0..5 {
        assert_eq!(get(&handler, "/api/panics?how=caught").text(), "true");
        assert_eq!(get(&handler, "/api/panics?how=silently").status, 500);
    }
    handler.wait_for_stderr("passed on");
    let stderr = handler.stderr();
    assert!(!stderr.contains("caught by the function"), "{stderr}");
}

/// What a function says when it panics is not about the handler's own threads, nor is what a thread
/// says that a function has started: the handler looks whether it still accepts connections, and it
/// does.
#[cfg(target_os = "linux")]
#[test]
fn a_function_that_gets_no_thread_costs_none() {
    let handler = start();
    for _ in 0..20 {
        assert_eq!(get(&handler, "/api/panics?how=without-threads").status, 500);
    }
    for _ in 0..10 {
        let answer = get(&handler, "/api/starts-threads");
        assert_eq!(answer.text(), "they panicked");
        // As long as the handler would need to take up connections again, each time.
        std::thread::sleep(std::time::Duration::from_millis(150));
    }
    assert_few_threads(&handler);
}
