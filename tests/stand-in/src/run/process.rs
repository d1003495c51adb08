//! A running handler process, whose output is collected and which never outlives its test.

use std::{
    io::Read,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take that surely happens: generous, so that only a hang becomes a failure.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What the handler's line on stdout holds once it listens, alone or started by a host; the port
/// follows.
const ADDRESSES: [&str; 2] = ["http://127.0.0.1:", "serving the Functions host on port "];

/// A handler process. Dropping it kills it.
pub struct Handler {
    /// The port that it listens on, as it says so on stdout.
    pub port: u16,
    child: Mutex<Child>,
    stdout: Pipe,
    stderr: Pipe,
}

/// The command that starts the handler on a port of the system's choice: the binary that cargo has
/// built with the test that runs, or the one that the environment variable `HANDLER` names.
pub fn command() -> Command {
    let binary = std::env::var_os("HANDLER").map_or_else(built_handler, PathBuf::from);
    // Absolute, because a test may change the working directory of the process.
    let mut command = Command::new(std::path::absolute(binary).expect("the handler's path"));
    command
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", "0")
        .env_remove("RUST_BACKTRACE");
    command
}

/// `target/debug/handler` for the test `target/debug/deps/...`.
fn built_handler() -> PathBuf {
    let test = std::env::current_exe().expect("the test executable's path");
    let folder = test
        .ancestors()
        .nth(2)
        .expect("cargo's folder for what it builds");
    folder
        .join("handler")
        .with_extension(std::env::consts::EXE_EXTENSION)
}

/// The command that starts this test executable once more, as a handler with an app of the tests'
/// own: the test of this name serves it where the variable is set.
pub fn app_of_tests(test: &str, variable: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test executable's path"));
    command.args([
        test,
        "--exact",
        "--nocapture",
        "--quiet",
        "--test-threads=1",
    ]);
    command
        .env(variable, "1")
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", "0")
        .env_remove("RUST_BACKTRACE");
    command
}

/// Waits until `condition` gives a value, or fails the test saying what did not happen.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(
            start.elapsed() < DEADLINE,
            "waited {DEADLINE:?} in vain for {what}"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

impl Handler {
    /// Starts the handler and waits until it listens.
    pub fn start() -> Self {
        Self::from_command(command())
    }

    /// Runs `command`, whatever it is, and waits until it says on stdout where it listens.
    pub fn from_command(command: Command) -> Self {
        Self::spawn(command, true)
            .announced()
            .unwrap_or_else(|handler| panic!("it ended: {}", handler.describe()))
    }

    /// Runs `command` without waiting for anything; `port` is not known yet. Without `keep_pipes`,
    /// stderr is closed at once and stdout after the line that holds the address.
    pub fn spawn(mut command: Command, keep_pipes: bool) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let (stdout, stderr) = (
            child.stdout.take().expect("piped"),
            child.stderr.take().expect("piped"),
        );
        let stderr = if keep_pipes {
            Pipe::drain(stderr, true)
        } else {
            Pipe::drain(std::io::empty(), true)
        };
        Self {
            port: 0,
            stdout: Pipe::drain(stdout, keep_pipes),
            stderr,
            child: Mutex::new(child),
        }
    }

    /// Waits for the line on stdout that says where it listens; gives the process back as an error
    /// if it ended first.
    pub fn announced(mut self) -> Result<Self, Self> {
        let port = |text: &str| {
            let (_, rest) = ADDRESSES
                .iter()
                .find_map(|address| text.split_once(address))?;
            // Digits and what ends them, so that half a number is not taken for the whole.
            let (digits, _) = rest.split_once(|c: char| !c.is_ascii_digit())?;
            digits.parse().ok()
        };
        match self.stdout.wait("the handler's address on stdout", port) {
            Some(port) => {
                self.port = port;
                Ok(self)
            }
            None => Err(self),
        }
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
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
    pub fn wait_for_stderr(&self, what: &str) {
        let found = self.stderr.wait(&format!("{what:?} on stderr"), |text| {
            text.contains(what).then_some(())
        });
        assert!(
            found.is_some(),
            "stderr ended without {what:?}: {}",
            self.describe()
        );
    }

    /// Waits until stdout holds `what`.
    pub fn wait_for_stdout(&self, what: &str) {
        let found = self.stdout.wait(&format!("{what:?} on stdout"), |text| {
            text.contains(what).then_some(())
        });
        assert!(
            found.is_some(),
            "stdout ended without {what:?}: {}",
            self.describe()
        );
    }

    /// Whether the process has not ended.
    pub fn is_running(&self) -> bool {
        self.child
            .lock()
            .unwrap()
            .try_wait()
            .expect("wait for the handler")
            .is_none()
    }

    /// Waits until the process has ended by itself.
    pub fn wait_for_exit(&self) -> ExitStatus {
        wait_for("the handler to end", || {
            self.child
                .lock()
                .unwrap()
                .try_wait()
                .expect("wait for the handler")
        })
    }

    /// Sends a signal by its name, `TERM` for one.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.pid().to_string())
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "kill -{name} failed"
        );
    }

    /// Kills the process, as the host does: at once, unannounced.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        // Killing fails only where it has ended already.
        let _ = child.kill();
        child.wait().expect("wait for the killed handler");
    }

    fn describe(&self) -> String {
        let status = self.child.lock().unwrap().try_wait();
        format!(
            "status {status:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout(),
            self.stderr()
        )
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("the handler of the failed test: {}", self.describe());
        }
    }
}

/// What came out of a pipe so far, read by a thread of its own, so that the process never waits for
/// a reader.
#[derive(Clone)]
struct Pipe(Arc<(Mutex<Drained>, Condvar)>);

#[derive(Default)]
struct Drained {
    bytes: Vec<u8>,
    ended: bool,
}

impl Pipe {
    /// Reads `pipe` to its end, or, without `keep`, until it has given the line with the address.
    fn drain(mut pipe: impl Read + Send + 'static, keep: bool) -> Self {
        let this = Self(Arc::default());
        let Self(shared) = this.clone();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            loop {
                let length = pipe.read(&mut piece).unwrap_or(0);
                let mut drained = shared.0.lock().unwrap();
                drained.bytes.extend(&piece[..length]);
                let enough = !keep
                    && drained.bytes.ends_with(b"\n")
                    && ADDRESSES
                        .iter()
                        .any(|address| drained.text().contains(address));
                drained.ended = length == 0 || enough;
                shared.1.notify_all();
                if drained.ended {
                    break;
                }
            }
        });
        this
    }

    fn text(&self) -> String {
        self.0.0.lock().unwrap().text()
    }

    /// Waits until `find` finds something in the text; `None` when the pipe ended without it.
    fn wait<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let (drained, changed) = &*self.0;
        let start = Instant::now();
        let mut drained = drained.lock().unwrap();
        loop {
            let found = find(&drained.text());
            if found.is_some() || drained.ended {
                return found;
            }
            let Some(left) = DEADLINE.checked_sub(start.elapsed()) else {
                let text = drained.text();
                // A panic that holds the lock would fail whoever asks next.
                drop(drained);
                panic!("waited {DEADLINE:?} in vain for {what}:\n{text}");
            };
            drained = changed.wait_timeout(drained, left).unwrap().0;
        }
    }
}

impl Drained {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}
