//! What host.json sets.

use serde_json::{Value, json};
use stand_in::app::finding::Finding;
use stand_in::app::host_json::{Form, HostJson, route_prefix};
use std::time::Duration;

fn read(file: Value) -> (HostJson, Vec<String>) {
    let mut findings = Vec::new();
    let setting = |name: &str| match name {
        "SHELL" => Some("shell".to_owned()),
        _ => None,
    };
    let host = HostJson::read(file, &setting, &mut findings);
    (host, findings.iter().map(Finding::to_string).collect())
}

#[test]
fn what_is_set_is_followed() {
    let (host, findings) = read(
        json!({"version": "2.0", "logging": {"logLevel": {}}, "functionTimeout": "00:00:05",
        "CustomHandler": {"description": {"arguments": ["-p %SHELL%"], "workingDirectory": "w", "defaultExecutablePath": "h"},
        "enableForwardingHttpRequest": "true", "port": 1}, "extensions": {"http": {"routePrefix": "v1", "hsts": {}},
        "queues": {"maxDequeueCount": "3", "messageEncoding": "None", "batchSize": 1}, "blobs": {}}}),
    );
    assert_eq!(findings, [""; 0]);
    assert_eq!(
        (host.form, host.max_dequeue_count, host.base64_queues),
        (Form::Forwarded, 3, false)
    );
    assert_eq!(
        (
            host.arguments.join(" "),
            &*host.working_directory,
            &*host.executable
        ),
        ("-p shell".to_owned(), "w", "h")
    );
    assert_eq!(
        (&*host.prefix, host.function_timeout),
        ("/v1/", Some(Duration::from_secs(5)))
    );
    assert_eq!(
        host.ignored(),
        [
            "customHandler.port",
            "extensions.blobs",
            "extensions.http.hsts",
            "extensions.queues.batchSize",
            "logging"
        ]
        .map(|path| path.replace("customHandler", "CustomHandler"))
    );
}

#[test]
fn what_is_not_set_is_as_by_default() {
    let (host, findings) = read(json!({}));
    assert_eq!(findings, [""; 0]);
    assert_eq!(
        (host.form, host.max_dequeue_count, host.base64_queues),
        (Form::Payload, 5, true)
    );
    assert_eq!(
        (&*host.prefix, host.function_timeout),
        ("/api/", Some(Duration::from_secs(1800)))
    );
    assert_eq!(
        read(json!({"functionTimeout": "-1"})).0.function_timeout,
        None
    );
    assert_eq!(
        read(json!({"functionTimeout": "1.00:00:00"}))
            .0
            .function_timeout,
        Some(Duration::from_secs(86400))
    );
    let both = json!({"customHandler": {"enableProxyingHttpRequest": true, "enableForwardingHttpRequest": true}});
    assert_eq!(read(both).0.form, Form::Proxied);
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
fn what_stops_the_app_is_found() {
    for (path, value, says) in [
        (
            "extensions.queues.messageEncoding",
            json!("base32"),
            "write \"base64\" or \"none\"",
        ),
        (
            "extensions.queues.maxDequeueCount",
            json!(0),
            "write a number from 1",
        ),
        (
            "extensions.queues.batchSize",
            json!(50),
            "write a number from 1 to 32",
        ),
        ("extensions.http.routePrefix", json!(1), "write a text"),
        (
            "customHandler.enableProxyingHttpRequest",
            json!("yes"),
            "write true or false",
        ),
        (
            "functionTimeout",
            json!("5 minutes"),
            "write a time of the form hh:mm:ss",
        ),
        ("customHandler", json!([]), "write an object"),
    ] {
        let file = path
            .rsplit('.')
            .fold(value.clone(), |inner, name| json!({name: inner}));
        let (_, findings) = read(file);
        assert_eq!(findings.len(), 1, "{findings:?}");
        let beginning =
            format!("host.json: {path} is {value}, and the whole app does not start: {says}");
        assert!(findings[0].starts_with(&beginning), "{findings:?}");
    }
}

#[test]
fn the_prefix_has_its_slashes() {
    for (file, prefix) in [
        (json!({}), "/api/"),
        (json!({"extensions": {"http": {"routePrefix": ""}}}), "/"),
        (
            json!({"extensions": {"http": {"routePrefix": "/v1"}}}),
            "/v1/",
        ),
    ] {
        assert_eq!(route_prefix(&file), prefix);
    }
}
