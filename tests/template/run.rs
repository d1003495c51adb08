//! `make run` in a copy of this checkout: the samples, many messages, and reloading.

use crate::checkout::{copy, shell};
use crate::random::Random;
use crate::started::Run;
use crate::wait::wait_for;
use serde_json::Value;
use stand_in::run::http::{Connection, request};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

/// Waits until it shows its functions.
pub fn start(folder: &Path) -> Run {
    let command = shell(folder, "exec make run PORT=0");
    let mut run = Run::spawn(command, folder.join("output.txt"));
    run.wait_for_port();
    run
}

fn queue(run: &Run, name: &str) -> Vec<String> {
    let queue = run.ask("GET", &format!("/local/queues/{name}"), b"");
    let queue: Vec<Value> = serde_json::from_value(queue.json()).unwrap();
    let text = |message: Value| match message {
        Value::String(text) => text,
        other => other.to_string(),
    };
    queue.into_iter().map(text).collect()
}

/// Distinct messages of every kind that the host would alter if they were sent plain.
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
    let run = start(&folder);
    let first = "This is a stand-in for the Functions host, for development only.";
    assert!(run.output().starts_with(first), "{}", run.output());

    let hello = run.ask("GET", "/api/hello?name=Ada", b"");
    assert_eq!(hello.text(), r#"{"message":"Hello, Ada!"}"#);
    let order = run.ask("POST", "/api/order", br#"{"id":1005}"#);
    assert_eq!(order.text(), "Order enqueued");
    assert_eq!(queue(&run, "orders"), [r#"{"id":1005}"#]);
    let shown = r#"queue orders: {"id":1005}"#;
    wait_for(shown, || run.output().contains(shown).then_some(()));
    // None lost, none altered.
    let mut messages = messages(1000);
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
    messages.sort();
    wait_for("all messages", || {
        let mut arrived = queue(&run, "messages-outgoing");
        arrived.sort();
        (arrived == messages).then_some(())
    });
    assert_eq!(queue(&run, "messages-incoming-poison"), [""; 0]);

    let file = folder.join("src/functions/hello.rs");
    let code = fs::read_to_string(&file).unwrap();
    fs::write(&file, code.replace("\"hello world\"", "\"hello again\"")).unwrap();
    let begun = Instant::now();
    wait_for("the new answer", || {
        let hello = run.ask("GET", "/api/hello", b"");
        (hello.text() == "hello again").then_some(())
    });
    let took = begun.elapsed().as_millis();
    println!("from saving a file to the new answer: {took} ms");
    // Queues outlive a reload.
    assert_eq!(queue(&run, "orders").len(), 1);
}
