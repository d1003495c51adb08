//! The functions' folders: their names, the settings that they need, and what is published.

use super::Findings;
use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Function;
use crate::app::{binary, host_json, ignore, json, names, settings};
use std::collections::BTreeSet;

/// Finds what is wrong with the folders, whatever their functions do.
pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    let folders = app.folders();
    let fault = binary::fault(&app.host.file, folders.iter().copied());
    findings.extend(fault.map(|why| Finding::error(host_json::FILE, why)));
    for (place, name) in folders.iter().enumerate() {
        let file = format!("{name}/function.json");
        if let Err(why) = names::function(name) {
            findings.push(Finding::error(&file, format!("{why}: rename the folder")));
        }
        let mut earlier = folders[..place].iter();
        if let Some(twin) = earlier.find(|earlier| earlier.eq_ignore_ascii_case(name)) {
            let what = format!("{twin} is a function of the same name: rename one");
            findings.push(Finding::error(&file, what));
        }
    }
    ignored(app, &folders, findings);
}

/// Finds a script that a function names, and the settings that its bindings name and
/// local.settings.json does not have.
pub fn check_function(app: &Description, function: &Function, findings: &mut Findings) {
    if let Some(script) = json::member(&function.file, "scriptFile").as_str() {
        let what = "custom handlers have no scriptFile: delete it";
        if app.root.join(&function.name).join(script).is_file() {
            findings.note(what);
        } else {
            findings.error(format!(
                "there is no file {script:?}, and the function does not run; {what}"
            ));
        }
    }
    let Some(settings) = &app.settings else {
        return;
    };
    let mut missing = BTreeSet::new();
    for binding in &function.bindings {
        for (member, setting) in binding.settings() {
            if !settings::has(&settings.file, &setting) && missing.insert(setting.clone()) {
                findings.error(format!(
                    "the {member} of {:?}, {setting:?}, is not in local.settings.json: write \
                     \"{setting}\": {:?} among its Values",
                    binding.name,
                    settings::first_value(&setting)
                ));
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
            let what = format!(
                "the line {line:?} leaves the function {name} out of what is published: rename the \
                 folder, or write another line"
            );
            findings.push(Finding::error(FILE, what));
        }
    }
}

/// Finds functions that take the messages of one queue from each other.
pub fn check_queues(app: &Description, findings: &mut Vec<Finding>) {
    let mut queues: Vec<(&str, [String; 2])> = Vec::new();
    let triggered = app.functions.iter();
    for function in triggered.filter(|function| function.trigger().is("queueTrigger")) {
        let member = |name| function.trigger().text(name).to_ascii_lowercase();
        let connection = member("connection").replace("azurewebjobsstorage", "");
        let queue = [member("queueName"), connection];
        let name = &*function.name;
        match queues.iter().find(|(_, earlier)| *earlier == queue) {
            Some((twin, [queue, _])) => findings.push(Finding::note(
                function.file_name(),
                format!(
                    "{twin} and {name} are triggered by one queue, {queue:?}: each message reaches one \
                     of them, and which one cannot be known; write two queues if both need it"
                ),
            )),
            None => queues.push((name, queue)),
        }
    }
}
