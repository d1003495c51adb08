//! The host: it invokes an app's functions as the real one does, and treats the answers as the real
//! one does. In brackets: the host's file, under src/WebJobs.Script.

use crate::app::description::Description;
use crate::app::function::{Binding, Function};
use crate::app::json;
use crate::host::answer::{self, Outcome, server_error};
use crate::host::data::{self, Data};
use crate::host::expressions::Template;
use crate::host::mcp;
use crate::host::newtonsoft::Token;
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
    /// Whether functions may take as long as they like, and not only so long as no test would take.
    patient: bool,
    /// The longest pause between two runs by a retry policy: tests do not wait.
    longest_pause: Duration,
    idle: Mutex<Vec<Connection>>,
}

/// What became of an invocation.
pub struct Invoked {
    pub outcome: Outcome,
    /// Its own logs.
    pub logs: Vec<String>,
    /// How often the function ran: with a retry policy several times.
    pub runs: u32,
    /// What the function returned last.
    pub returned: Token,
}

/// After so many runs a retry policy without an end ends.
const MOST_RUNS: u32 = 1000;

/// Where an answer goes piece by piece, as it comes from the handler.
pub trait Relay {
    /// Takes the head of the answer. Its body follows in pieces where `body` says that it has one.
    fn head(&mut self, head: &Answer, body: &Body) -> io::Result<()>;
    /// Takes a piece of the body.
    fn piece(&mut self, piece: &[u8]) -> io::Result<()>;
    /// Takes note that the body is whole.
    fn end(&mut self) -> io::Result<()>;
    /// A question that can be asked at any time: whether the caller still waits. An error where it
    /// has gone.
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
        let blob_trigger = |function: &Function| {
            let trigger = function.trigger();
            let pattern = Template::parse(trigger.text("path")).ok()?;
            trigger
                .is("blobTrigger")
                .then(|| (function.name.clone(), pattern))
        };
        let blob_triggers = app.functions.iter().filter_map(blob_trigger).collect();
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

    /// The same, and functions may take as long as they like.
    pub fn patient(self) -> Self {
        Self {
            patient: true,
            ..self
        }
    }

    /// The same, and runs by retry policies are as far apart as they say.
    pub fn in_real_time(self) -> Self {
        Self {
            longest_pause: Duration::MAX,
            ..self
        }
    }

    /// The function that a request is for [WebJobs.Script.WebHost, WebJobsRouter]: the first by
    /// name whose route it matches.
    pub fn routed(&self, method: &str, target: &str) -> Option<(&Function, Parameters)> {
        let path = target.split('?').next().unwrap_or_default();
        let functions = self
            .app
            .functions
            .iter()
            .filter(|function| function.takes(method));
        functions
            .into_iter()
            .find_map(|function| Some((function, function.route.as_ref()?.matches(path)?)))
    }

    /// A caller's request, and what became of it. `body` is what the caller means, chunked or not.
    pub fn try_http(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Outcome {
        let length = body.len().to_string();
        let mut all = vec![
            ("Host", "localhost:7071"),
            ("User-Agent", "curl/7.88.1"),
            ("Accept", "*/*"),
        ];
        all.extend(headers);
        let chunked = all
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("Transfer-Encoding"));
        let bodiless = body.is_empty() && matches!(method, "GET" | "HEAD");
        if !chunked && !bodiless {
            all.push(("Content-Length", &length));
        }
        let headers = all
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        let request = Request {
            method,
            target,
            headers,
            body,
        };
        match self.routed(method, target) {
            Some((function, parameters)) => self.answer(function, &parameters, &request, None),
            None => Outcome::Completed(Some(Answer {
                status: 404,
                ..server_error()
            })),
        }
    }

    /// Answers a request for a function. If the handler itself answers the caller, its answer goes
    /// through `relay`, if given, and is not in the outcome. A function without an http output has
    /// no answer either.
    pub fn answer(
        &self,
        function: &Function,
        parameters: &Parameters,
        request: &Request,
        relay: Option<&mut dyn Relay>,
    ) -> Outcome {
        let reason = format!("{} {}", request.method, request.target);
        if self.app.host.form == Form::Payload || !function.is_http_only() {
            return self
                .invoke(function, &reason, &Attempt::default(), || {
                    Ok(request.payload(&function.name, parameters))
                })
                .outcome;
        }
        self.noted(function, &reason, &Attempt::default(), |id| {
            // [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage] A body without a length
            // is refused.
            if self.app.host.form == Form::Forwarded && request.is_chunked() {
                return (Outcome::Failed("a chunked body".into()), None);
            }
            let bytes = match self.app.host.form {
                Form::Forwarded => request.forwarded(id),
                _ => request.proxied(&self.authority(), id),
            };
            let answered = match relay {
                Some(relay) => self.relay(&bytes, relay).map(|status| (None, status)),
                None => self.send(&bytes).map(|answer| {
                    let status = answer.status;
                    (Some(answer), status)
                }),
            };
            match answered {
                Ok((answer, status)) => (Outcome::Completed(answer), Some(status)),
                Err(error) => (Outcome::Failed(error.to_string()), None),
            }
        })
    }

    /// Answers a client of the MCP server.
    pub fn mcp(&self, request: &Request) -> Answer {
        let server = mcp::Server::read(json::at(&self.app.host.file, "extensions.mcp"));
        let session = guid().replace('-', "");
        let session = format!("{}|{}", &session[..16], &session[16..]);
        let tools = self.app.tools();
        mcp::answer(&server, &tools, request, &session, |tool, call| {
            let function = self.app.function(&tool.function);
            let function = function.ok_or("there is no such function")?;
            let reason = format!("the MCP tool {}", tool.name);
            let brought = || Ok(call.data(tool, &function.name));
            let invoked = self.invoke(function, &reason, &Attempt::default(), brought);
            match invoked.outcome {
                Outcome::Completed(Some(result)) => Ok(result.text().to_owned()),
                _ => Err("its failure has been noted".to_owned()),
            }
        })
    }

    /// Says something that the user should know.
    pub fn note(&self, line: &str) {
        self.record.note(&Event::Noted(line));
    }

    /// Runs what an invocation does between the notes that it has started and that it has ended.
    fn noted(
        &self,
        function: &Function,
        reason: &str,
        attempt: &Attempt,
        run: impl FnOnce(&str) -> (Outcome, Option<u16>),
    ) -> Outcome {
        let (id, begun) = (guid(), Instant::now());
        self.record.note(&Event::Started {
            function: &function.name,
            id: &id,
            reason,
            attempt,
        });
        let (outcome, status) = run(&id);
        let failure = match &outcome {
            Outcome::Completed(_) => None,
            Outcome::Failed(why) => Some(why.as_str()),
            Outcome::Hangs => Some(
                "the answer is empty, and the host would wait for another until the function's timeout",
            ),
        };
        let took = begun.elapsed();
        let status = match failure {
            Some(_) if function.is_http() => Some(server_error().status),
            _ => status,
        };
        self.record.note(&Event::Ended {
            function: &function.name,
            id: &id,
            failure,
            status,
            took,
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
        let (mut attempt, mut returned) = (attempt.clone(), Token::Null);
        let label = std::mem::take(&mut attempt.label);
        loop {
            let labels = [
                Some(label.clone()),
                policy.as_ref().map(|policy| policy.label(done)),
            ];
            let labels = labels
                .into_iter()
                .flatten()
                .filter(|label| !label.is_empty());
            attempt.label = labels.collect::<Vec<_>>().join(", ");
            let outcome = self.noted(function, reason, &attempt, |id| {
                let brought = brought().map(|(value, mut data)| {
                    if let Some(policy) = &policy {
                        let before = attempt.failure_before.as_deref().filter(|_| done > 0);
                        let context = policy.context(&function.name, done, before);
                        data.set("RetryContext", data::Value::from(&context));
                    }
                    (value, data)
                });
                let outcome = match brought {
                    Ok((value, data)) => {
                        self.invoke_once(function, id, value, &data, &mut logs, &mut returned)
                    }
                    Err(why) => Outcome::Failed(why),
                };
                let status = match &outcome {
                    Outcome::Completed(Some(answer)) if function.is_http() => Some(answer.status),
                    _ => None,
                };
                (outcome, status)
            });
            match (&outcome, &policy) {
                (Outcome::Failed(why), Some(policy))
                    if policy.repeats(done) && done < MOST_RUNS =>
                {
                    attempt.failure_before = Some(why.clone());
                    attempt.is_first = false;
                    std::thread::sleep(policy.pause(done).min(self.longest_pause));
                    done += 1;
                }
                _ => {
                    return Invoked {
                        outcome,
                        logs,
                        runs: done + 1,
                        returned,
                    };
                }
            }
        }
    }

    fn invoke_once(
        &self,
        function: &Function,
        id: &str,
        value: String,
        data: &Data,
        logs: &mut Vec<String>,
        returned: &mut Token,
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
        *returned = settled.returned;
        // The host writes all outputs, and reports the first that fails.
        let mut outcome = settled.outcome;
        for written in settled.written {
            let result = self.write(function, written, data);
            if let (Err(why), Outcome::Completed(_)) = (result, &outcome) {
                outcome = Outcome::Failed(why);
            }
        }
        match outcome {
            Outcome::Completed(None) if function.is_tool() => mcp::settled(function, returned),
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
        let inputs = self.inputs(function, data)?;
        let payload = payload::payload(&function.trigger().name, &value, &inputs, data);
        // A large value is not kept longer than it is needed.
        drop((value, inputs));
        let path = format!("/{}", function.name);
        let invocation = http::invocation_to(&self.authority(), &path, id, payload.as_bytes());
        drop(payload);
        self.send(&invocation).map_err(|error| error.to_string())
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
            io::Error::new(
                error.kind(),
                format!(
                    "the handler on 127.0.0.1:{} cannot be reached: {error}",
                    self.handler.port
                ),
            )
        })?;
        if self.patient {
            connection.wait_while(|| Ok(()))?;
        }
        Ok(connection)
    }

    fn send(&self, request: &[u8]) -> io::Result<Answer> {
        let mut connection = self.connection()?;
        connection.send(request)?;
        loop {
            let answer = match request.starts_with(b"HEAD ") {
                true => connection.read_head_answer()?,
                false => connection.read_answer_or_interim()?,
            };
            if answer.status >= 200 {
                lock(&self.idle).push(connection);
                return Ok(answer);
            }
        }
    }

    /// Passes the answer on as it comes, and gives its status. A caller that goes away ends the
    /// handler's connection.
    fn relay(&self, request: &[u8], relay: &mut dyn Relay) -> io::Result<u16> {
        let mut connection = self.connection()?;
        connection.wait_while(relay.wanted())?;
        connection.send(request)?;
        let (head, mut body) = loop {
            let (head, body) = connection.read_head(!request.starts_with(b"HEAD "))?;
            if head.status >= 200 {
                break (head, body);
            }
        };
        relay.head(&head, &body)?;
        while let Some(piece) = connection.read_piece(&mut body)? {
            relay.piece(&piece)?;
        }
        relay.end()?;
        connection.wait_while(|| Ok(()))?;
        lock(&self.idle).push(connection);
        Ok(head.status)
    }

    fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.handler.port)
    }
}
