//! The handler as a child of its host.

#[cfg(unix)]
use crate::handler::{Handler, signal};
use crate::requests::{ask, assert_error, assert_serves};
#[cfg(unix)]
use crate::start::{command, through_shell};
use crate::start::{said, start, start_with};
use crate::wait::wait_for;
use stand_in::run::http::request;

/// The host sets it, and nobody does by hand.
const STARTED_BY_HOST: &str = "FUNCTIONS_CUSTOMHANDLER_WORKER_ID";

#[test]
fn it_does_not_pose_as_the_address_to_call() {
    let handler = start_with(STARTED_BY_HOST, "1");
    assert_eq!(
        said(&handler),
        format!("serving the Functions host on port {}\n", handler.port)
    );
    assert_serves(&handler);
}

#[test]
fn alone_it_says_how_to_call_what_only_a_host_can_call() {
    let handler = start();
    let answer = ask(&handler, &request("POST", "/api/order", &[], b"{}"));
    assert_error(&answer, 404, &["/api/order", "POST /order", "make run"]);
    let answer = ask(&handler, &request("GET", "/api/orders", &[], b""));
    assert_error(&answer, 404, &["no function at /api/orders"]);
    assert!(!answer.text().contains("make run"), "{answer:?}");
}

#[cfg(unix)]
#[test]
fn it_leaves_interrupts_to_its_host() {
    let handler = start_with(STARTED_BY_HOST, "1");
    handler.signal("INT");
    for _ in 0..20 {
        assert_serves(&handler);
    }
    // Any other signal ends it, as ever.
    handler.signal("TERM");
    assert_ne!(handler.wait_for_exit(), 0);
}

/// A shell that starts the handler, says its process id, and waits.
#[cfg(unix)]
fn start_by_shell(by_host: bool) -> (Handler, String) {
    let mut shell = through_shell("\"$0\" \"$@\" & echo \"handler $!\"; wait", &command());
    if by_host {
        shell.env(STARTED_BY_HOST, "1");
    }
    let shell = Handler::from_command(shell);
    // It may come after the handler's own line.
    let id = wait_for("the handler's id", || {
        let stdout = shell.stdout();
        let mut lines = stdout
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'));
        lines
            .find_map(|line| line.strip_prefix("handler "))
            .map(str::to_owned)
    });
    (shell, id)
}

#[cfg(unix)]
#[test]
fn it_does_not_outlive_its_host() {
    let (host, id) = start_by_shell(true);
    assert_serves(&host);
    assert!(signal(&id, "0"), "it runs");
    host.kill();
    wait_for("the handler to end after its host", || {
        (!signal(&id, "0")).then_some(())
    });
}

/// Started by hand it stays: the shell that started it may be gone on purpose.
#[cfg(unix)]
#[test]
fn by_hand_it_stays() {
    let (shell, id) = start_by_shell(false);
    let port = shell.port;
    shell.kill();
    // Longer than the one with a host that has ended would take: both are looked at here, one after
    // the other.
    let (host, other) = start_by_shell(true);
    host.kill();
    wait_for("the handler to end after its host", || {
        (!signal(&other, "0")).then_some(())
    });
    let answer = stand_in::run::http::Connection::open(port)
        .and_then(|mut handler| handler.exchange(&crate::requests::ping()));
    assert_eq!(answer.expect("an answer").status, 200);
    assert!(signal(&id, "KILL"));
}
