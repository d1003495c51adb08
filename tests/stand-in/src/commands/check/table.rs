//! The compiled table of functions, compared with the functions' folders.

use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Function;
use serde::Deserialize;

/// Where the table is.
const TABLE: &str = "src/functions/mod.rs";

/// The triggers that take what the function returns.
const RETURNING: [&str; 6] = [
    "activityTrigger",
    "orchestrationTrigger",
    "entityTrigger",
    "mcpToolTrigger",
    "mcpResourceTrigger",
    "mcpPromptTrigger",
];

/// A line of the compiled table.
#[derive(Deserialize)]
struct Line {
    name: String,
    outputs: Vec<String>,
    kind: Kind,
}

#[derive(Deserialize)]
enum Kind {
    Http {
        methods: Vec<String>,
        path: Option<String>,
    },
    Trigger {
        binding: String,
    },
    Tool {
        binding: String,
    },
}

/// Finds where the table, as JSON, and the folders do not fit together.
pub fn check(app: &Description, table: &str, findings: &mut Vec<Finding>) {
    let lines: Vec<Line> = match serde_json::from_str(table) {
        Ok(lines) => lines,
        Err(why) => {
            let why = format!("the compiled table has a form that is not known here: {why}");
            return findings.push(Finding::error(TABLE, why));
        }
    };
    let folders = app.folders();
    for (place, Line { name, .. }) in lines.iter().enumerate() {
        let same = |other: &&String| other.eq_ignore_ascii_case(name);
        let mut earlier = lines[..place].iter().map(|line| &line.name);
        let what = if let Some(twin) = earlier.find(same) {
            format!(
                "{name:?} and {twin:?} are one name to the host: delete one line, or write \
                 another name"
            )
        } else if folders.contains(&name) {
            continue;
        } else {
            let write = match folders.iter().find(|folder| same(folder)) {
                Some(folder) => format!("write {folder:?}, as the folder is called"),
                None => format!("write {name}/function.json, or delete the line"),
            };
            format!("the function {name:?} has no folder with a function.json: {write}")
        };
        findings.push(Finding::error(TABLE, what));
    }
    for function in app.all() {
        // What the host refuses has been found; the function's line would be a guess.
        if super::check_function(function)
            .iter()
            .any(Finding::is_error)
        {
            continue;
        }
        let write = function.route_call(&app.host.prefix);
        let name = &function.name;
        let mut lines = lines.iter();
        match lines.find(|line| line.name.eq_ignore_ascii_case(name)) {
            Some(line) if line.name == *name => {
                for why in differences(line, function, &app.host.prefix) {
                    findings.push(Finding::error(
                        TABLE,
                        format!("{name}: {why}: write {write}"),
                    ));
                }
            }
            Some(_) => {}
            None => findings.push(Finding::error(
                function.file_name(),
                format!("no line in {TABLE} is for it: write {write}, and the code"),
            )),
        }
    }
}

/// What a line of the table says otherwise than the function's folder.
fn differences(line: &Line, function: &Function, prefix: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let trigger = function.trigger();
    let (is_http, is_tool) = (function.is_http(), function.is_tool());
    match &line.kind {
        Kind::Trigger { .. } | Kind::Tool { .. } if is_http => {
            return vec!["the trigger is HTTP, and the line says that it is not".into()];
        }
        Kind::Http { .. } if !is_http => {
            return vec!["the trigger is not HTTP, and the line says that it is".into()];
        }
        Kind::Trigger { .. } if is_tool => {
            return vec!["the trigger is an MCP tool's, and the line says that it is not".into()];
        }
        Kind::Tool { .. } if !is_tool => {
            return vec!["the trigger is not an MCP tool's, and the line says that it is".into()];
        }
        Kind::Trigger { binding } | Kind::Tool { binding } => {
            if *binding != trigger.name {
                let name = &trigger.name;
                wrong.push(format!(
                    "the trigger's name is {name:?}, and the line says {binding:?}"
                ));
            }
        }
        Kind::Http { methods, path } => {
            let (methods, declared) = (list(methods), list(&function.methods()));
            if methods != declared {
                wrong.push(format!(
                    "the trigger lists {declared}, and the line takes {methods}"
                ));
            }
            let expected = format!("{prefix}{}", function.route_below());
            match (path, function.is_http_only()) {
                (Some(path), true) if *path != expected => wrong.push(format!(
                    "the host passes on {expected} (its beginning is extensions.http.routePrefix \
                     of host.json), and the line says {path}"
                )),
                (None, true) => wrong.push(format!(
                    "the host passes on {expected}, for there is nothing but HTTP in and out"
                )),
                (Some(_), false) => wrong.push("it has other bindings than HTTP".into()),
                (_, _) => {}
            }
        }
    }
    let outputs = function.listed_outputs();
    let declared: Vec<String> = outputs.map(|output| output.name.clone()).collect();
    let mut set = line.outputs.clone();
    // These take what the function returns, without a binding.
    let returns = RETURNING.iter().any(|kind| trigger.is(kind));
    set.retain(|output| !returns || output != "$return" || declared.contains(output));
    let (set, declared) = (list(&set), list(&declared));
    if set != declared {
        wrong.push(format!(
            "the line sets the outputs {set}, and function.json has {declared}"
        ));
    }
    wrong
}

/// The texts in their alphabetical order.
fn list(texts: &[String]) -> String {
    let mut texts = texts.to_vec();
    texts.sort();
    match texts.is_empty() {
        true => "none".into(),
        false => texts.join(", "),
    }
}
