//! Checks folders, sources, needed settings, shared queues, and what is published.

use super::Findings;
use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Function;
use crate::app::{binary, host_json, ignore, json, names, settings, table};

const FUNCIGNORE: &str = ".funcignore";

/// Folders, the file in each that declares the others, and what happens to an undeclared one.
const SOURCES: [(&str, &str, &str); 2] = [
    ("src/functions", "mod.rs", "it is not compiled"),
    ("tests/functions", "main.rs", "its tests never run"),
];

pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    let mut error = |file: &str, what: String| findings.push(Finding::error(file, what));
    let folders = app.folders();
    if let Some(why) = binary::fault(&app.host.file, folders.iter().copied()) {
        error(host_json::FILE, why);
    }
    let patterns = match std::fs::read_to_string(app.root.join(FUNCIGNORE)) {
        Err(why) if app.root.join(FUNCIGNORE).exists() => {
            error(FUNCIGNORE, why.to_string());
            String::new()
        }
        patterns => patterns.unwrap_or_default(),
    };
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
            error(FUNCIGNORE, what);
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
                && !settings::has(&settings.file, &setting)
                && !missing.contains(&setting)
            {
                let value = settings::first_value(&setting);
                findings.error(format!(
                    "the {member} of {name:?}, {setting:?}, is not in local.settings.json: write \
                     \"{setting}\": {value:?} among its Values"
                ));
                missing.push(setting);
            }
        }
    }
}

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

fn unnamed(app: &Description, findings: &mut Vec<Finding>) {
    for (folder, root, does) in SOURCES {
        let path = app.root.join(folder);
        let Ok(text) = std::fs::read_to_string(path.join(root)) else {
            continue;
        };
        let named = table::modules(&text);
        let mut files: Vec<_> = path.read_dir().into_iter().flatten().flatten().collect();
        files.sort_by_key(|file| file.file_name());
        for file in files {
            let name = file.file_name().to_string_lossy().into_owned();
            let module = name.trim_end_matches(".rs").to_owned();
            let is_source = name.ends_with(".rs") || file.path().join("mod.rs").is_file();
            if is_source && name != root && !named.contains(&module) {
                let write = names::module(&module);
                let what = format!("{folder}/{root} does not name it, so {does}");
                let what = format!("{what}: write mod {write}; there");
                findings.push(Finding::note(format!("{folder}/{name}"), what));
            }
        }
    }
}
