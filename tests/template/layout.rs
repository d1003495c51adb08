//! The app's files are the documentation's.

use serde_json::{Value, json};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn json_file(path: impl AsRef<Path>) -> Value {
    let path = root().join(path);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_app_is_the_documented_one() {
    assert_eq!(
        json_file("host.json"),
        json!({"version": "2.0",
            "customHandler": {"description": {"defaultExecutablePath": "handler"}, "enableProxyingHttpRequest": true},
            "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}})
    );
    assert_eq!(
        json_file("local.settings.json"),
        json!({"IsEncrypted": false,
            "Values": {"FUNCTIONS_WORKER_RUNTIME": "Custom", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}})
    );
    assert_eq!(
        json_file("hello/function.json"),
        json!({"bindings": [
            {"type": "httpTrigger", "authLevel": "function", "direction": "in", "name": "req", "methods": ["get", "post"]},
            {"type": "http", "direction": "out", "name": "res"}]})
    );
    assert_eq!(
        json_file("order/function.json"),
        json!({"bindings": [
            {"type": "httpTrigger", "direction": "in", "name": "req", "methods": ["post"]},
            {"type": "http", "direction": "out", "name": "res"},
            {"type": "queue", "name": "message", "direction": "out", "queueName": "orders", "connection": "AzureWebJobsStorage"}]})
    );
    assert_eq!(
        json_file("MyQueueFunction/function.json"),
        json!({"bindings": [
            {"name": "myQueueItem", "type": "queueTrigger", "direction": "in", "queueName": "messages-incoming",
                "connection": "AzureWebJobsStorage"},
            {"name": "$return", "type": "queue", "direction": "out", "queueName": "messages-outgoing",
                "connection": "AzureWebJobsStorage"}]})
    );
}
