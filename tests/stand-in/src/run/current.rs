//! The host that serves now. Another takes its place when the app changes or the handler ends;
//! until then requests wait.

use crate::host::invoke::Host;
use crate::host::record::lock;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a request waits for a handler before it is answered with 503.
const PATIENCE: Duration = Duration::from_secs(120);

const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// A host; `None` while one is starting; or why there will be none.
pub type Serves = Result<Option<Arc<Host>>, String>;

pub struct Current {
    /// With the number of the app's generation.
    state: Mutex<(usize, Serves)>,
    changed: Condvar,
}

impl Default for Current {
    fn default() -> Self {
        Self {
            state: Mutex::new((0, Ok(None))),
            changed: Condvar::new(),
        }
    }
}

impl Current {
    /// Waits for a host whose handler can be reached. Errors if there will be none.
    pub fn get(&self) -> Result<Arc<Host>, String> {
        let begun = Instant::now();
        loop {
            let nothing = |state: &mut (usize, Serves)| matches!(state.1, Ok(None));
            let state = lock(&self.state);
            let waited = self.changed.wait_timeout_while(state, PATIENCE, nothing);
            let serves = waited.unwrap_or_else(PoisonError::into_inner).0.1.clone();
            let host = serves?.ok_or("no handler has answered for two minutes")?;
            // An attached handler may never come back.
            let is_attached = host.handler.pid().is_none();
            if is_attached || host.reach().is_ok() || begun.elapsed() > PATIENCE {
                return Ok(host);
            }
            drop(host);
            thread::sleep(LOOK_PAUSE);
        }
    }

    /// Waits for a host, however long.
    pub fn wait(&self) -> Arc<Host> {
        loop {
            if let Ok(host) = self.get() {
                return host;
            }
            thread::sleep(10 * LOOK_PAUSE);
        }
    }

    /// The host, without waiting; `None` if there is none now.
    pub fn now(&self) -> Option<Arc<Host>> {
        lock(&self.state).1.clone().ok().flatten()
    }

    pub fn generation(&self) -> usize {
        lock(&self.state).0
    }

    /// Begins a new generation. Gives the host before, and the number of the generation.
    pub fn replace(&self, host: Arc<Host>) -> (Option<Arc<Host>>, usize) {
        let mut state = lock(&self.state);
        let before = std::mem::replace(&mut state.1, Ok(Some(host)));
        state.0 += 1;
        self.changed.notify_all();
        (before.ok().flatten(), state.0)
    }

    /// Replaces this generation's host. Gives false if the generation no longer serves.
    pub fn amend(&self, generation: usize, serves: Serves) -> bool {
        let mut state = lock(&self.state);
        let is_current = state.0 == generation;
        if is_current {
            state.1 = serves;
            self.changed.notify_all();
        }
        is_current
    }
}
