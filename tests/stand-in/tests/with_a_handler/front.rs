use crate::fake::{self, Served};
use crate::wait::wait_for;
use serde_json::{Value, json};
use stand_in::host::date::Date;
use stand_in::host::payload;
use stand_in::host::schedule::Schedule;
use stand_in::run::http::{Body, Connection, request};
use stand_in::run::start;
use std::io::Read;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

const JSON: (&str, &str) = ("Content-Type", "application/json; charset=utf-8");

fn get(connection: &mut Connection, path: &str) {
    connection.send(&request("GET", path, &[], b"")).unwrap();
}

fn answer(connection: &mut Connection) -> String {
    connection.read(true).unwrap().text().to_owned()
}

/// All bytes until the connection ends.
fn whole(served: &Served, request: impl AsRef<[u8]>) -> String {
    let mut connection = served.connect();
    connection.send(request.as_ref()).unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_connection_takes_requests_one_after_the_other() {
    let served = Served::start("one-after-the-other");
    let mut connection = served.connect();
    let mut ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let request = request(method, path, headers, body);
        connection.exchange(&request).unwrap()
    };
    for _ in 0..3 {
        let order = ask("POST", "/api/order", &[], b"{\"id\":1}");
        assert_eq!((order.status, order.text()), (200, "Order enqueued"));
        let plain = ask("GET", "/api/plain/7?x=1&x=2", &[("X-Own", "a")], b"");
        let first = "GET /api/plain/7?x=1&x=2\n";
        assert!(plain.text().starts_with(first), "{plain:?}");
        assert!(plain.text().contains("X-Own: a\n"), "{plain:?}");
        let length = ask("GET", "/api/length", &[], b"");
        assert_eq!((length.status, length.text()), (203, "hello"));
        let headers = ["X-A", "Connection"].map(|name| length.header(name));
        assert_eq!(headers, [Some("1"), None]);
        let head = ask("HEAD", "/api/plain", &[], b"");
        assert_eq!(head.status, 200);
        assert_eq!(head.header("Content-Length"), Some("7"));
    }
    let in_chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let header = ("Transfer-Encoding", "chunked");
    let seen = ask("POST", "/api/plain", &[header], in_chunks);
    assert!(seen.text().ends_with("\n\nabcde"), "{seen:?}");
    assert!(seen.text().contains("Transfer-Encoding: chunked\n"));
    let headers = [("Content-Length", "2"), ("Expect", "100-continue")];
    assert_eq!(ask("POST", "/api/plain", &headers, b"").status, 100);
    connection.send(b"hi").unwrap();
    assert!(answer(&mut connection).ends_with("\n\nhi"));

    assert_eq!(served.host().storage.messages("orders").len(), 3);
    // Both at once: the second waits until the first is answered.
    let order = request("POST", "/api/order", &[], b"a");
    let length = request("GET", "/api/length", &[], b"");
    connection.send(&[order, length].concat()).unwrap();
    assert_eq!(answer(&mut connection), "Order enqueued");
    assert_eq!(answer(&mut connection), "hello");
}

#[test]
fn an_answer_is_passed_on_as_it_comes() {
    let served = Served::start("as-it-comes");
    let mut connection = served.connect();
    get(&mut connection, "/api/stream");
    let (head, mut body) = connection.read_head(true).unwrap();
    assert_eq!((head.status, head.header("X-A")), (200, Some("1")));
    assert_eq!(body, Body::Chunked(0));
    let mut piece = || connection.read_piece(&mut body).unwrap();
    assert_eq!(piece().as_deref(), Some(&b"one"[..]));
    served.fake.go_on.store(true, SeqCst);
    assert_eq!(piece().as_deref(), Some(&b"two"[..]));
    assert_eq!(piece(), None);
    // The connection goes on.
    get(&mut connection, "/api/length");
    assert_eq!(answer(&mut connection), "hello");
    // For HTTP/1.0, which has no chunks, it ends with the answer.
    let keep_alive = "GET /api/stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    for (old, body) in [
        (keep_alive, "onetwo"),
        ("GET /api/length HTTP/1.0\r\n\r\n", "hello"),
    ] {
        let said = whole(&served, old);
        let end = format!("Connection: close\r\n\r\n{body}");
        assert!(said.ends_with(&end), "{said}");
        assert!(!said.contains("chunked"), "{said}");
    }
}

#[test]
fn a_caller_that_leaves_ends_the_handlers_connection() {
    // The caller keeps what has come, and gets no 500.
    for (path, has_begun, end) in [
        ("stream", true, ": 200, and its body broke off in "),
        ("silent", false, ": failed in "),
    ] {
        let served = Served::start(&format!("leaves-{path}"));
        let mut connection = served.connect();
        get(&mut connection, &format!("/api/{path}"));
        if has_begun {
            let (_, mut body) = connection.read_head(true).unwrap();
            assert!(connection.read_piece(&mut body).unwrap().is_some());
        }
        assert!(!served.fake.left.load(SeqCst));
        drop(connection);
        let left = || served.fake.left.load(SeqCst).then_some(());
        wait_for("the handler to see it", left);
        let ended = || served.says(end, " ms: the caller has gone").then_some(());
        wait_for("the host to see it", ended);
    }
}

/// No connection could be opened, so the request was certainly not carried out.
#[test]
fn a_request_after_a_crash_waits_for_the_next_handler() {
    let root = fake::app("after-a-crash");
    let next = Served::start_at(&root).host();
    let process = |app: &_| start::start(app, &fake::command, None).unwrap();
    let served = Served::start_with(&root, process);
    served.host().handler.kill();
    thread::scope(|scope| {
        let asked = scope.spawn(|| served.ask("GET", "/api/length", &[], b""));
        thread::sleep(Duration::from_millis(200));
        assert!(!asked.is_finished());
        served.current.replace(next);
        assert_eq!(asked.join().unwrap().text(), "hello");
    });
    assert!(served.lines.lock().unwrap().is_empty());
}

#[test]
fn an_answer_that_breaks_off_does_so_for_the_caller() {
    let served = Served::start("breaks-off");
    let broken = whole(&served, request("GET", "/api/broken", &[], b""));
    assert!(broken.ends_with("\r\n\r\n3\r\none\r\n"), "{broken}");
    // The caller has already got a 200.
    assert!(served.says("broken", ": 200, and its body broke off in "));
}

const REASONS: &str = "200 OK, 201 Created, 202 Accepted, 203 , 204 No Content, 400 Bad Request, \
    404 Not Found, 405 Method Not Allowed, 415 Unsupported Media Type";

/// curl's output, and what is noted.
const CURL: &str = include_str!("curl.txt");

#[test]
fn all_that_curl_can_do() {
    let served = Served::start("curl");
    let is_case = |line: &&str| !line.is_empty() && !line.starts_with('#');
    for case in CURL.lines().filter(is_case) {
        if let Some(words) = case.strip_prefix("noted ") {
            wait_for(case, || served.says("", words).then_some(()));
            continue;
        }
        let (asked, sent) = case.split_once(" < ").unwrap_or((case, "x"));
        let mut parts = asked.splitn(4, ' ');
        let [method, path, status] = [(); 3].map(|()| parts.next().unwrap());
        let words = parts.next().unwrap_or_default();
        let mut reasons = REASONS.split(", ");
        let line = reasons.find(|reason| reason.starts_with(status)).unwrap();
        let mut headers = vec![("Connection", "close")];
        headers.extend(sent.starts_with(['{', '[']).then_some(JSON));
        let sent = if method == "GET" { "" } else { sent };
        let request = request(method, path, &headers, sent.as_bytes());
        let ask = || {
            let said = whole(&served, &request);
            let (head, body) = said.split_once("\r\n\r\n").unwrap();
            let is_right = match words.starts_with('[') {
                true => body.parse::<Value>().ok() == words.parse().ok(),
                false => body.contains(words),
            };
            let has_line = head.starts_with(&format!("HTTP/1.1 {line}\r\n"));
            if is_right && has_line {
                Ok(())
            } else {
                Err(said)
            }
        };
        match method {
            "GET" => wait_for(case, || ask().ok()),
            _ => assert_eq!(ask(), Ok(()), "{case}"),
        }
    }
}

/// Its body is not read to the end.
#[test]
fn a_body_that_is_too_large_is_answered_in_words() {
    let served = Served::start("words");
    let headers = [("Content-Length", "104857601")];
    let large = served.ask("POST", "/api/order", &headers, &[b'x'; 100_000]);
    assert_eq!(large.status, 413, "{large:?}");
    assert!(large.text().contains("100 MiB"), "{large:?}");
}

#[test]
fn messages_and_times_can_be_seen() {
    let served = Served::start("local");
    let put = |message: &[u8]| served.ask("POST", "/local/queues/jobs", &[], message);
    for message in [&b"\xff"[..], b"{\n  \"a\": 1\n}", b""] {
        assert_eq!(put(message).status, 201);
    }
    let large = put(&[b'x'; 49_153]);
    assert_eq!(large.status, 413);
    assert!(large.text().contains("49152"));
    let see = |path| served.ask("GET", path, &[], b"").json();
    let expected = json!([{"base64": "/w=="}, "{\"a\":1}", ""]);
    assert_eq!(see("/local/queues/jobs"), expected);
    let all = see("/local");
    assert!(all["functions"].to_string().contains("\"seen\""));
    let next = all["timers"]["seen"].as_str().unwrap();
    assert!(next.ends_with("T03:00:00Z"));
    assert!(Date::now().until(Date::parse(next).unwrap()) > 0);
}

#[test]
fn a_message_without_base64_may_be_larger() {
    let root = fake::app("local-none");
    let host = fake::HOST.replace(r#""maxDequeueCount":3"#, r#""messageEncoding":"none""#);
    fake::write(&root, "host.json", &host);
    let served = Served::start_at(&root);
    for (length, status) in [(65_536, 201), (65_537, 413)] {
        let message = vec![b'x'; length];
        let answer = served.ask("POST", "/local/queues/jobs", &[], &message);
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

/// A tool's author sees in the terminal what clients get.
#[test]
fn an_error_for_an_mcp_client_is_noted() {
    let served = Served::start_at(&fake::app_with("mcp", "fails: tool price"));
    let accept = ("Accept", "application/json, text/event-stream");
    for (name, arguments, words) in [
        ("prices", json!({}), "Unknown tool: 'prices'"),
        ("price", json!({}), "Please provide: item"),
        (
            "price",
            json!({"item": "tea"}),
            "An error occurred invoking 'price'.",
        ),
    ] {
        let params = json!({"name": name, "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let (path, call) = ("/runtime/webhooks/mcp", call.to_string());
        let answer = served.ask("POST", path, &[JSON, accept], call.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(served.says("the MCP client gets an error", words));
    }
}

#[test]
fn inputs_are_files() {
    let root = fake::app("inputs");
    let served = Served::start_at(&root);
    let written = |function: &str, input: &str, output| {
        let path = format!("/admin/functions/{function}");
        let body = json!({"input": input}).to_string();
        let answer = served.ask("POST", &path, &[JSON], body.as_bytes());
        assert_eq!(answer.status, 202);
        let written = || served.host().storage.written(function, output).pop();
        wait_for("an output", written)
    };
    let seen = || written("seen", "", "rows")["data"].take();
    let first = seen();
    let timer = &first["timer"];
    let next = timer["ScheduleStatus"]["Next"].as_str();
    let schedule = Schedule::parse("0 0 3 * * *").expect("a schedule");
    let expected = payload::timer_value(&schedule, next.and_then(Date::parse), None);
    assert_eq!(*timer, expected);
    assert_eq!(first["row"], "null");
    let lacks = "its input row gets nothing: .local/seen.row is not there";
    assert!(served.says(" seen ", lacks));

    fake::write(&root, ".local/seen.row", r#"{"Price":7}"#);
    let is_read = || (seen()["row"] == json!({"Price": 7})).then_some(());
    wait_for("the file", is_read);
    std::fs::write(root.join(".local/blobs.item"), b"\xffpng").unwrap();
    let bytes = json!({"base64": "/3BuZw=="});
    assert_eq!(written("blobs", "ins/cat.png", "out"), bytes);
}
