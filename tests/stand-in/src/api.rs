//! Your app, for tests of your functions. The [crate's page](crate) shows each call.
//!
//! A message put into a queue that triggers a function is delivered before the call returns. A
//! wrong use, such as an unknown function, panics and says what there is.

pub mod arguments;
mod limit;
mod tools;

use crate::app::description::Description;
use crate::app::finding;
use crate::app::function::Function;
use crate::app::names::listed;
use crate::commands::check::check_app;
use crate::host::answer::{Outcome, empty};
use crate::host::delivery::{Delivery, POISON_BLOBS};
use crate::host::expressions::Template;
use crate::host::invoke::{HANGS, Host};
use crate::host::newtonsoft;
use crate::host::payload;
use crate::host::record::lock;
use crate::host::request::Request;
use crate::host::storage::Given;
use crate::host::storage::names::BlobPath;
use crate::run::http::Answer;
use crate::run::process;
use crate::run::running::{Line, sentence};
use crate::run::start;
use crate::run::timers;
use limit::Limit;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

pub use tools::{ToolAnswer, ToolRefusal, assert_arguments};

/// The headers that a request from a test has, unless it gives them itself.
const HEADERS: [(&str, &str); 3] = [
    ("Host", "localhost:7071"),
    ("User-Agent", "curl/7.88.1"),
    ("Accept", "*/*"),
];

/// After so many messages, functions are triggering each other in a circle.
const LONGEST_CHAIN: usize = 1000;

/// A running app with empty queues. Dropping it ends the handler.
pub struct App {
    host: Arc<Host>,
    limit: Arc<Limit>,
}

/// The result of one invocation, or of a queue message with all its tries.
#[derive(Debug)]
pub struct Run {
    /// Why it failed, in the function's own sentence if it gives one.
    pub failure: Option<String>,
    pub tries: u32,
    /// Whether the message is now in `<queue>-poison`.
    pub poisoned: bool,
    pub logs: Vec<String>,
}

impl App {
    /// Starts the tested app, or the binary that the environment variable `HANDLER` names.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts the app with settings that win over the environment and local.settings.json.
    #[track_caller]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(&root(), settings, process::command)
    }

    /// Starts the app in `root`, with the handler that `command` starts.
    #[track_caller]
    pub fn start_in(root: &Path, settings: &[(&str, &str)], command: impl Fn() -> Command) -> Self {
        let setting = |name: &str| {
            let given = settings.iter().find(|(given, _)| *given == name);
            let given = given.map(|(_, value)| (*value).to_owned());
            given.or_else(|| std::env::var(name).ok())
        };
        let app = Description::read(root, &setting);
        if let Some(errors) = finding::errors(&check_app(&app, None)) {
            panic!("the app in {}: {errors}", root.display());
        }
        let command = || {
            let mut command = command();
            command.envs(settings.iter().copied());
            command
        };
        let handler = or_panic(start::start(&app, &command, None));
        let host = Arc::new(Host::new(handler, Arc::new(app)));
        let limit = Limit::watch(Arc::downgrade(&host));
        Self { host, limit }
    }

    /// Fails the test if an invocation takes longer; the default is 30 seconds.
    pub fn within(self, limit: Duration) -> Self {
        *lock(&self.limit.limit) = limit;
        self
    }

    /// Sends a GET: `app.get("/api/hello?name=Ada")`.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], b"")
    }

    /// Sends a POST with the Content-Type `application/json`.
    #[track_caller]
    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.call("POST", path, &[("Content-Type", "application/json")], body)
    }

    /// Sends a request. A failed invocation gives a 500 without a body; see
    /// [`failures`](Self::failures).
    #[track_caller]
    pub fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let is_given = |name: &str| headers.iter().any(|own| own.0.eq_ignore_ascii_case(name));
        let defaults = HEADERS.into_iter().filter(|(name, _)| !is_given(name));
        let all: Vec<_> = defaults.chain(headers.iter().copied()).collect();
        let mut request = Request::new(method, path, &all, body.as_ref());
        let mut routes = self.functions().iter().filter_map(|one| one.route.as_ref());
        if !routes.any(|route| route.resembles(request.path())) {
            let there_are = self.host.app.listed_routes();
            panic!("no function is at {path}; {there_are}");
        }
        let bodiless = request.body.is_empty() && matches!(method, "GET" | "HEAD");
        if !bodiless && !is_given("Transfer-Encoding") && !is_given("Content-Length") {
            let length = request.body.len().to_string();
            request.headers.push(("Content-Length".to_owned(), length));
        }
        let outcome = match self.host.routed(method, path) {
            Some((function, parameters)) => self.host.answer(function, &parameters, &request, None),
            None => Outcome::Completed(Some(empty(404))),
        };
        self.limit.check();
        self.settle();
        match outcome {
            Outcome::Completed(answer) => answer.unwrap_or_else(|| empty(204)),
            Outcome::Failed(_) => empty(500),
            Outcome::Hangs => panic!("{method} {path} hangs: {HANGS}"),
        }
    }

    /// Puts a message into a queue that triggers a function, and delivers it: up to five tries, or
    /// as host.json says, then the poison queue.
    #[track_caller]
    pub fn send(&self, queue: &str, message: impl AsRef<[u8]>) -> Run {
        if self.host.triggered_by(queue).is_empty() {
            let queue_of = |one: &Function| Some(one.trigger()["queueName"].as_str()?.to_owned());
            let there_are = self.there_are(queue_of);
            panic!("the queue {queue} triggers no function; {there_are}");
        };
        self.run(Delivery::message(queue, message.as_ref().to_vec()))
    }

    /// Runs a function with the value of its trigger's binding. A text or a queue message is a JSON
    /// string. Missing members of a timer get their usual values.
    #[track_caller]
    pub fn trigger(&self, function: &str, value: Value) -> Run {
        self.triggered(function, Given::Json(value))
    }

    /// Runs a function with the bytes of a blob, or of a trigger with `dataType` `binary`.
    #[track_caller]
    pub fn trigger_bytes(&self, function: &str, bytes: impl Into<Vec<u8>>) -> Run {
        self.triggered(function, Given::Bytes(bytes.into()))
    }

    #[track_caller]
    fn triggered(&self, function: &str, given: Given) -> Run {
        let function = self.function(function);
        let (name, trigger) = (&function.name, function.trigger());
        if let Some(route) = &function.route {
            panic!("{name} is called by HTTP, at /{route}: app.get, app.post or app.call");
        }
        if trigger.is("queueTrigger") {
            return self.send(trigger.text("queueName"), payload::bytes_of(given));
        }
        self.run(Delivery::given(function, given, "a test"))
    }

    /// Writes a blob and runs the functions that it triggers, in the order of their names.
    #[track_caller]
    pub fn put_blob(&self, container: &str, name: &str, bytes: impl AsRef<[u8]>) -> Vec<Run> {
        let path = blob_path(container, name);
        or_panic(self.host.put_blob(&path, bytes.as_ref()));
        let mut runs = Vec::new();
        for blob in self.host.written_blobs() {
            runs.push(self.run(blob));
        }
        runs
    }

    /// The bytes of a blob; `None` if there is none.
    #[track_caller]
    pub fn blob(&self, container: &str, name: &str) -> Option<Vec<u8>> {
        let path = blob_path(container, name);
        or_panic(self.host.storage.folder.read(path.file()))
    }

    /// Runs a timer's function now.
    #[track_caller]
    pub fn run_timer(&self, function: &str) -> Run {
        let function = self.function(function);
        let name = &function.name;
        let timer = |one: &Function| timers::schedule(one).map(|_| one.name.clone());
        if timer(function).is_none() {
            panic!("{name} is not a timer; {}", self.there_are(timer));
        }
        self.trigger(name, json!({}))
    }

    /// Sets what an input binding gets. By default it gets what the host sends for nothing.
    #[track_caller]
    pub fn input(&self, function: &str, binding: &str, value: Value) {
        self.set_input(function, binding, Given::Json(value));
    }

    /// Sets the bytes that a blob input gets.
    #[track_caller]
    pub fn input_bytes(&self, function: &str, binding: &str, bytes: impl Into<Vec<u8>>) {
        self.set_input(function, binding, Given::Bytes(bytes.into()));
    }

    #[track_caller]
    fn set_input(&self, function: &str, binding: &str, given: Given) {
        let function = self.function(function);
        if !function.inputs().any(|input| input.name == binding) {
            let inputs = listed(function.inputs().map(|input| &input.name));
            panic!("{} has no input binding {binding}; {inputs}", function.name);
        }
        self.host.storage.set_input(&function.name, binding, given);
    }

    /// All messages put into a queue so far, delivered or not. A JSON object that the host has
    /// indented is on one line. Panics if a message is not UTF-8.
    #[track_caller]
    pub fn queue(&self, queue: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for message in self.queue_bytes(queue) {
            match String::from_utf8(message) {
                Ok(text) => texts.push(newtonsoft::on_one_line(&text).unwrap_or(text)),
                Err(error) => panic!(
                    "a message in {queue} is not UTF-8 ({error}): app.queue_bytes has its bytes"
                ),
            }
        }
        texts
    }

    /// The same messages as bytes.
    #[track_caller]
    pub fn queue_bytes(&self, queue: &str) -> Vec<Vec<u8>> {
        let mut names = BTreeSet::new();
        for binding in self.functions().iter().flat_map(|one| &one.bindings) {
            names.extend(binding["queueName"].as_str());
            names.extend(binding.is("blobTrigger").then_some(POISON_BLOBS));
        }
        let asked = queue.to_ascii_lowercase();
        let asked = [asked.strip_suffix("-poison").unwrap_or(&asked), &asked];
        let is_named = |name: &&str| {
            let template = Template::parse(&name.to_ascii_lowercase());
            template.is_ok_and(|name| asked.iter().any(|asked| name.matches(asked).is_some()))
        };
        if !names.iter().any(is_named) {
            panic!("no binding names the queue {queue}; {}", listed(names));
        }
        let mut queued = self.host.record.so_far().queued;
        queued.retain(|(name, _)| name.eq_ignore_ascii_case(queue));
        queued.into_iter().map(|(_, message)| message).collect()
    }

    /// What an output that is neither a queue nor HTTP has written so far: an object as it is, a
    /// text as a JSON string, bytes that are not UTF-8 as `{"base64": "..."}`.
    #[track_caller]
    pub fn outputs(&self, function: &str, binding: &str) -> Vec<Value> {
        let function = self.function(function);
        let name = &function.name;
        let output = or_panic(function.output(binding));
        if output.is("queue") {
            let queue = &output["queueName"];
            panic!("{binding} of {name} is a queue: app.queue({queue})");
        }
        if output.is("http") {
            panic!("{binding} of {name} is the answer: app.get, app.post or app.call give it");
        }
        self.host.storage.written(name, binding)
    }

    /// What functions have logged as information so far. Warnings and errors are in `stderr`.
    pub fn logs(&self) -> Vec<String> {
        let mut logs = self.host.record.so_far().logs;
        logs.extend(self.printed());
        logs
    }

    /// Logs on stdout: of requests that the handler answers itself, and of failed invocations.
    fn printed(&self) -> Vec<String> {
        let stdout = self.stdout();
        let whole = stdout.rfind('\n').map_or("", |end| &stdout[..end]);
        let logs = whole.lines().filter_map(Line::read);
        logs.map(|line| line.text.to_owned()).collect()
    }

    /// Why invocations have failed so far, one sentence each. A 500 that a function itself answers
    /// is not a failure.
    pub fn failures(&self) -> Vec<String> {
        let stderr = self.stderr();
        let lines: Vec<_> = stderr.lines().filter_map(Line::read).collect();
        let mut failures = Vec::new();
        for (id, failure) in self.host.record.so_far().failures {
            let mut of_it = lines.iter().filter(|line| line.id == id);
            let reported = of_it.find_map(|line| line.reason);
            // Of two reasons, a function's own is better than the one that the host gives.
            let own = reported.filter(|why| failure.is_none() || why.starts_with("function "));
            // A function that answers an error itself reports nothing.
            if let Some(reason) = own.or(failure.as_deref()) {
                failures.push(sentence(reason).to_owned());
            }
        }
        failures
    }

    /// All that the handler has printed so far.
    pub fn stdout(&self) -> String {
        self.host.handler.stdout()
    }

    pub fn stderr(&self) -> String {
        self.host.handler.stderr()
    }

    fn functions(&self) -> &[Function] {
        &self.host.app.functions
    }

    #[track_caller]
    fn function(&self, name: &str) -> &Function {
        or_panic(self.host.app.named(name))
    }

    fn there_are(&self, named: impl Fn(&Function) -> Option<String>) -> String {
        listed(self.functions().iter().filter_map(named))
    }

    #[track_caller]
    fn run(&self, delivery: Delivery) -> Run {
        let before = self.printed().len();
        let delivery = self.host.deliver(delivery);
        self.limit.check();
        let mut logs = delivery.logs;
        logs.extend(self.printed().into_iter().skip(before));
        self.settle();
        let failure = match delivery.outcome {
            None | Some(Outcome::Completed(_)) => None,
            Some(Outcome::Failed(why)) => Some(sentence(&why).to_owned()),
            Some(Outcome::Hangs) => Some(format!("it hangs: {HANGS}")),
        };
        Run {
            failure,
            tries: delivery.attempt.earlier,
            poisoned: delivery.poisoned,
            logs,
        }
    }

    /// Delivers all messages and blobs that functions have written.
    #[track_caller]
    fn settle(&self) {
        for _ in 0..LONGEST_CHAIN {
            if let Some(message) = self.host.next_message(Duration::ZERO) {
                self.host.deliver(message);
            } else {
                let blobs = self.host.written_blobs();
                if blobs.is_empty() {
                    return;
                }
                for blob in blobs {
                    self.host.deliver(blob);
                }
            }
            self.limit.check();
        }
        panic!(
            "functions trigger each other in a circle: {LONGEST_CHAIN} messages in a row were delivered"
        );
    }
}

/// The folder of the tested app.
#[track_caller]
fn root() -> PathBuf {
    let root = std::env::var_os("CARGO_MANIFEST_DIR");
    root.expect("a test that cargo runs").into()
}

#[track_caller]
fn blob_path(container: &str, name: &str) -> BlobPath {
    or_panic(BlobPath::parse(&format!("{container}/{name}")))
}

/// A function, because a closure would not panic at the test's line.
#[track_caller]
fn or_panic<T>(result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(why) => panic!("{why}"),
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.host.handler.kill();
        if !std::thread::panicking() {
            return;
        }
        let failures = self.failures();
        if !failures.is_empty() {
            eprintln!("--- failures\n{}", failures.join("\n"));
        }
        // Not in the handler's own drop: the thread of the limit may drop it, and does not panic.
        self.host.handler.show_printed();
    }
}
