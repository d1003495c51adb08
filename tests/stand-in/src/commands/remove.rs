//! `make remove`: takes away all that belongs to a function, and keeps it in `target/removed`.

use crate::app::description::folders;
use crate::app::function::{Binding, Function};
use crate::app::names;
use crate::app::settings::{self, FILE as SETTINGS};
use crate::app::table::{self, Table};
use crate::commands::changes::Changes;
use crate::commands::new::{TABLE, TESTS, like};
use std::fs;
use std::path::Path;

/// Takes the function `name` out of the app in the folder `root`. Gives the lines to show. On an
/// error nothing is changed.
pub fn remove(root: &Path, name: &str) -> Result<Vec<String>, String> {
    if name.is_empty() {
        let listed = listed(&folders(root)?);
        return Err(format!("say which: make remove NAME=ingest ({listed})"));
    }
    let mut changes = Changes::default();
    let removed = plan(root, name, &mut changes)?;
    let (files, lines) = (removed.files, removed.lines);
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
    shown.extend(removed.stays);
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
    lines: Vec<&'static str>,
    /// What has to stay, in words.
    stays: Option<String>,
}

/// Finds what belongs to the function `name`. The lines that go are in `changes` then; the files
/// are not.
pub fn plan(root: &Path, name: &str, changes: &mut Changes) -> Result<Removed, String> {
    let list = changes.read(root, TABLE)?;
    let table = Table::find(&list).map_err(|why| format!("{TABLE}: {why}"))?;
    let (folders, entries) = (folders(root)?, &table.entries);
    let entry = entries.iter().find(|entry| entry.name == name);
    let folder = folders.iter().find(|folder| *folder == name);
    if entry.is_none() && folder.is_none() {
        let mut known = folders
            .iter()
            .chain(entries.iter().map(|entry| &entry.name));
        let meant = known.find(|other| other.eq_ignore_ascii_case(name));
        let hint = meant.map_or_else(
            || listed(&folders),
            |meant| format!("did you mean {meant}?"),
        );
        return Err(format!("there is no function {name:?}; {hint}"));
    }
    let (mut files, mut lines) = (Vec::from_iter(folder.cloned()), Vec::new());
    // Code that is in the table's own file, or in one with other functions, is not only this
    // function's.
    let file = entry.map_or_else(|| Some(names::file(name)), |entry| entry.file());
    let mut others = entries.iter().filter(|other| other.name != name);
    let shared = others.find(|other| file.is_some() && other.file() == file);
    let stays = match (&file, shared) {
        (None, _) => Some(format!("Its code stays: it is in {TABLE}.")),
        (Some(file), Some(other)) => Some(format!(
            "src/functions/{file}.rs stays: {} is in it too.",
            other.name
        )),
        (Some(_), None) => None,
    };
    let mut text = match entry {
        Some(_) => table.without(name),
        None => list.clone(),
    };
    if let (Some(file), None) = (&file, &stays) {
        text = table::without_module(&text, file);
        for end in [".rs", ""] {
            let sources = ["src", "tests"].map(|of| format!("{of}/functions/{file}{end}"));
            let there = |source: &String| root.join(source).exists();
            files.extend(sources.into_iter().filter(there));
        }
        if root.join(TESTS).exists() {
            let tests = changes.read(root, TESTS)?;
            let without = table::without_module(&tests, file);
            if without != tests {
                changes.write(TESTS, like(&tests, without));
                lines.push(TESTS);
            }
        }
    }
    if remove_settings(root, name, &folders, changes)? {
        lines.push(SETTINGS);
    }
    // Last: as long as it names the function, the command can be run again.
    if text != list {
        changes.write(TABLE, like(&list, text));
        lines.insert(0, TABLE);
    }
    Ok(Removed {
        files,
        lines,
        stays,
    })
}

/// The functions that there are, for an error.
fn listed(folders: &[String]) -> String {
    match folders {
        [] => "there are none".into(),
        _ => format!("there are: {}", folders.join(", ")),
    }
}

/// Takes out the settings that are empty and that no other function needs, as `make new` has put
/// them in. Gives whether there were any.
fn remove_settings(
    root: &Path,
    name: &str,
    folders: &[String],
    changes: &mut Changes,
) -> Result<bool, String> {
    if !root.join(SETTINGS).exists() {
        return Ok(false);
    }
    let needs = |folder: &str| {
        let text = fs::read_to_string(root.join(folder).join("function.json")).unwrap_or_default();
        let function = Function::read(folder, &text).unwrap_or_default();
        let settings = function.bindings.iter().flat_map(Binding::settings);
        settings.map(|(_, setting)| setting).collect::<Vec<_>>()
    };
    let others = folders.iter().filter(|folder| *folder != name);
    let others: Vec<String> = others.flat_map(|folder| needs(folder)).collect();
    let before = changes.read(root, SETTINGS)?;
    let mut after = before.clone();
    for setting in needs(name) {
        if !others.contains(&setting) {
            after = settings::without_empty(&after, &setting);
        }
    }
    let is_changed = after != before;
    if is_changed {
        changes.write(SETTINGS, after);
    }
    Ok(is_changed)
}
