//! The handler's binary in the app's folder, by the name that host.json has for it.

use crate::app::json;
use crate::app::text::{Blank, blank};
use serde_json::Value;

/// The name of the member of host.json, in `customHandler.description`.
const MEMBER: &str = "defaultExecutablePath";

/// The binary's name where a function is called `handler`, whose folder takes that place. No
/// function can be called so, git ignores it, and func publishes it.
pub const OTHER: &str = "handler.bin";

/// The binary's name by host.json: `handler` where it says nothing. The Makefile reads it too.
pub fn name(host: &Value) -> &str {
    match host["customHandler"]["description"][MEMBER]
        .as_str()
        .unwrap_or_default()
    {
        "" => "handler",
        path => path.strip_prefix("./").unwrap_or(path),
    }
}

/// What is wrong with the binary's name in an app with these functions, and what to write.
pub fn fault<'a>(host: &Value, mut functions: impl Iterator<Item = &'a String>) -> Option<String> {
    let name = name(host);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.starts_with(['.', '-']) || !name.bytes().all(is_plain) {
        let why = format!(
            "the {MEMBER} {name:?} is no file that make build can make in the app's folder"
        );
        return Some(format!(
            "{why}: write a name of letters, digits, \".\", _ and -, \"{MEMBER}\": \"handler\""
        ));
    }
    let function = functions.find(|function| function.eq_ignore_ascii_case(name))?;
    let why = format!("the {MEMBER} {name:?} is where the folder of the function {function} is");
    Some(format!("{why}: write \"{MEMBER}\": \"{OTHER}\""))
}

/// The text of a host.json with this name of the binary; all the rest stays as it is. Errors where
/// it has no such member.
pub fn renamed(text: &str, name: &str) -> Result<String, String> {
    let code = blank(text, Blank::Comments);
    let quote = |from: usize| code[from..].find('"').map(|place| from + place);
    let place = code.find(&format!("\"{MEMBER}\"")).and_then(|member| {
        let open = quote(member + MEMBER.len() + 2)? + 1;
        Some(open..quote(open)?)
    });
    let written = place.map(|place| [&text[..place.start], name, &text[place.end..]].concat());
    // A member of the same name may be somewhere else.
    let is_it = |text: &String| json::parse(text).is_ok_and(|host| self::name(&host) == name);
    let why = format!("write \"{MEMBER}\": \"{name}\" into its customHandler.description first");
    written
        .filter(is_it)
        .ok_or_else(|| format!("the binary cannot be renamed in host.json: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn host(path: Value) -> Value {
        json!({"customHandler": {"description": {"defaultExecutablePath": path}}})
    }

    #[test]
    fn host_json_names_the_binary() {
        for (host, expected) in [
            (host(json!("handler")), "handler"),
            (host(json!("./shop")), "shop"),
            (host(json!("handler.bin")), "handler.bin"),
            (host(json!("")), "handler"),
            (host(json!(null)), "handler"),
            (json!({"version": "2.0"}), "handler"),
            (Value::Null, "handler"),
        ] {
            assert_eq!(name(&host), expected, "{host}");
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        let functions = ["hello".to_owned(), "Handler".to_owned()];
        let said = fault(&host(json!("handler")), functions.iter()).unwrap();
        assert!(
            said.contains("the function Handler")
                && said.ends_with("\"defaultExecutablePath\": \"handler.bin\"")
        );
        assert!(fault(&Value::Null, functions.iter()).is_some());
        assert_eq!(fault(&host(json!("handler")), functions[..1].iter()), None);
        assert_eq!(fault(&host(json!(OTHER)), functions.iter()), None);
        for path in [
            "bin/handler",
            "/usr/bin/node",
            "..",
            ".handler",
            "-x",
            "bin\\handler",
            "%HANDLER%",
            "a b",
            "ä",
        ] {
            let said = fault(&host(json!(path)), functions.iter()).unwrap();
            assert!(said.contains(&format!("{path:?} is no file")), "{said}");
        }
    }

    #[test]
    fn only_the_name_is_written() {
        let text = "\u{feff}{\r\n  // \"defaultExecutablePath\": \"old\"\r\n  \"customHandler\" : {\"description\":{ \"arguments\": [\"ä\"],\r\n\
                    \t\"defaultExecutablePath\" /* \"here\" */ :\r\n\"./handler\", } },\r\n}\r\n";
        assert_eq!(
            renamed(text, OTHER).unwrap(),
            text.replace("./handler", "handler.bin")
        );
        for text in [
            "{}",
            "{\"defaultExecutablePath\": \"handler\"}",
            "{\"customHandler\": {\"description\": {\"defaultExecutablePath\": null}}}",
            "{\"customHandler\": {\"description\": {\"defaultExecutablePath\"",
        ] {
            let why = renamed(text, OTHER).unwrap_err();
            assert!(why.ends_with(
                "write \"defaultExecutablePath\": \"handler.bin\" into its customHandler.description first"
            ));
        }
    }
}
