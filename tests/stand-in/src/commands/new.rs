//! `make new`: adds a function.

use crate::app::binary;
use crate::app::description::Description;
use crate::app::function::Function;
use crate::app::settings::{self, FILE as SETTINGS};
use crate::app::table::{self, TABLE, TESTS, Table};
use crate::app::{ignore, json, names, tool};
use crate::commands::changes::Changes;
use crate::commands::check::check_new;
use crate::commands::function_json::VARIABLES;
use crate::commands::{Written, code, function_json};
use std::fs;
use std::path::Path;

/// Gives the lines to show. An error says what has been written, if anything.
pub fn add(root: &Path, written: &Written) -> Result<Vec<String>, String> {
    let name = written["NAME"].as_str();
    if name.is_empty() {
        return Err(format!("say which: {}", function_json::page()));
    }
    names::function(name)?;
    let host = json::read(root, "host.json")?;
    let binary = binary::name(&host);
    check_name(root, name, binary)?;
    let mut changes = Changes::new(root);
    let list = changes.read(TABLE)?;
    let table = Table::find(&list)?;
    let mut entries = table.entries.iter();
    if let Some(entry) = entries.find(|entry| entry.name.eq_ignore_ascii_case(name)) {
        return Err(format!("{TABLE} has the function {:?} already", entry.name));
    }
    let (file, folder) = (names::file(name), format!("{name}/function.json"));
    let text = function_json(root, &folder, written)?;
    let app = Description::of(root);
    let prefix = &app.host.prefix;
    let mut function = Function::read(name, &text).map_err(|why| format!("{folder}: {why}"))?;
    let routed = function.set_route(prefix);
    routed.map_err(|why| format!("{folder}: {why}"))?;
    if let Some(error) = check_new(&app, &function) {
        return Err(error.to_string());
    }
    let sources = ["src", "tests"].map(|of| format!("{of}/functions/{file}"));
    let [source, test] = &sources;
    let mut lines = vec![format!(
        "{name} is there: {folder}, {source}.rs, {test}.rs, and its lines in {TABLE} and {TESTS}."
    )];
    if !root.join(&folder).is_file() {
        changes.write(&folder, text);
    }
    let tool_json = format!("{name}/{}", tool::FILE);
    if function.is_tool() && !root.join(&tool_json).is_file() {
        lines.push(format!(
            "{tool_json} says what an agent can ask: make check FIX=1 brings it into {folder}."
        ));
        changes.write(tool_json, function_json::TOOL);
    }
    let (code, test) = code::of(&function);
    for (source, code) in sources.iter().zip([code, test]) {
        let file = format!("{source}.rs");
        // A file with the same text is from a killed command.
        let is_same = fs::read_to_string(root.join(&file)).is_ok_and(|there| there == code);
        let mut taken = [&file, source].into_iter();
        let taken = taken.find(|path| root.join(path).exists());
        if let (Some(taken), false) = (taken, is_same) {
            return Err(format!(
                "the file of {name:?} would be {file}, and there is {taken} already: choose another \
                 name, or move it away, run this again, and put it back"
            ));
        }
        changes.write(&file, code);
    }
    changes.edit(TESTS, |tests| match table::modules(tests) {
        modules if modules.contains(&file) => tests.to_owned(),
        _ => code::like(tests, table::with_module(tests, &file)),
    })?;
    lines.extend(add_settings(root, &function, &mut changes)?);
    if binary.eq_ignore_ascii_case(name) {
        lines.push(make_way(root, binary, &mut changes)?);
    }
    // Last: until the function has its entry, the command can be run again.
    let with_entry = table.with(&function.call(prefix));
    let mut with_module = table::with_module(&with_entry, &file);
    if function.is_tool() {
        // The test uses the type of the arguments.
        let line = format!("mod {};\n", names::module(&file));
        with_module = with_module.replacen(&format!("\n{line}"), &format!("\npub {line}"), 1);
    }
    changes.write(TABLE, code::like(&list, with_module));
    changes.apply("Run it again when that is mended.")?;
    if function.inputs().any(|input| input.is("table")) {
        let missing = "Create the table of an input first: without it the function does not run.";
        lines.push(missing.to_owned());
    }
    lines.push("Next: make test, make run.".to_owned());
    Ok(lines)
}

/// Errors if the host allows the name, but the app does not.
fn check_name(root: &Path, name: &str, binary: &str) -> Result<(), String> {
    let funcignore = ignore::patterns(root).unwrap_or_default();
    let is_taken = |other: &str| {
        let path = root.join(other);
        let is_own = other == name && path.join("function.json").is_file();
        // The binary is renamed; a killed command may have left an empty folder.
        let is_binary = other == binary && path.is_file();
        let entries = path.read_dir();
        let is_empty = entries.is_ok_and(|mut entries| entries.next().is_none());
        other.eq_ignore_ascii_case(name) && !is_own && !is_binary && !is_empty
    };
    let entries = root.read_dir();
    let entries = entries.map_err(|error| format!("{}: {error}", root.display()))?;
    let mut others = entries.flatten().map(|entry| entry.file_name());
    let taken = others.find(|other| is_taken(&other.to_string_lossy()));
    let why = if let Some(why) = names::refusal(name) {
        why.to_owned()
    } else if ignore::left_out(&funcignore, &format!("{name}/function.json")) {
        ".funcignore would leave it out of what is published".to_owned()
    } else if let Some(other) = taken {
        format!("there is {} already", other.display())
    } else {
        return Ok(());
    };
    Err(format!("no function can have the name {name:?}: {why}"))
}

/// The text of the new function.json, or of the one that is there.
fn function_json(root: &Path, file: &str, written: &Written) -> Result<String, String> {
    let new = function_json::of(written);
    if !root.join(file).is_file() {
        return new;
    }
    let text = Changes::new(root).read(file)?;
    match VARIABLES[1..].iter().find(|one| !written[*one].is_empty()) {
        // A file with the same text is from a killed command.
        Some(variable) if new.as_ref() != Ok(&text) => Err(format!(
            "{file} has its bindings already: leave {variable} away"
        )),
        _ => Ok(text),
    }
}

/// Frees the binary's name for the function's folder.
fn make_way(root: &Path, before: &str, changes: &mut Changes) -> Result<String, String> {
    let after = binary::OTHER;
    let text = changes.read("host.json")?;
    changes.write("host.json", binary::renamed(&text, after)?);
    // At once, because the folder needs the name. If the rest fails, `make build` makes the binary
    // again.
    for end in ["", ".exe"] {
        let (old, new) = (format!("{before}{end}"), format!("{after}{end}"));
        if root.join(&old).is_file() {
            fs::rename(root.join(&old), root.join(&new))
                .map_err(|error| format!("{old} cannot be renamed {new}: {error}"))?;
        }
    }
    Ok(format!(
        "The folder takes the place of ./{before}, so the binary is ./{after} from now on, by host.json. \
         To debug under make start, write that into .vscode/launch.json too."
    ))
}

/// Adds the settings that are missing. Gives the line to show.
fn add_settings(
    root: &Path,
    function: &Function,
    changes: &mut Changes,
) -> Result<Option<String>, String> {
    if !root.join(SETTINGS).exists() {
        return Ok(None);
    }
    let text = changes.read(SETTINGS)?;
    let in_file = |why| format!("{SETTINGS}: {why}");
    let there = json::parse(&text).map_err(in_file)?;
    let mut missing = function.settings();
    missing.retain(|setting| !settings::has(&there, setting));
    if missing.is_empty() {
        return Ok(None);
    }
    changes.write(SETTINGS, settings::with(&text, &missing).map_err(in_file)?);
    let missing = missing.join(", ");
    Ok(Some(format!(
        "{SETTINGS} has new settings: {missing}. Fill in those that are empty."
    )))
}
