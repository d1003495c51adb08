//! `App`, as the tests of functions use it.

use crate::fake;
use serde_json::json;
use stand_in::App;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

fn start(test: &str) -> App {
    App::start_in(
        &fake::app(test),
        &[("FAKE_SETTING", "from the test")],
        fake::command,
    )
}

#[test]
fn http_is_answered_and_messages_are_seen() {
    let app = start("app-http");
    let answer = app.post("/api/order", r#"{"id":1005}"#);
    assert_eq!((answer.status, answer.text()), (200, "Order enqueued"));
    assert_eq!(app.queue("orders"), [r#"{"id":1005}"#]);
    assert_eq!(app.queue_bytes("orders"), [b"{\n  \"id\": 1005\n}"]);
    assert_eq!(app.logs(), ["ordered"]);
    let plain = app.call("POST", "/api/plain/7", &[("X-Own", "a")], b"body");
    assert!(
        plain.text().starts_with("POST /api/plain/7\n") && plain.text().contains("X-Own: a\n"),
        "{plain:?}"
    );
    assert_eq!(app.logs(), ["ordered", "plain was here"]);
    assert_eq!(app.get("/api/plain/x").status, 404);
    assert_eq!(app.get("/api/order").status, 404);
    assert_eq!(app.call("HEAD", "/api/plain", &[], "").status, 200);
    assert!(app.failures().is_empty() && app.stderr().is_empty());
}

#[test]
fn messages_go_through_a_chain_of_functions() {
    let app = start("app-chain");
    let run = app.send("copy-in", "hi");
    assert_eq!(
        (run.failure, run.tries, run.poisoned, run.logs),
        (None, 1, false, vec!["copy had hi".to_owned()])
    );
    assert_eq!(
        (app.queue("copy-out"), app.queue("second-out")),
        (vec!["hi".to_owned()], vec!["hi".to_owned()])
    );
    assert_eq!(app.logs(), ["copy had hi", "second had hi"]);
    app.send("copy-in", "bytes");
    assert_eq!(app.queue_bytes("copy-out"), [&b"hi"[..], b"\xff\x00"]);
    // Not UTF-8: the host cannot make a trigger's value of it.
    assert_eq!(app.queue_bytes("copy-out-poison"), [b"\xff\x00"]);
    assert_eq!(app.queue("second-out"), ["hi"]);
}

#[test]
fn failed_messages_are_tried_again_and_then_poison() {
    let app = start("app-poison");
    let run = app.send("copy-in", "fail");
    assert_eq!(
        (run.tries, run.poisoned, run.failure.as_deref()),
        (3, true, Some("status 500: it failed"))
    );
    assert_eq!(run.logs, ["about to fail"; 3]);
    assert_eq!(
        (app.queue("copy-in-poison"), app.failures().len()),
        (vec!["fail".to_owned()], 3)
    );
    let run = app.send("copy-in", "fail once");
    assert_eq!((run.tries, run.poisoned, run.failure), (2, false, None));
    assert_eq!(app.queue("second-out"), ["fail once"]);
    let run = app.send("copy-in", "hang");
    assert!(
        run.tries == 1 && !run.poisoned && run.failure.is_some_and(|why| why.contains("hangs"))
    );
}

#[test]
fn any_trigger_brings_a_value_and_any_output_is_seen() {
    let app = start("app-triggers");
    let run = app.trigger("seen", json!({"IsPastDue": true}));
    assert_eq!((run.failure, run.tries), (None, 1));
    let seen = &app.outputs("seen", "rows")[0];
    assert_eq!(
        (&seen["data"]["timer"]["IsPastDue"], &seen["data"]["row"]),
        (&json!(true), &json!("null"))
    );
    assert_eq!(seen["variables"], json!(["from the test", "from the file"]));
    app.input("seen", "row", json!({"Price": 7}));
    app.trigger("seen", json!({}));
    assert_eq!(
        app.outputs("seen", "rows")[1]["data"]["row"],
        json!({"Price": 7})
    );
    app.input_bytes("seen", "row", "text");
    app.trigger("seen", json!({}));
    assert_eq!(app.outputs("seen", "rows")[2]["data"]["row"], "\"text\"");

    app.trigger_bytes("blobs", b"\x89PNG");
    app.trigger("blobs", json!("a text"));
    assert_eq!(
        app.outputs("blobs", "outs"),
        [json!({"base64": "iVBORw=="}), json!("a text")]
    );
    app.trigger("events", json!({"id": "1", "data": {"a": 1}}));
    assert_eq!(
        app.outputs("events", "rows")[0]["metadata"]["data"],
        json!({"a": 1})
    );
    app.trigger("copy", json!("by its name"));
    assert_eq!(app.queue("second-out"), ["by its name"]);
}

#[test]
fn a_wrong_use_says_what_there_is() {
    let app = start("app-wrong");
    let says = |what: &dyn Fn(), words: &str| {
        let panic = catch_unwind(AssertUnwindSafe(what)).expect_err("a panic");
        let message = panic.downcast_ref::<String>().expect("a message");
        assert!(
            message.contains(words),
            "{message:?} does not contain {words:?}"
        );
    };
    says(
        &|| drop(app.get("/api/ordr")),
        "no function is at /api/ordr; there are broken at /api/broken, length at",
    );
    says(
        &|| drop(app.send("orders", "")),
        "the queue orders triggers no function; there are circle, copy-in, copy-out",
    );
    says(
        &|| drop(app.trigger("ordr", json!(1))),
        "there is no function ordr; there are blobs, broken",
    );
    says(
        &|| drop(app.trigger("order", json!(1))),
        "order is called by HTTP, at /api/order",
    );
    says(
        &|| drop(app.run_timer("order")),
        "order is not a timer; there are seen",
    );
    says(
        &|| drop(app.run_timer("sen")),
        "there is no function sen; there are blobs, broken",
    );
    says(
        &|| drop(app.queue("ordrs")),
        "no binding names the queue ordrs; there are circle, copy-in, copy-out, orders, second-out",
    );
    says(
        &|| drop(app.outputs("order", "message")),
        "message of order is a queue: app.queue(\"orders\")",
    );
    says(
        &|| drop(app.outputs("order", "res")),
        "res of order is the answer",
    );
    says(
        &|| drop(app.outputs("seen", "row")),
        "seen has no output binding row; there are rows",
    );
    says(
        &|| app.input("seen", "rows", json!(1)),
        "seen has no input binding rows; there are row",
    );
    says(
        &|| app.input("order", "x", json!(1)),
        "order has no input binding x; there are none",
    );
    let circle = start("app-circle");
    says(
        &|| drop(circle.send("circle", "")),
        "trigger each other in a circle",
    );
    app.send("copy-in", "bytes");
    says(
        &|| drop(app.queue("copy-out")),
        "app.queue_bytes has its bytes",
    );
    let elsewhere = || {
        drop(App::start_in(
            std::path::Path::new("no such folder"),
            &[],
            fake::command,
        ))
    };
    says(&elsewhere, "host.json: ");
    // What `make check` calls an error stops the app here too; with a note it starts.
    let root = fake::app("app-with-a-note");
    let started = || drop(App::start_in(&root, &[], fake::command));
    let write =
        |text: &str| std::fs::write(root.join("order/function.json"), text).expect("a file");
    let text = std::fs::read_to_string(root.join("order/function.json")).expect("a file");
    write(&text.replacen('{', r#"{"disabled": true,"#, 1));
    started();
    write(&text.replace("\"orders\"", "\"Orders_New\""));
    says(
        &started,
        "order/function.json: \"orders_new\" is not a queue's name",
    );
}

#[test]
fn a_timer_runs_as_by_its_schedule() {
    let app = start("app-timer");
    let run = app.run_timer("SEEN");
    assert_eq!((run.failure, run.tries, run.poisoned), (None, 1, false));
    let seen = &app.outputs("seen", "rows")[0];
    let status = &seen["data"]["timer"]["ScheduleStatus"];
    assert!(
        status["Next"]
            .as_str()
            .is_some_and(|next| next.ends_with("T03:00:00+00:00")),
        "{seen}"
    );
    assert_eq!(status["Last"], "0001-01-01T00:00:00+00:00");
    assert_eq!(seen["metadata"]["timer"], json!(null));
}

#[test]
fn what_never_ends_fails_the_test_and_says_what_it_was() {
    let limit = Duration::from_millis(300);
    let fails = |what: &dyn Fn(&App), function: &str| {
        let app = start(&format!("app-limit-{function}")).within(limit);
        let panic = catch_unwind(AssertUnwindSafe(|| what(&app))).expect_err("a panic");
        let message = panic.downcast_ref::<String>().expect("a message");
        let expected = format!("{function} has not answered within 0.3 s");
        assert!(message.starts_with(&expected), "{message:?}");
        // The handler is ended, so nothing else is answered, and nothing hangs.
        let again = catch_unwind(AssertUnwindSafe(|| app.get("/api/length").status));
        assert!(again.is_err(), "{again:?}");
        message.clone()
    };
    fails(&|app| drop(app.get("/api/silent")), "silent");
    let message = fails(&|app| drop(app.send("copy-in", "never")), "copy");
    assert!(
        message.ends_with("\ninvocation 3: about to wait"),
        "{message:?}"
    );
    fails(&|app| drop(app.send("copy-in", "then never")), "second");
}

#[test]
fn a_handler_that_does_not_start_is_shown() {
    let command = || {
        let mut command = fake::command();
        command
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", "0")
            .arg("--no-such-option");
        command
    };
    let start = || drop(App::start_in(&fake::app("app-start"), &[], command));
    let panic = catch_unwind(AssertUnwindSafe(start)).expect_err("a panic");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(
        message.contains("ended with code 101 before it answered")
            && message.contains("no-such-option"),
        "{message}"
    );
}
