//! Invokes functions and treats their answers as the real host does. Brackets name the host's file,
//! under src/WebJobs.Script.

use crate::app::description::Description;
use crate::app::function::{Binding, Function};
use crate::app::host_json::Form;
use crate::app::json;
use crate::app::tool::Tool;
use crate::host::answer::{self, Outcome};
use crate::host::data::{self, Data};
use crate::host::mcp::{self, Server};
use crate::host::outputs::Invocation;
use crate::host::payload;
use crate::host::record::{Attempt, Record, lock};
use crate::host::request::{self, Request};
use crate::host::retry::Retry;
use crate::host::routes::Parameters;
use crate::host::storage::Storage;
use crate::run::http::{Answer, Connection};
use crate::run::process::Handler;
use crate::run::serve::Reply;
use crate::run::start::guid;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct Host {
    pub handler: Handler,
    pub app: Arc<Description>,
    pub storage: Arc<Storage>,
    pub record: Arc<Record>,
    /// Pauses between the runs of a retry policy are cut to this. Zero in tests.
    pub longest_pause: Duration,
    idle: Mutex<Vec<Connection>>,
}

/// The caller's status if an invocation fails.
const ERROR: Option<u16> = Some(500);

pub const HANGS: &str =
    "the answer is empty, and the host would wait for another until the function's timeout";

impl Host {
    pub fn new(handler: Handler, app: Arc<Description>) -> Self {
        Self {
            handler,
            app,
            storage: Arc::default(),
            record: Arc::default(),
            longest_pause: Duration::ZERO,
            idle: Mutex::default(),
        }
    }

    /// The first function by name whose route matches [WebJobs.Script.WebHost, WebJobsRouter].
    pub fn routed(&self, method: &str, target: &str) -> Option<(&Function, Parameters)> {
        let path = target.split('?').next().unwrap_or_default();
        let mut functions = self.app.functions.iter().filter(|one| one.takes(method));
        functions.find_map(|function| Some((function, function.route.as_ref()?.matches(path)?)))
    }

    /// Invokes an HTTP function. If the handler itself answers the caller, the answer goes through
    /// `reply`, if given, and the outcome has only the head. Without an http output there is no
    /// answer.
    pub fn answer(
        &self,
        function: &Function,
        parameters: &Parameters,
        request: &Request,
        mut reply: Option<&mut Reply>,
    ) -> Outcome {
        let reason = format!("{} {}", request.method, request.target);
        let (form, mut attempt) = (self.app.host.form, Attempt::default());
        if form == Form::Payload || !function.is_http_only() {
            let brought = || Ok(request.payload(&function.name, parameters));
            return self.invoke(function, &reason, &mut attempt, brought).0;
        }
        self.noted(function, &reason, &attempt, |id| {
            let bytes = match form {
                // [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage]
                Form::Forwarded if request.is_chunked() => {
                    return (Err("a chunked body".into()), ERROR);
                }
                Form::Forwarded => request.forwarded(id),
                _ => request.proxied(&self.authority(), id),
            };
            let answer = self.send(&bytes, reply.as_deref_mut());
            let answer = answer.map(|answer| Outcome::Completed(Some(answer)));
            let begun = reply.and_then(|reply| reply.begun);
            // A caller that has gone gets no 500.
            let status = match &answer {
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => begun,
                _ => begun.or(ERROR),
            };
            (answer.map_err(|error| error.to_string()), status)
        })
    }

    pub fn mcp(&self, request: &Request) -> Answer {
        let session = guid().replace('-', "");
        let run = |tool: &Tool, data: mcp::Brought| {
            let function = self.app.function(&tool.function)?;
            let reason = format!("the MCP tool {}", tool.name);
            let brought = || Ok(data.clone());
            let mut attempt = Attempt::default();
            match self.invoke(function, &reason, &mut attempt, brought).0 {
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
            self.record
                .noted(&format!("the MCP client gets an error: {why}"));
        }
        answer
    }

    /// Records the start and the end of `run`, which also gives the caller's status for a failure.
    fn noted(
        &self,
        function: &Function,
        reason: &str,
        attempt: &Attempt,
        run: impl FnOnce(&str) -> (Result<Outcome, String>, Option<u16>),
    ) -> Outcome {
        let id = &*guid();
        let (function, is_http) = (&*function.name, function.is_http());
        self.record.started(function, id, reason, attempt);
        let (outcome, of_failure) = run(id);
        let outcome = outcome.unwrap_or_else(Outcome::Failed);
        let (failure, status) = match &outcome {
            Outcome::Completed(answer) => (None, answer.as_ref().map(|answer| answer.status)),
            Outcome::Failed(why) => (Some(&**why), of_failure),
            Outcome::Hangs => (Some(HANGS), of_failure),
        };
        let status = status.filter(|_| is_http);
        self.record.ended(function, id, failure, status, attempt);
        outcome
    }

    /// Invokes a function, again if its retry policy says so. `brought` gives the trigger's value
    /// and the binding data. Gives the last run's outcome and the logs of all runs.
    pub fn invoke(
        &self,
        function: &Function,
        reason: &str,
        attempt: &mut Attempt,
        brought: impl Fn() -> Result<(String, Data), String>,
    ) -> (Outcome, Vec<String>) {
        let policy = Retry::of(function);
        let (label, mut logs) = (attempt.label.clone(), Vec::new());
        let mut done = 0;
        loop {
            let mut labels = vec![label.clone()];
            labels.extend(policy.as_ref().map(|policy| policy.label(done)));
            labels.retain(|label| !label.is_empty());
            attempt.label = labels.join(", ");
            let outcome = self.noted(function, reason, attempt, |id| {
                let outcome = brought().and_then(|(value, mut data)| {
                    if let Some(policy) = &policy {
                        let before = attempt.failure_before.as_deref();
                        let context = policy.context(&function.name, done, before);
                        data.set("RetryContext", data::Value::from(&context));
                    }
                    let invocation = Invocation {
                        host: self,
                        function,
                        id,
                        data: &data,
                    };
                    self.run(&invocation, value, &mut logs)
                });
                (outcome, ERROR)
            });
            attempt.earlier += 1;
            let Outcome::Failed(why) = &outcome else {
                return (outcome, logs);
            };
            attempt.failure_before = Some(why.clone());
            let Some(pause) = policy.as_ref().and_then(|policy| policy.pause(done)) else {
                return (outcome, logs);
            };
            std::thread::sleep(pause.min(self.longest_pause));
            done += 1;
        }
    }

    fn run(
        &self,
        invocation: &Invocation,
        value: String,
        logs: &mut Vec<String>,
    ) -> Result<Outcome, String> {
        let Invocation {
            function, id, data, ..
        } = *invocation;
        let inputs = invocation.inputs()?;
        let payload = payload::payload(&function.trigger().name, &value, &inputs, data);
        // Large values are freed as soon as possible.
        drop((value, inputs));
        let path = format!("/{}", function.name);
        let request = request::invocation(&self.authority(), &path, id, payload.as_bytes());
        drop(payload);
        let answer = self.send(&request, None);
        drop(request);
        let outputs: Vec<&Binding> = function.outputs().collect();
        let answer = answer.map_err(|error| error.to_string())?;
        let settled = answer::settle(&outputs, answer, self.app.host.base64_queues);
        for line in &settled.logs {
            self.record.logged(&function.name, id, line);
        }
        logs.extend(settled.logs);
        // The host writes all outputs, and reports the first that fails.
        let written = settled.written.into_iter();
        let written = written.map(|(binding, values)| invocation.write(binding, values));
        let failures: Vec<String> = written.filter_map(Result::err).collect();
        match (settled.outcome, failures.into_iter().next()) {
            (Outcome::Completed(_), Some(why)) => Err(why),
            (Outcome::Completed(None), _) if function.is_tool() => {
                Ok(mcp::settled(function, &settled.returned))
            }
            (outcome, _) => Ok(outcome),
        }
    }

    /// Errors if the handler cannot be reached. The connection is kept for an invocation.
    pub fn reach(&self) -> io::Result<()> {
        let connection = self.connection()?;
        lock(&self.idle).push(connection);
        Ok(())
    }

    fn connection(&self) -> io::Result<Connection> {
        let mut idle = std::iter::from_fn(|| lock(&self.idle).pop());
        if let Some(connection) = idle.find(Connection::is_idle) {
            return Ok(connection);
        }
        let mut connection = Connection::open(self.handler.port).map_err(|error| {
            let handler = self.authority();
            let why = format!("the handler on {handler} cannot be reached: {error}");
            io::Error::other(why)
        })?;
        connection.wait_while(|| Ok(()))?;
        Ok(connection)
    }

    /// The answer goes through `reply`, if given, its body as it comes. If the caller goes away,
    /// the connection to the handler ends.
    fn send(&self, request: &[u8], mut reply: Option<&mut Reply>) -> io::Result<Answer> {
        let mut connection = self.connection()?;
        if let Some(reply) = &reply {
            connection.wait_while(reply.wanted())?;
        }
        connection.send(request)?;
        let (mut answer, mut body) = loop {
            let (head, body) = connection.read_head(!request.starts_with(b"HEAD "))?;
            if head.status >= 200 {
                break (head, body);
            }
        };
        if let Some(reply) = &mut reply {
            reply.head(&answer, &body)?;
        }
        while let Some(piece) = connection.read_piece(&mut body)? {
            match &mut reply {
                Some(reply) => reply.piece(&piece)?,
                None => answer.body.extend(piece),
            }
        }
        if let Some(reply) = reply {
            reply.piece(&[])?;
            connection.wait_while(|| Ok(()))?;
        }
        lock(&self.idle).push(connection);
        Ok(answer)
    }

    fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.handler.port)
    }
}
