//! A guard against drift: the function folders, the route table, host.json and what is published have to fit together.

use app::functions::ROUTES;
use app::{Kind, Route};
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
    match route.kind {
        Kind::Trigger { .. } if kind(trigger) == "httptrigger" => Err("the trigger is HTTP: use Route::http".into()),
        Kind::Trigger { binding, .. } if binding != name => {
            Err(format!("the trigger's name is {name:?}, and the route says {binding:?}"))
        }
        Kind::Trigger { .. } => Ok(()),
        Kind::Http { .. } if kind(trigger) != "httptrigger" => {
            Err("the trigger is not HTTP: use Route::trigger".into())
        }
        Kind::Http { methods, path, .. } => {
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
            let route = text(trigger, "route");
            match (path, expected) {
                (Some(_), _) if route.contains(['?', '*', '=']) => {
                    Err(format!("a path is made of texts and {{name}}s here, and the trigger's route is {route:?}"))
                }
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
    wrong(order, json!({"bindings": [{"type": "queueTrigger", "name": "x"}, queue]}), "Route::trigger");
    wrong(
        queue_function,
        json!({"bindings": [{"type": "queueTrigger", "name": "x"}, {"type": "queue", "direction": "out", "name": "$return"}]}),
        "name is \"x\"",
    );
    let mut routed = bindings(json!(["get", "post"]), &[]);
    routed["bindings"][0]["route"] = json!("items/{id:int}");
    wrong(hello, routed.clone(), "/api/items/{id}");
    for route in ["items/{id?}", "items/{*rest}", "items/{id=1}"] {
        routed["bindings"][0]["route"] = json!(route);
        wrong(hello, routed.clone(), route);
    }
}

/// Whether func leaves a path out when it publishes: by its own rules, not git's [GitIgnoreParser.cs]. Each line of
/// .funcignore is a prefix of the path from the root, and `*` does not cross `/`. Its two expressions for a line differ in
/// whether the prefix must end where a word does; what is said here holds for both.
fn left_out(path: &str) -> bool {
    let ignore = std::fs::read_to_string(root().join(".funcignore")).expect(".funcignore");
    let lines = ignore.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut anywhere, mut at_word_end) = (false, false);
    for line in lines {
        let line = line.trim_start_matches('/').as_bytes();
        anywhere |= prefixes(line, path.as_bytes()).next().is_some();
        at_word_end |= prefixes(line.trim_ascii_end(), path.as_bytes()).any(|end| ends_word(path.as_bytes(), end));
    }
    assert_eq!(anywhere, at_word_end, "it depends on func's version whether {path} is published");
    anywhere
}

/// The lengths of the prefixes of `path` that `pattern` matches.
fn prefixes(pattern: &[u8], path: &[u8]) -> Box<dyn Iterator<Item = usize>> {
    let (first, rest) = match pattern {
        [] => return Box::new(std::iter::once(0)),
        [first, rest @ ..] => (*first, rest),
    };
    let longest = path.iter().take_while(|byte| **byte != b'/').count();
    let most = if first == b'*' { longest } else { usize::from(path.first() == Some(&first)) };
    let ends: Vec<usize> =
        (1..=most).flat_map(|taken| prefixes(rest, &path[taken..]).map(move |end| taken + end)).collect();
    Box::new(ends.into_iter())
}

fn ends_word(path: &[u8], end: usize) -> bool {
    let word = |place: Option<usize>| {
        place.and_then(|place| path.get(place)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    word(end.checked_sub(1)) != word(Some(end))
}

#[test]
fn exactly_the_app_is_published() {
    let folders = folders();
    let app = |path: &str| {
        path == "host.json"
            || path == "handler"
            || path.split_once('/').is_some_and(|(folder, _)| folders.contains(folder))
    };
    let mut paths: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        paths.push(if path.is_dir() { format!("{name}/some/file") } else { name });
    }
    let stray = [
        "handler",
        "handler.exe",
        "deploy.zip",
        "target/release/handler",
        "target/debug/deps/x",
        ".azurite/db.json",
        ".env",
        ".DS_Store",
        ".vscode/settings.json",
        ".github/workflows/ci.yml",
        "node_modules/x/index.js",
        "func.log",
        "hello/sample.dat",
    ];
    paths.extend(stray.map(str::to_owned));
    for path in paths {
        match (app(&path), left_out(&path)) {
            (true, true) => panic!("{path} belongs to the app, and .funcignore leaves it out"),
            (false, false) => panic!("{path} would be published: add a line to .funcignore"),
            _ => {}
        }
    }
}

#[test]
fn funcignore_is_read_as_func_reads_it() {
    let ends = |pattern: &str, path: &str| prefixes(pattern.as_bytes(), path.as_bytes()).collect::<Vec<_>>();
    assert_eq!(ends("src", "src/main.rs"), [3]);
    assert_eq!(ends("src", "mysrc/main.rs"), [0; 0]);
    assert_eq!(ends("*.md", "README.md"), [9]);
    assert_eq!(ends("*.md", "docs/README.md"), [0; 0]);
    assert_eq!(ends(".*", ".ab/c"), [2, 3]);
    assert!(ends_word(b"src/main.rs", 3) && !ends_word(b"srcs/main.rs", 3) && ends_word(b"src", 3));
}
