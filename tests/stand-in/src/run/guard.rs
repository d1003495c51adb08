//! A process that ends with the one that has started it, at once and however that one ends: by
//! Ctrl-C, by a kill, by a crash.
//!
//! The program is started by a guard: `stand-in guard <program> <arguments>`. The guard's stdin is
//! a pipe whose other end only the starting process has. The system closes it with that process,
//! and then the guard kills the program. On a terminal, the two are in a process group of their
//! own, so that Ctrl-C does not reach them. All that needs neither signals nor `unsafe`.

use crate::host::record::lock;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The command: runs a program for as long as stdin is open, and ends with the program's code.
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
        // An error ends it as the end does.
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

/// The code of a status; of a process that a signal has ended, as shells give it.
fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    status
        .code()
        .unwrap_or_else(|| signal.map_or(1, |signal: i32| 128 + signal))
}

/// Where a line came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// What is done with each line.
pub type Show = dyn Fn(Stream, &str) + Send + Sync;

/// A guarded process. Dropping it ends it.
pub struct Guarded {
    guard: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
}

/// A command that starts `program` under the guard `guard`, a copy of this program.
pub fn command(guard: &Path, program: &Path) -> Command {
    let mut command = Command::new(guard);
    command.arg("guard").arg(program);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        std::os::windows::process::CommandExt::creation_flags(
            &mut command,
            CREATE_NEW_PROCESS_GROUP,
        );
    }
    command
}

impl Guarded {
    /// Starts what [`command`] gave. Each line that the program prints goes to `show`.
    pub fn spawn(mut command: Command, show: Arc<Show>) -> io::Result<Self> {
        let mut guard = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipe = Mutex::new(guard.stdin.take());
        if let Some(stdout) = guard.stdout.take() {
            read_lines(stdout, Stream::Stdout, show.clone());
        }
        if let Some(stderr) = guard.stderr.take() {
            read_lines(stderr, Stream::Stderr, show);
        }
        Ok(Self {
            guard: Mutex::new(guard),
            pipe,
        })
    }

    /// The program's exit code, once it has ended.
    pub fn exit_code(&self) -> Option<i32> {
        match lock(&self.guard).try_wait() {
            Ok(status) => status.map(code),
            // It is no child of this process any more, whatever happened to it.
            Err(_) => Some(1),
        }
    }

    /// Kills the program, if it has not ended, and waits until it has.
    pub fn end(&self) {
        drop(lock(&self.pipe).take());
        // An error means that there is nothing to wait for.
        let _ = lock(&self.guard).wait();
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.end();
    }
}

fn read_lines(pipe: impl Read + Send + 'static, stream: Stream, show: Arc<Show>) {
    thread::spawn(move || {
        let (mut pipe, mut line) = (BufReader::new(pipe), Vec::new());
        while pipe
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            show(
                stream,
                String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']),
            );
            line.clear();
        }
    });
}
