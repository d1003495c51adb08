use std::fmt;

/// A problem in an app's files: the file, what is wrong, what the host does, what to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Whether the host does not start the app or the function, or every invocation fails. A note
    /// works, but is probably not intended.
    pub is_error: bool,
    /// From the app's root: `order/function.json`.
    pub file: String,
    pub what: String,
}

impl Finding {
    pub fn error(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            is_error: true,
            file: file.into(),
            what: what.into(),
        }
    }

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

/// The errors, one per line; `None` if there are none.
pub fn errors(findings: &[Finding]) -> Option<String> {
    let errors = findings.iter().filter(|finding| finding.is_error);
    let lines: Vec<String> = errors.map(Finding::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
