//! `make run`: the whole app on this machine. It builds the handler, starts it as the host does,
//! serves callers, delivers queue messages, and does it all anew when a file of the app changes.

pub mod build;
pub mod current;
pub mod delivery;
pub mod guard;
pub mod http;
pub mod limit;
pub mod local;
pub mod process;
pub mod running;
pub mod serve;
pub mod show;
pub mod start;
pub mod timers;
pub mod watch;

use crate::app::description::Description;
use crate::app::finding;
use crate::app::json;
use crate::commands::check::check_app;
use crate::host::invoke::Host;
use crate::host::mcp;
use crate::host::record::Record;
use crate::host::storage::{Storage, files};
use crate::run::build::{self as cargo, Copies};
use crate::run::current::Current;
use crate::run::process::Handler;
use crate::run::running::Running;
use crate::run::serve as front;
use crate::run::show::{Console, Kind};
use crate::run::timers::Timers;
use crate::run::watch::Files;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// The port of func.
const DEFAULT_PORT: u16 = 7071;

/// How long a handler that another has replaced may take for what it has begun.
const GRACE: Duration = Duration::from_secs(5);

/// How often a handler is looked at: whether it has ended, whether it is still busy.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// How long a function may go on after `functionTimeout`, until the handler is killed.
const AFTER_LIMIT: Duration = Duration::from_secs(2);

/// The host ends with the third error within this time.
const ERRORS_MAX: usize = 3;
const ERRORS_WITHIN: Duration = Duration::from_secs(30 * 60);

/// What the command is called with.
#[derive(Default)]
struct Options {
    port: Option<u16>,
    /// The port of a handler that is not to be started.
    attach: Option<u16>,
    timers_off: bool,
    verbose: bool,
}

/// What every generation of the app is started with.
struct Run {
    root: PathBuf,
    /// The port that callers use.
    port: u16,
    options: Options,
    /// The program that guards handlers, see `guard`.
    guard: PathBuf,
    copies: OnceLock<Copies>,
    console: Arc<Console>,
    current: Arc<Current>,
    storage: Arc<Storage>,
}

/// An app that is ready to be started.
#[derive(Clone)]
struct Made {
    app: Arc<Description>,
    /// The handler's binary; none where it is attached to.
    binary: Option<PathBuf>,
    /// What the user should know of it, a sentence each.
    notes: Vec<String>,
}

/// A host, and what its handler is at work on.
struct Started {
    host: Weak<Host>,
    running: Arc<Running>,
}

/// The command: `run --port 7071 --attach 8080 --timers off --verbose 1`, each of them or none. It
/// returns only with an error.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let options = options(arguments)?;
    files::fail_at_limits();
    let root = std::env::current_dir();
    let root = root.map_err(|error| format!("the working directory: {error}"))?;
    let mut files = Files::of(&root);
    let port = options.port.or_else(|| {
        let app = Description::read(&root, &|_| None);
        let settings = app.settings?.file;
        json::integer(json::at(&settings, "Host.LocalHttpPort"))?
            .try_into()
            .ok()
    });
    let port = port.unwrap_or(DEFAULT_PORT);
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => format!(
                "port {port} is in use; for another: make run PORT={}",
                port.saturating_add(1)
            ),
            _ => format!("cannot listen on 127.0.0.1:{port}: {error}"),
        })?;
    let port = listener
        .local_addr()
        .map_err(|error| format!("the port: {error}"))?
        .port();
    // Cargo may build this program anew while it runs. Linux has it under this name all the same.
    let guard = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => std::env::current_exe().map_err(|error| format!("this program: {error}"))?,
    };
    let storage = Arc::new(Storage::with_files(root.join(".local")));
    let run = Arc::new(Run {
        root,
        port,
        guard,
        copies: OnceLock::new(),
        console: Arc::new(Console::of_stdout(options.verbose)),
        options,
        current: Arc::default(),
        storage,
    });

    let made = run.make(false)?;
    run.serve(&made)?;
    let mut shown = run.functions(&made);
    run.console.print(Kind::Plain, &shown);
    let (current, storage) = (run.current.clone(), run.storage.clone());
    thread::spawn(move || delivery::deliver(&current, &storage));
    let current = run.current.clone();
    thread::spawn(move || delivery::deliver_blobs(&current));
    let current = run.current.clone();
    thread::spawn(move || front::serve(&listener, &current));
    let timers = Timers::new(&run.current);
    if !run.options.timers_off {
        timers.start(&made.app, true);
    }
    loop {
        let changed = files.wait_for_change(&run.root);
        let begun = Instant::now();
        let (does, has_done) = match run.options.attach {
            None => ("building", "reloaded"),
            Some(_) => (
                "reading the app's files",
                "read again, with the attached handler as it is,",
            ),
        };
        let changed = format!("{} has changed: {does}", changed.display());
        run.console.log(Kind::Host, &changed);
        let served = |made: Made| run.serve(&made).map(|()| made);
        match run.make(true).and_then(served) {
            Ok(made) => {
                let functions = run.functions(&made);
                if functions != shown {
                    run.console.print(Kind::Plain, &functions);
                    shown = functions;
                }
                if !run.options.timers_off {
                    timers.start(&made.app, false);
                }
                let took = begun.elapsed().as_millis();
                run.console
                    .log(Kind::Good, format!("{has_done} in {took} ms"));
            }
            Err(why) => {
                for line in why.lines() {
                    run.console.log(Kind::Error, line);
                }
                let end = "not reloaded: what ran before goes on";
                run.console.log(Kind::Error, end);
            }
        }
    }
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    for pair in arguments.chunks(2) {
        let value = pair.get(1).map_or("", String::as_str);
        let port = |name: &str| {
            let wrong = |_| format!("{name}={value} is not a port from 0 to 65535");
            value.parse().map(Some).map_err(wrong)
        };
        match pair[0].as_str() {
            "--port" => options.port = port("PORT")?,
            "--attach" => options.attach = port("ATTACH")?,
            "--timers" if matches!(value, "on" | "off") => options.timers_off = value == "off",
            "--timers" => return Err(format!("TIMERS={value} is neither on nor off")),
            "--verbose" => options.verbose = !matches!(value, "" | "0"),
            other => {
                let there_are = "there are --port, --attach, --timers, --verbose";
                return Err(format!("there is no option {other}; {there_are}"));
            }
        }
    }
    Ok(options)
}

impl Run {
    /// Reads the app's files, builds its handler, and checks that both fit together. Errors with a
    /// sentence a line.
    fn make(&self, again: bool) -> Result<Made, String> {
        let app = Description::read(&self.root, &|name| std::env::var(name).ok());
        // What the files alone show needs no build.
        finding::errors(&check_app(&app, None)).map_or(Ok(()), Err)?;
        let built = match self.options.attach {
            Some(_) => None,
            None => Some(cargo::build(&self.root, again)?),
        };
        let findings = check_app(&app, built.as_ref().map(|built| built.table.as_str()));
        if let Some(errors) = finding::errors(&findings) {
            return Err(errors);
        }
        let copy = |built: cargo::Built| {
            if self.copies.get().is_none() {
                let _ = self.copies.set(Copies::beside(&built.handler)?);
            }
            let copies = self.copies.get().ok_or(ErrorKind::NotFound)?;
            copies.copy(&built.handler)
        };
        let binary = built
            .map(copy)
            .transpose()
            .map_err(|error| format!("the handler cannot be copied: {error}"))?;
        let notes = app.notes().into_iter();
        let notes = notes.chain(findings.iter().map(ToString::to_string));
        Ok(Made {
            notes: notes.collect(),
            app: Arc::new(app),
            binary,
        })
    }

    /// Starts a handler, makes its host the one that serves, and looks after it.
    fn serve(self: &Arc<Self>, made: &Made) -> Result<(), String> {
        let (host, started) = self.start(made)?;
        let (before, generation) = self.current.replace(host);
        if let Some(before) = before {
            thread::spawn(move || {
                let begun = Instant::now();
                while Arc::strong_count(&before) > 1 && begun.elapsed() < GRACE {
                    thread::sleep(LOOK_PAUSE);
                }
                before.handler.kill();
            });
        }
        let (run, made) = (self.clone(), made.clone());
        thread::spawn(move || run.look_after(&made, started, generation));
        Ok(())
    }

    /// Starts a handler and waits until it answers.
    fn start(&self, made: &Made) -> Result<(Arc<Host>, Started), String> {
        let running = Arc::new(Running::default());
        let handler = match (&made.binary, self.options.attach) {
            (Some(binary), _) => {
                let (console, running) = (self.console.clone(), running.clone());
                let show =
                    Arc::new(move |stream, line: &str| console.handler(&running, stream, line));
                let command = || guard::command(&self.guard, binary);
                start::start(&made.app, &command, Some(show))?
            }
            (None, port) => {
                let port = port.unwrap_or_default();
                let waiting = format!("waiting for a handler on 127.0.0.1:{port}");
                self.console.log(Kind::Host, &waiting);
                while !start::answers(port) {
                    thread::sleep(start::PING_PAUSE);
                }
                Handler::attached(port)
            }
        };
        let record = Record::Shown(Box::new({
            let (console, running) = (self.console.clone(), running.clone());
            move |event| console.event(&running, event)
        }));
        let (app, storage) = (made.app.clone(), self.storage.clone());
        let mut host = Host::new(handler, app, storage, Arc::new(record));
        (host.patient, host.longest_pause) = (true, Duration::MAX);
        let host = Arc::new(host);
        let started = Started {
            host: Arc::downgrade(&host),
            running,
        };
        Ok((host, started))
    }

    /// Starts a handler anew whenever it ends, as the host does it
    /// [Workers/Http/HttpWorkerChannel.cs]: at once where its code is 200, not at all where it is
    /// 0, and else until the third time. Kills it, and starts another, when an invocation has run
    /// longer than `functionTimeout`. Ends with the generation.
    fn look_after(self: &Arc<Self>, made: &Made, mut started: Started, generation: usize) {
        let mut errors: Vec<Instant> = Vec::new();
        loop {
            let Some(end) = self.watch(made, &started, generation) else {
                return;
            };
            if !self.current.amend(generation, Ok(None)) {
                return;
            }
            let mut problem = match end {
                End::Killed => "the handler was killed".to_owned(),
                End::Code(code) => format!("the handler has ended with code {code}"),
            };
            if end == End::Code(0) {
                problem +=
                    ", and so it is not started again: every call fails until the app changes";
                self.console.log(Kind::Error, &problem);
                self.current.amend(generation, Err(problem));
                return;
            }
            let mut failed = !matches!(end, End::Killed | End::Code(200));
            started = loop {
                if failed {
                    errors.retain(|error| error.elapsed() < ERRORS_WITHIN);
                    errors.push(Instant::now());
                }
                if errors.len() >= ERRORS_MAX {
                    let end = "the third error in 30 minutes: the host ends; \
                               make run starts it again";
                    self.console.log(Kind::Error, format!("{problem}, {end}"));
                    std::process::exit(1);
                }
                let kind = if failed { Kind::Error } else { Kind::Host };
                let line = format!("{problem}: it is started again");
                self.console.log(kind, line);
                match self.start(made) {
                    Ok((host, started)) => {
                        if !self.current.amend(generation, Ok(Some(host))) {
                            return;
                        }
                        break started;
                    }
                    Err(why) => (problem, failed) = (why, true),
                }
            };
        }
    }

    /// Waits until a handler has ended, or kills it after a time limit. `None` if its host is gone.
    fn watch(&self, made: &Made, started: &Started, generation: usize) -> Option<End> {
        // One that it has not started cannot be killed.
        let is_own = made.binary.is_some();
        let limit = made.app.host.function_timeout.filter(|_| is_own);
        let mut warned = None;
        loop {
            let host = started.host.upgrade()?;
            if let Some(code) = host.handler.exit_code() {
                return Some(End::Code(code));
            }
            for (id, function, after) in started.running.long() {
                let line = format!("still running after {} s", after.as_secs());
                self.console.about(Kind::Warning, &function, &id, &line);
            }
            if let Some(limit) = limit
                && let Some((id, function, ran)) = started.running.longest()
                && ran >= limit
            {
                let over = format!("longer than functionTimeout, {} s", limit.as_secs_f64());
                if warned.as_ref() != Some(&id) {
                    let left = AFTER_LIMIT.as_secs();
                    let line = format!(
                        "it has run {over}: in {left} s the handler is killed and started again"
                    );
                    self.console.about(Kind::Error, &function, &id, &line);
                    warned = Some(id.clone());
                }
                if ran >= limit + AFTER_LIMIT {
                    // From now on requests wait for the next one.
                    self.current.amend(generation, Ok(None));
                    started.running.report(&id, &format!("it ran {over}"));
                    let others = format!("the handler was killed, because {function} ran {over}");
                    started.running.report_all(&others);
                    host.handler.kill();
                    return Some(End::Killed);
                }
            }
            drop(host);
            thread::sleep(LOOK_PAUSE);
        }
    }

    /// The functions as `func start` shows them, and what there is to know about them.
    fn functions(&self, Made { app, notes, .. }: &Made) -> String {
        let address = format!("http://localhost:{}", self.port);
        let mut shown = "\nFunctions:\n".to_owned();
        if app.functions.is_empty() {
            shown += "\n\tnone yet: make new\n";
        }
        for function in &app.functions {
            let trigger = function.trigger();
            let line = match &function.route {
                Some(route) => format!("[{}] {address}/{route}", function.methods().join(",")),
                None => {
                    let mut sources = SOURCES.iter().map(|member| trigger.text(member));
                    let source = sources.find(|source| !source.is_empty());
                    format!("{} {}", trigger.kind, source.unwrap_or_default())
                }
            };
            shown += &format!("\n\t{}: {}\n", function.name, line.trim_end());
        }
        let mut triggers = app.functions.iter().map(|function| function.trigger());
        if self.options.timers_off && triggers.any(|trigger| trigger.is("timerTrigger")) {
            shown += "\nTimers are off: TIMERS=off\n";
        }
        if !app.tools().is_empty() {
            let url = format!("{address}{}", mcp::PATH);
            shown += &format!(
                "\nMCP server: {url}\n\n\tclaude mcp add --transport http local-functions {url}\n\
                 \t.vscode/mcp.json: {{\"servers\": {{\"local-functions\": {{\"type\": \"http\", \"url\": \"{url}\"}}}}}}\n"
            );
        }
        for note in notes {
            shown += &format!("\n{note}\n");
        }
        shown
    }
}

/// What a function is triggered by, whatever its binding calls it.
const SOURCES: [&str; 8] = [
    "queueName",
    "schedule",
    "path",
    "topicName",
    "eventHubName",
    "databaseName",
    "containerName",
    "toolName",
];

/// How a handler ended.
#[derive(PartialEq)]
enum End {
    /// By itself, with this code.
    Code(i32),
    /// It was killed, because a function ran too long.
    Killed,
}
