//! The supervisor: the main thread, which keeps the handler able to serve.

use super::child::Parent;
use super::http::Listener;
use super::signals::{self, ACCEPT_IN_DOUBT, ACCEPT_LOST, AWAKE, NEWCOMERS};
use super::workers::Workers;
use crate::console;
use crate::host::route::Route;
use std::io;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

/// The pause between two rounds while requests come, and for `BUSY_FOR` after the last one.
const BUSY_PAUSE: Duration = Duration::from_millis(2);
const BUSY_FOR: Duration = Duration::from_millis(100);

/// The pause after that, until `QUIET_FOR` after the last request.
const QUIET_PAUSE: Duration = Duration::from_millis(200);
const QUIET_FOR: Duration = Duration::from_secs(2);

/// The pause when no request has come for longer. tiny_http's surplus threads end after 5 s without
/// work: nudges must not keep them.
const IDLE_PAUSE: Duration = Duration::from_millis(5500);

const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A port is forgotten when no request has come from it for once or twice as long. Another
/// connection does not get it so soon.
const FORGET_AFTER: Duration = Duration::from_millis(500);

/// How a handler serves; the default is right for a host.
#[derive(Debug)]
pub struct Settings {
    /// It gives up when for this long it could accept no connections and no request came.
    pub give_up_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let give_up_after = Duration::from_secs(60);
        Self { give_up_after }
    }
}

/// Why the handler no longer serves.
pub enum End {
    /// For too long no connection could be accepted, for this reason, and no request came.
    Deaf(io::Error),
    /// The host that started the handler has ended.
    HostGone,
}

/// Serves for as long as that is possible.
pub fn supervise(
    routes: &'static [Route],
    settings: &Settings,
    listener: &Listener,
    workers: Workers,
    host: Option<Parent>,
) -> End {
    signals::supervise_here();
    let mut pools = vec![workers];
    let start = Instant::now();
    // When a request last came, when connections were last accepted, and when these were last done.
    let (mut requested, mut heard) = (start, start);
    let (mut reviewed, mut nudged, mut forgot, mut tried) = (start, start, start, start);
    let mut complained = start.checked_sub(FORGET_AFTER).unwrap_or(start);
    loop {
        let now = Instant::now();
        let since = |then: Instant| now.saturating_duration_since(then);
        // Whether the pause is over, which then begins anew.
        let is_due = |last: &mut Instant, pause| {
            let is_due = since(*last) >= pause;
            if is_due {
                *last = now;
            }
            is_due
        };
        if is_due(&mut reviewed, BUSY_PAUSE) {
            for workers in &mut pools {
                if workers.has_news() {
                    requested = now;
                }
                if let Err(error) = workers.review()
                    && is_due(&mut complained, FORGET_AFTER)
                {
                    console::error(&format!("error: cannot start a worker: {error}"));
                }
            }
        }
        if ACCEPT_IN_DOUBT.swap(false, SeqCst) && !listener.accepts() {
            ACCEPT_LOST.store(true, SeqCst);
        }
        let silence = since(requested);
        if !ACCEPT_LOST.load(SeqCst) {
            heard = now;
            // One nudge for each connection that is new, or has not been used for a while.
            nudge(listener, NEWCOMERS.swap(0, SeqCst), 4);
            // From time to time some more, for those that are queued behind unused ones: the longer
            // it is quiet, the more, from 2 to 64.
            let is_quiet = silence >= QUIET_FOR;
            if is_due(&mut nudged, if is_quiet { IDLE_PAUSE } else { QUIET_PAUSE }) {
                let doubled = (silence.as_millis() / QUIET_PAUSE.as_millis()).min(5);
                nudge(listener, 2 << doubled, 1);
            }
        } else if is_due(&mut tried, RETRY_PAUSE) {
            // The connections of the pools before the last, which accept no more, go on.
            ACCEPT_LOST.store(false, SeqCst);
            let source = listener.accept_again();
            match source.and_then(|source| Workers::start(source, routes)) {
                Ok(workers) => pools.push(workers),
                Err(error) if since(heard).min(silence) > settings.give_up_after => {
                    return End::Deaf(error);
                }
                Err(_) => ACCEPT_LOST.store(true, SeqCst),
            }
        }
        if is_due(&mut forgot, FORGET_AFTER) {
            signals::forget_ports();
        }
        if host.as_ref().is_some_and(Parent::is_gone) {
            return End::HostGone;
        }
        let busy = silence < BUSY_FOR || !pools.iter().all(Workers::has_idle);
        AWAKE.store(busy, SeqCst);
        let pause = if busy {
            BUSY_PAUSE
        } else if pools.iter().any(Workers::has_news) {
            // A request came before `AWAKE` was set to false, and so woke nobody: look again.
            continue;
        } else if ACCEPT_LOST.load(SeqCst) {
            RETRY_PAUSE
        } else if silence < QUIET_FOR || !pools.iter().all(Workers::at_rest) {
            QUIET_PAUSE
        } else {
            IDLE_PAUSE
        };
        thread::park_timeout(pause);
    }
}

/// Nudges `times` times, every `gently`th time gently.
fn nudge(listener: &Listener, times: usize, gently: usize) {
    for time in 1..=times {
        if listener.nudge(time % gently == 0).is_err() {
            return;
        }
    }
}
