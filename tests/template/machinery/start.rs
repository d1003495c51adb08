//! Starts the tests' app: as a handler, and under a host.

use crate::requests::{get, ping};
use crate::tests_app::{SERVE, serve_if_asked};
use stand_in::host::invoke::{Form, Host};
use stand_in::run::process::{self, Handler};
use std::path::Path;
use std::process::Command;

/// The command that starts the handler, on a port of the system's choice.
pub fn command() -> Command {
    process::app_of_tests("start::serves", SERVE)
}

/// Starts the handler and waits until it listens.
pub fn start() -> Handler {
    Handler::from_command(command())
}

/// Starts the handler with this variable in its environment, and waits until it listens.
pub fn start_with(variable: &str, value: &str) -> Handler {
    let mut command = command();
    command.env(variable, value);
    Handler::from_command(command)
}

/// What starts a shell that runs `script`, for which `"$0" "$@"` is the command, in the command's
/// environment.
#[cfg(unix)]
pub fn through_shell(script: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// Starts a host for the app, in the form that its host.json asks for.
pub fn start_host() -> Host {
    Host::start(Path::new(env!("CARGO_MANIFEST_DIR")), command)
}

/// Starts a host for the app that uses this form.
pub fn start_host_as(form: Form) -> Host {
    Host::start_as(form, Path::new(env!("CARGO_MANIFEST_DIR")), command)
}

/// What the handler has said on stdout, after the line of the test harness that it runs in.
pub fn said(handler: &Handler) -> String {
    let stdout = handler.stdout();
    let (_, said) = stdout
        .split_once("\nrunning 1 test\n")
        .expect("the harness's line");
    said.to_owned()
}

/// With the variable set it is the handler, and ends only if that ends. Without, it checks that it
/// can be one.
#[test]
fn serves() {
    serve_if_asked();
    let handler = start();
    assert_eq!(crate::requests::ask(&handler, &ping()).status, 200);
    assert_eq!(get(&handler, "/api/logs").text(), "logged");
    assert_eq!(get(&handler, "/api/hello").text(), "hello world");
}
