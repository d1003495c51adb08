//! What a function reads and what it sets, in every form in which the host calls: the functions are
//! those of `app/bindings.rs`.

use crate::requests::{ID, ask};
use crate::start::start;
use serde_json::{Value, json};
use stand_in::app::function::Binding;
use stand_in::host::answer::{Outcome, settle};
use stand_in::run::http::{Answer, invocation, request};
use stand_in::run::process::Handler;

fn invoke(handler: &Handler, function: &str, payload: &Value) -> Answer {
    ask(
        handler,
        &invocation(&format!("/{function}"), ID, payload.to_string().as_bytes()),
    )
}

/// What the host makes of the answer of a function with an http output and a queue: the caller's
/// answer, the messages.
fn settled(answer: &Answer) -> (Answer, Vec<String>) {
    let [http, queue] = [
        json!({"type": "http", "name": "res"}),
        json!({"type": "queue", "name": "message", "queueName": "q"}),
    ]
    .map(Binding::from);
    let declared = [&queue, &http];
    let settled = settle(&declared, answer.clone(), true);
    let Outcome::Completed(Some(http)) = &settled.outcome else {
        panic!("{:?} of {answer:?}", settled.outcome)
    };
    (
        http.clone(),
        settled
            .messages()
            .into_iter()
            .map(|(_, message)| String::from_utf8(message).expect("a text"))
            .collect(),
    )
}

#[test]
fn a_function_reads_its_request_alike_in_every_form() {
    let handler = start();
    let expected = |answer: &Answer, text: &str| {
        assert_eq!((answer.status, answer.text()), (201, text), "{answer:?}");
        assert_eq!(answer.header("X-Id"), Some("a b/c"));
        assert_eq!(
            answer.header("Content-Type"),
            Some("text/plain; charset=utf-8")
        );
    };
    let text = "POST a b/c Blatt-\u{fc} one x y \u{2615}";
    let headers = [("X-TAG", "one"), ("X-Azure-Functions-InvocationId", ID)];
    let target = "/API/Items/a%20b%2Fc/Blatt-%C3%BC/?q=x+y";
    expected(
        &ask(
            &handler,
            &request("POST", target, &headers, "\u{2615}".as_bytes()),
        ),
        text,
    );
    for query in [json!({"q": "x y"}), json!("{\"q\":\"x y\"}")] {
        let req = json!({
            "Url": "http://localhost:7071/api/items/a%20b%2Fc/Blatt-%C3%BC/",
            "Method": "POST",
            "Query": query,
            "Headers": {"X-TAG": ["one", "two"], "Content-Length": ["3"]},
            "Params": {"id": "a b/c", "part": "Blatt-\u{fc}"},
            "Body": "\u{2615}",
        });
        expected(
            &settled(&invoke(&handler, "items", &json!({"Data": {"req": req}}))).0,
            text,
        );
    }
    for path in ["/api/items/1", "/api/items/1/2/3", "/api/items//2"] {
        assert_eq!(
            ask(&handler, &request("GET", path, &[], b"")).status,
            404,
            "{path}"
        );
    }
}

#[test]
fn repeated_headers_are_joined_by_commas_but_a_second_cookie_is_an_error() {
    let handler = start();
    let get = json!({"Data": {"req": {"Method": "GET"}}});
    let (answer, _) = settled(&invoke(&handler, "headers", &get));
    assert_eq!(answer.headers_named("Vary"), ["Accept, Origin"]);
    assert_eq!(answer.headers_named("Set-Cookie"), ["a=1"]);
    assert_eq!(
        answer.headers_named("Content-Type"),
        ["text/html; charset=utf-8"]
    );
    let refused = invoke(&handler, "cookies", &get);
    assert_eq!(
        (refused.status, &refused.json()["invocationId"]),
        (500, &json!(ID))
    );
    assert!(refused.text().contains("second Set-Cookie"), "{refused:?}");
    handler.wait_for_stderr(&format!(
        "invocation {ID}: POST /cookies: 500: a second Set-Cookie"
    ));
    // In the other forms they go as they are.
    let both = ask(&handler, &request("GET", "/api/cookies", &[], b""));
    assert_eq!(
        (both.status, both.headers_named("Set-Cookie")),
        (200, vec!["a=1", "b=2"])
    );
}

#[test]
fn a_binary_answer_is_a_415_in_payload_form() {
    let handler = start();
    let answer = ask(&handler, &request("GET", "/api/binary", &[], b""));
    assert_eq!(
        (
            answer.status,
            answer.header("Content-Type"),
            &answer.body[..]
        ),
        (200, Some("image/png"), &[0, 1, 0xff][..])
    );
    let (answer, _) = settled(&invoke(
        &handler,
        "binary",
        &json!({"Data": {"req": {"Method": "GET"}}}),
    ));
    assert_eq!(
        (answer.status, &answer.json()["invocationId"]),
        (415, &json!(ID))
    );
    assert!(answer.text().contains("not text in UTF-8"), "{answer:?}");
}

#[test]
fn the_documented_response_can_be_given() {
    let documented: Value = include_str!("../wire/doc-response-example.json")
        .parse()
        .unwrap();
    assert_eq!(
        invoke(&start(), "example", &json!({"Data": {"req": {}}})).json(),
        documented
    );
}

#[test]
fn a_list_goes_out_element_by_element_and_a_text_never_does() {
    let handler = start();
    for (value, messages) in [
        (json!(["a", "test", "[]"]), &["a", "test", "[]"][..]),
        (json!([]), &[]),
        // Texts, however they are given.
        (json!("[]"), &["[]"]),
        (json!("[1,2]"), &["[1,2]"]),
        (json!("test"), &["test"]),
        (
            json!("2026-11-21T10:00:00+02:00"),
            &["2026-11-21T10:00:00+02:00"],
        ),
    ] {
        let answer = invoke(
            &handler,
            "lists",
            &json!({"Data": {"req": {"Body": value.to_string()}}}),
        );
        assert_eq!(settled(&answer).1, messages, "{value}");
    }
}

#[test]
fn an_output_that_its_route_does_not_declare_is_an_error() {
    let answer = invoke(&start(), "undeclared", &json!({"Data": {"req": {}}}));
    let source = include_str!("app/bindings.rs").lines();
    let line = source.take_while(|line| !line.contains("lost")).count() + 1;
    let error = answer.json()["error"]
        .as_str()
        .unwrap_or_default()
        .replace('\\', "/");
    let file = "tests/template/machinery/app/bindings.rs";
    let named = [
        "sets the output Message",
        "there are: message",
        &format!("(at {file}:{line})"),
    ];
    assert!(named.iter().all(|part| error.contains(part)), "{error}");
    assert_eq!(answer.status, 500);
}

#[test]
fn trigger_data_and_metadata_have_types_in_both_forms_of_every_value() {
    let handler = start();
    let metadata = json!({"Number": 7, "Yes": true, "Text": "hi", "Item": {"id": 2}});
    let host_metadata = json!({"Number": "7", "Yes": "true", "Text": "\"hi\"", "Item": {"id": 2}});
    let unlike = json!({"Number": "seven", "Yes": [], "Item": "\"none\""});
    let missing = "5, 3, None, None, None, None";
    let all = "5, 3, Some(7), Some(true), Some(\"hi\"), Some(2)";
    for (item, input, metadata, expected) in [
        (json!("{\"id\":5}"), json!("abc"), metadata.clone(), all),
        (
            json!("\"{\\\"id\\\":5}\""),
            json!("\"abc\""),
            host_metadata,
            all,
        ),
        (json!({"id": 5}), json!("123"), metadata, all),
        (json!({"id": 5}), json!(123), unlike, missing),
        (json!({"id": 5}), json!("abc"), json!(null), missing),
    ] {
        let payload = json!({"Data": {"item": item, "input": input}, "Metadata": metadata});
        let answer = invoke(&handler, "typed", &payload);
        assert_eq!(
            (answer.status, &answer.json()["ReturnValue"]),
            (200, &json!(expected)),
            "{payload}"
        );
    }
}
