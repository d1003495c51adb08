//! A panic in a function costs its own invocation and nothing else.

use crate::probe::{assert_few_threads, status};
use crate::requests::*;

const PANICS: [(&str, &str); 8] = [
    ("", "as the test wants"),
    ("lines", r"one line\r\nanother line\u{1b}[31m"),
    ("value", "panicked"),
    ("index", "panicked"),
    ("borrow", "panicked"),
    ("silently", "passed on"),
    ("again", "panicked"),
    ("caught-then-passed-on", "panicked: passed on"),
];

#[test]
fn a_panic_fails_its_own_invocation_and_no_other() {
    let handler = start();
    let held = hold(&handler, 8);
    for (index, (how, message)) in PANICS.into_iter().enumerate() {
        let id = format!("70734a6c-261f-4802-9a19-{index:012}");
        let mut caller = connect(&handler);
        // Names of headers may be in any case.
        let headers = [("x-azure-functions-invocationid", &*id)];
        let path = format!("/api/panics?how={how}");
        let answer = caller.ask(request("GET", &path, &headers, b""));
        assert_error(&answer, 500, &[]);
        assert_eq!(answer.json()["invocationId"], id);
        handler.wait_for_stderr(&id);
        let stderr = handler.stderr();
        let line = stderr.lines().find(|line| line.contains(&id));
        let line = line.expect("a line with the invocation's id");
        assert!(line.contains(message), "{line:?} does not hold {message:?}");
        caller.assert_in_step();
    }
    release(&mut connect(&handler), held);
    assert!(handler.is_running());
}

#[test]
fn a_thousand_panics_leave_no_trace() {
    let handler = start();
    let poison = r#"{"Data": {"item": "\"a poison message\""}}"#;
    let message = invocation("/panics-too", ID, poison.as_bytes());
    let panic = [getting("/api/panics"), message];
    let panics = |count: usize| {
        let mut caller = connect(&handler);
        (0..count).for_each(|n| assert_error(&caller.ask(&panic[n % 2]), 500, &[]));
    };
    panics(200);
    let before = status(&handler, "VmRSS");
    panics(1000);
    assert_few_threads(&handler);
    let after = status(&handler, "VmRSS");
    assert!(after <= before + 512, "KiB before {before}, after {after}");
    assert_serves(&handler);
}

/// A worker's thread answers several requests, one after another.
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

/// A panic of a function or of its threads is not about the handler's own threads. The handler
/// checks that it still accepts connections.
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
        // Longer than the handler would need to accept connections again.
        std::thread::sleep(std::time::Duration::from_millis(150));
    }
    assert_few_threads(&handler);
}
