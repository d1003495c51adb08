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

/// The types of outputs that a function sets to its text, or to its bytes.
const PLAIN: [&str; 4] = ["queue", "serviceBus", "eventHub", "blob"];

/// The types that it sets to an object, and the member of that which holds the text.
const OBJECTS: [(&str, &str, &str); 3] = [
    (
        "table",
        r#"{
        "PartitionKey": "NAME_",
        "RowKey": INVOCATION_.id,
        "Value": text,
    }"#,
        "Value",
    ),
    (
        "cosmosDB",
        r#"{
        "id": INVOCATION_.id,
        "value": text,
    }"#,
        "value",
    ),
    (
        "eventGrid",
        r#"{
        "specversion": "1.0",
        "id": INVOCATION_.id,
        "source": "/NAME_",
        "type": "NAME_",
        "data": text,
    }"#,
        "data",
    ),
];

/// How a function reads an input, what its test gives, and what is in the log then.
const INPUT: [&str; 3] = [
    r#"
    if let Some(value) = INVOCATION_.input("BINDING_")? {
        log::info(format_args!("BINDING_: {} bytes", value.text().len()));
    }"#,
    r#""given".into()"#,
    "BINDING_: 5 bytes",
];

/// The same of a table's rows, which are always a list.
const ROWS: [&str; 3] = [
    r#"
    if let Some(rows) = INVOCATION_.input("BINDING_")? {
        let rows: Vec<serde_json::Value> = rows.json()?;
        log::info(format_args!("BINDING_: {} rows", rows.len()));
    }"#,
    r#"serde_json::json!([{"PartitionKey": "NAME_", "RowKey": "1"}])"#,
    "BINDING_: 1 rows",
];

/// The text of `src/functions/<file>.rs` and that of `tests/functions/<file>.rs`.
pub fn of(function: &Function) -> (String, String) {
    let trigger = function.trigger();
    let (code, test) = template(trigger);
    let (mut code, mut test) = (code.to_owned(), test.replace("pub fn ", "#[test]\nfn "));
    if function.is_http() {
        (code, test) = http(function, &code, &test);
    }
    let place = place(trigger);
    if trigger.is("queueTrigger") && !place.contains('%') {
        let by_hand = r#"app.trigger("NAME_", text.into())"#;
        test = test.replace(by_hand, r#"app.send("PLACE_", text)"#);
    }
    if let Some((_, metadata)) = METADATA.iter().find(|(kind, _)| trigger.is(kind)) {
        code = code.replace("METADATA_", metadata);
    }
    let place = Some(place.as_str()).filter(|place| !place.is_empty());
    let module = names::module(&names::file(&function.name));
    let named = |text: &str| {
        text.replace("PLACE_", place.unwrap_or("its trigger"))
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
    // Bytes may be many: a single output gets them without a copy.
    let blobs = function.listed_outputs().filter(|output| output.is("blob"));
    let bytes = match (body.contains("let bytes ="), blobs.count()) {
        (true, 1) => "bytes",
        (true, _) => "bytes.as_slice()",
        (false, _) => text,
    };
    let (mut statements, mut calls, mut unset) = (String::new(), String::new(), Vec::new());
    for input in function.inputs() {
        let [code, ..] = if input.is("table") { ROWS } else { INPUT };
        statements += &code.replace("BINDING_", &input.name);
    }
    for output in function.listed_outputs() {
        let name = output.name.as_str();
        let value = if let Some((_, object, _)) = OBJECTS.iter().find(|(kind, ..)| output.is(kind))
        {
            let variable = match name {
                "$return" => "value".to_owned(),
                name => names::module(&names::file(name)),
            };
            statements += &format!("\n    let {variable} = serde_json::json!({object});");
            format!("Output::raw(&{variable})?")
        } else if output.is("blob") {
            bytes.to_owned()
        } else if PLAIN.iter().any(|kind| output.is(kind)) {
            text.to_owned()
        } else {
            unset.push(name);
            continue;
        };
        calls += &match name {
            "$return" => format!(".return_value({value})"),
            name => format!(".output(\"{name}\", {value})"),
        };
    }
    let invocation = match function.is_http() {
        true => "request.invocation",
        false if function.is_tool() => "call",
        false => "invocation",
    };
    let statements = statements.replace("INVOCATION_", invocation);
    let mut code = format!("{body}{statements}\n    Ok({response}{calls})\n}}\n");
    if !unset.is_empty() {
        let unset = unset.join(", ");
        let doc =
            format!("/// It has more outputs: set each of {unset} with `.output(name, value)`.");
        code = code.replacen("pub fn run", &format!("{doc}\npub fn run"), 1);
    }
    match calls.contains("Output") {
        true => code.replacen("Response, Result", "Output, Response, Result", 1),
        false => code,
    }
}

/// The test, with what it gives to inputs and finds in outputs.
fn tested(function: &Function, test: &str) -> String {
    let (mut given, mut found) = (String::new(), String::new());
    for input in function.inputs() {
        let [_, value, logged] = if input.is("table") { ROWS } else { INPUT };
        let name = &input.name;
        given += &format!("    app.input(\"NAME_\", \"{name}\", {value});\n");
        let logged = logged.replace("BINDING_", name);
        found += &format!("    assert!(logs.contains(\"{logged}\"), \"{{logs}}\");\n");
    }
    if !found.is_empty() {
        found = format!("    let logs = app.logs().join(\"\\n\");\n{found}");
    }
    let bytes = match test.contains("bytes, text") {
        true => "bytes",
        false => "text",
    };
    for output in function.listed_outputs() {
        let (name, place) = (&output.name, place(output));
        let outputs = format!("app.outputs(\"NAME_\", \"{name}\")");
        let object = OBJECTS.iter().find(|(kind, ..)| output.is(kind));
        let equal = if let Some((_, _, member)) = object {
            format!("{outputs}[0][\"{member}\"], text")
        } else if output.is("blob") {
            format!("{outputs}, [{bytes}]")
        } else if output.is("queue") && !place.contains('%') {
            format!("app.queue(\"{place}\"), [text]")
        } else if output.is("serviceBus") || output.is("eventHub") {
            format!("{outputs}, [text]")
        } else {
            // Which queue a setting names is not known here.
            continue;
        };
        found += &format!("    assert_eq!({equal});\n");
    }
    const START: &str = "    let app = App::start();\n";
    let test = test.replacen(START, &format!("{START}{given}"), 1);
    format!("{}{found}}}\n", test.trim_end_matches("}\n"))
}

/// The code and the test of an HTTP function, with its route and methods.
fn http(function: &Function, code: &str, test: &str) -> (String, String) {
    let route = function.route.as_ref().map(Template::example);
    let (parameters, mut path) = route.unwrap_or_default();
    let read = |(name, _): &(String, _)| format!("request.param({name:?})?");
    let read: Vec<String> = parameters.iter().map(read).collect();
    let values = parameters.iter().map(|(_, value)| value.as_deref());
    let mut item = values
        .map(Option::unwrap_or_default)
        .collect::<Vec<_>>()
        .join("/");
    const QUERY: &str = r#"request.query("item").unwrap_or_default()"#;
    let read = match &read[..] {
        [] => {
            (path, item) = (path + "?item=pen", "pen".into());
            QUERY.to_owned()
        }
        [one] => format!("{one}.unwrap_or_default()"),
        all => {
            let all = all.join(", ");
            format!("[{all}].map(Option::unwrap_or_default).join(\"/\")")
        }
    };
    let methods = function.methods();
    let other = methods.iter().find(|method| *method != "HEAD");
    let other = other.map_or("HEAD", String::as_str);
    let usual = ["GET", "POST"].into_iter().find(|one| function.takes(one));
    let method = usual.unwrap_or(other);
    let call = match method {
        "GET" => format!("app.get({path:?})"),
        "POST" => format!("app.post({path:?}, \"\")"),
        _ => format!("app.call({method:?}, {path:?}, &[], \"\")"),
    };
    let mut test = test.replace(r#"app.get("PATH_?item=pen")"#, &call);
    if method == "HEAD" {
        test = test.replace("    assert_eq!(answer.json()[\"item\"], \"pen\");\n", "");
    }
    let test = test.replace("asked for pen", &format!("asked for {item}"));
    let test = test.replace(r#""pen""#, &format!("{item:?}"));
    (code.replace(QUERY, &read), test)
}

/// Where a binding's values come from or go to; empty where its members do not say it. As in a Rust
/// string.
fn place(binding: &Binding) -> String {
    let members = ["queueName", "topicName", "eventHubName", "path", "schedule"];
    let mut places = members.map(|member| binding.text(member)).into_iter();
    let place = places.find(|place| !place.is_empty()).unwrap_or_default();
    place.escape_debug().to_string()
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
