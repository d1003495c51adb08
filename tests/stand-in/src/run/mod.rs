//! `make run`: the whole app on this machine. It builds the handler, starts it as the host does,
//! serves callers, delivers queue messages, and does it all anew when a file of the app changes.

pub mod build;
pub mod current;
pub mod delivery;
pub mod guard;
pub mod http;
pub mod process;
pub mod serve;
pub mod show;
pub mod start;
pub mod watch;

use crate::app::description::Description;
use crate::app::finding;
use crate::app::function::Function;
use crate::commands::check::check_app;
use crate::host::invoke::Host;
use crate::host::record::Record;
use crate::host::storage::Storage;
use crate::run::build::{self as cargo, Copies};
use crate::run::current::Current;
use crate::run::process::Handler;
use crate::run::serve as front;
use crate::run::show::{Console, Kind};
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

/// The host ends with the third error within this time.
const ERRORS_MAX: usize = 3;
const ERRORS_WITHIN: Duration = Duration::from_secs(30 * 60);

/// What every generation of the app is started with.
struct Run {
    root: PathBuf,
    /// The port that callers use.
    port: u16,
    /// The port of a handler that is not to be started.
    attach: Option<u16>,
    /// The program that guards handlers, see `guard`.
    guard: PathBuf,
    copies: OnceLock<Copies>,
    console: Arc<Console>,
    current: Arc<Current>,
    storage: Arc<Storage>,
    record: Arc<Record>,
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

/// The command: `run [--port 7071] [--attach 8080]`. It returns only with an error.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let (port, attach) = options(arguments)?;
    let root =
        std::env::current_dir().map_err(|error| format!("the working directory: {error}"))?;
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
    let mut files = Files::of(&root);
    let console = Arc::new(Console::of_stdout());
    let record = Arc::new(Record::Shown(Box::new({
        let console = console.clone();
        move |event| console.event(event)
    })));
    // Cargo may build this program anew while it runs. Linux has it under this name all the same.
    let guard = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => std::env::current_exe().map_err(|error| format!("this program: {error}"))?,
    };
    let storage = Arc::new(Storage::with_files(root.join(".local")));
    let run = Arc::new(Run {
        root,
        port,
        attach,
        guard,
        copies: OnceLock::new(),
        console,
        current: Arc::default(),
        storage,
        record,
    });

    let made = run.make(false)?;
    run.serve(&made)?;
    let mut shown = run.functions(&made);
    run.console.print(Kind::Plain, &shown);
    thread::spawn({
        let run = run.clone();
        move || delivery::deliver(&run.current, &run.storage)
    });
    thread::spawn({
        let run = run.clone();
        move || front::serve(&listener, &run.current)
    });
    loop {
        let changed = files.wait_for_change(&run.root);
        let begun = Instant::now();
        run.console.log(
            Kind::Host,
            &format!("{} has changed: building", changed.display()),
        );
        match run
            .make(true)
            .and_then(|made| run.serve(&made).map(|()| made))
        {
            Ok(made) => {
                let functions = run.functions(&made);
                if functions != shown {
                    run.console.print(Kind::Plain, &functions);
                    shown = functions;
                }
                run.console.log(
                    Kind::Good,
                    &format!("reloaded in {} ms", begun.elapsed().as_millis()),
                );
            }
            Err(why) => {
                for line in why.lines() {
                    run.console.log(Kind::Error, line);
                }
                run.console
                    .log(Kind::Error, "not reloaded: what ran before goes on");
            }
        }
    }
}

/// The ports: of callers, and of a handler to attach to.
fn options(arguments: &[String]) -> Result<(u16, Option<u16>), String> {
    let (mut port, mut attach) = (DEFAULT_PORT, None);
    for pair in arguments.chunks(2) {
        let number = |name: &str| match pair {
            [_, value] => value
                .parse()
                .map_err(|_| format!("{name}={value} is no port from 0 to 65535")),
            _ => Err(format!("{name} is a port")),
        };
        match pair[0].as_str() {
            "--port" => port = number("PORT")?,
            "--attach" => attach = Some(number("ATTACH")?),
            other => return Err(format!("{other} is neither --port nor --attach")),
        }
    }
    Ok((port, attach))
}

impl Run {
    /// Reads the app's files, builds its handler, and checks that both fit together. Errors with a
    /// sentence a line.
    fn make(&self, again: bool) -> Result<Made, String> {
        let app = Description::read(&self.root, &|name| std::env::var(name).ok());
        app.read_well()?;
        let built = match self.attach {
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
        let notes = app
            .notes()
            .into_iter()
            .chain(findings.iter().map(ToString::to_string))
            .collect();
        Ok(Made {
            app: Arc::new(app),
            binary,
            notes,
        })
    }

    /// Starts a handler, makes its host the one that serves, and looks after it.
    fn serve(self: &Arc<Self>, made: &Made) -> Result<(), String> {
        let host = Arc::new(self.start(made)?);
        let weak = Arc::downgrade(&host);
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
        if made.binary.is_some() {
            let (run, made) = (self.clone(), made.clone());
            thread::spawn(move || run.look_after(&made, weak, generation));
        }
        Ok(())
    }

    /// Starts a handler and waits until it answers.
    fn start(&self, made: &Made) -> Result<Host, String> {
        let handler = match (&made.binary, self.attach) {
            (Some(binary), _) => {
                let console = self.console.clone();
                let show = Arc::new(move |stream, line: &str| console.handler(stream, line));
                let command = || guard::command(&self.guard, binary);
                start::start(&made.app, &command, Some(show))?
            }
            (None, port) => {
                let port = port.unwrap_or_default();
                let waiting = format!("waiting for a handler on 127.0.0.1:{port}");
                self.console.log(Kind::Host, &waiting);
                start::is_ready(port, || true);
                Handler::attached(port)
            }
        };
        let (app, storage, record) = (made.app.clone(), self.storage.clone(), self.record.clone());
        Ok(Host::new(handler, app, storage, record).patient())
    }

    /// Starts a handler anew whenever it ends, as the host does it
    /// [Workers/Http/HttpWorkerChannel.cs]: at once where its code is 200, not at all where it is
    /// 0, and else until the third time. Ends with the generation.
    fn look_after(self: &Arc<Self>, made: &Made, mut host: Weak<Host>, generation: usize) {
        let mut errors: Vec<Instant> = Vec::new();
        loop {
            let code = loop {
                let Some(host) = host.upgrade() else { return };
                if let Some(code) = host.handler.exit_code() {
                    break code;
                }
                drop(host);
                thread::sleep(LOOK_PAUSE);
            };
            if !self.current.amend(generation, Ok(None)) {
                return;
            }
            let mut problem = format!("the handler has ended with code {code}");
            if code == 0 {
                problem +=
                    ", and so it is not started again: every call fails until the app changes";
                self.console.log(Kind::Error, &problem);
                self.current.amend(generation, Err(problem));
                return;
            }
            let mut failed = code != 200;
            host = loop {
                if failed {
                    errors.retain(|error| error.elapsed() < ERRORS_WITHIN);
                    errors.push(Instant::now());
                }
                if errors.len() >= ERRORS_MAX {
                    self.console.log(
                        Kind::Error,
                        &format!("{problem}, the third error in 30 minutes: the host ends"),
                    );
                    std::process::exit(1);
                }
                self.console.log(
                    if failed { Kind::Error } else { Kind::Host },
                    &format!("{problem}: it is started again"),
                );
                match self.start(made) {
                    Ok(host) => {
                        let host = Arc::new(host);
                        let weak = Arc::downgrade(&host);
                        if !self.current.amend(generation, Ok(Some(host))) {
                            return;
                        }
                        break weak;
                    }
                    Err(why) => (problem, failed) = (why, true),
                }
            };
        }
    }

    /// The functions as `func start` shows them, and what there is to know about them.
    fn functions(&self, Made { app, notes, .. }: &Made) -> String {
        let (address, mut shown) = (
            format!("http://localhost:{}", self.port),
            "\nFunctions:\n".to_owned(),
        );
        for function in &app.functions {
            let trigger = function.trigger();
            let text = |member: &str| trigger.text(member);
            let line = match &function.route {
                Some(route) => format!("[{}] {address}/{route}", function.methods().join(",")),
                None => {
                    // What it is triggered by, whatever the kind calls it.
                    const SOURCES: [&str; 7] = [
                        "queueName",
                        "schedule",
                        "path",
                        "topicName",
                        "eventHubName",
                        "databaseName",
                        "containerName",
                    ];
                    let source = SOURCES
                        .iter()
                        .map(|member| text(member))
                        .find(|source| !source.is_empty());
                    format!("{} {}", text("type"), source.unwrap_or_default())
                }
            };
            shown += &format!("\n\t{}: {}\n", function.name, line.trim_end());
        }
        let mut timers = app
            .functions
            .iter()
            .filter(|function| function.trigger().is("timerTrigger"));
        if let Some(Function { name, .. }) = timers.next() {
            let command = format!(
                "curl -d '{{}}' -H 'Content-Type: application/json' {address}/admin/functions/{name}"
            );
            shown += &format!("\nTimers run by hand only: {command}\n");
        }
        for note in notes {
            shown += &format!("\n{note}\n");
        }
        shown
    }
}
