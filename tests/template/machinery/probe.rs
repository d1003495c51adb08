//! What the system says of a process, and what it lets the tests themselves do.

use crate::requests::{Handler, wait_until};
use std::fs;

/// As many threads as a handler at rest may have: 5 of tiny_http, the supervisor, a worker, the
/// test harness's, and one to spare.
pub const FEW_THREADS: usize = 9;

/// A number from `/proc/<pid>/status`, `VmRSS` (in KiB) or `Threads` for one; 0 where there is no
/// `/proc`.
pub fn status(handler: &Handler, name: &str) -> usize {
    if !cfg!(target_os = "linux") {
        return 0;
    }
    let status = fs::read_to_string(format!("/proc/{}/status", handler.pid()));
    let status = status.expect("the status of a running process");
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|line| line.0 == name).expect("a line");
    let number = value.trim().trim_end_matches(" kB");
    number.parse().expect("a number in the status")
}

/// Waits until the handler has no more threads than it needs at rest. Of 64 connections each has
/// one, and each invocation in flight another.
pub fn assert_few_threads(handler: &Handler) {
    let few = || status(handler, "Threads") <= FEW_THREADS;
    wait_until("the idle handler to have few threads", few);
}

/// The names of a process's threads, each with its scheduling policy [proc_pid_stat(5)].
#[cfg(target_os = "linux")]
pub fn policies(pid: u32) -> Vec<(String, usize)> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.expect("the threads of a running process");
    let policy = |thread: std::io::Result<fs::DirEntry>| {
        // A thread may have ended since.
        let stat = fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        let (name, numbers) = stat.split_once(" (")?.1.rsplit_once(") ")?;
        Some((name.to_owned(), numbers.split(' ').nth(38)?.parse().ok()?))
    };
    threads.filter_map(policy).collect()
}

/// How many descriptors a process has open; 0 where there is no `/proc`.
pub fn descriptors(handler: &Handler) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", handler.pid()));
    open.map_or(0, Iterator::count)
}

/// Lets this process, and the handlers that it starts, open as many files as the system allows:
/// some start a program with 256, and the tests open more connections than that.
#[cfg(unix)]
pub fn allow_many_files() {
    use std::ffi::c_int;
    // The limit that holds, and the most that it can be.
    unsafe extern "C" {
        fn getrlimit(resource: c_int, limits: *mut [usize; 2]) -> c_int;
        fn setrlimit(resource: c_int, limits: *const [usize; 2]) -> c_int;
    }
    const FILES: c_int = if cfg!(target_os = "linux") { 7 } else { 8 };
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let mut limits = [0; 2];
        // SAFETY: both are declared as in POSIX, where `rlim_t` has the size of a pointer on Linux
        // and macOS of 64 bits, and get valid limits that outlive the call.
        let done = unsafe { getrlimit(FILES, &mut limits) } == 0 && {
            // macOS refuses more than this, though it says that there is no limit.
            limits[0] = limits[1].min(10_240);
            unsafe { setrlimit(FILES, &limits) == 0 }
        };
        let error = std::io::Error::last_os_error();
        assert!(done, "cannot raise the limit of open files: {error}");
    });
}

#[cfg(not(unix))]
pub fn allow_many_files() {}
