//! A handler for tests, and its app.

use serde_json::{Value, json};
use stand_in::app::description::Description;
use stand_in::host::base64::to_base64;
use stand_in::host::invoke::Host;
use stand_in::host::record::Record;
use stand_in::host::request::Request;
use stand_in::host::storage::Storage;
use stand_in::run::current::Current;
use stand_in::run::http::{Answer, Connection, named, peek, request};
use stand_in::run::process::Handler;
use stand_in::run::serve as front;
use stand_in::run::show::Console;
use std::io::{BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
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
copy: on-queue copy-in > queue copy-out
second: on-queue copy-out > queue second-out
circle: on-queue circle > queue circle
seen: timer 0 0 3 * * * > read-cosmos rows > cosmos rows
blobs: on-blob ins/{name}.png > blob outs/{name}
events: on-event > cosmos rows";

/// The kinds of bindings: type, direction, name, what the place is, and more members.
const BINDINGS: &str = r#"
http: httpTrigger in req route {"methods":["get","post"]}
get: httpTrigger in req route {"methods":["get"]}
post: httpTrigger in req route {"methods":["post"]}
answer: http out res - {}
tool: mcpToolTrigger in context toolName {"description":"The price.","toolProperties":"[{\"propertyName\":\"item\",\"propertyType\":\"string\",\"isRequired\":true}]"}
on-queue: queueTrigger in item queueName {}
on-blob: blobTrigger in item path {}
on-event: eventGridTrigger in event - {}
timer: timerTrigger in timer schedule {}
startup-timer: timerTrigger in timer schedule {"runOnStartup":true}
queue: queue out out queueName {}
blob: blob out out path {}
read-blob: blob in in path {}
rows: table out out tableName {"partitionKey":"{day}"}
read-rows: table in in tableName {"partitionKey":"{day}","take":2}
cosmos: cosmosDB out rows containerName {"databaseName":"d"}
read-cosmos: cosmosDB in row containerName {"databaseName":"d"}
"#;

pub const HOST: &str = r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"},"enableProxyingHttpRequest":true},
    "extensions":{"queues":{"maxDequeueCount":3}},
    "extensionBundle":{"id":"Microsoft.Azure.Functions.ExtensionBundle","version":"[4.*, 5.0.0)"}}"#;

pub fn app(test: &str) -> PathBuf {
    app_with(test, FUNCTIONS)
}

/// A new folder with an app of these functions, one per line.
pub fn app_with(test: &str, functions: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("app-{test}"));
    let _ = std::fs::remove_dir_all(&root);
    write(&root, "host.json", HOST);
    let settings = r#"{"Values":{"FAKE_SETTING":"from the file","FAKE_OTHER":"from the file"}}"#;
    write(&root, "local.settings.json", settings);
    write_functions(&root, functions);
    root
}

/// The functions of a text, one per line: the name and the bindings of each.
pub fn functions(text: &str) -> impl Iterator<Item = (&str, Vec<Value>)> {
    text.lines().map(|line| {
        let (name, bindings) = line.trim().split_once(": ").expect("a name");
        (name, bindings.split(" > ").map(binding).collect())
    })
}

/// Writes the folders of functions, one per line.
pub fn write_functions(root: &Path, text: &str) {
    for (name, bindings) in functions(text) {
        let file = json!({"bindings": bindings}).to_string();
        write(root, &format!("{name}/function.json"), &file);
    }
}

/// Of a binding's kind, with an unusual name after a colon, and its place.
fn binding(text: &str) -> Value {
    let (kind, place) = text.split_once(' ').unwrap_or((text, ""));
    let (kind, name) = kind.split_once(':').unwrap_or((kind, ""));
    let mut lines = BINDINGS.lines().filter_map(|line| line.split_once(": "));
    let (_, line) = lines.find(|(own, _)| *own == kind).expect(kind);
    let parts: Vec<_> = line.splitn(5, ' ').collect();
    let [type_name, direction, usual, place_is, more] = parts[..] else {
        panic!("{line}");
    };
    let mut binding: Value = more.parse().expect("JSON");
    binding["type"] = type_name.into();
    binding["direction"] = direction.into();
    binding["name"] = if name.is_empty() { usual } else { name }.into();
    if !place.is_empty() {
        binding[place_is] = place.into();
    }
    if ["queueName", "path", "tableName", "containerName"].contains(&place_is) {
        binding["connection"] = "FAKE_OTHER".into();
    }
    binding
}

pub fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(file, text).expect("a file");
}

#[derive(Default)]
pub struct Fake {
    /// Whether the function `stream` may continue after its first chunk.
    pub go_on: AtomicBool,
    /// Whether a connection ended during `stream` or `silent`.
    pub left: AtomicBool,
    /// Whether `long` is running.
    at_work: AtomicBool,
}

impl Fake {
    /// One thread per connection.
    pub fn serve(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            let (fake, stream) = (self.clone(), stream.expect("a connection"));
            thread::spawn(move || {
                let mut connection = BufReader::new(&stream);
                while let Ok(request) = Request::read(&mut connection, &mut &stream) {
                    fake.answer(&request, &stream);
                }
            });
        }
    }

    fn answer(&self, request: &Request, mut stream: &TcpStream) {
        const CHUNKED: &str =
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
        const LENGTH: &str = "HTTP/1.1 203 Any\r\nX-A: 1\r\nConnection: keep-alive\r\n\
            Content-Length: 5\r\n\r\nhello";
        let (method, target) = (&request.method, &request.target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut ids = named(&request.headers, "X-Azure-Functions-InvocationId");
        let id = ids.next().unwrap_or_default();
        let write = |text: &str| {
            let _ = (&*stream).write_all(text.as_bytes());
        };
        let text = |(status, body): (u16, String)| {
            let head = format!("HTTP/1.1 {status} Any\r\nContent-Type: application/json\r\n");
            let length = body.len();
            write(&format!("{head}Content-Length: {length}\r\n\r\n{body}"));
        };
        match path {
            "/" => text((200, "ready".to_owned())),
            "/api/length" => write(LENGTH),
            "/api/stream" => {
                write(CHUNKED);
                while !self.go_on.load(SeqCst) {
                    if self.has_left(stream) {
                        return;
                    }
                }
                write("3\r\ntwo\r\n0\r\n\r\n");
            }
            "/api/silent" => while !self.has_left(stream) {},
            "/api/broken" => {
                write(CHUNKED);
                let _ = stream.shutdown(Shutdown::Both);
            }
            "/api/plain" if method == "HEAD" => {
                write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
            }
            _ if path.starts_with("/api/plain") => {
                println!("invocation 1: plain was here");
                let mut seen = format!("{method} {target}\n");
                for (name, value) in &request.headers {
                    seen += &format!("{name}: {value}\n");
                }
                text((200, seen + "\n" + &String::from_utf8_lossy(&request.body)));
            }
            _ if method == "GET" => text(hello(query, id)),
            _ => {
                let payload = serde_json::from_slice(&request.body).expect("a payload");
                text(self.invoked(&path[1..], id, &payload));
            }
        }
        stream.flush().expect("flushed");
    }

    /// Whether the connection ends within some milliseconds.
    fn has_left(&self, stream: &TcpStream) -> bool {
        thread::sleep(Duration::from_millis(5));
        let left = !peek(stream).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.left.fetch_or(left, SeqCst);
        left
    }

    /// The status and the body of a function's answer.
    fn invoked(&self, function: &str, id: &str, payload: &Value) -> (u16, String) {
        let data = &payload["Data"];
        let body = &data["req"]["Body"];
        let first_try = payload["Metadata"]["DequeueCount"] == "1";
        let given = body.as_str().or(data["item"].as_str()).unwrap_or_default();
        // A queue message is a text in a text, a blob is base64.
        let (text, out) = match given.parse() {
            Ok(Value::String(text)) => (text.clone(), to_base64(text.as_bytes()).into()),
            Ok(json) => (String::new(), json),
            Err(_) => (given.to_owned(), given.into()),
        };
        let pass = |out: Value| {
            let log = format!("{function} had {text}");
            json!({"Outputs": {"out": out, "res": {"body": data["in"]}}, "Logs": [log]})
        };
        let failed = |body: &str| (500, body.to_owned());
        let answer = match (function, &*text) {
            ("order", _) => {
                json!({"Outputs": {"message": body, "res": {"body": "Order enqueued"}}, "Logs": ["ordered"]})
            }
            ("fails", _) => return failed(r#"{"error":"it failed"}"#),
            ("work", _) => {
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
            ("long", _) => {
                assert!(!self.at_work.swap(true, SeqCst), "two at once");
                thread::sleep(SLOW);
                self.at_work.store(false, SeqCst);
                json!({})
            }
            ("tick" | "yearly", _) => json!({}),
            ("seen" | "events", _) => {
                let variables = ["FAKE_SETTING", "FAKE_OTHER"].map(|name| std::env::var(name).ok());
                json!({"Outputs": {"rows": {"data": data, "metadata": payload["Metadata"], "variables": variables}}})
            }
            // The others write the trigger's value to `out`, and answer with the input `in`.
            (_, "fail") => {
                println!("invocation 2: about to fail");
                return failed("it failed");
            }
            (_, "fail once") if first_try => return failed("it failed"),
            (_, "hang") => return (200, String::new()),
            (_, "never") => {
                println!("invocation 3: about to wait");
                never()
            }
            ("copy", "then never") => pass(to_base64(b"never").into()),
            (_, "bytes") => pass(to_base64(b"\xff\x00").into()),
            _ => pass(out),
        };
        (200, answer.to_string())
    }
}

const SLOW: Duration = Duration::from_millis(1500);

fn never() -> ! {
    loop {
        thread::park();
    }
}

/// The query chooses what it does. It answers with the text of [`SERVE`] and the process's id.
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

/// If set, the test `serve` is the handler.
pub const SERVE: &str = "STAND_IN_FAKE";

/// Not a test, but the process of [`command`].
#[test]
fn serve() {
    if std::env::var_os(SERVE).is_none() {
        return;
    }
    let port = std::env::var("FUNCTIONS_CUSTOMHANDLER_PORT").expect("a port");
    let port = port.parse().expect("a number");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a listener");
    println!("serving the Functions host on port {port}");
    Arc::new(Fake::default()).serve(&listener);
}

pub fn command() -> Command {
    command_of("fake::serve", SERVE)
}

/// Starts one of these tests again, with a variable set.
pub fn command_of(test: &str, variable: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test's path"));
    command.args([test, "--exact", "--nocapture", "--quiet"]);
    command.env_remove("RUST_BACKTRACE");
    command.arg("--test-threads=1").env(variable, "1");
    command
}

/// A listener on a free port.
pub fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// The front, with the handler in this process.
pub struct Served {
    pub fake: Arc<Fake>,
    pub port: u16,
    pub current: Arc<Current>,
    pub lines: Arc<Mutex<Vec<String>>>,
}

impl Served {
    pub fn start(test: &str) -> Self {
        Self::start_at(&app(test))
    }

    pub fn start_at(root: &Path) -> Self {
        let (listener, port) = listen();
        let fake = Arc::new(Fake::default());
        let serving = fake.clone();
        thread::spawn(move || serving.serve(&listener));
        let served = Self::start_with(root, |_| Handler::attached(port));
        Self { fake, ..served }
    }

    /// The same, with another handler.
    pub fn start_with(root: &Path, handler: impl Fn(&Description) -> Handler) -> Self {
        let app = Description::read(root, &|_| None);
        assert_eq!(app.findings, []);
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let noted = lines.clone();
        let console = Console::new(move |line| noted.lock().unwrap().push(line.to_owned()));
        let mut host = Host::new(handler(&app), Arc::new(app));
        host.storage = Arc::new(Storage::with_files(root.join(".local")));
        host.record = Arc::new(Record::shown(Arc::new(console)));
        let current = Arc::new(Current::default());
        current.replace(Arc::new(host));
        let ((callers, port), hosts) = (listen(), current.clone());
        thread::spawn(move || front::serve(&callers, &hosts));
        Self {
            fake: Arc::default(),
            port,
            current,
            lines,
        }
    }

    pub fn host(&self) -> Arc<Host> {
        self.current.get().expect("a host")
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

    /// Uses a new connection.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let request = request(method, path, headers, body);
        self.connect().exchange(&request).expect("an answer")
    }
}
