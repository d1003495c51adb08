//! What the system says of a process, and what it lets the tests themselves do.

use crate::handler::Handler;
#[cfg(target_os = "linux")]
use crate::wait::wait_for;

/// As many threads as a handler at rest may have: 5 of tiny_http, the supervisor, a worker, the
/// test harness's, and one to spare.
#[cfg(target_os = "linux")]
pub const FEW_THREADS: usize = 9;

/// A number from `/proc/<pid>/status`, `VmRSS` (in KiB) or `Threads` for one.
#[cfg(target_os = "linux")]
pub fn status(pid: u32, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .expect("the status of a running process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .expect("a line of the status");
    line.trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("a number in the status")
}

/// Waits until the handler has no more threads than it needs at rest. Of 64 connections each has
/// one, and each invocation in flight another.
#[cfg(target_os = "linux")]
pub fn assert_few_threads(handler: &Handler) {
    let few = || (status(handler.pid(), "Threads") <= FEW_THREADS).then_some(());
    wait_for("the idle handler to have few threads", few);
}

#[cfg(not(target_os = "linux"))]
pub fn assert_few_threads(_: &Handler) {}

/// The names of a process's threads, each with its scheduling policy [proc_pid_stat(5)].
#[cfg(target_os = "linux")]
pub fn policies(pid: u32) -> Vec<(String, usize)> {
    let threads =
        std::fs::read_dir(format!("/proc/{pid}/task")).expect("the threads of a running process");
    let policy = |path| {
        // A thread may have ended since.
        let stat = std::fs::read_to_string(path).ok()?;
        let (name, numbers) = stat.split_once(" (")?.1.rsplit_once(") ")?;
        Some((name.to_owned(), numbers.split(' ').nth(38)?.parse().ok()?))
    };
    threads
        .filter_map(|thread| policy(thread.expect("a thread").path().join("stat")))
        .collect()
}

/// How many descriptors a process has open.
#[cfg(target_os = "linux")]
pub fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("the descriptors of a running process")
        .count()
}

/// Lets this process, and the handlers that it starts, open as many files as the system allows:
/// some start a program with 256, and the tests open more connections than that.
#[cfg(unix)]
pub fn allow_many_files() {
    use std::ffi::c_int;
    #[repr(C)]
    struct Limit {
        current: usize,
        most: usize,
    }
    unsafe extern "C" {
        fn getrlimit(resource: c_int, limit: *mut Limit) -> c_int;
        fn setrlimit(resource: c_int, limit: *const Limit) -> c_int;
    }
    const FILES: c_int = if cfg!(target_os = "linux") { 7 } else { 8 };
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let mut limit = Limit {
            current: 0,
            most: 0,
        };
        // SAFETY: both are declared as in POSIX, where `rlim_t` has the size of a pointer on Linux
        // and macOS of 64 bits, and get a valid `Limit` that outlives the call.
        let done = unsafe { getrlimit(FILES, &mut limit) } == 0 && {
            // macOS refuses more than this, though it says that there is no limit.
            limit.current = limit.most.min(10_240);
            unsafe { setrlimit(FILES, &limit) == 0 }
        };
        assert!(
            done,
            "cannot raise the limit of open files: {}",
            std::io::Error::last_os_error()
        );
    });
}

#[cfg(not(unix))]
pub fn allow_many_files() {}
