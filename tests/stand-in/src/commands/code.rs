//! The Rust of a new function and of its test: the files in `tests/stand-in/templates`, with the
//! function's own names, inputs and outputs in the place of `NAME_`, `BINDINGS_` and so on.

use crate::app::function::{Binding, Function};
use crate::app::names;
use crate::host::routes::Template;
use std::io::Write;
use std::process::{Command, Stdio};

macro_rules! template {
    ($code:literal, $test:literal) => {
        (
            include_str!(concat!("../../templates/", $code, ".rs")),
            include_str!(concat!("../../templates/tests/", $test, ".rs")),
        )
    };
}

/// The template of a function, and that of its test.
fn template(trigger: &Binding) -> (&'static str, &'static str) {
    match trigger.kind.to_ascii_lowercase().as_str() {
        "httptrigger" => template!("http", "http"),
        "timertrigger" => template!("timer", "timer"),
        "cosmosdbtrigger" => template!("list", "list"),
        "mcptooltrigger" => template!("tool", "tool"),
        _ if trigger.says("cardinality", "many") => template!("list", "list"),
        "blobtrigger" => template!("blob", "bytes"),
        _ if trigger.says("dataType", "binary") => template!("bytes", "bytes"),
        "eventgridtrigger" => template!("eventgrid", "eventgrid"),
        "queuetrigger" | "servicebustrigger" | "eventhubtrigger" => template!("queue", "text"),
        _ => template!("text", "text"),
    }
}

/// How a function reads an input, what its test gives, and what is in the log then.
const INPUT: [&str; 3] = [
    r#"    if let Some(value) = INVOCATION_.input("BINDING_")? {
        log::info(format_args!("BINDING_: {} bytes", value.text().len()));
    }
"#,
    r#""given".into()"#,
    "BINDING_: 5 bytes",
];

/// The same of a table's rows, which are always a list.
const ROWS: [&str; 3] = [
    r#"    if let Some(rows) = INVOCATION_.input("BINDING_")? {
        let rows: Vec<serde_json::Value> = rows.json()?;
        log::info(format_args!("BINDING_: {} rows", rows.len()));
    }
"#,
    r#"serde_json::json!([{"PartitionKey": "NAME_", "RowKey": "1"}])"#,
    "BINDING_: 1 rows",
];

/// The outputs that a function sets to an object: the member that holds its text, and the others.
const OBJECTS: [(&str, &str, &str); 3] = [
    (
        "table",
        "Value",
        r#""PartitionKey": "NAME_", "RowKey": INVOCATION_.id"#,
    ),
    ("cosmosDB", "value", r#""id": INVOCATION_.id"#),
    (
        "eventGrid",
        "data",
        r#""specversion": "1.0", "id": INVOCATION_.id, "source": "/NAME_", "type": "NAME_""#,
    ),
];

/// The text of `src/functions/<file>.rs` and that of `tests/functions/<file>.rs`.
pub fn of(function: &Function) -> (String, String) {
    let trigger = function.trigger();
    let (code, test) = template(trigger);
    let (mut statements, mut calls) = (String::new(), String::new());
    let (mut given, mut found) = (String::new(), String::new());
    for input in function.inputs() {
        let named = |text: &str| text.replace("BINDING_", &input.name);
        let [read, value, logged] = if input.is("table") { ROWS } else { INPUT }.map(named);
        statements += &read;
        given += &format!("app.input(\"NAME_\", \"{}\", {value});\n", input.name);
        if found.is_empty() {
            found += "let logs = app.logs().join(\"\\n\");\n";
        }
        found += &format!("assert!(logs.contains(\"{logged}\"), \"{{logs}}\");\n");
    }
    let text = match code.contains("let text = format!(") {
        true => "text.as_str()",
        false => "text",
    };
    // Bytes may be many: a single output gets them without a copy.
    let blobs = function.listed_outputs().filter(|output| output.is("blob"));
    let (bytes, bytes_found) = match (code.contains("let bytes ="), blobs.count()) {
        (true, 1) => ("bytes", "bytes"),
        (true, _) => ("bytes.as_slice()", "bytes"),
        (false, _) => (text, "text"),
    };
    for output in function.listed_outputs() {
        let (name, queue) = (&output.name, place(output));
        let outputs = format!("app.outputs(\"NAME_\", \"{name}\")");
        let object = OBJECTS.iter().find(|(kind, ..)| output.is(kind));
        let (value, equal) = if let Some((_, member, others)) = object {
            let variable = names::module(&names::file(&name.replace("$return", "value")));
            let members = others.replace(", ", ",\n        ");
            statements += &format!(
                "    let {variable} = serde_json::json!({{\n        {members},\n        \"{member}\": text,\n    }});\n"
            );
            let equal = format!("{outputs}[0][\"{member}\"], text");
            (format!("Output::raw(&{variable})?"), equal)
        } else if output.is("blob") {
            (bytes.to_owned(), format!("{outputs}, [{bytes_found}]"))
        } else if output.is("queue") {
            (text.to_owned(), format!("app.queue(\"{queue}\"), [text]"))
        } else if output.is("serviceBus") || output.is("eventHub") {
            (text.to_owned(), format!("{outputs}, [text]"))
        } else {
            statements += &format!("    // Set the output {name}: .output(\"{name}\", value)\n");
            continue;
        };
        calls += &match name.as_str() {
            "$return" => format!(".return_value({value})"),
            name => format!(".output(\"{name}\", {value})"),
        };
        // Which queue a setting names is not known here.
        if !output.is("queue") || !queue.contains('%') {
            found += &format!("assert_eq!({equal});\n");
        }
    }
    let mut code = code
        .replace("    // BINDINGS_\n", &statements)
        .replace(" /* OUTPUTS_ */", &calls);
    if calls.contains("Output::") {
        code = code.replacen(" Response,", " Output, Response,", 1);
    }
    let mut test = test
        .replace("pub fn ", "#[test]\nfn ")
        .replace("    // GIVEN_\n", &given)
        .replace("    // FOUND_\n", &found);
    if function.is_http() {
        (code, test) = requested(function, &code, &test);
    }
    let place = place(trigger);
    if trigger.is("queueTrigger") && !place.contains('%') {
        let by_hand = r#"app.trigger("NAME_", text.into())"#;
        test = test.replace(by_hand, r#"app.send("PLACE_", text)"#);
    }
    let (invocation, metadata) = match trigger.kind.to_ascii_lowercase().as_str() {
        "httptrigger" => ("request.invocation", ""),
        "mcptooltrigger" => ("call", ""),
        "servicebustrigger" => ("invocation", "DeliveryCount"),
        "eventhubtrigger" => ("invocation", "SequenceNumber"),
        _ => ("invocation", "DequeueCount"),
    };
    let place = if place.is_empty() {
        "its trigger"
    } else {
        &place
    };
    let module = names::module(&names::file(&function.name));
    [code, test]
        .map(|text| {
            let text = text
                .replace("INVOCATION_", invocation)
                .replace("METADATA_", metadata)
                .replace("PLACE_", place)
                .replace("TOOL_", trigger.text("toolName"))
                .replace("super::FUNCTION_", &format!("app::functions::{module}"))
                .replace("NAME_", &function.name);
            laid_out(&text)
        })
        .into()
}

/// The code and the test of an HTTP function, with its route and methods.
fn requested(function: &Function, code: &str, test: &str) -> (String, String) {
    let route = function.route.as_ref().map(Template::example);
    let (parameters, path) = route.unwrap_or_default();
    const QUERY: &str = r#"request.query("item")"#;
    let (read, path, item) = match parameters.into_iter().next() {
        None => (QUERY.to_owned(), path + "?item=pen", "pen".to_owned()),
        Some((name, value)) => {
            let read = format!("request.param({name:?})?");
            (read, path, value.unwrap_or_default())
        }
    };
    let methods = function.methods();
    let method = methods.iter().find(|method| *method != "HEAD");
    let call = match method.map_or("HEAD", String::as_str) {
        _ if function.takes("GET") => "app.get(\"PATH_\")".to_owned(),
        _ if function.takes("POST") => "app.post(\"PATH_\", \"\")".to_owned(),
        method => format!("app.call({method:?}, \"PATH_\", &[], \"\")"),
    };
    let mut test = test.replace("app.get(\"PATH_\")", &call);
    if call.contains("HEAD") {
        test = test.replace("    assert_eq!(answer.json()[\"item\"], \"ITEM_\");\n", "");
    }
    let quoted = |text: &str| text.escape_debug().to_string();
    let test = test.replace("PATH_", &quoted(&path));
    (
        code.replace(QUERY, &read),
        test.replace("ITEM_", &quoted(&item)),
    )
}

/// Where a binding's values come from or go to, as in a Rust string; empty where its members do not
/// say it.
fn place(binding: &Binding) -> String {
    let members = ["queueName", "topicName", "eventHubName", "path", "schedule"];
    let places = members.map(|member| binding.text(member));
    let place = places.into_iter().find(|place| !place.is_empty());
    place.unwrap_or_default().escape_debug().to_string()
}

/// The code as rustfmt lays it out; as it is where rustfmt is not installed.
pub fn laid_out(code: &str) -> String {
    let rustfmt = || {
        let mut rustfmt = Command::new("rustfmt")
            .args(["--edition", "2024"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        // It reads all before it writes.
        rustfmt.stdin.take()?.write_all(code.as_bytes()).ok()?;
        let output = rustfmt.wait_with_output().ok()?;
        let is_laid_out = output.status.success();
        String::from_utf8(output.stdout)
            .ok()
            .filter(|_| is_laid_out)
    };
    rustfmt().unwrap_or_else(|| code.to_owned())
}
