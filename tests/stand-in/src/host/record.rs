//! Records what happens: shown in a terminal, or kept for a test.

use crate::host::storage::shown_message;
use crate::run::process::Stream;
use crate::run::running::{Line, Running, own};
use crate::run::show::{Console, Kind};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which of several runs this is: the tries of a message or a blob, and the runs of a retry policy.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// `try 2 of 5, run 1 of 3`; empty if there is only one.
    pub label: String,
    pub earlier: u32,
    pub failure_before: Option<String>,
}

#[derive(Default)]
pub struct Record {
    pub running: Running,
    console: Option<Arc<Console>>,
    kept: Mutex<Kept>,
}

#[derive(Clone, Debug, Default)]
pub struct Kept {
    pub logs: Vec<String>,
    /// Ids and reasons. A function's own answer from 500 on has no reason.
    pub failures: Vec<(String, Option<String>)>,
    pub queued: Vec<(String, Vec<u8>)>,
}

impl Record {
    pub fn shown(console: Arc<Console>) -> Self {
        Self {
            console: Some(console),
            ..Self::default()
        }
    }

    pub fn so_far(&self) -> Kept {
        lock(&self.kept).clone()
    }

    fn keep(&self, change: impl FnOnce(&mut Kept)) {
        if self.console.is_none() {
            change(&mut lock(&self.kept));
        }
    }

    fn about(&self, kind: Kind, function: &str, id: &str, line: &str) {
        if let Some(console) = &self.console {
            console.about(kind, function, id, line);
        }
    }

    pub fn started(&self, function: &str, id: &str, reason: &str, attempt: &Attempt) {
        self.running.begin(id, function);
        let line = match attempt.earlier {
            0 => reason,
            _ => &format!("{reason}, {}", attempt.label),
        };
        self.about(Kind::Host, function, id, line);
    }

    pub fn logged(&self, function: &str, id: &str, line: &str) {
        self.about(Kind::Plain, function, id, line);
        self.keep(|kept| kept.logs.push(line.to_owned()));
    }

    pub fn warned(&self, function: &str, id: &str, line: &str) {
        self.about(Kind::Warning, function, id, line);
    }

    /// `status` is what an HTTP caller gets.
    pub fn ended(
        &self,
        function: &str,
        id: &str,
        failure: Option<&str>,
        status: Option<u16>,
        attempt: &Attempt,
    ) {
        let is_error = status.is_some_and(|status| status >= 500);
        if failure.is_some() || is_error {
            let failure = (id.to_owned(), failure.map(str::to_owned));
            self.keep(|kept| kept.failures.push(failure));
        }
        // The handler prints why its function failed.
        let awaited = is_error && failure.is_none() && self.console.is_some();
        let (reason, took) = self.running.end(id, failure, awaited);
        let failed = failure.is_some() || is_error && reason.is_some();
        let end = match (failed, status) {
            (true, Some(status @ ..500)) => format!("{status}, and its body broke off"),
            (true, Some(status)) => format!("failed with {status}"),
            (true, None) => "failed".to_owned(),
            (false, Some(status)) => status.to_string(),
            (false, None) => "succeeded".to_owned(),
        };
        let mut line = format!("{end} in {} ms", took.as_millis());
        if !attempt.label.is_empty() && (failed || attempt.earlier > 0) {
            line += &format!(", {}", attempt.label);
        }
        let is_known = failure.is_some() && failure == attempt.failure_before.as_deref();
        let is_shown = !is_known || self.console.as_ref().is_some_and(|one| one.verbose);
        if let Some(reason) = reason.filter(|_| is_shown) {
            line += &format!(": {}", own(&reason));
        }
        let kind = if failed { Kind::Error } else { Kind::Host };
        self.about(kind, function, id, &line);
    }

    /// The host logs stdout as information, and stderr as an error, or as a warning if the line
    /// contains that word [Workers/ProcessManagement/WorkerProcess.cs].
    pub fn printed(&self, stream: Stream, line: &str) {
        let Some(console) = &self.console else { return };
        let kind = match stream {
            Stream::Stdout => Kind::Plain,
            Stream::Stderr if line.to_ascii_lowercase().contains("warn") => Kind::Warning,
            Stream::Stderr => Kind::Error,
        };
        let Some(Line { id, text, reason }) = Line::read(line) else {
            return console.log(kind, line);
        };
        let kept = reason.is_some_and(|reason| self.running.report(id, reason));
        match self.running.function(id) {
            Some(_) if kept => {}
            Some(function) => console.about(kind, &function, id, text),
            None => console.log(kind, line),
        }
    }

    pub fn queued(&self, queue: &str, message: &[u8]) {
        self.message(Kind::Good, "queue", queue, message);
    }

    pub fn poisoned(&self, queue: &str, message: &[u8]) {
        self.message(Kind::Error, "moved to", queue, message);
    }

    fn message(&self, kind: Kind, what: &str, queue: &str, message: &[u8]) {
        self.keep(|kept| kept.queued.push((queue.to_owned(), message.to_vec())));
        let Some(console) = &self.console else { return };
        let name = format!("{what} {queue}: ");
        console.value(kind, &name, &shown_message(message));
    }

    /// `to` is a blob or a table.
    pub fn written(&self, function: &str, binding: &str, kind: &str, to: &str, value: &Value) {
        let Some(console) = &self.console else { return };
        let place = format!("{kind} {to}");
        let name = format!("{} by {function}.{binding}: ", place.trim_end());
        console.value(Kind::Good, &name, value);
    }

    pub fn noted(&self, line: &str) {
        if let Some(console) = &self.console {
            console.log(Kind::Warning, line);
        }
    }
}

/// Ignores another thread's panic, which has been reported.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
