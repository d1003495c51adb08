//! `make remove`: moves all files of a function to `target/removed`.

use crate::app::description::Description;
use crate::app::function::Function;
use crate::app::names;
use crate::app::settings::{self, FILE as SETTINGS};
use crate::app::table::{self, TABLE, TESTS, Table};
use crate::commands::changes::Changes;
use crate::commands::code::like;
use std::path::Path;

/// Gives the lines to show. An error says what has been changed, if anything.
pub fn remove(root: &Path, name: &str) -> Result<Vec<String>, String> {
    let mut changes = Changes::new(root);
    let files = plan(root, name, &mut changes)?.ok_or_else(|| missing(root, name))?;
    let lists = changes.written().join(", ");
    let kept = changes.put_away(&format!("target/removed/{name}"), &files);
    changes.apply("Run it again when that is mended.")?;
    let mut shown = Vec::new();
    if !files.is_empty() {
        let files = files.join(", ");
        shown.push(format!("{name} is gone: {files} are in {kept} now."));
    }
    if !lists.is_empty() {
        shown.push(format!("Its lines are out of {lists}."));
    }
    Ok(shown)
}

fn missing(root: &Path, name: &str) -> String {
    let app = Description::of(root);
    let there = names::listed(app.folders().into_iter().map(String::as_str));
    match name {
        "" => format!("say which: make remove NAME=ingest; {there}"),
        name => format!("there is no function {name:?}; {there}"),
    }
}

/// Gives the function's files and folders, or `None` if there is no such function. Only the changes
/// of other files are in `changes`.
pub fn plan(root: &Path, name: &str, changes: &mut Changes) -> Result<Option<Vec<String>>, String> {
    let app = Description::of(root);
    let list = changes.read(TABLE)?;
    let table = Table::find(&list)?;
    let entry = table.entries.iter().find(|entry| entry.name == name);
    let folders = app.folders().into_iter().map(String::as_str);
    let mut folders: Vec<&str> = folders.collect();
    if entry.is_none() && !folders.contains(&name) {
        return Ok(None);
    }
    folders.retain(|folder| *folder == name);
    let mut files: Vec<String> = folders.into_iter().map(str::to_owned).collect();
    // Code in the table's own file, or with other functions, stays.
    let file = entry.map_or_else(|| Some(names::file(name)), |entry| entry.file.clone());
    let mut others = table.entries.iter().filter(|other| other.name != name);
    let file = file.filter(|file| !others.any(|other| other.file.as_ref() == Some(file)));
    let without = |text: &str| match &file {
        Some(file) => table::without_module(text, file),
        None => text.to_owned(),
    };
    for file in file.iter() {
        for (of, end) in [("src", ".rs"), ("src", ""), ("tests", ".rs"), ("tests", "")] {
            let source = format!("{of}/functions/{file}{end}");
            if root.join(&source).exists() {
                files.push(source);
            }
        }
    }
    if root.join(TESTS).exists() {
        changes.edit(TESTS, |tests| like(tests, without(tests)))?;
    }
    if root.join(SETTINGS).exists() {
        changes.edit(SETTINGS, |text| without_settings(text, name, &app))?;
    }
    // Last: while it names the function, the command can be run again.
    changes.edit(TABLE, |list| like(list, without(&table.without(name))))?;
    Ok(Some(files))
}

/// Removes the empty settings that no other function needs.
fn without_settings(text: &str, name: &str, app: &Description) -> String {
    let (own, others): (Vec<_>, Vec<_>) = app.all().partition(|function| function.name == name);
    let others: Vec<&str> = others.into_iter().flat_map(Function::settings).collect();
    let own = own.into_iter().flat_map(Function::settings);
    own.filter(|setting| !others.contains(setting))
        .fold(text.to_owned(), |text, setting| {
            settings::without_empty(&text, setting)
        })
}
