//! How long an invocation may take in a test.

use crate::host::invoke::Host;
use crate::host::record::lock;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// How many of the handler's lines the message shows.
const LAST_LINES: usize = 10;

pub struct Limit {
    pub limit: Mutex<Duration>,
    too_long: Mutex<Option<String>>,
}

impl Limit {
    /// Ends the handler when an invocation takes longer than the limit.
    pub fn watch(host: Weak<Host>) -> Arc<Self> {
        let limit = Arc::new(Self {
            limit: Mutex::new(Duration::from_secs(30)),
            too_long: Mutex::default(),
        });
        let this = limit.clone();
        thread::spawn(move || {
            while let Some(host) = host.upgrade() {
                let limit = *lock(&this.limit);
                if let Some((id, function, ran)) = host.record.running.longest()
                    && ran >= limit
                {
                    *lock(&this.too_long) = Some(said(&host, &id, &function, limit));
                    return host.handler.kill();
                }
                drop(host);
                thread::sleep(LOOK_PAUSE);
            }
        });
        limit
    }

    /// Panics if an invocation took too long.
    #[track_caller]
    pub fn check(&self) {
        if let Some(problem) = &*lock(&self.too_long) {
            panic!("{problem}");
        }
    }
}

/// The message of the failed test.
fn said(host: &Host, id: &str, function: &str, limit: Duration) -> String {
    let printed = host.handler.stdout() + &host.handler.stderr();
    let mut lines: Vec<_> = printed.lines().collect();
    if printed.contains(id) {
        lines.retain(|line| line.contains(id));
    }
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
    let seconds = limit.as_secs_f64();
    format!(
        "{function} has not answered within {seconds} s, and the handler was ended; \
         app.within(..) sets another limit. Its last lines:\n{last}"
    )
}
