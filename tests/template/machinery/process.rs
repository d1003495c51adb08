//! How the process starts, where it is reached, and how it ends.

use crate::handler::Handler;
use crate::in_flight::half_an_order;
#[cfg(unix)]
use crate::in_flight::hold;
use crate::requests::{assert_error, assert_serves, get, invoke};
use crate::start::{command, said, start, start_with};
use crate::wait::wait_for;
use stand_in::run::process::{self, port_in};
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;
#[cfg(unix)]
use std::time::Instant;

/// A port that no connection gets by itself: those start at 32,768 on Linux, and higher on other
/// systems.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    wait_for("a free port", || {
        let port = first + NEXT.fetch_add(1, Relaxed);
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    })
}

#[test]
fn it_listens_where_the_variable_says() {
    for port in [free_port().to_string(), "0".to_owned()] {
        let handler = start_with("FUNCTIONS_CUSTOMHANDLER_PORT", &port);
        assert_eq!(get(&handler, "/").status, 200);
        assert!(port == "0" || port == handler.port.to_string());
        let line = format!("listening on http://127.0.0.1:{}\n", handler.port);
        assert_eq!(said(&handler), line);
    }
}

#[test]
fn without_a_port_it_is_8080() {
    for unset in [true, false] {
        let mut command = command();
        match unset {
            true => command.env_remove("FUNCTIONS_CUSTOMHANDLER_PORT"),
            false => command.env("FUNCTIONS_CUSTOMHANDLER_PORT", ""),
        };
        match Handler::spawn(command).announced() {
            Ok(handler) => assert_eq!(handler.port, 8080),
            // Something else has it.
            Err(handler) => handler.wait_for_stderr("127.0.0.1:8080"),
        }
    }
}

#[test]
fn a_port_that_is_invalid_or_taken_ends_it_with_a_line() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let taken = taken.local_addr().expect("its address").port().to_string();
    let variable = "FUNCTIONS_CUSTOMHANDLER_PORT";
    for (port, named) in [
        ("http", variable),
        ("65536", "65536"),
        ("-1", "-1"),
        ("80 80", "80 80"),
        (&taken, &taken),
    ] {
        let mut command = command();
        command.env(variable, port);
        let announced = Handler::spawn(command).announced();
        let handler = announced.err().expect("no announcement");
        assert_eq!(handler.wait_for_exit(), 1);
        handler.wait_for_stderr("\n");
        let stderr = handler.stderr();
        let is_one_line = stderr.lines().count() == 1;
        assert!(is_one_line && stderr.contains(named), "{stderr}");
    }
}

/// A handler whose pipes nobody reads: that of stderr is closed at once, that of stdout after the
/// line with the address.
struct Unread(Child);

impl Unread {
    fn start() -> (Self, process::Handler) {
        let mut command = command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut unread = Self(command.spawn().expect("it starts"));
        drop(unread.0.stderr.take());
        let mut lines = BufReader::new(unread.0.stdout.take().expect("a pipe")).lines();
        let port = lines.find_map(|line| port_in(&(line.expect("text") + "\n")));
        (
            unread,
            process::Handler::attached(port.expect("an address")),
        )
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Invocations succeed and fail as ever when nobody reads what the handler prints.
#[test]
fn closed_pipes_fail_no_invocation() {
    let (_unread, handler) = Unread::start();
    for _ in 0..100 {
        assert_serves(&handler);
        assert_error(&invoke(&handler, "order", "{"), 400, &["payload"]);
        assert_error(&get(&handler, "/nowhere"), 404, &["nowhere"]);
    }
    let (mut unread, handler) = Unread::start();
    for _ in 0..100 {
        assert_error(&get(&handler, "/api/panics"), 500, &[]);
        assert_error(&get(&handler, "/api/odd?what=fail"), 500, &["odd"]);
        assert_eq!(get(&handler, "/api/logs").text(), "logged");
    }
    assert!(unread.0.try_wait().expect("its status").is_none());
}

#[cfg(unix)]
#[test]
fn signals_end_it_at_once() {
    let assert_ends = |handler: &Handler, signal: &str| {
        let begun = Instant::now();
        handler.signal(signal);
        let (code, took) = (handler.wait_for_exit(), begun.elapsed());
        // The invocations in flight would keep it for much longer. After a success the host would
        // not start it again.
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
}

#[test]
fn after_a_kill_a_new_one_starts_at_once_on_the_same_port() {
    let port = free_port();
    let start = || start_with("FUNCTIONS_CUSTOMHANDLER_PORT", &port.to_string());
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

/// It listens on 127.0.0.1 and on no other address of the machine.
#[test]
fn it_is_reached_from_this_machine_only() {
    let handler = start();
    assert_serves(&handler);
    let mut others = vec![IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if cfg!(target_os = "linux") {
        // All of 127.0.0.0/8 is this machine: what listens on every address is found there.
        others.push(IpAddr::from([127, 0, 0, 2]));
    }
    // The address that packets to the world would leave from; none is sent. A machine without a
    // network has none.
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
        let unreachable = matches!(ip, IpAddr::V6(_)) && refused != ErrorKind::TimedOut;
        let is_refused = refused == ErrorKind::ConnectionRefused;
        assert!(is_refused || unreachable, "{ip}: {refused:?}");
    }
}

/// What its threads tell each other is the process's, and so is its port.
#[test]
fn a_process_serves_once() {
    let handler = start();
    assert_eq!(get(&handler, "/api/serves-again").text(), "true");
    handler.wait_for_stderr("error: this process serves already");
    assert_serves(&handler);
}
