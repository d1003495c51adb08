//! `make remove`: takes away all that belongs to a function, and keeps it in `target/removed`.

use crate::app::description::folders;
use crate::app::function::Function;
use crate::app::names;
use crate::app::settings;
use crate::app::table::{self, Table};
use crate::commands::changes::Changes;
use crate::commands::new::{TABLE, TESTS, like, listed};
use std::path::Path;

/// Takes the function `name` out of the app in the folder `root`. Gives the lines to show. On an
/// error nothing is changed.
pub fn remove(root: &Path, name: &str) -> Result<Vec<String>, String> {
    if name.is_empty() {
        return Err(format!(
            "say which: make remove NAME=ingest ({})",
            listed(root)
        ));
    }
    let mut changes = Changes::default();
    let Removed {
        files,
        lines,
        stays,
    } = plan(root, name, &mut changes)?;
    let kept = free(root, &format!("target/removed/{name}"));
    for file in &files {
        changes.rename(file, format!("{kept}/{file}"));
    }
    changes.apply(root, "Run it again when that is mended.")?;
    let mut shown = Vec::new();
    if !files.is_empty() {
        shown.push(format!(
            "{name} is gone: {} are in {kept} now.",
            files.join(", ")
        ));
    }
    if !lines.is_empty() {
        shown.push(format!("Its lines are out of {}.", lines.join(", ")));
    }
    shown.extend(stays);
    Ok(shown)
}

/// A path that nothing has yet: the given one with a number.
pub fn free(root: &Path, path: &str) -> String {
    let paths = (1_u64..).map(|number| format!("{path}-{number}"));
    let mut free = paths.skip_while(|path| root.join(path).exists());
    free.next().unwrap_or_default()
}

/// What belongs to a function.
pub struct Removed {
    /// Its files and folders.
    pub files: Vec<String>,
    /// The files that lose lines.
    lines: Vec<String>,
    /// What has to stay, in words.
    stays: Option<String>,
}

/// Finds what belongs to the function `name`. The lines that go are in `changes` then; the files
/// are not.
pub fn plan(root: &Path, name: &str, changes: &mut Changes) -> Result<Removed, String> {
    let list = changes.read(root, TABLE)?;
    let table = Table::find(&list).map_err(|why| format!("{TABLE}: {why}"))?;
    let entry = table.entries.iter().find(|entry| entry.name == name);
    let folder = folders(root)?.into_iter().find(|folder| folder == name);
    if entry.is_none() && folder.is_none() {
        let named = table.entries.iter().map(|entry| entry.name.clone());
        let meant = folders(root)?
            .into_iter()
            .chain(named)
            .find(|other| other.eq_ignore_ascii_case(name));
        let hint = meant.map_or_else(|| listed(root), |meant| format!("did you mean {meant}?"));
        return Err(format!("there is no function {name:?}; {hint}"));
    }
    let (mut files, mut lines) = (Vec::from_iter(folder), Vec::new());
    // Code that is in the table's own file, or in one with other functions, is not only this
    // function's.
    let file = entry.map_or_else(|| Some(names::file(name)), |entry| entry.file());
    let mut others = table.entries.iter().filter(|other| other.name != name);
    let shared = others.find(|other| file.is_some() && other.file() == file);
    let stays = match (&file, shared) {
        (None, _) => Some(format!("Its code stays: it is in {TABLE}.")),
        (Some(file), Some(other)) => Some(format!(
            "src/functions/{file}.rs stays: {} is in it too.",
            other.name
        )),
        (Some(_), None) => None,
    };
    let mut text = if entry.is_some() {
        table.without(name)
    } else {
        list.clone()
    };
    if let (Some(file), None) = (&file, &stays) {
        text = table::without_module(&text, file);
        for source in ["src/functions", "tests/functions"] {
            let sources = [format!("{source}/{file}.rs"), format!("{source}/{file}")];
            files.extend(
                sources
                    .into_iter()
                    .filter(|source| root.join(source).exists()),
            );
        }
        if root.join(TESTS).exists() {
            let tests = changes.read(root, TESTS)?;
            let without = table::without_module(&tests, file);
            if without != tests {
                changes.write(TESTS, like(&tests, without));
                lines.push(TESTS.to_owned());
            }
        }
    }
    lines.extend(remove_settings(root, name, changes)?);
    // Last: as long as it names the function, the command can be run again.
    if text != list {
        changes.write(TABLE, like(&list, text));
        lines.insert(0, TABLE.to_owned());
    }
    Ok(Removed {
        files,
        lines,
        stays,
    })
}

/// Takes out the settings that are empty and that no other function needs, as `make new` has put
/// them in.
fn remove_settings(
    root: &Path,
    name: &str,
    changes: &mut Changes,
) -> Result<Option<String>, String> {
    const FILE: &str = "local.settings.json";
    if !root.join(FILE).exists() {
        return Ok(None);
    }
    let needs = |folder: &String| {
        let text =
            std::fs::read_to_string(root.join(folder).join("function.json")).unwrap_or_default();
        let bindings =
            Function::read(folder, &text).map_or_else(|_| Vec::new(), |function| function.bindings);
        bindings
            .iter()
            .flat_map(|binding| binding.settings())
            .map(|(_, setting)| setting)
            .collect::<Vec<_>>()
    };
    let (own, others): (Vec<_>, Vec<_>) = folders(root)?
        .into_iter()
        .partition(|folder| folder == name);
    let others: Vec<String> = others.iter().flat_map(needs).collect();
    let before = changes.read(root, FILE)?;
    let unneeded = own
        .iter()
        .flat_map(needs)
        .filter(|setting| !others.contains(setting));
    let after = unneeded.fold(before.clone(), |text, setting| {
        settings::without_empty(&text, &setting)
    });
    if after == before {
        return Ok(None);
    }
    changes.write(FILE, after);
    Ok(Some(FILE.to_owned()))
}
