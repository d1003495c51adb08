//! What a function can do: what it reads, what it sets, how it fails, what it logs, in every form
//! in which the host calls. The functions are those of `app/calls.rs` and `app/bindings.rs`.

use crate::handler::Handler;
use crate::requests::{ID, ask, assert_error, connect, get, invoke, wire};
use crate::start::{command, start};
use crate::wait::wait_for;
use serde_json::{Value, json};
use stand_in::app::function::Binding;
use stand_in::host::answer::{Outcome, Output, Written, settle};
use stand_in::host::base64::to_base64;
use stand_in::run::http::{Answer, request};

/// Invokes a function with these `Data`.
fn call(handler: &Handler, function: &str, data: Value) -> Answer {
    invoke(handler, function, json!({"Data": data}).to_string())
}

/// The return value, or the body of the http output.
#[track_caller]
fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    let body = json["ReturnValue"]
        .as_str()
        .or(json["Outputs"]["res"]["body"].as_str());
    body.unwrap_or_else(|| panic!("{json}")).to_owned()
}

/// A payload that a running host has sent.
fn captured(name: &str) -> Value {
    let capture = wire(&format!("host-{name}.json"));
    serde_json::from_slice(&capture).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What the host makes of the answer: that of the caller, where a function has an http output, and
/// the messages of these outputs, with their names.
fn settled(answer: &Answer, outputs: &[&str]) -> (Outcome, Vec<(String, String)>) {
    let mut bindings = vec![Binding::from(json!({"type": "http", "name": "res"}))];
    let queue = |name: &&str| json!({"type": "queue", "name": name, "queueName": name});
    bindings.extend(outputs.iter().map(queue).map(Binding::from));
    let declared: Vec<&Binding> = bindings.iter().collect();
    let settled = settle(&declared, answer.clone(), true);
    let mut messages = Vec::new();
    for Written { binding, values } in settled.written {
        for value in values {
            let Output::Bytes(message) = value else {
                panic!("{value:?} is not a message")
            };
            let text = String::from_utf8(message).expect("a text");
            messages.push((binding.name.clone(), text));
        }
    }
    (settled.outcome, messages)
}

/// What the caller of a function with an http output gets.
#[track_caller]
fn answered(answer: &Answer) -> Answer {
    match settled(answer, &[]).0 {
        Outcome::Completed(Some(answer)) => answer,
        outcome => panic!("{outcome:?} of {answer:?}"),
    }
}

/// Checks that a line of stderr says that `reason` arose where the source has `code`.
fn assert_placed(said: &str, reason: &str, file: &str, source: &str, code: &str) {
    let before = source.lines().take_while(|line| !line.contains(code));
    let line = before.count() + 1;
    let place = format!("{reason} (at tests/template/machinery/app/{file}:{line})");
    let said = said.replace('\\', "/");
    assert!(said.contains(&place), "{said:?} does not contain {place:?}");
}

// Requests

#[test]
fn a_function_reads_its_request_alike_in_every_form() {
    let handler = start();
    let is_expected = |answer: &Answer| {
        let text = "POST a b/c Blatt-\u{fc} one x y \u{2615}";
        assert_eq!((answer.status, answer.text()), (201, text), "{answer:?}");
        assert_eq!(answer.header("X-Id"), Some("a b/c"));
        let content_type = answer.header("Content-Type");
        assert_eq!(content_type, Some("text/plain; charset=utf-8"));
    };
    let headers = [("X-TAG", "one"), ("X-Azure-Functions-InvocationId", ID)];
    let target = "/API/Items/a%20b%2Fc/Blatt-%C3%BC/?q=x+y";
    let posted = request("POST", target, &headers, "\u{2615}".as_bytes());
    is_expected(&ask(&handler, &posted));
    for query in [json!({"q": "x y"}), json!("{\"q\":\"x y\"}")] {
        let req = json!({
            "Url": "http://localhost:7071/api/items/a%20b%2Fc/Blatt-%C3%BC/",
            "Method": "POST",
            "Query": query,
            "Headers": {"X-TAG": ["one", "two"], "Content-Length": ["3"]},
            "Params": {"id": "a b/c", "part": "Blatt-\u{fc}"},
            "Body": "\u{2615}",
        });
        is_expected(&answered(&call(&handler, "items", json!({"req": req}))));
    }
    for path in ["/api/items/1", "/api/items/1/2/3", "/api/items//2"] {
        assert_eq!(get(&handler, path).status, 404, "{path}");
    }
    // All values of a repeated name.
    let shown = r#"["one", "two"] ["1", "2", "3,4"]"#;
    let target = "/api/repeated?q=1&x=0&q=2&q=3%2C4";
    let headers = [("X-Tag", "one"), ("x-tag", "two")];
    let repeated = ask(&handler, &request("GET", target, &headers, b""));
    assert_eq!(repeated.text(), shown);
    let req = json!({
        "Method": "GET", "Url": format!("http://localhost:7071{target}"),
        "Query": {"q": "1,2,3,4", "x": "0"}, "Headers": {"X-TAG": ["one", "two"]},
    });
    let repeated = call(&handler, "repeated", json!({"req": req}));
    assert_eq!(text(&repeated), shown);
}

#[test]
fn parameters_are_there_absent_or_unknown() {
    let handler = start();
    for (path, shown) in [
        ("/api/products/toys/7?name=id", "GET: Some(\"7\")"),
        ("/api/products/toys?name=id", "GET: None"),
        ("/API/Products/toys/?name=CATEGORY", "GET: Some(\"toys\")"),
        ("/api/files/a/b%20c?name=rest", "GET: Some(\"a/b c\")"),
        ("/api/files/?name=rest", "GET: None"),
        ("/api/files?name=rest", "GET: None"),
        // Another function's route, on which this one comes first by name. It answers where a
        // constraint of this one does not hold.
        ("/api/products/t0ys/7", "products"),
        ("/api/products/toys/seven", "products"),
        ("/api/products/toys/9999999999", "products"),
    ] {
        let answer = get(&handler, path);
        assert_eq!((answer.status, answer.text()), (200, shown), "{path}");
    }
    assert_error(&get(&handler, "/api/products"), 404, &["/api/products"]);
    assert_eq!(get(&handler, "/api/products/toys/7?name=ident").status, 500);
    handler.wait_for_stderr("the route has no parameter \"ident\": there are: category, id");
    let invoked = |method: &str, params: Value| {
        let url = "http://localhost/api/x?name=id";
        let req = json!({"Method": method, "Url": url, "Params": params});
        call(&handler, "parameters-too", json!({"req": req}))
    };
    let seven = invoked("GET", json!({"id": "7"}));
    assert_eq!(text(&seven), "GET: Some(\"7\")");
    assert_eq!(text(&invoked("GET", json!({"id": null}))), "GET: None");
    for (params, there_are) in [
        (json!({"category": "toys"}), "there are: category"),
        (json!(null), "there are none"),
    ] {
        let answer = invoked("GET", params);
        assert_error(&answer, 500, &["no parameter \"id\"", there_are]);
    }
    // A route with GET takes HEAD, and no other does.
    let mut caller = connect(&handler);
    let head = caller.ask(&request("HEAD", "/api/products/toys/7?name=id", &[], b""));
    let length = head.headers_named("Content-Length");
    assert_eq!((head.status, length), (200, vec!["15"]));
    let heads = caller.ask(&request("HEAD", "/api/heads", &[], b""));
    assert_eq!(heads.status, 405);
    let head = invoked("HEAD", json!({"id": "7"}));
    assert_eq!(text(&head), "HEAD: Some(\"7\")");
}

// Bytes, other inputs, metadata

#[test]
fn bytes_are_read_from_the_hosts_base64_and_a_text_never_is() {
    let handler = start();
    for (name, returned, length) in [
        ("blob-binary", "AAH//g==", 4),
        ("blob-text", "plain text", 10),
        ("queue-binary", r#"{"id":"q1"}"#, 11),
        // The base64 of 9E E9 65 is "null".
        ("null", "null", 3),
    ] {
        let payload = match name {
            "null" => json!({"Data": {"item": "null"}}),
            name => captured(name),
        };
        let answer = invoke(&handler, "bytes", payload.to_string());
        let logs = [format!("{length} bytes")];
        let expected = json!({"Outputs": {}, "Logs": logs, "ReturnValue": returned});
        assert_eq!((answer.status, answer.json()), (200, expected), "{name}");
    }
    assert_eq!(to_base64(&[0x9e, 0xe9, 0x65]), "null");
    // A text in the host's form, also one that looks like base64; one that is not base64 in the
    // other form; no text at all.
    let reference = json!({
        "Version": "1.0", "Source": "AzureStorageBlobs", "ContentType": "application/json",
        "Content": {"BlobName": "a"}
    });
    for (item, came_as, write) in [
        (json!("\"cGxhaW4=\""), "text", "\"dataType\": \"binary\""),
        (json!("plain!"), "text", "function.json"),
        (json!({"a": 1}), "JSON", "\"dataType\": \"binary\""),
        (json!(12345678), "JSON", "function.json"),
        (json!("[\"YQ==\",\"Yg==\"]"), "a list", ".json::<Vec<T>>()"),
        (json!("\"[1]\""), "a list", ".json::<Vec<T>>()"),
        (reference, "JSON", "delete supportsDeferredBinding"),
    ] {
        let answer = call(&handler, "bytes", json!({"item": item}));
        assert_error(&answer, 500, &[&format!("came as {came_as}"), write]);
    }
}

#[test]
fn an_input_is_there_or_not_and_no_other_name_is_an_input() {
    let handler = start();
    let blob = captured("blob-text")["Data"]["same"].take();
    let inputs = |name: &str| {
        let inputs = json!({
            "item": name, "same": blob, "gone": null, "missing": "null", "word": "\"null\"",
            "row": {"a": 1}, "raw": "AAE="
        });
        call(&handler, "inputs", inputs)
    };
    for (name, shown) in [
        ("same", "\"plain text\" None"),
        ("gone", "none!"),
        // So the three bytes whose base64 this is count as absent: nothing tells the two apart.
        ("missing", "none!"),
        // A text that says so.
        ("word", "\"null\" None"),
        ("row", "\"{\\\"a\\\":1}\" None"),
        ("raw", "\"AAE=\" Some([0, 1])"),
    ] {
        assert_eq!(text(&inputs(name)), shown, "{name}");
    }
    let there_are = "there are: gone, missing, raw, row, same, word";
    let named = "no input has the name \"Same\"";
    assert_error(&inputs("Same"), 500, &[named, there_are]);
    let none = call(&handler, "inputs", json!({"item": "x!"}));
    assert_error(&none, 500, &["there are none"]);
}

#[test]
fn metadata_is_there_absent_or_of_another_kind() {
    let handler = start();
    let with = |function: &str, data: Value, metadata: &Value| {
        let payload = json!({"Data": data, "Metadata": metadata});
        invoke(&handler, function, payload.to_string())
    };
    let number = |name: &str, metadata: &Value| with("metadata", json!({"item": name}), metadata);
    let members = json!({"count": "7", "word": "\"seven\"", "none": null, "list": [1]});
    for (name, shown) in [("count", "Some(7)"), ("none", "None"), ("other", "None")] {
        let answer = number(name, &members);
        assert_eq!(text(&answer), format!("it is {shown}!"), "{name}");
    }
    for name in ["word", "list"] {
        let named = format!("the metadata {name} is not of the kind expected");
        assert_error(&number(name, &members), 500, &[&named]);
    }
    for metadata in [json!(null), json!([1]), json!("text")] {
        assert_eq!(text(&number("count", &metadata)), "it is None!");
    }
    // Types, in both forms of every value.
    let plain = json!({"Number": 7, "Yes": true, "Text": "hi", "Item": {"id": 2}});
    let encoded = json!({"Number": "7", "Yes": "true", "Text": "\"hi\"", "Item": {"id": 2}});
    let unlike = json!({"Number": "seven", "Yes": [], "Item": "\"none\""});
    let missing = "5, 3, None, None, None, None";
    let all = "5, 3, Some(7), Some(true), Some(\"hi\"), Some(2)";
    for (item, input, metadata, expected) in [
        (json!("{\"id\":5}"), json!("abc"), &plain, all),
        (json!("\"{\\\"id\\\":5}\""), json!("\"abc\""), &encoded, all),
        (json!({"id": 5}), json!("123"), &plain, all),
        (json!({"id": 5}), json!(123), &unlike, missing),
        (json!({"id": 5}), json!("abc"), &json!(null), missing),
    ] {
        let data = json!({"item": item, "input": input});
        let answer = with("typed", data, metadata);
        assert_eq!(text(&answer), expected, "{item}");
    }
}

// Outputs

#[test]
fn outputs_arrive_as_they_are_and_only_raw_is_the_hosts_to_interpret() {
    let handler = start();
    let send =
        |function: &str, body: &str| call(&handler, function, json!({"req": {"Body": body}}));
    let order = r#"{"at":"2026-11-21T10:00:00+02:00","price":10.10}"#;
    let (_, messages) = settled(&send("sends", order), &["one", "list", "raw", "lines"]);
    let of = |queue: &str| -> Vec<&str> {
        let of_queue = messages.iter().filter(|(name, _)| name == queue);
        of_queue.map(|(_, message)| message.as_str()).collect()
    };
    assert_eq!(of("one"), [order]);
    assert_eq!(of("list"), [order, order]);
    // One message, though it is a list.
    assert_eq!(of("lines"), [format!("[{order}]")]);
    // As the real host does, to the digit [host contract, section 3].
    let [raw] = of("raw")[..] else {
        panic!("{messages:?}")
    };
    let altered = json!({"at": "2026-11-21T08:00:00+00:00", "price": 10.1});
    assert_eq!(raw.parse::<Value>().expect("JSON"), altered);

    // A list goes out element by element, and a text never does.
    let date = "2026-11-21T10:00:00+02:00";
    let texts = "test||[1,2]|null|\"quoted\"|2026-11-21|caf\u{e9}\n".split('|');
    let texts: Vec<_> = texts.collect();
    let three = ["a", "test", "[]"];
    for (function, output, value, expected) in [
        ("sends-texts", "list", json!(texts), &texts[..]),
        ("sends-texts", "list", json!([]), &[]),
        ("lists", "message", json!(three), &three),
        ("lists", "message", json!([]), &[]),
        ("lists", "message", json!("[]"), &["[]"]),
        ("lists", "message", json!("[1,2]"), &["[1,2]"]),
        ("lists", "message", json!("test"), &["test"]),
        ("lists", "message", json!(date), &[date]),
    ] {
        let (outcome, messages) = settled(&send(function, &value.to_string()), &[output]);
        assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
        let messages: Vec<_> = messages.iter().map(|(_, message)| &**message).collect();
        assert_eq!(messages, expected, "{function} {value}");
    }
    for date in [date, "/Date(0)/"] {
        let refused = send("sends-texts", &json!(["a", date]).to_string());
        assert_error(&refused, 500, &["message 1 of the list", date, "date"]);
    }
    // The documentation's example.
    let documented: Value = serde_json::from_slice(&wire("doc-response-example.json")).unwrap();
    assert_eq!(send("example", "").json(), documented);
    // An output that its route does not declare.
    let undeclared = send("undeclared", "");
    let words = ["sets the output Message", "there are: message"];
    assert_error(&undeclared, 500, &words);
    let error = undeclared.json()["error"].to_string();
    let source = include_str!("app/bindings.rs");
    assert_placed(&error, "", "bindings.rs", source, "lost");
}

#[test]
fn headers_and_bytes_go_as_far_as_the_form_lets_them() {
    let handler = start();
    let invoked = |function: &str| call(&handler, function, json!({"req": {"Method": "GET"}}));
    // Repeated headers are joined by commas in the payload form.
    let answer = answered(&invoked("headers"));
    assert_eq!(answer.headers_named("Vary"), ["Accept, Origin"]);
    assert_eq!(answer.headers_named("Set-Cookie"), ["a=1"]);
    let content_type = answer.headers_named("Content-Type");
    assert_eq!(content_type, ["text/html; charset=utf-8"]);
    // A second cookie cannot be: an error there, and in the other forms it goes as it is.
    let refused = invoked("cookies");
    assert_error(&refused, 500, &["second Set-Cookie"]);
    assert_eq!(refused.json()["invocationId"], ID);
    let line = "POST /cookies: 500: a second Set-Cookie";
    handler.wait_for_stderr(&format!("invocation {ID}: {line}"));
    let both = get(&handler, "/api/cookies");
    let cookies = both.headers_named("Set-Cookie");
    assert_eq!((both.status, cookies), (200, vec!["a=1", "b=2"]));
    // Nor can bytes.
    let answer = get(&handler, "/api/binary");
    assert_eq!(answer.header("Content-Type"), Some("image/png"));
    assert_eq!((answer.status, &*answer.body), (200, &[0, 1, 0xff][..]));
    let answer = answered(&invoked("binary"));
    assert_eq!(answer.status, 415);
    assert_eq!(answer.json()["invocationId"], ID);
    assert!(answer.text().contains("not text in UTF-8"), "{answer:?}");
}

// Errors and logs

#[test]
fn an_error_is_logged_with_its_place_and_its_sources() {
    let handler = start();
    let source = include_str!("app/calls.rs");
    let chain = "no price: invalid digit found in string";
    for (how, reason, code) in [
        ("chain", chain, "\"chain\" =>"),
        ("text", "a text", "\"text\" =>"),
        ("string", "a string", "\"string\" =>"),
        ("context", &format!("prices: {chain}"), "\"context\" =>"),
        ("", "a reason", "a reason"),
    ] {
        let answer = get(&handler, &format!("/api/errs?how={how}"));
        assert_error(&answer, 500, &["function errs failed"]);
        assert!(!answer.text().contains(reason), "{answer:?}");
        let line = format!("GET /api/errs: 500: function errs failed: {reason}");
        handler.wait_for_stderr(&format!("{line} (at "));
        assert_placed(&handler.stderr(), &line, "calls.rs", source, code);
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_debug_build_writes_a_panics_backtrace_where_it_is_asked_for() {
    let mut command = command();
    command.env("RUST_BACKTRACE", "1");
    let panicked = |handler: Handler| {
        get(&handler, "/api/panics");
        handler.wait_for_stderr("as the test wants");
        handler.stderr()
    };
    let stderr = panicked(Handler::from_command(command));
    // One line per frame, with its place if that is known.
    let is_frame = |line: &&str| {
        line.trim_start().starts_with(|c: char| c.is_ascii_digit())
            && line.contains("panics::panics")
            && line.contains("panics.rs:")
    };
    assert!(stderr.lines().any(|line| is_frame(&line)), "{stderr}");
    let stderr = panicked(start());
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn log_lines_arrive_whatever_becomes_of_the_invocation() {
    let handler = start();
    let says = |how: &str| call(&handler, "says", json!({"item": how}));
    assert_eq!(says("ok").json()["Logs"], json!(["info", "from a helper"]));
    handler.wait_for_stderr(&format!("warning: invocation {ID}: look at this\n"));
    handler.wait_for_stderr(&format!("error: invocation {ID}: that is wrong\n"));
    let count = |line: &str| {
        let stdout = handler.stdout();
        stdout.lines().filter(|said| *said == line).count()
    };
    let wait = |line: &str, times: usize| {
        wait_for(line, || (count(line) >= times).then_some(()));
    };
    wait("from a thread", 1);
    let [info, helper] = ["info", "from a helper"].map(|line| format!("invocation {ID}: {line}"));
    assert_eq!(count(&info), 0);
    // The host reads no `Logs` of what failed.
    for (times, how) in (1..).zip(["fail", "refuse", "panic", "undeclared"]) {
        assert_error(&says(how), 500, &[]);
        wait(&info, times);
        wait(&helper, times);
        assert_eq!(count(&info), times, "{how}");
    }
}
