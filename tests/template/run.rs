//! `make run` in a copy of this checkout: the samples and a chain of four functions, many messages,
//! and reloading.

use crate::checkout::{copy, shell};
use crate::random::Random;
use serde_json::{Value, json};
use stand_in::run::http::{Answer, Connection, request};
use stand_in::run::process::wait_for;
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
    let code = code
        .replacen("\nmod ", "\nmod chain;\nmod ", 1)
        .replace("\n];", &format!("\n{ROUTES}];"));
    fs::write(table, code).unwrap();
    fs::write(folder.join("src/functions/chain.rs"), CHAIN).unwrap();
    let queue = |name: &str, direction: &str, queue: &str| {
        let kind = if direction == "in" {
            "queueTrigger"
        } else {
            "queue"
        };
        json!({"type": kind, "direction": direction, "name": name, "queueName": queue, "connection": "AzureWebJobsStorage"})
    };
    let write = |function: &str, bindings: Value| {
        fs::create_dir_all(folder.join(function)).unwrap();
        fs::write(
            folder.join(function).join("function.json"),
            json!({"bindings": bindings}).to_string(),
        )
        .unwrap();
    };
    let http =
        json!({"type": "httpTrigger", "direction": "in", "name": "req", "methods": ["post"]});
    write(
        "start",
        json!([http, {"type": "http", "direction": "out", "name": "res"}, queue("message", "out", "chain-1")]),
    );
    for (function, from, to) in [
        ("one", "chain-1", "chain-2"),
        ("two", "chain-2", "chain-3"),
        ("three", "chain-3", "chain-4"),
    ] {
        write(
            function,
            json!([queue("item", "in", from), queue("$return", "out", to)]),
        );
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

    /// What curl prints for a command in which the port is 7071.
    fn curl(&self, arguments: &str) -> String {
        let command = format!(
            "curl -sS {}",
            arguments.replace(":7071", &format!(":{}", self.port))
        );
        let output = shell(&self.folder, &command).output().unwrap();
        assert!(
            output.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn edit(&self, path: &str, change: impl FnOnce(String) -> String) {
        let file = self.folder.join(path);
        fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // The whole group, as Ctrl-C does it; it may have ended.
        let _ = Command::new("kill")
            .args(["-INT", "--", &format!("-{}", self.child.id())])
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
    assert_eq!(run.curl("http://localhost:7071/api/hello"), "hello world");
    assert_eq!(
        run.curl("'http://localhost:7071/api/hello?name=Ada'"),
        r#"{"message":"Hello, Ada!"}"#
    );
    assert_eq!(
        run.curl(r#"-d '{"id":1005}' http://localhost:7071/api/order"#),
        "Order enqueued"
    );
    assert_eq!(
        run.curl("http://localhost:7071/local/queues/orders"),
        "[\"{\\\"id\\\":1005}\"]\n"
    );
    wait_for("the message on the terminal", || {
        run.output()
            .contains(r#"queue orders: {"id":1005}"#)
            .then_some(())
    });
    run.curl("-d hi http://localhost:7071/local/queues/messages-incoming");
    wait_for("the message", || {
        (run.queue("messages-outgoing") == ["hi"]).then_some(())
    });
    run.curl("-d '{\"input\":\"by hand\"}' -H 'Content-Type: application/json' http://localhost:7071/admin/functions/MyQueueFunction");
    wait_for("the message", || {
        (run.queue("messages-outgoing") == ["hi", "by hand"]).then_some(())
    });

    // Four functions, one after the other.
    assert_eq!(
        run.curl("-d item http://localhost:7071/api/start"),
        "started"
    );
    wait_for("the end of the chain", || {
        (run.queue("chain-4") == ["item, passed, passed, passed"]).then_some(())
    });

    // None lost, none altered.
    let messages = messages(1000);
    thread::scope(|scope| {
        for share in messages.chunks(250) {
            let run = &run;
            scope.spawn(move || {
                let mut connection = Connection::open(run.port).unwrap();
                for message in share {
                    let put = request(
                        "POST",
                        "/local/queues/messages-incoming",
                        &[],
                        message.as_bytes(),
                    );
                    assert_eq!(connection.exchange(&put).unwrap().status, 201);
                }
            });
        }
    });
    wait_for("1,000 messages", || {
        (run.queue("messages-outgoing").len() == 1002).then_some(())
    });
    let sorted = |mut messages: Vec<String>| {
        messages.sort();
        messages
    };
    let arrived = run.queue("messages-outgoing").split_off(2);
    assert!(sorted(arrived) == sorted(messages), "a message was altered");
    assert_eq!(run.queue("messages-incoming-poison"), [""; 0]);

    // A change that builds, one that does not, and one in function.json.
    run.edit("src/functions/hello.rs", |code| {
        code.replace("\"hello world\"", "\"hello again\"")
    });
    let begun = Instant::now();
    wait_for("the new answer", || {
        (run.ask("GET", "/api/hello", b"").text() == "hello again").then_some(())
    });
    println!(
        "from saving a file to the new answer: {} ms",
        begun.elapsed().as_millis()
    );
    run.edit("src/functions/hello.rs", |code| code + "no such thing");
    wait_for("cargo's words", || {
        let output = run.output();
        (output.contains("not reloaded") && output.contains("src/functions/hello.rs:"))
            .then_some(())
    });
    assert_eq!(run.ask("GET", "/api/hello", b"").text(), "hello again");
    run.edit("src/functions/hello.rs", |code| {
        code.replace("no such thing", "")
    });
    run.edit("hello/function.json", |json| {
        json.replace("\"post\"]", "\"post\"], \"route\": \"hello\"")
    });
    wait_for("another reload", || {
        (run.output().matches("reloaded in ").count() == 2).then_some(())
    });
    assert_eq!(run.ask("GET", "/api/hello", b"").text(), "hello again");
    // What was in the queues is still there.
    assert_eq!(run.queue("orders").len(), 1);
}
