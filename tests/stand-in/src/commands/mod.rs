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
use std::env;

/// The variables written after a make target, such as `NAME=ingest`; a value is empty by default.
pub type Written = BTreeMap<&'static str, String>;

/// Reads these. `WRITTEN` lists their names: the environment may have another `NAME`. Errors
/// for a name that is not `known`.
pub fn written(command: &str, known: &[&'static str]) -> Result<Written, String> {
    let names = env::var_os("WRITTEN").unwrap_or_default();
    let names = names.to_string_lossy();
    let names: Vec<&str> = names.split_whitespace().collect();
    if let Some(other) = names.iter().find(|name| !known.contains(name)) {
        let known = known.join(", ");
        return Err(format!(
            "make {command} has no variable {other}; there are {known}"
        ));
    }
    let mut written = Written::new();
    for &name in known {
        let value = env::var_os(name).filter(|_| names.contains(&name));
        let value = value.unwrap_or_default().into_string();
        let value = value.map_err(|value| format!("{name} is not Unicode: {value:?}"))?;
        written.insert(name, value.trim().to_owned());
    }
    Ok(written)
}
