//! Checks host.json: what stops the app, and what the host does not read.

use super::{Findings, misspelt};
use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Function;
use crate::app::host_json::{FILE, Member, members};
use crate::app::json;
use serde_json::Value;

/// Bindings that need no extension bundle.
const BUILT_IN: [&str; 3] = ["httpTrigger", "http", "timerTrigger"];

const BINARY: &str =
    "\"customHandler\": { \"description\": { \"defaultExecutablePath\": \"handler\" } }";

const BUNDLE: &str = "\"extensionBundle\": { \"id\": \"Microsoft.Azure.Functions.ExtensionBundle\", \
                      \"version\": \"[4.*, 5.0.0)\" }";

/// The first bundle whose MCP extension is generally available.
const WITH_TOOLS: [u32; 3] = [4, 29, 0];

/// Wrong types are already reported when the file is read.
pub fn check(app: &Description) -> Vec<Finding> {
    let mut findings = Findings::of(FILE);
    let file = &app.host.file;
    if file.is_null() {
        return findings.all;
    }
    let has = |path| !json::at(file, path).is_null();
    let mut stops = |what: &str| findings.error(format!("the whole app does not start: {what}"));
    if file.get("version") != Some(&Value::from("2.0")) {
        stops("write \"version\": \"2.0\", exactly so");
    }
    let handler = match has("customHandler") {
        true => json::member(file, "customHandler"),
        false => json::member(file, "httpWorker"),
    };
    let path = json::at(handler, "description.defaultExecutablePath");
    // A setting may give it.
    if app.host.executable.is_empty() && (path.is_null() || path == "") {
        stops(&format!("it has no defaultExecutablePath: write {BINARY}"));
    }
    if has("customHandler.http.routes") {
        stops("customHandler.http.routes excludes function.json files: delete it");
    }
    let bundle = json::member(file, "extensionBundle");
    let text = |member| json::member(bundle, member).as_str().unwrap_or_default();
    if bundle.is_object() && (text("id").is_empty() || text("version").is_empty()) {
        let what = "the extensionBundle has no id or no version";
        stops(&format!("{what}: write {BUNDLE}"));
    }
    let version = text("version");
    let write = "write \"version\": \"[4.*, 5.0.0)\"";
    if is_before(version, [4, 0, 0]) {
        findings.note(format!(
            "the extension bundle {version:?} is older than 4, and its bindings have other members: \
             {write}"
        ));
    }
    if app.all().any(Function::is_tool) && is_before(version, WITH_TOOLS) {
        findings.error(format!(
            "the extension bundle {version:?} has no MCP tools that work: {write}"
        ));
    }
    let needs_bundle = |function: &&Function| {
        let mut bindings = function.bindings.iter();
        bindings.any(|binding| !BUILT_IN.iter().any(|kind| binding.is(kind)))
    };
    // Files of `func extensions install`.
    let own = ["extensions.csproj", "bin/extensions.json"];
    if !has("extensionBundle")
        && !own.iter().any(|file| app.root.join(file).is_file())
        && let Some(function) = app.functions.iter().find(needs_bundle)
    {
        let name = &function.name;
        findings.error(format!(
            "without an extensionBundle the function {name} does not run: write {BUNDLE}"
        ));
    }
    let directory = &app.host.working_directory;
    if !app.root.join(directory).is_dir() {
        findings.error(format!(
            "the workingDirectory {directory:?} is not a folder of the app: the handler does not \
             start, and requests hang: delete it, or write a folder"
        ));
    }
    let arguments = json::at(file, "customHandler.description.arguments");
    if !arguments.is_null() && !arguments.is_array() {
        findings.note(
            "the handler starts without its arguments, which are not a list: write \
             \"arguments\": [\"...\"]",
        );
    }
    if let Some(name) = app.host.executable.strip_prefix("./") {
        findings.note(format!(
            "the defaultExecutablePath \"./{name}\" works here, but func packs it without its \
             executable bit: write {name:?}"
        ));
    }
    if has("httpWorker") {
        findings.note("httpWorker works for now, with payloads only: write \"customHandler\"");
    }
    for Member { path, instead, .. } in members() {
        if !instead.is_empty() && has(path) {
            findings.note(format!("the host does not read {path}: write {instead}"));
        }
    }
    let known: Vec<&str> = members().map(|member| member.path).collect();
    misspelt(file, &known, "", &mut findings);
    findings.all
}

/// Whether a range ends before this version. Ranges are `[4.0.0, 4.20.0)`, `3.*`, `[4.5.0]`.
fn is_before(range: &str, version: [u32; 3]) -> bool {
    let range = range.trim();
    let most = range.rsplit(',').next().unwrap_or_default();
    let most = most.trim_matches(['[', ']', '(', ')', ' ']);
    let mut numbers = most.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
    let most = [(); 3].map(|()| numbers.next().unwrap_or(0));
    most < version || most == version && range.ends_with(')')
}
