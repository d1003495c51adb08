//! The Rust of a new function and of its test: something to start from, which compiles without a
//! warning and which rustfmt leaves as it is.

use crate::app::function::{Binding, Function};
use crate::app::table::{self, Call};
use crate::commands::templates::{Parts, quoted, test_of};

/// The text of `src/functions/<file>.rs` and that of `tests/functions/<file>.rs`. `prefix` is
/// host.json's, with its slashes.
pub fn of(function: &Function, prefix: &str) -> (String, String) {
    let parts = Parts::of(function, prefix);
    (code(function, &parts), test(function, &parts))
}

/// What an output takes.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// A text, which is a message.
    Text,
    /// Bytes.
    Blob,
    Row,
    Document,
    Event,
    /// It is left to the function's author.
    Unknown,
}

fn form(output: &Binding) -> Form {
    let forms = [
        ("queue", Form::Text),
        ("serviceBus", Form::Text),
        ("eventHub", Form::Text),
        ("blob", Form::Blob),
        ("table", Form::Row),
        ("cosmosDB", Form::Document),
        ("eventGrid", Form::Event),
    ];
    forms
        .into_iter()
        .find(|(kind, _)| output.is(kind))
        .map_or(Form::Unknown, |(_, form)| form)
}

fn code(function: &Function, parts: &Parts) -> String {
    let Parts {
        invocation,
        text,
        bytes,
        value,
        cell,
        ..
    } = parts;
    let name = &function.name;
    let [mut crate_uses, serde_uses, mut json_uses] = parts.uses.clone();
    let (mut body, mut calls, mut unset) = (parts.body.clone(), Vec::new(), Vec::new());
    for input in function.inputs() {
        let input = &input.name;
        body += &format!("    if let Some(value) = {invocation}.input(\"{input}\")? {{\n");
        body += &format!(
            "        log::info(format_args!(\"{input}: {{}} bytes\", value.text().len()));\n    }}\n"
        );
    }
    let outputs: Vec<&Binding> = function.listed_outputs().collect();
    for (place, output) in outputs.iter().enumerate() {
        let earlier = outputs[..place]
            .iter()
            .filter(|earlier| form(earlier) == form(output))
            .count();
        let number = if earlier == 0 {
            String::new()
        } else {
            (earlier + 1).to_string()
        };
        let variable = match form(output) {
            Form::Row => format!("row{number}"),
            Form::Document => format!("document{number}"),
            _ => format!("cloud_event{number}"),
        };
        let members = match form(output) {
            Form::Row => format!(
                "\"PartitionKey\": \"{name}\",\n        \"RowKey\": {invocation}.id,\n        \"Value\": {cell},"
            ),
            Form::Document => format!("\"id\": {invocation}.id,\n        \"value\": {value},"),
            Form::Event => format!(
                "\"specversion\": \"1.0\",\n        \"id\": {invocation}.id,\n        \"source\": \"/{name}\",\n        \
                 \"type\": \"{name}\",\n        \"data\": {value},"
            ),
            _ => String::new(),
        };
        if !members.is_empty() {
            body += &format!("    let {variable} = json!({{\n        {members}\n    }});\n");
            json_uses.push("json");
        }
        let value = match form(output) {
            Form::Text => (*text).to_owned(),
            Form::Blob => (*bytes).to_owned(),
            Form::Row | Form::Document | Form::Event => format!("Output::raw(&{variable})?"),
            Form::Unknown => {
                unset.push(output.name.clone());
                continue;
            }
        };
        if value.starts_with("Output") {
            crate_uses.push("Output");
        }
        calls.push(match output.name.as_str() {
            "$return" => format!(".return_value({value})"),
            name => format!(".output(\"{name}\", {value})"),
        });
    }
    let is_http = function.is_http();
    if is_http && !calls.is_empty() {
        crate_uses.push("Response");
    }
    let doc = match unset.is_empty() {
        true => String::new(),
        false => format!(
            "/// It has more outputs: set each of {} with `.output(name, value)`.\n",
            unset.join(", ")
        ),
    };
    let uses = |of: &str, mut names: Vec<&str>| {
        names.sort_unstable();
        names.dedup();
        match names[..] {
            [] => String::new(),
            [name] => format!("use {of}::{name};\n"),
            _ => format!("use {of}::{{{}}};\n", names.join(", ")),
        }
    };
    let argument = if is_http {
        "request: HttpRequest"
    } else {
        "invocation: Invocation"
    };
    let response = match is_http && calls.is_empty() {
        true => "    Ok(HttpResponse::json(&item)?.into())\n".into(),
        false => chain(parts.response, &calls),
    };
    format!(
        "//! `{name}`: {}.\n\n{}{}{}\n{}\n{doc}pub fn run({argument}) -> Result {{\n{body}{response}}}\n",
        parts.does,
        uses("crate", crate_uses),
        uses("serde", serde_uses),
        uses("serde_json", json_uses),
        parts.items,
    )
}

/// `Ok(root.a().b())` in one line where it fits, else as rustfmt breaks it.
fn chain(root: &str, calls: &[String]) -> String {
    let line = format!("    Ok({root}{})\n", calls.concat());
    match line.trim_end().chars().count() <= table::WIDTH {
        true => line,
        false => format!("    Ok({root}\n        {})\n", calls.join("\n        ")),
    }
}

fn test(function: &Function, parts: &Parts) -> String {
    let name = quoted(&function.name);
    let mut body = parts.call.clone();
    if !parts.logged.is_empty() {
        body += "    assert_eq!(run.failure, None);\n";
        body += &format!(
            "    assert!(run.logs.iter().any(|line| line.contains(\"{}\")), \"{{:?}}\", run.logs);\n",
            parts.logged
        );
    }
    for output in function.listed_outputs() {
        let binding = quoted(&output.name);
        let queue = output.text("queueName");
        let written = Call::new("app.outputs", vec![name.clone(), binding.clone()]);
        // One line where it fits, else two statements.
        let assert = |member: &str, value: &str| {
            let line = format!(
                "    assert_eq!({}{member}, {value});\n",
                written.in_one_line()
            );
            let clone = if member.is_empty() {
                ";\n".into()
            } else {
                format!("{member}.clone();\n")
            };
            match line.trim_end().chars().count() <= table::WIDTH {
                true => line,
                false => {
                    written.laid_out("    let written = ", &clone)
                        + &format!("    assert_eq!(written, {value});\n")
                }
            }
        };
        let list = |value: &str| assert("", &format!("[json!({value})]"));
        let member = |member: &str, value: &str| {
            assert(&format!("[0][\"{member}\"]"), &format!("json!({value})"))
        };
        body += &match form(output) {
            Form::Text if output.is("queue") && !queue.contains('%') => {
                format!(
                    "    assert_eq!(app.queue({}), [{}]);\n",
                    quoted(queue),
                    parts.queued
                )
            }
            // Which queue a setting names is not known here.
            Form::Text if output.is("queue") => String::new(),
            // The host reads a text that is an object, and writes the object.
            Form::Text if parts.text.starts_with("Output::json") => list(&parts.written),
            Form::Text => list(&parts.queued),
            Form::Blob => list(&parts.stored),
            Form::Row if parts.cell == parts.value => member("Value", &parts.written),
            Form::Row => member("Value", &parts.stored),
            Form::Document => member("value", &parts.written),
            Form::Event => member("data", &parts.written),
            Form::Unknown => String::new(),
        };
    }
    let json = if [&body, &parts.more]
        .iter()
        .any(|text| text.contains("json!("))
    {
        "use serde_json::json;\n"
    } else {
        ""
    };
    format!(
        "{json}use stand_in::App;\n{}{}",
        test_of(parts.test, &body),
        parts.more
    )
}
