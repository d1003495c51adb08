//! The supervisor: the main thread, which keeps the handler able to serve.

use crate::console;
use crate::http::{Listener, Source};
use crate::router::Route;
use crate::workers::Workers;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How often the supervisor looks: while requests come and a little after; for a while after that; and then. The last is
/// longer than the 5 s after which tiny_http's surplus threads end, or nudges would keep them.
const BUSY_PAUSE: Duration = Duration::from_millis(2);
const QUIET_PAUSE: Duration = Duration::from_millis(200);
const IDLE_PAUSE: Duration = Duration::from_millis(5500);
const BUSY_FOR: Duration = Duration::from_millis(100);
const QUIET_FOR: Duration = Duration::from_secs(2);

/// How often it is tried to accept connections again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A port is forgotten when no request has come from it for this long, or twice as long. It does not come round so soon.
const FORGET_AFTER: Duration = Duration::from_millis(500);

/// After how long without new connections and without a request the handler gives up, for the host to start it anew.
const DEAF_FOR: Duration = Duration::from_secs(60);

/// What the other threads tell the supervisor.
pub static SIGNALS: Signals = Signals {
    supervisor: OnceLock::new(),
    awake: AtomicBool::new(false),
    accept_lost: AtomicBool::new(false),
    newcomers: AtomicUsize::new(0),
};

/// A bit for each port from which a request came since the ports were last forgotten; and those from before that.
static SEEN: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];
static SEEN_BEFORE: [AtomicU64; 1024] = [const { AtomicU64::new(0) }; 1024];

pub struct Signals {
    supervisor: OnceLock<Thread>,
    /// Whether the supervisor looks every few milliseconds, so that nobody needs to wake it.
    awake: AtomicBool,
    accept_lost: AtomicBool,
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

    /// Makes the supervisor look at once.
    pub fn wake(&self) {
        if let Some(supervisor) = self.supervisor.get() {
            supervisor.unpark();
        }
    }
}

fn forget_ports() {
    for (seen, before) in SEEN.iter().zip(&SEEN_BEFORE) {
        before.store(seen.swap(0, Relaxed), Relaxed);
    }
}

/// Serves from `source`, and from those that follow it, for as long as that is possible. Returns why it no longer is.
pub fn supervise(routes: &'static [Route], listener: &Listener, source: Source) -> io::Error {
    let _ = SIGNALS.supervisor.set(thread::current());
    let mut pools = match Workers::start(source, routes) {
        Ok(workers) => vec![workers],
        Err(error) => return error,
    };
    let now = Instant::now();
    let [mut reviewed, mut requested, mut nudged, mut forgot, mut tried, mut heard] = [now; 6];
    let mut complained = None;
    loop {
        let now = Instant::now();
        let since = |then: Instant| now.saturating_duration_since(then);
        if since(reviewed) >= BUSY_PAUSE {
            reviewed = now;
            for workers in &mut pools {
                if workers.has_news() {
                    requested = now;
                }
                // Where one cannot be had those that there are go on, and it is tried again.
                if let Err(error) = workers.review()
                    && complained.is_none_or(|then| since(then) > FORGET_AFTER)
                {
                    complained = Some(now);
                    console::error(&format!("error: cannot start a worker: {error}"));
                }
            }
        }
        if SIGNALS.accept_lost.load(SeqCst) {
            // The last pool is that of the source that accepts. Those before it have lost their accept thread; their
            // connections go on.
            if since(tried) >= RETRY_PAUSE {
                tried = now;
                SIGNALS.accept_lost.store(false, SeqCst);
                match listener.accept_again().and_then(|source| Workers::start(source, routes)) {
                    Ok(workers) => pools.push(workers),
                    Err(error) if since(heard).min(since(requested)) > DEAF_FOR => return error,
                    Err(_) => SIGNALS.accept_lost.store(true, SeqCst),
                }
            }
        } else {
            heard = now;
            // One for each connection that is new, or has not been used for a while.
            nudge(listener, SIGNALS.newcomers.swap(0, SeqCst), 4);
            // And now and then some for those that are queued behind others which were opened and are not used: the longer
            // it is quiet the more, 2 to 64.
            let silence = since(requested);
            if since(nudged) >= if silence < QUIET_FOR { QUIET_PAUSE } else { IDLE_PAUSE } {
                nudged = now;
                nudge(listener, 2 << (silence.as_millis() / QUIET_PAUSE.as_millis()).min(5), 1);
            }
        }
        if since(forgot) >= FORGET_AFTER {
            forgot = now;
            forget_ports();
        }

        let busy = since(requested) < BUSY_FOR || pools.iter().any(|workers| !workers.has_idle());
        SIGNALS.awake.store(busy, SeqCst);
        let quiet = since(requested) < QUIET_FOR || !pools.iter().all(Workers::at_rest);
        if busy {
            thread::park_timeout(BUSY_PAUSE);
        } else if pools.iter().any(Workers::has_news) {
            // A request has come just before `awake` told it to wake us.
        } else if SIGNALS.accept_lost.load(SeqCst) {
            thread::park_timeout(RETRY_PAUSE);
        } else if quiet {
            thread::park_timeout(QUIET_PAUSE);
        } else {
            thread::park_timeout(IDLE_PAUSE);
        }
    }
}

/// Nudges that many times, every `gently`th time gently.
fn nudge(listener: &Listener, times: usize, gently: usize) {
    for time in 1..=times {
        if listener.nudge(time % gently == 0).is_err() {
            return;
        }
    }
}
