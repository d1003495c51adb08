//! A handler process. It never outlives the process that has started it, or the test.

use crate::host::record::lock;
use crate::run::guard;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that surely happens: generous, so that only a hang becomes a failure.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What the handler's line on stdout holds once it listens, alone or started by a host; the port
/// follows.
const ADDRESSES: [&str; 2] = ["http://127.0.0.1:", "serving the Functions host on port "];

/// A handler process, or one that somebody else has started. Dropping it kills the process.
pub struct Handler {
    /// The port that it listens on.
    pub port: u16,
    /// Nothing if somebody else has started the handler.
    child: Option<Mutex<Child>>,
    /// Whether this has ended it.
    killed: AtomicBool,
    /// What keeps a guarded handler alive, see [`guard`].
    life: Mutex<Option<ChildStdin>>,
    stdout: Printed,
    stderr: Printed,
}

/// Where a line came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// What is done with each line that a handler prints.
pub type Show = dyn Fn(Stream, &str) + Send + Sync;

/// The command that starts the handler on a port of the system's choice: the binary that cargo has
/// built with the test that runs, or the one that the environment variable `HANDLER` names.
pub fn command() -> Command {
    let binary = std::env::var_os("HANDLER").map_or_else(built_handler, PathBuf::from);
    // Absolute, because a test may change the working directory of the process.
    on_any_port(std::path::absolute(binary).expect("the handler's path"))
}

fn on_any_port(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", "0");
    command.env_remove("RUST_BACKTRACE");
    command
}

/// `target/debug/handler` for the test `target/debug/deps/...`.
fn built_handler() -> PathBuf {
    let test = std::env::current_exe().expect("the test executable's path");
    let folder = test
        .ancestors()
        .nth(2)
        .expect("cargo's folder for what it builds");
    folder.join(format!("handler{}", std::env::consts::EXE_SUFFIX))
}

/// The command that starts this test executable once more, as a handler with an app of the tests'
/// own: the test of this name serves it where the variable is set.
pub fn app_of_tests(test: &str, variable: &str) -> Command {
    let mut command = on_any_port(std::env::current_exe().expect("the test executable's path"));
    command.args([test, "--exact", "--nocapture", "--quiet"]);
    command.arg("--test-threads=1").env(variable, "1");
    command
}

/// Waits until `condition` gives a value, or fails the test saying what did not happen.
#[track_caller]
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        let is_late = start.elapsed() > DEADLINE;
        assert!(!is_late, "waited {DEADLINE:?} in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The port in the line that a handler prints once it listens.
pub fn port_in(stdout: &str) -> Option<u16> {
    let mut addresses = ADDRESSES.iter();
    let (_, rest) = addresses.find_map(|address| stdout.split_once(address))?;
    // Digits and what ends them, so that half a number is not taken for the whole.
    let (digits, _) = rest.split_once(|c: char| !c.is_ascii_digit())?;
    digits.parse().ok()
}

impl Handler {
    /// Starts the handler and waits until it listens.
    pub fn start() -> Self {
        Self::from_command(command())
    }

    /// Runs `command`, whatever it is, and waits until it says on stdout where it listens.
    pub fn from_command(command: Command) -> Self {
        Self::spawn(command)
            .announced()
            .unwrap_or_else(|handler| panic!("{}", handler.describe()))
    }

    /// Runs `command` without waiting for anything; `port` is not known yet.
    pub fn spawn(command: Command) -> Self {
        let shown = format!("{command:?}");
        Self::spawn_at(0, command, None)
            .unwrap_or_else(|error| panic!("{shown} does not start: {error}"))
    }

    /// Runs `command`, which listens on `port`. With `show`, each line that it prints goes there as
    /// it comes, and the command is one of [`guard::command`]. Without, the lines go to files, not
    /// pipes, so that all that it printed before an answer is there with the answer.
    pub fn spawn_at(port: u16, mut command: Command, show: Option<Arc<Show>>) -> io::Result<Self> {
        let (mut stdout, mut stderr) = (Printed::default(), Printed::default());
        if show.is_some() {
            command.stdin(Stdio::piped());
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        } else {
            command.stdin(Stdio::null()).stdout(stdout.open_file()?);
            command.stderr(stderr.open_file()?);
        }
        let mut child = command.spawn()?;
        if let Some(show) = show {
            if let Some(pipe) = child.stdout.take() {
                read_lines(pipe, Stream::Stdout, show.clone());
            }
            if let Some(pipe) = child.stderr.take() {
                read_lines(pipe, Stream::Stderr, show);
            }
        }
        Ok(Self {
            port,
            life: Mutex::new(child.stdin.take()),
            child: Some(Mutex::new(child)),
            killed: AtomicBool::new(false),
            stdout,
            stderr,
        })
    }

    /// A handler that somebody else has started: a debugger, or a test.
    pub fn attached(port: u16) -> Self {
        Self {
            port,
            child: None,
            killed: AtomicBool::new(false),
            life: Mutex::default(),
            stdout: Printed::default(),
            stderr: Printed::default(),
        }
    }

    /// Whether somebody else has started it.
    pub fn is_attached(&self) -> bool {
        self.child.is_none()
    }

    /// Waits for the line on stdout that says where it listens; gives the process back as an error
    /// if it ended first.
    pub fn announced(mut self) -> Result<Self, Self> {
        match self.wait("its address", Stream::Stdout, port_in) {
            Some(port) => {
                self.port = port;
                Ok(self)
            }
            None => Err(self),
        }
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        lock(self.child()).id()
    }

    /// All of stdout so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// All of stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until stderr holds `what`.
    #[track_caller]
    pub fn wait_for_stderr(&self, what: &str) {
        self.wait_for_text(what, Stream::Stderr);
    }

    /// Waits until stdout holds `what`.
    #[track_caller]
    pub fn wait_for_stdout(&self, what: &str) {
        self.wait_for_text(what, Stream::Stdout);
    }

    #[track_caller]
    fn wait_for_text(&self, what: &str, stream: Stream) {
        let find = |text: &str| text.contains(what).then_some(());
        if self.wait(what, stream, find).is_none() {
            panic!("{stream:?} ended without {what:?}: {}", self.describe());
        }
    }

    /// Waits until `find` finds something in what it prints; `None` if it ended without it.
    #[track_caller]
    fn wait<T>(&self, what: &str, stream: Stream, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        wait_for(&format!("{what:?} on {stream:?}"), || {
            let ended = self.exit_code().is_some();
            let text = match stream {
                Stream::Stdout => self.stdout(),
                Stream::Stderr => self.stderr(),
            };
            find(&text).map(Some).or(ended.then_some(None))
        })
    }

    /// Whether the process has not ended.
    pub fn is_running(&self) -> bool {
        self.exit_code().is_none()
    }

    /// Its exit code, once it has ended; if a signal has ended it, as shells give it. Always `None`
    /// if somebody else has started it.
    pub fn exit_code(&self) -> Option<i32> {
        match lock(self.child.as_ref()?).try_wait() {
            Ok(status) => status.map(guard::code),
            // It is not a child of this process any more, whatever happened to it.
            Err(_) => Some(1),
        }
    }

    /// Waits until the process has ended by itself.
    pub fn wait_for_exit(&self) -> ExitStatus {
        wait_for("the handler to end", || {
            let status = lock(self.child()).try_wait();
            status.expect("its status")
        })
    }

    /// Sends a signal by its name, `TERM` for one.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.arg(format!("-{name}")).arg(self.pid().to_string());
        let sent = kill.status().is_ok_and(|status| status.success());
        assert!(sent, "kill -{name} failed");
    }

    /// Kills the process, as the host does: at once, unannounced. Does nothing if somebody else has
    /// started it.
    pub fn kill(&self) {
        let Some(child) = &self.child else { return };
        let guarded = lock(&self.life).take().is_some();
        let mut child = lock(child);
        if matches!(child.try_wait(), Ok(None)) {
            self.killed.store(true, Relaxed);
        }
        if !guarded {
            // An error means that it has ended already.
            let _ = child.kill();
        }
        // An error means that there is nothing to wait for.
        let _ = child.wait();
    }

    fn child(&self) -> &Mutex<Child> {
        self.child.as_ref().expect("a process of one's own")
    }

    fn describe(&self) -> String {
        let end = match self.exit_code().filter(|_| !self.killed.load(Relaxed)) {
            Some(code) => format!("it ended with code {code}"),
            None => "it ran until then".to_owned(),
        };
        let (stdout, stderr) = (self.stdout(), self.stderr());
        format!("{end}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() && self.stdout.0.is_some() {
            eprintln!("the handler of the failed test: {}", self.describe());
        }
    }
}

/// What a process has printed into a file, read as far as it was asked for.
#[derive(Default)]
struct Printed(Option<Box<Mutex<SoFar>>>);

/// A file, and what was read of it so far.
type SoFar = (File, Vec<u8>);

impl Printed {
    /// A file to print into. It has no name any more once it is open.
    fn open_file(&mut self) -> io::Result<File> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("stand-in-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let file = OpenOptions::new().append(true).create(true).open(&path)?;
        self.0 = Some(Box::new(Mutex::new((File::open(&path)?, Vec::new()))));
        std::fs::remove_file(path)?;
        Ok(file)
    }

    fn text(&self) -> String {
        let Some(printed) = &self.0 else {
            return String::new();
        };
        let (file, bytes) = &mut *lock(printed);
        let read = file.read_to_end(bytes);
        read.unwrap_or_else(|error| panic!("what the handler printed cannot be read: {error}"));
        String::from_utf8_lossy(bytes).into_owned()
    }
}

fn read_lines(pipe: impl Read + Send + 'static, stream: Stream, show: Arc<Show>) {
    thread::spawn(move || {
        let (mut pipe, mut line) = (BufReader::new(pipe), Vec::new());
        while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line);
            show(stream, text.trim_end_matches(['\r', '\n']));
            line.clear();
        }
    });
}
