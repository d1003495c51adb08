//! What `make run` shows: one line per event, in colour on a terminal.

use crate::host::date::Date;
use serde_json::Value;
use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// How much of an id is shown.
const ID_CHARS: usize = 8;

/// For a terminal without `COLUMNS`.
const COLUMNS: usize = 80;

/// The numbers are the terminal's colours.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Plain,
    Host = 90,
    Good = 32,
    Warning = 33,
    Error = 31,
}

pub struct Console {
    out: Box<dyn Fn(&str) + Send + Sync>,
    colours: bool,
    /// Where messages and outputs are cut; nowhere in a pipe, or with `verbose`.
    columns: Option<usize>,
    /// Shows whole ids, and each reason each time.
    pub verbose: bool,
}

impl Console {
    pub fn new(out: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            out: Box::new(out),
            colours: false,
            columns: None,
            verbose: false,
        }
    }

    /// In colour if stdout is a terminal and `NO_COLOR` is not set.
    pub fn of_stdout(verbose: bool) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = std::env::var("COLUMNS").unwrap_or_default();
        let columns = columns.parse().unwrap_or(COLUMNS);
        // Nobody may read it: `make run | head`.
        let out = |text: &str| drop(std::io::stdout().write_all(text.as_bytes()));
        Self {
            colours: is_terminal && !unwanted,
            columns: (is_terminal && !verbose).then_some(columns),
            verbose,
            ..Self::new(out)
        }
    }

    pub fn print(&self, kind: Kind, text: impl Display) {
        (self.out)(&match self.colours && kind != Kind::Plain {
            true => format!("\x1b[{}m{text}\x1b[0m\n", kind as u8),
            false => format!("{text}\n"),
        });
    }

    /// Shows the time in UTC, and line breaks as `\n`.
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

    /// Cuts the value to the line's width.
    pub fn value(&self, kind: Kind, name: &str, value: &Value) {
        const TIME_CHARS: usize = "[hh:mm:ss.mmmZ] ".len();
        let room = |columns: usize| columns.saturating_sub(TIME_CHARS + name.len());
        let value = match value {
            Value::String(text) => text,
            value => &value.to_string(),
        };
        let value = beginning(value, self.columns.map(room));
        self.log(kind, format_args!("{name}{value}"));
    }
}

/// A longer text is cut to `room` characters, with its size.
pub fn beginning(text: &str, room: Option<usize>) -> String {
    if room.is_none_or(|room| text.chars().count() <= room) {
        return text.to_owned();
    }
    let size = format!("... ({} bytes)", text.len());
    let room = room.unwrap_or_default().saturating_sub(size.len());
    text.chars().take(room).collect::<String>() + &size
}
