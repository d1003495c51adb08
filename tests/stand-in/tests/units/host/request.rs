use crate::files;
use crate::host::wire::wire;
use serde_json::{Value, json};
use stand_in::host::base64::from_base64;
use stand_in::host::payload::payload;
use stand_in::host::request::Request;
use stand_in::host::routes::Parameters;

fn headers(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let header = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    headers.iter().map(header).collect()
}

#[test]
fn http_payloads_are_what_the_host_sent() {
    let multipart = wire("order-multipart").json;
    let multipart_body = from_base64(multipart["Data"]["req"]["Body"].as_str().unwrap()).unwrap();
    let multipart_type = multipart["Metadata"]["Headers"]["Content-Type"]
        .as_str()
        .unwrap();
    let hello = "/api/hello?name=J%C3%BCrgen+%26+co&x=1&x=2";
    for (name, target, content_type, body) in [
        ("hello-get", hello, "", &b""[..]),
        (
            "hello-post",
            "/api/hello",
            "application/json",
            b"{\"message\":\"Hello World!\"}",
        ),
        (
            "order-json",
            "/api/order?trace=1",
            "application/json",
            b"{\"id\":1005,\"quantity\":2,\"color\":\"black\"}",
        ),
        (
            "order-bom",
            "/api/order",
            "application/json",
            b"\xef\xbb\xbf{\"id\":1}",
        ),
        (
            "order-chunked-caller",
            "/api/order",
            "application/json",
            b"{\"id\":1}",
        ),
        (
            "order-empty",
            "/api/order",
            "application/x-www-form-urlencoded",
            b"",
        ),
        (
            "order-latin1",
            "/api/order",
            "text/plain; charset=iso-8859-1",
            b"caf\xe9",
        ),
        (
            "order-multipart",
            "/api/order",
            multipart_type,
            &multipart_body,
        ),
        (
            "order-octet-stream",
            "/api/order",
            "application/octet-stream",
            &[0, 1, 2, 3, 255],
        ),
        ("order-png", "/api/order", "image/png", &[0, 1, 2, 3, 255]),
        (
            "order-text",
            "/api/order",
            "text/plain",
            "plain text \u{e9}".as_bytes(),
        ),
    ] {
        let wire = wire(name);
        let mut headers = vec![
            ("Host", "localhost:7071"),
            ("User-Agent", "curl/7.88.1"),
            ("Accept", "*/*"),
        ];
        let length = body.len().to_string();
        if !content_type.is_empty() {
            let framing = if name.contains("chunked") {
                ("Transfer-Encoding", "chunked")
            } else {
                ("Content-Length", &*length)
            };
            headers.extend([("Content-Type", content_type), framing]);
        }
        let headers = self::headers(&headers);
        let method = if name == "hello-get" { "GET" } else { "POST" };
        let request = Request {
            method,
            target,
            headers,
            body,
        };
        let (value, mut data) = request.payload("f", &Parameters::new());
        data.set("sys", wire.sys());
        assert_eq!(payload("req", &value, &[], &data), wire.text, "{name}");
    }
}

#[test]
fn route_parameters_are_in_data_and_in_metadata() {
    let request = Request {
        method: "GET",
        target: "/api/x/7?id=2",
        headers: Vec::new(),
        body: b"",
    };
    let parameters = vec![
        ("id".to_owned(), Some("7".to_owned())),
        ("part".to_owned(), None),
    ];
    let inputs = [("row".to_owned(), "\"null\"".to_owned())];
    let (value, data) = request.payload("f", &parameters);
    let payload: Value = payload("req", &value, &inputs, &data).parse().unwrap();
    assert_eq!(
        payload["Data"]["req"]["Params"],
        json!({"id": "7", "part": null})
    );
    assert_eq!(
        (&payload["Metadata"]["id"], payload["Metadata"].get("part")),
        (&json!("\"7\""), None)
    );
    assert_eq!(payload["Data"]["row"], "null");
}

/// What wins over what in expressions, and in `Metadata`.
#[test]
fn the_route_wins_over_the_query_and_the_query_over_the_body() {
    let body = br#"{"a":"body","B":"body","c":"body","n":1.50,"t":true,"l":[1],"z":null}"#;
    let request = Request {
        method: "POST",
        target: "/api/x?A=query&b=query&query=q&code=key",
        headers: headers(&[("Content-Length", "9"), ("X-Id", "h1"), ("x-id", "h2")]),
        body,
    };
    let parameters = vec![("a".to_owned(), Some("route".to_owned()))];
    let (_, data) = request.payload("f", &parameters);
    let resolved = |text: &str| {
        let template = stand_in::host::expressions::Template::parse(text).expect("a template");
        template.resolve(&data)
    };
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
        let request = Request {
            method: "POST",
            target: "/?a%2Bb+c%zz=%e2%98%95%",
            headers: headers(&[("content-type", content_type)]),
            body,
        };
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
    assert_eq!(body("text/plain", b""), None);
    assert_eq!(body("text/plain", b"\xff\xfeh\0i\0").as_deref(), Some("hi"));
    assert_eq!(
        body("text/plain", b"\xf0\x9f\x98a\xe9\x80").as_deref(),
        Some("\u{fffd}a\u{fffd}")
    );
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
        // What the caller sent: those headers that are not the host's, and some that it does
        // not get to set.
        let own = |(name, _): &&(&str, &str)| {
            !name.to_ascii_lowercase().starts_with("x-") && *name != "Host"
        };
        let mut headers: Vec<_> = fields
            .iter()
            .filter(own)
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .collect();
        headers.push(("Host".to_owned(), of("X-Forwarded-Host").to_owned()));
        headers.push(("Connection".to_owned(), "keep-alive".to_owned()));
        headers.push(("x-forwarded-for".to_owned(), "1.2.3.4".to_owned()));
        let (target, body) = (target.replace("%252F", "%2F"), body.trim_end());
        let request = Request {
            method,
            target: &target,
            headers,
            body: body.as_bytes(),
        };

        let id = of("X-Azure-Functions-InvocationId");
        let sent = String::from_utf8(request.proxied(of("Host"), id)).expect("text");
        let (sent_head, sent_body) = sent.split_once("\r\n\r\n").expect("a head");
        let sorted = |lines: &mut dyn Iterator<Item = String>| {
            let mut lines: Vec<String> = lines.collect();
            lines.sort();
            lines
        };
        let mut expected = fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        assert_eq!(
            sorted(&mut sent_head.lines().skip(1).map(str::to_owned)),
            sorted(&mut expected),
            "{name}"
        );
        assert_eq!(sent_head.lines().next(), Some(&*format!("{line} HTTP/1.1")));
        assert_eq!(
            sent_body,
            if name == "get" {
                ""
            } else {
                "3\r\nabc\r\n0\r\n\r\n"
            }
        );
    }
}

#[test]
fn a_header_that_was_sent_twice_is_one_line() {
    let request = Request {
        method: "GET",
        target: "/",
        headers: headers(&[
            ("Cookie", "a=1"),
            ("X-A", "1"),
            ("Forwarded", "for=1"),
            ("TE", "trailers"),
            ("Connection", "X-B"),
            ("X-B", "kept"),
            ("cookie", "b=2"),
            ("x-a", "2"),
        ]),
        body: b"",
    };
    let sent = String::from_utf8(request.proxied("h", "id")).expect("text");
    let own: Vec<&str> = sent
        .lines()
        .filter(|line| !line.starts_with("X-F") && !line.contains("unctions"))
        .collect();
    let lines = ["Cookie: a=1; b=2", "X-A: 1, 2", "X-B: kept"];
    assert_eq!(own[2..5], lines, "{sent}");
    for gone in ["Forwarded: for", "TE:", "Connection:"] {
        assert!(!sent.contains(gone), "{sent}");
    }
}
