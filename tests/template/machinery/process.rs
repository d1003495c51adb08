//! How the process starts, where it listens, and how it ends: alone, and as a child of its host.

use crate::any_port::port_in;
use crate::requests::*;
use crate::start::said;
use stand_in::run::process;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

/// Only the host sets it.
const STARTED_BY_HOST: &str = "FUNCTIONS_CUSTOMHANDLER_WORKER_ID";

/// A port below those that the system gives to connections: from 32,768 on Linux, higher elsewhere.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    wait_for("a free port", || {
        let port = first + NEXT.fetch_add(1, Relaxed);
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    })
}

#[test]
fn it_says_where_it_listens() {
    let port = free_port();
    let handler = start_with(PORT, &port.to_string());
    assert_eq!(handler.port, port);
    for handler in [handler, start()] {
        assert_serves(&handler);
        let port = handler.port;
        let line = format!("listening on http://127.0.0.1:{port}\n");
        assert_eq!(said(&handler), line);
    }
    // The line does not look like an address to call.
    let child = start_with(STARTED_BY_HOST, "1");
    assert_serves(&child);
    let port = child.port;
    let line = format!("serving the Functions host on port {port}\n");
    assert_eq!(said(&child), line);
}

#[test]
fn without_a_port_it_is_8080() {
    let (mut unset, mut empty) = (command(), command());
    unset.env_remove(PORT);
    empty.env(PORT, "");
    for command in [unset, empty] {
        match Handler::spawn(command).announced() {
            Ok(handler) => assert_eq!(handler.port, 8080),
            // Another process has the port.
            Err(handler) => handler.wait_for_stderr("127.0.0.1:8080"),
        }
    }
}

#[test]
fn a_port_that_is_invalid_or_taken_ends_it_with_a_line() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let taken = taken.local_addr().expect("its address").port().to_string();
    for port in ["http", "65536", "-1", "80 80", &taken] {
        let mut command = command();
        command.env(PORT, port);
        let announced = Handler::spawn(command).announced();
        let handler = announced.err().expect("no announcement");
        assert_eq!(handler.wait_for_exit(), 1);
        handler.wait_for_stderr("\n");
        let stderr = handler.stderr();
        let named = if port == "http" { PORT } else { port };
        let is_one_line = stderr.lines().count() == 1;
        assert!(is_one_line && stderr.contains(named), "{stderr}");
    }
}

/// stderr is closed at once, stdout after the line with the address: invocations work and fail as
/// ever.
#[test]
fn closed_pipes_fail_no_invocation() {
    let mut command = command();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut unread = command.spawn().expect("it starts");
    drop(unread.stderr.take());
    let mut lines = BufReader::new(unread.stdout.take().expect("a pipe")).lines();
    let port = lines.find_map(|line| port_in(&(line.expect("text") + "\n")));
    drop(lines);
    let handler = process::Handler::attached(port.expect("an address"));
    let checked = std::panic::catch_unwind(|| {
        for _ in 0..100 {
            assert_serves(&handler);
            assert_error(&invoke(&handler, "order", "{"), 400, &["payload"]);
            assert_error(&get(&handler, "/nowhere"), 404, &["nowhere"]);
            assert_error(&get(&handler, "/api/panics"), 500, &[]);
            assert_error(&get(&handler, "/api/odd?what=fail"), 500, &["odd"]);
            assert_eq!(get(&handler, "/api/logs").text(), "logged");
        }
    });
    assert!(unread.try_wait().expect("its status").is_none());
    unread.kill().and_then(|()| unread.wait()).expect("an end");
    checked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[cfg(unix)]
#[test]
fn signals_end_it_at_once() {
    let assert_ends = |handler: &Handler, signal: &str| {
        let begun = std::time::Instant::now();
        handler.signal(signal);
        let (code, took) = (handler.wait_for_exit(), begun.elapsed());
        // The invocations in flight would keep it much longer. After code 0 the host would not
        // restart it.
        let is_right = took < Duration::from_secs(10) && code != 0;
        assert!(is_right, "{signal}: {code} after {took:?}");
    };
    for signal in ["TERM", "INT"] {
        let handler = start();
        let _in_flight = half_an_order(&handler);
        assert_ends(&handler, signal);
        let handler = start();
        let _held = hold(&handler, 2);
        assert_ends(&handler, signal);
    }
    // A host ends its child itself.
    let child = start_with(STARTED_BY_HOST, "1");
    child.signal("INT");
    (0..20).for_each(|_| assert_serves(&child));
    assert_ends(&child, "TERM");
}

#[test]
fn after_a_kill_a_new_one_starts_at_once_on_the_same_port() {
    let port = free_port().to_string();
    for _ in 0..5 {
        let handler = start_with(PORT, &port);
        let kept: Vec<_> = (0..5).map(|_| half_an_order(&handler)).collect();
        assert_serves(&handler);
        handler.kill();
        assert_serves(&start_with(PORT, &port));
        drop(kept);
    }
}

/// It listens on 127.0.0.1 only.
#[test]
fn it_is_reached_from_this_machine_only() {
    let handler = start();
    assert_serves(&handler);
    let mut others = vec![IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if cfg!(target_os = "linux") {
        // A listener on every address is also found at 127.0.0.2.
        others.push(IpAddr::from([127, 0, 0, 2]));
    }
    // The address for packets to the world, if there is a network. Nothing is sent.
    let outward = UdpSocket::bind(("0.0.0.0", 0)).and_then(|socket| {
        socket.connect(("192.0.2.1", 9))?;
        socket.local_addr()
    });
    let outward = outward.ok().map(|address| address.ip());
    others.extend(outward.filter(|ip| !ip.is_loopback()));
    for ip in others {
        let address = SocketAddr::new(ip, handler.port);
        let reached = TcpStream::connect_timeout(&address, Duration::from_secs(5));
        let refused = reached.expect_err(&format!("{ip} is reached too")).kind();
        let unreachable = ip.is_ipv6() && refused != ErrorKind::TimedOut;
        let is_refused = refused == ErrorKind::ConnectionRefused;
        assert!(is_refused || unreachable, "{ip}: {refused:?}");
    }
}

/// The threads' shared state belongs to the process, and so does the port.
#[test]
fn a_process_serves_once() {
    let handler = start();
    assert_eq!(get(&handler, "/api/serves-again").text(), "true");
    handler.wait_for_stderr("error: this process serves already");
    assert_serves(&handler);
}

#[test]
fn alone_it_says_how_to_call_what_only_a_host_can_call() {
    let handler = start();
    let answer = ask(&handler, post("/api/order", &[], "{}"));
    assert_error(&answer, 404, &["/api/order", "POST /order", "make run"]);
    let answer = ask(&handler, post("/api/orders", &[], ""));
    assert_error(&answer, 404, &["no function at /api/orders"]);
    assert!(!answer.text().contains("make run"), "{answer:?}");
}

/// A shell that starts the handler, prints its process id and waits; and the id.
#[cfg(unix)]
fn start_by_shell(by_host: bool) -> (Handler, String) {
    let mut shell =
        crate::start::through_shell("\"$0\" \"$@\" & echo \"handler $!\"; wait", &command());
    if by_host {
        shell.env(STARTED_BY_HOST, "1");
    }
    let shell = Handler::from_command(shell);
    // It may come after the handler's own line.
    let id = wait_for("the handler's id", || {
        let stdout = shell.stdout();
        let mut lines = stdout.split_inclusive('\n');
        let id = lines.find_map(|line| line.strip_prefix("handler ")?.strip_suffix('\n'));
        id.map(str::to_owned)
    });
    (shell, id)
}

/// The handler does not outlive its host. Started by hand it stays when its shell has gone.
#[cfg(unix)]
#[test]
fn it_ends_with_its_host_and_by_hand_it_stays() {
    let (shell, by_hand) = start_by_shell(false);
    let alone = process::Handler::attached(shell.port);
    shell.kill();
    let (host, child) = start_by_shell(true);
    assert_serves(&host);
    assert!(crate::handler::signal(&child, "0"), "it runs");
    host.kill();
    wait_until("the handler to end after its host", || {
        !crate::handler::signal(&child, "0")
    });
    assert_serves(&alone);
    assert!(crate::handler::signal(&by_hand, "KILL"));
}
