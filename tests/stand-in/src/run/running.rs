//! The running invocations of a handler, and what its lines say about them.

use crate::host::record::lock;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after the answer the line with the reason of a failure may come.
const REPORTED_WITHIN: Duration = Duration::from_millis(100);

/// An invocation is reported as still running after this time, and again at each doubling.
const LONG: Duration = Duration::from_secs(10);

/// How many invocations are remembered: lines may come after the end of one.
const REMEMBERED: usize = 256;

/// Also has the last ended invocations. Oldest first.
#[derive(Default)]
pub struct Running {
    invocations: Mutex<VecDeque<Invocation>>,
    reported: Condvar,
}

struct Invocation {
    id: String,
    function: String,
    begun: Instant,
    has_ended: bool,
    /// The duration at which it is next reported as still running.
    said_at: Duration,
    reason: Option<String>,
}

fn find<'a>(all: &'a mut VecDeque<Invocation>, id: &str) -> Option<&'a mut Invocation> {
    all.iter_mut().rfind(|one| one.id == id)
}

impl Running {
    pub fn begin(&self, id: &str, function: &str) {
        let mut all = lock(&self.invocations);
        if all.len() > REMEMBERED
            && let Some(oldest) = all.iter().position(|one| one.has_ended)
        {
            all.remove(oldest);
        }
        all.push_back(Invocation {
            id: id.to_owned(),
            function: function.to_owned(),
            begun: Instant::now(),
            has_ended: false,
            said_at: LONG,
            reason: None,
        });
    }

    pub fn function(&self, id: &str) -> Option<String> {
        let mut all = lock(&self.invocations);
        find(&mut all, id).map(|one| one.function.clone())
    }

    /// Keeps the reason of a failure. Gives false if the invocation has already ended without one.
    pub fn report(&self, id: &str, reason: &str) -> bool {
        let mut all = lock(&self.invocations);
        let Some(one) = find(&mut all, id) else {
            return false;
        };
        if !one.has_ended {
            one.reason.get_or_insert(reason.to_owned());
            self.reported.notify_all();
        }
        one.reason.is_some()
    }

    /// Gives the reason of the failure, from the handler's report or `failure`, and the duration.
    /// An `awaited` report may come a moment later.
    pub fn end(
        &self,
        id: &str,
        failure: Option<&str>,
        awaited: bool,
    ) -> (Option<String>, Duration) {
        let awaits_report = |all: &mut VecDeque<Invocation>| {
            let has_none = find(all, id).is_some_and(|one| one.reason.is_none());
            awaited && has_none
        };
        let all = lock(&self.invocations);
        let waited = self
            .reported
            .wait_timeout_while(all, REPORTED_WITHIN, awaits_report);
        let (mut all, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let Some(one) = find(&mut all, id) else {
            return Default::default();
        };
        one.has_ended = true;
        one.reason = one.reason.take().or(failure.map(str::to_owned));
        (one.reason.clone(), one.begun.elapsed())
    }

    /// The invocation that has run longest: the id, the function and the duration.
    pub fn longest(&self) -> Option<(String, String, Duration)> {
        let all = lock(&self.invocations);
        let first = all.iter().find(|one| !one.has_ended)?;
        Some((
            first.id.clone(),
            first.function.clone(),
            first.begun.elapsed(),
        ))
    }

    /// Gives all running invocations this reason, if they have none.
    pub fn report_all(&self, reason: &str) {
        for one in lock(&self.invocations)
            .iter_mut()
            .filter(|one| !one.has_ended)
        {
            one.reason.get_or_insert(reason.to_owned());
        }
    }

    /// The invocations to report as still running: the id, the function and the duration.
    pub fn long(&self) -> Vec<(String, String, Duration)> {
        let mut long = Vec::new();
        for one in lock(&self.invocations).iter_mut() {
            if !one.has_ended && one.begun.elapsed() >= one.said_at {
                long.push((one.id.clone(), one.function.clone(), one.said_at));
                one.said_at *= 2;
            }
        }
        long
    }
}

/// The handler's line `warning: invocation <id>: <text>`.
#[derive(Debug, PartialEq)]
pub struct Line<'a> {
    pub id: &'a str,
    pub text: &'a str,
    /// From the text `GET /api/hello: 500: <reason>`.
    pub reason: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// `None` if the line names no invocation.
    pub fn read(line: &'a str) -> Option<Self> {
        let (level, rest) = line.split_once("invocation ")?;
        let (id, text) = rest.split_once(": ")?;
        if !matches!(level, "" | "error: " | "warning: ") || id.contains(' ') {
            return None;
        }
        let reason = if level == "error: " {
            reported(text)
        } else {
            None
        };
        Some(Self { id, text, reason })
    }
}

/// The reason in a handler's error about a caller's request.
fn reported(text: &str) -> Option<&str> {
    let (request, rest) = text.split_once(": ")?;
    let (method, path) = request.split_once(' ')?;
    if !path.starts_with('/') || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let (status, reason) = rest.split_once(": ")?;
    match status.parse::<u16>() {
        Ok(_) => Some(reason),
        Err(_) => rest.strip_prefix("after its answer had begun, "),
    }
}

/// The reason without the function's name.
pub fn own(reason: &str) -> &str {
    let named = reason.strip_prefix("function ");
    let after = named.and_then(|rest| Some(rest.split_once(' ')?.1));
    let after = after.unwrap_or(reason);
    after.strip_prefix("failed: ").unwrap_or(reason)
}

/// The function's own sentence, also without the place in the code.
pub fn sentence(reason: &str) -> &str {
    let own = own(reason);
    match own.rsplit_once(" (at ") {
        Some((sentence, place)) if place.ends_with(')') => sentence,
        _ => own,
    }
}
