//! `App`, as users' tests use it.

use crate::fake;
use serde_json::json;
use stand_in::App;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::time::Duration;

fn start(test: &str) -> App {
    let settings = [("FAKE_SETTING", "from the test")];
    App::start_in(&fake::app(test), &settings, fake::command)
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
    let first = "POST /api/plain/7\n";
    assert!(plain.text().starts_with(first), "{plain:?}");
    assert!(plain.text().contains("X-Own: a\n"), "{plain:?}");
    assert_eq!(app.logs(), ["ordered", "plain was here"]);
    assert_eq!(app.get("/api/plain/x").status, 404);
    assert_eq!(app.get("/api/order").status, 404);
    assert_eq!(app.call("HEAD", "/api/plain", &[], "").status, 200);
    assert!(app.failures().is_empty() && app.stderr().is_empty());
}

#[test]
fn a_given_header_takes_the_place_of_the_default_one() {
    let headers = [
        ("accept", "text/html"),
        ("host", "a.b"),
        ("content-length", "4"),
    ];
    let answer = start("app-headers").call("POST", "/api/plain", &headers, b"body");
    for line in [
        "accept: text/html",
        "X-Forwarded-Host: a.b",
        "content-length: 4",
    ] {
        assert!(answer.text().lines().any(|one| one == line), "{answer:?}");
    }
}

#[test]
fn messages_go_through_a_chain_of_functions_or_are_poison() {
    let app = start("app-chain");
    let run = app.send("copy-in", "hi");
    assert_eq!((run.failure, run.tries, run.poisoned), (None, 1, false));
    assert_eq!(run.logs, ["copy had hi"]);
    assert_eq!(app.queue("copy-out"), ["hi"]);
    assert_eq!(app.queue("second-out"), ["hi"]);
    assert_eq!(app.logs(), ["copy had hi", "second had hi"]);
    app.send("copy-in", "bytes");
    assert_eq!(app.queue_bytes("copy-out"), [&b"hi"[..], b"\xff\x00"]);
    // Not UTF-8: the host cannot make a trigger's value of it.
    assert_eq!(app.queue_bytes("copy-out-poison"), [b"\xff\x00"]);
    assert_eq!(app.queue("second-out"), ["hi"]);

    // A failed message is tried again, and then it is poison.
    let run = app.send("copy-in", "fail");
    assert_eq!((run.tries, run.poisoned), (3, true));
    assert_eq!(run.failure.as_deref(), Some("status 500: it failed"));
    assert_eq!(run.logs, ["about to fail"; 3]);
    assert_eq!(app.queue("copy-in-poison"), ["fail"]);
    assert_eq!(app.failures().len(), 4);
    let run = app.send("copy-in", "fail once");
    assert_eq!((run.tries, run.poisoned, run.failure), (2, false, None));
    assert_eq!(app.queue("second-out"), ["hi", "fail once"]);
    let run = app.send("copy-in", "hang");
    assert_eq!((run.tries, run.poisoned), (1, false));
    assert!(run.failure.is_some_and(|why| why.contains("hangs")));
}

#[test]
fn any_trigger_brings_a_value_and_any_output_is_seen() {
    let app = start("app-triggers");
    let seen = |number: usize| app.outputs("seen", "rows")[number].clone();
    let row = |number| seen(number)["data"]["row"].clone();
    let run = app.trigger("seen", json!({"IsPastDue": true}));
    assert_eq!((run.failure, run.tries), (None, 1));
    assert_eq!(seen(0)["data"]["timer"]["IsPastDue"], true);
    assert_eq!(row(0), "null");
    let variables = json!(["from the test", "from the file"]);
    assert_eq!(seen(0)["variables"], variables);
    app.input("seen", "row", json!({"Price": 7}));
    app.trigger("seen", json!({}));
    assert_eq!(row(1), json!({"Price": 7}));
    app.input_bytes("seen", "row", "text");
    app.trigger("seen", json!({}));
    assert_eq!(row(2), "\"text\"");

    // As by its schedule.
    let run = app.run_timer("SEEN");
    assert_eq!((run.failure, run.tries, run.poisoned), (None, 1, false));
    let status = &seen(3)["data"]["timer"]["ScheduleStatus"];
    let next = status["Next"].as_str().expect("a text");
    assert!(next.ends_with("T03:00:00+00:00"), "{next}");
    assert_eq!(status["Last"], "0001-01-01T00:00:00+00:00");
    assert_eq!(seen(3)["metadata"]["timer"], json!(null));

    app.trigger_bytes("blobs", b"\x89PNG");
    app.trigger("blobs", json!("a text"));
    let blobs = [json!({"base64": "iVBORw=="}), json!("a text")];
    assert_eq!(app.outputs("blobs", "out"), blobs);
    app.trigger("events", json!({"id": "1", "data": {"a": 1}}));
    let event = &app.outputs("events", "rows")[0];
    assert_eq!(event["metadata"]["data"], json!({"a": 1}));
    app.trigger("copy", json!("by its name"));
    assert_eq!(app.queue("second-out"), ["by its name"]);
}

thread_local! {
    static FILE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The sentence of a panic, which has to be at a line of this file.
fn panic_of<T>(what: impl FnOnce() -> T) -> String {
    static NOTED: Once = Once::new();
    NOTED.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            let file = panic.location().map(|at| at.file().to_owned());
            FILE.set(file.unwrap_or_default());
            before(panic);
        }));
    });
    let Err(panic) = catch_unwind(AssertUnwindSafe(what)) else {
        panic!("there was no panic");
    };
    let said = *panic.downcast::<String>().expect("a message");
    assert_eq!(FILE.take(), file!(), "{said}");
    said
}

/// The messages for the wrong uses in the test below.
const WRONG: &str = "\
no function is at /api/ordr; there are broken [GET] at /api/broken, length [
the queue orders triggers no function; there are circle, copy-in, copy-out
there is no function ordr; there are blobs, broken
order is called by HTTP, at /api/order
order is not a timer; there are seen
there is no function sen; there are blobs, broken
no binding names the queue ordrs; there are circle, copy-in, copy-out, orders, second-out
message of order is a queue: app.queue(\"orders\")
res of order is the answer
seen has no output binding row; there are rows
seen has no input binding rows; there are row
order has no input binding x; there are none
trigger each other in a circle
app.queue_bytes has its bytes
host.json: 
the body is not JSON
\"Docs\" is not a container's name
the name \"\" is empty";

#[test]
fn a_wrong_use_says_what_there_is() {
    let app = start("app-wrong");
    app.send("copy-in", "bytes");
    let nowhere = || App::start_in("no such folder".as_ref(), &[], fake::command);
    let uses: [&dyn Fn(); 18] = [
        &|| drop(app.get("/api/ordr")),
        &|| drop(app.send("orders", "")),
        &|| drop(app.trigger("ordr", json!(1))),
        &|| drop(app.trigger("order", json!(1))),
        &|| drop(app.run_timer("order")),
        &|| drop(app.run_timer("sen")),
        &|| drop(app.queue("ordrs")),
        &|| drop(app.outputs("order", "message")),
        &|| drop(app.outputs("order", "res")),
        &|| drop(app.outputs("seen", "row")),
        &|| app.input("seen", "rows", json!(1)),
        &|| app.input("order", "x", json!(1)),
        &|| drop(start("app-circle").send("circle", "")),
        &|| drop(app.queue("copy-out")),
        &|| drop(nowhere()),
        &|| drop(app.get("/api/length").json()),
        &|| drop(app.put_blob("Docs", "a", "")),
        &|| drop(app.blob("docs", "")),
    ];
    assert_eq!(uses.len(), WRONG.lines().count());
    for (wrong, words) in uses.iter().zip(WRONG.lines()) {
        let says = panic_of(wrong);
        assert!(says.contains(words), "{says:?} does not contain {words:?}");
    }
}

/// An error of `make check` stops the app; a note does not.
#[test]
fn an_app_with_an_error_does_not_start() {
    let root = fake::app("app-with-a-note");
    let start = |with: &str, instead_of: &str| {
        let file = "order/function.json";
        let text = std::fs::read_to_string(root.join(file)).expect("a file");
        fake::write(&root, file, &text.replacen(instead_of, with, 1));
        drop(App::start_in(&root, &[], fake::command));
    };
    start(r#"{"disabled": true,"#, "{");
    let words = "order/function.json: \"Orders_New\" is not a queue's name";
    assert!(panic_of(|| start("Orders_New", "orders")).contains(words));
}

#[test]
fn what_never_ends_fails_the_test_and_says_what_it_was() {
    let limit = Duration::from_millis(300);
    let fails = |what: &dyn Fn(&App), function: &str| {
        let app = start(&format!("app-limit-{function}")).within(limit);
        let message = panic_of(|| what(&app));
        let expected = format!("{function} has not answered within 0.3 s");
        assert!(message.starts_with(&expected), "{message:?}");
        // The handler has ended, so other calls fail at once.
        panic_of(|| app.get("/api/length"));
        message
    };
    fails(&|app| drop(app.get("/api/silent")), "silent");
    let message = fails(&|app| drop(app.send("copy-in", "never")), "copy");
    let end = "\ninvocation 3: about to wait";
    assert!(message.ends_with(end), "{message:?}");
    fails(&|app| drop(app.send("copy-in", "then never")), "second");
}

/// It fails if the variable is set, which the test checks.
#[test]
fn a_failed_test_shows_what_the_handler_printed() {
    const FAIL: &str = "STAND_IN_FAIL";
    if std::env::var_os(FAIL).is_some() {
        let _app = start("app-fails");
        panic!("on purpose");
    }
    let name = "app::a_failed_test_shows_what_the_handler_printed";
    let output = fake::command_of(name, FAIL).output().expect("a run");
    let text = String::from_utf8_lossy(&output.stderr);
    let printed = "the handler of the failed test: it ran until then\n--- stdout\n";
    assert!(text.contains(printed), "{text}");
    assert!(!text.contains("--- failures"), "{text}");
}

#[test]
fn a_handler_that_does_not_start_is_shown() {
    let command = || {
        let mut command = fake::command();
        command.arg("--no-such-option");
        command
    };
    let message = panic_of(|| App::start_in(&fake::app("app-start"), &[], command));
    for words in ["ended with code 101 before it answered", "no-such-option"] {
        assert!(message.contains(words), "{message}");
    }
}
