//! The app's files are the documentation's.

use serde_json::Value;
use std::path::Path;

const FILES: [(&str, &str); 5] = [
    (
        "host.json",
        r#"{"version": "2.0",
            "customHandler": {"description": {"defaultExecutablePath": "handler"}, "enableProxyingHttpRequest": true},
            "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}}"#,
    ),
    (
        "local.settings.json",
        r#"{"IsEncrypted": false,
            "Values": {"FUNCTIONS_WORKER_RUNTIME": "Custom", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}}"#,
    ),
    (
        "hello/function.json",
        r#"{"bindings": [
            {"type": "httpTrigger", "authLevel": "function", "direction": "in", "name": "req", "methods": ["get", "post"]},
            {"type": "http", "direction": "out", "name": "res"}]}"#,
    ),
    (
        "order/function.json",
        r#"{"bindings": [
            {"type": "httpTrigger", "direction": "in", "name": "req", "methods": ["post"]},
            {"type": "http", "direction": "out", "name": "res"},
            {"type": "queue", "name": "message", "direction": "out", "queueName": "orders", "connection": "AzureWebJobsStorage"}]}"#,
    ),
    (
        "MyQueueFunction/function.json",
        r#"{"bindings": [
            {"name": "myQueueItem", "type": "queueTrigger", "direction": "in", "queueName": "messages-incoming",
                "connection": "AzureWebJobsStorage"},
            {"name": "$return", "type": "queue", "direction": "out", "queueName": "messages-outgoing",
                "connection": "AzureWebJobsStorage"}]}"#,
    ),
];

#[test]
fn the_app_is_the_documented_one() {
    let json = |text: &str| text.parse::<Value>().expect("JSON");
    for (file, documented) in FILES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(path).expect(file);
        assert_eq!(json(&text), json(documented), "{file}");
    }
}
