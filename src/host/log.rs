//! A function's log lines. From anywhere in the function's thread, helpers too:
//!
//! ```
//! use app::log;
//! log::info("took an order");
//! log::warn(format_args!("the price list is {} days old", 9));
//! ```
//!
//! [`warn`] and [`error`] lines go to stderr at once, with the invocation's id; so do [`info`]
//! lines to stdout, in a function whose requests the host passes on. Any other function's are kept
//! until it has ended: after a success they are the invocation's own logs, else they go to stdout.
//! They are lost if the host kills the handler for `functionTimeout`.
//!
//! The lines of a thread that a function starts go out at once, without an id. If the host does not
//! read the handler's output, a full pipe blocks the functions that log.

use crate::console;
use std::cell::RefCell;
use std::fmt::Display;

thread_local! {
    static INVOCATION: RefCell<Option<Logs>> = const { RefCell::new(None) };
}

/// The logs of the invocation that runs in this thread.
struct Logs {
    id: String,
    /// The lines for its own logs; `None` if it has none.
    kept: Option<Vec<String>>,
}

/// Logs what an operator may want to know: Information.
pub fn info(line: impl Display) {
    let line = line.to_string();
    INVOCATION.with_borrow_mut(|logs| match logs {
        Some(logs) => match &mut logs.kept {
            Some(lines) => lines.push(line),
            None => write(&logs.id, &line),
        },
        None => console::info(&line),
    });
}

/// Logs what somebody should look at although the invocation goes on: a Warning, as which the host
/// takes a line on stderr that contains "warn".
pub fn warn(line: impl Display) {
    to_stderr("warning", line);
}

/// Logs what went wrong: an Error, or a Warning if the line contains "warn". To fail the invocation
/// too, return an [`Error`](crate::Error), which is logged by itself.
pub fn error(line: impl Display) {
    to_stderr("error", line);
}

fn to_stderr(level: &str, line: impl Display) {
    let line = line.to_string();
    INVOCATION.with_borrow(|logs| match logs {
        Some(logs) => console::error(&format!("{level}: {}: {line}", named(&logs.id))),
        None => console::error(&format!("{level}: {line}")),
    });
}

/// An invocation as the app's log names it.
pub(crate) fn named(id: &str) -> String {
    let id = if id.is_empty() { "without id" } else { id };
    format!("invocation {id}")
}

fn write(id: &str, line: &str) {
    console::info(&format!("{}: {line}", named(id)));
}

/// Runs the invocation `id`. Gives what `function`, which must not panic, gives, and the lines for
/// the invocation's own logs, if these are `kept`.
pub(crate) fn collect<T>(id: &str, kept: bool, function: impl FnOnce() -> T) -> (T, Vec<String>) {
    let (id, kept) = (id.to_owned(), kept.then(Vec::new));
    INVOCATION.set(Some(Logs { id, kept }));
    let result = function();
    let logs = INVOCATION.take();
    (result, logs.and_then(|logs| logs.kept).unwrap_or_default())
}

/// Writes the lines of an invocation that failed, which the host would not read.
pub(crate) fn write_all(id: &str, lines: &[String]) {
    lines.iter().for_each(|line| write(id, line));
}
