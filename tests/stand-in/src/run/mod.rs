//! `make run`: builds the handler, starts it as the host does, serves callers, delivers queue
//! messages, and starts again when a file of the app changes.

pub mod build;
pub mod current;
pub mod delivery;
pub mod guard;
pub mod http;
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
use crate::run::build::ProgramCopy;
use crate::run::current::Current;
use crate::run::process::Handler;
use crate::run::show::{Console, Kind};
use crate::run::timers::Timers;
use crate::run::watch::Files;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const DEFAULT_PORT: u16 = 7071;

/// How long a replaced handler may take to finish its work.
const GRACE: Duration = Duration::from_secs(5);

const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// How long after `functionTimeout` the handler is killed.
const AFTER_LIMIT: Duration = Duration::from_secs(2);

/// The host ends with so many errors within this time.
const ERRORS_MAX: usize = 3;
const ERRORS_WITHIN: Duration = Duration::from_secs(30 * 60);

/// Members that say what triggers a function.
const SOURCES: &str = "queueName schedule path topicName eventHubName databaseName \
    containerName toolName";

#[derive(Default)]
struct Options {
    port: Option<u16>,
    /// The port of a handler that runs already.
    attach: Option<u16>,
    timers_off: bool,
    verbose: bool,
}

struct Run {
    root: PathBuf,
    port: u16,
    options: Options,
    console: Arc<Console>,
    current: Arc<Current>,
    storage: Arc<Storage>,
}

/// An app whose files were read and whose handler was built.
#[derive(Clone)]
struct Made {
    app: Arc<Description>,
    /// `None` for an attached handler.
    binary: Option<Arc<ProgramCopy>>,
    notes: Vec<String>,
}

/// `run --port 7071 --attach 8080 --timers off --verbose 1`; all are optional. Returns only with an
/// error.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let options = options(arguments)?;
    files::fail_at_limits();
    let root = std::env::current_dir();
    let root = root.map_err(|error| format!("the working directory: {error}"))?;
    let mut files = Files::of(&root);
    let (listener, port) = listen(options.port, &root)?;
    let run = Arc::new(Run {
        storage: Arc::new(Storage::with_files(root.join(".local"))),
        console: Arc::new(Console::of_stdout(options.verbose)),
        current: Arc::default(),
        root,
        port,
        options,
    });

    let (console, current) = (&run.console, &run.current);
    let (mut shown, mut timers) = (String::new(), Timers::default());
    let mut load = |again| {
        let made = run.make(again)?;
        run.serve(&made)?;
        let functions = run.functions(&made);
        if functions != shown {
            console.print(Kind::Plain, &functions);
            shown = functions;
        }
        if !run.options.timers_off {
            timers.start(current, &made.app, !again);
        }
        Ok::<(), String>(())
    };
    load(false)?;
    delivery::start(current);
    let hosts = current.clone();
    thread::spawn(move || serve::serve(&listener, &hosts));
    let (does, has_done) = match run.options.attach {
        None => ("building", "reloaded"),
        Some(_) => (
            "reading the app's files",
            "read again, with the attached handler as it is,",
        ),
    };
    loop {
        let changed = files.wait_for_change(&run.root);
        let begun = Instant::now();
        let changed = format!("{} has changed: {does}", changed.display());
        console.log(Kind::Host, changed);
        match load(true) {
            Ok(()) => {
                let took = begun.elapsed().as_millis();
                console.log(Kind::Good, format!("{has_done} in {took} ms"));
            }
            Err(why) => {
                for line in why.lines() {
                    console.log(Kind::Error, line);
                }
                console.log(Kind::Error, "not reloaded: what ran before goes on");
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

/// The default is the port of local.settings.json, then func's.
fn listen(port: Option<u16>, root: &Path) -> Result<(TcpListener, u16), String> {
    // `Run::make` reports what is wrong with the file.
    let settings = json::read(root, "local.settings.json").unwrap_or_default();
    let of_file = || {
        json::integer(json::at(&settings, "Host.LocalHttpPort"))?
            .try_into()
            .ok()
    };
    let port = port.or_else(of_file).unwrap_or(DEFAULT_PORT);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| {
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    });
    listener.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            let another = port.saturating_add(1);
            format!("port {port} is in use; for another: make run PORT={another}")
        }
        _ => format!("cannot listen on 127.0.0.1:{port}: {error}"),
    })
}

impl Run {
    /// Reads the app's files, builds the handler, and checks that both agree.
    fn make(&self, again: bool) -> Result<Made, String> {
        let app = Description::of(&self.root);
        // The files' own errors are shown before the build.
        let mut findings = check_app(&app, None);
        finding::errors(&findings).map_or(Ok(()), Err)?;
        let mut binary = None;
        if self.options.attach.is_none() {
            let built = build::build(&self.root, again)?;
            findings = check_app(&app, Some(&built.table));
            finding::errors(&findings).map_or(Ok(()), Err)?;
            let copy = ProgramCopy::of(&built.handler);
            let copy = copy.map_err(|error| format!("the handler cannot be copied: {error}"))?;
            binary = Some(Arc::new(copy));
        }
        let mut notes = app.notes();
        notes.extend(findings.iter().map(ToString::to_string));
        Ok(Made {
            app: Arc::new(app),
            binary,
            notes,
        })
    }

    /// Starts the handler. The one before it ends when its work is done, or after [`GRACE`].
    fn serve(self: &Arc<Self>, made: &Made) -> Result<(), String> {
        let host = self.start(made)?;
        let (before, generation) = self.current.replace(host.clone());
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
        thread::spawn(move || run.look_after(&made, host, generation));
        Ok(())
    }

    fn start(&self, made: &Made) -> Result<Arc<Host>, String> {
        let record = Arc::new(Record::shown(self.console.clone()));
        let handler = match &made.binary {
            Some(binary) => {
                let guarded = || guard::command(&binary.program);
                start::start(&made.app, &guarded, Some(record.clone()))?
            }
            None => {
                let port = self.options.attach.unwrap_or_default();
                let waiting = format!("waiting for a handler on 127.0.0.1:{port}");
                self.console.log(Kind::Host, waiting);
                while !start::answers(port) {
                    thread::sleep(start::PING_PAUSE);
                }
                Handler::attached(port)
            }
        };
        let mut host = Host::new(handler, made.app.clone());
        (host.storage, host.record) = (self.storage.clone(), record);
        host.longest_pause = Duration::MAX;
        Ok(Arc::new(host))
    }

    /// Restarts the handler whenever it ends, as the host does [Workers/Http/HttpWorkerChannel.cs]:
    /// at once after code 200, never after 0, and otherwise until the third time. Ends with the
    /// generation.
    fn look_after(&self, made: &Made, mut host: Arc<Host>, generation: usize) {
        let mut errors: Vec<Instant> = Vec::new();
        loop {
            let code = self.watch(made, host, generation);
            if !self.current.amend(generation, Ok(None)) {
                return;
            }
            let mut problem = match code {
                None => "the handler was killed".to_owned(),
                Some(code) => format!("the handler has ended with code {code}"),
            };
            if code == Some(0) {
                problem +=
                    ", and so it is not started again: every call fails until the app changes";
                self.console.log(Kind::Error, &problem);
                self.current.amend(generation, Err(problem));
                return;
            }
            let mut failed = !matches!(code, None | Some(200));
            host = loop {
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
                    Ok(host) => break host,
                    Err(why) => (problem, failed) = (why, true),
                }
            };
            if !self.current.amend(generation, Ok(Some(host.clone()))) {
                return;
            }
        }
    }

    /// Waits until the handler ends, and gives its code; `None` if it was killed after
    /// `functionTimeout`, or if the generation has ended.
    fn watch(&self, made: &Made, host: Arc<Host>, generation: usize) -> Option<i32> {
        // An attached handler cannot be killed.
        let limit = made.app.host.function_timeout;
        let limit = limit.filter(|_| made.binary.is_some());
        let (running, mut warned) = (&host.record.running, String::new());
        while self.current.generation() == generation {
            if let Some(code) = host.handler.exit_code() {
                return Some(code);
            }
            for (id, function, after) in running.long() {
                let line = format!("still running after {} s", after.as_secs());
                self.console.about(Kind::Warning, &function, &id, line);
            }
            if let Some(limit) = limit
                && let Some((id, function, ran)) = running.longest()
                && ran >= limit
            {
                let over = format!("longer than functionTimeout, {} s", limit.as_secs_f64());
                if warned != id {
                    let left = AFTER_LIMIT.as_secs();
                    let line = format!(
                        "it has run {over}: in {left} s the handler is killed and started again"
                    );
                    self.console.about(Kind::Error, &function, &id, line);
                    warned.clone_from(&id);
                }
                if ran >= limit + AFTER_LIMIT {
                    // From now on requests wait for the next handler.
                    self.current.amend(generation, Ok(None));
                    running.report(&id, &format!("it ran {over}"));
                    let others = format!("the handler was killed, because {function} ran {over}");
                    running.report_all(&others);
                    host.handler.kill();
                    return None;
                }
            }
            thread::sleep(LOOK_PAUSE);
        }
        None
    }

    /// As `func start` lists them, with the notes.
    fn functions(&self, Made { app, notes, .. }: &Made) -> String {
        let address = format!("http://localhost:{}", self.port);
        let mut shown = "\nFunctions:\n".to_owned();
        if app.functions.is_empty() {
            shown += "\n\tnone yet: make new\n";
        }
        let mut has_timer = false;
        for function in &app.functions {
            let (name, trigger) = (&function.name, function.trigger());
            has_timer |= trigger.is("timerTrigger");
            let what = match &function.route {
                Some(route) => format!("[{}] {address}/{route}", function.methods().join(",")),
                None => {
                    let mut sources = SOURCES.split(' ').map(|member| trigger.text(member));
                    let source = sources.find(|source| !source.is_empty());
                    format!("{} {}", trigger.kind, source.unwrap_or_default())
                }
            };
            shown += &format!("\n\t{name}: {}\n", what.trim_end());
        }
        if self.options.timers_off && has_timer {
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
