//! Workers: the threads that take requests from a source and answer them, one at a time each.
//!
//! One is enough for short functions: more would only wait for tiny_http's lock. While all are in
//! functions that take long, their number doubles every few milliseconds. Surplus ones end.

use super::http::Source;
use super::signals::{self, ACCEPT_LOST};
use crate::console;
use crate::host::route::Route;
use crate::host::router;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const ADDED_AT_ONCE: usize = 64;

/// Functions take long if a worker takes no more requests than this between two reviews.
const FEW_PER_REVIEW: usize = 3;

/// How often surplus workers are looked for.
const SURPLUS_AFTER: Duration = Duration::from_secs(1);

/// Functions are short if a worker takes more requests than this in that time. Then one worker less
/// does as well.
const MANY_PER_SURPLUS: usize = 5000;

struct Shared {
    source: Source,
    routes: &'static [Route],
    workers: AtomicUsize,
    idle: AtomicUsize,
    taken: AtomicUsize,
}

/// The workers of one source, as their supervisor sees them.
pub struct Workers {
    shared: Arc<Shared>,
    /// The requests taken before the last review, and before the last look for surplus workers.
    taken: usize,
    taken_before: usize,
    /// How many reviews in a row found all workers in functions that take long.
    crowded: usize,
    looked: Instant,
    /// The least number of idle workers since then.
    least_idle: usize,
}

impl Workers {
    /// Starts with one worker.
    pub fn start(source: Source, routes: &'static [Route]) -> io::Result<Self> {
        let [workers, idle, taken] = [const { AtomicUsize::new(0) }; 3];
        let shared = Arc::new(Shared {
            source,
            routes,
            workers,
            idle,
            taken,
        });
        add_worker(&shared)?;
        Ok(Self {
            shared,
            taken: 0,
            taken_before: 0,
            crowded: 0,
            looked: Instant::now(),
            least_idle: usize::MAX,
        })
    }

    /// Whether nothing but one idle worker is left.
    pub fn at_rest(&self) -> bool {
        self.shared.workers.load(SeqCst) == 1 && self.has_idle()
    }

    pub fn has_idle(&self) -> bool {
        self.shared.idle.load(SeqCst) > 0
    }

    /// Whether a request has come since the last review.
    pub fn has_news(&self) -> bool {
        self.shared.taken.load(SeqCst) != self.taken
    }

    /// Adds workers if all are in functions that take long, and ends those that are not needed.
    /// Errors if one cannot be started.
    pub fn review(&mut self) -> io::Result<()> {
        let workers = self.shared.workers.load(SeqCst);
        let idle = self.shared.idle.load(SeqCst);
        let taken = self.shared.taken.load(SeqCst);
        let came = taken.wrapping_sub(self.taken);
        self.taken = taken;
        let is_crowded = idle == 0 && came <= workers * FEW_PER_REVIEW;
        self.crowded = if is_crowded { self.crowded + 1 } else { 0 };
        // After two such reviews, because a request that has only just come proves nothing.
        if self.crowded > 1 || workers == 0 {
            for _ in 0..workers.clamp(1, ADDED_AT_ONCE) {
                add_worker(&self.shared)?;
            }
        }
        self.least_idle = self.least_idle.min(idle);
        if self.looked.elapsed() > SURPLUS_AFTER {
            let came = taken.wrapping_sub(self.taken_before);
            let kept = usize::from(workers <= 1 || came <= workers * MANY_PER_SURPLUS);
            for _ in kept..self.least_idle.max(1) {
                self.shared.source.release();
            }
            (self.looked, self.taken_before) = (Instant::now(), taken);
            self.least_idle = usize::MAX;
        }
        Ok(())
    }
}

fn add_worker(shared: &Arc<Shared>) -> io::Result<()> {
    shared.workers.fetch_add(1, SeqCst);
    let ending = Ending(shared.clone());
    start_thread(Box::new(move || work(&ending.0)))
}

/// Starts a thread. Errors if the system has no more.
pub fn start_thread(run: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let thread = thread::Builder::new().name("worker".into());
    thread.spawn(run).map(drop)
}

fn work(shared: &Shared) {
    loop {
        shared.idle.fetch_add(1, SeqCst);
        let received = shared.source.receive();
        shared.idle.fetch_sub(1, SeqCst);
        match received {
            Ok(Some(incoming)) => {
                shared.taken.fetch_add(1, SeqCst);
                signals::request_from(incoming.peer_port());
                incoming.answer(|request| router::answer(shared.routes, request));
            }
            Ok(None) => return,
            Err(error) => {
                console::error(&format!(
                    "error: cannot accept connections for now: {error}"
                ));
                signals::raise(&ACCEPT_LOST);
            }
        }
    }
}

/// Decrements the count, also if the worker panicked or was never started.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.workers.fetch_sub(1, SeqCst);
        signals::wake();
    }
}
