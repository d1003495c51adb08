//! A handler process. It never outlives the process that started it.

use crate::host::record::{Record, lock};
use crate::host::storage::files::unique;
use crate::run::guard;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

/// Dropping it kills the process, unless it is attached.
pub struct Handler {
    pub port: u16,
    /// `None` if attached.
    child: Option<Mutex<Child>>,
    /// Whether it still ran when it was killed.
    killed: AtomicBool,
    /// The files with stdout and stderr; `None` if lines are shown, or if attached.
    printed: Option<[Mutex<File>; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Starts cargo's binary, or the one that the environment variable `HANDLER` names.
pub fn command() -> Command {
    // The test is `target/debug/deps/...`, the handler `target/debug/handler`.
    let built = || {
        let test = std::env::current_exe().expect("the test executable's path");
        let folder = test.ancestors().nth(2).expect("cargo's target folder");
        folder.join(format!("handler{}", std::env::consts::EXE_SUFFIX))
    };
    let binary = std::env::var_os("HANDLER").map_or_else(built, PathBuf::from);
    // Absolute, because a test may change its working directory.
    let path = std::path::absolute(binary).expect("the handler's path");
    let mut command = Command::new(path);
    command.env_remove("RUST_BACKTRACE");
    command
}

impl Handler {
    /// With `show`, which needs a [`guard::command`], each printed line goes there. Without, output
    /// goes to files: what was printed before an answer is there with the answer.
    pub fn spawn(port: u16, mut command: Command, show: Option<Arc<Record>>) -> io::Result<Self> {
        let mut handler = Self::attached(port);
        if show.is_some() {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            command.stderr(Stdio::piped());
        } else {
            let (stdout, stderr) = (file_to_print_into()?, file_to_print_into()?);
            command.stdin(Stdio::null()).stdout(stdout.0);
            command.stderr(stderr.0);
            handler.printed = Some([stdout.1, stderr.1].map(Mutex::new));
        }
        let mut child = command.spawn()?;
        if let Some(show) = show {
            read_lines(child.stdout.take(), Stream::Stdout, show.clone());
            read_lines(child.stderr.take(), Stream::Stderr, show);
        }
        handler.child = Some(Mutex::new(child));
        Ok(handler)
    }

    /// For a handler that a debugger or a test has started.
    pub fn attached(port: u16) -> Self {
        Self {
            port,
            child: None,
            killed: AtomicBool::new(false),
            printed: None,
        }
    }

    pub fn pid(&self) -> Option<u32> {
        Some(lock(self.child.as_ref()?).id())
    }

    /// What it has printed so far; empty if lines are shown, or if attached.
    pub fn stdout(&self) -> String {
        self.printed(0)
    }

    pub fn stderr(&self) -> String {
        self.printed(1)
    }

    fn printed(&self, which: usize) -> String {
        let mut bytes = Vec::new();
        if let Some(files) = &self.printed {
            let mut file = lock(&files[which]);
            let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
            read.unwrap_or_else(|error| panic!("what the handler printed: {error}"));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// As shells give it. `None` while the process runs, or if attached.
    pub fn exit_code(&self) -> Option<i32> {
        match lock(self.child.as_ref()?).try_wait() {
            Ok(status) => status.map(guard::code),
            // It is no longer a child of this process.
            Err(_) => Some(1),
        }
    }

    /// Kills the process, as the host does, unless it is attached.
    pub fn kill(&self) {
        let Some(child) = &self.child else { return };
        let mut child = lock(child);
        if matches!(child.try_wait(), Ok(None)) {
            self.killed.store(true, Relaxed);
        }
        // A guard ends when `wait` closes its stdin.
        if child.stdin.is_none() {
            let _ = child.kill();
        }
        let _ = child.wait();
    }

    /// Shows what it has printed, for a failed test.
    pub fn show_printed(&self) {
        let end = match self.exit_code().filter(|_| !self.killed.load(Relaxed)) {
            Some(code) => format!("it ended with code {code}"),
            None => "it ran until then".to_owned(),
        };
        let (stdout, stderr) = (self.stdout(), self.stderr());
        eprintln!("the handler of the failed test: {end}");
        eprintln!("--- stdout\n{stdout}\n--- stderr\n{stderr}");
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A file opened twice, for writing and for reading. It has no name any more.
fn file_to_print_into() -> io::Result<(File, File)> {
    let path = std::env::temp_dir().join(unique());
    let file = OpenOptions::new().append(true).create(true).open(&path)?;
    let files = (file, File::open(&path)?);
    std::fs::remove_file(path)?;
    Ok(files)
}

fn read_lines(pipe: Option<impl Read + Send + 'static>, stream: Stream, record: Arc<Record>) {
    thread::spawn(move || {
        let lines = pipe
            .into_iter()
            .flat_map(|pipe| BufReader::new(pipe).split(b'\n'));
        for line in lines.map_while(Result::ok) {
            let text = String::from_utf8_lossy(&line);
            record.printed(stream, text.trim_end_matches('\r'));
        }
    });
}
