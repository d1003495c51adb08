//! The host: it invokes an app's functions as the real one does, and treats the answers as the real
//! one does. In brackets: the host's file, under src/WebJobs.Script.

use crate::app::description::Description;
use crate::app::function::{Binding, Function};
use crate::app::json;
use crate::app::tool::Tool;
use crate::host::answer::{self, Outcome, server_error};
use crate::host::data::{self, Data};
use crate::host::expressions::Template;
use crate::host::mcp::{self, Call, Server};
use crate::host::payload;
use crate::host::record::{Attempt, Event, Record, lock};
use crate::host::request::Request;
use crate::host::retry::Retry;
use crate::host::routes::Parameters;
use crate::host::storage::Storage;
use crate::run::http::{self, Answer, Body, Connection};
use crate::run::process::Handler;
use crate::run::start::guid;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub use crate::app::host_json::Form;

/// The host of an app, with its handler.
pub struct Host {
    /// The handler that it sends invocations to.
    pub handler: Handler,
    /// What the app's files say.
    pub app: Arc<Description>,
    /// Where messages and other outputs go.
    pub storage: Arc<Storage>,
    /// Where it tells what happens.
    pub record: Arc<Record>,
    /// The functions that blobs trigger, with the pattern of each.
    pub(super) blob_triggers: Vec<(String, Template)>,
    /// Whether functions may take as long as they like. If not, only as long as a test may take.
    pub patient: bool,
    /// The longest pause between two runs by a retry policy. It is zero at first: tests do not
    /// wait.
    pub longest_pause: Duration,
    idle: Mutex<Vec<Connection>>,
}

/// What became of an invocation.
pub struct Invoked {
    pub outcome: Outcome,
    /// Its own logs.
    pub logs: Vec<String>,
    /// How often the function ran: with a retry policy several times.
    pub runs: u32,
}

/// After so many runs a retry policy without an end ends.
const MOST_RUNS: u32 = 1000;

/// The status of [`server_error`].
const ERROR: Option<u16> = Some(500);

/// Where an answer goes piece by piece, as it comes from the handler.
pub trait Relay {
    /// Takes the head of the answer. Its body follows in pieces where `body` says that it has one.
    fn head(&mut self, head: &Answer, body: &Body) -> io::Result<()>;
    /// Takes a piece of the body; the empty one where it is whole.
    fn piece(&mut self, piece: &[u8]) -> io::Result<()>;
    /// A question that can be asked at any time: whether the caller still waits. The error
    /// `ConnectionAborted` where it has gone, here and above.
    fn wanted(&self) -> Box<dyn FnMut() -> io::Result<()> + Send>;
}

impl Host {
    /// A host for a handler that is ready.
    pub fn new(
        handler: Handler,
        app: Arc<Description>,
        storage: Arc<Storage>,
        record: Arc<Record>,
    ) -> Self {
        let mut blob_triggers = Vec::new();
        for function in &app.functions {
            let trigger = function.trigger();
            let pattern = Template::parse(trigger.text("path"));
            if let (true, Ok(pattern)) = (trigger.is("blobTrigger"), pattern) {
                blob_triggers.push((function.name.clone(), pattern));
            }
        }
        Self {
            handler,
            app,
            storage,
            record,
            blob_triggers,
            patient: false,
            longest_pause: Duration::ZERO,
            idle: Mutex::default(),
        }
    }

    /// The function that a request is for [WebJobs.Script.WebHost, WebJobsRouter]: the first by
    /// name whose route it matches.
    pub fn routed(&self, method: &str, target: &str) -> Option<(&Function, Parameters)> {
        let path = target.split('?').next().unwrap_or_default();
        let functions = self.app.functions.iter();
        let mut functions = functions.filter(|function| function.takes(method));
        functions.find_map(|function| Some((function, function.route.as_ref()?.matches(path)?)))
    }

    /// A caller's request, and what became of it. `body` is what the caller means, chunked or not.
    pub fn try_http(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Outcome {
        let Some((function, parameters)) = self.routed(method, target) else {
            return Outcome::Completed(Some(Answer {
                status: 404,
                ..server_error()
            }));
        };
        let length = body.len().to_string();
        let mut all = vec![
            ("Host", "localhost:7071"),
            ("User-Agent", "curl/7.88.1"),
            ("Accept", "*/*"),
        ];
        all.extend(headers);
        let mut names = headers.iter().map(|(name, _)| name);
        let chunked = names.any(|name| name.eq_ignore_ascii_case("Transfer-Encoding"));
        let bodiless = body.is_empty() && matches!(method, "GET" | "HEAD");
        if !chunked && !bodiless {
            all.push(("Content-Length", &length));
        }
        let request = Request {
            method,
            target,
            headers: http::headers_of(&all),
            body,
        };
        self.answer(function, &parameters, &request, None)
    }

    /// Answers a request for a function. If the handler itself answers the caller, its answer goes
    /// through `relay`, if given, and the outcome has only its head. A function without an http
    /// output has no answer.
    pub fn answer(
        &self,
        function: &Function,
        parameters: &Parameters,
        request: &Request,
        relay: Option<&mut dyn Relay>,
    ) -> Outcome {
        let reason = format!("{} {}", request.method, request.target);
        let (form, attempt) = (self.app.host.form, Attempt::default());
        if form == Form::Payload || !function.is_http_only() {
            let brought = || Ok(request.payload(&function.name, parameters));
            return self.invoke(function, &reason, &attempt, brought).outcome;
        }
        self.noted(function, &reason, &attempt, |id| {
            // [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage] A body without a length
            // is refused.
            if form == Form::Forwarded && request.is_chunked() {
                return (Outcome::Failed("a chunked body".into()), ERROR);
            }
            let bytes = match form {
                Form::Forwarded => request.forwarded(id),
                _ => request.proxied(&self.authority(), id),
            };
            let mut begun = None;
            match self.send(&bytes, relay, &mut begun) {
                Ok(answer) => (Outcome::Completed(Some(answer)), begun),
                Err(error) => {
                    let stays = error.kind() != io::ErrorKind::ConnectionAborted;
                    let status = begun.or(ERROR.filter(|_| stays));
                    (Outcome::Failed(error.to_string()), status)
                }
            }
        })
    }

    /// Answers a client of the MCP server.
    pub fn mcp(&self, request: &Request) -> Answer {
        let session = guid().replace('-', "");
        let run = |tool: &Tool, call: &Call| {
            let function = self.app.function(&tool.function)?;
            let reason = format!("the MCP tool {}", tool.name);
            let brought = || Ok(call.data(tool, &function.name));
            let invoked = self.invoke(function, &reason, &Attempt::default(), brought);
            match invoked.outcome {
                Outcome::Completed(result) => Some(result?.text().to_owned()),
                _ => None,
            }
        };
        let server = Server {
            settings: json::at(&self.app.host.file, "extensions.mcp"),
            tools: &self.app.tools(),
            new_session: &format!("{}|{}", &session[..16], &session[16..]),
            run: &run,
        };
        let answer = server.answer(request);
        if let Some(why) = mcp::error_in(&answer) {
            self.note(&format!("the MCP client gets an error: {why}"));
        }
        answer
    }

    /// Says something that the user should know.
    pub fn note(&self, line: &str) {
        self.record.note(&Event::Noted(line));
    }

    /// Runs what an invocation does between the notes that it has started and that it has ended.
    /// `run` also gives the status that the caller gets if it fails.
    fn noted(
        &self,
        function: &Function,
        reason: &str,
        attempt: &Attempt,
        run: impl FnOnce(&str) -> (Outcome, Option<u16>),
    ) -> Outcome {
        let (id, begun, name) = (guid(), Instant::now(), &function.name);
        self.record.note(&Event::Started {
            function: name,
            id: &id,
            reason,
            attempt,
        });
        let (outcome, of_failure) = run(&id);
        let failure = match &outcome {
            Outcome::Completed(_) => None,
            Outcome::Failed(why) => Some(why.as_str()),
            Outcome::Hangs => Some(
                "the answer is empty, and the host would wait for another until the function's timeout",
            ),
        };
        let status = match &outcome {
            _ if !function.is_http() => None,
            Outcome::Completed(answer) => answer.as_ref().map(|answer| answer.status),
            _ => of_failure,
        };
        self.record.note(&Event::Ended {
            function: name,
            id: &id,
            failure,
            status,
            took: begun.elapsed(),
            attempt,
        });
        outcome
    }

    /// An invocation with a payload: the value of the trigger and the binding data, which `brought`
    /// gives, and the values of the input bindings; by its retry policy several.
    pub fn invoke(
        &self,
        function: &Function,
        reason: &str,
        attempt: &Attempt,
        brought: impl Fn() -> Result<(String, Data), String>,
    ) -> Invoked {
        let (policy, mut logs, mut done) = (Retry::of(function), Vec::new(), 0);
        let mut attempt = attempt.clone();
        let label = std::mem::take(&mut attempt.label);
        loop {
            attempt.label = match &policy {
                None => label.clone(),
                Some(policy) if label.is_empty() => policy.label(done),
                Some(policy) => format!("{label}, {}", policy.label(done)),
            };
            let outcome = self.noted(function, reason, &attempt, |id| {
                let (value, mut data) = match brought() {
                    Ok(brought) => brought,
                    Err(why) => return (Outcome::Failed(why), ERROR),
                };
                if let Some(policy) = &policy {
                    let before = attempt.failure_before.as_deref();
                    let context = policy.context(&function.name, done, before);
                    data.set("RetryContext", data::Value::from(&context));
                }
                let outcome = self.invoke_once(function, id, value, &data, &mut logs);
                (outcome, ERROR)
            });
            let pause = policy.as_ref().filter(|_| done < MOST_RUNS);
            let pause = pause.and_then(|policy| policy.pause(done));
            done += 1;
            let (Outcome::Failed(why), Some(pause)) = (&outcome, pause) else {
                let runs = done;
                return Invoked {
                    outcome,
                    logs,
                    runs,
                };
            };
            attempt.failure_before = Some(why.clone());
            attempt.is_first = false;
            std::thread::sleep(pause.min(self.longest_pause));
        }
    }

    fn invoke_once(
        &self,
        function: &Function,
        id: &str,
        value: String,
        data: &Data,
        logs: &mut Vec<String>,
    ) -> Outcome {
        let answer = match self.call(function, id, value, data) {
            Ok(answer) => answer,
            Err(why) => return Outcome::Failed(why),
        };
        let outputs: Vec<&Binding> = function.outputs().collect();
        let settled = answer::settle(&outputs, answer, self.app.host.base64_queues);
        for line in &settled.logs {
            self.record.note(&Event::Logged { id, line });
        }
        logs.extend(settled.logs);
        // The host writes all outputs, and reports the first that fails.
        let mut outcome = settled.outcome;
        for written in settled.written {
            let result = self.write(function, written, data);
            if let (Err(why), Outcome::Completed(_)) = (result, &outcome) {
                outcome = Outcome::Failed(why);
            }
        }
        match outcome {
            Outcome::Completed(None) if function.is_tool() => {
                mcp::settled(function, &settled.returned)
            }
            outcome => outcome,
        }
    }

    /// Sends an invocation to the handler, and gives its answer.
    fn call(
        &self,
        function: &Function,
        id: &str,
        value: String,
        data: &Data,
    ) -> Result<Answer, String> {
        let inputs = self.inputs(function, id, data)?;
        let payload = payload::payload(&function.trigger().name, &value, &inputs, data);
        // A large value is not kept longer than it is needed.
        drop((value, inputs));
        let path = format!("/{}", function.name);
        let invocation = http::invocation(&self.authority(), &path, id, payload.as_bytes());
        drop(payload);
        let answer = self.send(&invocation, None, &mut None);
        answer.map_err(|error| error.to_string())
    }

    /// Makes sure that the handler can be reached: keeps a connection to it for an invocation.
    pub fn reach(&self) -> io::Result<()> {
        let connection = self.connection()?;
        lock(&self.idle).push(connection);
        Ok(())
    }

    /// A kept-alive connection that is idle, or else a new one.
    fn connection(&self) -> io::Result<Connection> {
        let idle = || lock(&self.idle).pop();
        while let Some(connection) = idle() {
            if connection.is_idle() {
                return Ok(connection);
            }
        }
        let mut connection = Connection::open(self.handler.port).map_err(|error| {
            let handler = self.authority();
            io::Error::other(format!(
                "the handler on {handler} cannot be reached: {error}"
            ))
        })?;
        if self.patient {
            connection.wait_while(|| Ok(()))?;
        }
        Ok(connection)
    }

    /// Sends a request to the handler and gives its answer. The body goes through `relay`, if given,
    /// as it comes; a caller that goes away ends the handler's connection. `begun` becomes the status
    /// that has gone through it.
    fn send(
        &self,
        request: &[u8],
        mut relay: Option<&mut dyn Relay>,
        begun: &mut Option<u16>,
    ) -> io::Result<Answer> {
        let mut connection = self.connection()?;
        if let Some(relay) = &relay {
            connection.wait_while(relay.wanted())?;
        }
        connection.send(request)?;
        let (mut answer, mut body) = loop {
            let (head, body) = connection.read_head(!request.starts_with(b"HEAD "))?;
            if head.status >= 200 {
                break (head, body);
            }
        };
        if let Some(relay) = &mut relay {
            relay.head(&answer, &body)?;
            *begun = Some(answer.status);
        }
        while let Some(piece) = connection.read_piece(&mut body)? {
            match &mut relay {
                Some(relay) => relay.piece(&piece)?,
                None => answer.body.extend(piece),
            }
        }
        if let Some(relay) = relay {
            relay.piece(&[])?;
            connection.wait_while(|| Ok(()))?;
        }
        lock(&self.idle).push(connection);
        Ok(answer)
    }

    fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.handler.port)
    }
}
