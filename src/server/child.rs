//! What a handler does for the host that has started it.

/// Set by the host for each handler that it starts [HttpWorkerProcess.cs].
const STARTED_BY_HOST: &str = "FUNCTIONS_CUSTOMHANDLER_WORKER_ID";

/// The host that has started this handler.
pub struct Parent {
    id: u32,
}

impl Parent {
    /// The host, if one has started this handler. From then on the handler ignores Ctrl-C, which
    /// the terminal sends to both: the host ends in its own order, and would report a crash.
    pub fn of_this_handler() -> Option<Self> {
        std::env::var_os(STARTED_BY_HOST)?;
        ignore_interrupts();
        Some(Self { id: parent_id() })
    }

    /// Whether the host has ended. Nothing else ends its handler then, and a new host starts a
    /// handler of its own.
    pub fn is_gone(&self) -> bool {
        parent_id() != self.id
    }
}

#[cfg(unix)]
fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

/// On Windows a process cannot see that its parent has ended.
#[cfg(not(unix))]
fn parent_id() -> u32 {
    0
}

#[cfg(unix)]
fn ignore_interrupts() {
    use std::ffi::c_int;
    const SIGINT: c_int = 2;
    const SIG_IGN: usize = 1;
    // SAFETY: it is declared as in POSIX, where a handler is a pointer or a small number. It gets
    // the number for "ignore", so no code of this process is ever called.
    unsafe extern "C" {
        safe fn signal(signal: c_int, handler: usize) -> usize;
    }
    // It fails only for signals that cannot be ignored.
    signal(SIGINT, SIG_IGN);
}

#[cfg(windows)]
fn ignore_interrupts() {
    // SAFETY: it is declared as in wincon.h. Without a handler routine it only sets whether Ctrl-C
    // is ignored.
    unsafe extern "system" {
        safe fn SetConsoleCtrlHandler(routine: usize, add: i32) -> i32;
    }
    // It fails for a process without a console, which no Ctrl-C reaches.
    SetConsoleCtrlHandler(0, 1);
}
