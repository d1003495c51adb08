//! The debug build of the app, and the copy of it that runs: on Windows nothing can be built over a program that runs.

use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Builds the app's binary, and gives its path. Cargo's own words go to stderr; with `quiet` only warnings and errors. The error
/// is empty where they have said what is wrong.
pub fn build(root: &Path, quiet: bool) -> Result<PathBuf, String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--bin", "handler", "--message-format=json-render-diagnostics"]);
    command.args(quiet.then_some("--quiet")).current_dir(root).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(String::new());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| line.parse::<Value>().ok());
    // Where cargo has put it is up to its settings.
    let binary = messages.filter(|message| {
        let is_binary =
            message["target"]["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"));
        is_binary && message["target"]["name"] == "handler"
    });
    let path = binary.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    path.ok_or_else(|| "cargo build has made no binary called handler".to_owned())
}

/// Copies a program into a folder of its own beside it: `run/7071-0/`, or the first such that no program runs from. The name
/// stays, by which a debugger finds it.
pub fn copy(program: &Path, owner: &str) -> io::Result<PathBuf> {
    let name = program.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut number = 0;
    loop {
        let folder = program.with_file_name("run").join(format!("{owner}-{number}"));
        std::fs::create_dir_all(&folder)?;
        let copy = folder.join(name);
        match std::fs::remove_file(&copy) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => number += 1,
            _ => return std::fs::copy(program, &copy).map(|_| copy),
        }
        if number > 100 {
            return Err(io::Error::other(format!("{} is in use, and 100 others", copy.display())));
        }
    }
}
