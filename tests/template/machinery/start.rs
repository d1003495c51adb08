//! Starts the tests' app, as a handler and under a host.

use crate::any_port::on_any_port;
use crate::handler::Handler;
use crate::requests::{ask, get, ping};
use crate::tests_app::{SERVE, serve_if_asked};
use serde_json::{Value, json};
use stand_in::App;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The command that starts the handler on a port that the system chooses.
pub fn command() -> Command {
    let test = std::env::current_exe().expect("the test's path");
    let mut command = on_any_port(test);
    command.args(["start::serves", "--exact", "--nocapture", "--quiet"]);
    command.arg("--test-threads=1").env(SERVE, "1");
    command
}

pub fn start() -> Handler {
    Handler::from_command(command())
}

pub fn start_with(variable: &str, value: &str) -> Handler {
    let mut command = command();
    command.env(variable, value);
    Handler::from_command(command)
}

/// A shell that runs `script` in the command's environment; `"$0" "$@"` is the command.
#[cfg(unix)]
pub fn through_shell(script: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(command.get_program());
    shell.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// Starts the samples under the stand-in.
pub fn app(settings: &[(&str, &str)]) -> App {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    App::start_in(root, settings, command)
}

/// Gives the messages that `act` has put into a queue.
pub fn queued<T>(app: &App, queue: &str, act: impl FnOnce() -> T) -> (T, Vec<Vec<u8>>) {
    let before = app.queue_bytes(queue).len();
    let done = act();
    (done, app.queue_bytes(queue).split_off(before))
}

/// A folder with this repository's host.json, and functions by their names and bindings.
pub fn folder(name: &str, functions: impl IntoIterator<Item = (String, Value)>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (function, bindings) in functions {
        let function = folder.join(function);
        std::fs::create_dir_all(&function).expect("a folder");
        let json = json!({"bindings": bindings}).to_string();
        std::fs::write(function.join("function.json"), json).expect("a file");
    }
    let host = include_str!("../../../host.json");
    std::fs::write(folder.join("host.json"), host).expect("a file");
    folder
}

/// The handler's stdout, without the test harness's line.
pub fn said(handler: &Handler) -> String {
    let stdout = handler.stdout();
    let said = stdout.split_once("\nrunning 1 test\n");
    said.expect("the harness's line").1.to_owned()
}

/// With the variable set it is the handler.
#[test]
fn serves() {
    if std::env::var_os(SERVE).is_some() {
        crate::interrupts::heed();
    }
    serve_if_asked();
    let handler = start();
    assert_eq!(ask(&handler, ping()).status, 200);
    assert_eq!(get(&handler, "/api/logs").text(), "logged");
    assert_eq!(get(&handler, "/api/hello").text(), "hello world");
}
