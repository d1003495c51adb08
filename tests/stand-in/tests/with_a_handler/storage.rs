//! Blobs, tables and binding expressions, through the whole stand-in.

use crate::fake;
use serde_json::{Value, json};
use stand_in::App;

const CONNECTION: &str = r#""connection":"FAKE_OTHER""#;

/// Starts an app of these functions: name, trigger, and the rest of the bindings.
fn start(test: &str, functions: &[(&str, &str, &str)]) -> App {
    let functions: Vec<(&str, String)> = functions
        .iter()
        .map(|(name, trigger, rest)| (*name, format!("{{{trigger}}},{rest}")))
        .collect();
    let functions: Vec<(&str, &str)> = functions
        .iter()
        .map(|(name, bindings)| (*name, &**bindings))
        .collect();
    App::start_in(&fake::app_with(test, &functions), &[], fake::command)
}

fn http(route: &str) -> String {
    format!(
        r#""type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous","methods":["get","post"],"route":"{route}""#
    )
}

fn queue(name: &str) -> String {
    format!(
        r#""type":"queueTrigger","direction":"in","name":"item","queueName":"{name}",{CONNECTION}"#
    )
}

fn blob(path: &str) -> String {
    format!(r#""type":"blobTrigger","direction":"in","name":"item","path":"{path}",{CONNECTION}"#)
}

fn output(members: &str) -> String {
    format!(r#"{{"direction":"out","name":"out",{members},{CONNECTION}}}"#)
}

const ANSWER: &str = r#"{"type":"http","direction":"out","name":"res"}"#;

#[test]
fn a_chain_goes_from_http_to_queues_and_blobs_and_on() {
    let app = start(
        "storage-chain",
        &[
            (
                "pass1",
                &http("orders"),
                &format!(
                    "{ANSWER},{}",
                    output(r#""type":"queue","queueName":"chain-in""#)
                ),
            ),
            (
                "pass2",
                &queue("chain-in"),
                &output(r#""type":"blob","path":"chain/{day}/{id}.json""#),
            ),
            (
                "pass3",
                &blob("chain/{day}/{name}.{ext}"),
                &output(r#""type":"queue","queueName":"{ext}-{day}""#),
            ),
            (
                "pass4",
                &queue("json-monday"),
                &output(r#""type":"blob","path":"done/{id}""#),
            ),
        ],
    );
    let order = r#"{"id":7,"day":"monday"}"#;
    assert_eq!(app.post("/api/orders", order).status, 200);
    assert_eq!(app.failures(), [""; 0]);
    // An object is written anew on its way through the first queue, and then stays as it is.
    let json = |bytes: Option<Vec<u8>>| -> Value {
        serde_json::from_slice(&bytes.expect("a blob")).expect("JSON")
    };
    let expected: Value = order.parse().expect("JSON");
    assert_eq!(json(app.blob("chain", "monday/7.json")), expected);
    assert_eq!(json(app.blob("done", "7")), expected);
    assert_eq!(app.logs().len(), 4);
    assert_eq!(app.outputs("pass4", "out").len(), 1);
    // A new blob goes the rest of the way, whoever writes it.
    let runs = app.put_blob("chain", "tuesday/a.b.txt", "bytes");
    assert_eq!(
        (runs.len(), runs[0].tries, runs[0].failure.as_deref()),
        (1, 1, None)
    );
    assert_eq!(app.queue("txt-tuesday"), ["bytes"]);
    assert_eq!(app.queue("json-monday").len(), 1);
    assert!(app.put_blob("others", "monday/x.json", "bytes").is_empty());
    assert_eq!(
        app.blob("others", "monday/x.json").as_deref(),
        Some(&b"bytes"[..])
    );
    assert_eq!(app.blob("others", "none"), None);
}

#[test]
fn a_blob_whose_trigger_fails_is_tried_five_times() {
    let app = start(
        "storage-poison",
        &[
            (
                "fails",
                &blob("ins/{name}"),
                &output(r#""type":"queue","queueName":"never""#),
            ),
            (
                "pass",
                &queue("webjobs-blobtrigger-poison"),
                &output(r#""type":"blob","path":"poison/{BlobName}""#),
            ),
        ],
    );
    for time in 1..=2 {
        let runs = app.put_blob("ins", "a.txt", "bytes");
        let run = &runs[0];
        assert_eq!((run.tries, run.poisoned), (5, true));
        assert_eq!(run.failure.as_deref(), Some("it failed"));
        assert_eq!(app.failures(), vec!["it failed"; 5 * time]);
        // It triggers again when it is written again.
    }
    assert_eq!(app.queue_bytes("webjobs-blobtrigger-poison").len(), 2);
    // A function may be triggered by that queue.
    let message = app.blob("poison", "a.txt").expect("a blob");
    let message: Value = serde_json::from_slice(&message).expect("JSON");
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
    let input = format!(
        r#"{{"type":"blob","direction":"in","name":"in","path":"ins/{{id}}-{{size}}.txt",{CONNECTION}}}"#
    );
    let app = start(
        "storage-order",
        &[
            (
                "pass",
                &http("items/{id}"),
                &format!(
                    "{ANSWER},{input},{}",
                    output(r#""type":"blob","path":"outs/{to}""#)
                ),
            ),
            (
                "pass2",
                &http("queues"),
                &format!(
                    "{ANSWER},{}",
                    output(r#""type":"queue","queueName":"{to}""#)
                ),
            ),
        ],
    );
    app.put_blob("ins", "7-L.txt", "seven");
    // The route wins over the query, and the query over the body.
    let answer = app.post("/api/items/7?id=8&size=L", r#"{"size":"S","to":"x/y.txt"}"#);
    assert_eq!((answer.status, answer.text()), (200, "\"seven\""));
    assert!(app.blob("outs", "x/y.txt").is_some());
    let has_run = || app.logs().len();
    let ran = has_run();

    // An input without a value: the function does not run.
    assert_eq!(app.post("/api/items/7", r#"{"to":"x"}"#).status, 500);
    let failure = app.failures().pop().expect("a failure");
    for words in [
        "the function has not run: its input in: ",
        "No value for named parameter 'size'.",
        "ins/{id}-{size}.txt",
        "the query",
    ] {
        assert!(failure.contains(words), "{failure}");
    }
    assert_eq!(has_run(), ran);

    // An output without one: it has run, and fails all the same.
    for (path, body, words) in [
        (
            "/api/items/7?size=L",
            r#"{}"#,
            "No value for named parameter 'to'.",
        ),
        (
            "/api/items/7?size=L",
            r#"{"to":null}"#,
            "No value for named parameter 'to'.",
        ),
        ("/api/items/7?size=L", r#"{"to":""}"#, "BlobPath is invalid"),
        (
            "/api/items/7?size=L",
            r#"{"to":"../../other/x"}"#,
            "leave the container",
        ),
        (
            "/api/queues",
            r#"{"to":"Orders_New"}"#,
            "is not a queue's name",
        ),
    ] {
        let before = has_run();
        assert_eq!(app.post(path, body).status, 500, "{body}");
        let failure = app.failures().pop().expect("a failure");
        assert!(
            failure.contains("the function has run, but its output out"),
            "{failure}"
        );
        assert!(failure.contains(words), "{failure}");
        assert_eq!(has_run(), before + 1, "{body}");
    }
    // Capitals in a queue's name are made small.
    assert_eq!(app.post("/api/queues", r#"{"to":"Orders"}"#).status, 200);
    // A blob that is not there is null, and so is one in a container that is not there.
    let answer = app.post("/api/items/9?size=L", r#"{"to":"z"}"#);
    assert_eq!((answer.status, answer.text()), (200, "null"));
    // What a test gives wins over the blob.
    app.input_bytes("pass", "in", "given");
    assert_eq!(
        app.post("/api/items/7?size=L", r#"{"to":"z"}"#).text(),
        "\"given\""
    );
    // A folder is not a blob.
    assert_eq!(app.post("/api/items/7?size=L", r#"{"to":"x"}"#).status, 500);
    let failure = app.failures().pop().expect("a failure");
    assert!(failure.contains("it is a folder already"), "{failure}");
}

#[test]
fn rows_are_inserted_and_read() {
    let table = |direction: &str, name: &str, more: &str| {
        format!(
            r#"{{"type":"table","direction":"{direction}","name":"{name}","tableName":"Orders",{more},{CONNECTION}}}"#
        )
    };
    let (output, input) = (
        table("out", "out", r#""partitionKey":"{day}""#),
        table("in", "in", r#""partitionKey":"{day}","take":2"#),
    );
    let app = start(
        "storage-rows",
        &[
            ("rows", &http("orders/{day}"), &format!("{ANSWER},{output}")),
            ("pass", &http("read/{day}"), &format!("{ANSWER},{input}")),
        ],
    );
    // There is no table yet: the function does not run.
    assert_eq!(app.get("/api/read/monday").status, 500);
    let failure = app.failures().pop().expect("a failure");
    assert!(failure.contains("the function has not run: its input in: there is no table Orders"));
    let rows = r#"[{"RowKey":"1","price":1.50},{"RowKey":"2"},{"RowKey":"3"}]"#;
    assert_eq!(
        app.post("/api/orders/monday", rows).status,
        200,
        "{:?}",
        app.failures()
    );
    let shown = r#"[{"PartitionKey":"monday","RowKey":"1","price":1.5},{"PartitionKey":"monday","RowKey":"2"}]"#;
    assert_eq!(app.get("/api/read/monday").text(), shown);
    assert_eq!(app.get("/api/read/tuesday").text(), "[]");
    assert_eq!(app.outputs("rows", "out").len(), 3);
    // A key that is there fails, and nothing of the list is written.
    assert_eq!(
        app.post("/api/orders/monday", r#"[{"RowKey":"0"},{"RowKey":"1"}]"#)
            .status,
        500
    );
    let failure = app.failures().pop().expect("a failure");
    assert!(failure.contains("the function has run, but its output out is not written: The specified entity already exists"), "{failure}");
    assert_eq!(app.get("/api/read/monday").text(), shown);
    let replaced = r#"{"RowKey":"1","ETag":"*","price":2}"#;
    assert_eq!(app.post("/api/orders/monday", replaced).status, 200);
    assert!(app.get("/api/read/monday").text().contains(r#""price":2"#));
    // A date keeps its moment where the entity says that it is one.
    let dated = r#"{"RowKey":"d","at":"2026-11-21T10:00:00+02:00","at@odata.type":"Edm.DateTime"}"#;
    assert_eq!(app.post("/api/orders/date", dated).status, 200);
    assert!(
        app.get("/api/read/date")
            .text()
            .contains(r#""at":"2026-11-21T08:00:00Z""#)
    );
}

#[test]
fn two_functions_on_one_queue_get_its_messages_in_turn() {
    let app = start(
        "storage-turn",
        &[
            (
                "pass1",
                &queue("shared"),
                &output(r#""type":"queue","queueName":"first""#),
            ),
            (
                "pass2",
                &queue("shared"),
                &output(r#""type":"queue","queueName":"second""#),
            ),
        ],
    );
    for message in ["a 1", "a 2", "a 3", "a 4"] {
        assert_eq!(app.send("shared", message).failure, None);
    }
    assert_eq!(app.queue("first"), ["a 1", "a 3"]);
    assert_eq!(app.queue("second"), ["a 2", "a 4"]);
}

/// A folder in which nothing can be written: the functions say so, and all else goes on.
#[cfg(unix)]
#[test]
fn a_local_that_cannot_be_written_is_named() {
    let root = fake::app("storage-file");
    std::fs::write(root.join(".local"), "a file of that name").expect("a file");
    let served = fake::Served::start_at(&root);
    let put = served.ask("PUT", "/local/blobs/ins/a", &[], b"x");
    assert_eq!(put.status, 400);
    assert!(
        put.text().contains(".local") && put.text().contains("a file already"),
        "{put:?}"
    );
    assert_eq!(
        served.ask("GET", "/local/blobs/ins/a", &[], b"").status,
        404
    );
    assert_eq!(
        served.ask("GET", "/local", &[], b"").json()["containers"],
        json!([])
    );
    assert_eq!(
        served.ask("POST", "/api/order", &[], b"{\"id\":1}").status,
        200
    );
}

/// Blobs under `make run`: files that somebody else writes, also while it was off.
#[cfg(unix)]
#[test]
fn files_that_anybody_writes_trigger() {
    use crate::run::{Folder, Run};
    use stand_in::run::process::wait_for;

    let folder = Folder::new("blobs");
    let trigger = json!({"type": "blobTrigger", "name": "item", "path": "ins/{name}", "connection": "AzureWebJobsStorage"});
    folder.write_function("work", trigger, &[]);
    folder.write_table_with("/api/hello", &[("work", "item", &[])]);
    folder.write(".local/blobs/ins/before", "1");
    let ran = |run: &Run, name: &str| {
        let line = format!("work ID: the blob ins/{name}");
        run.lines().iter().filter(|other| **other == line).count()
    };
    let wait = |run: &Run, name: &str, times: usize| {
        wait_for(name, || (ran(run, name) >= times).then_some(()));
    };
    {
        let run = Run::start(&folder, &[]);
        wait(&run, "before", 1);
        folder.write(".local/blobs/ins/deep/er", "1");
        wait(&run, "deep/er", 1);
        folder.write(".local/blobs/ins/.hidden", "1");
        folder.write(".local/blobs/ins/before", "12");
        wait(&run, "before", 2);
        let put = run
            .ask("PUT", "/local/blobs/ins/put", b"1")
            .expect("an answer");
        assert_eq!(put.status, 201);
        wait(&run, "put", 1);
        // The handler fails where it finds these words.
        folder.write(".local/blobs/ins/no price", "1");
        let poison = || {
            run.ask("GET", "/local/queues/webjobs-blobtrigger-poison", b"")
                .ok()
        };
        let message = wait_for("the poison queue", || {
            poison()?.json()[0].as_str().map(str::to_owned)
        });
        assert!(message.contains(r#""BlobName":"no price""#), "{message}");
        let lines = run.lines();
        for number in 2..=5 {
            let line = format!("work ID: the blob ins/no price, try {number} of 5");
            assert_eq!(
                lines.iter().filter(|other| **other == line).count(),
                1,
                "{lines:?}"
            );
        }
        // What was delivered is in the file.
        let seen =
            || std::fs::read_to_string(folder.0.join(".local/seen.json")).unwrap_or_default();
        wait_for("seen.json", || seen().contains("no price").then_some(()));
        assert_eq!(ran(&run, ".hidden"), 0);
    }
    folder.write(".local/blobs/ins/deep/er", "123");
    let run = Run::start(&folder, &[]);
    wait(&run, "deep/er", 1);
    folder.write(".local/blobs/ins/last", "1");
    wait(&run, "last", 1);
    for name in ["before", "put", "no price"] {
        assert_eq!(ran(&run, name), 0, "{name}");
    }
}
