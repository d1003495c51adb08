//! The process: where it listens, and how it starts and ends.

mod http;
mod signals;
mod supervisor;
pub mod tuning;
mod workers;

use crate::console;
use crate::host::route::Route;
use http::Listener;
use signals::SIGNALS;
use std::process::ExitCode;
use std::time::Duration;

/// The variable in which the host says where to listen.
const PORT_VARIABLE: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";
const DEFAULT_PORT: u16 = 8080;

/// How a handler serves. [`Settings::default`] is right for a Functions host.
#[derive(Debug)]
pub struct Settings {
    /// After how long without new connections, because none can be accepted, and without a request the handler gives up, so
    /// that the host starts it again.
    pub give_up_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { give_up_after: Duration::from_secs(60) }
    }
}

/// Serves the functions on 127.0.0.1, at the port that the host asks for, until the process is ended.
/// It returns, with a code that makes the host start the handler again, only where it cannot serve, or no longer.
pub fn serve(routes: &'static [Route]) -> ExitCode {
    serve_with(routes, &Settings::default())
}

/// [`serve`], with settings of one's own.
pub fn serve_with(routes: &'static [Route], settings: &Settings) -> ExitCode {
    console::install_panic_hook(|panic| {
        if http::ends_accepting(panic) {
            SIGNALS.accept_lost();
        }
    });
    let failed = |message: String| {
        console::error(&format!("error: {message}"));
        ExitCode::FAILURE
    };
    let port = match port() {
        Ok(port) => port,
        Err(message) => return failed(message),
    };
    let listener = match Listener::bind(port) {
        Ok(listener) => listener,
        Err(error) => return failed(format!("cannot listen on 127.0.0.1:{port}: {error}")),
    };
    let source = match listener.accept() {
        Ok(source) => source,
        Err(error) => return failed(format!("cannot accept connections: {error}")),
    };
    console::info(&format!("listening on http://127.0.0.1:{}", listener.address().port()));
    failed(format!("can serve no longer: {}", supervisor::supervise(routes, settings, &listener, source)))
}

fn port() -> Result<u16, String> {
    match std::env::var_os(PORT_VARIABLE) {
        Some(text) if !text.is_empty() => text
            .to_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| format!("{PORT_VARIABLE} is {text:?}, which is no port from 0 to 65535")),
        _ => Ok(DEFAULT_PORT),
    }
}
