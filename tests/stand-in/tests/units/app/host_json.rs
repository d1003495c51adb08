use stand_in::app::host_json::HostJson;
use stand_in::app::json;

fn read(text: &str) -> HostJson {
    let setting = |name: &str| (name == "SHELL").then(|| "shell".to_owned());
    read_with(text, &setting)
}

fn read_with(text: &str, setting: &dyn Fn(&str) -> Option<String>) -> HostJson {
    let mut findings = Vec::new();
    let host = HostJson::read(json::parse(text).expect("JSON"), setting, &mut findings);
    assert_eq!(findings, []);
    host
}

/// The settings that are used, as one text.
fn followed(host: &HostJson) -> String {
    let timeout = host.function_timeout.map(|timeout| timeout.as_secs());
    format!(
        "{:?} {} {} {} {} {timeout:?} {:?} {:?} in {:?}",
        host.form,
        host.prefix,
        host.max_dequeue_count,
        host.poison_blob_threshold,
        host.base64_queues,
        host.executable,
        host.arguments,
        host.working_directory
    )
}

const ALL: &str = "{
    version: '2.0', logging: {logLevel: {}}, functionTimeout: '00:00:05',
    CustomHandler: {
        description: {arguments: ['-p %SHELL%'], workingDirectory: 'w', defaultExecutablePath: 'h'},
        enableForwardingHttpRequest: 'true', port: 1,
    },
    extensions: {
        http: {routePrefix: 'v1', hsts: {}},
        queues: {maxDequeueCount: '3', messageEncoding: 'None', batchSize: 1}, blobs: {poisonBlobThreshold: 4, maxDegreeOfParallelism: 1},
    },
}";

#[test]
fn what_is_set_is_followed() {
    let all = read(ALL);
    let ignored = "CustomHandler.port extensions.blobs.maxDegreeOfParallelism extensions.http.hsts \
                   extensions.queues.batchSize logging";
    assert_eq!(all.ignored().join(" "), ignored);
    let expected = r#"Forwarded /v1/ 3 4 false Some(5) "h" ["-p", "shell"] in "w""#;
    assert_eq!(followed(&all), expected);
    let default = r#"Payload /api/ 5 5 true Some(1800) "" [] in """#;
    for (file, before, after) in [
        ("", "", ""),
        ("functionTimeout: '-1'", "Some(1800)", "None"),
        ("functionTimeout: '1.00:00:00'", "1800", "86400"),
        ("extensions: {http: {routePrefix: ''}}", "/api/", "/"),
        ("extensions: {http: {routePrefix: '/v1'}}", "/api/", "/v1/"),
        (
            "customHandler: {enableProxyingHttpRequest: true, enableForwardingHttpRequest: true}",
            "Payload",
            "Proxied",
        ),
    ] {
        let expected = default.replace(before, after);
        assert_eq!(followed(&read(&format!("{{{file}}}"))), expected);
    }
}

#[test]
fn settings_win_over_the_file() {
    let setting = |name: &str| {
        let value = match name.strip_prefix("AzureFunctionsJobHost__")? {
            "extensions__queues__maxDequeueCount" => "2",
            "extensions__blobs__poisonBlobThreshold" => "3",
            "customHandler__enableProxyingHttpRequest" => "False",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let file = "{extensions: {queues: {maxDequeueCount: 7}}, customHandler: {enableProxyingHttpRequest: true}}";
    let followed = followed(&read_with(file, &setting));
    assert!(followed.starts_with("Payload /api/ 2 3 "), "{followed}");
}
