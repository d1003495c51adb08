//! The invocations that a handler is at work on, and what its lines say about them.

use crate::host::record::{Event, lock};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the line with the reason of a failure may come after the answer: both are on their way
/// at once.
const REPORTED_WITHIN: Duration = Duration::from_millis(100);

/// After this long an invocation is said to be still running, and again at each doubling.
const LONG: Duration = Duration::from_secs(10);

/// How many invocations that have ended are remembered: the handler's lines about them may come
/// late.
const REMEMBERED: usize = 256;

/// The invocations that run, by their ids.
#[derive(Default)]
pub struct Running {
    invocations: Mutex<BTreeMap<String, Invocation>>,
    reported: Condvar,
    ended: Mutex<VecDeque<Ended>>,
}

/// An invocation that has ended.
struct Ended {
    id: String,
    function: String,
    /// Whether the reason of its failure is known.
    has_reason: bool,
}

/// An invocation that runs.
#[derive(Clone)]
pub struct Invocation {
    pub function: String,
    begun: Instant,
    /// How long it has run when it is next said that it still runs.
    said_at: Duration,
    /// What the handler has said about its end.
    reported: Option<String>,
}

impl Running {
    /// Takes note of the beginning of an invocation.
    pub fn note(&self, event: &Event) {
        if let Event::Started { function, id, .. } = event {
            let invocation = Invocation {
                function: (*function).to_owned(),
                begun: Instant::now(),
                said_at: LONG,
                reported: None,
            };
            lock(&self.invocations).insert((*id).to_owned(), invocation);
        }
    }

    /// The function of an invocation that runs, or has ended not long ago.
    pub fn function(&self, id: &str) -> Option<String> {
        if let Some(one) = lock(&self.invocations).get(id) {
            return Some(one.function.clone());
        }
        let ended = lock(&self.ended);
        let one = ended.iter().find(|one| one.id == id)?;
        Some(one.function.clone())
    }

    /// Keeps the reason of an invocation's failure for its end. Gives false if it has ended without
    /// one.
    pub fn report(&self, id: &str, reason: &str) -> bool {
        if let Some(invocation) = lock(&self.invocations).get_mut(id) {
            invocation.reported.get_or_insert(reason.to_owned());
            self.reported.notify_all();
            return true;
        }
        let ended = lock(&self.ended);
        ended.iter().any(|one| one.id == id && one.has_reason)
    }

    /// Takes out an invocation that has ended, and gives the reason of its failure: what the handler
    /// has reported, or `failure`. After an error that is answered without a failure it waits a
    /// moment for the handler's report.
    pub fn end(&self, id: &str, failure: Option<&str>, is_error: bool) -> Option<String> {
        let due = |invocations: &mut BTreeMap<String, Invocation>| {
            let unreported = |one: &Invocation| one.reported.is_none();
            is_error && failure.is_none() && invocations.get(id).is_some_and(unreported)
        };
        let waited =
            self.reported
                .wait_timeout_while(lock(&self.invocations), REPORTED_WITHIN, due);
        let (mut invocations, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let one = invocations.remove(id)?;
        let reason = one.reported.or_else(|| failure.map(str::to_owned));
        let mut ended = lock(&self.ended);
        ended.truncate(REMEMBERED - 1);
        ended.push_front(Ended {
            id: id.to_owned(),
            function: one.function,
            has_reason: reason.is_some(),
        });
        reason
    }

    /// The invocation that has run longest, its id, and for how long.
    pub fn longest(&self) -> Option<(String, Invocation, Duration)> {
        let invocations = lock(&self.invocations);
        let (id, first) = invocations.iter().min_by_key(|(_, one)| one.begun)?;
        Some((id.clone(), first.clone(), first.begun.elapsed()))
    }

    /// Reports this reason for all that run now, but for those that have one.
    pub fn report_all(&self, reason: &str) {
        for invocation in lock(&self.invocations).values_mut() {
            invocation.reported.get_or_insert(reason.to_owned());
        }
    }

    /// The invocations that have run for so long that it is to be said, and for how long.
    pub fn long(&self) -> Vec<(String, String, Duration)> {
        let mut long = Vec::new();
        for (id, invocation) in lock(&self.invocations).iter_mut() {
            if invocation.begun.elapsed() >= invocation.said_at {
                long.push((id.clone(), invocation.function.clone(), invocation.said_at));
                invocation.said_at *= 2;
            }
        }
        long
    }
}

/// A line that the handler has printed for an invocation, `warning: invocation <id>: <text>`.
#[derive(Debug, PartialEq)]
pub struct Line<'a> {
    pub id: &'a str,
    pub text: &'a str,
    /// What it reports about the invocation's end: `GET /api/hello: 500: <reason>`.
    pub reason: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// Reads a line; `None` if it names no invocation.
    pub fn read(line: &'a str) -> Option<Self> {
        let (level, rest) = line.split_once("invocation ")?;
        let (id, text) = rest.split_once(": ")?;
        if !matches!(level, "" | "error: " | "warning: ") || id.contains(' ') {
            return None;
        }
        let reason = || {
            let (request, rest) = text.split_once(": ").filter(|_| level == "error: ")?;
            let (method, path) = request.split_once(' ')?;
            let is_request =
                path.starts_with('/') && method.bytes().all(|b| b.is_ascii_uppercase());
            match rest.split_once(": ")? {
                _ if !is_request => None,
                (status, reason) if status.parse::<u16>().is_ok() => Some(reason),
                _ => rest.strip_prefix("after its answer had begun, "),
            }
        };
        let reason = reason();
        Some(Self { id, text, reason })
    }
}

/// The reason of a failure without the name of the function that failed.
pub fn own(reason: &str) -> &str {
    let named = reason.strip_prefix("function ");
    let after = named.and_then(|rest| Some(rest.split_once(' ')?.1));
    let after = after.unwrap_or(reason);
    after.strip_prefix("failed: ").unwrap_or(reason)
}

/// The function's own sentence in the reason of a failure: without the place in the code either.
pub fn sentence(reason: &str) -> &str {
    let own = own(reason);
    match own.rsplit_once(" (at ") {
        Some((sentence, place)) if place.ends_with(')') => sentence,
        _ => own,
    }
}
