//! What `make run` shows: a line for everything that happens, as `func start` has it, in colour on
//! a terminal.

use crate::host::newtonsoft::{Date, on_one_line};
use crate::host::record::Event;
use crate::host::storage::shown;
use crate::run::process::Stream;
use serde_json::Value;
use std::io::{IsTerminal, Write};

/// How much of a message or a value is shown, in characters.
const SHOWN_CHARS: usize = 1000;

/// What kind of line it is, for its colour.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Plain,
    /// What the host does.
    Host,
    Good,
    Warning,
    Error,
}

/// The terminal, or what stands for it.
pub struct Console {
    colours: bool,
}

impl Console {
    /// One in colour if stdout is a terminal and `NO_COLOR` is not set.
    pub fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            colours: std::io::stdout().is_terminal() && !unwanted,
        }
    }

    /// Shows a text as it is.
    pub fn print(&self, kind: Kind, text: &str) {
        let colour = match kind {
            _ if !self.colours => None,
            Kind::Plain => None,
            Kind::Host => Some("90"),
            Kind::Good => Some("32"),
            Kind::Warning => Some("33"),
            Kind::Error => Some("31"),
        };
        let text = colour.map_or_else(
            || format!("{text}\n"),
            |colour| format!("\x1b[{colour}m{text}\x1b[0m\n"),
        );
        // There may be nobody to read it: `make run | head`.
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    /// Shows a line with the time, as the host's log has it.
    pub fn log(&self, kind: Kind, line: &str) {
        self.print(
            kind,
            &format!("[{}] {line}", Date::now().to_the_millisecond()),
        );
    }

    /// Shows a line of the handler as the host logs it: stdout is information, stderr an error, or
    /// a warning where it says so [Workers/ProcessManagement/WorkerProcess.cs].
    pub fn handler(&self, stream: Stream, line: &str) {
        let kind = match stream {
            Stream::Stdout => Kind::Plain,
            Stream::Stderr if line.to_ascii_lowercase().contains("warn") => Kind::Warning,
            Stream::Stderr => Kind::Error,
        };
        self.log(kind, line);
    }

    /// Shows what happens.
    pub fn event(&self, event: &Event) {
        match event {
            Event::Started {
                function,
                id,
                reason,
            } => {
                self.log(
                    Kind::Host,
                    &format!("Executing 'Functions.{function}' (Reason='{reason}', Id={id})"),
                );
            }
            Event::Logged { line } => self.log(Kind::Plain, line),
            Event::Ended {
                function,
                id,
                failure,
                took,
            } => {
                let (word, kind) = if failure.is_some() {
                    ("Failed", Kind::Error)
                } else {
                    ("Succeeded", Kind::Host)
                };
                let took = took.as_millis();
                self.log(
                    kind,
                    &format!(
                        "Executed 'Functions.{function}' ({word}, Id={id}, Duration={took}ms)"
                    ),
                );
                if let Some(why) = failure {
                    self.log(Kind::Error, &format!("{function}: {why}"));
                }
            }
            Event::Queued { queue, message } => {
                let text = match shown(message) {
                    Value::String(text) => on_one_line(&text).unwrap_or(text),
                    bytes => bytes.to_string(),
                };
                self.log(Kind::Good, &format!("queue {queue}: {}", beginning(&text)));
            }
            Event::Written {
                function,
                binding,
                kind,
                value,
            } => {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                self.log(
                    Kind::Good,
                    &format!("{kind} {function}.{binding}: {}", beginning(&value)),
                );
            }
            Event::Noted(line) => self.log(Kind::Warning, line),
        }
    }
}

/// A text, or its beginning where it is long.
fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
