//! host.json: what stops the whole app, and what the host does not read.

use super::near::near;
use crate::app::description::Description;
use crate::app::finding::{Finding, Severity};
use crate::app::function::Function;
use crate::app::host_json::{FILE, SETTINGS};
use crate::app::json;
use serde_json::Value;

/// Members that the host reads, besides the [`SETTINGS`].
const OTHERS: &str = "
    version aggregator healthMonitor singleton watchDirectories managedDependency retry concurrency
    functions telemetryMode applicationInsights sendCanceledInvocationsToWorker
    customHandler.http customHandler.description.defaultWorkerPath extensionBundle.ensureLatest
    extensions.http.hsts extensions.http.customHeaders extensions.tables extensions.serviceBus
    extensions.eventHubs extensions.eventGrid extensions.cosmosDB extensions.durableTask
    extensions.kafka extensions.rabbitMQ extensions.signalR extensions.sendGrid extensions.sql
    extensions.warmup extensions.dapr extensions.redis extensions.mcp extensions.mcp.serverName
    extensions.mcp.serverVersion extensions.mcp.instructions extensions.mcp.encryptClientState";

/// Members that the host does not read where they are, and what to write.
const MISPLACED: [(&str, &str); 9] = [
    ("customHandlers", "\"customHandler\""),
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

/// Finds what is wrong with host.json.
pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    let file = &app.host.file;
    if file.is_null() {
        return;
    }
    let mut add = |severity, what: String| {
        findings.push(Finding {
            severity,
            file: FILE.into(),
            what,
        });
    };
    stops_the_app(app, &mut |what| {
        add(
            Severity::Error,
            format!("the whole app does not start: {what}"),
        );
    });
    works_otherwise(app, &mut add);
    bundle(app, &mut add);
    names("", file, &mut |what| add(Severity::Note, what));
}

/// What stops the whole app (seen), apart from values that are not of their type, which reading the
/// file has found.
fn stops_the_app(app: &Description, add: &mut dyn FnMut(String)) {
    let file = &app.host.file;
    const BINARY: &str =
        "\"customHandler\": { \"description\": { \"defaultExecutablePath\": \"handler\" } }";
    if file.get("version") != Some(&Value::from("2.0")) {
        let had = match file
            .as_object()
            .into_iter()
            .flatten()
            .find(|(name, _)| name.eq_ignore_ascii_case("version"))
        {
            Some((name, value)) => format!("it has \"{name}\": {value}"),
            None => "it has no version".to_owned(),
        };
        add(format!("{had}: write \"version\": \"2.0\", exactly so"));
    }
    let handler = match json::member(file, "customHandler") {
        Value::Null => json::member(file, "httpWorker"),
        handler => handler,
    };
    let path = json::at(handler, "description.defaultExecutablePath");
    if !app.host.executable.is_empty() {
        // It may be a setting.
    } else if handler.is_null() {
        add(format!("it has no customHandler: write {BINARY}"));
    } else if path.is_null() || path == "" {
        add(format!(
            "customHandler has no defaultExecutablePath: write {BINARY}"
        ));
    }
    if let Some(prefix) = json::at(file, "extensions.http.routePrefix").as_str()
        && (prefix.ends_with('/') || prefix.contains("//"))
    {
        let write = prefix
            .split('/')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>();
        let write = write.join("/");
        add(format!(
            "the routePrefix {prefix:?} ends with a slash or has two in a row: write {write:?}"
        ));
    }
    for member in ["id", "version"] {
        let bundle = json::member(file, "extensionBundle");
        if bundle.is_object()
            && json::member(bundle, member)
                .as_str()
                .is_none_or(str::is_empty)
        {
            add(format!(
                "the extensionBundle has no {member}: write {BUNDLE}"
            ));
        }
    }
    if !json::at(file, "customHandler.http.routes").is_null() {
        add(
            "customHandler.http.routes and function.json files exclude each other: delete the \
             routes, and keep the folders"
                .into(),
        );
    }
}

const BUNDLE: &str = "\"extensionBundle\": { \"id\": \"Microsoft.Azure.Functions.ExtensionBundle\", \
                      \"version\": \"[4.*, 5.0.0)\" }";

/// What the host takes, and what then does not work, or works otherwise than it reads.
fn works_otherwise(app: &Description, add: &mut dyn FnMut(Severity, String)) {
    let file = &app.host.file;
    let directory = &app.host.working_directory;
    if !app.root.join(directory).is_dir() {
        let what = format!("the workingDirectory {directory:?} is not a folder of the app");
        let what = format!("{what}: the handler does not start, and requests hang");
        add(
            Severity::Error,
            format!("{what}: delete it, or write a folder"),
        );
    }
    let arguments = json::at(file, "customHandler.description.arguments");
    if !arguments.is_null() && !arguments.is_array() {
        let what = "arguments is not a list, and the handler starts without them: write \
                    \"arguments\": [\"...\"]";
        add(Severity::Note, what.into());
    }
    if let Some(name) = app.host.executable.strip_prefix("./") {
        let what = format!(
            "the defaultExecutablePath {:?} works here",
            app.host.executable
        );
        let what = format!("{what}, but func packs it without its executable bit: write {name:?}");
        add(Severity::Note, what);
    }
    for (path, write) in MISPLACED {
        if !json::at(file, path).is_null() {
            let what = format!("the host does not read {path}: write {write}");
            add(Severity::Note, what);
        }
    }
    if !json::member(file, "httpWorker").is_null() {
        let what = "httpWorker works for now, with payloads only: write \"customHandler\"";
        add(Severity::Note, what.into());
    }
}

/// Whether there is an extension bundle that the bindings can use.
fn bundle(app: &Description, add: &mut dyn FnMut(Severity, String)) {
    let bundle = json::member(&app.host.file, "extensionBundle");
    let needs = |function: &&Function| {
        let mut bindings = function.bindings.iter();
        bindings.any(|binding| !BUILT_IN.iter().any(|kind| binding.is(kind)))
    };
    if bundle.is_null() {
        // What `func extensions install` leaves.
        let own = ["extensions.csproj", "bin/extensions.json"];
        if own.iter().any(|file| app.root.join(file).is_file()) {
            return;
        }
        if let Some(function) = app.functions.iter().find(needs) {
            let name = &function.name;
            let what = format!(
                "it has no extensionBundle, so the host does not know the bindings of {name}"
            );
            let what = format!("{what}, which does not run: write {BUNDLE}");
            add(Severity::Error, what);
        }
        return;
    }
    let version = json::member(bundle, "version").as_str().unwrap_or_default();
    // `[4.*, 5.0.0)`: the versions from 4 on and before 5.
    let most = version.rsplit(',').next().unwrap_or_default();
    let most = most.trim().trim_end_matches([')', ']']);
    let major = most
        .split('.')
        .next()
        .and_then(|major| major.trim_start_matches(['[', '(']).parse::<u32>().ok());
    let is_open = version.trim_end().ends_with(')');
    if major.is_some_and(|major| if is_open { major <= 4 } else { major < 4 }) {
        let what = format!(
            "the extension bundle {version:?} is older than 4, and its bindings have other members"
        );
        add(
            Severity::Note,
            format!("{what}: write \"version\": \"[4.*, 5.0.0)\""),
        );
    }
}

/// Members of the object at `path` that are one or two letters away from one that the host reads,
/// and those of the objects in it.
fn names(path: &str, object: &Value, add: &mut dyn FnMut(String)) {
    let members = SETTINGS.iter().map(|(path, _)| *path);
    let members = members.chain(OTHERS.split_whitespace());
    let known = || {
        let own = members
            .clone()
            .filter_map(|member| member.strip_prefix(path));
        own.filter(|member| !member.contains('.'))
    };
    for (name, value) in object.as_object().into_iter().flatten() {
        if let Some(known) = known().find(|known| known.eq_ignore_ascii_case(name)) {
            names(&format!("{path}{known}."), value, add);
        } else if let Some(meant) = near(name, known())
            && json::member(object, meant).is_null()
        {
            add(format!(
                "the host does not read {path}{name}: write {meant:?}"
            ));
        }
    }
}
