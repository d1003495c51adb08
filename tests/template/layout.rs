//! The app's files: they are the documentation's, and exactly they are published.

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
