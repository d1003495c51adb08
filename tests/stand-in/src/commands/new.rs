//! `make new`: a function's folder, file, test, and its lines in the two lists of functions.

use crate::app::binary;
use crate::app::description::Description;
use crate::app::function::{Binding, Function};
use crate::app::ignore::left_out;
use crate::app::settings::{self, FILE as SETTINGS};
use crate::app::table::{self, Table};
use crate::app::{json, names, tool};
use crate::commands::changes::{Changes, is_unfinished};
use crate::commands::check::{check_arguments, check_function, conflict_with, twin};
use crate::commands::{Written, code, function_json};
use crate::host::routes::Template;
use serde_json::Value;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The variables of `make new`.
pub const VARIABLES: [&str; 8] = [
    "NAME", "TRIGGER", "IN", "OUT", "ROUTE", "METHODS", "SCHEDULE", "AUTH",
];

/// The list of functions, and that of their tests.
pub const TABLE: &str = "src/functions/mod.rs";
pub const TESTS: &str = "tests/functions/main.rs";

/// Adds the function that `written` asks for to the app in the folder `root`. Gives the lines to
/// show. An error has written nothing, or says what it has.
pub fn add(root: &Path, written: &Written) -> Result<Vec<String>, String> {
    let name = written.get("NAME");
    if name.is_empty() {
        return Err(format!("say which: {}", function_json::page()));
    }
    names::function(name)?;
    let host = json::read(root, "host.json")?;
    check_name(root, name, &host)?;
    let mut changes = Changes::default();
    let (file, folder) = (names::file(name), format!("{name}/function.json"));
    let text = function_json(root, name, written)?;
    let list = changes.read(root, TABLE)?;
    let table = Table::find(&list).map_err(|why| format!("{TABLE}: {why}"))?;
    for entry in &table.entries {
        if entry.name.eq_ignore_ascii_case(name) {
            return Err(format!("{TABLE} has the function {:?} already", entry.name));
        }
    }
    let app = Description::read(root, &|name| std::env::var(name).ok());
    let mut function = Function::read(name, &text).map_err(|why| format!("{folder}: {why}"))?;
    if function.is_http() {
        let route = Template::parse(&format!("{}{}", app.host.prefix, function.route_below()));
        function.route = Some(route.map_err(|why| format!("{folder}: route: {why}"))?);
    }
    let mut findings = check_function(&function);
    findings.extend(check_arguments(
        &folder,
        function.trigger().text("toolProperties"),
    ));
    findings.extend(conflict_with(&app, &function));
    findings.extend(twin(app.all(), &function));
    if let Some(error) = findings.iter().find(|finding| finding.is_error()) {
        return Err(error.to_string());
    }
    let prefix = &app.host.prefix;
    let (code, test) = code::of(&function);
    let sources = ["src", "tests"].map(|of| format!("{of}/functions/{file}"));
    let mut lines = vec![format!(
        "{name} is there: {folder}, {}.rs, {}.rs, and its lines in {TABLE} and {TESTS}.",
        sources[0], sources[1]
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
    for (source, code) in sources.into_iter().zip([code, test]) {
        let file = format!("{source}.rs");
        // A file with the same text is from a command that was killed.
        let is_other = match fs::read_to_string(root.join(&file)) {
            Ok(there) => there != code,
            Err(error) => error.kind() != ErrorKind::NotFound,
        };
        if is_other || root.join(&source).exists() {
            let taken = if is_other { &file } else { &source };
            let write = match root.join(&folder).is_file() {
                true => {
                    "to bring a function back, move the file away, run this again, and put it back"
                }
                false => "choose another name",
            };
            return Err(format!(
                "the file of {name:?} would be {file}, and there is {taken} already: {write}"
            ));
        }
        changes.write(file, code);
    }
    let tests = changes.read(root, TESTS)?;
    if table::without_module(&tests, &file) == tests {
        changes.write(TESTS, like(&tests, table::with_module(&tests, &file)));
    }
    lines.extend(add_settings(root, &function, &mut changes)?);
    lines.extend(make_way(root, name, &host, &mut changes)?);
    // Last: without the function's entry the command can be run again.
    let with_entry = table.with(&function.route_call(prefix));
    let mut with_module = table::with_module(&with_entry, &file);
    if function.is_tool() {
        // Its test reads the arguments' type.
        let line = format!("\nmod {};\n", names::module(&file));
        with_module = with_module.replacen(&line, &line.replace("mod", "pub mod"), 1);
    }
    changes.write(TABLE, like(&list, with_module));
    changes.apply(root, "Run it again when that is mended.")?;
    if function.inputs().any(|input| input.is("table")) {
        lines.push(
            "Create the table of an input first: without it the function does not run.".into(),
        );
    }
    lines.push("Next: make test, make run.".into());
    Ok(lines)
}

/// Errors where no new function can have this name, although the host would take it.
fn check_name(root: &Path, name: &str, host: &Value) -> Result<(), String> {
    let refused = |why: &str| {
        let what = format!("no function can have the name {name:?}");
        Err(format!("{what}: {why}"))
    };
    if let Some(why) = names::refusal(name) {
        return refused(why);
    }
    let funcignore = fs::read_to_string(root.join(".funcignore")).unwrap_or_default();
    if left_out(&funcignore, &format!("{name}/function.json")) {
        return refused(".funcignore would leave it out of what is published");
    }
    let entries = root.read_dir();
    let entries = entries.map_err(|error| format!("{}: {error}", root.display()))?;
    for entry in entries.flatten() {
        let (other, path) = (entry.file_name(), entry.path());
        let other = other.to_string_lossy();
        let is_own = other == name && path.join("function.json").is_file();
        // The binary makes way, and so does what a killed command left behind.
        let is_binary = other == binary::name(host) && path.is_file();
        let makes_way = is_own || is_binary || is_left_over(&path);
        if other.eq_ignore_ascii_case(name) && !makes_way {
            return refused(&format!("there is {other} already"));
        }
    }
    Ok(())
}

/// The text of the function's function.json: the one that is there, or one that `written` asks for.
fn function_json(root: &Path, name: &str, written: &Written) -> Result<String, String> {
    let file = format!("{name}/function.json");
    if !root.join(&file).is_file() {
        return function_json::of(name, written);
    }
    let text = Changes::default().read(root, &file)?;
    let function = Function::read(name, &text).map_err(|why| format!("{file}: {why}"))?;
    let (kind, word) = (&function.trigger().kind, written.get("TRIGGER"));
    // A file with the same text is from a command that was killed.
    if !word.is_empty() && function_json::of(name, written).as_ref() == Ok(&text) {
        return Ok(text);
    }
    if !word.is_empty() && !function_json::is_trigger(word, kind) {
        return Err(format!(
            "{file} has the trigger {kind} already: leave TRIGGER away"
        ));
    }
    for variable in VARIABLES {
        if !["NAME", "TRIGGER"].contains(&variable) && !written.get(variable).is_empty() {
            return Err(format!(
                "{file} has its bindings already: leave {variable} away"
            ));
        }
    }
    Ok(text)
}

/// Whether a folder holds nothing but what a killed command left behind.
fn is_left_over(folder: &Path) -> bool {
    let mut entries = folder.read_dir().into_iter().flatten();
    folder.is_dir() && entries.all(|entry| entry.is_ok_and(|entry| is_unfinished(&entry.path())))
}

/// The text `after` as rustfmt lays it out, if `before` was laid out so.
pub fn like(before: &str, after: String) -> String {
    match code::laid_out(before) == before {
        true => code::laid_out(&after),
        false => after,
    }
}

/// Gives the handler's binary another name, in host.json and where it is built, if the function's
/// folder takes its place.
fn make_way(
    root: &Path,
    name: &str,
    host: &Value,
    changes: &mut Changes,
) -> Result<Option<String>, String> {
    let (before, after) = (binary::name(host), binary::OTHER);
    if !before.eq_ignore_ascii_case(name) {
        return Ok(None);
    }
    let text = changes.read(root, "host.json")?;
    changes.write("host.json", binary::renamed(&text, after)?);
    // At once, since the folder cannot be made before. If the rest fails, `make build` makes it anew.
    for end in ["", ".exe"] {
        let (old, new) = (format!("{before}{end}"), format!("{after}{end}"));
        if root.join(&old).is_file() {
            fs::rename(root.join(&old), root.join(&new))
                .map_err(|error| format!("{old} cannot be renamed {new}: {error}"))?;
        }
    }
    Ok(Some(format!(
        "The folder takes the place of ./{before}, so the binary is ./{after} from now on, by host.json. \
         To debug under make start, write that into .vscode/launch.json too."
    )))
}

/// Adds the settings that the function needs and local.settings.json lacks, if there is such a
/// file.
fn add_settings(
    root: &Path,
    function: &Function,
    changes: &mut Changes,
) -> Result<Option<String>, String> {
    if !root.join(SETTINGS).exists() {
        return Ok(None);
    }
    let text = changes.read(root, SETTINGS)?;
    let in_file = |why| format!("{SETTINGS}: {why}");
    let has = json::parse(&text).map_err(in_file)?;
    let mut missing: Vec<String> = Vec::new();
    for (_, setting) in function.bindings.iter().flat_map(Binding::settings) {
        if !settings::has(&has, &setting) && !missing.contains(&setting) {
            missing.push(setting);
        }
    }
    if missing.is_empty() {
        return Ok(None);
    }
    changes.write(SETTINGS, settings::with(&text, &missing).map_err(in_file)?);
    Ok(Some(format!(
        "{SETTINGS} has new settings: {}. Fill in those that are empty.",
        missing.join(", ")
    )))
}
