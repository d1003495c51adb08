//! Workers: the threads that take requests from a source and answer them, one at a time each.
//!
//! There is one where one will do, since more only get in each other's way (two workers where one would do: see the
//! README). While all of them are stuck in their functions, sleeping or waiting for a database, their number doubles
//! every few milliseconds; those that are no longer needed end.

use crate::console;
use crate::http::{Received, Source};
use crate::router::{self, Route};
use crate::supervisor::SIGNALS;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// How long workers must have been idle before they end.
const SURPLUS_AFTER: Duration = Duration::from_secs(1);

/// The most workers that are added at once.
const ADDED_AT_ONCE: usize = 64;

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
    taken: usize,
    added: usize,
    least_idle: usize,
    reviewed: Instant,
}

impl Workers {
    /// Starts with one worker. Errors when not even that one can be had.
    pub fn start(source: Source, routes: &'static [Route]) -> io::Result<Self> {
        let [workers, idle, taken] = [const { AtomicUsize::new(0) }; 3];
        let shared = Arc::new(Shared { source, routes, workers, idle, taken });
        add_worker(&shared)?;
        Ok(Self { shared, taken: 0, added: 0, least_idle: usize::MAX, reviewed: Instant::now() })
    }

    /// Whether nothing but one idle worker is left.
    pub fn at_rest(&self) -> bool {
        self.shared.workers.load(SeqCst) == 1 && self.shared.idle.load(SeqCst) == 1
    }

    /// Whether a worker waits for a request.
    pub fn has_idle(&self) -> bool {
        self.shared.idle.load(SeqCst) > 0
    }

    /// Whether a request has come since the last review.
    pub fn has_news(&self) -> bool {
        self.shared.taken.load(SeqCst) != self.taken
    }

    /// Adds workers where all are stuck, and lets go of those not needed. To be called every few milliseconds while
    /// requests come. Returns whether any came since the last call. Errors when a worker that is needed cannot be had.
    pub fn review(&mut self) -> io::Result<bool> {
        let (workers, idle) = (self.shared.workers.load(SeqCst), self.shared.idle.load(SeqCst));
        let taken = self.shared.taken.load(SeqCst);
        let came = taken.wrapping_sub(self.taken);
        self.taken = taken;
        // Stuck: none is free, and since the last review only the workers added then have taken a request.
        let stuck = idle == 0 && came <= self.added;
        self.added = if stuck || workers == 0 { workers.clamp(1, ADDED_AT_ONCE) } else { 0 };
        for _ in 0..self.added {
            add_worker(&self.shared)?;
        }
        self.least_idle = self.least_idle.min(idle);
        if self.reviewed.elapsed() > SURPLUS_AFTER {
            for _ in 1..self.least_idle {
                self.shared.source.release();
            }
            (self.least_idle, self.reviewed) = (usize::MAX, Instant::now());
        }
        Ok(came > 0)
    }
}

fn add_worker(shared: &Arc<Shared>) -> io::Result<()> {
    shared.workers.fetch_add(1, SeqCst);
    let ending = Ending(shared.clone());
    thread::Builder::new().name("worker".into()).spawn(move || work(&ending.0)).map(drop)
}

fn work(shared: &Shared) {
    loop {
        shared.idle.fetch_add(1, SeqCst);
        let received = shared.source.receive();
        shared.idle.fetch_sub(1, SeqCst);
        match received {
            Received::Request(incoming) => {
                shared.taken.fetch_add(1, SeqCst);
                SIGNALS.request_from(incoming.peer_port());
                incoming.answer(|request| router::answer(shared.routes, request));
            }
            Received::AcceptLost(error) => {
                console::error(&format!("error: cannot accept connections for now: {error}"));
                SIGNALS.accept_lost();
            }
            Received::Released => return,
        }
    }
}

/// Counts a worker out, also one that ends by a panic or was never started.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.workers.fetch_sub(1, SeqCst);
        SIGNALS.wake();
    }
}
