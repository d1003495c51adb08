//! Signals from the other threads to the supervisor.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::thread::{self, Thread};

/// The signals from the other threads to the supervisor.
pub static SIGNALS: Signals = Signals {
    supervisor: OnceLock::new(),
    awake: AtomicBool::new(false),
    accept_lost: AtomicBool::new(false),
    accept_in_doubt: AtomicBool::new(false),
    newcomers: AtomicUsize::new(0),
};

/// One bit per port: whether a request has come from it since the ports were last forgotten, and
/// whether one had come before that.
static SEEN: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];
static SEEN_BEFORE: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];

pub struct Signals {
    supervisor: OnceLock<Thread>,
    /// Whether the supervisor looks every few milliseconds and need not be woken.
    awake: AtomicBool,
    accept_lost: AtomicBool,
    accept_in_doubt: AtomicBool,
    /// How many connections have been seen for the first time and not yet been nudged for.
    newcomers: AtomicUsize,
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

    /// No more connections are accepted.
    pub fn accept_lost(&self) {
        self.accept_lost.store(true, SeqCst);
        self.wake();
    }

    /// A thread has panicked, which may be the one that accepts connections.
    pub fn doubt_accept(&self) {
        self.accept_in_doubt.store(true, SeqCst);
        self.wake();
    }

    /// Whether [`doubt_accept`](Self::doubt_accept) was called since the last call of this.
    pub fn take_doubt(&self) -> bool {
        self.accept_in_doubt.swap(false, SeqCst)
    }

    /// Makes the supervisor look at once.
    pub fn wake(&self) {
        if let Some(supervisor) = self.supervisor.get() {
            supervisor.unpark();
        }
    }

    /// Makes the calling thread the supervisor: the one that is woken.
    pub fn supervise_here(&self) {
        let _ = self.supervisor.set(thread::current());
    }

    /// The supervisor looks every few milliseconds, or no longer does.
    pub fn set_awake(&self, awake: bool) {
        self.awake.store(awake, SeqCst);
    }

    /// Whether no more connections are accepted.
    pub fn is_accept_lost(&self) -> bool {
        self.accept_lost.load(SeqCst)
    }

    /// Connections are accepted again, or it is tried.
    pub fn clear_accept_lost(&self) {
        self.accept_lost.store(false, SeqCst);
    }

    /// How many connections have been seen for the first time since the last call.
    pub fn take_newcomers(&self) -> usize {
        self.newcomers.swap(0, SeqCst)
    }

    /// Forgets the ports from which no request has come since the last call. Another connection may
    /// use such a port later.
    pub fn forget_ports(&self) {
        for (seen, before) in SEEN.iter().zip(&SEEN_BEFORE) {
            before.store(seen.swap(0, Relaxed), Relaxed);
        }
    }
}
