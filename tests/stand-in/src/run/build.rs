//! The debug build of the app, and the copy of it that runs: on Windows cargo cannot overwrite a
//! running program.

use serde_json::{Value, json};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub struct Built {
    pub handler: PathBuf,
    /// As JSON.
    pub table: String,
}

/// Builds the app's binary and its table. Cargo's messages go to stderr; with `quiet` only warnings
/// and errors. The error is empty if cargo has already said what is wrong.
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
    let made = |kind: &str, name: &str| {
        let is_it = |target: &Value| target["kind"] == json!([kind]) && target["name"] == name;
        let made = messages.iter().find(|message| is_it(&message["target"]));
        let path = made.and_then(|message| message["executable"].as_str());
        path.map(PathBuf::from)
            .ok_or_else(|| format!("cargo build has made no {kind} called {name}"))
    };
    let printed = Command::new(made("example", "table")?).output();
    let printed = printed.map_err(|error| format!("the table: {error}"))?;
    if !printed.status.success() {
        let why = String::from_utf8_lossy(&printed.stderr);
        return Err(format!("the table cannot be read: {why}"));
    }
    Ok(Built {
        handler: made("bin", "handler")?,
        table: String::from_utf8_lossy(&printed.stdout).into_owned(),
    })
}

/// While it lives, nothing overwrites the program.
pub struct ProgramCopy {
    pub program: PathBuf,
    _lock: File,
}

impl ProgramCopy {
    /// Copies to `run/0`, or to the first folder that is not in use. The program keeps its name for
    /// debuggers.
    pub fn of(program: &Path) -> io::Result<Self> {
        let name = program.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut problem = io::Error::from(io::ErrorKind::ResourceBusy);
        for number in 0..100 {
            let folder = program.with_file_name("run").join(number.to_string());
            std::fs::create_dir_all(&folder)?;
            let lock = File::create(folder.join("lock"))?;
            if let Err(error) = lock.try_lock() {
                problem = error.into();
                continue;
            }
            let copy = folder.join(name);
            // Windows does not remove a running program.
            match std::fs::remove_file(&copy) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => problem = error,
                _ => {
                    std::fs::copy(program, &copy)?;
                    return Ok(Self {
                        program: copy,
                        _lock: lock,
                    });
                }
            }
        }
        Err(problem)
    }
}
