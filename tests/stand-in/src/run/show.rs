//! What `make run` shows: a line for everything that happens, in colour on a terminal.

use crate::host::date::Date;
use crate::host::newtonsoft::on_one_line;
use crate::host::record::Event;
use crate::host::storage::shown;
use crate::run::process::Stream;
use crate::run::running::{Line, Running, own};
use serde_json::Value;
use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// How many characters of an invocation's id are shown.
const ID_CHARS: usize = 8;

/// How wide a terminal is that does not say it, in characters.
const COLUMNS: usize = 80;

/// What kind of line it is, with its colour as terminals number them.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Plain,
    /// What the host does.
    Host = 90,
    Good = 32,
    Warning = 33,
    Error = 31,
}

/// The terminal, or what stands for it.
pub struct Console {
    colours: bool,
    /// Where messages and outputs are cut; nowhere in a pipe, or with `verbose`.
    columns: Option<usize>,
    /// Whether whole ids are shown, and each reason each time.
    verbose: bool,
}

impl Console {
    /// One in colour if stdout is a terminal and `NO_COLOR` is not set.
    pub fn of_stdout(verbose: bool) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = std::env::var("COLUMNS").unwrap_or_default();
        let columns = columns.parse().unwrap_or(COLUMNS);
        Self {
            colours: is_terminal && !unwanted,
            columns: (is_terminal && !verbose).then_some(columns),
            verbose,
        }
    }

    /// Shows a text as it is.
    pub fn print(&self, kind: Kind, text: impl Display) {
        let text = match self.colours && kind != Kind::Plain {
            true => format!("\x1b[{}m{text}\x1b[0m\n", kind as u8),
            false => format!("{text}\n"),
        };
        // There may be nobody to read it: `make run | head`.
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    /// Shows a line with the time of day, in UTC. Line breaks in it are shown as `\n`.
    pub fn log(&self, kind: Kind, line: impl Display) {
        let line = line.to_string().replace('\r', "\\r").replace('\n', "\\n");
        let time = Date::now().formatted("HH:mm:ss.fff").unwrap_or_default();
        self.print(kind, format_args!("[{time}Z] {line}"));
    }

    /// Shows a line about an invocation.
    pub fn about(&self, kind: Kind, function: &str, id: &str, line: impl Display) {
        let id = id.get(..ID_CHARS).filter(|_| !self.verbose).unwrap_or(id);
        self.log(kind, format_args!("{function} {id}: {line}"));
    }

    /// Shows a line of the handler as the host logs it: stdout is information, stderr an error, or
    /// a warning where it says so [Workers/ProcessManagement/WorkerProcess.cs]. The reason of a
    /// failure is kept for the invocation's end.
    pub fn handler(&self, running: &Running, stream: Stream, line: &str) {
        let kind = match stream {
            Stream::Stdout => Kind::Plain,
            Stream::Stderr if line.to_ascii_lowercase().contains("warn") => Kind::Warning,
            Stream::Stderr => Kind::Error,
        };
        let Some(Line { id, text, reason }) = Line::read(line) else {
            return self.log(kind, line);
        };
        let kept = reason.is_some_and(|reason| running.report(id, reason));
        match running.function(id) {
            Some(_) if kept => {}
            Some(function) => self.about(kind, &function, id, text),
            None => self.log(kind, line),
        }
    }

    /// Shows what happens, and ends invocations.
    pub fn event(&self, running: &Running, event: &Event) {
        match *event {
            Event::Started {
                function,
                id,
                reason,
                attempt,
            } => {
                let line = match attempt.earlier {
                    0 => reason.to_owned(),
                    _ => format!("{reason}, {}", attempt.label),
                };
                self.about(Kind::Host, function, id, line);
            }
            Event::Logged { id, line } => {
                let function = running.function(id).unwrap_or_default();
                self.about(Kind::Plain, &function, id, line);
            }
            Event::Ended {
                function,
                id,
                failure,
                status,
                took,
                attempt,
            } => {
                let is_error = status.is_some_and(|status| status >= 500);
                let reason = running.end(id, failure, is_error);
                let failed = failure.is_some() || is_error && reason.is_some();
                let end = match (failed, status) {
                    (true, Some(status @ ..500)) => format!("{status}, and its body broke off"),
                    (true, Some(status)) => format!("failed with {status}"),
                    (true, None) => "failed".into(),
                    (false, Some(status)) => status.to_string(),
                    (false, None) => "succeeded".into(),
                };
                let mut line = format!("{end} in {} ms", took.as_millis());
                if !attempt.label.is_empty() && (failed || attempt.earlier > 0) {
                    line += &format!(", {}", attempt.label);
                }
                let is_known = failure.is_some() && failure == attempt.failure_before.as_deref();
                if let Some(reason) = reason.filter(|_| self.verbose || !is_known) {
                    line += &format!(": {}", own(&reason));
                }
                let kind = if failed { Kind::Error } else { Kind::Host };
                self.about(kind, function, id, line);
            }
            Event::Queued { queue, message } => self.message("queue", queue, message, Kind::Good),
            Event::Poisoned { queue, message } => {
                self.message("moved to", queue, message, Kind::Error);
            }
            Event::Written {
                function,
                binding,
                kind,
                to,
                value,
            } => {
                let place = format!("{kind} {to}");
                let name = format!("{} by {function}.{binding}: ", place.trim_end());
                let value = match value {
                    Value::String(text) => text,
                    value => &value.to_string(),
                };
                self.value(Kind::Good, &name, value);
            }
            Event::Warned { function, id, line } => self.about(Kind::Warning, function, id, line),
            Event::Noted(line) => self.log(Kind::Warning, line),
        }
    }

    fn message(&self, what: &str, queue: &str, message: &[u8], kind: Kind) {
        let text = match shown(message) {
            Value::String(text) => on_one_line(&text).unwrap_or(text),
            bytes => bytes.to_string(),
        };
        self.value(kind, &format!("{what} {queue}: "), &text);
    }

    /// Shows a value behind its name, or as much of it as the line has room for, with its size.
    fn value(&self, kind: Kind, name: &str, value: &str) {
        const TIME_CHARS: usize = "[hh:mm:ss.mmmZ] ".len();
        let room = |columns: usize| columns.saturating_sub(TIME_CHARS + name.len());
        let value = beginning(value, self.columns.map(room));
        self.log(kind, format_args!("{name}{value}"));
    }
}

/// A text, or its beginning and its size if it is longer than `room`, in characters.
pub fn beginning(text: &str, room: Option<usize>) -> String {
    if room.is_none_or(|room| text.chars().count() <= room) {
        return text.to_owned();
    }
    let size = format!("... ({} bytes)", text.len());
    let room = room.unwrap_or_default().saturating_sub(size.len());
    text.chars().take(room).collect::<String>() + &size
}
