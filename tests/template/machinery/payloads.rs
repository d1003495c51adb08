//! Payloads: which are refused and in which words, and what is read from the others.

#[cfg(target_os = "linux")]
use crate::probe;
use crate::requests::{
    ID, ask, assert_error, assert_serves, invoke, is_passed_on, message_payload, order_payload,
};
use crate::start::start;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use stand_in::host::answer::MESSAGE_MAX_BYTES;
#[cfg(target_os = "linux")]
use stand_in::host::base64::to_base64;
use stand_in::run::http::{Answer, invocation};

/// Payloads for either function, and words of the refusal; TRIGGER is the name of its trigger's
/// value.
const MALFORMED: &[(&[u8], &str)] = &[
    (b"", "payload|EOF"),
    (b" ", "payload"),
    (b"hi", "payload|line 1 column 1"),
    (b"null", "payload|null"),
    (b"true", "payload"),
    (b"17", "payload|17"),
    (b"1e999", "payload"),
    (b"\"Data\"", "payload|string"),
    (b"[]", "payload|expected an object"),
    (b"[{\"req\":{\"Body\":\"x\"}},{}]", "expected an object"),
    (b"{", "payload|column"),
    (b"}", "payload|column 1"),
    (b"{}", "Data is missing"),
    (b"{\"Metadata\":{}}", "Data is missing"),
    (b"{} {}", "payload|column 4"),
    (b"{'Data': {}}", "payload|column 2"),
    (b"{\"Data\": {}", "payload|column"),
    (b"{\"Data\": {},}", "payload|column"),
    (b"{\"Data\": {} \"Metadata\": {}}", "payload|column"),
    (b"{\"Data\": {/**/}}", "payload|column"),
    (b"{\"Data\": {\"req\": NaN}}", "payload|column"),
    (b"{\"Data\": {\"req\": 01}}", "payload|column"),
    (b"{\"Data\": {\"req\": \"\x01\"}}", "payload|column"),
    (b"{\"Data\": {\"req\": \"\\x\"}}", "payload|column"),
    (b"{\"Data\": {\"req\": \"\\u12\"}}", "payload|column"),
    (b"{\"data\": {}}", "Data|missing"),
    (b"{\"Data\": null}", "null, expected Data to be an object"),
    (b"{\"Data\": []}", "sequence, expected Data to be an object"),
    (b"{\"Data\": [{}]}", "Data|object"),
    (b"{\"Data\": \"{}\"}", "Data|string"),
    (b"{\"Data\": 1}", "Data|1"),
    (b"{\"Data\": 1e999}", "payload|column 14"),
    (b"{\"Data\": -99999999999999999999999999999}", "Data"),
    (b"{\"Data\": false}", "Data|boolean"),
    (b"{\"Data\": {}}", "missing|TRIGGER"),
    (
        b"{\"Data\": {\"a\": 1}, \"Metadata\": {\"req\": {}, \"myQueueItem\": \"\"}}",
        "missing|TRIGGER",
    ),
    (
        b"{\"Data\": {\"Req\": {}, \"MYQUEUEITEM\": \"\"}}",
        "missing|TRIGGER",
    ),
    (
        b"{\"Data\": {\"req\": null, \"myQueueItem\": null}}",
        "null|TRIGGER",
    ),
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
    (
        b"{\"\\ud800\": 1, \"Data\": {\"req\": {}, \"myQueueItem\": \"\"}}",
        "payload|column 9",
    ),
    (
        b"{\"Data\": {\"\\udc00\": 1, \"req\": {}, \"myQueueItem\": \"\"}}",
        "payload|column 17",
    ),
    // Nothing of the one is mixed into the other.
    (
        b"{\"Data\": {\"req\": {}, \"myQueueItem\": \"\"}, \"Data\": {}}",
        "the payload has the member Data twice",
    ),
];

/// Values of the trigger: of a message where the words name it, or else of an order.
const MALFORMED_VALUES: &[(&str, &str)] = &[
    ("1", "Data.req"),
    ("[]", "Data.req"),
    (r#"{"\ud800": 1}"#, "column 26"),
    (r#"{"Method": 1}"#, "Data.req.Method|1"),
    (r#"{"Url": []}"#, "Data.req.Url"),
    (r#"{"Body": 5}"#, "Data.req.Body"),
    (r#"{"Body": 1e999}"#, "Data.req.Body"),
    (r#"{"Body": {"id": 1}}"#, "Data.req.Body"),
    (r#"{"Body": ["x"]}"#, "Data.req.Body"),
    (r#"{"Body": "\ud800"}"#, "Data.req.Body|column"),
    (r#"{"Body": "\udc00\ud800"}"#, "Data.req.Body|column"),
    (
        r#"{"Body": "a", "Body": "b"}"#,
        "Data.req has the member Body twice",
    ),
    (
        r#"{"Body": "a"}, "req": {}"#,
        "Data has the member req twice",
    ),
    (r#"{"Headers": 1}"#, "Data.req.Headers"),
    (r#"{"Headers": []}"#, "Data.req.Headers"),
    (
        r#"{"Headers": {"A": ["\ud800"]}}"#,
        "Data.req.Headers|column",
    ),
    (r#"{"Query": "{"}"#, "Data.req.Query"),
    (r#"{"Query": "\ud800"}"#, "Data.req.Query|column"),
    (r#"{"Query": "[]"}"#, "Data.req.Query"),
    (r#"{"Params": true}"#, "Data.req.Params"),
    (
        r#"{"Headers": {"content-type": ["application/octet-stream"]}, "Body": "a"}"#,
        "Data.req.Body|base64",
    ),
    (r#""{}""#, "Data.req|string"),
    (r#""\ud800""#, "Data.myQueueItem|column"),
    (r#""\udc00x""#, "Data.myQueueItem|column"),
    (r#""\ud800\ud800""#, "Data.myQueueItem|column"),
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
    for (payload, words) in MALFORMED {
        refused("order", payload, &words.replace("TRIGGER", "Data.req"));
        let words = words.replace("TRIGGER", "Data.myQueueItem");
        refused("MyQueueFunction", payload, &words);
    }
    for (value, words) in MALFORMED_VALUES {
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

/// Values of the trigger, as hosts old and new send them, and what they come to.
const READ: &[(&str, &str, &str)] = &[
    // A value may be encoded once more, or plain.
    ("MyQueueFunction", r#""hi""#, "hi"),
    ("MyQueueFunction", r#""\"hi\"""#, "hi"),
    ("MyQueueFunction", r#""\"\\\"hi\\\"\"""#, "\"hi\""),
    ("MyQueueFunction", r#""\"{\\\"id\\\":1}\"""#, r#"{"id":1}"#),
    ("MyQueueFunction", r#""{\"id\":1}""#, r#"{"id":1}"#),
    ("MyQueueFunction", r#"{"id":1}"#, r#"{"id":1}"#),
    ("MyQueueFunction", r#""\"hi""#, "\"hi"),
    ("MyQueueFunction", r#""\"hi\" there""#, "\"hi\" there"),
    ("MyQueueFunction", r#""\"hi\" ""#, "\"hi\" "),
    ("MyQueueFunction", r#""\"\\ud800\"""#, "\"\\ud800\""),
    ("MyQueueFunction", r#""\"\"""#, ""),
    ("MyQueueFunction", "5", "5"),
    // A return value is a text, whatever the message is: an object would be spread over Outputs.
    (
        "MyQueueFunction",
        r#"{"Outputs":null,"res":1}"#,
        r#"{"Outputs":null,"res":1}"#,
    ),
    ("MyQueueFunction", "[1]", "WzFd"),
    ("MyQueueFunction", r#""[1]""#, "WzFd"),
    ("MyQueueFunction", "true", "dHJ1ZQ=="),
    // The query may be an object or a JSON text; where the URL has one, that is read.
    ("hello", r#"{"Query": {"name": "Ada"}}"#, GREETING),
    ("hello", r#"{"Query": "{\"name\":\"Ada\"}"}"#, GREETING),
    ("hello", r#"{"Query": "{}"}"#, "hello world"),
    ("hello", r#"{"Query": {"name": ["Ada", "Bob"]}}"#, GREETING),
    (
        "hello",
        r#"{"Query": {"name": "Ada,Bob"}, "Url": "http://a/b?name=Ada&name=Bob"}"#,
        GREETING,
    ),
    (
        "hello",
        r#"{"Query": null, "Url": "http://localhost/api/hello"}"#,
        "hello world",
    ),
    // Members may be absent.
    ("order", "{}", "400"),
    (
        "order",
        r#"{"Body":null,"Params":null,"Headers":null,"Query":null,"Url":null}"#,
        "400",
    ),
    ("order", r#"{"Body": "an order"}"#, "an order"),
    ("order", r#"{"Method": "PUT"}"#, "405"),
    // Header names may be in any case, their values lists or texts.
    (
        "order",
        r#"{"Headers": {"transfer-encoding": ["chunked"]}}"#,
        "411",
    ),
    (
        "order",
        r#"{"Headers": {"TRANSFER-ENCODING": "chunked"}}"#,
        "411",
    ),
    (
        "order",
        "{\"Headers\": {\"content-length\": [\"1\"]}, \"Body\": \"\u{fffd}\"}",
        "415",
    ),
];

const GREETING: &str = r#"{"message":"Hello, Ada!"}"#;

#[test]
fn every_form_of_a_value_is_read() {
    let handler = start();
    for (function, value, expected) in READ {
        let payload = if *function == "hello" {
            let of_get = value.replacen('{', r#"{"Method": "GET", "#, 1);
            format!(r#"{{"Data": {{"req": {of_get}}}}}"#)
        } else {
            format!(r#"{{"Data": {{"req": {value}, "myQueueItem": {value}}}}}"#)
        };
        let answer = invoke(&handler, function, payload);
        assert_eq!(outcome(&answer), *expected, "{function} {value}");
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
