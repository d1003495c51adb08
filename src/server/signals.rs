//! Signals from the other threads to the supervisor.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::thread::{self, Thread};

static SUPERVISOR: OnceLock<Thread> = OnceLock::new();

/// Whether the supervisor need not be woken, because it looks every few milliseconds.
pub static AWAKE: AtomicBool = AtomicBool::new(false);

/// Whether no more connections are accepted.
pub static ACCEPT_LOST: AtomicBool = AtomicBool::new(false);

/// Whether a thread has panicked, which may be the one that accepts connections.
pub static ACCEPT_IN_DOUBT: AtomicBool = AtomicBool::new(false);

/// How many new connections have not yet been nudged for.
pub static NEWCOMERS: AtomicUsize = AtomicUsize::new(0);

/// One bit per port: whether a request has come from it since ports were last forgotten, or before.
static SEEN: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];
static SEEN_BEFORE: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];

/// A request has come from this port. Costs two loads, unless it is the first in a while.
pub fn request_from(port: u16) {
    let (index, bit) = (usize::from(port) / 64, 1 << (port % 64));
    let is_new = SEEN[index].load(Relaxed) & bit == 0
        && SEEN[index].fetch_or(bit, Relaxed) & bit == 0
        && SEEN_BEFORE[index].load(Relaxed) & bit == 0;
    if is_new {
        NEWCOMERS.fetch_add(1, SeqCst);
    }
    if is_new || !AWAKE.load(SeqCst) {
        wake();
    }
}

/// Forgets the ports from which no request has come since the last call.
pub fn forget_ports() {
    for (seen, before) in SEEN.iter().zip(&SEEN_BEFORE) {
        before.store(seen.swap(0, Relaxed), Relaxed);
    }
}

pub fn raise(signal: &AtomicBool) {
    signal.store(true, SeqCst);
    wake();
}

/// Makes the supervisor look at once.
pub fn wake() {
    if let Some(supervisor) = SUPERVISOR.get() {
        supervisor.unpark();
    }
}

/// Makes the calling thread the supervisor.
pub fn supervise_here() {
    let _ = SUPERVISOR.set(thread::current());
}
