//! The host that serves at this moment. Another takes its place when the app has changed or its
//! handler has ended; until then requests wait.

use crate::host::invoke::Host;
use crate::host::record::lock;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a request waits for a handler before it is answered with 503.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a handler that cannot be reached is tried again.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// The place of the host that serves.
pub struct Current {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Counts the hosts that were put here.
    generation: usize,
    /// The host; an error where there is none, and none is on its way.
    host: Result<Option<Arc<Host>>, String>,
}

/// Nothing serves yet.
impl Default for Current {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                generation: 0,
                host: Ok(None),
            }),
            changed: Condvar::new(),
        }
    }
}

impl Current {
    /// The host that serves, waited for where one is on its way, or its handler has just ended and
    /// cannot be reached. It goes on to serve while someone holds it, for a while. Errors with a
    /// sentence where there will be none.
    pub fn get(&self) -> Result<Arc<Host>, String> {
        let begun = Instant::now();
        loop {
            let host = self.wait()?;
            // One that this process has not started may never come back.
            if host.handler.pid().is_none() || host.reach().is_ok() || begun.elapsed() > PATIENCE {
                return Ok(host);
            }
            drop(host);
            thread::sleep(LOOK_PAUSE);
        }
    }

    fn wait(&self) -> Result<Arc<Host>, String> {
        let waiting = |state: &mut State| matches!(state.host, Ok(None));
        let waited = self
            .changed
            .wait_timeout_while(lock(&self.state), PATIENCE, waiting);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let host = state.host.clone()?;
        host.ok_or_else(|| "no handler has answered for two minutes".to_owned())
    }

    /// The host that serves at this moment, if there is one.
    pub fn now(&self) -> Option<Arc<Host>> {
        lock(&self.state).host.clone().ok().flatten()
    }

    /// Makes a host the one that serves. Gives the one before, and the number of this generation.
    pub fn replace(&self, host: Arc<Host>) -> (Option<Arc<Host>>, usize) {
        let mut state = lock(&self.state);
        state.generation += 1;
        let before = std::mem::replace(&mut state.host, Ok(Some(host)));
        self.changed.notify_all();
        (before.ok().flatten(), state.generation)
    }

    /// Puts something else in the place of the host of this generation: none for now, another with
    /// the same app, or the reason why there will be none. Gives whether that generation was still
    /// the current one; else nothing happens.
    pub fn amend(&self, generation: usize, host: Result<Option<Arc<Host>>, String>) -> bool {
        let mut state = lock(&self.state);
        let is_current = state.generation == generation;
        if is_current {
            state.host = host;
            self.changed.notify_all();
        }
        is_current
    }
}
