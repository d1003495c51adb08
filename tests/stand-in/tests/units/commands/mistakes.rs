//! The mistakes that were made under a real host, each with what `make check` says about it. The
//! headings are those of what the host does.

use crate::commands::check::{HOST, found};
use crate::files;
use serde_json::{Value, json};
use stand_in::app::finding::{Finding, Severity};

/// A function.json with an HTTP trigger, and its answer, with these members of the trigger.
fn http(members: &str) -> String {
    format!(
        r#"{{"bindings": [{{"type": "httpTrigger", "name": "req", "methods": ["get"] {members}}},
            {{"type": "http", "direction": "out", "name": "res"}}]}}"#
    )
}

/// A function.json with a queue trigger and this other binding.
fn with(binding: &str) -> String {
    format!(
        r#"{{"bindings": [{{"type": "queueTrigger", "name": "item", "queueName": "in-queue"}}, {binding}]}}"#
    )
}

/// A function.json with this trigger alone.
fn trigger(trigger: &str) -> String {
    format!(r#"{{"bindings": [{trigger}]}}"#)
}

/// host.json with this member in place of one that it has, or beside them.
fn host(path: &str, value: Value) -> String {
    let mut host: Value = serde_json::from_str(HOST).expect("JSON");
    let pointer = format!("/{}", path.replace('.', "/"));
    let (room, name) = pointer.rsplit_once('/').expect("a path");
    let mut object = &mut host;
    for part in room.split('/').filter(|part| !part.is_empty()) {
        object = &mut object[part];
    }
    match value {
        Value::Null => drop(object.as_object_mut().expect("an object").remove(name)),
        value => object[name] = value,
    }
    host.to_string()
}

/// Asserts that a finding of this severity, about this file, contains the words, and that no other
/// error is found.
#[track_caller]
fn finds(severity: Severity, given: &[(&str, &str)], file: &str, words: &str) {
    let findings = found(given, None);
    let is_it = |finding: &&Finding| {
        finding.severity == severity && finding.file == file && finding.what.contains(words)
    };
    assert!(
        findings.iter().any(|finding| is_it(&finding)),
        "{words}: {given:?}: {findings:#?}"
    );
    let others = findings
        .iter()
        .filter(|finding| finding.is_error() && !is_it(finding));
    assert_eq!(
        others.collect::<Vec<_>>(),
        Vec::<&Finding>::new(),
        "{words}"
    );
}

#[track_caller]
fn each_finds(severity: Severity, cases: &[(String, &str)]) {
    for (text, words) in cases {
        finds(
            severity,
            &[("f/function.json", text)],
            "f/function.json",
            words,
        );
    }
}

#[track_caller]
fn each_host_finds(severity: Severity, cases: &[(String, &str)]) {
    for (text, words) in cases {
        finds(severity, &[("host.json", text)], "host.json", words);
    }
}

#[track_caller]
fn nothing_stops(given: &[(&str, &str)]) {
    let findings = found(given, None);
    assert!(
        !findings.iter().any(Finding::is_error),
        "{given:?}: {findings:#?}"
    );
}

#[test]
fn what_stops_one_function() {
    each_finds(
        Severity::Error,
        &[
            (
                trigger(r#"{"type": "timerTrigger", "name": "t"}"#),
                "has no schedule, and the function does not run",
            ),
            (
                trigger(r#"{"type": "blobTrigger", "name": "b"}"#),
                "has no path, and the function does not run",
            ),
            (
                http("").replacen('{', r#"{"scriptFile": "run.js","#, 1),
                "there is no file \"run.js\", and the function does not run; custom handlers have no scriptFile",
            ),
            (
                http(r#", "authLevel": "everyone""#),
                "no authLevel \"everyone\"",
            ),
            (
                trigger(r#"{"type": "queueTrigger", "name": "q", "queueName": "Orders_New"}"#),
                "is not a queue's name",
            ),
            (
                trigger(r#"{"type": "timerTrigger", "name": "t", "schedule": "60 * * * * *"}"#),
                "the schedule \"60 * * * * *\"",
            ),
            (
                trigger(r#"{"type": "timerTrigger", "name": "t", "schedule": "each day"}"#),
                "neither six fields nor a TimeSpan",
            ),
        ],
    );
    let connection = trigger(
        r#"{"type": "queueTrigger", "name": "q", "queueName": "abc", "connection": "Storage"}"#,
    );
    let given = [
        ("f/function.json", &*connection),
        ("local.settings.json", r#"{"Values": {}}"#),
    ];
    finds(
        Severity::Error,
        &given,
        "f/function.json",
        "\"Storage\", is not in local.settings.json",
    );
    let route = http(r#", "route": "shop/{id}""#);
    let given = [
        ("item_all/function.json", &*route),
        ("items/function.json", &*route),
    ];
    finds(
        Severity::Error,
        &given,
        "item_all/function.json",
        "the function items has the same route and method",
    );
}

#[test]
fn what_stops_the_whole_app() {
    each_host_finds(
        Severity::Error,
        &[
            (
                host("extensions", json!({"http": {"routePrefix": "v1/"}})),
                "the routePrefix \"v1/\" ends with a slash or has two in a row: write \"v1\"",
            ),
            (
                host("extensions", json!({"http": {"routePrefix": "a//b"}})),
                "write \"a/b\"",
            ),
            (
                host("version", Value::Null),
                "it has no version: write \"version\": \"2.0\"",
            ),
            (
                host("version", json!(2.0)),
                "it has \"version\": 2.0: write",
            ),
            (
                host("version", json!("2.0.0")),
                "it has \"version\": \"2.0.0\": write",
            ),
            (
                HOST.replace("\"version\": \"2.0\"", "\"Version\": \"2.0\""),
                "it has \"Version\": \"2.0\": write",
            ),
            (
                host("customHandler", Value::Null),
                "it has no customHandler: write",
            ),
            (
                host(
                    "customHandler.description.defaultExecutablePath",
                    Value::Null,
                ),
                "customHandler has no defaultExecutablePath: write",
            ),
            (
                host("functionTimeout", json!("5 minutes")),
                "functionTimeout is \"5 minutes\", and the whole app does not start",
            ),
            (
                host("functionTimeout", json!(300)),
                "functionTimeout is 300, and the whole app does not start",
            ),
            (
                host("extensions", json!({"queues": {"batchSize": 50}})),
                "batchSize is 50, and the whole app does not start: write a number from 1 to 32",
            ),
            (
                host("extensions", json!({"queues": {"maxDequeueCount": 0}})),
                "maxDequeueCount is 0, and the whole app does not start",
            ),
            (
                host(
                    "extensions",
                    json!({"queues": {"messageEncoding": "base32"}}),
                ),
                "write \"base64\" or \"none\"",
            ),
            (
                host("customHandler.enableProxyingHttpRequest", json!("yes")),
                "write true or false",
            ),
            (
                host("extensionBundle.version", Value::Null),
                "the extensionBundle has no version",
            ),
            (
                host("customHandler.http", json!({"routes": []})),
                "exclude each other",
            ),
        ],
    );
    each_finds(
        Severity::Error,
        &[
            (
                http(r#", "route": "a/{id:itn}""#),
                "there is no route constraint \"itn\", and the whole app does not start",
            ),
            (
                trigger(r#"{"type": "queueTrigger", "name": "q"}"#),
                "has no queueName, and the whole app does not start",
            ),
            (
                trigger(r#"{"type": "queueTrigger", "name": "q", "queue": "orders"}"#),
                "does not know \"queue\" of \"q\", and does not run the function: write \"queueName\"",
            ),
        ],
    );
}

#[test]
fn what_is_not_said_and_does_not_work() {
    each_host_finds(
        Severity::Error,
        &[
            (
                host(
                    "customHandler.description.workingDirectory",
                    json!("nowhere"),
                ),
                "\"nowhere\" is not a folder of the app: the handler does not start, and requests hang",
            ),
            (
                HOST.replace("\"customHandler\"", "\"customHandlers\""),
                "it has no customHandler: write",
            ),
        ],
    );
    each_host_finds(
        Severity::Note,
        &[
            (
                host("customHandler.description.arguments", json!("-p 1")),
                "arguments is not a list, and the handler starts without them",
            ),
            (
                host("customHandler.description.args", json!(["-p"])),
                "does not read customHandler.description.args: write \"arguments\"",
            ),
            (
                host(
                    "customHandler.description.enableForwardingHttpRequest",
                    json!(true),
                ),
                "does not read customHandler.description.enableForwardingHttpRequest: write it in customHandler",
            ),
            (
                host("customHandler.enableProxyHttpRequest", json!(true)),
                "does not read customHandler.enableProxyHttpRequest: write \"enableProxyingHttpRequest\"",
            ),
            (
                HOST.replace("\"customHandler\"", "\"httpWorker\""),
                "httpWorker works for now, with payloads only: write \"customHandler\"",
            ),
            (
                host("http", json!({"routePrefix": ""})),
                "does not read http: write \"extensions\"",
            ),
            (
                host(
                    "customHandler.description.defaultExecutablePath",
                    json!("./handler"),
                ),
                "func packs it without its executable bit: write \"handler\"",
            ),
            (
                host("extensionBundle.version", json!("[3.*, 4.0.0)")),
                "is older than 4",
            ),
            (
                host("functionTimeuot", json!("00:05:00")),
                "does not read functionTimeuot: write \"functionTimeout\"",
            ),
            (
                host("extensions", json!({"queues": {"batchsise": 5}})),
                "does not read extensions.queues.batchsise: write \"batchSize\"",
            ),
        ],
    );
    each_finds(
        Severity::Note,
        &[(
            http("").replacen('{', r#"{"disabled": true,"#, 1),
            "the function runs all the same",
        )],
    );
}

#[test]
fn what_works() {
    for text in [
        format!("\u{feff}// comment\n{}", HOST.replace("}}", "},}")),
        HOST.replace('"', "'"),
        HOST.replace("customHandler", "CUSTOMHANDLER")
            .replace("extensionBundle", "ExtensionBundle"),
        HOST.replacen('{', r#"{"customHandler": 1, "#, 1),
        host("customHandler.enableProxyingHttpRequest", json!("true")),
        host(
            "customHandler.description.defaultExecutablePath",
            json!("./run.sh"),
        ),
        host("extensions", json!({"http": {"routePrefix": "/v1"}})),
        host("functionTimeout", json!("-1")),
    ] {
        let function =
            with(r#"{"Type": "Queue", "DIRECTION": "Out", "name": "o", "queuename": "out-queue"}"#);
        nothing_stops(&[("host.json", &text), ("f/function.json", &function)]);
    }
    nothing_stops(&[(
        "f/function.json",
        &http(r#", "authLevel": "Anonymous", "route": "a/{id:int?}""#),
    )]);
    for schedule in ["0 */5 * * * *", "*/1 * * * *", "00:00:07"] {
        let timer = json!({"type": "timerTrigger", "name": "t", "schedule": schedule}).to_string();
        assert_eq!(found(&[("f/function.json", &trigger(&timer))], None), []);
    }
}

#[test]
fn an_extension_bundle_is_needed_by_most_bindings() {
    let none = host("extensionBundle", Value::Null);
    let queue =
        with(r#"{"type": "queue", "direction": "out", "name": "o", "queueName": "out-queue"}"#);
    let given = [("host.json", &*none), ("f/function.json", &*queue)];
    finds(
        Severity::Error,
        &given,
        "host.json",
        "does not know the bindings of f, which does not run: write \"extensionBundle\"",
    );
    nothing_stops(&[("host.json", &none), ("f/function.json", &http(""))]);
    nothing_stops(&[
        ("host.json", &none),
        ("f/function.json", &queue),
        ("bin/extensions.json", "{}"),
    ]);
    for (version, is_old) in [
        ("[4.*, 5.0.0)", false),
        ("4.*", false),
        ("[1.*, 2.0.0)", true),
        ("[2.*, 5.0.0)", false),
        ("[3.3.0, 3.40]", true),
    ] {
        let text = host("extensionBundle.version", json!(version));
        assert_eq!(
            !found(&[("host.json", &text)], None).is_empty(),
            is_old,
            "{version}"
        );
    }
}

#[test]
fn a_binding_of_an_unknown_type_has_a_direction_too() {
    each_finds(
        Severity::Error,
        &[
            (
                trigger(r#"{"type": "quantumBus", "name": "q"}"#),
                "no binding triggers it",
            ),
            (
                with(r#"{"type": "quantumBus", "name": "$return"}"#),
                "\"$return\" is not an output",
            ),
            (
                with(r#"{"type": "quantumBus", "direction": "inout", "name": "q"}"#),
                "write two bindings",
            ),
            (
                trigger(r#"{"type": "quantumTrigger", "direction": "out", "name": "q"}"#),
                "write \"direction\": \"in\"",
            ),
            (
                trigger(
                    r#"{"type": "queueTrigger", "direction": "inout", "name": "q", "queueName": "abc"}"#,
                ),
                "write \"direction\": \"in\"",
            ),
        ],
    );
}

#[test]
fn a_script_file_that_is_there_is_not_used() {
    let text = http("").replacen('{', r#"{"scriptFile": "run.js","#, 1);
    let given = [("f/function.json", &*text), ("f/run.js", "")];
    finds(
        Severity::Note,
        &given,
        "f/function.json",
        "custom handlers have no scriptFile: delete it",
    );
}

#[test]
fn names_of_storage() {
    const AFTER: &str = "the work is done, and the invocation fails all the same";
    let out = |kind: &str, member: &str, name: &str| {
        with(&json!({"type": kind, "direction": "out", "name": "o", member: name}).to_string())
    };
    for (kind, member, name, is_taken) in [
        ("queue", "queueName", "orders-new", true),
        ("queue", "queueName", "orders-{id}", true),
        ("queue", "queueName", "{id}", true),
        ("queue", "queueName", "Orders_New", false),
        ("queue", "queueName", "or--ders", false),
        ("queue", "queueName", "{id}-", false),
        ("blob", "path", "probe-out/x", true),
        ("blob", "path", "$web/index.html", true),
        ("blob", "path", "{box}/{name}", true),
        ("blob", "path", "Probe_Out/x", false),
        ("blob", "path", "Upper/x", false),
        ("blob", "path", "probe-out", false),
        ("blob", "path", "probe-out/", false),
        ("blob", "path", "probe-out/a\\b", false),
        ("blob", "path", "probe-out/{id}.", false),
        ("table", "tableName", "orders", true),
        ("table", "tableName", "Orders{id}", true),
        ("table", "tableName", "or-ders", false),
        ("table", "tableName", "1st", false),
    ] {
        match is_taken {
            true => assert_eq!(
                found(&[("f/function.json", &out(kind, member, name))], None),
                [],
                "{name}"
            ),
            false => each_finds(Severity::Error, &[(out(kind, member, name), AFTER)]),
        }
    }
    each_finds(
        Severity::Note,
        &[(
            out("queue", "queueName", "Orders"),
            "small: write \"orders\"",
        )],
    );
    each_finds(
        Severity::Error,
        &[
            (
                with(r#"{"type": "blob", "name": "b", "path": "in-box"}"#),
                "every invocation fails before the function is called",
            ),
            (
                with(r#"{"type": "blob", "name": "b"}"#),
                "has no path, and every invocation fails",
            ),
            (
                with(r#"{"type": "queue", "direction": "out", "name": "b"}"#),
                "has no queueName, and every invocation fails",
            ),
            (
                trigger(r#"{"type": "blobTrigger", "name": "b", "path": "In_box/{name}"}"#),
                "the function does not run",
            ),
            (
                trigger(r#"{"type": "queueTrigger", "name": "b", "queueName": "%NO%"}"#),
                "%NO% in the queueName of \"b\" is a setting that neither",
            ),
        ],
    );
    let blob = r#"{"type": "blobTrigger", "source": "EventGrid", "name": "b", "path": "PATH"}"#;
    for path in ["in-box", "in-box/{name}.{ext}"] {
        assert_eq!(
            found(
                &[("f/function.json", &trigger(&blob.replace("PATH", path)))],
                None
            ),
            []
        );
    }
}

#[test]
fn expressions_have_to_come_from_somewhere() {
    let timer = |out: &str| {
        trigger(&format!(
            r#"{{"type": "timerTrigger", "name": "t", "schedule": "0 0 3 * * *"}},
            {{"type": "blob", "direction": "out", "name": "o", "path": "out-box/{out}"}}"#
        ))
    };
    each_finds(
        Severity::Error,
        &[
            (
                timer("{id}"),
                "nothing gives {id} in the path of \"o\" a value with a timerTrigger",
            ),
            (timer("{id"), "the path of \"o\": Invalid template"),
        ],
    );
    for path in ["{rand-guid}", "{DateTime:yyyy-MM-dd}", "{sys.utcnow}"] {
        assert_eq!(
            found(&[("f/function.json", &timer(path))], None),
            [],
            "{path}"
        );
    }
    let blob = |out: &str| {
        trigger(&format!(
            r#"{{"type": "blobTrigger", "source": "EventGrid", "name": "b", "path": "in-box/{{name}}"}},
            {{"type": "queue", "direction": "out", "name": "o", "queueName": "{out}"}}"#
        ))
    };
    assert_eq!(found(&[("f/function.json", &blob("q-{name}"))], None), []);
    each_finds(Severity::Error, &[(blob("q-{id}"), "nothing gives {id}")]);
}

#[test]
fn members_of_bindings() {
    let table = |members: &str| {
        with(&format!(
            r#"{{"type": "table", "name": "rows", "tableName": "orders", {members}}}"#
        ))
    };
    let out = |members: &str| table(&format!(r#""direction": "out", {members}"#));
    let cosmos = |members: &str| {
        with(&format!(
            r#"{{"type": "cosmosDB", "direction": "out", "name": "d", {members}}}"#
        ))
    };
    let queue = |members: &str| {
        with(&format!(
            r#"{{"type": "queue", "direction": "out", "name": "o", "queueName": "out-queue", {members}}}"#
        ))
    };
    let blob = |members: &str| {
        with(&format!(
            r#"{{"type": "blob", "name": "b", "path": "in-box/x", {members}}}"#
        ))
    };
    each_finds(
        Severity::Error,
        &[
            (
                table(r#""dataType": "binary""#),
                "dataType on the table \"rows\" fails every invocation",
            ),
            (
                table(r#""cardinality": "many""#),
                "cardinality on the table",
            ),
            (
                table(r#""take": "many""#),
                "the take of \"rows\" is \"many\", and the function does not run",
            ),
            (
                table(r#""filter": "Name eq {Query.x}""#),
                "{Query.x} in the filter of \"rows\" fails every invocation",
            ),
            (table(r#""filter": "Name eq {a.b}""#), "{a.b} in the filter"),
            (
                table(r#""direction": "inout""#),
                "is \"inout\", and the function gets \"null\"",
            ),
            (
                blob(r#""direction": "inout""#),
                "write two bindings, { \"direction\": \"in\", \"name\": \"b\" } and { \"direction\": \"out\", \"name\": \"bOut\" }",
            ),
            (
                queue(r#""dataType": "binary""#),
                "switches off that the host decodes base64",
            ),
            (
                queue(r#""dataType": "stream""#),
                "switches off that the host decodes base64",
            ),
            (
                blob(r#""dataType": "stream""#),
                "fails every invocation: write \"binary\"",
            ),
            (
                blob(r#""dataType": "bytes""#),
                "does not know the dataType \"bytes\"",
            ),
            (
                blob(r#""supportsDeferredBinding": true"#),
                "no custom handler can read through",
            ),
            (
                blob(r#""properties": {"supportsDeferredBinding": "True"}"#),
                "no custom handler can read through",
            ),
            (
                cosmos(r#""collectionName": "c""#),
                "does not know \"collectionName\" of \"d\", and does not run the function: write \"containerName\"",
            ),
            (
                cosmos(r#""connectionStringSetting": "c""#),
                "write \"connection\"",
            ),
            (
                trigger(r#"{"type": "cosmosDBTrigger", "name": "d", "leaseCollectionName": "c"}"#),
                "write \"leaseContainerName\"",
            ),
            (
                with(r#"{"type": "queue", "name": "o", "queueName": "out-queue"}"#),
                "has no direction, which is \"in\"",
            ),
        ],
    );
    each_finds(
        Severity::Note,
        &[
            (
                table(r#""partitionKey": "p", "rowKey": "r""#),
                "ignores the rowKey of \"rows\"",
            ),
            (out(r#""rowKey": "r""#), "a rowKey and no partitionKey"),
            (
                table(r#""partitionKey": "p", "filter": "a eq 1 or b eq 2""#),
                "reads other partitions",
            ),
            (
                queue(r#""conection": "AzureWebJobsStorage""#),
                "does not read \"conection\" of \"o\": write \"connection\"",
            ),
            (
                http(r#", "rout": "x""#),
                "does not read \"rout\" of \"req\": write \"route\"",
            ),
            (http(r#", "athlevel": "function""#), "write \"authLevel\""),
        ],
    );
    for text in [
        queue(r#""dataType": "string""#),
        blob(r#""dataType": "binary""#),
        table(r#""take": 0, "filter": "a eq {name}""#),
    ] {
        assert_eq!(found(&[("f/function.json", &text)], None), []);
    }
}

/// [`tests/template/tables/schedules.json`]: what the host's own library refuses, and all else that
/// it takes.
#[test]
fn schedules_are_those_that_the_host_takes() {
    let table = files::json("tables/schedules.json");
    let mut refused = 0;
    for case in table.as_array().expect("a list") {
        let schedule = case["schedule"].as_str().expect("a schedule");
        let timer = json!({"type": "timerTrigger", "name": "t", "schedule": schedule});
        let findings = found(&[("f/function.json", &trigger(&timer.to_string()))], None);
        let is_refused = case["kind"] == "refused";
        assert_eq!(
            findings.iter().any(Finding::is_error),
            is_refused,
            "{case}: {findings:?}"
        );
        refused += usize::from(is_refused);
    }
    assert!(refused > 10);
    let note = |schedule: &str, words: &str| {
        let timer = json!({"type": "timerTrigger", "name": "t", "schedule": schedule});
        each_finds(Severity::Note, &[(trigger(&timer.to_string()), words)]);
    };
    note("24:00:00", "is 24 days, not 24 hours: write \"1.00:00:00\"");
    note("5", "is 5 days, not 5 hours");
    note("0 0 0 30 2 *", "never comes");
    note("00:00:00", "without a pause");
}

#[test]
fn functions_that_hide_each_other() {
    let of = |a: &str, b: &str| {
        let [a, b] = [a, b].map(|route| http(&format!(r#", "route": "{route}""#)));
        found(&[("a/function.json", &a), ("b/function.json", &b)], None)
    };
    for (first, then, expected) in [
        ("products/{id}", "products/list", Some(Severity::Error)),
        ("{*rest}", "products/list", Some(Severity::Error)),
        ("a/{*rest}", "a", Some(Severity::Error)),
        ("a/{*rest}", "a/{id:int}/{x?}", Some(Severity::Error)),
        ("a/{id?}", "a", Some(Severity::Error)),
        ("a/{id:int}", "a/5", Some(Severity::Error)),
        ("a/{id}", "a/{id:int}", Some(Severity::Error)),
        ("a/{x}/{y?}", "a/{z}", Some(Severity::Error)),
        ("products/{id:int}", "products/{name}", Some(Severity::Note)),
        ("products/list", "products/{id}", Some(Severity::Note)),
        ("a/{x}", "a/{y?}", Some(Severity::Note)),
        ("a/{x}", "a/{*rest}", Some(Severity::Note)),
        ("a/{id:int}", "a/list", None),
        ("a/{id:int}", "a/{name:alpha}", None),
        ("a/{name:alpha}", "a/{id:range(1,5)}", None),
        ("a/{id}", "b/{id}", None),
        ("a/{id}", "a/{id}/x", None),
    ] {
        let findings = of(first, then);
        let severity = findings.first().map(|finding| finding.severity);
        assert_eq!(
            (severity, findings.len()),
            (expected, usize::from(expected.is_some())),
            "{first} {then}: {findings:?}"
        );
        if let Some(finding) = findings.first() {
            let order = format!("the host asks a (/api/{first}) before b (/api/{then})");
            assert!(
                finding.file == "b/function.json" && finding.what.contains(&order),
                "{finding}"
            );
        }
    }
    let [a, b] =
        ["get", "post"].map(|method| http(r#", "route": "x/{id}""#).replace("get", method));
    let both = http(r#", "route": "x/{name}/""#).replace("\"get\"", "\"get\", \"post\"");
    assert_eq!(
        found(&[("a/function.json", &a), ("b/function.json", &b)], None),
        [],
        "other methods"
    );
    let list = both.replace("{name}/", "list");
    let findings = found(&[("a/function.json", &b), ("b/function.json", &list)], None);
    assert!(
        findings.len() == 1 && findings[0].severity == Severity::Note,
        "{findings:?}"
    );
    assert!(
        findings[0].what.contains("those requests (POST)"),
        "{findings:?}"
    );
    // `_` comes after all letters.
    let findings = found(
        &[
            ("item_all/function.json", &http(r#", "route": "x/y""#)),
            ("items/function.json", &a),
        ],
        None,
    );
    assert!(
        findings.len() == 1 && findings[0].file == "item_all/function.json",
        "{findings:?}"
    );
}

#[test]
fn functions_on_one_queue() {
    let one = trigger(
        r#"{"type": "queueTrigger", "name": "q", "queueName": "orders", "connection": "AzureWebJobsStorage"}"#,
    );
    let other = trigger(r#"{"type": "queueTrigger", "name": "q", "queueName": "Orders"}"#)
        .replace("Orders", "orders");
    let given = [("a/function.json", &*one), ("b/function.json", &*other)];
    finds(
        Severity::Note,
        &given,
        "b/function.json",
        "a and b are triggered by one queue, \"orders\"",
    );
    let elsewhere = one.replace("AzureWebJobsStorage", "Other");
    assert_eq!(
        found(
            &[("a/function.json", &elsewhere), ("b/function.json", &other)],
            None
        ),
        []
    );
}

#[test]
fn files_that_nothing_names() {
    let files = [
        (
            "src/functions/mod.rs",
            "mod shop;\nmod r#match;\n// mod lost;\n",
        ),
        ("src/functions/shop.rs", ""),
        ("src/functions/match.rs", ""),
        ("src/functions/lost.rs", ""),
        ("src/functions/room/mod.rs", ""),
        ("src/functions/data/prices.txt", ""),
        ("tests/functions/main.rs", "mod shop;"),
        ("tests/functions/shop.rs", ""),
        ("tests/functions/order.rs", ""),
    ];
    let lines: Vec<String> = found(&files, None).iter().map(Finding::to_string).collect();
    assert_eq!(
        lines,
        [
            "src/functions/lost.rs: note: src/functions/mod.rs does not name it, so it is not compiled: write mod lost; there",
            "src/functions/room: note: src/functions/mod.rs does not name it, so it is not compiled: write mod room; there",
            "tests/functions/order.rs: note: tests/functions/main.rs does not name it, so its tests never run: write mod order; there",
        ]
    );
}

#[test]
fn triggers_that_take_what_the_function_returns() {
    for kind in [
        "activityTrigger",
        "orchestrationTrigger",
        "entityTrigger",
        "mcpResourceTrigger",
    ] {
        let text = trigger(
            &json!({"type": kind, "name": "context", "uri": "a", "resourceName": "a"}).to_string(),
        );
        for outputs in [json!(["$return"]), json!([])] {
            let table = json!([{"name": "f", "outputs": outputs, "kind": {"Trigger": {"binding": "context"}}}]);
            assert_eq!(
                found(&[("f/function.json", &text)], Some(&table.to_string())),
                [],
                "{kind}"
            );
        }
    }
    let text = trigger(r#"{"type": "eventGridTrigger", "name": "context"}"#);
    let table =
        r#"[{"name": "f", "outputs": ["$return"], "kind": {"Trigger": {"binding": "context"}}}]"#;
    let findings = found(&[("f/function.json", &text)], Some(table));
    assert!(
        findings.len() == 1
            && findings[0]
                .what
                .contains("sets the outputs $return, and function.json has none"),
        "{findings:?}"
    );
}
