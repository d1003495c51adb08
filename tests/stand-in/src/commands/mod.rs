//! The commands of the Makefile that read or change the app's files.

pub mod changes;
pub mod check;
mod code;
pub mod function_json;
pub mod lock;
pub mod mine;
pub mod new;
pub mod package;
pub mod remove;
pub mod zip;

use std::collections::BTreeMap;

/// The variables that a user has written after `make new`: `NAME=ingest`.
#[derive(Default)]
pub struct Written(pub BTreeMap<String, String>);

impl Written {
    /// Reads what make hands over: the names in the environment variable `WRITTEN`, each value in
    /// the variable of that name. An environment may have a `NAME` that nobody has written. Errors
    /// for a name that is not among `known`.
    pub fn by_make(command: &str, known: &[&str]) -> Result<Self, String> {
        let value = |name: &str| std::env::var_os(name).unwrap_or_default();
        let names = value("WRITTEN").to_string_lossy().into_owned();
        let mut written = Self::default();
        for name in names.split_whitespace() {
            if !known.contains(&name) {
                let known = known.join(", ");
                return Err(format!(
                    "make {command} has no variable {name}; there are {known}"
                ));
            }
            let value = value(name).into_string();
            let value = value.map_err(|value| format!("{name} is not Unicode: {value:?}"))?;
            written.0.insert(name.to_owned(), value.trim().to_owned());
        }
        Ok(written)
    }

    /// The value of a variable; empty where it is not written.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}
