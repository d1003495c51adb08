//! The name of the handler's binary in host.json.

use crate::app::json;
use jsonc_parser::cst::CstInputValue;
use serde_json::Value;

const MEMBER: &str = "defaultExecutablePath";

/// For an app with a function called `handler`, whose folder needs that name. No function can have
/// this name, git ignores it, and func publishes it.
pub const OTHER: &str = "handler.bin";

/// `handler` by default. The Makefile reads it too.
pub fn name(host: &Value) -> &str {
    let path = json::at(host, &format!("customHandler.description.{MEMBER}"));
    match path.as_str().unwrap_or_default() {
        "" => "handler",
        path => path.strip_prefix("./").unwrap_or(path),
    }
}

/// What is wrong with the binary's name; `None` if nothing is.
pub fn fault<'a>(host: &Value, mut functions: impl Iterator<Item = &'a String>) -> Option<String> {
    let name = name(host);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.starts_with(['.', '-']) || !name.bytes().all(is_plain) {
        return Some(format!(
            "the {MEMBER} {name:?} is not a file that make build can make in the app's folder: write \
             a name of letters, digits, \".\", _ and -, \"{MEMBER}\": \"handler\""
        ));
    }
    let function = functions.find(|function| function.eq_ignore_ascii_case(name))?;
    Some(format!(
        "the {MEMBER} {name:?} is where the folder of the function {function} is: write \
         \"{MEMBER}\": \"{OTHER}\""
    ))
}

/// Edits the text of host.json. Errors if it has no such member.
pub fn renamed(text: &str, name: &str) -> Result<String, String> {
    let written = json::edit(text, |host| {
        let handler = json::property(host, "customHandler")?.object_value()?;
        let description = json::property(&handler, "description")?.object_value()?;
        let member = json::property(&description, MEMBER)?;
        member.value()?.as_string_lit()?;
        member.set_value(CstInputValue::from(name));
        Some(())
    });
    written.ok().flatten().ok_or_else(|| {
        format!(
            "the binary cannot be renamed in host.json: write \"{MEMBER}\": \"{name}\" into its \
             customHandler.description first"
        )
    })
}
