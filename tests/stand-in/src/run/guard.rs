//! `stand-in guard <program> <arguments>` runs a program that ends with the process that started
//! it, also after Ctrl-C, a kill or a crash. Only that process has the other end of the guard's
//! stdin. When the system closes it, the guard kills the program. Both are in a process group of
//! their own, so that Ctrl-C does not reach them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

pub fn run(arguments: &[String]) -> Result<(), String> {
    let (program, arguments) = arguments
        .split_first()
        .ok_or("say which program to guard")?;
    let failed = |error: io::Error| format!("{program}: {error}");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (open, closed) = channel::<()>();
    thread::spawn(move || {
        // Whether the end or an error: stdin is closed.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(open);
    });
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            std::process::exit(code(status));
        }
        if closed.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Disconnected) {
            child.kill().map_err(failed)?;
            std::process::exit(code(child.wait().map_err(failed)?));
        }
    }
}

/// The exit code. After a signal it is 128 and the signal's number, as in shells.
pub fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    let of_signal = || signal.map_or(1, |signal: i32| 128 + signal);
    status.code().unwrap_or_else(of_signal)
}

/// Runs the program under a guard. The caller has to pipe its stdin.
pub fn command(program: &Path) -> Command {
    // Cargo may rebuild this program while it runs. On Linux this path still leads to it.
    let guard = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => std::env::current_exe().unwrap_or_default(),
    };
    let mut command = Command::new(guard);
    command.arg("guard").arg(program);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    {
        const NEW_PROCESS_GROUP: u32 = 0x200;
        std::os::windows::process::CommandExt::creation_flags(&mut command, NEW_PROCESS_GROUP);
    }
    command
}
