//! Starts a handler as the host does, and waits until it is ready.

use crate::app::description::Description;
use crate::app::settings::Settings;
use crate::host::record::Record;
use crate::run::http::Connection;
use crate::run::process::Handler;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(30);

/// The host asks so often whether a handler is ready [Workers/Http/DefaultHttpWorkerService.cs,
/// IsWorkerReady].
pub const PING_PAUSE: Duration = Duration::from_millis(25);

/// How many ports are tried.
const PORTS: usize = 10;

/// Waits until the handler answers. The error has the reason and the handler's output.
pub fn start(
    app: &Description,
    command: &dyn Fn() -> Command,
    show: Option<Arc<Record>>,
) -> Result<Handler, String> {
    for _ in 0..PORTS {
        let (port, mut command) = (free_port(), command());
        prepare(&mut command, app, port);
        let handler = Handler::spawn(port, command, show.clone())
            .map_err(|error| format!("the handler does not start: {error}"))?;
        let begun = Instant::now();
        let is_running = || handler.exit_code().is_none();
        // Another process may answer there, so this one's line on stdout must name the port.
        let line = format!("serving the Functions host on port {port}\n");
        let said = || show.is_some() || handler.stdout().contains(&line);
        while is_running() && begun.elapsed() < READY_WITHIN {
            if answers(port) && said() && is_running() {
                return Ok(handler);
            }
            std::thread::sleep(PING_PAUSE);
        }
        let problem = match handler.exit_code() {
            // Another process has taken the port.
            Some(_) if !is_free(port) => continue,
            Some(code) => format!("the handler ended with code {code} before it answered"),
            None => format!(
                "the handler has not answered on port {port}, which it is given, within {} seconds",
                READY_WITHIN.as_secs()
            ),
        };
        let said = handler.stderr();
        return Err(format!("{problem}\n{said}").trim_end().to_owned());
    }
    Err(format!("other processes took {PORTS} ports in a row"))
}

/// Sets the handler's environment as the host does [Workers/Http/HttpWorkerProcess.cs,
/// CreateWorkerProcess], and adds `Values` of local.settings.json as func does: the environment
/// wins.
fn prepare(command: &mut Command, app: &Description, port: u16) {
    for (name, value) in app.settings.iter().flat_map(Settings::values) {
        let mut set = command.get_envs().map(|(set, _)| set.to_str());
        if !set.any(|set| set == Some(name)) && std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    command
        .args(&app.host.arguments)
        .current_dir(app.root.join(&app.host.working_directory))
        .env("FUNCTIONS_APP_ROOT_PATH", &app.root);
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    command.env("FUNCTIONS_HTTPWORKER_PORT", port.to_string());
    command.env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", guid());
    command.env("FUNCTIONS_HTTPWORKER_ID", guid());
}

/// Whether anything answers on the port; the status does not matter.
pub fn answers(port: u16) -> bool {
    let ping = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    let connection = Connection::open(port);
    let answer = connection.and_then(|mut handler| handler.exchange(ping.as_bytes()));
    answer.is_ok()
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A free port, below those that the system gives to outgoing connections.
fn free_port() -> u16 {
    loop {
        let port = 10_000 + (RandomState::new().hash_one(0) % 20_000) as u16;
        if is_free(port) {
            return port;
        }
    }
}

/// A random id in the host's form.
pub fn guid() -> String {
    let [a, b] = [0, 1].map(|n| format!("{:016x}", RandomState::new().hash_one(n)));
    let ((a1, a2, a3), (b1, b2)) = ((&a[..8], &a[8..12], &a[12..]), b.split_at(4));
    format!("{a1}-{a2}-{a3}-{b1}-{b2}")
}
