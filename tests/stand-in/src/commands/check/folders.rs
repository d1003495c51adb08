//! Checks folders, sources, needed settings, shared queues, and what is published.

use super::Findings;
use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Function;
use crate::app::table::{TABLE, TESTS};
use crate::app::{binary, host_json, ignore, json, names, settings, table};

pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    let mut error = |file: &str, what: String| findings.push(Finding::error(file, what));
    let folders = app.folders();
    if let Some(why) = binary::fault(&app.host.file, folders.iter().copied()) {
        error(host_json::FILE, why);
    }
    let patterns = ignore::patterns(&app.root).unwrap_or_else(|why| {
        error(ignore::FILE, why);
        String::new()
    });
    for (place, name) in folders.iter().enumerate() {
        let file = format!("{name}/function.json");
        if let Err(why) = names::function(name) {
            error(&file, format!("{why}: rename the folder"));
        }
        let mut earlier = folders[..place].iter();
        if let Some(twin) = earlier.find(|earlier| earlier.eq_ignore_ascii_case(name)) {
            let what = format!("{twin} is a function of the same name: rename one");
            error(&file, what);
        }
        let mut lines = patterns.lines();
        if ignore::left_out(&patterns, &file)
            && let Some(line) = lines.find(|line| ignore::left_out(line, &file))
        {
            let what = format!(
                "the line {line:?} leaves the function {name} out of what is published: rename the \
                 folder, or write another line"
            );
            error(ignore::FILE, what);
        }
    }
    competing(app, findings);
    unnamed(app, findings);
}

/// Checks a function's `scriptFile`, and its settings against local.settings.json.
pub fn check_function(app: &Description, function: &Function, findings: &mut Findings) {
    if let Some(script) = json::member(&function.file, "scriptFile").as_str() {
        let what = "custom handlers have no scriptFile: delete it";
        if app.root.join(&function.name).join(script).is_file() {
            findings.note(what);
        } else {
            findings.error(format!(
                "{script:?} is not there, and the function does not run; {what}"
            ));
        }
    }
    let mut missing = Vec::new();
    for binding in &function.bindings {
        for (member, setting) in binding.settings() {
            let name = &binding.name;
            if let Some(settings) = &app.settings
                && !settings::has(&settings.file, setting)
                && !missing.contains(&setting)
            {
                let value = settings::first_value(setting);
                findings.error(format!(
                    "the {member} of {name:?}, {setting:?}, is not in local.settings.json: write \
                     \"{setting}\": {value:?} among its Values"
                ));
                missing.push(setting);
            }
        }
    }
}

/// Notes queues that trigger two functions.
fn competing(app: &Description, findings: &mut Vec<Finding>) {
    let mut queues: Vec<(&str, [String; 2])> = Vec::new();
    for function in &app.functions {
        let trigger = function.trigger();
        if !trigger.is("queueTrigger") {
            continue;
        }
        let member = |name| trigger.text(name).to_ascii_lowercase();
        let connection = member("connection").replace("azurewebjobsstorage", "");
        let queue = [member("queueName"), connection];
        let name = &*function.name;
        if let Some((twin, [queue, _])) = queues.iter().find(|(_, earlier)| *earlier == queue) {
            let what = format!(
                "{twin} and {name} are triggered by one queue, {queue:?}: each message reaches one \
                 of them, and which one cannot be known; write two queues if both need it"
            );
            findings.push(Finding::note(function.file_name(), what));
        }
        queues.push((name, queue));
    }
}

/// Notes source files that no `mod` line names.
fn unnamed(app: &Description, findings: &mut Vec<Finding>) {
    let lists = [
        (TABLE, "it is not compiled"),
        (TESTS, "its tests never run"),
    ];
    for (list, does) in lists {
        let Ok(text) = std::fs::read_to_string(app.root.join(list)) else {
            continue;
        };
        let named = table::modules(&text);
        let (folder, root) = list.rsplit_once('/').unwrap_or(("", list));
        let files = app.root.join(folder).read_dir();
        let mut files: Vec<_> = files.into_iter().flatten().flatten().collect();
        files.sort_by_key(|file| file.file_name());
        for file in files {
            let name = file.file_name().to_string_lossy().into_owned();
            let module = name.trim_end_matches(".rs").to_owned();
            let is_source = name.ends_with(".rs") || file.path().join("mod.rs").is_file();
            if is_source && name != root && !named.contains(&module) {
                let write = names::module(&module);
                let what = format!("{list} does not name it, so {does}");
                let what = format!("{what}: write mod {write}; there");
                findings.push(Finding::note(format!("{folder}/{name}"), what));
            }
        }
    }
}
