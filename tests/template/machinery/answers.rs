//! What becomes of a function's answer: a host gets what it takes, and a caller what HTTP allows.

use crate::requests::{ID, ask, assert_error, get, order_payload, ping};
use crate::start::start;
use serde_json::json;
use stand_in::run::http::{Connection, invocation, request};

/// Never an empty 2xx in payload form: the host would wait for the rest until the function's
/// timeout.
#[test]
fn every_invocation_gets_a_json_object() {
    let handler = start();
    let paths = [
        "/odd",
        "/odd-too",
        "/panics",
        "/panics-too",
        "/fails",
        "/heads",
        "/nowhere",
    ];
    let data = |item: &str| {
        json!({"Data": {"item": item, "req": {"Method": "POST", "Url": item, "Body": "[]"}}})
            .to_string()
    };
    let items = ["nothing", "empty", "null", "output", "refuse", "other"].map(str::to_owned);
    let whats = [
        "nothing", "output", "return", "binary", "cookies", "99", "100", "199", "200", "204",
        "304", "599", "600",
    ];
    let queries = whats.map(|what| format!("http://localhost/api/odd?what={what}"));
    let payloads = items.iter().chain(&queries).map(|item| data(item)).chain([
        "".into(),
        "{}".into(),
        "null".into(),
    ]);
    for payload in payloads {
        for path in paths {
            let answer = ask(&handler, &invocation(path, ID, payload.as_bytes()));
            assert!(
                !matches!(answer.status, 204 | 304),
                "{path} {payload}: {answer:?}"
            );
            assert_eq!(
                answer.header("Content-Type"),
                Some("application/json"),
                "{path} {payload}: {answer:?}"
            );
            assert!(answer.json().is_object(), "{path} {payload}: {answer:?}");
        }
    }
    let too = |item: &str| ask(&handler, &invocation("/odd-too", ID, data(item).as_bytes()));
    assert_eq!(
        too("nothing").json(),
        json!({"Outputs": {}, "Logs": null, "ReturnValue": null})
    );
    assert_error(&too("output"), 500, &["odd-too", "undeclared"]);
    assert_error(&too("twice"), 500, &["message", "twice"]);
    let returned = json!({"Outputs": {}, "Logs": null, "ReturnValue": "!"});
    assert_eq!(too("return").json(), returned);
    assert_error(&too("answer"), 500, &["odd-too"]);
    assert_error(&too("refuse"), 500, &["not for a queue"]);
}

#[test]
fn odd_answers_are_answers_all_the_same() {
    let handler = start();
    let odd = |what: &str| get(&handler, &format!("/api/odd?what={what}"));
    for status in [99, 100, 101, 199, 600, 999] {
        assert_error(
            &odd(&status.to_string()),
            500,
            &["odd", &status.to_string()],
        );
    }
    for status in [200, 201, 299, 301, 400, 404, 503, 599] {
        assert_eq!(
            (
                odd(&status.to_string()).status,
                odd(&status.to_string()).text()
            ),
            (status, "a body")
        );
    }
    for status in [204, 304] {
        assert_eq!(
            (
                odd(&status.to_string()).status,
                odd(&status.to_string()).text()
            ),
            (status, "")
        );
    }
    assert_eq!(odd("binary").body, [0, 159, 146, 150]);
    assert_eq!((odd("nothing").status, odd("nothing").text()), (200, ""));
    assert_eq!(odd("cookies").headers_named("Set-Cookie"), ["a=1", "b=2"]);
    assert_error(&odd("output"), 500, &["undeclared"]);
    assert_error(&odd("return"), 500, &["$return"]);
    let fails = ask(
        &handler,
        &request(
            "GET",
            "/api/fails",
            &[("X-Azure-Functions-InvocationId", ID)],
            b"",
        ),
    );
    assert_error(&fails, 500, &["fails"]);
    assert!(
        !fails.text().contains("line one"),
        "the reason is for the log only"
    );
    handler.wait_for_stderr(&format!(
        "invocation {ID}: GET /api/fails: 500: function fails failed: line one\\r\\nline"
    ));
    assert_error(
        &get(&handler, "/api/fails?refuse=418"),
        418,
        &["no\r\nX-Split: 1"],
    );
    for status in [0, 200, 302, 399, 500] {
        assert_error(
            &get(&handler, &format!("/api/fails?refuse={status}")),
            500,
            &["fails"],
        );
    }
}

#[test]
fn a_header_that_http_does_not_allow_is_named_and_never_sent() {
    let handler = start();
    let mut connection = Connection::open(handler.port).expect("a connection");
    let body = |name: &str, value: &str| json!([["X-Before", "1"], [name, value]]).to_string();
    let mut set = |name: &str, value: &str| {
        let body = body(name, value);
        let answer = connection
            .exchange(&request("POST", "/api/heads", &[], body.as_bytes()))
            .expect("an answer");
        assert_eq!(
            connection
                .exchange(&ping())
                .expect("the connection is in step")
                .status,
            200,
            "{name:?} {value:?}"
        );
        answer
    };
    let values = [
        "a\r\nX-Split: 1",
        "a\nb",
        "a\rb",
        "\r\n\r\nHTTP/1.1 200 OK",
        "\0",
        "a\u{7f}",
        "\u{1b}[1m",
        "Jürgen",
        "🦀",
    ];
    for value in values {
        let answer = set("X-Name", value);
        assert_error(&answer, 500, &["X-Name"]);
        assert_eq!(
            (answer.header("X-Split"), answer.header("X-Before")),
            (None, None)
        );
    }
    for name in [
        "",
        " ",
        "X Y",
        "X:",
        "X\r\nX-Split",
        "Ä",
        "X\0",
        "X\t",
        "(X)",
    ] {
        assert_error(&set(name, "1"), 500, &["header"]);
    }
    for name in [
        "Content-Length",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Upgrade",
        "Trailer",
    ] {
        assert_error(&set(name, "1"), 500, &[name]);
    }
    for (name, value) in [
        ("X-Name", "plain"),
        ("x!#$%&'*+-.^_`|~9", "\"(quoted)\"\ttab"),
        ("X-Empty", ""),
    ] {
        let answer = set(name, value);
        assert_eq!(
            (answer.status, answer.header(name)),
            (200, Some(value)),
            "{answer:?}"
        );
    }
    // In the payload form too, where the host would set it.
    let payload = order_payload(&body("X-Name", "a\r\nX-Split: 1"));
    assert_error(
        &ask(&handler, &invocation("/heads", ID, &payload)),
        500,
        &["X-Name"],
    );
}
