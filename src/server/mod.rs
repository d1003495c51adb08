//! The process: where it listens, and how it starts and ends.

mod child;
mod http;
mod signals;
mod supervisor;
pub mod tuning;
mod workers;

use crate::console;
use crate::host::route::Route;
use child::Parent;
use http::Listener;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use supervisor::End;
pub use supervisor::Settings;
use workers::Workers;

/// The port that the host wants the handler to listen at.
const PORT_VARIABLE: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";
const DEFAULT_PORT: u16 = 8080;

/// The exit code that asks the host to start the handler again.
const START_AGAIN: u8 = 200;

/// Serves the functions on 127.0.0.1, at the port that the host asks for, until the process ends.
///
/// It returns 1 if it cannot start, which the host tries three times, or if the process serves
/// already; 200 if it can no longer serve, so that the host starts the handler again; 0 if the host
/// that started it has ended.
pub fn serve(routes: &'static [Route]) -> ExitCode {
    serve_with(routes, &Settings::default())
}

/// [`serve`], with settings of one's own.
pub fn serve_with(routes: &'static [Route], settings: &Settings) -> ExitCode {
    match run(routes, settings) {
        Ok(End::HostGone) => ExitCode::SUCCESS,
        Ok(End::Deaf(error)) => {
            console::error(&format!("error: can serve no longer: {error}"));
            ExitCode::from(START_AGAIN)
        }
        Err(message) => {
            console::error(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Errors with a sentence that says why the handler cannot start.
fn run(routes: &'static [Route], settings: &Settings) -> Result<End, String> {
    // The signals are static and have one supervisor.
    static SERVES: AtomicBool = AtomicBool::new(false);
    if SERVES.swap(true, SeqCst) {
        return Err("this process serves already, and a process serves once".into());
    }
    console::install_panic_hook(|| signals::raise(&signals::ACCEPT_IN_DOUBT));
    let host = Parent::of_this_handler();
    let port = port()?;
    let cannot = |what| move |error| format!("cannot {what}: {error}");
    let listening = &*format!("listen on 127.0.0.1:{port}");
    let listener = Listener::bind(port).map_err(cannot(listening))?;
    let source = listener.accept().map_err(cannot("accept connections"))?;
    let workers = Workers::start(source, routes).map_err(cannot("start a worker"))?;
    let port = listener.address.port();
    console::info(&match host {
        // Without an address, because only the host should call it.
        Some(_) => format!("serving the Functions host on port {port}"),
        None => format!("listening on http://127.0.0.1:{port}"),
    });
    let end = supervisor::supervise(routes, settings, &listener, workers, host);
    Ok(end)
}

fn port() -> Result<u16, String> {
    let text = std::env::var_os(PORT_VARIABLE).unwrap_or_default();
    if text.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    let port = text.to_str().and_then(|text| text.parse().ok());
    port.ok_or_else(|| format!("{PORT_VARIABLE} is {text:?}, which is not a port (0 to 65535)"))
}
