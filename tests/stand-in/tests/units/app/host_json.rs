//! What host.json sets.

use serde_json::{Value, json};
use stand_in::app::finding::Finding;
use stand_in::app::host_json::{Form, HostJson};
use std::time::Duration;

fn read(file: Value) -> HostJson {
    let mut findings: Vec<Finding> = Vec::new();
    let setting = |name: &str| (name == "SHELL").then(|| "shell".to_owned());
    let host = HostJson::read(file, &setting, &mut findings);
    assert_eq!(findings, []);
    host
}

#[test]
fn what_is_set_is_followed() {
    let host = read(
        json!({"version": "2.0", "logging": {"logLevel": {}}, "functionTimeout": "00:00:05",
        "CustomHandler": {"description": {"arguments": ["-p %SHELL%"], "workingDirectory": "w", "defaultExecutablePath": "h"},
        "enableForwardingHttpRequest": "true", "port": 1}, "extensions": {"http": {"routePrefix": "v1", "hsts": {}},
        "queues": {"maxDequeueCount": "3", "messageEncoding": "None", "batchSize": 1}, "blobs": {}}}),
    );
    assert_eq!(host.form, Form::Forwarded);
    assert_eq!((host.max_dequeue_count, host.base64_queues), (3, false));
    assert_eq!(host.arguments, ["-p", "shell"]);
    assert_eq!((&*host.working_directory, &*host.executable), ("w", "h"));
    assert_eq!(host.prefix, "/v1/");
    assert_eq!(host.function_timeout, Some(Duration::from_secs(5)));
    let ignored = "CustomHandler.port extensions.blobs extensions.http.hsts \
                   extensions.queues.batchSize logging";
    assert_eq!(host.ignored().join(" "), ignored);
}

#[test]
fn what_is_not_set_is_as_by_default() {
    let host = read(json!({}));
    assert_eq!(host.form, Form::Payload);
    assert_eq!((host.max_dequeue_count, host.base64_queues), (5, true));
    assert_eq!(host.prefix, "/api/");
    assert_eq!(host.function_timeout, Some(Duration::from_secs(1800)));
    let timeout = |text| read(json!({"functionTimeout": text})).function_timeout;
    assert_eq!(timeout("-1"), None);
    assert_eq!(timeout("1.00:00:00"), Some(Duration::from_secs(86400)));
    let both = json!({"customHandler": {"enableProxyingHttpRequest": true, "enableForwardingHttpRequest": true}});
    assert_eq!(read(both).form, Form::Proxied);
}

#[test]
fn settings_win_over_the_file() {
    let setting = |name: &str| match name {
        "AzureFunctionsJobHost__extensions__queues__maxDequeueCount" => Some("2".to_owned()),
        "AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest" => {
            Some("False".to_owned())
        }
        _ => None,
    };
    let file = json!({"extensions": {"queues": {"maxDequeueCount": 7}}, "customHandler": {"enableProxyingHttpRequest": true}});
    let host = HostJson::read(file, &setting, &mut Vec::new());
    assert_eq!((host.max_dequeue_count, host.form), (2, Form::Payload));
}

#[test]
fn the_prefix_has_its_slashes() {
    for (written, prefix) in [("", "/"), ("/v1", "/v1/")] {
        let file = json!({"extensions": {"http": {"routePrefix": written}}});
        assert_eq!(read(file).prefix, prefix);
    }
}
