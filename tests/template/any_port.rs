//! Handlers on ports that the system chooses.

use std::path::PathBuf;
use std::process::Command;

pub fn on_any_port(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", "0");
    command.env_remove("RUST_BACKTRACE");
    command
}

/// The port in a handler's line, alone or started by a host.
pub fn port_in(stdout: &str) -> Option<u16> {
    let lines = ["http://127.0.0.1:", "serving the Functions host on port "];
    let (_, rest) = lines.iter().find_map(|line| stdout.split_once(line))?;
    // The character after the digits shows that the number is complete.
    let (digits, _) = rest.split_once(|c: char| !c.is_ascii_digit())?;
    digits.parse().ok()
}
