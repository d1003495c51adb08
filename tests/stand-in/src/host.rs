//! A stand-in for the Functions host: it reads this repository's host.json and function.json files, starts the handler
//! as the host does, invokes its functions as the host does, and treats the answers as the host does (`rules`), so
//! that a test posts an order and looks into the queue. In brackets: the host's file, under src/WebJobs.Script.

use crate::{
    http::{self, Answer, Connection},
    newtonsoft::Date,
    process::{self, Handler},
    rules::{self, Message, Outcome, Request, Sys},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Command,
    sync::Mutex,
};

/// How the host sends a request to a function that has nothing but an httpTrigger and an http output. All other functions
/// get their payload always.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// `enableProxyingHttpRequest` on a current host: the caller's request as it is.
    Proxied,
    /// `enableForwardingHttpRequest`: the caller's request, put together anew.
    Forwarded,
    /// Neither, or a host that does not know the first: an invocation.
    Payload,
}

/// The host, with its handler and its storage account.
pub struct Host {
    /// The handler that it started.
    pub handler: Handler,
    form: Form,
    functions: Vec<Function>,
    queues: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    logs: Mutex<Vec<String>>,
    failures: Mutex<Vec<String>>,
    idle: Mutex<Vec<Connection>>,
}

/// A folder with a function.json.
struct Function {
    name: String,
    bindings: Vec<Value>,
}

impl Function {
    fn is(binding: &Value, member: &str, value: &str) -> bool {
        binding[member].as_str().is_some_and(|text| text.eq_ignore_ascii_case(value))
    }

    fn trigger(&self) -> &Value {
        let is_trigger = |binding: &&Value| binding["type"].as_str().is_some_and(|kind| kind.ends_with("Trigger"));
        self.bindings.iter().find(is_trigger).unwrap_or_else(|| panic!("{} has no trigger", self.name))
    }

    fn outputs(&self) -> impl Iterator<Item = &Value> {
        self.bindings.iter().filter(|binding| Self::is(binding, "direction", "out"))
    }

    /// [Extensions/FunctionMetadataExtensions.cs, IsHttpInAndOutFunction]
    fn is_http_only(&self) -> bool {
        self.bindings.len() == 2
            && Self::is(self.trigger(), "type", "httpTrigger")
            && self.outputs().all(|binding| Self::is(binding, "type", "http"))
    }

    /// `route`, or the function's name, below `/api`.
    fn takes(&self, method: &str, path: &str) -> bool {
        let route = format!("/api/{}", self.trigger()["route"].as_str().unwrap_or(&self.name));
        let methods = self.trigger()["methods"].as_array();
        Self::is(self.trigger(), "type", "httpTrigger")
            && path.strip_suffix('/').unwrap_or(path).eq_ignore_ascii_case(&route)
            && methods.is_none_or(|all| {
                all.iter().any(|one| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(method)))
            })
    }
}

fn read_json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_functions(root: &Path) -> Vec<Function> {
    let folders = std::fs::read_dir(root).expect("the app's root").map(|entry| entry.expect("an entry").path());
    let folders = folders.filter(|folder| folder.join("function.json").is_file());
    folders
        .map(|folder| Function {
            name: folder.file_name().expect("a name").to_str().expect("a name in UTF-8").to_owned(),
            bindings: read_json(&folder.join("function.json"))["bindings"].as_array().expect("bindings").clone(),
        })
        .collect()
}

/// A port that nothing listens on: below those that the system gives to connections and to port 0, which other tests
/// take at any moment.
fn free_port() -> u16 {
    let random = |_| 10_000 + (RandomState::new().hash_one(0) % 20_000) as u16;
    (0..).map(random).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).expect("a free port")
}

fn guid() -> String {
    let [a, b] = [0, 1].map(|n| RandomState::new().hash_one(n));
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, a >> 16 & 0xffff, a & 0xffff, b >> 48, b & 0xffff_ffff_ffff)
}

impl Host {
    /// Starts a host for the app in the folder `root`, in the form that its host.json asks for, with a handler that `command`
    /// starts. On current hosts proxying wins over forwarding.
    pub fn start(root: &Path, command: impl Fn() -> Command) -> Self {
        let settings = read_json(&root.join("host.json"));
        let is_on = |name: &str| settings["customHandler"][name] == true;
        let form = match (is_on("enableProxyingHttpRequest"), is_on("enableForwardingHttpRequest")) {
            (true, _) => Form::Proxied,
            (false, true) => Form::Forwarded,
            (false, false) => Form::Payload,
        };
        Self::start_as(form, root, command)
    }

    /// Starts a host that uses this form.
    pub fn start_as(form: Form, root: &Path, command: impl Fn() -> Command) -> Self {
        // Should another process have taken the port meanwhile, the handler ends and another port is tried.
        let start = || {
            let port = free_port();
            // [Workers/Http/HttpWorkerProcess.cs, CreateWorkerProcess]
            let mut command = command();
            command.current_dir(root).env("FUNCTIONS_APP_ROOT_PATH", root);
            for name in ["FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"] {
                command.env(name, port.to_string());
            }
            for name in ["FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "FUNCTIONS_HTTPWORKER_ID"] {
                command.env(name, guid());
            }
            let handler = Handler::spawn(command, true);
            // Every 25 ms, first at once, and any answer will do [Workers/Http/DefaultHttpWorkerService.cs, IsWorkerReady].
            let ready = process::wait_for("the handler to be ready", || {
                let answer = Connection::open(port).and_then(|mut connection| {
                    connection.exchange(format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").as_bytes())
                });
                let waiting = answer.is_err() && handler.is_running();
                std::thread::sleep(std::time::Duration::from_millis(if waiting { 25 } else { 0 }));
                (!waiting).then_some(answer.is_ok())
            });
            // That it is this handler which answered, its own line on stdout tells.
            handler.announced().ok().filter(|handler| ready && handler.port == port)
        };
        let handler = (0..10).find_map(|_| start()).expect("a handler that listens on the port it is given");
        let functions = read_functions(root);
        let (queues, logs, failures, idle) = Default::default();
        Self { handler, form, functions, queues, logs, failures, idle }
    }

    /// A caller's request, and what the caller gets. A request that would hang fails the test.
    pub fn http(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        match self.try_http(method, target, headers, body) {
            Outcome::Completed(answer) => answer.expect("an answer"),
            Outcome::Failed(_) => rules::server_error(),
            Outcome::Hangs => panic!("{method} {target} hangs until the function's timeout"),
        }
    }

    /// A caller's POST to a function.
    pub fn post(&self, function: &str, content_type: &str, body: &[u8]) -> Answer {
        self.http("POST", &format!("/api/{function}"), &[("Content-Type", content_type)], body)
    }

    /// A caller's POST to a function with a body in chunks: its length is not known beforehand.
    pub fn post_chunked(&self, function: &str, content_type: &str, body: &[u8]) -> Answer {
        let headers = [("Content-Type", content_type), ("Transfer-Encoding", "chunked")];
        self.http("POST", &format!("/api/{function}"), &headers, body)
    }

    /// A caller's request, and what became of it. `body` is what the caller means, chunked or not.
    pub fn try_http(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome {
        let length = body.len().to_string();
        let mut all = vec![("Host", "localhost:7071"), ("User-Agent", "curl/7.88.1"), ("Accept", "*/*")];
        all.extend(headers);
        if method != "GET" && !all.iter().any(|(name, _)| name.eq_ignore_ascii_case("Transfer-Encoding")) {
            all.push(("Content-Length", &length));
        }
        let headers = all.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let request = Request { method, target, headers, body };
        let path = target.split('?').next().unwrap_or_default();
        let Some(function) = self.functions.iter().find(|function| function.takes(method, path)) else {
            return Outcome::Completed(Some(Answer { status: 404, ..rules::server_error() }));
        };
        let answered = |answer: io::Result<Answer>| match answer {
            Ok(answer) => Outcome::Completed(Some(answer)),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        let outcome = match self.form {
            Form::Proxied if function.is_http_only() => answered(self.send(&self.proxied(&request))),
            // [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage] A body without a length is refused.
            Form::Forwarded if function.is_http_only() && request.is_chunked() => {
                Outcome::Failed("a chunked body".into())
            }
            Form::Forwarded if function.is_http_only() => answered(self.send(&self.forwarded(&request))),
            _ => {
                let binding = function.trigger()["name"].as_str().expect("a name");
                self.invoke(function, &rules::http_payload(binding, &request, &Self::sys(function)))
            }
        };
        self.noted(outcome)
    }

    /// Puts a message into a queue that triggers a function, and lets the host take it out: up to five tries, then the
    /// poison queue (azure-sdk-for-net, QueuesOptions.cs and QueueProcessor.cs). `message` is what lies in the queue
    /// once decoded. Gives what became of the last try.
    pub fn enqueue(&self, queue: &str, message: &[u8]) -> Outcome {
        let triggered = |function: &&Function| Function::is(function.trigger(), "queueName", queue);
        let function =
            self.functions.iter().find(triggered).unwrap_or_else(|| panic!("nothing is triggered by {queue}"));
        let binding = function.trigger()["name"].as_str().expect("a name");
        // Not UTF-8: the trigger's value cannot be made (UTF8Encoding that throws, BinaryDataExtensions.cs).
        let Ok(text) = std::str::from_utf8(message) else {
            self.put(&format!("{queue}-poison"), message.to_vec());
            return self.noted(Outcome::Failed("the message is not UTF-8".to_owned()));
        };
        let (id, inserted) = (guid(), Date::in_seconds(0));
        let mut outcome = Outcome::Hangs;
        for dequeue_count in 1..=5 {
            let message = Message {
                dequeue_count,
                expiration_time: Date::in_seconds(7 * 24 * 3600).iso(),
                id: id.clone(),
                insertion_time: inserted.iso(),
                next_visible_time: Date::in_seconds(600).iso(),
                pop_receipt: rules::to_base64(&guid().as_bytes()[..21]),
            };
            let payload = rules::queue_payload(binding, text, &message, &Self::sys(function));
            outcome = self.noted(self.invoke(function, &payload));
            if !matches!(outcome, Outcome::Failed(_)) {
                return outcome;
            }
        }
        self.put(&format!("{queue}-poison"), message.to_vec());
        outcome
    }

    /// The messages that lie in a queue, decoded.
    pub fn queue(&self, queue: &str) -> Vec<Vec<u8>> {
        self.queues.lock().unwrap().get(queue).cloned().unwrap_or_default()
    }

    /// Takes all messages out of a queue.
    pub fn drain(&self, queue: &str) -> Vec<Vec<u8>> {
        self.queues.lock().unwrap().remove(queue).unwrap_or_default()
    }

    /// The lines of all invocations' own logs so far.
    pub fn logs(&self) -> Vec<String> {
        self.logs.lock().unwrap().clone()
    }

    /// Why invocations failed so far: what an operator finds in the host's log.
    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }

    fn noted(&self, outcome: Outcome) -> Outcome {
        if let Outcome::Failed(why) = &outcome {
            self.failures.lock().unwrap().push(why.clone());
        }
        outcome
    }

    fn put(&self, queue: &str, message: Vec<u8>) {
        self.queues.lock().unwrap().entry(queue.to_owned()).or_default().push(message);
    }

    fn sys(function: &Function) -> Sys {
        Sys { method_name: function.name.clone(), utc_now: Date::now().iso(), rand_guid: guid() }
    }

    /// Sends a request over a kept-alive connection that is idle, or else a new one.
    fn send(&self, request: &[u8]) -> io::Result<Answer> {
        let idle = self.idle.lock().unwrap().pop();
        let mut connection = idle.map_or_else(|| Connection::open(self.handler.port), Ok)?;
        connection.send(request)?;
        loop {
            let answer = connection.read_answer_or_interim()?;
            if answer.status >= 200 {
                self.idle.lock().unwrap().push(connection);
                return Ok(answer);
            }
        }
    }

    fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.handler.port)
    }

    /// What YARP makes of a request: method, path, query and body as they are, its own `Host`.
    fn proxied(&self, request: &Request) -> Vec<u8> {
        const REPLACED: [&str; 4] =
            ["host", "connection", "x-azure-functions-invocationid", "x-azure-functions-hostversion"];
        let (authority, id) = (self.authority(), guid());
        let mut headers = vec![("Host", authority.as_str())];
        let kept = request.headers.iter().filter(|(name, _)| !REPLACED.contains(&name.to_ascii_lowercase().as_str()));
        headers.extend(kept.map(|(name, value)| (name.as_str(), value.as_str())));
        headers.extend([
            ("X-Azure-Functions-InvocationId", id.as_str()),
            ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", request.header("Host")),
            ("X-Forwarded-Proto", "http"),
        ]);
        let chunked = request.is_chunked().then(|| http::chunked(request.body));
        http::request(request.method, request.target, &headers, chunked.as_deref().unwrap_or(request.body))
    }

    /// [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage; Workers/Http/DefaultHttpWorkerService.cs, AddHeaders]:
    /// the caller's headers, its `Host` too; a query whose repeated names are joined.
    fn forwarded(&self, request: &Request) -> Vec<u8> {
        let encoded = |text: &str| {
            let byte = |byte: u8| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            };
            text.bytes().map(byte).collect::<String>()
        };
        let pair = |(name, values): &(String, Vec<String>)| format!("{}={}", encoded(name), encoded(&values.join(",")));
        let query: Vec<String> = request.query().iter().map(pair).collect();
        let path = request.target.split('?').next().unwrap_or_default();
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) };
        let (id, agent) = (guid(), format!("{} Azure-Functions-Host/4.1037.0.0", request.header("User-Agent")));
        let mut headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("User-Agent"));
        headers.extend([
            ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
            ("X-Azure-Functions-InvocationId", id.as_str()),
            ("User-Agent", agent.as_str()),
        ]);
        http::request(request.method, &target, &headers, request.body)
    }

    fn invoke(&self, function: &Function, payload: &str) -> Outcome {
        let path = format!("/{}", function.name);
        let sent = self.send(&http::invocation_to(&self.authority(), &path, &guid(), payload.as_bytes()));
        let settled = match sent {
            Ok(answer) => rules::settle(&function.outputs().collect::<Vec<_>>(), &answer),
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        self.logs.lock().unwrap().extend(settled.logs);
        for (queue, message) in settled.messages {
            self.put(&queue, message);
        }
        settled.outcome
    }
}
