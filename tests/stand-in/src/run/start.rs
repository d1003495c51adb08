//! How the host starts a handler, and how it sees that the handler is ready.

use crate::app::description::Description;
use crate::run::http::Connection;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a handler may take until it answers.
pub const READY_WITHIN: Duration = Duration::from_secs(30);

/// Makes `command` one that starts the handler as the host does, to listen on `port`
/// [Workers/Http/HttpWorkerProcess.cs, CreateWorkerProcess]. `Values` of local.settings.json are
/// added as func does it: what the environment has stays.
pub fn prepare(command: &mut Command, app: &Description, port: u16) {
    for (name, value) in &app.values {
        let has = command
            .get_envs()
            .any(|(set, _)| set.to_str() == Some(name))
            || std::env::var_os(name).is_some();
        if !has {
            command.env(name, value);
        }
    }
    command
        .args(&app.arguments)
        .current_dir(&app.working_directory)
        .env("FUNCTIONS_APP_ROOT_PATH", &app.root);
    for name in ["FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"] {
        command.env(name, port.to_string());
    }
    for name in [
        "FUNCTIONS_CUSTOMHANDLER_WORKER_ID",
        "FUNCTIONS_HTTPWORKER_ID",
    ] {
        command.env(name, guid());
    }
}

/// Waits until a handler answers on `port`: asked every 25 ms, first at once, and any answer will
/// do [Workers/Http/DefaultHttpWorkerService.cs, IsWorkerReady]. Gives whether it did before
/// `going_on` no longer held.
pub fn is_ready(port: u16, mut going_on: impl FnMut() -> bool) -> bool {
    let ping = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    loop {
        let answer = Connection::open(port).and_then(|mut connection| {
            // It may have accepted the connection, and then take its time.
            let asked = Instant::now();
            let wanted = move || match asked.elapsed() < READY_WITHIN {
                true => Ok(()),
                false => Err(std::io::ErrorKind::TimedOut.into()),
            };
            connection.wait_while(wanted)?;
            connection.exchange(ping.as_bytes())
        });
        if answer.is_ok() {
            return true;
        }
        if !going_on() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// A port that nothing listens on: below those that the system gives to connections and to port 0,
/// which other processes take at any moment.
pub fn free_port() -> u16 {
    let random = |_| 10_000 + (RandomState::new().hash_one(0) % 20_000) as u16;
    (0..)
        .map(random)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}

/// An id as the host makes them.
pub fn guid() -> String {
    let [a, b] = [0, 1].map(|n| RandomState::new().hash_one(n));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xffff,
        b >> 48,
        b & 0xffff_ffff_ffff
    )
}
