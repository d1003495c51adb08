//! host.json: what stops the whole app, and what the host does not read.

use super::Findings;
use super::near::near;
use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::function::Binding;
use crate::app::host_json::{FILE, members};
use crate::app::json;
use serde_json::Value;

/// Members that the host does not read where they are, and what to write.
const MISPLACED: [(&str, &str); 8] = [
    ("http", "\"extensions\": { \"http\": { ... } }"),
    ("queues", "\"extensions\": { \"queues\": { ... } }"),
    (
        "customHandler.args",
        "\"arguments\": [\"...\"] in description",
    ),
    ("customHandler.arguments", "it in description"),
    ("customHandler.defaultExecutablePath", "it in description"),
    ("customHandler.description.args", "\"arguments\": [\"...\"]"),
    (
        "customHandler.description.enableForwardingHttpRequest",
        "it in customHandler, beside description",
    ),
    (
        "customHandler.description.enableProxyingHttpRequest",
        "it in customHandler, beside description",
    ),
];

/// Bindings that need no extension bundle.
const BUILT_IN: [&str; 3] = ["httpTrigger", "http", "timerTrigger"];

const BINARY: &str =
    "\"customHandler\": { \"description\": { \"defaultExecutablePath\": \"handler\" } }";

const BUNDLE: &str = "\"extensionBundle\": { \"id\": \"Microsoft.Azure.Functions.ExtensionBundle\", \
                      \"version\": \"[4.*, 5.0.0)\" }";

/// Finds what is wrong with host.json.
pub fn check(app: &Description) -> Vec<Finding> {
    let mut findings = Findings::of(FILE);
    if !app.host.file.is_null() {
        for what in stops_the_app(app) {
            findings.error(format!("the whole app does not start: {what}"));
        }
        works_otherwise(app, &mut findings);
        bundle(app, &mut findings);
        names("", &app.host.file, &mut findings);
    }
    findings.all
}

/// What stops the whole app (seen), apart from values that are not of their type, which reading the
/// file has found.
fn stops_the_app(app: &Description) -> Vec<String> {
    let (file, mut found) = (&app.host.file, Vec::new());
    if file.get("version") != Some(&Value::from("2.0")) {
        let mut members = file.as_object().into_iter().flatten();
        let had = match members.find(|(name, _)| name.eq_ignore_ascii_case("version")) {
            Some((name, value)) => format!("it has \"{name}\": {value}"),
            None => "it has no version".to_owned(),
        };
        found.push(format!("{had}: write \"version\": \"2.0\", exactly so"));
    }
    let handler = match json::member(file, "customHandler") {
        Value::Null => json::member(file, "httpWorker"),
        handler => handler,
    };
    let path = json::at(handler, "description.defaultExecutablePath");
    if !app.host.executable.is_empty() {
        // It may be a setting.
    } else if handler.is_null() {
        found.push(format!("it has no customHandler: write {BINARY}"));
    } else if path.is_null() || path == "" {
        found.push(format!(
            "customHandler has no defaultExecutablePath: write {BINARY}"
        ));
    }
    if let Some(prefix) = json::at(file, "extensions.http.routePrefix").as_str()
        && (prefix.ends_with('/') || prefix.contains("//"))
    {
        let parts: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).collect();
        let write = parts.join("/");
        found.push(format!(
            "the routePrefix {prefix:?} ends with a slash or has two in a row: write {write:?}"
        ));
    }
    let bundle = json::member(file, "extensionBundle");
    for member in ["id", "version"] {
        let text = json::member(bundle, member).as_str().unwrap_or_default();
        if bundle.is_object() && text.is_empty() {
            found.push(format!(
                "the extensionBundle has no {member}: write {BUNDLE}"
            ));
        }
    }
    if !json::at(file, "customHandler.http.routes").is_null() {
        found.push(
            "customHandler.http.routes and function.json files exclude each other: delete the \
             routes, and keep the folders"
                .into(),
        );
    }
    found
}

/// What the host takes, and what then does not work, or works otherwise than it reads.
fn works_otherwise(app: &Description, findings: &mut Findings) {
    let file = &app.host.file;
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
            "arguments is not a list, and the handler starts without them: write \
             \"arguments\": [\"...\"]",
        );
    }
    if let Some(name) = app.host.executable.strip_prefix("./") {
        findings.note(format!(
            "the defaultExecutablePath \"./{name}\" works here, but func packs it without its \
             executable bit: write {name:?}"
        ));
    }
    for (path, write) in MISPLACED {
        if !json::at(file, path).is_null() {
            findings.note(format!("the host does not read {path}: write {write}"));
        }
    }
    if !json::member(file, "httpWorker").is_null() {
        findings.note("httpWorker works for now, with payloads only: write \"customHandler\"");
    }
}

/// Whether there is an extension bundle that the bindings can use.
fn bundle(app: &Description, findings: &mut Findings) {
    let bundle = json::member(&app.host.file, "extensionBundle");
    let version = json::member(bundle, "version").as_str().unwrap_or_default();
    // What `func extensions install` leaves.
    let own = ["extensions.csproj", "bin/extensions.json"];
    let has_own = own.iter().any(|file| app.root.join(file).is_file());
    let is_built_in = |binding: &Binding| BUILT_IN.iter().any(|kind| binding.is(kind));
    let mut functions = app.functions.iter();
    if !bundle.is_null() {
        if is_before(version, [4, 0, 0]) {
            findings.note(format!(
                "the extension bundle {version:?} is older than 4, and its bindings have other \
                 members: write \"version\": \"[4.*, 5.0.0)\""
            ));
        }
    } else if let Some(function) = functions.find(|one| !one.bindings.iter().all(is_built_in))
        && !has_own
    {
        findings.error(format!(
            "it has no extensionBundle, so the host does not know the bindings of {}, which does \
             not run: write {BUNDLE}",
            function.name
        ));
    }
}

/// Whether all versions of a range are before this one: `[4.0.0, 4.20.0)`, `3.*`, `[4.5.0]`.
pub fn is_before(range: &str, version: [u32; 3]) -> bool {
    let range = range.trim();
    let most = range.rsplit(',').next().unwrap_or_default();
    let most = most.trim_matches(['[', ']', '(', ')', ' ']);
    let mut numbers = most.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
    let most = [(); 3].map(|()| numbers.next().unwrap_or(0));
    most < version || most == version && range.ends_with(')')
}

/// Members of the object at `path` that are one or two letters away from one that the host reads,
/// and those of the objects in it.
fn names(path: &str, object: &Value, findings: &mut Findings) {
    let known = || {
        let own = members().filter_map(|member| member.path.strip_prefix(path));
        own.filter(|name| !name.contains('.'))
    };
    for (name, value) in object.as_object().into_iter().flatten() {
        if let Some(known) = known().find(|known| known.eq_ignore_ascii_case(name)) {
            names(&format!("{path}{known}."), value, findings);
        } else if let Some(meant) = near(name, known())
            && json::member(object, meant).is_null()
        {
            findings.note(format!(
                "the host does not read {path}{name}: write {meant:?}"
            ));
        }
    }
}
