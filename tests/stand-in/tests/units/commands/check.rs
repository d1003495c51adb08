//! What `make check` finds, each in an app that is right otherwise.

use crate::files;
use serde_json::{Value, json};
use stand_in::app::description::Description;
use stand_in::app::finding::{Finding, Severity};
use stand_in::commands::check::{assert_fits, check_app};

pub const HOST: &str = r#"{"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}},
    "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}}"#;

/// What is found in an app with these files; host.json is as it should be if it is not among them.
/// Without a table only the files are looked at.
pub fn found(given: &[(&str, &str)], table: Option<&str>) -> Vec<Finding> {
    let mut all = vec![("host.json", HOST)];
    all.extend(given);
    let folder = files::folder(&all);
    check_app(&Description::read(folder.path(), &|_| None), table)
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}

/// The text of a function.json.
fn bindings(bindings: &[Value]) -> String {
    json!({ "bindings": bindings }).to_string()
}

/// The bindings of an HTTP function with these methods, and more bindings.
fn http(methods: Value, extra: &[Value]) -> String {
    let mut all = vec![
        json!({"type": "httpTrigger", "name": "req", "methods": methods}),
        json!({"type": "http", "direction": "out", "name": "res"}),
    ];
    all.extend(extra.iter().cloned());
    bindings(&all)
}

/// The bindings of an HTTP function with this route.
fn routed(route: &str) -> String {
    bindings(&[
        json!({"type": "httpTrigger", "name": "req", "methods": ["get", "post"], "route": route}),
        json!({"type": "http", "direction": "out", "name": "res"}),
    ])
}

fn queue(name: &str) -> Value {
    json!({"type": "queue", "direction": "out", "name": name, "queueName": "out-queue"})
}

fn queue_trigger(name: &str) -> Value {
    json!({"type": "queueTrigger", "direction": "in", "name": name, "queueName": "in-queue"})
}

/// A table with these lines: `hello GET,POST /api/hello`, `job item`, each with its outputs.
fn hello() -> Value {
    json!({"name": "hello", "outputs": [], "kind": {"Http": {"methods": ["GET", "POST"], "path": "/api/hello"}}})
}

fn order() -> Value {
    json!({"name": "order", "outputs": ["message"], "kind": {"Http": {"methods": ["POST"], "path": null}}})
}

fn queue_function() -> Value {
    json!({"name": "MyQueueFunction", "outputs": ["$return"], "kind": {"Trigger": {"binding": "myQueueItem"}}})
}

#[test]
fn nothing_is_found_in_what_fits() {
    let files = [
        ("hello/function.json", http(json!(["get", "post"]), &[])),
        (
            "order/function.json",
            http(json!(["post"]), &[queue("message")]),
        ),
        (
            "MyQueueFunction/function.json",
            bindings(&[queue_trigger("myQueueItem"), queue("$return")]),
        ),
    ];
    let files: Vec<_> = files
        .iter()
        .map(|(file, text)| (*file, text.as_str()))
        .collect();
    let table = json!([hello(), order(), queue_function()]).to_string();
    assert_eq!(lines(&found(&files, Some(&table))), [""; 0]);
    let mut all = vec![("host.json", HOST)];
    all.extend(files);
    let folder = files::folder(&all);
    assert_fits(folder.path().to_str().expect("a path"), &table);
    let wrong = std::panic::catch_unwind(|| {
        assert_fits(folder.path().to_str().expect("a path"), "[]");
    });
    let why = wrong.expect_err("a panic");
    let why = why.downcast_ref::<String>().expect("a text");
    assert!(
        why.lines().count() == 3 && why.contains("no line in src/functions/mod.rs"),
        "{why}"
    );
}

#[test]
fn a_line_without_a_folder_and_a_folder_without_a_line_are_found() {
    let web = http(json!(["get"]), &[]);
    let table = json!([order()]).to_string();
    let missing = "src/functions/mod.rs: the function \"order\" has no folder with a function.json: \
                   write order/function.json, or delete the line";
    let line = "web/function.json: no line in src/functions/mod.rs is for it: \
                write Route::http(\"web\", &[\"GET\"], \"/api/web\", web::run), and the code";
    assert_eq!(
        lines(&found(&[("web/function.json", &web)], Some(&table))),
        [missing, line]
    );
    let both = http(json!(["get", "post"]), &[]);
    let table = json!([hello()]).to_string();
    let lines = lines(&found(&[("Hello/function.json", &both)], Some(&table)));
    assert!(
        lines.len() == 1 && lines[0].contains("write \"Hello\""),
        "{lines:?}"
    );
}

#[test]
fn each_difference_from_the_table_is_found() {
    let both = || json!(["get", "post"]);
    let blob = json!({"type": "blob", "direction": "in", "name": "b", "path": "in-box/x"});
    let queues = |output| bindings(&[queue_trigger("x"), queue(output)]);
    let mut cases = vec![
        (
            hello(),
            http(json!(["get"]), &[]),
            "lists GET, and the line takes GET, POST".to_owned(),
        ),
        (
            hello(),
            http(both(), &[queue("message")]),
            "sets the outputs none, and function.json has message".into(),
        ),
        (
            hello(),
            http(both(), &[blob]),
            "write Route::http_with_bindings".into(),
        ),
        (
            order(),
            http(json!(["post"]), &[]),
            "sets the outputs message, and function.json has none".into(),
        ),
        (
            order(),
            http(json!(["post"]), &[]),
            "nothing but HTTP in and out: write Route::http(\"order\"".into(),
        ),
        (
            order(),
            queues("message"),
            "write Route::trigger(\"order\", \"x\", &[\"message\"], order::run)".into(),
        ),
        (
            queue_function(),
            queues("$return"),
            "name is \"x\", and the line says \"myQueueItem\"".into(),
        ),
        (
            queue_function(),
            http(both(), &[]),
            "the trigger is HTTP".into(),
        ),
    ];
    for route in [
        "items/{id:int}",
        "items/{id?}",
        "items/{*rest}",
        "items/{id=1}",
    ] {
        cases.push((
            hello(),
            routed(route),
            format!("the host passes on /api/{route}"),
        ));
    }
    for (line, text, says) in cases {
        let file = format!("{}/function.json", line["name"].as_str().expect("a name"));
        let lines = lines(&found(&[(&file, &text)], Some(&json!([line]).to_string())));
        let is_it = |line: &&String| line.starts_with("src/functions/mod.rs: ");
        assert!(
            lines.iter().filter(is_it).any(|line| line.contains(&says)),
            "{says}: {lines:?}"
        );
        assert!(
            lines
                .iter()
                .filter(is_it)
                .all(|line| line.contains(": write Route::")),
            "{lines:?}"
        );
    }
}

#[test]
fn the_prefix_of_host_json_counts() {
    for (prefix, says) in [
        (
            "v1",
            "passes on /v1/hello (its beginning is extensions.http.routePrefix",
        ),
        ("", "passes on /hello "),
    ] {
        let mut host: Value = serde_json::from_str(HOST).expect("JSON");
        host["extensions"] = json!({"http": {"routePrefix": prefix}});
        let (host, function) = (host.to_string(), http(json!(["get", "post"]), &[]));
        let files = [
            ("host.json", host.as_str()),
            ("hello/function.json", &function),
        ];
        let lines = lines(&found(&files, Some(&json!([hello()]).to_string())));
        assert!(lines.len() == 1 && lines[0].contains(says), "{lines:?}");
    }
}

#[test]
fn one_name_in_any_case_is_found() {
    let mut twin = hello();
    twin["name"] = json!("HELLO");
    let text = http(json!(["get", "post"]), &[]);
    let table = json!([hello(), twin]).to_string();
    let lines_of_table = lines(&found(&[("hello/function.json", &text)], Some(&table)));
    assert!(
        lines_of_table.len() == 1
            && lines_of_table[0].contains("\"HELLO\" and \"hello\" are one name"),
        "{lines_of_table:?}"
    );
    // Where a file system does not keep these apart, there is only one of them.
    let text = bindings(&[queue_trigger("item")]);
    let lines = lines(&found(
        &[("Web/function.json", &text), ("web/function.json", &text)],
        None,
    ));
    let twin = lines
        .iter()
        .any(|line| line.contains("Web is a function of the same name"));
    assert!(twin || cfg!(any(windows, target_os = "macos")), "{lines:?}");
}

/// The only line that is found in an app with these files.
#[track_caller]
fn only(given: &[(&str, &str)]) -> String {
    let lines = lines(&found(given, None));
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

#[test]
fn one_path_in_any_case_is_found() {
    let (a, b) = (routed("Items/{id:int}"), routed("items/{key:int}/"));
    let line = only(&[("a/function.json", &a), ("b/function.json", &b)]);
    assert!(
        line.starts_with(
            "b/function.json: the function a has the same route and method, /api/items/{key:int}"
        ),
        "{line}"
    );
    let delete = routed("items/{id}").replace("[\"get\",\"post\"]", "[\"delete\"]");
    let files = [
        ("a/function.json", &*routed("items/{id}")),
        ("b/function.json", &*delete),
    ];
    assert_eq!(
        lines(&found(&files, None)),
        [""; 0],
        "another method is another function's"
    );
}

#[test]
fn a_constraint_that_is_taken_as_true_must_not_decide() {
    let of = |one: &str, other: &str| {
        let (one, other) = (routed(one), routed(other));
        lines(&found(
            &[("a/function.json", &one), ("b/function.json", &other)],
            None,
        ))
    };
    let lines = of("on/{day:datetime}", "on/{name}");
    assert!(
        lines.len() == 1 && lines[0].contains("\"datetime\" is taken as true"),
        "{lines:?}"
    );
    assert_eq!(of("on/{day:datetime}", "at/{name}"), [""; 0]);
}

#[test]
fn each_fault_of_a_function_is_found() {
    let trigger = queue_trigger("item");
    let with = |binding: Value| bindings(&[trigger.clone(), binding]);
    let alone = |binding: Value| bindings(&[binding]);
    let mut named = http(json!(["get"]), &[]);
    named = named.replace("\"req\"", "\"request\"");
    let answer = json!({"type": "http", "direction": "out", "name": "answer"});
    for (text, says) in [
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
            with(json!({"type": "queue", "name": "x", "queueName": "abc"})),
            "has no direction, which is \"in\": write \"direction\": \"out\"",
        ),
        (
            with(json!({"type": "queue", "direction": "both", "name": "x", "queueName": "abc"})),
            "has the direction \"both\"",
        ),
        (
            with(json!({"type": "blob", "direction": "in", "name": "$return", "path": "in-box/x"})),
            "\"$return\" is not an output",
        ),
        (with(json!({"direction": "in", "name": "x"})), "has no type"),
        (
            with(queue_trigger("other")),
            "more than one binding triggers it",
        ),
        (alone(queue("x")), "no binding triggers it"),
        (
            alone(json!({"type": "timer", "name": "x"})),
            "write \"timerTrigger\"",
        ),
        (
            alone(
                json!({"type": "queueTrigger", "direction": "out", "name": "x", "queueName": "abc"}),
            ),
            "write \"direction\": \"in\"",
        ),
        (
            alone(json!({"type": "httpTrigger", "name": "req", "methods": ["get"]})),
            "needs its output",
        ),
        (http(json!(null), &[]), "lists no methods"),
        (http(json!([]), &[]), "lists no methods"),
        (
            http(json!(["get"]), &[answer]),
            "two outputs of the type http",
        ),
        (routed("Administer"), "no route that begins with \"admin\""),
        (routed("runtime/x"), "no route that begins with \"runtime\""),
        (routed("a/{b"), "{b"),
        (named.clone(), "write \"name\": \"req\""),
        (
            named
                .replace("\"request\"", "\"req\"")
                .replace("\"res\"", "\"$return\""),
            "write \"name\": \"res\"",
        ),
    ] {
        let line = only(&[("web/function.json", &text)]);
        assert!(
            line.starts_with("web/function.json: ") && line.contains(says),
            "{says}: {line}"
        );
    }
    for name in ["host", "my.web"] {
        let line = only(&[(&format!("{name}/function.json"), &alone(trigger.clone()))]);
        assert!(
            line.contains(&format!("the host takes no function called {name:?}")),
            "{line}"
        );
    }
}

#[test]
fn a_folder_where_the_binary_is_is_found() {
    let host = HOST.replace("\"handler\"", "\"shop\"");
    let text = bindings(&[queue_trigger("item")]);
    let line = only(&[("host.json", &host), ("Shop/function.json", &text)]);
    assert!(
        line.starts_with("host.json: the defaultExecutablePath \"shop\" is where"),
        "{line}"
    );
    let lines = lines(&found(
        &[("host.json", &host), ("Shop/function.json", "{")],
        None,
    ));
    assert!(
        lines.len() == 2 && lines.iter().any(|one| one == &line),
        "{lines:?}"
    );
}

#[test]
fn what_may_not_be_meant_is_a_note() {
    let known = bindings(&[
        queue_trigger("item"),
        json!({"type": "quantumBus", "direction": "out", "name": "x"}),
    ]);
    let blob = json!({"type": "blobTrigger", "name": "x", "path": "in-box/{name}"});
    for (text, says) in [
        (&known, "not among those known"),
        (
            &bindings(std::slice::from_ref(&blob)),
            "\"source\": \"EventGrid\"",
        ),
    ] {
        let findings = found(&[("web/function.json", text)], None);
        assert!(
            findings.len() == 1 && findings[0].severity == Severity::Note,
            "{findings:?}"
        );
        let line = findings[0].to_string();
        assert!(
            line.starts_with("web/function.json: note: ") && line.contains(says),
            "{line}"
        );
    }
    let mut grid = blob;
    grid["source"] = json!("eventgrid");
    assert_eq!(
        lines(&found(&[("web/function.json", &bindings(&[grid]))], None)),
        [""; 0]
    );
}

#[test]
fn a_setting_is_found_in_each_of_its_forms() {
    let mut trigger = queue_trigger("item");
    trigger["connection"] = json!("Storage");
    let text = bindings(&[trigger.clone()]);
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
        let settings = json!({"Values": values, "ConnectionStrings": strings}).to_string();
        let files = [
            ("web/function.json", text.as_str()),
            ("local.settings.json", &settings),
        ];
        let lines = lines(&found(&files, None));
        assert_eq!(lines.is_empty(), is_there, "{settings}: {lines:?}");
        assert!(
            is_there || lines[0].ends_with("write \"Storage\": \"\" among its Values"),
            "{lines:?}"
        );
    }
    let lines = lines(&found(&[("web/function.json", &text)], None));
    assert_eq!(lines, [""; 0], "without the file nothing is looked for");
}

#[test]
fn a_folder_that_funcignore_leaves_out_is_found() {
    let text = bindings(&[queue_trigger("item")]);
    let line = only(&[
        ("Makefile-job/function.json", &text),
        (
            "Makefiles/function.json",
            &text.replace("in-queue", "other"),
        ),
        (".funcignore", "*.md\nMakefile\n"),
    ]);
    assert!(
        line.contains("\"Makefile\" leaves the function Makefile-job out"),
        "{line}"
    );
}

#[test]
fn a_table_of_another_form_is_found() {
    for table in [
        "",
        "{}",
        "[{}]",
        r#"[{"name":"a","outputs":[1],"kind":{"Trigger":{"binding":"b"}}}]"#,
    ] {
        let lines = lines(&found(&[], Some(table)));
        assert!(
            lines.len() == 1 && lines[0].contains("a form that is not known here"),
            "{lines:?}"
        );
    }
}
