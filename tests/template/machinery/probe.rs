//! What the system says about a process, and what it allows the tests.

use crate::requests::{Handler, wait_until};
use std::fs;

/// The most threads of a handler at rest: 5 of tiny_http, the supervisor, a worker, the test
/// harness's, and one to spare.
pub const FEW_THREADS: usize = 9;

/// A number from `/proc/<pid>/status`, such as `VmRSS` (in KiB) or `Threads`; 0 without `/proc`.
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

/// Waits until the handler has few threads. Each of 64 connections has one, and each invocation in
/// flight another.
pub fn assert_few_threads(handler: &Handler) {
    let few = || status(handler, "Threads") <= FEW_THREADS;
    wait_until("the idle handler to have few threads", few);
}

/// Names and scheduling policies of a process's threads [proc_pid_stat(5)].
#[cfg(target_os = "linux")]
pub fn policies(pid: u32) -> Vec<(String, usize)> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.expect("the threads of a running process");
    let policy = |thread: std::io::Result<fs::DirEntry>| {
        // A thread may have ended.
        let stat = fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        let (name, numbers) = stat.split_once(" (")?.1.rsplit_once(") ")?;
        Some((name.to_owned(), numbers.split(' ').nth(38)?.parse().ok()?))
    };
    threads.filter_map(policy).collect()
}

/// How many descriptors a process has open; 0 without `/proc`.
pub fn descriptors(handler: &Handler) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", handler.pid()));
    open.map_or(0, Iterator::count)
}

/// Allows this process and its handlers as many open files as possible: some systems start with
/// 256, and the tests need more.
#[cfg(unix)]
pub fn allow_many_files() {
    use std::ffi::c_int;
    // The current and the highest limit.
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
            // macOS refuses more, though it reports no limit.
            limits[0] = limits[1].min(10_240);
            unsafe { setrlimit(FILES, &limits) == 0 }
        };
        let error = std::io::Error::last_os_error();
        assert!(done, "cannot raise the limit of open files: {error}");
    });
}

#[cfg(not(unix))]
pub fn allow_many_files() {}
