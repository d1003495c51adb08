use crate::files;
use crate::host::wire::wire;
use serde_json::{Value, json};
use stand_in::host::base64::from_base64;
use stand_in::host::expressions::Template;
use stand_in::host::payload::payload;
use stand_in::host::request::Request;
use stand_in::host::routes::Parameters;

fn request<'a>(target: &'a str, headers: &[(&str, &str)], body: &'a [u8]) -> Request<'a> {
    let header = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    Request {
        method: if body.is_empty() { "GET" } else { "POST" },
        target,
        headers: headers.iter().map(header).collect(),
        body,
    }
}

#[test]
fn http_payloads_are_what_the_host_sent() {
    let multipart = wire("order-multipart").json;
    let multipart = multipart["Data"]["req"]["Body"].as_str().expect("a body");
    let multipart = from_base64(multipart).expect("base64");
    for (name, body) in [
        ("hello-get", &b""[..]),
        ("hello-post", br#"{"message":"Hello World!"}"#),
        ("order-json", br#"{"id":1005,"quantity":2,"color":"black"}"#),
        ("order-bom", b"\xef\xbb\xbf{\"id\":1}"),
        ("order-chunked-caller", br#"{"id":1}"#),
        ("order-empty", b""),
        ("order-latin1", b"caf\xe9"),
        ("order-multipart", &multipart),
        ("order-octet-stream", &[0, 1, 2, 3, 255]),
        ("order-png", &[0, 1, 2, 3, 255]),
        ("order-text", "plain text \u{e9}".as_bytes()),
    ] {
        let wire = wire(name);
        let seen = &wire.json["Data"]["req"];
        let text = |name: &str| seen[name].as_str().expect("a text");
        // The caller's headers, in another order than the host's.
        let mut headers = Vec::new();
        for (name, values) in seen["Headers"].as_object().expect("an object") {
            let values = values.as_array().expect("a list").iter();
            headers.extend(values.map(|value| (&**name, value.as_str().expect("a text"))));
        }
        let target = text("Url").strip_prefix("http://localhost:7071");
        let request = Request {
            method: text("Method"),
            ..request(target.expect("a URL"), &headers, body)
        };
        let (value, mut data) = request.payload("f", &Parameters::new());
        data.set("sys", wire.sys());
        assert_eq!(payload("req", &value, &[], &data), wire.text, "{name}");
    }
}

#[test]
fn route_parameters_are_in_data_and_in_metadata() {
    let parameters = vec![
        ("id".to_owned(), Some("7".to_owned())),
        ("part".to_owned(), None),
    ];
    let inputs = [("row".to_owned(), "\"null\"".to_owned())];
    let (value, data) = request("/api/x/7?id=2", &[], b"").payload("f", &parameters);
    let payload: Value = payload("req", &value, &inputs, &data).parse().unwrap();
    let params = json!({"id": "7", "part": null});
    assert_eq!(payload["Data"]["req"]["Params"], params);
    assert_eq!(payload["Data"]["row"], "null");
    assert_eq!(payload["Metadata"]["id"], "\"7\"");
    assert_eq!(payload["Metadata"].get("part"), None);
}

/// What wins over what in expressions, and in `Metadata`.
#[test]
fn the_route_wins_over_the_query_and_the_query_over_the_body() {
    let request = request(
        "/api/x?A=query&b=query&query=q&code=key",
        &[("Content-Length", "9"), ("X-Id", "h1"), ("x-id", "h2")],
        br#"{"a":"body","B":"body","c":"body","n":1.50,"t":true,"l":[1],"z":null}"#,
    );
    let parameters = vec![("a".to_owned(), Some("route".to_owned()))];
    let (_, data) = request.payload("f", &parameters);
    let resolved = |text| Template::parse(text).and_then(|text| text.resolve(&data));
    for (text, value) in [
        ("{a}-{b}-{c}", "route-query-body"),
        ("{n}{t}", "1.5True"),
        ("{Headers.X-Id}", "h1,h2"),
        ("{sys.methodname}", "f"),
    ] {
        assert_eq!(resolved(text).as_deref(), Ok(value), "{text}");
    }
    // A query parameter of that name takes the place of the whole query.
    assert_eq!(resolved("{query}").as_deref(), Ok("q"));
    for text in ["{l}", "{z}", "{code}"] {
        assert!(resolved(text).is_err(), "{text}");
    }
}

#[test]
fn bodies_are_text_or_base64_by_their_type() {
    let body = |content_type: &str, body: &[u8]| {
        let headers = [("content-type", content_type)];
        let request = request("/?a%2Bb+c%zz=%e2%98%95%", &headers, body);
        let (value, _) = request.payload("f", &Parameters::new());
        let value: Value = value.parse().expect("JSON");
        assert_eq!(value["Query"], json!({"a+b c%zz": "\u{2615}%"}));
        value["Body"].as_str().map(str::to_owned)
    };
    for binary in [
        "APPLICATION/octet-stream",
        "application/octet-stream; a=b",
        "Multipart/mixed; boundary=x",
        "x-multipart/y",
    ] {
        assert_eq!(body(binary, b"hi").as_deref(), Some("aGk="), "{binary}");
    }
    for text in [
        "",
        "application/octet-stream;",
        "application/octet-streams",
        "application/vnd.octet-stream",
        "multipart",
    ] {
        assert_eq!(body(text, b"hi").as_deref(), Some("hi"), "{text}");
    }
    for (bytes, text) in [
        (&b""[..], None),
        (b"\xff\xfeh\0i\0", Some("hi")),
        (b"\xfe\xff\0h\0i", Some("hi")),
        (b"\xf0\x9f\x98a\xe9\x80", Some("\u{fffd}a\u{fffd}")),
    ] {
        assert_eq!(body("text/plain", bytes).as_deref(), text, "{bytes:?}");
    }
}

#[test]
fn a_proxied_request_is_what_the_host_sent() {
    for name in ["get", "chunked"] {
        let path = files::template(&format!("wire/host-proxied-{name}.http"));
        let wire = std::fs::read_to_string(path).expect("a capture");
        let (head, body) = wire.split_once("\n\n").expect("a head");
        let (line, fields) = head.split_once('\n').expect("a request line");
        let fields: Vec<(&str, &str)> = fields
            .lines()
            .map(|line| line.split_once(": ").expect("a header"))
            .collect();
        let of = |name: &str| fields.iter().find(|(n, _)| *n == name).expect("a header").1;
        let (method, target) = line.split_once(' ').expect("a method");
        // What the caller sent: those headers that are not the host's, and some that it does not
        // get to set.
        let mut headers = fields.clone();
        headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("x-") && *name != "Host");
        headers.extend([
            ("Host", of("X-Forwarded-Host")),
            ("Connection", "keep-alive"),
            ("x-forwarded-for", "1.2.3.4"),
        ]);
        let target = target.replace("%252F", "%2F");
        let request = Request {
            method,
            ..request(&target, &headers, body.trim_end().as_bytes())
        };

        let id = of("X-Azure-Functions-InvocationId");
        let sent = String::from_utf8(request.proxied(of("Host"), id)).expect("text");
        let (sent_head, sent_body) = sent.split_once("\r\n\r\n").expect("a head");
        let (sent_line, sent_fields) = sent_head.split_once("\r\n").expect("a request line");
        assert_eq!(sent_line, format!("{line} HTTP/1.1"));
        let (mut sent_fields, mut fields): (Vec<&str>, Vec<&str>) = (
            sent_fields.lines().collect(),
            head.lines().skip(1).collect(),
        );
        sent_fields.sort();
        fields.sort();
        assert_eq!(sent_fields, fields, "{name}");
        let chunks = if name == "get" {
            ""
        } else {
            "3\r\nabc\r\n0\r\n\r\n"
        };
        assert_eq!(sent_body, chunks);
    }
}

#[test]
fn a_header_that_was_sent_twice_is_one_line() {
    let headers = [
        ("Cookie", "a=1"),
        ("X-A", "1"),
        ("Forwarded", "for=1"),
        ("TE", "trailers"),
        ("Connection", "X-B"),
        ("X-B", "kept"),
        ("cookie", "b=2"),
        ("x-a", "2"),
    ];
    let sent = request("/", &headers, b"").proxied("h", "id");
    let sent = String::from_utf8(sent).expect("text");
    let mut own: Vec<&str> = sent.lines().collect();
    own.retain(|line| !line.starts_with("X-F") && !line.contains("unctions"));
    let lines = ["Cookie: a=1; b=2", "X-A: 1, 2", "X-B: kept"];
    assert_eq!(own[2..5], lines, "{sent}");
    for gone in ["Forwarded: for", "TE:", "Connection:"] {
        assert!(!sent.contains(gone), "{sent}");
    }
}
