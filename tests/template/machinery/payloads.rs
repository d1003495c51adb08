//! Payloads that are large or deep; `exchanges/payloads.txt` has the others.

use crate::exchanges::outcome;
use crate::requests::*;
use serde_json::json;
use serde_json::value::RawValue;

#[test]
fn a_large_body_is_read_as_a_small_one_is() {
    let handler = start();
    for part in ["x!", "\"quoted\" \\ \n\u{1}", "caf\u{e9} \u{1f980} "] {
        let body = part.repeat((2 << 20) / part.len());
        let answer = invoke(&handler, "order-of-any-size", order_payload(&body));
        let is_whole = outcome(&answer).text() == body + " & Order enqueued";
        assert!(is_whole, "{part:?}: {answer:?}");
    }
    let more = "x".repeat(2 << 20);
    let with_more = |body: &str| {
        let payload = format!(r#"{{"Data":{{"req":{{"Body":{body}}},"more":"{more}"}}}}"#);
        invoke(&handler, "order", payload)
    };
    for (body, word) in [
        (r#""\ud800""#, "hex escape"),
        ("5", "string"),
        ("{}", "string"),
    ] {
        assert_error(&with_more(body), 400, &["Data.req.Body", word]);
    }
    assert_eq!(outcome(&with_more("null")).status, 400);
}

/// As text, as JSON, as JSON whose members the host copies to `Metadata`, and as bytes.
#[cfg(target_os = "linux")]
#[test]
fn an_order_of_10_mib_takes_little_memory() {
    use crate::probe;
    use stand_in::host::base64::to_base64;
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
        let before = probe::status(&handler, "VmHWM");
        let answer = invoke(&handler, "order-of-any-size", &payload);
        assert!(answer.text().contains("Order enqueued"), "{kind}");
        let taken = probe::status(&handler, "VmHWM") - before;
        let ratio = taken as f64 * 1024.0 / payload.len() as f64;
        assert!(ratio <= 2.2, "{kind}: {ratio} times the payload");
    }
}

/// In every place, with every bracket, closed and not. A message's text is data, and what a
/// function does not read may be nested as deep as it likes.
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
                        let is_right = matches!(answer.status, 200 | 400);
                        assert!(is_right && answer.json().is_object(), "{answer:?}");
                    } else {
                        assert_error(&answer, 400, &["payload"]);
                    }
                }
            }
            // A text is data, whatever is in it.
            let query = json!({"Data": {"req": {"Query": json, "Body": "x"}}});
            let status = invoke(&handler, "order", query.to_string()).status;
            assert!(matches!(status, 200 | 400), "{status}");
            let passed_on = invoke(&handler, "MyQueueFunction", message_payload(&json));
            assert_eq!(passed_on.status, 200);
            let read = invoke(&handler, "lists", order_payload(&json));
            assert_eq!(outcome(&read).status, 400);
        }
    }
    assert_serves(&handler);
}
