use crate::files;
use crate::host::cases_of;
use crate::host::wire::wire;
use serde_json::{Value, json};
use stand_in::host::base64::from_base64;
use stand_in::host::expressions::Template;
use stand_in::host::payload::payload;
use stand_in::host::request::Request;
use stand_in::host::routes::Parameters;

fn request(target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let method = if body.is_empty() { "GET" } else { "POST" };
    Request::new(method, target, headers, body)
}

#[test]
fn http_payloads_are_what_the_host_sent() {
    for (name, body) in cases_of("bodies of captures") {
        let wire = wire(name);
        let seen = &wire.json["Data"]["req"];
        let text = |name: &str| seen[name].as_str().expect("a text");
        // The caller's headers, in another order.
        let mut headers = Vec::new();
        for (name, values) in seen["Headers"].as_object().expect("an object") {
            let values = values.as_array().expect("a list").iter();
            headers.extend(values.map(|value| (&**name, value.as_str().expect("a text"))));
        }
        let body = match body {
            "nothing" => Vec::new(),
            "its body" => from_base64(text("Body")).expect("base64"),
            body => from_base64(body).unwrap_or_else(|| body.into()),
        };
        let target = text("Url").strip_prefix("http://localhost:7071");
        let mut request = request(target.expect("a URL"), &headers, &body);
        request.method = text("Method").to_owned();
        let (value, mut data) = request.payload("f", &Parameters::new());
        data.set("sys", wire.sys());
        assert_eq!(payload("req", &value, &[], &data), wire.text, "{name}");
    }
}

#[test]
fn route_parameters_are_in_data_and_in_metadata() {
    let parameters = [("id", Some("7")), ("part", None)];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
    let inputs = [("row".to_owned(), "\"null\"".to_owned())];
    let (value, data) = request("/api/x/7?id=2", &[], b"").payload("f", &parameters.into());
    let payload: Value = payload("req", &value, &inputs, &data).parse().unwrap();
    let params = json!({"id": "7", "part": null});
    assert_eq!(payload["Data"]["req"]["Params"], params);
    assert_eq!(payload["Data"]["row"], "null");
    assert_eq!(payload["Metadata"]["id"], "\"7\"");
    assert_eq!(payload["Metadata"].get("part"), None);
}

/// The order of precedence in expressions and in `Metadata`.
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
    // A query parameter called `query` replaces the whole query.
    let all = resolved("{a}-{b}-{c} {n}{t} {Headers.X-Id} {sys.methodname} {query}");
    let expected = "route-query-body 1.5True h1,h2 f q";
    assert_eq!(all.as_deref(), Ok(expected));
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
    let binary = "APPLICATION/octet-stream|application/octet-stream; a=b|x-multipart/y|\
        Multipart/mixed; boundary=x";
    let texts = "|application/octet-stream;|application/octet-streams|multipart|\
        application/vnd.octet-stream";
    for (types, expected) in [(binary, "aGk="), (texts, "hi")] {
        for content_type in types.split('|') {
            assert_eq!(
                body(content_type, b"hi").as_deref(),
                Some(expected),
                "{content_type}"
            );
        }
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
    for (name, chunks) in [("get", ""), ("chunked", "3\r\nabc\r\n0\r\n\r\n")] {
        let path = files::template(&format!("wire/host-proxied-{name}.http"));
        let wire = std::fs::read_to_string(path).expect("a capture");
        let (head, body) = wire.split_once("\n\n").expect("a head");
        let mut lines: Vec<&str> = head.lines().collect();
        let fields = lines.iter().filter_map(|line| line.split_once(": "));
        let fields: Vec<(&str, &str)> = fields.collect();
        let of = |name: &str| fields.iter().find(|(n, _)| *n == name).expect("a header").1;
        // The caller's headers, without the host's, and with some that a caller cannot set.
        let mut headers = fields.clone();
        headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("x-") && *name != "Host");
        headers.extend([
            ("Host", of("X-Forwarded-Host")),
            ("Connection", "keep-alive"),
            ("x-forwarded-for", "1.2.3.4"),
        ]);
        let (method, target) = lines[0].split_once(' ').expect("a method");
        let target = target.replace("%252F", "%2F");
        let mut request = request(&target, &headers, body.trim_end().as_bytes());
        request.method = method.to_owned();
        let sent = request.proxied(of("Host"), of("X-Azure-Functions-InvocationId"));
        let sent = String::from_utf8(sent)
            .expect("text")
            .replacen(" HTTP/1.1", "", 1);
        let (sent, sent_body) = sent.split_once("\r\n\r\n").expect("a head");
        let mut sent: Vec<&str> = sent.lines().collect();
        assert_eq!(sent[0], lines[0]);
        sent.sort();
        lines.sort();
        assert_eq!(sent, lines, "{name}");
        assert_eq!(sent_body, chunks);
    }
}

#[test]
fn a_header_that_was_sent_twice_is_one_line() {
    let headers = "Cookie: a=1|X-A: 1|Forwarded: for=1|TE: trailers|Connection: X-B|X-B: kept|\
        cookie: b=2|x-a: 2";
    let headers = headers.split('|').filter_map(|line| line.split_once(": "));
    let sent = request("/", &headers.collect::<Vec<_>>(), b"").proxied("h", "id");
    let sent = String::from_utf8(sent).expect("text");
    let own = sent
        .lines()
        .filter(|line| !line.starts_with("X-F") && !line.contains("unctions"));
    let lines = [
        "GET / HTTP/1.1",
        "Host: h",
        "Cookie: a=1; b=2",
        "X-A: 1, 2",
        "X-B: kept",
    ];
    assert_eq!(own.take(5).collect::<Vec<_>>(), lines, "{sent}");
    for gone in ["Forwarded: for", "TE:", "Connection:"] {
        assert!(!sent.contains(gone), "{sent}");
    }
}

#[test]
fn a_codings_name_ignores_case() {
    let headers = [("Transfer-Encoding", "Chunked")];
    let sent = request("/", &headers, b"abc").proxied("h", "id");
    let sent = String::from_utf8(sent).expect("text");
    assert!(sent.ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), "{sent}");
}
