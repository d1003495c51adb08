//! Compares the compiled table with the functions' folders.

use super::check_function;
use crate::app::description::Description;
use crate::app::finding::{self, Finding};
use crate::app::function::Function;
use crate::app::table::{Kind, Line, TABLE};

/// How the types of triggers begin that use the return value without a binding `$return`.
const RETURNING: [&str; 4] = ["activity", "orchestration", "entity", "mcp"];

pub fn check(app: &Description, table: &str, findings: &mut Vec<Finding>) {
    let lines: Vec<Line> = match serde_json::from_str(table) {
        Ok(lines) => lines,
        Err(why) => {
            let why = format!("the compiled table has a form that is not known here: {why}");
            return findings.push(Finding::error(TABLE, why));
        }
    };
    let mut error = |file: &str, what: String| findings.push(Finding::error(file, what));
    let folders = app.folders();
    for (place, Line { name, .. }) in lines.iter().enumerate() {
        let same = |other: &&String| other.eq_ignore_ascii_case(name);
        if let Some(twin) = lines[..place].iter().map(|line| &line.name).find(same) {
            let what = format!("{name:?} and {twin:?} are one name to the host");
            error(TABLE, format!("{what}: write another name"));
        } else if !folders.contains(&name) {
            let write = match folders.iter().find(|folder| same(folder)) {
                Some(folder) => format!("write {folder:?}, as the folder is called"),
                None => format!("write {name}/function.json, or delete the line"),
            };
            let what = format!("the function {name:?} has no folder with a function.json");
            error(TABLE, format!("{what}: {write}"));
        }
    }
    for function in app.all() {
        // After an error the function's line would be a guess.
        if finding::errors(&check_function(function)).is_some() {
            continue;
        }
        let (name, prefix) = (&function.name, &app.host.prefix);
        let (wanted, call) = (function.line(prefix), function.call(prefix));
        let mut lines = lines.iter();
        match lines.find(|line| line.name.eq_ignore_ascii_case(name)) {
            Some(line) if line.name == *name && !fits(line, &wanted, function) => {
                let what = format!(
                    "{} does not fit function.json and host.json",
                    line.call("...")
                );
                error(TABLE, format!("{what}: write {call}"));
            }
            Some(_) => {}
            None => {
                let what = format!("no line in {TABLE} is for it: write {call}, and the code");
                error(&function.file_name(), what);
            }
        }
    }
}

/// Whether a line fits its function. The order of methods and outputs does not count, nor an
/// unneeded `$return`.
fn fits(line: &Line, wanted: &Line, function: &Function) -> bool {
    let kind = function.trigger().kind.to_ascii_lowercase();
    let returns = RETURNING.iter().any(|start| kind.starts_with(start));
    let [line, wanted] = [line, wanted].map(|line| {
        let mut line = line.clone();
        line.outputs
            .retain(|output| !returns || output != "$return");
        line.outputs.sort();
        if let Kind::Http { methods, .. } = &mut line.kind {
            methods.sort();
        }
        line
    });
    line == wanted
}
