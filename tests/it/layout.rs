//! A guard against drift: the function folders, the route table, host.json and what is published have to fit together.

use handler::functions::ROUTES;
use handler::router::{Route, Trigger};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn json_file(path: impl AsRef<Path>) -> Value {
    let path = root().join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the folders that hold a function.json.
fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let folders = entries.filter(|path| path.join("function.json").is_file());
    folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_app_is_the_documented_one() {
    assert_eq!(
        json_file("host.json"),
        json!({"version": "2.0",
            "customHandler": {"description": {"defaultExecutablePath": "handler"}, "enableProxyingHttpRequest": true},
            "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}})
    );
    assert_eq!(
        json_file("local.settings.json"),
        json!({"IsEncrypted": false,
            "Values": {"FUNCTIONS_WORKER_RUNTIME": "Custom", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}})
    );
    assert_eq!(
        json_file("hello/function.json"),
        json!({"bindings": [
            {"type": "httpTrigger", "authLevel": "function", "direction": "in", "name": "req", "methods": ["get", "post"]},
            {"type": "http", "direction": "out", "name": "res"}]})
    );
    assert_eq!(
        json_file("order/function.json"),
        json!({"bindings": [
            {"type": "httpTrigger", "direction": "in", "name": "req", "methods": ["post"]},
            {"type": "http", "direction": "out", "name": "res"},
            {"type": "queue", "name": "message", "direction": "out", "queueName": "orders", "connection": "AzureWebJobsStorage"}]})
    );
    assert_eq!(
        json_file("MyQueueFunction/function.json"),
        json!({"bindings": [
            {"name": "myQueueItem", "type": "queueTrigger", "direction": "in", "queueName": "messages-incoming",
                "connection": "AzureWebJobsStorage"},
            {"name": "$return", "type": "queue", "direction": "out", "queueName": "messages-outgoing",
                "connection": "AzureWebJobsStorage"}]})
    );
}

#[test]
fn every_route_has_its_folder() {
    let folders = folders();
    for Route { name, .. } in ROUTES {
        assert!(
            folders.contains(*name),
            "the route {name:?} in src/functions/mod.rs has no folder: add {name}/function.json, or delete the route's line"
        );
    }
}

#[test]
fn every_folder_has_a_route_that_fits_its_bindings() {
    for name in folders() {
        let route = ROUTES.iter().find(|route| route.name == name).unwrap_or_else(|| {
            panic!("{name}/function.json has no route: add src/functions/{name}.rs and a line to ROUTES in src/functions/mod.rs")
        });
        if let Err(message) = fits(route, &json_file(format!("{name}/function.json"))) {
            panic!("{name}/function.json and its route in src/functions/mod.rs do not fit: {message}");
        }
    }
}

/// Whether the route takes what the host will send by this function.json, and sets only what it will look at.
fn fits(route: &Route, function: &Value) -> Result<(), String> {
    let bindings = function["bindings"].as_array().ok_or("there is no list of bindings")?;
    let text = |binding: &Value, member: &str| binding[member].as_str().unwrap_or_default().to_owned();
    let kind = |binding: &Value| text(binding, "type").to_ascii_lowercase();
    let outputs = bindings.iter().filter(|binding| binding["direction"] == "out");
    let (http_outputs, outputs): (Vec<_>, Vec<_>) = outputs.partition(|binding| kind(binding) == "http");
    let declared: BTreeSet<String> = outputs.iter().map(|binding| text(binding, "name")).collect();
    let set: BTreeSet<String> = route.outputs.iter().map(|output| (*output).to_owned()).collect();
    if set != declared {
        return Err(format!("the route sets the outputs {set:?}, and the bindings are {declared:?}"));
    }
    let trigger = bindings.iter().find(|binding| kind(binding).ends_with("trigger")).ok_or("there is no trigger")?;
    let name = text(trigger, "name");
    match route.trigger {
        Trigger::Event { .. } if kind(trigger) == "httptrigger" => Err("the trigger is HTTP: use Route::http".into()),
        Trigger::Event { binding, .. } if binding != name => {
            Err(format!("the trigger's name is {name:?}, and the route says {binding:?}"))
        }
        Trigger::Event { .. } => Ok(()),
        Trigger::Http { .. } if kind(trigger) != "httptrigger" => {
            Err("the trigger is not HTTP: use Route::event".into())
        }
        Trigger::Http { methods, path, .. } => {
            let names: Vec<_> = http_outputs.iter().map(|binding| text(binding, "name")).collect();
            if name != "req" || names != ["res"] {
                return Err("an HTTP trigger has the name req, and one output of type http the name res".into());
            }
            let declared = trigger["methods"].as_array().ok_or("the trigger lists no methods")?;
            let declared: BTreeSet<_> =
                declared.iter().filter_map(Value::as_str).map(str::to_ascii_uppercase).collect();
            let taken: BTreeSet<String> = methods.iter().map(|method| (*method).to_owned()).collect();
            if taken != declared {
                return Err(format!("the route takes {taken:?}, and the trigger {declared:?}"));
            }
            // The host forwards the caller's own request to a function with these two bindings, and to no other
            // (contract of the documentation's "HTTP-only function").
            let expected =
                (bindings.len() == 2).then(|| format!("{}{}", route_prefix(), public_route(route.name, trigger)));
            match (path, expected) {
                (Some(path), Some(expected)) if path == expected => Ok(()),
                (None, None) => Ok(()),
                (Some(path), Some(expected)) => {
                    Err(format!("the host will forward {expected}, and the route says {path}"))
                }
                (None, Some(expected)) => {
                    Err(format!("it has only HTTP bindings, so the host will forward {expected}: use Route::http"))
                }
                (Some(_), None) => Err("it has other bindings than HTTP: use Route::http_with_bindings".into()),
            }
        }
    }
}

fn route_prefix() -> String {
    let prefix = &json_file("host.json")["extensions"]["http"]["routePrefix"];
    match prefix.as_str().unwrap_or("api") {
        "" => "/".into(),
        prefix => format!("/{prefix}/"),
    }
}

/// The trigger's `route`, by default the function's name, without the constraints of its parameters: `{id:int}` is `{id}`.
fn public_route(name: &str, trigger: &Value) -> String {
    let route = trigger["route"].as_str().unwrap_or(name);
    let segment = |segment: &str| match segment.split_once(':') {
        Some((parameter, _)) if parameter.starts_with('{') => format!("{parameter}}}"),
        _ => segment.to_owned(),
    };
    route.trim_matches('/').split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[test]
fn the_guard_finds_each_kind_of_drift() {
    let bindings = |methods: Value, extra: &[Value]| {
        let http = [
            json!({"type": "httpTrigger", "name": "req", "methods": methods}),
            json!({"type": "http", "direction": "out", "name": "res"}),
        ];
        json!({"bindings": http.iter().chain(extra).collect::<Vec<_>>()})
    };
    let queue = json!({"type": "queue", "direction": "out", "name": "message"});
    let (hello, order, queue_function) = (&ROUTES[0], &ROUTES[1], &ROUTES[2]);
    let wrong = |route: &Route, function: Value, says: &str| {
        let error = fits(route, &function).expect_err(says);
        assert!(error.contains(says), "{error}");
    };
    assert_eq!(fits(hello, &bindings(json!(["get", "post"]), &[])), Ok(()));
    wrong(hello, bindings(json!(["get"]), &[]), "takes");
    wrong(hello, bindings(json!(["get", "post"]), std::slice::from_ref(&queue)), "sets the outputs");
    wrong(
        hello,
        bindings(json!(["get", "post"]), &[json!({"type": "blob", "direction": "in", "name": "b"})]),
        "http_with_bindings",
    );
    wrong(order, bindings(json!(["post"]), &[]), "sets the outputs");
    wrong(order, json!({"bindings": [{"type": "queueTrigger", "name": "x"}, queue]}), "Route::event");
    wrong(
        queue_function,
        json!({"bindings": [{"type": "queueTrigger", "name": "x"}, {"type": "queue", "direction": "out", "name": "$return"}]}),
        "name is \"x\"",
    );
    let mut routed = bindings(json!(["get", "post"]), &[]);
    routed["bindings"][0]["route"] = json!("items/{id:int}");
    wrong(hello, routed, "/api/items/{id}");
}

/// What func publishes of these paths: its own rules, not git's [GitIgnoreParser.cs]. Each line of .funcignore is a prefix,
/// from the root, that ends at the end of a word; `*` does not cross `/`, and a leading `/` means nothing.
fn published(paths: &[PathBuf]) -> Vec<String> {
    let ignore = std::fs::read_to_string(root().join(".funcignore")).expect(".funcignore");
    let lines: Vec<&str> =
        ignore.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let name = |path: &PathBuf| path.to_str().unwrap().replace('\\', "/");
    let kept =
        |path: &String| !lines.iter().any(|line| is_prefix(line.trim_start_matches('/').as_bytes(), path.as_bytes()));
    paths.iter().map(name).filter(kept).collect()
}

fn is_prefix(pattern: &[u8], path: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    match (pattern, path) {
        ([b'*', rest @ ..], _) => {
            let longest = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
            (0..=longest).any(|length| is_prefix(rest, &path[length..]))
        }
        ([], [next, ..]) => !word(next),
        ([], []) => true,
        ([wanted], [found, next, ..]) if wanted == found => !(word(found) && word(next)),
        ([wanted, pattern @ ..], [found, path @ ..]) => wanted == found && is_prefix(pattern, path),
        (_, []) => false,
    }
}
