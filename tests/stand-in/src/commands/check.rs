//! `make check`: whether function folders, the compiled table, host.json, local.settings.json and
//! .funcignore fit together.

use crate::app::binary;
use crate::app::bindings::{Function, folders, route_prefix};
use crate::app::ignore as funcignore;
use crate::app::json;
use crate::app::names;
use crate::app::settings;
use crate::host::routes::Template;
use serde_json::Value;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the table is.
const TABLE: &str = "src/functions/mod.rs";

/// Something that does not fit, in one line: the file, what is wrong, what to write.
#[derive(Debug, PartialEq)]
pub struct Finding {
    /// Whether it fails the check; else it is a note.
    pub is_error: bool,
    file: String,
    text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let note = if self.is_error { "" } else { "note: " };
        write!(f, "{}: {note}{}", self.file, self.text)
    }
}

fn error(file: impl Into<String>, text: impl Into<String>) -> Finding {
    Finding {
        is_error: true,
        file: file.into(),
        text: text.into(),
    }
}

/// A line of the compiled table.
#[derive(Clone)]
struct Route {
    name: String,
    outputs: Vec<String>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Http {
        methods: Vec<String>,
        path: Option<String>,
    },
    Trigger {
        binding: String,
    },
}

/// The files of an app, as far as they could be read.
#[derive(Default)]
struct Files {
    host: Value,
    functions: Vec<Function>,
    /// The folders whose function.json could not be read.
    unread: Vec<String>,
    settings: Option<Value>,
    funcignore: String,
}

/// Checks the app in the folder `root`, shows what was found, and errors where something does not
/// fit.
pub fn run(root: &Path) -> Result<(), String> {
    let table = compiled_table(root);
    let findings = check(root, table.as_deref().ok());
    for finding in &findings {
        eprintln!("{finding}");
    }
    // The compiler has shown its own errors by now, above ours.
    table?;
    match findings.iter().filter(|finding| finding.is_error).count() {
        0 => Ok(()),
        1 => Err("one thing does not fit together".into()),
        count => Err(format!("{count} things do not fit together")),
    }
}

/// Panics where the app in the folder `root` and its table, as JSON, do not fit together: for a
/// test of the app's own.
#[track_caller]
pub fn assert_fits(root: &str, table: &str) {
    let errors = check(Path::new(root), Some(table))
        .into_iter()
        .filter(|finding| finding.is_error);
    let errors: Vec<String> = errors.map(|finding| finding.to_string()).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// What does not fit together in the app in the folder `root`. `table` is what
/// `tests/stand-in/table.rs` prints; without it, only the files are looked at.
pub fn check(root: &Path, table: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let files = Files::read(root, &mut findings);
    findings.extend(files.faults());
    match table.map(read_table) {
        Some(Ok(routes)) => findings.extend(drift(&files, &routes)),
        Some(Err(why)) => findings.push(error(TABLE, why)),
        None => {}
    }
    findings
}

/// The table of functions as the compiler has it, as JSON.
fn compiled_table(root: &Path) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--quiet", "--example", "table"])
        .current_dir(root)
        .stderr(Stdio::inherit());
    let output = command
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    match output.status.success() {
        true => String::from_utf8(output.stdout).map_err(|error| format!("the table: {error}")),
        false => Err("the app does not compile, so its table could not be read".into()),
    }
}

fn read_table(table: &str) -> Result<Vec<Route>, String> {
    let texts = |value: &Value| -> Option<Vec<String>> {
        value
            .as_array()?
            .iter()
            .map(|text| text.as_str().map(str::to_owned))
            .collect()
    };
    let route = |route: &Value| {
        let (http, trigger) = (&route["kind"]["Http"], &route["kind"]["Trigger"]);
        let kind = match http.is_object() {
            true => Kind::Http {
                methods: texts(&http["methods"])?,
                path: http["path"].as_str().map(str::to_owned),
            },
            false => Kind::Trigger {
                binding: trigger["binding"].as_str()?.to_owned(),
            },
        };
        Some(Route {
            name: route["name"].as_str()?.to_owned(),
            outputs: texts(&route["outputs"])?,
            kind,
        })
    };
    let table = json::parse(table)?;
    let routes = table
        .as_array()
        .and_then(|routes| routes.iter().map(route).collect());
    routes.ok_or_else(|| format!("the compiled table has a form that is not known here: {table}"))
}

impl Files {
    fn read(root: &Path, findings: &mut Vec<Finding>) -> Self {
        let mut files = Self::default();
        let text =
            |file: &str| std::fs::read_to_string(root.join(file)).map_err(|why| why.to_string());
        match text("host.json").and_then(|text| json::parse(&text)) {
            Ok(host) => files.host = host,
            Err(why) => findings.push(error("host.json", why)),
        }
        if root.join("local.settings.json").exists() {
            match text("local.settings.json").and_then(|text| json::parse(&text)) {
                Ok(settings) => files.settings = Some(settings),
                Err(why) => findings.push(error("local.settings.json", why)),
            }
        }
        if root.join(".funcignore").exists() {
            match text(".funcignore") {
                Ok(text) => files.funcignore = text,
                Err(why) => findings.push(error(".funcignore", why)),
            }
        }
        match folders(root) {
            Ok(folders) => {
                for folder in folders {
                    let file = format!("{folder}/function.json");
                    match text(&file).and_then(|text| Function::read(&folder, &text)) {
                        Ok(function) => files.functions.push(function),
                        Err(why) => {
                            findings.push(error(file, why));
                            files.unread.push(folder);
                        }
                    }
                }
            }
            Err(why) => findings.push(error(".", why)),
        }
        files
    }

    /// What is wrong with the files, whatever the table says.
    fn faults(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let folders = self
            .functions
            .iter()
            .map(|function| &function.name)
            .chain(&self.unread);
        findings.extend(binary::fault(&self.host, folders).map(|why| error("host.json", why)));
        for (place, function) in self.functions.iter().enumerate() {
            let name = &function.name;
            let file = format!("{name}/function.json");
            findings.extend(
                names::function(name)
                    .err()
                    .map(|why| error(&file, format!("{why}: rename the folder"))),
            );
            findings.extend(function.faults().into_iter().map(|why| error(&file, why)));
            findings.extend(function.notes().into_iter().map(|text| Finding {
                is_error: false,
                file: file.clone(),
                text,
            }));
            for binding in &function.bindings {
                for (member, setting) in binding.settings() {
                    if self
                        .settings
                        .as_ref()
                        .is_some_and(|settings| !settings::has(settings, &setting))
                    {
                        let binding = binding.name();
                        let why = format!(
                            "the {member} of {binding:?}, {setting:?}, is not in local.settings.json"
                        );
                        findings.push(error(
                            &file,
                            format!("{why}: write \"{setting}\": \"\" among its Values"),
                        ));
                    }
                }
            }
            let leaves_out = |line: &&str| funcignore::left_out(line, &file);
            if funcignore::left_out(&self.funcignore, &file)
                && let Some(line) = self.funcignore.lines().find(leaves_out)
            {
                let why = format!(
                    "the line {line:?} leaves the function {name} out of what is published"
                );
                findings.push(error(
                    ".funcignore",
                    format!("{why}: rename the folder, or write another line"),
                ));
            }
            for earlier in &self.functions[..place] {
                if earlier.name.eq_ignore_ascii_case(name) {
                    findings.push(error(
                        &file,
                        format!(
                            "{} is a function of the same name: rename one",
                            earlier.name
                        ),
                    ));
                } else if function.is_http() && earlier.is_http() {
                    findings.extend(self.route_conflict(earlier, function));
                }
            }
        }
        findings
    }

    /// Whether a request could be for either function, and the host or the handler would not tell
    /// them apart.
    fn route_conflict(&self, a: &Function, b: &Function) -> Option<Finding> {
        let prefix = route_prefix(&self.host);
        let (file, path) = (
            format!("{}/function.json", b.name),
            format!("{prefix}{}", b.route()),
        );
        if !a
            .methods()
            .iter()
            .any(|method| b.methods().contains(method))
        {
            return None;
        }
        let [one, other] = [a, b].map(|function| Template::parse(function.route()));
        // What is no route is told elsewhere.
        let (Ok(one), Ok(other)) = (one, other) else {
            return None;
        };
        if one.is_same(&other) {
            let why = format!(
                "the function {} has the same route and method, {path}",
                a.name
            );
            return Some(error(
                file,
                format!("{why}: write another \"route\", or other \"methods\""),
            ));
        }
        let constraint = one
            .unknown
            .first()
            .or(other.unknown.first())
            .filter(|_| one.overlaps(&other))?;
        let why = format!(
            "a path of {path} can be one of {prefix}{}, the route of {}, too",
            a.route(),
            a.name
        );
        let why = format!("{why}, since the constraint {constraint:?} is taken as true");
        Some(error(
            file,
            format!(
                "{why}: write routes that differ in a word, and test the value in the function"
            ),
        ))
    }
}

/// Where folders and table do not fit together.
fn drift(files: &Files, routes: &[Route]) -> Vec<Finding> {
    let prefix = route_prefix(&files.host);
    let mut findings = Vec::new();
    for (place, Route { name, .. }) in routes.iter().enumerate() {
        if let Some(earlier) = routes[..place]
            .iter()
            .find(|earlier| earlier.name.eq_ignore_ascii_case(name))
        {
            let why = format!("{name:?} and {:?} are one name to the host", earlier.name);
            findings.push(error(
                TABLE,
                format!("{why}: delete one line, or write another name"),
            ));
        } else if !files.unread.contains(name)
            && !files
                .functions
                .iter()
                .any(|function| function.name == *name)
        {
            let write = match files
                .functions
                .iter()
                .find(|function| function.name.eq_ignore_ascii_case(name))
            {
                Some(function) => format!("write {:?}, as the folder is called", function.name),
                None => format!("write {name}/function.json, or delete the line"),
            };
            findings.push(error(
                TABLE,
                format!("the function {name:?} has no folder with a function.json: {write}"),
            ));
        }
    }
    for function in &files.functions {
        // A function that the host refuses has been told of; its line would be a guess.
        if !function.faults().is_empty() {
            continue;
        }
        let write = function.route_call(&prefix).in_one_line();
        match routes.iter().find(|route| route.name == function.name) {
            Some(route) => {
                let wrong = misfits(route, function, &prefix).into_iter();
                findings.extend(
                    wrong.map(|why| {
                        error(TABLE, format!("{}: {why}: write {write}", function.name))
                    }),
                );
            }
            None if routes
                .iter()
                .any(|route| route.name.eq_ignore_ascii_case(&function.name)) => {}
            None => {
                let why = format!("no line in {TABLE} is for it: write {write}, and the code");
                findings.push(error(format!("{}/function.json", function.name), why));
            }
        }
    }
    findings
}

/// What a line of the table says otherwise than the function's folder.
fn misfits(route: &Route, function: &Function, prefix: &str) -> Vec<String> {
    let mut misfits = Vec::new();
    let trigger = function.trigger().map_or("", |trigger| trigger.name());
    match &route.kind {
        Kind::Trigger { .. } if function.is_http() => {
            return vec!["the trigger is HTTP, and the line says another".into()];
        }
        Kind::Http { .. } if !function.is_http() => {
            return vec!["the trigger is not HTTP, and the line says so".into()];
        }
        Kind::Trigger { binding } if binding != trigger => {
            misfits.push(format!(
                "the trigger's name is {trigger:?}, and the line says {binding:?}"
            ));
        }
        Kind::Trigger { .. } => {}
        Kind::Http { methods, path } => {
            let declared = function.methods();
            if sorted(methods) != sorted(&declared) {
                misfits.push(format!(
                    "the trigger lists {}, and the line takes {}",
                    list(&declared),
                    list(methods)
                ));
            }
            let expected = format!("{prefix}{}", function.route());
            match (path, function.is_http_only()) {
                (Some(path), true) if *path != expected => misfits.push(format!(
                    "the host passes on {expected} (its beginning is extensions.http.routePrefix of host.json), and the line says {path}"
                )),
                (None, true) => misfits.push(format!("the host passes on {expected}, for there is nothing but HTTP in and out")),
                (Some(_), false) => misfits.push("it has other bindings than HTTP".into()),
                (_, _) => {}
            }
        }
    }
    let declared: Vec<String> = function
        .outputs()
        .map(|output| output.name().to_owned())
        .collect();
    if sorted(&route.outputs) != sorted(&declared) {
        let (set, declared) = (list(&route.outputs), list(&declared));
        misfits.push(format!(
            "the line sets the outputs {set}, and function.json has {declared}"
        ));
    }
    misfits
}

fn sorted(texts: &[String]) -> Vec<&String> {
    let mut texts: Vec<&String> = texts.iter().collect();
    texts.sort();
    texts
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() {
        "none".into()
    } else {
        texts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn function(name: &str, bindings: Value) -> Function {
        Function::read(name, &json!({"bindings": bindings}).to_string()).unwrap()
    }

    /// An HTTP function with these methods and more bindings.
    fn http(name: &str, methods: Value, extra: &[Value]) -> Function {
        let http = [
            json!({"type": "httpTrigger", "name": "req", "methods": methods}),
            json!({"type": "http", "direction": "out", "name": "res"}),
        ];
        function(name, json!(http.iter().chain(extra).collect::<Vec<_>>()))
    }

    /// An HTTP function with this route.
    fn routed(name: &str, route: &str) -> Function {
        let mut function = http(name, json!(["get", "post"]), &[]);
        function.bindings[0].0["route"] = json!(route);
        function
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| text.to_string()).collect()
    }

    fn hello() -> Route {
        let kind = Kind::Http {
            methods: owned(&["GET", "POST"]),
            path: Some("/api/hello".into()),
        };
        Route {
            name: "hello".into(),
            outputs: Vec::new(),
            kind,
        }
    }

    fn order() -> Route {
        let kind = Kind::Http {
            methods: owned(&["POST"]),
            path: None,
        };
        Route {
            name: "order".into(),
            outputs: owned(&["message"]),
            kind,
        }
    }

    fn queue_function() -> Route {
        let kind = Kind::Trigger {
            binding: "myQueueItem".into(),
        };
        Route {
            name: "MyQueueFunction".into(),
            outputs: owned(&["$return"]),
            kind,
        }
    }

    fn queue(name: &str) -> Value {
        json!({"type": "queue", "direction": "out", "name": name, "queueName": "q"})
    }

    fn queue_trigger(name: &str) -> Value {
        json!({"type": "queueTrigger", "direction": "in", "name": name, "queueName": "q"})
    }

    fn lines(findings: impl IntoIterator<Item = Finding>) -> Vec<String> {
        findings
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    /// The lines of what does not fit between these folders and this table.
    fn drift_of(functions: &[Function], routes: &[Route]) -> Vec<String> {
        lines(drift(
            &Files {
                functions: functions.to_vec(),
                ..Files::default()
            },
            routes,
        ))
    }

    /// The only line that tells what is wrong with these folders.
    #[track_caller]
    fn fault_of(functions: &[Function]) -> String {
        let faults = lines(
            Files {
                functions: functions.to_vec(),
                ..Files::default()
            }
            .faults(),
        );
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults[0].clone()
    }

    #[test]
    fn what_fits_is_not_told() {
        let both = json!(["get", "post"]);
        let functions = [
            http("hello", both, &[]),
            http("order", json!(["post"]), &[queue("message")]),
            function(
                "MyQueueFunction",
                json!([queue_trigger("myQueueItem"), queue("$return")]),
            ),
        ];
        assert_eq!(
            drift_of(&functions, &[hello(), order(), queue_function()]),
            [""; 0]
        );
        assert_eq!(
            lines(
                Files {
                    functions: functions.to_vec(),
                    ..Files::default()
                }
                .faults()
            ),
            [""; 0]
        );
    }

    #[test]
    fn a_line_without_a_folder_and_a_folder_without_a_line_are_told() {
        let lines = drift_of(&[http("web", json!(["get"]), &[])], &[order()]);
        let missing = "src/functions/mod.rs: the function \"order\" has no folder with a function.json: \
                       write order/function.json, or delete the line";
        let line = "web/function.json: no line in src/functions/mod.rs is for it: \
                    write Route::http(\"web\", &[\"GET\"], \"/api/web\", web::run), and the code";
        assert_eq!(lines, [missing, line]);
        let lines = drift_of(&[http("Hello", json!(["get", "post"]), &[])], &[hello()]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("write \"Hello\""), "{lines:?}");
    }

    #[test]
    fn each_kind_of_drift_is_told() {
        let wrong = |route: Route, function: Function, says: &str| {
            let lines = drift_of(&[function], &[route]);
            assert!(
                lines
                    .iter()
                    .any(|line| line.starts_with(TABLE) && line.contains(says)),
                "{says}: {lines:?}"
            );
            assert!(
                lines.iter().all(|line| line.contains(": write Route::")),
                "{lines:?}"
            );
        };
        let both = || json!(["get", "post"]);
        let blob = json!({"type": "blob", "direction": "in", "name": "b"});
        wrong(
            hello(),
            http("hello", json!(["get"]), &[]),
            "lists GET, and the line takes GET, POST",
        );
        wrong(
            hello(),
            http("hello", both(), &[queue("message")]),
            "sets the outputs none, and function.json has message",
        );
        wrong(
            hello(),
            http("hello", both(), &[blob]),
            "write Route::http_with_bindings",
        );
        wrong(
            order(),
            http("order", json!(["post"]), &[]),
            "sets the outputs message, and function.json has none",
        );
        wrong(
            order(),
            http("order", json!(["post"]), &[]),
            "nothing but HTTP in and out: write Route::http(\"order\"",
        );
        let queues = json!([queue_trigger("x"), queue("message")]);
        wrong(
            order(),
            function("order", queues),
            "write Route::trigger(\"order\", \"x\", &[\"message\"], order::run)",
        );
        let queues = json!([queue_trigger("x"), queue("$return")]);
        wrong(
            queue_function(),
            function("MyQueueFunction", queues),
            "name is \"x\", and the line says \"myQueueItem\"",
        );
        wrong(
            queue_function(),
            http("MyQueueFunction", both(), &[]),
            "the trigger is HTTP",
        );
        for route in [
            "items/{id:int}",
            "items/{id?}",
            "items/{*rest}",
            "items/{id=1}",
        ] {
            wrong(
                hello(),
                routed("hello", route),
                &format!("the host passes on /api/{route}"),
            );
        }
    }

    #[test]
    fn the_prefix_of_host_json_counts() {
        let functions = vec![http("hello", json!(["get", "post"]), &[])];
        for (prefix, says) in [
            (
                "v1",
                "passes on /v1/hello (its beginning is extensions.http.routePrefix",
            ),
            ("", "passes on /hello "),
        ] {
            let host = json!({"extensions": {"http": {"routePrefix": prefix}}});
            let lines = lines(drift(
                &Files {
                    host,
                    functions: functions.clone(),
                    ..Files::default()
                },
                &[hello()],
            ));
            assert!(lines.len() == 1 && lines[0].contains(says), "{lines:?}");
        }
    }

    #[test]
    fn one_name_in_any_case_is_told() {
        let twin = Route {
            name: "HELLO".into(),
            ..hello()
        };
        let lines = drift_of(
            &[http("hello", json!(["get", "post"]), &[])],
            &[hello(), twin],
        );
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains("\"HELLO\" and \"hello\" are one name"),
            "{lines:?}"
        );
        let queues = |name| function(name, json!([queue_trigger("item")]));
        assert!(
            fault_of(&[queues("Web"), queues("web")])
                .contains("Web is a function of the same name")
        );
    }

    #[test]
    fn one_path_in_any_case_is_told() {
        let line = fault_of(&[
            routed("a", "Items/{id:int}"),
            routed("b", "items/{key:int}/"),
        ]);
        assert!(
            line.starts_with("b/function.json: the function a has the same route and method, /api/items/{key:int}"),
            "{line}"
        );
        let mut post = routed("b", "items/{id}");
        post.bindings[0].0["methods"] = json!(["delete"]);
        let files = Files {
            functions: vec![routed("a", "items/{id}"), post],
            ..Files::default()
        };
        assert_eq!(
            lines(files.faults()),
            [""; 0],
            "another method is another function's"
        );
    }

    #[test]
    fn a_constraint_that_is_taken_as_true_must_not_decide() {
        let line = fault_of(&[routed("a", "on/{day:datetime}"), routed("b", "on/{name}")]);
        assert!(line.contains("\"datetime\" is taken as true"), "{line}");
        for (one, other) in [
            ("on/{day:datetime}", "at/{name}"),
            ("on/{day:int}", "on/{name:alpha}"),
            ("a/{x}", "a/b"),
        ] {
            let files = Files {
                functions: vec![routed("a", one), routed("b", other)],
                ..Files::default()
            };
            assert_eq!(lines(files.faults()), [""; 0], "{one} {other}");
        }
    }

    #[test]
    fn each_fault_of_a_function_is_told() {
        let trigger = queue_trigger("item");
        let with = |binding: Value| function("web", json!([trigger, binding]));
        for (function, says) in [
            (with(queue("ITEM")), "two bindings have the name \"ITEM\""),
            (
                with(queue("my_out")),
                "the host takes no binding called \"my_out\"",
            ),
            (
                with(json!({"type": "queu", "direction": "out", "name": "x"})),
                "has the type \"queu\": write \"queue\"",
            ),
            (
                with(json!({"type": "cosmosDb", "direction": "inout", "name": "x"})),
                "write \"direction\": \"in\" or \"out\"",
            ),
            (
                with(json!({"type": "queue", "name": "x"})),
                "has no direction, which is \"in\": write \"direction\": \"out\"",
            ),
            (
                with(json!({"type": "queue", "direction": "both", "name": "x"})),
                "has the direction \"both\"",
            ),
            (
                with(json!({"type": "blob", "direction": "in", "name": "$return"})),
                "\"$return\" is no output",
            ),
            (with(json!({"direction": "in", "name": "x"})), "has no type"),
            (
                with(queue_trigger("other")),
                "more than one binding triggers it",
            ),
            (
                function("web", json!([queue("x")])),
                "no binding triggers it",
            ),
            (
                function("web", json!([{"type": "timer", "name": "x"}])),
                "write \"timerTrigger\"",
            ),
            (
                function(
                    "web",
                    json!([{"type": "queueTrigger", "direction": "out", "name": "x"}]),
                ),
                "write \"direction\": \"in\"",
            ),
            (
                function("host", json!([trigger])),
                "the host takes no function called \"host\"",
            ),
            (
                function("my.web", json!([trigger])),
                "the host takes no function called \"my.web\"",
            ),
            (
                function(
                    "web",
                    json!([{"type": "httpTrigger", "name": "req", "methods": ["get"]}]),
                ),
                "needs its output",
            ),
            (http("web", json!(null), &[]), "lists no methods"),
            (http("web", json!([]), &[]), "lists no methods"),
            (
                http(
                    "web",
                    json!(["get"]),
                    &[json!({"type": "http", "direction": "out", "name": "answer"})],
                ),
                "two outputs of the type http",
            ),
            (
                http("Administer", json!(["get"]), &[]),
                "no route that begins with \"admin\"",
            ),
            (
                routed("web", "runtime/x"),
                "no route that begins with \"runtime\"",
            ),
            (routed("web", "a/{b"), "{b"),
        ] {
            let line = fault_of(&[function]);
            assert!(line.contains(says), "{says}: {line}");
        }
        let mut other = http("web", json!(["get"]), &[]);
        other.bindings[0].0["name"] = json!("request");
        assert!(fault_of(&[other.clone()]).contains("write \"name\": \"req\""));
        other.bindings[0].0["name"] = json!("req");
        other.bindings[1].0["name"] = json!("$return");
        assert!(fault_of(&[other]).contains("write \"name\": \"res\""));
    }

    #[test]
    fn a_folder_where_the_binary_is_is_told() {
        let host = json!({"customHandler": {"description": {"defaultExecutablePath": "shop"}}});
        for (functions, unread) in [
            (
                vec![function("Shop", json!([queue_trigger("item")]))],
                vec![],
            ),
            (vec![], vec!["Shop".into()]),
        ] {
            let faults = lines(
                Files {
                    host: host.clone(),
                    functions,
                    unread,
                    ..Files::default()
                }
                .faults(),
            );
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(
                faults[0].starts_with("host.json: the defaultExecutablePath \"shop\" is where"),
                "{faults:?}"
            );
        }
    }

    #[test]
    fn what_may_be_meant_is_a_note() {
        for (function, says) in [
            (
                function(
                    "web",
                    json!([queue_trigger("item"), {"type": "quantumBus", "direction": "out", "name": "x"}]),
                ),
                "not among those known",
            ),
            (
                function(
                    "web",
                    json!([{"type": "blobTrigger", "name": "x", "path": "in/{name}"}]),
                ),
                "\"source\": \"EventGrid\"",
            ),
        ] {
            let findings = Files {
                functions: vec![function],
                ..Files::default()
            }
            .faults();
            assert!(findings.len() == 1 && !findings[0].is_error, "{findings:?}");
            let line = findings[0].to_string();
            assert!(
                line.starts_with("web/function.json: note: ") && line.contains(says),
                "{line}"
            );
        }
        let grid = json!([{"type": "blobTrigger", "name": "x", "path": "in/{name}", "source": "EventGrid"}]);
        assert_eq!(
            lines(
                Files {
                    functions: vec![function("web", grid)],
                    ..Files::default()
                }
                .faults()
            ),
            [""; 0]
        );
    }

    #[test]
    fn a_setting_is_found_in_each_of_its_forms() {
        let mut trigger = queue_trigger("item");
        trigger["connection"] = json!("Storage");
        let functions = vec![function("web", json!([trigger]))];
        for (values, strings, is_there) in [
            (json!({"Storage": ""}), json!({}), true),
            (json!({"storage": "x"}), json!({}), true),
            (json!({"Storage__accountName": "x"}), json!({}), true),
            (json!({"AzureWebJobsStorage": "x"}), json!({}), true),
            (json!({}), json!({"Storage": "x"}), true),
            (
                json!({"Storage2": "x", "MyStorage": "x"}),
                json!({"Storage2": "x"}),
                false,
            ),
            (json!(null), json!(null), false),
        ] {
            let settings = Some(json!({"Values": values, "ConnectionStrings": strings}));
            let findings = lines(
                Files {
                    settings,
                    functions: functions.clone(),
                    ..Files::default()
                }
                .faults(),
            );
            assert_eq!(
                findings.is_empty(),
                is_there,
                "{values} {strings}: {findings:?}"
            );
            assert!(
                is_there || findings[0].ends_with("write \"Storage\": \"\" among its Values"),
                "{findings:?}"
            );
        }
        assert_eq!(
            lines(
                Files {
                    functions,
                    ..Files::default()
                }
                .faults()
            ),
            [""; 0],
            "without the file it is not checked"
        );
    }

    #[test]
    fn a_folder_that_funcignore_leaves_out_is_told() {
        let functions = ["Makefile-job", "Makefiles"]
            .map(|name| function(name, json!([queue_trigger("item")])))
            .to_vec();
        let funcignore = "*.md\nMakefile\n".into();
        let lines = lines(
            Files {
                functions,
                funcignore,
                ..Files::default()
            }
            .faults(),
        );
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains("\"Makefile\" leaves the function Makefile-job out"),
            "{lines:?}"
        );
    }

    #[test]
    fn files_that_cannot_be_read_are_told_with_their_line() {
        let root = std::env::temp_dir().join(format!("check-{}", std::process::id()));
        for (file, text) in [
            ("host.json", "{\n  \"version\": 2.0,\n  oops\n}"),
            ("local.settings.json", "{ // a comment\n  \"Values\": {"),
            ("web/function.json", "{\n\n  \"bindings\": [\n"),
            ("broken/function.json", "{ \"bindings\": 1 }"),
            ("none/function.json", "{ \"bindings\": [] }"),
            (
                "good/function.json",
                "\u{feff}{ \"bindings\": [{ \"name\": \"x\", \"type\": \"timerTrigger\", }] } // fine",
            ),
        ] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let table = r#"[{"name": "web", "outputs": [], "kind": {"Trigger": {"binding": "x"}}}]"#;
        let findings = lines(check(&root, Some(table)));
        std::fs::remove_dir_all(&root).unwrap();
        let beginnings = [
            "host.json: line 3: ",
            "local.settings.json: line 2: ",
            "broken/function.json: there is no binding in it",
            "none/function.json: there is no binding in it",
            "web/function.json: line 4: ",
            "good/function.json: no line in src/functions/mod.rs is for it",
        ];
        assert_eq!(findings.len(), beginnings.len(), "{findings:?}");
        for (finding, beginning) in findings.iter().zip(beginnings) {
            assert!(finding.starts_with(beginning), "{findings:?}");
        }
    }

    #[test]
    fn the_compiled_table_is_read() {
        let table = r#"[{"name":"hello","outputs":[],"kind":{"Http":{"methods":["GET"],"path":null}}},
            {"name":"job","outputs":["$return"],"kind":{"Trigger":{"binding":"timer"}}}]"#;
        let routes = read_table(table).unwrap();
        assert!(
            matches!(&routes[0].kind, Kind::Http { methods, path: None } if *methods == ["GET"])
        );
        assert!(matches!(&routes[1].kind, Kind::Trigger { binding } if binding == "timer"));
        assert_eq!(
            (routes[1].name.as_str(), &routes[1].outputs[..]),
            ("job", &owned(&["$return"])[..])
        );
        for table in [
            "",
            "{}",
            "[{}]",
            r#"[{"name":"a","outputs":[1],"kind":{"Trigger":{"binding":"b"}}}]"#,
        ] {
            assert!(read_table(table).is_err(), "{table}");
        }
    }
}
