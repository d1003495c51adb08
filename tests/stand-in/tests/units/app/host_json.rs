use serde_json::{Value, json};
use stand_in::app::host_json::{Form, HostJson};

fn read(file: Value) -> HostJson {
    let mut findings = Vec::new();
    let setting = |name: &str| (name == "SHELL").then(|| "shell".to_owned());
    let host = HostJson::read(file, &setting, &mut findings);
    assert_eq!(findings, []);
    host
}

/// The settings that are used, as one text.
fn followed(file: Value) -> String {
    let host = read(file);
    let timeout = host.function_timeout.map(|timeout| timeout.as_secs());
    let (form, prefix, most) = (host.form, &host.prefix, host.max_dequeue_count);
    let program = format!(
        "{:?} {:?} in {:?}",
        host.executable, host.arguments, host.working_directory
    );
    format!(
        "{form:?} {prefix} {most} {} {timeout:?} {program}",
        host.base64_queues
    )
}

#[test]
fn what_is_set_is_followed() {
    let file = json!({
        "version": "2.0", "logging": {"logLevel": {}}, "functionTimeout": "00:00:05",
        "CustomHandler": {
            "description": {"arguments": ["-p %SHELL%"], "workingDirectory": "w", "defaultExecutablePath": "h"},
            "enableForwardingHttpRequest": "true", "port": 1,
        },
        "extensions": {
            "http": {"routePrefix": "v1", "hsts": {}},
            "queues": {"maxDequeueCount": "3", "messageEncoding": "None", "batchSize": 1}, "blobs": {},
        },
    });
    let ignored = "CustomHandler.port extensions.blobs extensions.http.hsts \
                   extensions.queues.batchSize logging";
    assert_eq!(read(file.clone()).ignored().join(" "), ignored);
    let all = r#"Forwarded /v1/ 3 false Some(5) "h" ["-p", "shell"] in "w""#;
    assert_eq!(followed(file), all);
    let default = r#"Payload /api/ 5 true Some(1800) "" [] in """#;
    assert_eq!(followed(json!({})), default);
    for (file, before, after) in [
        (json!({"functionTimeout": "-1"}), "Some(1800)", "None"),
        (json!({"functionTimeout": "1.00:00:00"}), "1800", "86400"),
        (
            json!({"extensions": {"http": {"routePrefix": ""}}}),
            "/api/",
            "/",
        ),
        (
            json!({"extensions": {"http": {"routePrefix": "/v1"}}}),
            "/api/",
            "/v1/",
        ),
        (
            json!({"customHandler": {"enableProxyingHttpRequest": true, "enableForwardingHttpRequest": true}}),
            "Payload",
            "Proxied",
        ),
    ] {
        assert_eq!(followed(file), default.replace(before, after));
    }
}

#[test]
fn settings_win_over_the_file() {
    let setting = |name: &str| {
        let value = match name.strip_prefix("AzureFunctionsJobHost__")? {
            "extensions__queues__maxDequeueCount" => "2",
            "customHandler__enableProxyingHttpRequest" => "False",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let file = json!({"extensions": {"queues": {"maxDequeueCount": 7}}, "customHandler": {"enableProxyingHttpRequest": true}});
    let host = HostJson::read(file, &setting, &mut Vec::new());
    assert_eq!((host.max_dequeue_count, host.form), (2, Form::Payload));
}
