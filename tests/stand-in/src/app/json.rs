//! JSON as the host accepts it in host.json, function.json and local.settings.json: with comments,
//! single quotes, a trailing comma and a byte-order mark; names in any case, and the last of a
//! repeated name counts; `"true"` for true and `"5"` for 5.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstObject, CstObjectProp, CstRootNode};
use jsonc_parser::errors::ParseError;
use serde_json::Value;
use std::io::ErrorKind;
use std::path::Path;

/// Without the forms that the host refuses.
fn options() -> ParseOptions {
    ParseOptions {
        allow_missing_commas: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
        ..ParseOptions::default()
    }
}

/// The error names the file and the line.
pub fn read(root: &Path, file: &str) -> Result<Value, String> {
    let value = text(root, file).and_then(|text| parse(&text));
    value.map_err(|why| format!("{file}: {why}"))
}

/// The error does not name the file.
pub fn text(root: &Path, file: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(file)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no such file: write it, or git checkout {file}"),
        _ => error.to_string(),
    })
}

/// The error names the line: `line 3: Unexpected token`.
pub fn parse(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let parsed = jsonc_parser::parse_to_serde_value::<Option<Value>>(text, &options());
    let parsed = parsed.map_err(in_line)?;
    parsed.ok_or_else(|| "line 1: it holds no JSON value".into())
}

fn in_line(error: ParseError) -> String {
    format!("line {}: {}", error.line_display(), error.kind())
}

/// Edits an object. `None` if the text is not an object, or `edit` gives `None`.
pub fn edit(
    text: &str,
    edit: impl FnOnce(&CstObject) -> Option<()>,
) -> Result<Option<String>, String> {
    let json = text.trim_start_matches('\u{feff}');
    let root = CstRootNode::parse(json, &options()).map_err(in_line)?;
    let edited = root.object_value().and_then(|object| edit(&object));
    let mark = &text[..text.len() - json.len()];
    Ok(edited.map(|()| format!("{mark}{root}")))
}

/// The property that the host reads under this name: the last, in any case.
pub fn property(object: &CstObject, name: &str) -> Option<CstObjectProp> {
    let mut properties = object.properties().into_iter().rev();
    properties.find(|property| {
        let own = property.decoded_name();
        own.is_some_and(|own| own.eq_ignore_ascii_case(name))
    })
}

/// Empty if it is not an object.
pub fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

/// In any case; null if there is none.
pub fn member<'a>(object: &'a Value, name: &str) -> &'a Value {
    let in_any_case = || members(object).find(|(member, _)| member.eq_ignore_ascii_case(name));
    let member = object.get(name).or_else(|| Some(in_any_case()?.1));
    member.unwrap_or(&Value::Null)
}

/// A path has dots: `customHandler.description`.
pub fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(object, member)
}

/// The rests of the paths that begin with this name, in any case.
pub fn below<'a>(paths: &[&'a str], name: &str) -> Vec<&'a str> {
    let parts = paths.iter().filter_map(|path| path.split_once('.'));
    let below = parts.filter(|(first, _)| first.eq_ignore_ascii_case(name));
    below.map(|(_, rest)| rest).collect()
}

/// The paths of all members but the `followed` ones.
pub fn ignored(object: &Value, followed: &[&str]) -> Vec<String> {
    let mut ignored_here = Vec::new();
    for (name, value) in members(object) {
        let below = below(followed, name);
        if !below.is_empty() {
            let inside = ignored(value, &below).into_iter();
            ignored_here.extend(inside.map(|path| format!("{name}.{path}")));
        } else if !followed.iter().any(|path| path.eq_ignore_ascii_case(name)) {
            ignored_here.push(name.clone());
        }
    }
    ignored_here
}

/// A boolean, also as a text.
pub fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

/// A whole number, also as a text.
pub fn integer(value: &Value) -> Option<i64> {
    let text = value.as_str().map(str::trim);
    value.as_i64().or_else(|| text?.parse().ok())
}
