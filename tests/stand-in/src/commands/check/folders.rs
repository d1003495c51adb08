//! The functions' folders: their names, the settings that they need, and what is published.

use crate::app::binary;
use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::host_json;
use crate::app::ignore;
use crate::app::json;
use crate::app::names;
use crate::app::settings;
use std::collections::BTreeSet;
use std::path::Path;

/// Finds what is wrong with the folders, whatever their functions do.
pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    let folders: Vec<&String> = app
        .all()
        .map(|function| &function.name)
        .chain(&app.unread)
        .collect();
    let fault = binary::fault(&app.host.file, folders.iter().copied());
    findings.extend(fault.map(|why| Finding::error(host_json::FILE, why)));
    for (place, name) in folders.iter().enumerate() {
        let mut error = |what: String| {
            findings.push(Finding::error(format!("{name}/function.json"), what));
        };
        if let Err(why) = names::function(name) {
            error(format!("{why}: rename the folder"));
        }
        let mut earlier = folders[..place].iter();
        if let Some(twin) = earlier.find(|earlier| earlier.eq_ignore_ascii_case(name)) {
            error(format!("{twin} is a function of the same name: rename one"));
        }
    }
    for function in app.all() {
        let script = json::member(&function.file, "scriptFile");
        if let Some(script) = script.as_str() {
            let of = Path::new(&function.name).join(script);
            let what = "custom handlers have no scriptFile: delete it";
            findings.push(match app.root.join(of).is_file() {
                true => Finding::note(function.file_name(), what),
                false => {
                    let why = format!("there is no file {script:?}, and the function does not run");
                    Finding::error(function.file_name(), format!("{why}; {what}"))
                }
            });
        }
    }
    settings_of(app, findings);
    ignored(app, &folders, findings);
}

/// The settings that bindings name and local.settings.json does not have.
fn settings_of(app: &Description, findings: &mut Vec<Finding>) {
    let Some(settings) = &app.settings else {
        return;
    };
    for function in app.all() {
        let mut named = BTreeSet::new();
        for binding in &function.bindings {
            for (member, setting) in binding.settings() {
                if !settings::has(&settings.file, &setting) && named.insert(setting.clone()) {
                    let name = &binding.name;
                    let why = format!(
                        "the {member} of {name:?}, {setting:?}, is not in local.settings.json"
                    );
                    findings.push(Finding::error(
                        format!("{}/function.json", function.name),
                        format!("{why}: write \"{setting}\": \"\" among its Values"),
                    ));
                }
            }
        }
    }
}

/// The lines of .funcignore that leave a function out of what is published.
fn ignored(app: &Description, folders: &[&String], findings: &mut Vec<Finding>) {
    const FILE: &str = ".funcignore";
    let text = match std::fs::read_to_string(app.root.join(FILE)) {
        Ok(text) => text,
        Err(_) if !app.root.join(FILE).exists() => return,
        Err(why) => return findings.push(Finding::error(FILE, why.to_string())),
    };
    for name in folders {
        let file = format!("{name}/function.json");
        let mut lines = text.lines();
        if ignore::left_out(&text, &file)
            && let Some(line) = lines.find(|line| ignore::left_out(line, &file))
        {
            let why =
                format!("the line {line:?} leaves the function {name} out of what is published");
            let write = format!("{why}: rename the folder, or write another line");
            findings.push(Finding::error(FILE, write));
        }
    }
}
