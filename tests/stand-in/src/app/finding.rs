//! What is wrong in an app's files.

use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Severity {
    /// It stops the app or a function under the host, or fails every invocation.
    Error,
    /// It works, and is probably not what was meant.
    Note,
}

/// Something wrong in an app's files, in one line: the file, what is wrong, what the host makes of
/// it, what to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub severity: Severity,
    /// The file, seen from the app's root: `order/function.json`.
    pub file: String,
    /// What is wrong, and what to write.
    pub what: String,
}

impl Finding {
    /// A finding that stops something.
    pub fn error(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            what: what.into(),
        }
    }

    /// A finding that stops nothing.
    pub fn note(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(file, what)
        }
    }

    /// Whether it stops something.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let note = if self.is_error() { "" } else { "note: " };
        write!(f, "{}: {note}{}", self.file, self.what)
    }
}

/// The errors among findings, one a line; `None` if there is no error.
pub fn errors(findings: &[Finding]) -> Option<String> {
    let errors = findings.iter().filter(|finding| finding.is_error());
    let lines: Vec<String> = errors.map(Finding::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
