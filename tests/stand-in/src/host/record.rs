//! What happens while functions run: kept for a test, or shown in a terminal as it happens.

use crate::run::running::Running;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// How many runs there were before.
    pub earlier: u32,
    /// Why the one before failed.
    pub failure_before: Option<String>,
}

/// Where what happens goes: to a terminal, or into memory for a test.
#[derive(Default)]
pub struct Record {
    pub running: Arc<Running>,
    /// Nothing where it is kept.
    show: Option<Box<Show>>,
    kept: Mutex<Kept>,
}

/// What is done with an event as it happens. It also ends invocations.
type Show = dyn Fn(&Running, &Event) + Send + Sync;

/// What a test may ask for.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    pub logs: Vec<String>,
    /// The ids of invocations that failed, and why; without a reason those that gave a caller a
    /// status from 500.
    pub failures: Vec<(String, Option<String>)>,
    /// What was put into queues, whether it still lies there or not.
    pub queued: Vec<(String, Vec<u8>)>,
}

impl Record {
    /// A record whose events go to `show` as they happen. Without, they stay in memory.
    pub fn shown(show: impl Fn(&Running, &Event) + Send + Sync + 'static) -> Self {
        Self {
            show: Some(Box::new(show)),
            ..Self::default()
        }
    }

    pub fn note(&self, event: &Event) {
        if let Event::Started { function, id, .. } = event {
            self.running.begin(id, function);
        }
        if let Some(show) = &self.show {
            return show(&self.running, event);
        }
        let mut kept = lock(&self.kept);
        match *event {
            Event::Logged { line, .. } => kept.logs.push(line.to_owned()),
            Event::Ended {
                id,
                failure,
                status,
                ..
            } => {
                self.running.end(id, failure, false);
                if failure.is_some() || status.is_some_and(|status| status >= 500) {
                    let failure = failure.map(str::to_owned);
                    kept.failures.push((id.to_owned(), failure));
                }
            }
            Event::Queued { queue, message } | Event::Poisoned { queue, message } => {
                kept.queued.push((queue.to_owned(), message.to_vec()));
            }
            _ => {}
        }
    }

    /// What was kept so far; nothing of a record that is shown.
    pub fn so_far(&self) -> Kept {
        lock(&self.kept).clone()
    }
}

/// What a mutex holds, also where a thread that held it has panicked: that has been reported.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
