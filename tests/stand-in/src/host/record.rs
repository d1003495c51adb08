//! What happens while functions run: kept for a test, or shown in a terminal as it happens.

use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// An invocation begins, for a reason in words.
    Started {
        function: &'a str,
        id: &'a str,
        reason: &'a str,
        attempt: &'a Attempt,
    },
    /// A line of an invocation's own logs.
    Logged { id: &'a str, line: &'a str },
    /// What its author should know of an invocation.
    Warned {
        function: &'a str,
        id: &'a str,
        line: &'a str,
    },
    /// An invocation has ended; `failure` says why it failed, if it did. `status` is that of the
    /// answer to an HTTP caller.
    Ended {
        function: &'a str,
        id: &'a str,
        failure: Option<&'a str>,
        status: Option<u16>,
        took: Duration,
        attempt: &'a Attempt,
    },
    /// A function has put a message into a queue.
    Queued { queue: &'a str, message: &'a [u8] },
    /// The host has moved a message to a poison queue, after its last try.
    Poisoned { queue: &'a str, message: &'a [u8] },
    /// An output of another kind was written, of the binding's type. `to` is the blob or the table.
    Written {
        function: &'a str,
        binding: &'a str,
        kind: &'a str,
        to: &'a str,
        value: &'a Value,
    },
    /// Something that the user should know.
    Noted(&'a str),
}

/// Which of several runs for one message, or one time of a timer, an invocation is.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// Empty if there is only one: `try 2 of 5, run 1 of 3`.
    pub label: String,
    /// How many runs came before.
    pub earlier: u32,
    /// Why the one before failed.
    pub failure_before: Option<String>,
}

/// Where what happens goes.
pub struct Record {
    show: Box<dyn Fn(&Event) + Send + Sync>,
    kept: Option<Mutex<Kept>>,
}

/// What a test may ask for.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The lines of all invocations' own logs.
    pub logs: Vec<String>,
    /// Why invocations failed.
    pub failures: Vec<String>,
    /// What was put into queues, whether it still lies there or not.
    pub queued: Vec<(String, Vec<u8>)>,
}

impl Record {
    /// A record whose events go to `show` as they happen.
    pub fn shown(show: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let show = Box::new(show);
        Self { show, kept: None }
    }

    /// One that also stays in memory.
    pub fn kept(show: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let kept = Some(Mutex::default());
        Self {
            kept,
            ..Self::shown(show)
        }
    }

    /// Takes note of an event.
    pub fn note(&self, event: &Event) {
        (self.show)(event);
        let Some(kept) = &self.kept else { return };
        let mut kept = lock(kept);
        match *event {
            Event::Logged { line, .. } => kept.logs.push(line.to_owned()),
            Event::Ended {
                failure: Some(why), ..
            } => kept.failures.push(why.to_owned()),
            Event::Queued { queue, message } | Event::Poisoned { queue, message } => {
                kept.queued.push((queue.to_owned(), message.to_vec()));
            }
            _ => {}
        }
    }

    /// What was kept so far; nothing of a record that is only shown.
    pub fn so_far(&self) -> Kept {
        let kept = self.kept.as_ref().map(|kept| lock(kept).clone());
        kept.unwrap_or_default()
    }
}

/// What a mutex holds, also where a thread that held it has panicked: its panic is reported
/// already.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
