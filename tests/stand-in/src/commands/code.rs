//! The Rust of a new function and of its test: the files in `tests/stand-in/templates`, with the
//! function's own names, inputs and outputs.

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

/// The texts of the template of a function and of that of its test.
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

/// What the metadata of a message say besides, by its trigger.
const METADATA: [(&str, &str); 3] = [
    ("queueTrigger", "DequeueCount"),
    ("serviceBusTrigger", "DeliveryCount"),
    ("eventHubTrigger", "SequenceNumber"),
];

/// For each type of output the members of the object that a function sets, none where it sets the
/// text or the bytes, and how its test finds them.
const OUTPUTS: [(&str, &[&str], &str); 7] = [
    ("queue", &[], r#"app.queue("PLACE_"), [text]"#),
    (
        "serviceBus",
        &[],
        r#"app.outputs("NAME_", "BINDING_"), [text]"#,
    ),
    (
        "eventHub",
        &[],
        r#"app.outputs("NAME_", "BINDING_"), [text]"#,
    ),
    (
        "blob",
        &[],
        r#"app.outputs("NAME_", "BINDING_"), [STORED_]"#,
    ),
    (
        "table",
        &[
            r#""PartitionKey": "NAME_""#,
            r#""RowKey": INVOCATION_.id"#,
            r#""Value": text"#,
        ],
        r#"app.outputs("NAME_", "BINDING_")[0]["Value"], text"#,
    ),
    (
        "cosmosDB",
        &[r#""id": INVOCATION_.id"#, r#""value": text"#],
        r#"app.outputs("NAME_", "BINDING_")[0]["value"], text"#,
    ),
    (
        "eventGrid",
        &[
            r#""specversion": "1.0""#,
            r#""id": INVOCATION_.id"#,
            r#""source": "/NAME_""#,
            r#""type": "NAME_""#,
            r#""data": text"#,
        ],
        r#"app.outputs("NAME_", "BINDING_")[0]["data"], text"#,
    ),
];

/// How a function reads an input, what its test gives, and what is in the log then.
const INPUT: [&str; 3] = [
    r#"if let Some(value) = INVOCATION_.input("BINDING_")? {
        log::info(format_args!("BINDING_: {} bytes", value.text().len()));
    }"#,
    r#"json!("given")"#,
    "BINDING_: 5 bytes",
];

/// The same of a table's rows, which are always a list.
const ROWS: [&str; 3] = [
    r#"if let Some(rows) = INVOCATION_.input("BINDING_")? {
        let rows: Vec<serde_json::Value> = rows.json()?;
        log::info(format_args!("BINDING_: {} rows", rows.len()));
    }"#,
    r#"json!([{"PartitionKey": "NAME_", "RowKey": "1"}])"#,
    "BINDING_: 1 rows",
];

/// The text of `src/functions/<file>.rs` and that of `tests/functions/<file>.rs`. `prefix` is
/// host.json's, with its slashes.
pub fn of(function: &Function, prefix: &str) -> (String, String) {
    let trigger = function.trigger();
    let (code, test) = template(trigger);
    let (mut code, mut test) = match function.is_http() {
        true => http(function, prefix, code, test),
        false => (code.to_owned(), test.replace("pub fn ", "#[test]\nfn ")),
    };
    let place = place(trigger);
    if trigger.is("queueTrigger") && !place.contains('%') {
        test = test.replace(
            "app.trigger(\"NAME_\", text.into())",
            "app.send(\"PLACE_\", text)",
        );
    }
    if let Some((_, metadata)) = METADATA.iter().find(|(kind, _)| trigger.is(kind)) {
        code = code.replace("METADATA_", metadata);
    }
    let place = if place.is_empty() {
        "its trigger"
    } else {
        &place
    };
    let module = names::module(&names::file(&function.name));
    let named = |text: &str| {
        text.replace("PLACE_", place)
            .replace("TOOL_", trigger.text("toolName"))
            .replace("super::FUNCTION_", &format!("app::functions::{module}"))
            .replace("NAME_", &function.name)
    };
    let (code, test) = (with_bindings(function, &code), tested(function, &test));
    (laid_out(&named(&code)), laid_out(&named(&test)))
}

/// The function with its inputs and outputs.
fn with_bindings(function: &Function, code: &str) -> String {
    // Each template ends with its response.
    let (body, response) = code.rsplit_once("\n    Ok(").unwrap_or((code, ""));
    let response = response.trim_end_matches(")\n}\n");
    let text = match body.contains("let text = format!(") {
        true => "text.as_str()",
        false => "text",
    };
    let bytes = match body.contains("let bytes =") {
        true => "bytes.as_slice()",
        false => text,
    };
    let (mut statements, mut calls, mut unset) = (String::new(), String::new(), Vec::new());
    for input in function.inputs() {
        let [code, ..] = if input.is("table") { ROWS } else { INPUT };
        statements += &format!("\n    {}", code.replace("BINDING_", &input.name));
    }
    for output in function.listed_outputs() {
        let name = output.name.as_str();
        let Some((kind, members, _)) = OUTPUTS.iter().find(|(kind, ..)| output.is(kind)) else {
            unset.push(name);
            continue;
        };
        let value = if members.is_empty() {
            if *kind == "blob" { bytes } else { text }.to_owned()
        } else {
            let variable = match name {
                "$return" => "value".to_owned(),
                name => names::module(&names::file(name)),
            };
            let members: String = members
                .iter()
                .map(|member| format!("\n        {member},"))
                .collect();
            statements += &format!("\n    let {variable} = json!({{{members}\n    }});");
            format!("Output::raw(&{variable})?")
        };
        calls += &match name {
            "$return" => format!(".return_value({value})"),
            name => format!(".output(\"{name}\", {value})"),
        };
    }
    let invocation = match (function.is_http(), function.is_tool()) {
        (true, _) => "request.invocation",
        (_, true) => "call",
        _ => "invocation",
    };
    let statements = statements.replace("INVOCATION_", invocation);
    let mut code = format!("{body}{statements}\n    Ok({response}{calls})\n}}\n");
    if !unset.is_empty() {
        let unset = unset.join(", ");
        let doc =
            format!("/// It has more outputs: set each of {unset} with `.output(name, value)`.");
        code = code.replacen("pub fn run", &format!("{doc}\npub fn run"), 1);
    }
    if !calls.contains("Output") {
        return code;
    }
    let code = code.replacen("Response, Result", "Output, Response, Result", 1);
    with_json(&code.replace("use serde_json::Value;", "use serde_json::{Value, json};"))
}

/// The test, with what it gives to inputs and finds in outputs.
fn tested(function: &Function, test: &str) -> String {
    let (mut given, mut found) = (String::new(), String::new());
    for input in function.inputs() {
        let [_, value, logged] = if input.is("table") { ROWS } else { INPUT };
        let (value, name) = (value.replace("BINDING_", &input.name), &input.name);
        given += &format!("    app.input(\"NAME_\", \"{name}\", {value});\n");
        let logged = logged.replace("BINDING_", name);
        found += &format!("    assert!(logs.contains(\"{logged}\"), \"{{logs}}\");\n");
    }
    if !found.is_empty() {
        found = format!("    let logs = app.logs().join(\"\\n\");\n{found}");
    }
    let stored = if test.contains("bytes, text") {
        "bytes"
    } else {
        "text"
    };
    for output in function.listed_outputs() {
        let place = place(output);
        // Which queue a setting names is not known here.
        let is_known = !output.is("queue") || !place.contains('%');
        if let (Some((_, _, check)), true) =
            (OUTPUTS.iter().find(|(kind, ..)| output.is(kind)), is_known)
        {
            let check = check
                .replace("PLACE_", &place)
                .replace("BINDING_", &output.name);
            found += &format!("    assert_eq!({});\n", check.replace("STORED_", stored));
        }
    }
    const START: &str = "    let app = App::start();\n";
    let test = test.replacen(START, &format!("{START}{given}"), 1);
    let test = format!("{}{found}}}\n", test.trim_end_matches("}\n"));
    if given.is_empty() {
        test
    } else {
        with_json(&test)
    }
}

/// The code and the test of an HTTP function, with its route and methods.
fn http(function: &Function, prefix: &str, code: &str, test: &str) -> (String, String) {
    let route = Template::parse(function.route_below());
    let (parameters, path) = route.map_or_else(|_| Default::default(), |route| route.example());
    let mut path = format!("{}{path}", prefix.trim_end_matches('/'));
    let read: Vec<_> = parameters
        .iter()
        .map(|(name, _)| format!("request.param({name:?})?"))
        .collect();
    let read = match &read[..] {
        [] => r#"request.query("item").unwrap_or_default()"#.to_owned(),
        [one] => format!("{one}.unwrap_or_default()"),
        all => format!(
            "[{}].map(Option::unwrap_or_default).join(\"/\")",
            all.join(", ")
        ),
    };
    let values = parameters
        .iter()
        .map(|(_, value)| value.as_deref().unwrap_or_default());
    let mut item = values.collect::<Vec<_>>().join("/");
    if parameters.is_empty() {
        (path, item) = (path + "?item=pen", "pen".into());
    }
    let methods = function.methods();
    let is_one = |method: &str| methods.is_empty() || methods.iter().any(|one| one == method);
    let call = match methods.iter().find(|method| *method != "HEAD") {
        _ if is_one("GET") => format!("app.get({path:?})"),
        _ if is_one("POST") => format!("app.post({path:?}, \"\")"),
        other => {
            let method = other.map_or("HEAD", String::as_str);
            format!("app.call({method:?}, {path:?}, &[], \"\")")
        }
    };
    let mut test = test
        .replace("pub fn ", "#[test]\nfn ")
        .replace(r#"app.get("PATH_?item=pen")"#, &call)
        .replace("asked for pen", &format!("asked for {item}"))
        .replace(r#""pen""#, &format!("{item:?}"));
    if call.contains("HEAD") {
        test = test.replace(
            &format!("    assert_eq!(answer.json()[\"item\"], {item:?});\n"),
            "",
        );
    }
    (
        code.replace(r#"request.query("item").unwrap_or_default()"#, &read),
        test,
    )
}

/// Where a binding's values come from or go to; empty where its members do not say it. As in a Rust
/// string.
fn place(binding: &Binding) -> String {
    let members = ["queueName", "topicName", "eventHubName", "path", "schedule"];
    let mut places = members.map(|member| binding.text(member)).into_iter();
    let place = places.find(|place| !place.is_empty()).unwrap_or_default();
    place.escape_debug().to_string()
}

/// The code, which may write `json!`.
fn with_json(code: &str) -> String {
    let Some(first) = code.find("use ").filter(|_| !code.contains("json};")) else {
        return code.to_owned();
    };
    match code.contains("use serde_json::json;") {
        true => code.to_owned(),
        false => [&code[..first], "use serde_json::json;\n", &code[first..]].concat(),
    }
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
        output.status.success().then_some(output.stdout)
    };
    let laid_out = rustfmt().and_then(|text| String::from_utf8(text).ok());
    laid_out.unwrap_or_else(|| code.to_owned())
}
