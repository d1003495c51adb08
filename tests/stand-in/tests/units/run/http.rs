use crate::files;
use stand_in::host::request::{Request, invocation};
use stand_in::run::http::{Connection, Refused, chunked};
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

#[test]
fn an_invocation_is_sent_as_the_host_sends_it() {
    let capture = |name: &str| std::fs::read(files::template(name)).expect(name);
    let payload = capture("wire/host-order-json.json");
    let id = "70734a6c-261f-4802-9a19-265034c703c3";
    let sent = invocation("127.0.0.1:44387", "/order", id, payload.trim_ascii_end());
    assert_eq!(sent, capture("wire/host-order-json.http"));
    let long = chunked(Vec::new(), &[b'x'; 2049]);
    assert!(long.starts_with(b"400\r\nxx") && long.ends_with(b"\r\n1\r\nx\r\n0\r\n\r\n"));
    assert_eq!(long.len(), 2 * (5 + 1024 + 2) + 6 + 5);
}

/// Both ends of a connection.
fn connected() -> (Connection, TcpStream) {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = Connection::open(server.local_addr().unwrap().port()).unwrap();
    (client, server.accept().unwrap().0)
}

const ANSWERS: &str = "HTTP/1.1 100 Continue\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a:2\r\n\r\nhi\
    HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n\
    HTTP/1.1 204 No Content\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhalf";

#[test]
fn answers_are_read_in_every_framing() {
    let (mut client, mut server) = connected();
    server.write_all(ANSWERS.as_bytes()).unwrap();
    drop(server);
    let answers = [(); 4].map(|()| client.read(true).unwrap());
    let shown = answers.each_ref().map(|one| (one.status, one.text()));
    let expected = [(100, ""), (200, "hi"), (201, "0123456789!"), (204, "")];
    assert_eq!(shown, expected);
    assert_eq!(answers[1].header("X-A"), Some("1"));
    assert_eq!(answers[1].headers_named("x-A"), ["1", "2"]);
    let head = client.read(false).unwrap();
    assert_eq!(head.header("content-length"), Some("7"));
    let [half, none] = [(); 2].map(|()| client.read(true).unwrap_err());
    let end = ErrorKind::UnexpectedEof;
    assert_eq!((half.kind(), none.kind()), (end, end));
    let why = "the handler ended, or closed the connection, before it answered";
    assert!(none.to_string().ends_with(why), "{none}");
}

fn read(request: &str) -> io::Result<Request> {
    Request::read(&mut request.as_bytes(), &mut Vec::new())
}

#[test]
fn requests_are_read_in_every_framing() {
    let text = "\r\nPOST /a?b HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\nContent-Length: 3\r\n\r\nabc\
        PUT http://x:1/c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: Chunked\r\nConnection: x, Close\r\n\r\n\
        1;a=b\r\nd\r\n00A\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\nGET / HTTP/1.0\n\n";
    let mut bytes = text.as_bytes();
    let mut next = || Request::read(&mut bytes, &mut Vec::new()).expect("a request");
    let first = next();
    assert_eq!((&*first.method, &*first.target), ("POST", "/a?b"));
    assert_eq!(first.body, b"abc");
    assert_eq!(first.headers[1], ("X-A".to_owned(), "1".to_owned()));
    assert!(first.keep_alive && first.takes_chunks);
    let second = next();
    assert_eq!(second.target, "/c");
    assert_eq!(second.body, b"d0123456789");
    assert!(!second.keep_alive);
    let third = next();
    assert!(!third.keep_alive && !third.takes_chunks && third.headers.is_empty());
    let closed = read("").expect_err("no request");
    assert_eq!(closed.kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_body_is_asked_for_where_the_caller_waits() {
    let ask = |length: usize| {
        let first = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue";
        let request = format!("{first}\r\nContent-Length: {length}\r\n\r\nabc");
        let mut caller = Vec::new();
        let read = Request::read(&mut request.as_bytes(), &mut caller);
        (read.is_ok(), String::from_utf8(caller).expect("text"))
    };
    let asked = "HTTP/1.1 100 Continue\r\n\r\n".to_owned();
    assert_eq!(ask(3), (true, asked));
    assert_eq!(ask(0), (true, String::new()));
    assert_eq!(ask(104_857_601), (false, String::new()));
}

/// The status or the error, words of the reason, and the request with `|` for the ends of lines.
/// `POST` stands for a correct head so far.
const REFUSED: &str = r#"
400: "hello" is not a request: hello|
505: HTTP/2.0: GET / HTTP/2.0||
400: is not a method: GäT / HTTP/1.1||
400: "hello" is not a path: GET hello HTTP/1.1||
400: percent-encoded: GET /ä HTTP/1.1||
400: one Host header: GET / HTTP/1.1||
400: "X 1" is not a header: POSTX 1||
400: is not a header: POSTX : 1||
400: "-1" is not a Content-Length: POSTContent-Length: -1||
400: not both "1" and "2": POSTContent-Length: 1|Content-Length: 2||
413: 100 MiB: POSTContent-Length: 99999999999999999999999||
400: not both: POSTContent-Length: 1|Transfer-Encoding: chunked||
501: gzip: POSTTransfer-Encoding: gzip||
400: not the chunk length: POSTTransfer-Encoding: chunked||x|
400: not the chunk length: POSTTransfer-Encoding: chunked||+1|
400: longer than it says: POSTTransfer-Encoding: chunked||1|ab|
413: 100 MiB: POSTTransfer-Encoding: chunked||6400001|
UnexpectedEof: within a line: GET / HT
UnexpectedEof: within a line: GET / HTTP/1.1|Hos
UnexpectedEof: 1 bytes too early: POSTContent-Length: 3||ab
UnexpectedEof: 1 bytes too early: POSTTransfer-Encoding: chunked||3|ab"#;

#[test]
fn what_is_not_a_request_is_refused_with_a_reason() {
    let refused = |request: &str, status: &str, words: &str| {
        let request = request.replace("POST", "POST / HTTP/1.1|Host: x|");
        let error = read(&request.replace('|', "\r\n")).expect_err("an error");
        let (is, why) = match error.downcast() {
            Ok(Refused(status, why)) => (status.to_string(), why),
            Err(error) => (format!("{:?}", error.kind()), error.to_string()),
        };
        assert_eq!(is, status, "{why}");
        assert!(why.contains(words), "{why:?} does not contain {words:?}");
    };
    for case in REFUSED.trim_start().lines() {
        let mut parts = case.splitn(3, ": ");
        let [status, words, request] = [(); 3].map(|()| parts.next().expect("a part"));
        refused(request, status, words);
    }
    let long = |bytes| "x".repeat(bytes);
    refused(&format!("GET /{}|", long(9000)), "414", "first line");
    refused(&format!("POSTX: {}||", long(33_000)), "431", "32 KiB");
    refused(&format!("POST{}|", "X: 1|".repeat(8000)), "431", "32 KiB");
}

/// On Linux this interrupts a read with a timeout. The test starts itself as the process, and stops
/// it while it waits for an answer. A slow process proves nothing.
#[cfg(unix)]
#[test]
fn a_process_that_was_stopped_and_continued_reads_on() {
    const STOP: &str = r#"WAITS=1 "$0" --exact run::http::a_process_that_was_stopped_and_continued_reads_on &
        sleep 0.5; kill -STOP $!; sleep 0.1; kill -CONT $!; wait $!"#;
    if std::env::var_os("WAITS").is_none() {
        let test = std::env::current_exe().expect("this test's path");
        let mut shell = std::process::Command::new("sh");
        let ended = shell.args(["-c", STOP]).arg(test).output().expect("sh");
        return assert!(ended.status.success(), "{ended:?}");
    }
    let (mut client, mut stream) = connected();
    let answering = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(1));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    });
    assert_eq!(client.read(true).expect("an answer").status, 200);
    answering.join().expect("no panic").expect("sent");
}
