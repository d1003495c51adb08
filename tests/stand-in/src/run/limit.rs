//! The invocations of a test's app: what became of each, and how long each may take.

use crate::host::invoke::Host;
use crate::host::record::{Event, lock};
use crate::run::running::{Line, Running, sentence};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

/// How long an invocation may take if a test does not say it.
const LIMIT: Duration = Duration::from_secs(30);

/// How often the invocations are looked at.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// The invocations that run, and those that have ended.
pub struct Invocations {
    running: Running,
    ended: Mutex<Vec<Ended>>,
    limit: Mutex<Duration>,
    /// What took longer than the limit: the function, its invocation's id, and the limit.
    too_long: Mutex<Option<(String, String, Duration)>>,
}

struct Ended {
    id: String,
    failure: Option<String>,
    /// Whether an HTTP caller got a status from 500.
    is_error: bool,
}

impl Default for Invocations {
    fn default() -> Self {
        Self {
            running: Running::default(),
            ended: Mutex::default(),
            limit: Mutex::new(LIMIT),
            too_long: Mutex::default(),
        }
    }
}

impl Invocations {
    /// Takes note of the beginning and the end of an invocation.
    pub fn note(&self, event: &Event) {
        self.running.note(event);
        if let Event::Ended {
            id,
            failure,
            status,
            ..
        } = event
        {
            self.running.end(id, *failure, false);
            lock(&self.ended).push(Ended {
                id: (*id).to_owned(),
                failure: failure.map(str::to_owned),
                is_error: status.is_some_and(|status| status >= 500),
            });
        }
    }

    /// Sets how long an invocation may take.
    pub fn set_limit(&self, limit: Duration) {
        *lock(&self.limit) = limit;
    }

    /// Ends the handler when an invocation takes too long, for as long as the host is there.
    pub fn guard(self: &Arc<Self>, host: Weak<Host>) {
        let this = self.clone();
        thread::spawn(move || {
            while let Some(host) = host.upgrade() {
                let limit = *lock(&this.limit);
                if let Some((id, longest, ran)) = this.running.longest()
                    && ran >= limit
                {
                    *lock(&this.too_long) = Some((longest.function, id, limit));
                    return host.handler.kill();
                }
                drop(host);
                thread::sleep(LOOK_PAUSE);
            }
        });
    }

    /// Says what took too long, if something did, with the last lines of the handler about it, or
    /// the last of all.
    pub fn too_long(&self, stdout: &str, stderr: &str) -> Option<String> {
        const LAST: usize = 10;
        let (function, id, limit) = lock(&self.too_long).clone()?;
        let mut lines: Vec<_> = stdout.lines().chain(stderr.lines()).collect();
        if lines.iter().any(|line| line.contains(&id)) {
            lines.retain(|line| line.contains(&id));
        }
        let lines = lines[lines.len().saturating_sub(LAST)..].join("\n");
        let seconds = limit.as_secs_f64();
        Some(format!(
            "{function} has not answered within {seconds} s, and the handler was ended; \
             app.within(..) sets another limit. Its last lines:\n{lines}"
        ))
    }

    /// Why invocations have failed, in the functions' own sentences; `stderr` has what the handler
    /// reported.
    pub fn failures(&self, stderr: &str) -> Vec<String> {
        let failure = |ended: &Ended| {
            let mut reports = stderr.lines().filter_map(Line::read);
            let report = reports.find(|line| line.id == ended.id && line.reason.is_some());
            let reason = match (&ended.failure, report.and_then(|line| line.reason)) {
                // What a function that answers its caller itself has said.
                (Some(_), Some(reported)) if reported.starts_with("function ") => reported,
                (Some(failure), _) => failure,
                // An error that the function itself answers is reported by nobody.
                (None, Some(reported)) if ended.is_error => reported,
                (None, _) => return None,
            };
            Some(sentence(reason).to_owned())
        };
        lock(&self.ended).iter().filter_map(failure).collect()
    }
}
