//! Blobs, tables and binding expressions, through the whole stand-in.

use crate::fake;
use serde_json::{Value, json};
use stand_in::App;

fn start(test: &str, functions: &str) -> App {
    App::start_in(&fake::app_with(test, functions), &[], fake::command)
}

fn json(bytes: Option<Vec<u8>>) -> Value {
    serde_json::from_slice(&bytes.expect("a blob")).expect("JSON")
}

fn assert_failed(app: &App, words: &[&str]) {
    let failure = app.failures().pop().expect("a failure");
    for words in words {
        assert!(failure.contains(words), "{failure}");
    }
}

#[test]
fn a_chain_goes_from_http_to_queues_and_blobs_and_on() {
    let app = start(
        "storage-chain",
        "pass1: http orders > answer > queue chain-in
        pass2: on-queue chain-in > blob chain/{day}/{id}.json
        pass3: on-blob chain/{day}/{name}.{ext} > queue {ext}-{day}
        pass4: on-queue json-monday > blob done/{id}",
    );
    let order = r#"{"id":7,"day":"monday"}"#;
    assert_eq!(app.post("/api/orders", order).status, 200);
    assert_eq!(app.failures(), [""; 0]);
    // The first queue indents an object, and then it stays as it is.
    let expected: Value = order.parse().expect("JSON");
    assert_eq!(json(app.blob("chain", "monday/7.json")), expected);
    assert_eq!(json(app.blob("done", "7")), expected);
    assert_eq!(app.logs().len(), 4);
    assert_eq!(app.outputs("pass4", "out").len(), 1);
    // A new blob goes the rest of the way, whoever writes it.
    let runs = app.put_blob("chain", "tuesday/a.b.txt", "bytes");
    let ran: Vec<_> = runs
        .iter()
        .map(|run| (run.tries, run.failure.as_deref()))
        .collect();
    assert_eq!(ran, [(1, None)]);
    assert_eq!(app.queue("txt-tuesday"), ["bytes"]);
    assert_eq!(app.queue("json-monday").len(), 1);
    assert!(app.put_blob("others", "monday/x.json", "bytes").is_empty());
    assert_eq!(app.blob("others", "monday/x.json"), Some(b"bytes".to_vec()));
    assert_eq!(app.blob("others", "none"), None);
}

#[test]
fn a_blob_whose_trigger_fails_is_tried_five_times() {
    let app = start(
        "storage-poison",
        "fails: on-blob ins/{name} > queue never
        pass: on-queue webjobs-blobtrigger-poison > blob poison/{BlobName}",
    );
    // It triggers again when it is written again.
    for time in 1..=2 {
        let run = &app.put_blob("ins", "a.txt", "bytes")[0];
        assert_eq!((run.tries, run.poisoned), (5, true));
        assert_eq!(run.failure.as_deref(), Some("it failed"));
        assert_eq!(app.failures(), vec!["it failed"; 5 * time]);
    }
    assert_eq!(app.queue_bytes("webjobs-blobtrigger-poison").len(), 2);
    // That queue may trigger a function.
    let message = json(app.blob("poison", "a.txt"));
    let tag = message["ETag"].as_str().expect("a text");
    assert!(tag.starts_with("\"0x") && tag.ends_with('"'), "{tag}");
    let expected = json!({
        "Type": "BlobTrigger", "FunctionId": "Host.Functions.fails", "BlobType": "BlockBlob",
        "ContainerName": "ins", "BlobName": "a.txt", "ETag": tag,
    });
    assert_eq!(message, expected);
}

#[test]
fn inputs_are_resolved_before_the_function_and_outputs_after_it() {
    let app = start(
        "storage-order",
        "pass: http items/{id} > answer > read-blob ins/{id}-{size}.txt > blob outs/{to}
        pass2: http queues > answer > queue {to}",
    );
    app.put_blob("ins", "7-L.txt", "seven");
    let post = |path: &str, body: &str| {
        let answer = app.post(path, body);
        (answer.status, answer.text().to_owned())
    };
    let passed = |body: &str| (200, body.to_owned());
    let item = "/api/items/7?size=L";
    // The route wins over the query, and the query over the body.
    let all = post("/api/items/7?id=8&size=L", r#"{"size":"S","to":"x/y.txt"}"#);
    assert_eq!(all, passed("\"seven\""));
    assert!(app.blob("outs", "x/y.txt").is_some());

    // An input without a value: the function does not run.
    let ran = app.logs().len();
    assert_eq!(post("/api/items/7", r#"{"to":"x"}"#).0, 500);
    let no_value = "the function has not run: its input in: No value for named parameter 'size'.";
    assert_failed(&app, &[no_value, "ins/{id}-{size}.txt", "the query"]);
    assert_eq!(app.logs().len(), ran);

    // An output without a value, or with a wrong one: the function has run, and fails.
    for (path, to, words) in [
        (item, "null", "No value for named parameter 'to'."),
        (item, r#""../../other/x""#, "leave the container"),
        (item, r#""x""#, "it is a folder already"),
        ("/api/queues", r#""A_b""#, "is not a queue's name"),
    ] {
        let ran = app.logs().len();
        assert_eq!(post(path, &format!(r#"{{"to":{to}}}"#)).0, 500, "{to}");
        assert_failed(&app, &["the function has run, but its output out", words]);
        assert_eq!(app.logs().len(), ran + 1, "{to}");
    }
    // Queue names get small letters.
    assert_eq!(post("/api/queues", r#"{"to":"Orders"}"#).0, 200);
    assert_eq!(app.queue("orders").len(), 1);
    // A missing blob is null, also in a missing container.
    let to = r#"{"to":"z"}"#;
    assert_eq!(post("/api/items/9?size=L", to), passed("null"));
    // A test's value wins over the blob.
    app.input_bytes("pass", "in", "given");
    assert_eq!(post(item, to), passed("\"given\""));
}

#[test]
fn rows_are_inserted_and_read() {
    let app = start(
        "storage-rows",
        "pass1: http orders/{day} > answer > rows Orders
        pass2: http read/{day} > answer > read-rows Orders",
    );
    let post = |day: &str, rows: &str| app.post(&format!("/api/orders/{day}"), rows).status;
    let read = |day: &str| app.get(&format!("/api/read/{day}")).text().to_owned();
    // There is no table yet: the function does not run.
    assert_eq!(app.get("/api/read/monday").status, 500);
    let not_run = "the function has not run: its input in: there is no table Orders";
    assert_failed(&app, &[not_run]);
    let rows = r#"[{"RowKey":"1","price":1.50},{"RowKey":"2"},{"RowKey":"3"}]"#;
    assert_eq!(post("monday", rows), 200, "{:?}", app.failures());
    let shown = r#"[{"PartitionKey":"monday","RowKey":"1","price":1.5},{"PartitionKey":"monday","RowKey":"2"}]"#;
    assert_eq!(read("monday"), shown);
    assert_eq!(read("tuesday"), "[]");
    assert_eq!(app.outputs("pass1", "out").len(), 3);
    // An existing key fails, and nothing of the list is written.
    assert_eq!(post("monday", r#"[{"RowKey":"0"},{"RowKey":"1"}]"#), 500);
    let failure = "the function has run, but its output out is not written: The specified entity already exists";
    assert_failed(&app, &[failure]);
    assert_eq!(read("monday"), shown);
}

#[test]
fn two_functions_on_one_queue_get_its_messages_in_turn() {
    let app = start(
        "storage-turn",
        "pass1: on-queue shared > queue first
        pass2: on-queue shared > queue second",
    );
    for message in ["a 1", "a 2", "a 3", "a 4"] {
        assert_eq!(app.send("shared", message).failure, None);
    }
    assert_eq!(app.queue("first"), ["a 1", "a 3"]);
    assert_eq!(app.queue("second"), ["a 2", "a 4"]);
}

/// If nothing can be written, the functions say so, and all else goes on.
#[cfg(unix)]
#[test]
fn a_local_that_cannot_be_written_is_named() {
    let root = fake::app("storage-file");
    std::fs::write(root.join(".local"), "a file of that name").expect("a file");
    let served = fake::Served::start_at(&root);
    let ask = |method, path, body: &str| served.ask(method, path, &[], body.as_bytes());
    let put = ask("PUT", "/local/blobs/ins/a", "x");
    assert_eq!(put.status, 400);
    let why = put.text();
    let is_named = why.contains(".local") && why.contains("a file already");
    assert!(is_named, "{why}");
    assert_eq!(ask("GET", "/local/blobs/ins/a", "").status, 404);
    assert_eq!(ask("GET", "/local", "").json()["containers"], json!([]));
    assert_eq!(ask("POST", "/api/order", "{\"id\":1}").status, 200);
}

/// Files of other processes under `make run`, also written while it was off.
#[cfg(unix)]
#[test]
fn files_that_anybody_writes_trigger() {
    use crate::run::{Folder, start};
    use crate::started::Run;
    use crate::wait::wait_for;

    let folder = Folder::new("blobs", "work: on-blob ins/{name}");
    folder.write(".local/blobs/ins/before", "1");
    let ran = |run: &Run, name: &str| run.begin(&format!("work ID: the blob ins/{name}"));
    let wait = |run: &Run, name: &str, times: usize| {
        wait_for(name, || (ran(run, name) >= times).then_some(()));
    };
    {
        let run = start(&folder, &[]);
        wait(&run, "before", 1);
        folder.write(".local/blobs/ins/before", "12");
        wait(&run, "before", 2);
        let put = run.ask("PUT", "/local/blobs/ins/put", b"1");
        assert_eq!(put.status, 201);
        wait(&run, "put", 1);
        // The handler fails for these words.
        folder.write(".local/blobs/ins/no price", "1");
        wait(&run, "no price, try 5 of 5", 1);
        // The file has what was delivered.
        let seen = folder.0.join(".local/seen.json");
        let seen = || std::fs::read_to_string(&seen).unwrap_or_default();
        wait_for("seen.json", || seen().contains("no price").then_some(()));
    }
    folder.write(".local/blobs/ins/deep/er", "1");
    let run = start(&folder, &[]);
    wait(&run, "deep/er", 1);
    folder.write(".local/blobs/ins/last", "1");
    wait(&run, "last", 1);
    for name in ["before", "put", "no price"] {
        assert_eq!(ran(&run, name), 0, "{name}");
    }
}
