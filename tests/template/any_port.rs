//! Handlers on ports of the system's choice.

use std::path::PathBuf;
use std::process::Command;

/// The command that starts a handler so.
pub fn on_any_port(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", "0");
    command.env_remove("RUST_BACKTRACE");
    command
}

/// The port in the line that a handler prints once it listens, alone or started by a host.
pub fn port_in(stdout: &str) -> Option<u16> {
    let lines = ["http://127.0.0.1:", "serving the Functions host on port "];
    let (_, rest) = lines.iter().find_map(|line| stdout.split_once(line))?;
    // Digits and what ends them, so that half a number is not taken for the whole.
    let (digits, _) = rest.split_once(|c: char| !c.is_ascii_digit())?;
    digits.parse().ok()
}
