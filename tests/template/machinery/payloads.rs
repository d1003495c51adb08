//! Payloads: which are refused and in which words, and what is read from the others.

#[cfg(target_os = "linux")]
use crate::probe;
use crate::requests::invocation;
use crate::requests::{
    ID, ask, assert_error, assert_serves, invoke, is_passed_on, message_payload, order_payload,
};
use crate::start::start;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stand_in::host::answer::MESSAGE_MAX_BYTES;
#[cfg(target_os = "linux")]
use stand_in::host::base64::to_base64;
use stand_in::run::http::Answer;

/// The cases of a part of `payloads.txt`, which says what they are.
fn cases(part: usize) -> Vec<(&'static str, &'static str)> {
    let lines: Vec<&str> = include_str!("payloads.txt").lines().collect();
    let parts: Vec<&[&str]> = lines.split(|line| line.is_empty()).collect();
    let cases = parts[part].iter().filter(|line| !line.starts_with('#'));
    let case = |line: &&'static str| line.split_once(" =>").expect("a case");
    let cases = cases.map(case);
    cases
        .map(|(sent, comes)| (sent, comes.trim_start()))
        .collect()
}

/// Those that are not lines of text.
const MALFORMED: &[(&[u8], &str)] = &[
    (b"", "payload|EOF"),
    (b" ", "payload"),
    (b"{\"Data\": {\"req\": \"\x01\"}}", "payload|column"),
    (
        b"{\"Data\": {\"req\": {}, \"myQueueItem\": \"\"}}\xff",
        "UTF-8|40",
    ),
    (b"{\"Data\": {\"\xc0\xaf\": 1}}", "UTF-8|11"),
    (
        b"{\"Data\": {\"req\": {\"Body\": \"\xed\xa0\x80\"}}}",
        "UTF-8",
    ),
    (
        b"\xef\xbb\xbf{\"Data\": {\"req\": {}, \"myQueueItem\": \"\"}}",
        "byte-order mark",
    ),
    (b"\xff\xfe{\0}\0", "UTF-8|0"),
];

#[test]
fn malformed_payloads_are_refused_with_what_is_wrong_and_where() {
    let handler = start();
    let refused = |function: &str, payload: &[u8], words: &str| {
        let answer = invoke(&handler, function, payload);
        let words: Vec<&str> = words.split('|').collect();
        assert_error(&answer, 400, &words);
        assert_eq!(answer.json()["invocationId"], ID);
        let line = format!("invocation {ID}: POST /{function}: 400: ");
        handler.wait_for_stderr(&line);
        handler.wait_for_stderr(words[words.len() - 1]);
    };
    let texts = cases(0).into_iter();
    let texts = texts.map(|(text, words)| (text.as_bytes(), words));
    for (payload, words) in texts.chain(MALFORMED.iter().copied()) {
        refused("order", payload, &words.replace("TRIGGER", "Data.req"));
        let words = words.replace("TRIGGER", "Data.myQueueItem");
        refused("MyQueueFunction", payload, &words);
    }
    for (value, words) in cases(1) {
        let function = if words.contains("myQueueItem") {
            "MyQueueFunction"
        } else {
            "order"
        };
        let payload = format!(r#"{{"Data": {{"req": {value}, "myQueueItem": {value}}}}}"#);
        refused(function, payload.as_bytes(), words);
    }
    assert_serves(&handler);
}

/// What an invocation has come to: the status with which its caller was refused, or else what it
/// gave back.
#[track_caller]
fn outcome(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    let outputs = &answer["Outputs"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (outputs["res"]["statusCode"]
        .as_u64()
        .map(|status| status.to_string()))
    .or_else(|| text(&outputs["message"]))
    .or_else(|| text(&outputs["res"]["body"]))
    .or_else(|| text(&answer["ReturnValue"]))
    .unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn every_form_of_a_value_is_read() {
    let handler = start();
    for (read, expected) in cases(2) {
        let (function, value) = read.split_once(' ').expect("a function and a value");
        let payload = if function == "hello" {
            let of_get = value.replacen('{', r#"{"Method": "GET", "#, 1);
            format!(r#"{{"Data": {{"req": {of_get}}}}}"#)
        } else {
            format!(r#"{{"Data": {{"req": {value}, "myQueueItem": {value}}}}}"#)
        };
        let answer = invoke(&handler, function, payload);
        assert_eq!(outcome(&answer), expected.replace('_', " "), "{read}");
    }
    // A refusal names the invocation too, though that was carried out.
    let too_large = json!({"Data": {"req": {"Body": "x".repeat(MESSAGE_MAX_BYTES + 1)}}});
    let empty = json!({"Data": {"req": {}}});
    for (payload, status) in [(too_large, 413), (empty, 400)] {
        let res = invoke(&handler, "order", payload.to_string()).json()["Outputs"]["res"].take();
        let body: Value = res["body"].as_str().expect("a body").parse().expect("JSON");
        assert_eq!(
            (&res["statusCode"], &body["invocationId"]),
            (&json!(status), &json!(ID))
        );
    }
}

/// Metadata is the host's and its callers': it never fails an invocation.
#[test]
fn metadata_may_be_of_any_form() {
    let handler = start();
    for (metadata, id, count) in [
        (r#"{"DequeueCount": 3, "Id": "b483"}"#, "b483", 3),
        (r#"{"DequeueCount": "3", "Id": "\"b483\""}"#, "b483", 3),
        (r#"{"DequeueCount": "\"3\"", "Id": "12"}"#, "12", 3),
        (r#"{"DequeueCount": {"of": [3]}}"#, "", 0),
        (r#"{"DequeueCount": -1}"#, "", 0),
        (
            r#"{"DequeueCount": "many", "Id": "\"\\ud800\""}"#,
            "\"\\ud800\"",
            0,
        ),
        (r#"{"Id": "\ud800"}"#, "", 0),
        (r#"{"Id": {}, "DequeueCount": 1e999}"#, "{}", 0),
        (r#"{"Id": null}"#, "", 0),
        ("{}", "", 0),
        ("[1]", "", 0),
        ("1", "", 0),
        ("null", "", 0),
    ] {
        let payload = format!(r#"{{"Data": {{"myQueueItem": "hi"}}, "Metadata": {metadata}}}"#);
        let answer = invoke(&handler, "MyQueueFunction", payload);
        assert!(is_passed_on(&answer, "hi"), "{metadata}: {answer:?}");
        let log = format!("processed message {id}, dequeue count {count}: hi");
        assert_eq!(answer.json()["Logs"], json!([log]), "{metadata}");
    }
}

#[test]
fn a_large_body_is_read_as_a_small_one_is() {
    let handler = start();
    let of_any_size = |payload: String| invoke(&handler, "order-of-any-size", payload);
    for part in ["x!", "\"quoted\" \\ \n\u{1}", "caf\u{e9} \u{1f980} "] {
        let body = part.repeat((2 << 20) / part.len());
        let answer = of_any_size(json!({"Data": {"req": {"Body": body}}}).to_string());
        assert!(outcome(&answer) == body, "{part:?}: {answer:?}");
    }
    let more = "x".repeat(2 << 20);
    let with_more =
        |body: &str| format!(r#"{{"Data":{{"req":{{"Body":{body}}},"more":"{more}"}}}}"#);
    for (body, word) in [
        (r#""\ud800""#, "hex escape"),
        ("5", "string"),
        ("{}", "string"),
    ] {
        assert_error(&of_any_size(with_more(body)), 400, &["Data.req.Body", word]);
    }
    let empty = invoke(&handler, "order", with_more("null"));
    assert_eq!(outcome(&empty), "400");
}

/// As text, as JSON, as JSON whose members the host copies to `Metadata`, and as bytes.
#[cfg(target_os = "linux")]
#[test]
fn an_order_of_10_mib_takes_little_memory() {
    const BYTES: usize = 10 << 20;
    let line = r#"{"sku":"AB-00017","name":"a part, \"large\"","quantity":3},"#;
    let list = format!("[{}0]", line.repeat(BYTES / line.len()));
    let member = |n| format!("\"item{n:09}\":{line}");
    let members = (0..BYTES / 60).map(member).collect::<String>();
    let object = format!("{{{members}\"id\":1}}");
    let bytes: Vec<u8> = (0..BYTES).map(|n| (n * 31 % 251) as u8 ^ 0x80).collect();
    for (kind, body, metadata) in [
        (
            "text/plain",
            "ten of the black ones, please. ".repeat(BYTES / 31),
            "",
        ),
        ("application/json", list, ""),
        ("application/json", object, &*members),
        ("application/octet-stream", to_base64(&bytes), ""),
    ] {
        let headers = json!({"Content-Type": [kind], "Content-Length": ["1"]});
        let req = json!({"Headers": headers, "Body": body});
        let payload = format!(r#"{{"Data":{{"req":{req}}},"Metadata":{{{metadata}"sys":{{}}}}}}"#);
        let handler = start();
        assert_serves(&handler);
        let before = probe::status(handler.pid(), "VmHWM");
        let answer = invoke(&handler, "order-of-any-size", &payload);
        assert!(answer.text().contains("Order enqueued"), "{kind}");
        let taken = probe::status(handler.pid(), "VmHWM") - before;
        let ratio = taken as f64 * 1024.0 / payload.len() as f64;
        assert!(ratio <= 2.2, "{kind}: {ratio} times the payload");
    }
}

/// In every place, with every kind of bracket, closed and not; in a message's text it is data. What
/// a function does not read may be nested as deep as anybody likes.
#[test]
fn nesting_does_no_harm() {
    let handler = start();
    for depth in [200, 100_000] {
        let lists = |open: &str, close: &str| open.repeat(depth) + &close.repeat(depth);
        for json in [
            lists("[", "]"),
            lists("[", ""),
            lists(r#"{"a":"#, "") + "1" + &lists("", "}"),
            lists(r#"{"a":"#, ""),
            lists(r#"[{"Data":"#, ""),
        ] {
            let sound = r#""Data": {"req": {}, "myQueueItem": "x!"}"#;
            for payload in [
                json.clone(),
                format!(r#"{{"Data": {json}}}"#),
                format!(r#"{{{sound}, "Metadata": {json}}}"#),
                format!(r#"{{"Other": {json}, {sound}}}"#),
                format!(r#"{{"Data": {{"req": {json}, "myQueueItem": {json}}}}}"#),
                format!(r#"{{"Data": {{"req": {{"Headers": {json}}}, "myQueueItem": [{json}]}}}}"#),
            ] {
                let is_json = serde_json::from_str::<&RawValue>(&payload).is_ok();
                for function in ["order", "MyQueueFunction"] {
                    let answer = invoke(&handler, function, &payload);
                    if is_json {
                        assert!(matches!(answer.status, 200 | 400), "{answer:?}");
                        assert!(answer.json().is_object(), "{answer:?}");
                    } else {
                        assert_error(&answer, 400, &["payload"]);
                    }
                }
            }
            // Texts are data: whatever a caller puts into one, the payload is sound.
            let query = json!({"Data": {"req": {"Query": json, "Body": "x"}}});
            let status = invoke(&handler, "order", query.to_string()).status;
            assert!(matches!(status, 200 | 400), "{status}");
            outcome(&invoke(&handler, "MyQueueFunction", message_payload(&json)));
            let read = invoke(&handler, "lists", order_payload(&json));
            assert_eq!(outcome(&read), "400");
        }
    }
    assert_serves(&handler);
}

/// What is malformed as a payload is data within a message's text or an order's body, and arrives.
#[test]
fn odd_texts_are_data() {
    let handler = start();
    for text in [
        r#""\ud800""#,
        r#"{"a":"\udc00"}"#,
        "\u{feff}x!",
        "1e999!",
        "-0.0!",
        "{!",
        "\u{0}\u{1}\u{7f}!",
        "\u{fffd}!",
        "\\ud800!",
    ] {
        // As base64 where the host would change it; here it matters that it is taken.
        let passed_on = outcome(&invoke(&handler, "MyQueueFunction", message_payload(text)));
        let enqueued = outcome(&ask(
            &handler,
            &invocation("/order", ID, &order_payload(text)),
        ));
        if text.ends_with('!') {
            assert_eq!((&*passed_on, &*enqueued), (text, text));
        }
    }
}
