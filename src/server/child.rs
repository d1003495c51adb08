//! What a handler does for the host that has started it.

/// Set by the host for each handler that it starts [HttpWorkerProcess.cs].
const STARTED_BY_HOST: &str = "FUNCTIONS_CUSTOMHANDLER_WORKER_ID";

/// The host that has started this handler.
pub struct Parent {
    id: u32,
}

impl Parent {
    /// The host, if one has started this handler, which then ignores Ctrl-C: the terminal sends it
    /// to both, and the host would report a crash.
    pub fn of_this_handler() -> Option<Self> {
        std::env::var_os(STARTED_BY_HOST)?;
        ignore_interrupts();
        Some(Self { id: parent_id() })
    }

    /// Whether the host has ended. Nothing else ends its handler then.
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
    // SAFETY: it is declared as in POSIX, where a handler is a pointer or a small number, here that
    // for "ignore": no code of this process is ever called.
    unsafe extern "C" {
        safe fn signal(signal: c_int, handler: usize) -> usize;
    }
    signal(SIGINT, SIG_IGN);
}

#[cfg(windows)]
fn ignore_interrupts() {
    // SAFETY: it is declared as in wincon.h. Without a handler routine it only sets whether Ctrl-C
    // is ignored.
    unsafe extern "system" {
        safe fn SetConsoleCtrlHandler(routine: usize, add: i32) -> i32;
    }
    SetConsoleCtrlHandler(0, 1);
}
