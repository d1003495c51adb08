//! The handler's binary in the app's folder, by the name that host.json has for it.

use serde_json::Value;

/// The name of the member of host.json, in `customHandler.description`.
const MEMBER: &str = "defaultExecutablePath";

/// The binary's name by host.json: `handler` where it says nothing. The Makefile reads it too.
pub fn name(host: &Value) -> &str {
    match host["customHandler"]["description"][MEMBER].as_str().unwrap_or_default() {
        "" => "handler",
        path => path.strip_prefix("./").unwrap_or(path),
    }
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
}
