//! Starts the tests' app: as a handler, and under a host.

use crate::handler::Handler;
use crate::requests::{get, ping};
use crate::tests_app::{SERVE, serve_if_asked};
use serde_json::{Value, json};
use stand_in::app::description::Description;
use stand_in::host::answer::{Outcome, server_error};
use stand_in::host::delivery::Delivery;
use stand_in::host::invoke::{Form, Host};
use stand_in::host::record::Record;
use stand_in::run::http::Answer;
use stand_in::run::process;
use stand_in::run::start;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// The command that starts the handler, on a port of the system's choice.
pub fn command() -> Command {
    let mut command = process::on_any_port(std::env::current_exe().expect("the test's path"));
    command.args(["start::serves", "--exact", "--nocapture", "--quiet"]);
    command.arg("--test-threads=1").env(SERVE, "1");
    command
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
    hosted(app())
}

/// Starts a host for the app that uses this form.
pub fn start_host_as(form: Form) -> Host {
    let mut app = app();
    app.host.form = form;
    hosted(app)
}

fn app() -> Description {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let app = Description::read(root, &|name| std::env::var(name).ok());
    assert_eq!(app.findings, []);
    app
}

fn hosted(app: Description) -> Host {
    let handler = start::start(&app, &command, None).expect("a handler that answers");
    Host::new(handler, Arc::new(app), Arc::default(), Record::default())
}

/// A folder of an app with this repository's host.json and these functions: the name and the
/// bindings of each.
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

/// What callers and queues do with a host.
pub trait Calls {
    /// A caller's request, and what the caller gets. A request that would hang fails the test.
    fn http(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer;

    /// A caller's POST to a function.
    fn post(&self, function: &str, content_type: &str, body: &[u8]) -> Answer {
        let headers = [("Content-Type", content_type)];
        self.http("POST", &format!("/api/{function}"), &headers, body)
    }

    /// The same with a body in chunks: its length is not known beforehand.
    fn post_chunked(&self, function: &str, content_type: &str, body: &[u8]) -> Answer {
        let headers = [
            ("Content-Type", content_type),
            ("Transfer-Encoding", "chunked"),
        ];
        self.http("POST", &format!("/api/{function}"), &headers, body)
    }

    /// A message for a queue that triggers a function, with all its tries. Gives what became of the
    /// last one.
    fn enqueue(&self, queue: &str, message: &[u8]) -> Outcome;
}

impl Calls for Host {
    fn http(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        match self.try_http(method, target, headers, body) {
            Outcome::Completed(answer) => answer.expect("an answer"),
            Outcome::Failed(_) => server_error(),
            Outcome::Hangs => panic!("{method} {target} hangs until the function's timeout"),
        }
    }

    fn enqueue(&self, queue: &str, message: &[u8]) -> Outcome {
        let delivery = self.deliver(Delivery::message(queue, message.to_vec()));
        delivery
            .outcome
            .unwrap_or_else(|| panic!("nothing is triggered by {queue}"))
    }
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
    if std::env::var_os(SERVE).is_some() {
        crate::interrupts::heed();
    }
    serve_if_asked();
    let handler = start();
    assert_eq!(crate::requests::ask(&handler, &ping()).status, 200);
    assert_eq!(get(&handler, "/api/logs").text(), "logged");
    assert_eq!(get(&handler, "/api/hello").text(), "hello world");
}
