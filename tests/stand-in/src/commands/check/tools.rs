//! Checks what keeps tools from starting, what agents would not see, and what would alter results.

use super::Findings;
use crate::app::description::Description;
use crate::app::finding::{self, Finding};
use crate::app::function::Function;
use crate::app::json;
use crate::app::tool::{FILE, MEMBERS, Property, Tool, properties};
use crate::commands::changes::Changes;
use jsonc_parser::cst::{CstInputValue, CstObject};
use serde_json::Value;
use std::path::Path;

const TYPES: [&str; 5] = ["string", "number", "integer", "boolean", "object"];

pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    let tools: Vec<&Function> = app.all().filter(|function| function.is_tool()).collect();
    for (place, function) in tools.iter().enumerate() {
        findings.extend(twin(tools[..place].iter().copied(), function));
        match described(&app.root, function) {
            Ok(Some(text)) if !is_same(&text, own(function)) => {
                let what = format!("toolProperties is not what {FILE} says: make check FIX=1");
                findings.push(Finding::error(function.file_name(), what));
            }
            Ok(_) => {}
            Err(wrong) => findings.extend(wrong),
        }
    }
}

/// The error that another tool has this tool's name.
pub fn twin<'a>(others: impl Iterator<Item = &'a Function>, tool: &Function) -> Option<Finding> {
    let name = tool.trigger().text("toolName");
    if !tool.is_tool() || name.is_empty() {
        return None;
    }
    let mut others = others.filter(|other| other.is_tool() && other.name != tool.name);
    let twin = others.find(|other| other.trigger().says("toolName", name))?;
    let twin = &twin.name;
    let what = format!(
        "{twin} has the toolName {name:?} too, and the whole app does not start: write another"
    );
    Some(Finding::error(tool.file_name(), what))
}

pub fn check_function(function: &Function, findings: &mut Findings) {
    let trigger = function.trigger();
    if !function.is_tool() {
        return;
    }
    if let Err(why) = Tool::read(&function.name, trigger) {
        findings.error(why);
    }
    if json::flag(&trigger["useResultSchema"]) != Some(true) {
        let why = "an agent gets the handler's own JSON in place of a result";
        findings.error(format!("{why}: write \"useResultSchema\": true"));
    }
    if function.outputs().any(|output| output.name == "$return") {
        let why = "a tool's return value is its result, which no output can have too";
        findings.error(format!("{why}: give \"$return\" another name"));
    }
    check_arguments(own(function), findings);
}

fn check_arguments(text: &str, findings: &mut Findings) {
    for property in Property::read_all(text).unwrap_or_default() {
        let kind = property.property_type.as_deref().unwrap_or_default();
        match property.name() {
            None => findings.error(
                "an argument has no propertyName, and the host leaves it out \
                 without a word: write \"propertyName\": \"...\"",
            ),
            _ if TYPES.contains(&kind) => {}
            Some(name) => findings.error(format!(
                "the argument {name:?} has the propertyType {kind:?}, which agents do not know: \
                 write one of {}",
                TYPES.join(", ")
            )),
        }
        for member in property.others.keys() {
            let known = MEMBERS.join(", ");
            findings.error(format!(
                "the host does not read {member:?} of an argument; there are {known}"
            ));
        }
    }
}

/// The arguments that function.json describes.
fn own(function: &Function) -> &str {
    function.trigger().text("toolProperties")
}

/// The arguments that tool.json describes; `None` without that file. Errors with its findings.
fn described(root: &Path, function: &Function) -> Result<Option<String>, Vec<Finding>> {
    let file = format!("{}/{FILE}", function.name);
    if !root.join(&file).is_file() {
        return Ok(None);
    }
    let text = json::text(root, &file).and_then(|text| properties(&text));
    let text = text.map_err(|why| vec![Finding::error(&file, why)])?;
    let mut findings = Findings::of(&file);
    check_arguments(&text, &mut findings);
    match findings.all.is_empty() {
        true => Ok(Some(text)),
        false => Err(findings.all),
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let value = |text| serde_json::from_str::<Value>(text).ok();
    value(one) == value(other)
}

/// `make check FIX=1`: brings the arguments of each tool.json into function.json. Gives a line for
/// each changed file.
pub fn fix(root: &Path) -> Result<Vec<String>, String> {
    let app = Description::of(root);
    let (mut changes, mut changed) = (Changes::new(root), Vec::new());
    for function in app.all().filter(|function| function.is_tool()) {
        let described = described(root, function);
        let described = described.map_err(|wrong| finding::errors(&wrong).unwrap_or_default())?;
        let Some(properties) = described.filter(|text| !is_same(text, own(function))) else {
            continue;
        };
        let file = function.file_name();
        let text = with_properties(&changes.read(&file)?, &properties);
        changes.write(&file, text.map_err(|why| format!("{file}: {why}"))?);
        changed.push(format!("{file} has the arguments of {FILE}."));
    }
    changes.apply("Run it again when that is mended.")?;
    Ok(changed)
}

fn with_properties(text: &str, properties: &str) -> Result<String, String> {
    let value = CstInputValue::from(properties);
    let edited = json::edit(text, |file| {
        let is_trigger = |binding: &CstObject| {
            let kind = json::property(binding, "type").map(|kind| kind.to_string());
            kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("mcptooltrigger"))
        };
        let bindings = json::property(file, "bindings")?.array_value()?.elements();
        let mut bindings = bindings.iter().filter_map(|one| one.as_object());
        let trigger = bindings.find(is_trigger)?;
        match json::property(&trigger, "toolProperties") {
            Some(member) => member.set_value(value),
            None => drop(trigger.append("toolProperties", value)),
        }
        Some(())
    })?;
    edited.ok_or_else(|| "there is no binding of the type mcpToolTrigger in it".into())
}
