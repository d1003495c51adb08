//! What a function can do: each call of the library, by the functions of `app/calls.rs`.

use crate::requests::{ID, ask, assert_error, get};
use crate::start::{command, start};
use serde_json::{Value, json};
use stand_in::app::function::Binding;
use stand_in::host::answer::settle;
use stand_in::host::base64::to_base64;
use stand_in::run::http::{Answer, Connection, invocation, request};
use stand_in::run::process::{Handler, wait_for};

fn invoke(handler: &Handler, function: &str, data: Value, metadata: Value) -> Answer {
    let payload = json!({"Data": data, "Metadata": metadata}).to_string();
    ask(
        handler,
        &invocation(&format!("/{function}"), ID, payload.as_bytes()),
    )
}

/// A payload that a running host has sent.
fn captured(name: &str) -> Value {
    let path = format!(
        "{}/tests/template/wire/host-{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.parse()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The messages that the host makes of the outputs, by the queues' names, which are the outputs'.
fn sent(answer: &Answer, outputs: &[&str]) -> Vec<(String, String)> {
    let binding =
        |name: &&str| Binding::from(json!({"type": "queue", "name": name, "queueName": name}));
    let bindings: Vec<Binding> = outputs.iter().map(binding).collect();
    let declared: Vec<&Binding> = bindings.iter().collect();
    let settled = settle(&declared, answer.clone(), true);
    settled
        .messages()
        .into_iter()
        .map(|(queue, message)| (queue, String::from_utf8(message).expect("a text")))
        .collect()
}

// Bytes and other inputs

#[test]
fn bytes_are_read_from_the_hosts_base64() {
    let handler = start();
    for (name, returned, length) in [
        ("blob-binary", "AAH//g==", 4),
        ("blob-text", "plain text", 10),
        ("queue-binary", r#"{"id":"q1"}"#, 11),
    ] {
        let payload = captured(name);
        let answer = invoke(
            &handler,
            "bytes",
            payload["Data"].clone(),
            payload["Metadata"].clone(),
        );
        let expected =
            json!({"Outputs": {}, "Logs": [format!("{length} bytes")], "ReturnValue": returned});
        assert_eq!((answer.status, answer.json()), (200, expected), "{name}");
    }
}

/// An input of these three bytes counts as absent: nothing tells the two apart.
#[test]
fn bytes_whose_base64_is_null_are_bytes() {
    let handler = start();
    let mut blob = captured("blob-binary")["Data"].clone();
    blob["item"] = json!("null");
    let answer = invoke(&handler, "bytes", blob, json!({}));
    assert_eq!(
        (answer.status, &answer.json()["Logs"]),
        (200, &json!(["3 bytes"]))
    );
    assert_eq!(answer.json()["ReturnValue"], "null");
    assert_eq!(to_base64(&[0x9e, 0xe9, 0x65]), "null");
    let inputs = json!({"item": "same", "same": "null"});
    let answer = invoke(&handler, "inputs", inputs, json!({}));
    assert_eq!(answer.json()["ReturnValue"], "none!");
}

#[test]
fn a_text_is_never_taken_for_bytes() {
    let handler = start();
    // A text in the host's form, also one that looks like base64; one that is no base64 in the
    // other form; no text at all.
    for (item, came_as) in [
        (json!("\"cGxhaW4=\""), "text"),
        (json!("plain!"), "text"),
        (json!({"a": 1}), "JSON"),
        (json!(12345678), "JSON"),
    ] {
        let answer = invoke(&handler, "bytes", json!({"item": item}), json!({}));
        assert_error(
            &answer,
            500,
            &[
                &format!("came as {came_as}"),
                "\"dataType\": \"binary\"",
                "function.json",
            ],
        );
    }
}

#[test]
fn what_cannot_be_bytes_is_said_with_what_to_write() {
    let handler = start();
    let reference = json!({"Version": "1.0", "Source": "AzureStorageBlobs", "ContentType": "application/json",
        "Content": {"BlobName": "a"}});
    for (item, came_as, write) in [
        (json!("[\"YQ==\",\"Yg==\"]"), "a list", ".json::<Vec<T>>()"),
        (json!("\"[1]\""), "a list", ".json::<Vec<T>>()"),
        (reference, "JSON", "delete supportsDeferredBinding"),
    ] {
        let answer = invoke(&handler, "bytes", json!({"item": item}), json!({}));
        assert_error(&answer, 500, &[&format!("came as {came_as}"), write]);
    }
}

#[test]
fn an_input_is_there_or_not_and_no_other_name_is_an_input() {
    let handler = start();
    let blob = captured("blob-text")["Data"]["same"].clone();
    let inputs = |name: &str| json!({"item": name, "same": blob, "gone": null, "missing": "null", "word": "\"null\"", "row": {"a": 1}, "raw": "AAE="});
    for (name, shown) in [
        ("same", "\"plain text\" None"),
        ("gone", "none!"),
        ("missing", "none!"),
        // A text that says so.
        ("word", "\"null\" None"),
        ("row", "\"{\\\"a\\\":1}\" None"),
        ("raw", "\"AAE=\" Some([0, 1])"),
    ] {
        let answer = invoke(&handler, "inputs", inputs(name), json!({}));
        assert_eq!(
            (answer.status, answer.json()["ReturnValue"].as_str()),
            (200, Some(shown)),
            "{name}"
        );
    }
    let answer = invoke(&handler, "inputs", inputs("Same"), json!({}));
    assert_error(
        &answer,
        500,
        &[
            "no input has the name \"Same\"",
            "there are: gone, missing, raw, row, same, word",
        ],
    );
    assert_error(
        &invoke(&handler, "inputs", json!({"item": "x!"}), json!({})),
        500,
        &["there are none"],
    );
}

#[test]
fn metadata_that_is_absent_is_not_metadata_of_another_kind() {
    let handler = start();
    let members = json!({"count": "7", "word": "\"seven\"", "none": null, "list": [1]});
    for (name, shown) in [
        ("count", "it is Some(7)!"),
        ("none", "it is None!"),
        ("other", "it is None!"),
    ] {
        let answer = invoke(&handler, "metadata", json!({"item": name}), members.clone());
        assert_eq!(
            (answer.status, answer.json()["ReturnValue"].as_str()),
            (200, Some(shown)),
            "{name}"
        );
    }
    for name in ["word", "list"] {
        let answer = invoke(&handler, "metadata", json!({"item": name}), members.clone());
        assert_error(
            &answer,
            500,
            &[&format!("the metadata {name} is not of the kind expected")],
        );
    }
    for metadata in [json!(null), json!([1]), json!("text")] {
        let answer = invoke(&handler, "metadata", json!({"item": "count"}), metadata);
        assert_eq!(answer.json()["ReturnValue"], "it is None!");
    }
}

// Outputs

#[test]
fn json_arrives_as_it_is_and_only_raw_is_the_hosts_to_interpret() {
    let handler = start();
    let order = r#"{"at":"2026-11-21T10:00:00+02:00","price":10.10}"#;
    let answer = invoke(
        &handler,
        "sends",
        json!({"req": {"Body": order}}),
        json!({}),
    );
    let messages = sent(&answer, &["one", "list", "raw", "lines"]);
    let of = |queue: &str| -> Vec<&str> {
        messages
            .iter()
            .filter(|(name, _)| name == queue)
            .map(|(_, message)| message.as_str())
            .collect()
    };
    assert_eq!(of("one"), [order]);
    assert_eq!(of("list"), [order, order]);
    // One message, though it is a list.
    assert_eq!(of("lines"), [format!("[{order}]")]);
    // As the real host does, to the digit [host contract, section 3].
    let [raw] = of("raw")[..] else {
        panic!("{messages:?}")
    };
    let raw: Value = raw.parse().unwrap();
    assert_eq!(
        raw,
        json!({"at": "2026-11-21T08:00:00+00:00", "price": 10.1})
    );
}

#[test]
fn a_list_refuses_what_the_host_would_alter() {
    let handler = start();
    let send = |texts: Value| {
        invoke(
            &handler,
            "sends-texts",
            json!({"req": {"Body": texts.to_string()}}),
            json!({}),
        )
    };
    let texts = [
        "test",
        "",
        "[1,2]",
        "null",
        "\"quoted\"",
        "2026-11-21",
        "caf\u{e9}\n",
    ];
    let expected: Vec<_> = texts
        .iter()
        .map(|text| ("list".to_owned(), (*text).to_owned()))
        .collect();
    assert_eq!(sent(&send(json!(texts)), &["list"]), expected);
    assert_eq!(sent(&send(json!([])), &["list"]), []);
    for date in ["2026-11-21T10:00:00+02:00", "/Date(0)/"] {
        assert_error(
            &send(json!(["a", date])),
            500,
            &["message 1 of the list", date, "date"],
        );
    }
}

// Errors

#[test]
fn an_error_is_logged_with_its_place_and_its_sources() {
    let handler = start();
    let chain = "no price: invalid digit found in string";
    let reasons = [
        ("chain", chain),
        ("text", "a text"),
        ("string", "a string"),
        ("context", &format!("prices: {chain}")),
        ("", "a reason"),
    ];
    let source = include_str!("app/calls.rs");
    let first = source
        .lines()
        .position(|line| line.contains("\"chain\" =>"))
        .expect("the first error")
        + 1;
    for (line, (how, reason)) in (first..).zip(reasons) {
        let answer = get(&handler, &format!("/api/errs?how={how}"));
        assert_error(&answer, 500, &["function errs failed"]);
        assert!(!answer.text().contains(reason), "{answer:?}");
        let place = std::path::Path::new("tests/template/machinery/app/calls.rs")
            .display()
            .to_string();
        handler.wait_for_stderr(&format!(
            "GET /api/errs: 500: function errs failed: {reason} (at "
        ));
        let stderr = handler.stderr().replace('\\', "/");
        assert!(
            stderr.contains(&format!(
                "{reason} (at {}:{line})",
                place.replace('\\', "/")
            )),
            "{stderr}"
        );
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_debug_build_writes_a_panics_backtrace_where_it_is_asked_for() {
    let mut command = command();
    command.env("RUST_BACKTRACE", "1");
    let handler = Handler::from_command(command);
    get(&handler, "/api/panics");
    handler.wait_for_stderr("as the test wants");
    let stderr = handler.stderr();
    // A line a frame, with its place where that is known.
    let frame = stderr
        .lines()
        .find(|line| line.contains("panics::panics") && line.contains("panics.rs:"));
    assert!(
        frame.is_some_and(|frame| frame.trim_start().starts_with(|c: char| c.is_ascii_digit())),
        "{stderr}"
    );
    let silent = start();
    get(&silent, "/api/panics");
    silent.wait_for_stderr("as the test wants");
    assert!(silent.stderr().lines().count() == 1, "{}", silent.stderr());
}

// Requests

#[test]
fn parameters_are_there_absent_or_unknown() {
    let handler = start();
    let ask_for = |path: &str| get(&handler, path);
    for (path, shown) in [
        ("/api/products/toys/7?name=id", "GET: Some(\"7\")"),
        ("/api/products/toys?name=id", "GET: None"),
        ("/API/Products/toys/?name=CATEGORY", "GET: Some(\"toys\")"),
        ("/api/files/a/b%20c?name=rest", "GET: Some(\"a/b c\")"),
        ("/api/files/?name=rest", "GET: None"),
        ("/api/files?name=rest", "GET: None"),
    ] {
        let answer = ask_for(path);
        assert_eq!((answer.status, answer.text()), (200, shown), "{path}");
    }
    assert_eq!(ask_for("/api/products/toys/7?name=ident").status, 500);
    handler.wait_for_stderr("the route has no parameter \"ident\": there are: category, id");
    let invoked = |params: Value| {
        let req =
            json!({"Method": "GET", "Url": "http://localhost/api/x?name=id", "Params": params});
        invoke(&handler, "parameters-too", json!({"req": req}), json!({}))
    };
    let body = |answer: &Answer| {
        answer.json()["Outputs"]["res"]["body"]
            .as_str()
            .map(str::to_owned)
    };
    assert_eq!(
        body(&invoked(json!({"id": "7"}))).as_deref(),
        Some("GET: Some(\"7\")")
    );
    assert_eq!(
        body(&invoked(json!({"id": null}))).as_deref(),
        Some("GET: None")
    );
    assert_error(
        &invoked(json!({"category": "toys"})),
        500,
        &["no parameter \"id\"", "there are: category"],
    );
    assert_error(
        &invoked(json!(null)),
        500,
        &["no parameter \"id\"", "there are none"],
    );
}

#[test]
fn the_function_answers_that_the_host_would_call() {
    let handler = start();
    // Both routes match; the host tries them by their names. Where a constraint does not hold only
    // the other one does.
    assert_eq!(
        get(&handler, "/api/products/toys/7?name=id").text(),
        "GET: Some(\"7\")"
    );
    for path in [
        "/api/products/t0ys/7",
        "/api/products/toys/seven",
        "/api/products/toys/9999999999",
    ] {
        assert_eq!(get(&handler, path).text(), "products", "{path}");
    }
    assert_error(&get(&handler, "/api/products"), 404, &["/api/products"]);
}

#[test]
fn a_route_with_get_takes_head() {
    let handler = start();
    let mut connection = Connection::open(handler.port).unwrap();
    let whole = connection
        .exchange(&request("GET", "/api/products/toys/7?name=id", &[], b""))
        .unwrap();
    let head = connection
        .exchange(&request("HEAD", "/api/products/toys/7?name=id", &[], b""))
        .unwrap();
    assert_eq!(
        (head.status, head.headers_named("Content-Length")),
        (200, vec!["15"])
    );
    assert_eq!(whole.body.len(), "GET: Some(\"7\")".len());
    assert_eq!(
        connection
            .exchange(&request("HEAD", "/api/heads", &[], b""))
            .unwrap()
            .status,
        405
    );
    let req =
        json!({"Method": "HEAD", "Url": "http://localhost/api/x?name=id", "Params": {"id": "7"}});
    let answer = invoke(&handler, "parameters-too", json!({"req": req}), json!({}));
    assert_eq!(answer.json()["Outputs"]["res"]["body"], "HEAD: Some(\"7\")");
}

#[test]
fn all_values_of_a_repeated_name_can_be_read() {
    let handler = start();
    let shown = r#"["one", "two"] ["1", "2", "3,4"]"#;
    let query = "q=1&x=0&q=2&q=3%2C4";
    let headers = [("X-Tag", "one"), ("x-tag", "two")];
    let proxied = ask(
        &handler,
        &request("GET", &format!("/api/repeated?{query}"), &headers, b""),
    );
    assert_eq!(proxied.text(), shown);
    let req = json!({
        "Method": "GET", "Url": format!("http://localhost:7071/api/repeated?{query}"),
        "Query": {"q": "1,2,3,4", "x": "0"}, "Headers": {"X-TAG": ["one", "two"]},
    });
    let invoked = invoke(&handler, "repeated", json!({"req": req}), json!({}));
    assert_eq!(invoked.json()["Outputs"]["res"]["body"], shown);
}

// Logs

#[test]
fn log_lines_arrive_whatever_becomes_of_the_invocation() {
    let handler = start();
    let answer = invoke(&handler, "says", json!({"item": "ok"}), json!({}));
    assert_eq!(answer.json()["Logs"], json!(["info", "from a helper"]));
    handler.wait_for_stderr(&format!("warning: invocation {ID}: look at this\n"));
    handler.wait_for_stderr(&format!("error: invocation {ID}: that is wrong\n"));
    let count = |line: &str| {
        handler
            .stdout()
            .lines()
            .filter(|said| *said == line)
            .count()
    };
    let waited = |line: &str, times: usize| wait_for(line, || (count(line) >= times).then_some(()));
    waited("from a thread", 1);
    assert_eq!(count(&format!("invocation {ID}: info")), 0);
    // The host reads no `Logs` of what failed.
    for (times, how) in (1..).zip(["fail", "refuse", "panic", "undeclared"]) {
        let answer = invoke(&handler, "says", json!({"item": how}), json!({}));
        assert_error(&answer, 500, &[]);
        waited(&format!("invocation {ID}: info"), times);
        waited(&format!("invocation {ID}: from a helper"), times);
        assert_eq!(count(&format!("invocation {ID}: info")), times, "{how}");
    }
}
