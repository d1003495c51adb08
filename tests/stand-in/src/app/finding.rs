//! What is wrong in an app's files.

use std::fmt;

/// Something wrong in an app's files, in one line: the file, what is wrong, what the host makes of
/// it, what to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Whether it stops the app or a function under the host, or fails every invocation. If not, it
    /// is a note: it works, and is probably not what was meant.
    pub is_error: bool,
    /// The file, seen from the app's root: `order/function.json`.
    pub file: String,
    pub what: String,
}

impl Finding {
    /// What stops something.
    pub fn error(file: impl Into<String>, what: impl Into<String>) -> Self {
        let (file, what) = (file.into(), what.into());
        let is_error = true;
        Self {
            is_error,
            file,
            what,
        }
    }

    /// What stops nothing.
    pub fn note(file: impl Into<String>, what: impl Into<String>) -> Self {
        let is_error = false;
        Self {
            is_error,
            ..Self::error(file, what)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let note = if self.is_error { "" } else { "note: " };
        write!(f, "{}: {note}{}", self.file, self.what)
    }
}

/// The errors among findings, one a line; `None` if there is no error.
pub fn errors(findings: &[Finding]) -> Option<String> {
    let errors = findings.iter().filter(|finding| finding.is_error);
    let lines: Vec<String> = errors.map(Finding::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
