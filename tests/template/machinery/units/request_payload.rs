//! `src/host/request_payload.rs`

use app::host::request_payload::{read_http_request, read_invocation};

#[test]
fn what_came_in_is_shown_by_names_and_lengths() {
    let payload = r#"{"Data":{"req":{"Url":"http://a/?code=KEY","Headers":{"x-functions-key":["KEY"],"Content-Length":["3"]},
        "Body":"KEY"},"item":"KEY","more":"\"KEY\""},"Metadata":{"Headers":{"x-functions-key":"KEY"}}}"#;
    let request = read_http_request(payload.as_bytes(), "id").expect("a request");
    let invocation = read_invocation(payload.as_bytes(), "item", "id").expect("an invocation");
    let input = invocation.input("more").expect("an input");
    let shown = format!("{request:?} {invocation:?} {input:?}");
    let parts = "x-functions-key|Ok(3)|\"more\": 9|id, Datum(3)|Some(Datum(3))|Some(37)";
    for part in parts.split('|') {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("KEY"), "{shown}");
}
