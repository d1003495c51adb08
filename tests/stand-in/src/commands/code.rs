//! Fills `tests/stand-in/templates` with a function's names, inputs and outputs.

use crate::app::function::{Binding, Function};
use crate::app::names;
use crate::host::routes::Template;
use std::io::Write;
use std::process::{Command, Stdio};

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("../../templates/", $name, ".rs"))
    };
}

/// The templates of the code and its test.
fn template(trigger: &Binding) -> [&'static str; 2] {
    match trigger.kind.to_ascii_lowercase().as_str() {
        "httptrigger" => [template!("http"), template!("tests/http")],
        "timertrigger" => [template!("timer"), template!("tests/timer")],
        "cosmosdbtrigger" => [template!("list"), template!("tests/list")],
        "mcptooltrigger" => [template!("tool"), template!("tests/tool")],
        _ if trigger.says("cardinality", "many") => [template!("list"), template!("tests/list")],
        "blobtrigger" => [template!("blob"), template!("tests/bytes")],
        _ if trigger.says("dataType", "binary") => [template!("bytes"), template!("tests/bytes")],
        "eventgridtrigger" => [template!("eventgrid"), template!("tests/eventgrid")],
        "queuetrigger" | "servicebustrigger" | "eventhubtrigger" => {
            [template!("queue"), template!("tests/text")]
        }
        _ => [template!("text"), template!("tests/text")],
    }
}

/// The texts of `src/functions/<file>.rs` and `tests/functions/<file>.rs`.
pub fn of(function: &Function) -> (String, String) {
    let trigger = function.trigger();
    let [code, test] = template(trigger);
    let (mut statements, mut calls) = (String::new(), String::new());
    let (mut given, mut found) = (String::new(), String::new());
    for input in function.inputs() {
        let name = &input.name;
        let (read, value, logged) = match input.is("table") {
            true => {
                let rows = r#"serde_json::json!([{"PartitionKey": "NAME_", "RowKey": "1"}])"#;
                (template!("inputs/table"), rows, "1 rows")
            }
            false => (template!("inputs/value"), r#""given".into()"#, "5 bytes"),
        };
        statements += &read.replace("BINDING_", name);
        given += &format!("app.input(\"NAME_\", \"{name}\", {value});\n");
        if found.is_empty() {
            found += "let logs = app.logs().join(\"\\n\");\n";
        }
        found += &format!("assert!(logs.contains(\"{name}: {logged}\"), \"{{logs}}\");\n");
    }
    let text = match code.contains("let text = format!(") {
        true => "text.as_str()",
        false => "text",
    };
    // A single output gets bytes, which may be many, without a copy.
    let blobs = function.listed_outputs().filter(|output| output.is("blob"));
    let (bytes, blob) = match (code.contains("let bytes ="), blobs.count()) {
        (true, 1) => ("bytes", "bytes"),
        (true, _) => ("bytes.as_slice()", "bytes"),
        (false, _) => (text, "text"),
    };
    for output in function.listed_outputs() {
        let (name, queue) = (output.name.as_str(), place(output));
        let variable = names::module(&names::file(&name.replace("$return", "value")));
        let written = format!("app.outputs(\"NAME_\", \"{name}\")");
        let object = |set: &'static str, member| {
            let equal = format!("{written}[0][\"{member}\"], text");
            (set, format!("Output::raw(&{variable})?"), equal)
        };
        let plain = |equal| ("", text.to_owned(), equal);
        let (set, value, equal) = match output.kind.to_ascii_lowercase().as_str() {
            "blob" => ("", bytes.to_owned(), format!("{written}, [{blob}]")),
            "queue" => plain(format!("app.queue(\"{queue}\"), [text]")),
            "servicebus" | "eventhub" => plain(format!("{written}, [text]")),
            "table" => object(template!("outputs/table"), "Value"),
            "cosmosdb" => object(template!("outputs/cosmosdb"), "value"),
            "eventgrid" => object(template!("outputs/eventgrid"), "data"),
            _ => {
                statements +=
                    &format!("    // Set the output {name}: .output(\"{name}\", value)\n");
                continue;
            }
        };
        statements += &set.replace("VARIABLE_", &variable);
        calls += &match name {
            "$return" => format!(".return_value({value})"),
            name => format!(".output(\"{name}\", {value})"),
        };
        // The setting's queue is not known here.
        if !output.is("queue") || !queue.contains('%') {
            found += &format!("assert_eq!({equal});\n");
        }
    }
    let import = match calls.contains("Output::") {
        true => " Output, Response,",
        false => " Response,",
    };
    let mut code = code
        .replace(" Response,", import)
        .replace("    // BINDINGS_\n", &statements)
        .replace(" /* OUTPUTS_ */", &calls);
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
    let place = match place.as_str() {
        "" => "its trigger",
        place => place,
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

/// Fills in what a function with an HTTP trigger reads, and what its test requests.
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

/// The queue, path or schedule, as in a Rust string; empty if there is none.
fn place(binding: &Binding) -> String {
    let members = ["queueName", "topicName", "eventHubName", "path", "schedule"];
    let places = members.map(|member| binding.text(member));
    let place = places.into_iter().find(|place| !place.is_empty());
    place.unwrap_or_default().escape_debug().to_string()
}

/// Formats `after` if `before` was formatted.
pub fn like(before: &str, after: String) -> String {
    match laid_out(before) == before {
        true => laid_out(&after),
        false => after,
    }
}

/// Formats code; unchanged if rustfmt is not installed.
fn laid_out(code: &str) -> String {
    let rustfmt = || {
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.args(["--edition", "2024"]).stderr(Stdio::null());
        rustfmt.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut rustfmt = rustfmt.spawn().ok()?;
        // rustfmt reads all before it writes.
        rustfmt.stdin.take()?.write_all(code.as_bytes()).ok()?;
        let output = rustfmt.wait_with_output().ok()?;
        match output.status.success() {
            true => String::from_utf8(output.stdout).ok(),
            false => None,
        }
    };
    rustfmt().unwrap_or_else(|| code.to_owned())
}
