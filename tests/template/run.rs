//! `make run` in a copy of this checkout: the samples and a chain of four functions, many messages,
//! and reloading.

use crate::checkout::{copy, shell};
use crate::random::Random;
use crate::wait::wait_for;
use serde_json::{Value, json};
use stand_in::run::http::{Answer, Connection, request};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// How long the first build may take.
const BUILT_WITHIN: Duration = Duration::from_secs(600);

/// `start` puts what is posted into the first queue, and three functions pass it on, each with its
/// name added.
const CHAIN: &str = r#"
use crate::{HttpRequest, HttpResponse, Invocation, Response, Result};

pub fn start(request: HttpRequest) -> Result {
    Ok(Response::from(HttpResponse::text("started")).output("message", request.body()?))
}

pub fn pass(invocation: Invocation) -> Result {
    Ok(Response::new().return_value(format!("{}, passed", invocation.trigger.text())))
}
"#;

const ROUTES: &str = r#"    Route::http_with_bindings("start", &["POST"], &["message"], chain::start),
    Route::trigger("one", "item", &["$return"], chain::pass),
    Route::trigger("two", "item", &["$return"], chain::pass),
    Route::trigger("three", "item", &["$return"], chain::pass),
"#;

fn add_chain(folder: &Path) {
    let table = folder.join("src/functions/mod.rs");
    let code = fs::read_to_string(&table).unwrap();
    let code = code.replacen("\nmod ", "\nmod chain;\nmod ", 1);
    fs::write(&table, code.replace("\n];", &format!("\n{ROUTES}];"))).unwrap();
    fs::write(folder.join("src/functions/chain.rs"), CHAIN).unwrap();
    let queue = |name: &str, kind: &str, number: usize| {
        let direction = if kind == "queue" { "out" } else { "in" };
        let queue = format!("chain-{number}");
        json!({"type": kind, "direction": direction, "name": name, "queueName": queue, "connection": "AzureWebJobsStorage"})
    };
    let http =
        json!({"type": "httpTrigger", "direction": "in", "name": "req", "methods": ["post"]});
    let res = json!({"type": "http", "direction": "out", "name": "res"});
    let mut functions = vec![("start", vec![http, res, queue("message", "queue", 1)])];
    for (from, name) in (1..).zip(["one", "two", "three"]) {
        let bindings = vec![
            queue("item", "queueTrigger", from),
            queue("$return", "queue", from + 1),
        ];
        functions.push((name, bindings));
    }
    for (name, bindings) in functions {
        fs::create_dir_all(folder.join(name)).unwrap();
        let file = folder.join(name).join("function.json");
        fs::write(file, json!({"bindings": bindings}).to_string()).unwrap();
    }
}

/// `make run`, as a terminal starts it: as a process group.
pub struct Run {
    child: Child,
    folder: PathBuf,
    /// The port that it serves callers on.
    pub port: u16,
}

impl Run {
    /// Starts it in this folder, and waits until it shows its functions.
    pub fn start(folder: PathBuf) -> Self {
        let output = fs::File::create(folder.join("output.txt")).unwrap();
        let mut command = shell(&folder, "exec make run PORT=0");
        command
            .process_group(0)
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let mut run = Self {
            child: command.spawn().unwrap(),
            folder,
            port: 0,
        };
        let begun = Instant::now();
        run.port = loop {
            let output = run.output();
            let port = output
                .split_once("http://localhost:")
                .and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
            match port {
                Some(port) => break port,
                None if begun.elapsed() > BUILT_WITHIN => panic!("it does not start: {output}"),
                None if run.child.try_wait().unwrap().is_some() => panic!("it ended: {output}"),
                None => thread::sleep(Duration::from_millis(50)),
            }
        };
        run
    }

    /// All that it has printed.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join("output.txt")).unwrap()).into_owned()
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        Connection::open(self.port)
            .and_then(|mut connection| connection.exchange(&request(method, path, &[], body)))
            .unwrap()
    }

    fn queue(&self, name: &str) -> Vec<String> {
        let queue = self
            .ask("GET", &format!("/local/queues/{name}"), b"")
            .json();
        let text = |message: &Value| {
            message
                .as_str()
                .map_or_else(|| message.to_string(), str::to_owned)
        };
        queue.as_array().unwrap().iter().map(text).collect()
    }

    /// Waits until a queue holds these messages, in any order.
    fn wait_for(&self, queue: &str, mut messages: Vec<String>) {
        messages.sort();
        wait_for(queue, || {
            let mut arrived = self.queue(queue);
            arrived.sort();
            (arrived == messages).then_some(())
        });
    }

    /// Waits until the terminal shows each of these words.
    fn wait_for_words(&self, words: &[&str]) {
        let are_shown = |output: &String| words.iter().all(|words| output.contains(words));
        wait_for(&words.join(", "), || Some(self.output()).filter(are_shown));
    }

    fn hello(&self) -> String {
        self.ask("GET", "/api/hello", b"").text().to_owned()
    }

    fn edit(&self, path: &str, change: impl FnOnce(String) -> String) {
        let file = self.folder.join(path);
        fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // The whole group; it may have ended. A script's background job ignores Ctrl-C, and so would
        // what it started.
        let _ = Command::new("kill")
            .args(["-TERM", "--", &format!("-{}", self.child.id())])
            .status();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{}", self.output());
        }
    }
}

/// Messages of every kind that the host alters where they go plain, each of them one of its own.
fn messages(count: usize) -> Vec<String> {
    let mut random = Random::new(16);
    let message = |n: usize| {
        let long = "long ".repeat(random.below(9000));
        let kinds = [
            format!("2026-11-21T10:00:00.{n:07}+02:00"),
            format!("{n:08}"),
            format!("[{n}, \"two\"]"),
            format!("[] {n}"),
            format!("{{\"id\":{n},\"price\":10.10}}"),
            format!("{{\"id\":{n},\"color\":\"black\"}}"),
            format!("{{a:{n}}}"),
            format!("\u{2615} {n}\u{0} \"quoted\"\r\n"),
            format!("{n} {long}"),
            format!("\"{n}\""),
        ];
        random.pick(&kinds).clone()
    };
    (0..count).map(message).collect()
}

#[test]
fn the_whole_app_runs_on_a_bare_machine() {
    let folder = copy("run");
    add_chain(&folder);
    let run = Run::start(folder);
    let first = "This is a stand-in for the Functions host, for development only.";
    assert!(run.output().starts_with(first), "{}", run.output());

    // The samples.
    let hello = run.ask("GET", "/api/hello?name=Ada", b"");
    assert_eq!(hello.text(), r#"{"message":"Hello, Ada!"}"#);
    let order = run.ask("POST", "/api/order", br#"{"id":1005}"#);
    assert_eq!(order.text(), "Order enqueued");
    assert_eq!(run.queue("orders"), [r#"{"id":1005}"#]);
    run.wait_for_words(&[r#"queue orders: {"id":1005}"#]);
    // Four functions, one after the other.
    assert_eq!(run.ask("POST", "/api/start", b"item").text(), "started");
    run.wait_for("chain-4", vec!["item, passed, passed, passed".to_owned()]);
    // None lost, none altered.
    let messages = messages(1000);
    thread::scope(|scope| {
        for share in messages.chunks(250) {
            let run = &run;
            scope.spawn(move || {
                let mut connection = Connection::open(run.port).unwrap();
                for message in share {
                    let path = "/local/queues/messages-incoming";
                    let put = request("POST", path, &[], message.as_bytes());
                    assert_eq!(connection.exchange(&put).unwrap().status, 201);
                }
            });
        }
    });
    run.wait_for("messages-outgoing", messages);
    assert_eq!(run.queue("messages-incoming-poison"), [""; 0]);

    // A change that builds, one that does not, and one in function.json.
    let code = "src/functions/hello.rs";
    run.edit(code, |code| {
        code.replace("\"hello world\"", "\"hello again\"")
    });
    let begun = Instant::now();
    wait_for("the new answer", || {
        (run.hello() == "hello again").then_some(())
    });
    let took = begun.elapsed().as_millis();
    println!("from saving a file to the new answer: {took} ms");
    run.edit(code, |code| code + "no such thing");
    run.wait_for_words(&["not reloaded", "src/functions/hello.rs:"]);
    assert_eq!(run.hello(), "hello again");
    run.edit(code, |code| code.replace("no such thing", ""));
    let route = "\"post\"], \"route\": \"hello\"";
    run.edit("hello/function.json", |json| {
        json.replace("\"post\"]", route)
    });
    wait_for("another reload", || {
        (run.output().matches("reloaded in ").count() == 2).then_some(())
    });
    assert_eq!(run.hello(), "hello again");
    // What was in the queues is still there.
    assert_eq!(run.queue("orders").len(), 1);
}
