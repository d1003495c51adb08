//! The invocations of a test's app: what became of each, and how long each may take.

use crate::host::invoke::Host;
use crate::host::record::{Event, lock};
use crate::run::process::Handler;
use crate::run::running::{Line, Running, sentence};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

/// How long an invocation may take if a test does not say it.
const LIMIT: Duration = Duration::from_secs(30);

/// How often the invocations are looked at.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// The invocations that run, and those that have ended.
#[derive(Default)]
pub struct Invocations {
    running: Running,
    ended: Mutex<Vec<Ended>>,
    limit: Mutex<Option<Duration>>,
    too_long: Mutex<Option<String>>,
}

struct Ended {
    id: String,
    failure: Option<String>,
    /// Whether an HTTP caller got a status from 500.
    is_error: bool,
}

impl Invocations {
    /// Takes note of the beginning and the end of an invocation.
    pub fn note(&self, event: &Event) {
        self.running.note(event);
        let Event::Ended {
            id,
            failure,
            status,
            ..
        } = event
        else {
            return;
        };
        self.running.end(id, *failure, false);
        lock(&self.ended).push(Ended {
            id: (*id).to_owned(),
            failure: failure.map(str::to_owned),
            is_error: status.is_some_and(|status| status >= 500),
        });
    }

    /// Sets how long an invocation may take.
    pub fn set_limit(&self, limit: Duration) {
        *lock(&self.limit) = Some(limit);
    }

    /// Ends the handler when an invocation takes too long, for as long as the host is there.
    pub fn guard(self: &Arc<Self>, host: Weak<Host>) {
        let this = self.clone();
        thread::spawn(move || {
            while let Some(host) = host.upgrade() {
                let limit = lock(&this.limit).unwrap_or(LIMIT);
                if let Some((id, function, ran)) = this.running.longest()
                    && ran >= limit
                {
                    let last = last_lines(&host.handler, &id);
                    let seconds = limit.as_secs_f64();
                    *lock(&this.too_long) = Some(format!(
                        "{function} has not answered within {seconds} s, and the handler was \
                         ended; app.within(..) sets another limit. Its last lines:\n{last}"
                    ));
                    return host.handler.kill();
                }
                drop(host);
                thread::sleep(LOOK_PAUSE);
            }
        });
    }

    /// Says what took too long, if something did.
    pub fn too_long(&self) -> Option<String> {
        lock(&self.too_long).clone()
    }

    /// Why invocations have failed, in the functions' own sentences; `stderr` has what the handler
    /// reported.
    pub fn failures(&self, stderr: &str) -> Vec<String> {
        let failure = |ended: &Ended| {
            let lines = stderr.lines().filter_map(Line::read);
            let mut lines = lines.filter(|line| line.id == ended.id);
            let reported = lines.find_map(|line| line.reason);
            let reason = match &ended.failure {
                // What a function that answers its caller itself has said.
                Some(why) => reported
                    .filter(|why| why.starts_with("function "))
                    .unwrap_or(why),
                // An error that the function itself answers is reported by nobody.
                None => reported.filter(|_| ended.is_error)?,
            };
            Some(sentence(reason).to_owned())
        };
        lock(&self.ended).iter().filter_map(failure).collect()
    }
}

/// The last lines of the handler about an invocation, or the last of all.
fn last_lines(handler: &Handler, id: &str) -> String {
    const LAST: usize = 10;
    let printed = handler.stdout() + &handler.stderr();
    let mut lines: Vec<_> = printed.lines().collect();
    if printed.contains(id) {
        lines.retain(|line| line.contains(id));
    }
    lines[lines.len().saturating_sub(LAST)..].join("\n")
}
