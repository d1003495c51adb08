//! The host: it invokes an app's functions as the real one does, and treats the answers as the real
//! one does (`rules`). In brackets: the host's file, under src/WebJobs.Script.

use crate::app::description::Description;
use crate::app::function::{Binding, Function};
use crate::host::newtonsoft::Date;
use crate::host::record::{Attempt, Event, Record, lock};
use crate::host::retry::{self, Retry};
use crate::host::routes::Parameters;
use crate::host::rules::{self, Members, Message, Outcome, Request, Sys};
use crate::host::storage::{Given, Storage};
use crate::host::triggers;
use crate::run::http::{self, Answer, Body, Connection};
use crate::run::process::Handler;
use crate::run::start::{self, guid};
use std::io;
use std::path::Path;
use std::process::Command;
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
    form: Form,
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
}

/// A queue message on its way to a function, and what has become of it so far.
pub struct Delivery {
    queue: String,
    /// What lies in the queue once decoded.
    message: Vec<u8>,
    id: String,
    inserted: Date,
    /// What became of the last try; `None` where the queue triggers nothing.
    pub outcome: Option<Outcome>,
    /// How often its function was invoked.
    pub tries: u32,
    /// Whether it has to be tried again.
    pub again: bool,
    /// Whether it lies in the poison queue now.
    pub poisoned: bool,
    /// The logs of all tries.
    pub logs: Vec<String>,
}

impl Delivery {
    /// A message that was put into a queue.
    pub fn new(queue: &str, message: &[u8]) -> Self {
        let (queue, message) = (queue.to_owned(), message.to_vec());
        let (id, inserted, logs) = (guid(), Date::in_seconds(0), Vec::new());
        Self {
            queue,
            message,
            id,
            inserted,
            outcome: None,
            tries: 0,
            again: false,
            poisoned: false,
            logs,
        }
    }
}

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
    /// Starts a host for the app in the folder `root`, in the form that its host.json asks for,
    /// with a handler that `command` starts.
    pub fn start(root: &Path, command: impl Fn() -> Command) -> Self {
        Self::start_app(Arc::new(described(root)), command)
    }

    /// Starts a host that uses this form.
    pub fn start_as(form: Form, root: &Path, command: impl Fn() -> Command) -> Self {
        Self::start_app(
            Arc::new({
                let mut app = described(root);
                app.host.form = form;
                app
            }),
            command,
        )
    }

    fn start_app(app: Arc<Description>, command: impl Fn() -> Command) -> Self {
        let handler =
            start::start(&app, &command, None).unwrap_or_else(|problem| panic!("{problem}"));
        Self::new(handler, app, Arc::default(), Arc::new(Record::kept()))
    }

    /// A caller's request, and what the caller gets. A request that would hang fails the test.
    pub fn http(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        match self.try_http(method, target, headers, body) {
            Outcome::Completed(answer) => answer.expect("an answer"),
            Outcome::Failed(_) => rules::server_error(),
            Outcome::Hangs => panic!("{method} {target} hangs until the function's timeout"),
        }
    }

    /// A caller's POST to a function.
    pub fn post(&self, function: &str, content_type: &str, body: &[u8]) -> Answer {
        self.http(
            "POST",
            &format!("/api/{function}"),
            &[("Content-Type", content_type)],
            body,
        )
    }

    /// A caller's POST to a function with a body in chunks: its length is not known beforehand.
    pub fn post_chunked(&self, function: &str, content_type: &str, body: &[u8]) -> Answer {
        let headers = [
            ("Content-Type", content_type),
            ("Transfer-Encoding", "chunked"),
        ];
        self.http("POST", &format!("/api/{function}"), &headers, body)
    }

    /// A message for a queue that triggers a function, delivered at once. Gives what became of the
    /// last try.
    pub fn enqueue(&self, queue: &str, message: &[u8]) -> Outcome {
        let outcome = self.deliver(queue, message).outcome;
        outcome.unwrap_or_else(|| panic!("nothing is triggered by {queue}"))
    }

    /// The messages that lie in a queue, decoded.
    pub fn queue(&self, queue: &str) -> Vec<Vec<u8>> {
        self.storage.messages(queue)
    }

    /// Takes all messages out of a queue.
    pub fn drain(&self, queue: &str) -> Vec<Vec<u8>> {
        self.storage.drain(queue)
    }

    /// The lines of all invocations' own logs so far.
    pub fn logs(&self) -> Vec<String> {
        self.record.so_far().logs
    }

    /// Why invocations failed so far: what an operator finds in the host's log.
    pub fn failures(&self) -> Vec<String> {
        self.record.so_far().failures
    }
}

fn described(root: &Path) -> Description {
    let app = Description::read(root, &|name| std::env::var(name).ok());
    app.read_well().unwrap_or_else(|error| panic!("{error}"));
    app
}

impl Host {
    /// A host for a handler that is ready.
    pub fn new(
        handler: Handler,
        app: Arc<Description>,
        storage: Arc<Storage>,
        record: Arc<Record>,
    ) -> Self {
        let form = app.host.form;
        Self {
            handler,
            app,
            storage,
            record,
            form,
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
                ..rules::server_error()
            })),
        }
    }

    /// Answers a request for a function. What the handler itself answers the caller goes through
    /// `relay`, where there is one, and then there is no answer in the outcome; nor is there where
    /// the function has no http output.
    pub fn answer(
        &self,
        function: &Function,
        parameters: &Parameters,
        request: &Request,
        relay: Option<&mut dyn Relay>,
    ) -> Outcome {
        let reason = format!("{} {}", request.method, request.target);
        if self.form == Form::Payload || !function.is_http_only() {
            return self
                .invoke(function, &reason, &Attempt::default(), |inputs, sys| {
                    let binding = &function.trigger().name;
                    Ok(rules::http_payload(
                        binding, request, parameters, inputs, sys,
                    ))
                })
                .outcome;
        }
        self.noted(function, &reason, &Attempt::default(), |id| {
            // [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage] A body without a length
            // is refused.
            if self.form == Form::Forwarded && request.is_chunked() {
                return (Outcome::Failed("a chunked body".into()), None);
            }
            let bytes = match self.form {
                Form::Forwarded => self.forwarded(request, id),
                _ => self.proxied(request, id),
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

    /// Runs a function that neither HTTP nor a queue triggers. `blob` is the path of a blob
    /// trigger's blob.
    pub fn trigger(&self, function: &Function, given: &Given, blob: &str, reason: &str) -> Invoked {
        self.invoke(function, reason, &Attempt::default(), |inputs, sys| {
            Ok(triggers::trigger_payload(
                function, given, blob, inputs, sys,
            ))
        })
    }

    /// Runs a timer's function by its schedule; `value` is what the timer brings.
    pub fn run_timer(
        &self,
        function: &Function,
        value: &serde_json::Value,
        reason: &str,
    ) -> Invoked {
        self.invoke(function, reason, &Attempt::default(), |inputs, sys| {
            Ok(triggers::timer_payload(function, value, inputs, sys))
        })
    }

    /// Delivers a message to the function that its queue triggers, once. The last try allowed that
    /// fails moves it to the poison queue (azure-sdk-for-net, QueuesOptions.cs and
    /// QueueProcessor.cs). Gives false where the queue triggers nothing.
    pub fn deliver_once(&self, delivery: &mut Delivery) -> bool {
        let Some(function) = self.app.triggered_by(&delivery.queue) else {
            return false;
        };
        delivery.tries += 1;
        let metadata = Message {
            dequeue_count: delivery.tries,
            expiration_time: Date::in_seconds(7 * 24 * 3600).iso(),
            id: delivery.id.clone(),
            insertion_time: delivery.inserted.iso(),
            next_visible_time: Date::in_seconds(600).iso(),
            pop_receipt: rules::to_base64(&guid().as_bytes()[..21]),
        };
        let (mut takes, reason) = (true, format!("a message in {}", delivery.queue));
        let most = self.app.host.max_dequeue_count;
        let attempt = Attempt {
            label: format!("try {} of {most}", delivery.tries),
            is_first: delivery.tries == 1,
            failure_before: match delivery.outcome.take() {
                Some(Outcome::Failed(why)) => Some(why),
                _ => None,
            },
        };
        let invoked = self.invoke(function, &reason, &attempt, |inputs, sys| {
            let payload =
                triggers::queue_payload(function, &delivery.message, &metadata, inputs, sys);
            takes = payload.is_ok();
            payload
        });
        delivery.logs.extend(invoked.logs);
        let failed = matches!(invoked.outcome, Outcome::Failed(_));
        delivery.outcome = Some(invoked.outcome);
        delivery.again = failed && takes && delivery.tries < most;
        delivery.poisoned = failed && !delivery.again;
        if delivery.poisoned {
            let (queue, message) = (format!("{}-poison", delivery.queue), &delivery.message);
            self.record.note(&Event::Poisoned {
                queue: &queue,
                message,
            });
            self.storage.put(&queue, message.clone());
        }
        true
    }

    /// Delivers a message, with all its tries.
    pub fn deliver(&self, queue: &str, message: &[u8]) -> Delivery {
        let mut delivery = Delivery::new(queue, message);
        self.deliver_once(&mut delivery);
        while delivery.again {
            self.deliver_once(&mut delivery);
        }
        delivery
    }

    /// Puts a message into a queue, and says so.
    pub fn put(&self, queue: &str, message: Vec<u8>) {
        self.record.note(&Event::Queued {
            queue,
            message: &message,
        });
        self.storage.put(queue, message);
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
            Some(_) if function.is_http() => Some(rules::server_error().status),
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

    /// An invocation with a payload, which is made of the values of the input bindings and of what
    /// the host itself knows; by its retry policy several.
    fn invoke(
        &self,
        function: &Function,
        reason: &str,
        attempt: &Attempt,
        mut payload: impl FnMut(Members, &Sys) -> Result<String, String>,
    ) -> Invoked {
        let (policy, mut logs, mut done) = (Retry::of(function), Vec::new(), 0);
        let mut attempt = attempt.clone();
        let label = std::mem::take(&mut attempt.label);
        loop {
            let before = attempt.failure_before.as_deref().filter(|_| done > 0);
            let context = policy
                .as_ref()
                .map(|policy| policy.context(&function.name, done, before));
            let labels = [
                label.clone(),
                policy.as_ref().map_or_else(String::new, |p| p.label(done)),
            ];
            attempt.label = labels.join(if labels.iter().any(String::is_empty) {
                ""
            } else {
                ", "
            });
            let outcome = self.noted(function, reason, &attempt, |id| {
                let mut payload = |inputs, sys: &Sys| {
                    let payload = payload(inputs, sys)?;
                    Ok(match &context {
                        Some(context) => retry::with_context(&payload, context),
                        None => payload,
                    })
                };
                let outcome = self.invoke_once(function, id, &mut payload, &mut logs);
                let status = match &outcome {
                    Outcome::Completed(Some(answer)) => Some(answer.status),
                    _ => None,
                };
                (outcome, status)
            });
            match (&outcome, &policy) {
                (Outcome::Failed(why), Some(policy)) if policy.repeats(done) => {
                    attempt.failure_before = Some(why.clone());
                    attempt.is_first = false;
                    std::thread::sleep(policy.pause(done).min(self.longest_pause));
                    done += 1;
                }
                _ => return Invoked { outcome, logs },
            }
        }
    }

    fn invoke_once(
        &self,
        function: &Function,
        id: &str,
        payload: &mut dyn FnMut(Members, &Sys) -> Result<String, String>,
        logs: &mut Vec<String>,
    ) -> Outcome {
        let sys = Sys {
            method_name: function.name.clone(),
            utc_now: Date::now().iso(),
            rand_guid: guid(),
        };
        let answer = self
            .inputs(function)
            .and_then(|inputs| payload(inputs, &sys))
            .and_then(|payload| {
                let path = format!("/{}", function.name);
                let invocation =
                    http::invocation_to(&self.authority(), &path, id, payload.as_bytes());
                self.send(&invocation).map_err(|error| error.to_string())
            });
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => return Outcome::Failed(why),
        };
        let outputs: Vec<&Binding> = function.outputs().collect();
        let settled = rules::settle_with(&outputs, &answer, self.app.host.base64_queues);
        for line in &settled.logs {
            self.record.note(&Event::Logged { id, line });
        }
        for (queue, message) in settled.messages {
            self.put(&queue, message);
        }
        for (binding, value) in settled.outputs {
            let kind = outputs.iter().find(|output| output.name == binding);
            let kind = kind.map_or("", |output| &output.kind);
            let (function, binding, value) = (&*function.name, &*binding, &value);
            self.record.note(&Event::Written {
                function,
                binding,
                kind,
                value,
            });
            self.storage.write(function, binding, value.clone());
        }
        logs.extend(settled.logs);
        settled.outcome
    }

    /// What the host fetches for a function's input bindings.
    fn inputs(&self, function: &Function) -> Result<Members, String> {
        let input = |binding: &Binding| {
            let name = &binding.name;
            let given = self.storage.input(&function.name, name)?;
            if given.is_none() {
                let place = format!(".local/{}.{name}", function.name);
                let line = format!(
                    "{} gets no {name}, as if it were not there: {place} is not there",
                    function.name
                );
                self.note(&line);
            }
            Ok((name.to_owned(), triggers::input_of(binding, given.as_ref())))
        };
        function.inputs().map(input).collect()
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

    /// What YARP makes of a request: method, path, query and body as they are, its own `Host`.
    fn proxied(&self, request: &Request, id: &str) -> Vec<u8> {
        // What it replaces, and what is between the caller and the host alone.
        const LEFT_OUT: [&str; 12] = [
            "host",
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "upgrade",
            "x-azure-functions-invocationid",
            "x-azure-functions-hostversion",
            "x-ms-invocation-id",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
        ];
        let authority = self.authority();
        let mut headers = vec![("Host", authority.as_str())];
        let kept = request
            .headers
            .iter()
            .filter(|(name, _)| !LEFT_OUT.contains(&name.to_ascii_lowercase().as_str()));
        headers.extend(kept.map(|(name, value)| (name.as_str(), value.as_str())));
        headers.extend([
            ("X-Azure-Functions-InvocationId", id),
            ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
            ("x-ms-invocation-id", id),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", request.header("Host")),
            ("X-Forwarded-Proto", "http"),
        ]);
        // Kestrel leaves a %2F in the path as it is, and YARP then escapes its percent sign.
        let (path, query) = request
            .target
            .split_at(request.target.find('?').unwrap_or(request.target.len()));
        let target = path.replace("%2F", "%252F").replace("%2f", "%252f") + query;
        let chunked = request.is_chunked().then(|| http::chunked(request.body));
        http::request(
            request.method,
            &target,
            &headers,
            chunked.as_deref().unwrap_or(request.body),
        )
    }

    /// [Extensions/HttpRequestExtensions.cs, ToHttpRequestMessage;
    /// Workers/Http/DefaultHttpWorkerService.cs, AddHeaders]: the caller's headers, its `Host` too;
    /// a query whose repeated names are joined.
    fn forwarded(&self, request: &Request, id: &str) -> Vec<u8> {
        let encoded = |text: &str| {
            let byte = |byte: u8| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            };
            text.bytes().map(byte).collect::<String>()
        };
        let pair = |(name, values): &(String, Vec<String>)| {
            format!("{}={}", encoded(name), encoded(&values.join(",")))
        };
        let query: Vec<String> = request.query().iter().map(pair).collect();
        let path = request.target.split('?').next().unwrap_or_default();
        let target = if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", query.join("&"))
        };
        let agent = format!(
            "{} Azure-Functions-Host/4.1037.0.0",
            request.header("User-Agent")
        );
        let mut headers: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("User-Agent"));
        headers.extend([
            ("X-Azure-Functions-HostVersion", "4.1037.0.0"),
            ("X-Azure-Functions-InvocationId", id),
            ("User-Agent", agent.as_str()),
        ]);
        http::request(request.method, &target, &headers, request.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxied_request_is_what_the_host_sent() {
        for name in ["get", "chunked"] {
            let path = format!(
                "{}/../template/wire/host-proxied-{name}.http",
                env!("CARGO_MANIFEST_DIR")
            );
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

            let (_, port) = of("Host").split_once(':').expect("a port");
            let (app, storage, record) = (app(), Arc::default(), Arc::new(Record::kept()));
            let handler = Handler::attached(port.parse().expect("a port"));
            let host = Host::new(handler, app, storage, record);
            let id = of("X-Azure-Functions-InvocationId");
            let sent = String::from_utf8(host.proxied(&request, id)).expect("text");
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

    fn app() -> Arc<Description> {
        let mut app = Description::default();
        app.host.form = Form::Proxied;
        Arc::new(app)
    }
}
