//! Signals from the other threads to the supervisor.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::thread::{self, Thread};

pub static SIGNALS: Signals = Signals {
    supervisor: OnceLock::new(),
    awake: AtomicBool::new(false),
    accept_lost: AtomicBool::new(false),
    accept_in_doubt: AtomicBool::new(false),
    newcomers: AtomicUsize::new(0),
};

/// One bit per port: whether a request has come from it since ports were last forgotten, or before.
static SEEN: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];
static SEEN_BEFORE: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];

pub struct Signals {
    supervisor: OnceLock<Thread>,
    /// Whether the supervisor need not be woken, because it looks every few milliseconds.
    pub awake: AtomicBool,
    /// Whether no more connections are accepted.
    pub accept_lost: AtomicBool,
    /// Whether a thread has panicked, which may be the one that accepts connections.
    pub accept_in_doubt: AtomicBool,
    /// How many new connections have not yet been nudged for.
    pub newcomers: AtomicUsize,
}

impl Signals {
    /// A request has come from this port. Costs two loads, unless it is the first in a while.
    pub fn request_from(&self, port: u16) {
        let (index, bit) = (usize::from(port) / 64, 1 << (port % 64));
        let is_new = SEEN[index].load(Relaxed) & bit == 0
            && SEEN[index].fetch_or(bit, Relaxed) & bit == 0
            && SEEN_BEFORE[index].load(Relaxed) & bit == 0;
        if is_new {
            self.newcomers.fetch_add(1, SeqCst);
        }
        if is_new || !self.awake.load(SeqCst) {
            self.wake();
        }
    }

    pub fn raise(&self, signal: &AtomicBool) {
        signal.store(true, SeqCst);
        self.wake();
    }

    /// Makes the supervisor look at once.
    pub fn wake(&self) {
        if let Some(supervisor) = self.supervisor.get() {
            supervisor.unpark();
        }
    }

    pub fn supervise_here(&self) {
        let _ = self.supervisor.set(thread::current());
    }

    /// Forgets the ports from which no request has come since the last call.
    pub fn forget_ports(&self) {
        for (seen, before) in SEEN.iter().zip(&SEEN_BEFORE) {
            before.store(seen.swap(0, Relaxed), Relaxed);
        }
    }
}
