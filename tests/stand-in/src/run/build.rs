//! The debug build of the app, its table, and the copy of it that runs: on Windows nothing can be
//! built over a program that runs.

use serde_json::{Value, json};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a build has made.
pub struct Built {
    /// The handler's binary.
    pub handler: PathBuf,
    /// The compiled table of functions, as JSON.
    pub table: String,
}

/// Builds the app's binary, and what prints its table, at once. Cargo's own words go to stderr;
/// with `quiet` only warnings and errors. The error is empty where they have said what is wrong.
pub fn build(root: &Path, quiet: bool) -> Result<Built, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--bin", "handler", "--example", "table"]);
    cargo.arg("--message-format=json-render-diagnostics");
    cargo.args(quiet.then_some("--quiet")).current_dir(root);
    cargo.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = cargo.output();
    let output = output.map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(String::new());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = text.lines().filter_map(|line| line.parse().ok()).collect();
    // Where cargo has put it is up to its settings.
    let made = |kind: &str, name: &str| {
        let is_it = |target: &Value| target["kind"] == json!([kind]) && target["name"] == name;
        let made = messages.iter().find(|message| is_it(&message["target"]));
        let path = made.and_then(|message| message["executable"].as_str());
        path.map(PathBuf::from)
            .ok_or_else(|| format!("cargo build has made no {kind} called {name}"))
    };
    let printed = Command::new(made("example", "table")?)
        .output()
        .map_err(|error| format!("the table: {error}"))?;
    if !printed.status.success() {
        let why = String::from_utf8_lossy(&printed.stderr);
        return Err(format!("the table cannot be read: {why}"));
    }
    Ok(Built {
        handler: made("bin", "handler")?,
        table: String::from_utf8_lossy(&printed.stdout).into_owned(),
    })
}

/// Where a `make run` keeps its copies of the handler: a folder of its own beside the built
/// programs, `run/0` or the first that no other `make run` uses. Free again once it is dropped.
pub struct Copies {
    folder: PathBuf,
    _lock: File,
}

impl Copies {
    /// A folder beside `program`.
    pub fn beside(program: &Path) -> io::Result<Self> {
        for number in 0.. {
            let folder = program.with_file_name("run").join(number.to_string());
            std::fs::create_dir_all(&folder)?;
            let _lock = File::create(folder.join("lock"))?;
            match _lock.try_lock() {
                Ok(()) => return Ok(Self { folder, _lock }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::ErrorKind::StorageFull.into())
    }

    /// Copies a program, in the place of a copy that does not run any more. The name stays, by
    /// which a debugger finds it.
    pub fn copy(&self, program: &Path) -> io::Result<PathBuf> {
        let name = program.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut problem = io::Error::from(io::ErrorKind::ResourceBusy);
        for number in 0..100 {
            let folder = self.folder.join(number.to_string());
            std::fs::create_dir_all(&folder)?;
            let copy = folder.join(name);
            // Windows does not remove a program that runs.
            match std::fs::remove_file(&copy) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => problem = error,
                _ => return std::fs::copy(program, &copy).map(|_| copy),
            }
        }
        Err(problem)
    }
}
