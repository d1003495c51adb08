//! A handler that does as a test wants, and an app for it.

use serde_json::{Value, json};
use stand_in::app::description::Description;
use stand_in::host::base64::to_base64;
use stand_in::host::invoke::Host;
use stand_in::host::record::Record;
use stand_in::host::storage::Storage;
use stand_in::run::current::Current;
use stand_in::run::http::{Answer, Connection, Received, named, peek, request};
use stand_in::run::process::Handler;
use stand_in::run::show::Console;
use stand_in::run::{serve as front, start};
use std::io::{BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The functions of the app, one per line: its name and its bindings.
const FUNCTIONS: &str = "\
order: post > answer > queue:message orders
plain: http plain/{id:int?} > answer
length: get > answer
stream: get > answer
silent: get > answer
broken: get > answer
copy: on-queue copy-in > queue:$return copy-out
second: on-queue copy-out > queue:$return second-out
circle: on-queue circle > queue:$return circle
seen: timer 0 0 3 * * * > read-cosmos rows > cosmos rows
blobs: on-blob ins/{name}.png > blob:outs outs/{name}
events: on-event > cosmos rows";

/// The bindings of the tests' apps, one per line: its kind, and its JSON.
const BINDINGS: &str = r#"
http: {"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous","methods":["get","post"],"route":"PLACE"}
get: {"type":"httpTrigger","direction":"in","name":"req","methods":["get"],"route":"PLACE"}
post: {"type":"httpTrigger","direction":"in","name":"req","methods":["post"],"route":"PLACE"}
answer: {"type":"http","direction":"out","name":"res"}
on-queue: {"type":"queueTrigger","direction":"in","name":"item","queueName":"PLACE","connection":"FAKE_OTHER"}
on-blob: {"type":"blobTrigger","direction":"in","name":"item","path":"PLACE","connection":"FAKE_OTHER"}
on-event: {"type":"eventGridTrigger","direction":"in","name":"event"}
timer: {"type":"timerTrigger","direction":"in","name":"timer","schedule":"PLACE"}
startup-timer: {"type":"timerTrigger","direction":"in","name":"timer","schedule":"PLACE","runOnStartup":true}
queue: {"type":"queue","direction":"out","name":"out","queueName":"PLACE","connection":"FAKE_OTHER"}
blob: {"type":"blob","direction":"out","name":"out","path":"PLACE","connection":"FAKE_OTHER"}
read-blob: {"type":"blob","direction":"in","name":"in","path":"PLACE","connection":"FAKE_OTHER"}
rows: {"type":"table","direction":"out","name":"out","tableName":"PLACE","partitionKey":"{day}","connection":"FAKE_OTHER"}
read-rows: {"type":"table","direction":"in","name":"in","tableName":"PLACE","partitionKey":"{day}","take":2,"connection":"FAKE_OTHER"}
cosmos: {"type":"cosmosDB","direction":"out","name":"rows","databaseName":"d","containerName":"PLACE","connection":"FAKE_OTHER"}
read-cosmos: {"type":"cosmosDB","direction":"in","name":"row","databaseName":"d","containerName":"PLACE","connection":"FAKE_OTHER"}
"#;

pub const HOST: &str = r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"},"enableProxyingHttpRequest":true},
    "extensions":{"queues":{"maxDequeueCount":3}},
    "extensionBundle":{"id":"Microsoft.Azure.Functions.ExtensionBundle","version":"[4.*, 5.0.0)"}}"#;

/// A folder with the app, made anew for a test.
pub fn app(test: &str) -> PathBuf {
    app_with(test, FUNCTIONS)
}

/// A folder with an app of these functions, one per line, made anew for a test.
pub fn app_with(test: &str, functions: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("app-{test}"));
    let _ = std::fs::remove_dir_all(&root);
    write(&root, "host.json", HOST);
    let settings = r#"{"Values":{"FAKE_SETTING":"from the file","FAKE_OTHER":"from the file"}}"#;
    write(&root, "local.settings.json", settings);
    for function in functions.lines() {
        let (name, bindings) = function.trim().split_once(": ").expect("a name");
        write_function(&root, name, bindings);
    }
    root
}

/// Writes a function's folder: its trigger, and what it reads and writes.
pub fn write_function(root: &Path, name: &str, bindings: &str) {
    let bindings: Vec<_> = bindings.split(" > ").map(binding).collect();
    let bindings = json!({"bindings": bindings}).to_string();
    write(root, &format!("{name}/function.json"), &bindings);
}

/// A binding: its kind, with another name than usual behind a colon, and its route, queue, path or
/// table; or its JSON.
fn binding(text: &str) -> Value {
    if text.starts_with('{') {
        return text.parse().expect("JSON");
    }
    let (kind, place) = text.split_once(' ').unwrap_or((text, ""));
    let (kind, name) = kind.split_once(':').unwrap_or((kind, ""));
    let mut lines = BINDINGS.lines().filter_map(|line| line.split_once(": "));
    let (_, json) = lines.find(|(own, _)| *own == kind).expect(kind);
    let json = json.replace("PLACE", place).replace(r#","route":"""#, "");
    let mut binding: Value = json.parse().expect("JSON");
    if !name.is_empty() {
        binding["name"] = name.into();
    }
    binding
}

/// Writes a file below `root`.
pub fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(file, text).expect("a file");
}

/// What a test sees of the handler.
#[derive(Default)]
pub struct Fake {
    /// Whether the function `stream` may go on after its first chunk.
    pub go_on: AtomicBool,
    /// Whether a connection ended while `stream` or `silent` was at work.
    pub left: AtomicBool,
    /// Whether `long` is at work.
    at_work: AtomicBool,
}

impl Fake {
    /// Serves a listener, with one thread per connection.
    pub fn serve(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            let (fake, stream) = (self.clone(), stream.expect("a connection"));
            thread::spawn(move || {
                let mut connection = BufReader::new(&stream);
                while let Ok(request) = Received::read(&mut connection, &mut &stream) {
                    fake.answer(&request, &stream);
                }
            });
        }
    }

    fn answer(&self, request: &Received, mut stream: &TcpStream) {
        const CHUNKED: &str =
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
        let Received {
            method,
            target,
            headers,
            body,
            ..
        } = request;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut ids = named(headers, "X-Azure-Functions-InvocationId");
        let id = ids.next().unwrap_or_default();
        let write = |text: &str| {
            let _ = (&*stream).write_all(text.as_bytes());
        };
        let text = |status: u16, headers: &str, body: &str| {
            let head = format!("HTTP/1.1 {status} Any\r\n{headers}Content-Length: ");
            write(&format!("{head}{}\r\n\r\n{body}", body.len()));
        };
        match (method.as_str(), path) {
            (_, "/") => text(200, "", "ready"),
            ("HEAD", "/api/plain") => write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
            (_, "/api/length") => text(203, "X-A: 1\r\nConnection: keep-alive\r\n", "hello"),
            (_, "/api/stream") => {
                write(CHUNKED);
                while !self.go_on.load(SeqCst) {
                    if self.has_left(stream) {
                        return;
                    }
                }
                write("3\r\ntwo\r\n0\r\n\r\n");
            }
            (_, "/api/silent") => while !self.has_left(stream) {},
            (_, "/api/broken") => {
                write(CHUNKED);
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
            (_, path) if path.starts_with("/api/plain") => {
                println!("invocation 1: plain was here");
                let mut seen = format!("{method} {target}\n");
                for (name, value) in headers {
                    seen += &format!("{name}: {value}\n");
                }
                text(200, "", &(seen + "\n" + &String::from_utf8_lossy(body)));
            }
            ("GET", _) => {
                let (status, body) = hello(query, id);
                text(status, "", &body);
            }
            (_, function) => {
                let payload: Value = serde_json::from_slice(body).expect("a payload");
                let (status, body) = self.invoked(&function[1..], id, &payload);
                text(status, "Content-Type: application/json\r\n", &body);
            }
        }
        stream.flush().expect("flushed");
    }

    /// Whether the connection has ended, looked for during some milliseconds.
    fn has_left(&self, stream: &TcpStream) -> bool {
        thread::sleep(Duration::from_millis(5));
        let left = !peek(stream).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.left.fetch_or(left, SeqCst);
        left
    }

    /// The status and the body that a function answers an invocation with.
    fn invoked(&self, function: &str, id: &str, payload: &Value) -> (u16, String) {
        let data = &payload["Data"];
        let first_try = payload["Metadata"]["DequeueCount"] == "1";
        let returned = |bytes| json!({"ReturnValue": to_base64(bytes)});
        let answer = match function {
            "order" => {
                let body = data["req"]["Body"].clone();
                json!({"Outputs": {"message": body, "res": {"body": "Order enqueued"}}, "Logs": ["ordered"]})
            }
            "copy" | "second" | "circle" => {
                let text = data["item"].as_str().expect("a text");
                let text: String = serde_json::from_str(text).expect("a text in a text");
                match text.as_str() {
                    "fail" => {
                        println!("invocation 2: about to fail");
                        return (500, "it failed".to_owned());
                    }
                    "fail once" if first_try => return (500, "it failed".to_owned()),
                    "hang" => return (200, String::new()),
                    "never" => {
                        println!("invocation 3: about to wait");
                        never()
                    }
                    "then never" if function == "copy" => returned(b"never"),
                    "bytes" => returned(b"\xff\x00"),
                    _ => {
                        let mut answer = returned(text.as_bytes());
                        answer["Logs"] = json!([format!("{function} had {text}")]);
                        answer
                    }
                }
            }
            "blobs" => json!({"Outputs": {"outs": data["item"]}}),
            // Gives what triggers it to the output `out`, as it came.
            function if function.starts_with("pass") => {
                println!("invocation 3: {function} has run");
                let value = match data["req"].as_object() {
                    Some(request) => request.get("Body").cloned().unwrap_or_default(),
                    None => data["item"].clone(),
                };
                // A queue message is a text in a text, a blob is base64.
                let value = value.as_str().unwrap_or_default();
                let text = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
                json!({"Outputs": {"out": text, "res": {"body": data["in"]}}})
            }
            "fails" => return (500, r#"{"error":"it failed"}"#.to_owned()),
            "rows" => {
                let body = data["req"]["Body"].as_str().unwrap_or("null");
                let out: Value = serde_json::from_str(body).expect("JSON");
                json!({"Outputs": {"out": out, "res": {"body": data["in"]}}})
            }
            "work" => {
                let words = payload.to_string();
                if words.contains("never") && first_try {
                    never();
                }
                if words.contains("no price") {
                    let why = "failed: no price (at src/work.rs:7)";
                    println!("invocation {id}: looked for one");
                    eprintln!("error: invocation {id}: POST /work: 500: {why}");
                    return (500, json!({"error": why}).to_string());
                }
                let long = "a text that is longer than the line has room for, so that it is cut";
                json!({"Logs": ["it\nworked"], "ReturnValue": long})
            }
            "tick" | "yearly" => json!({}),
            "long" => {
                assert!(!self.at_work.swap(true, SeqCst), "two at once");
                thread::sleep(SLOW);
                self.at_work.store(false, SeqCst);
                json!({})
            }
            _ => {
                let variables = ["FAKE_SETTING", "FAKE_OTHER"].map(|name| std::env::var(name).ok());
                json!({"Outputs": {"rows": {"data": data, "metadata": payload["Metadata"], "variables": variables}}})
            }
        };
        (200, answer.to_string())
    }
}

/// How long slow functions take.
const SLOW: Duration = Duration::from_millis(1500);

fn never() -> ! {
    loop {
        thread::park();
    }
}

/// Does what the query says, and answers with the text of [`SERVE`] and the process's id.
fn hello(query: &str, id: &str) -> (u16, String) {
    match query {
        "slow" => thread::sleep(SLOW),
        "never" => never(),
        "fail" => {
            eprintln!(
                "error: invocation {id}: GET /api/hello: 500: function hello failed: no tea (at src/hello.rs:7)"
            );
            return (500, "{}".to_owned());
        }
        "own500" => return (500, "busy".to_owned()),
        _ => {}
    }
    if let Some(code) = query.strip_prefix("exit=") {
        std::process::exit(code.parse().expect("a code"));
    }
    let text = std::env::var(SERVE).unwrap_or_default();
    (200, format!("{text} {}", std::process::id()))
}

/// The variable that makes `serve` serve.
pub const SERVE: &str = "STAND_IN_FAKE";

/// Not a test, but the process that [`command`] starts.
#[test]
fn serve() {
    if std::env::var_os(SERVE).is_none() {
        return;
    }
    let port = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT").expect("a port");
    let port: u16 = port.parse().expect("a number");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a listener");
    println!("serving the Functions host on port {port}");
    Arc::new(Fake::default()).serve(&listener);
}

/// The command that starts the handler as a process.
pub fn command() -> Command {
    command_of("fake::serve", SERVE)
}

/// The command that starts these tests once more: the one of this name, with a variable set.
pub fn command_of(test: &str, variable: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test's path"));
    command.args([test, "--exact", "--nocapture", "--quiet"]);
    command.env_remove("RUST_BACKTRACE");
    command.arg("--test-threads=1").env(variable, "1");
    command
}

/// The front, with the handler in this process.
pub struct Served {
    pub fake: Arc<Fake>,
    pub port: u16,
    pub current: Arc<Current>,
    pub storage: Arc<Storage>,
    /// What the terminal would show.
    pub lines: Arc<Mutex<Vec<String>>>,
}

/// A listener on a port of the system's choice, and that port.
pub fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

impl Served {
    pub fn start(test: &str) -> Self {
        Self::start_at(&app(test))
    }

    /// The same, of the app in a folder.
    pub fn start_at(root: &Path) -> Self {
        let (listener, port) = listen();
        let fake = Arc::new(Fake::default());
        let serving = fake.clone();
        thread::spawn(move || serving.serve(&listener));
        Self::start_with(root, fake, Handler::attached(port))
    }

    /// The same, with a handler that is a process.
    pub fn start_process(root: &Path) -> Self {
        let app = Description::read(root, &|_| None);
        let handler = start::start(&app, &command, None).expect("a handler");
        Self::start_with(root, Arc::default(), handler)
    }

    fn start_with(root: &Path, fake: Arc<Fake>, handler: Handler) -> Self {
        let app = Description::read(root, &|_| None);
        assert_eq!(app.findings, []);
        let storage = Arc::new(Storage::with_files(root.join(".local")));
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let noted = lines.clone();
        let console = Console::new(move |line| noted.lock().unwrap().push(line.to_owned()));
        let record = Arc::new(Record::shown(Arc::new(console)));
        let mut host = Host::new(handler, Arc::new(app));
        (host.storage, host.record) = (storage.clone(), record);
        let current = Arc::new(Current::default());
        current.replace(Arc::new(host));
        let ((callers, port), hosts) = (listen(), current.clone());
        thread::spawn(move || front::serve(&callers, &hosts));
        Self {
            fake,
            port,
            current,
            storage,
            lines,
        }
    }

    pub fn connect(&self) -> Connection {
        Connection::open(self.port).expect("a connection")
    }

    /// Whether a line has both.
    pub fn says(&self, first: &str, words: &str) -> bool {
        let lines = self.lines.lock().unwrap();
        let has_both = |line: &String| line.contains(first) && line.contains(words);
        lines.iter().any(has_both)
    }

    /// One request on a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let request = request(method, path, headers, body);
        self.connect().exchange(&request).expect("an answer")
    }
}

/// The front serves for as long as the tests run, and holds the host.
impl Drop for Served {
    fn drop(&mut self) {
        if let Some(host) = self.current.now() {
            host.handler.kill();
        }
    }
}
