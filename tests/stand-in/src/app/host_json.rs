//! host.json: the settings of the host and the handler.

use crate::app::finding::Finding;
use crate::app::function::resolved;
use crate::app::json;
use crate::host::schedule::time_span;
use serde_json::Value;
use std::time::Duration;

pub const FILE: &str = "host.json";

/// How a request is sent to a function with only HTTP in and out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Form {
    /// `enableProxyingHttpRequest` on a current host: the caller's own request.
    Proxied,
    /// `enableForwardingHttpRequest`: a copy of the caller's request.
    Forwarded,
    /// Neither, or a host that does not know the first: an invocation.
    #[default]
    Payload,
}

#[derive(Clone, Debug)]
pub struct HostJson {
    pub form: Form,
    /// `defaultExecutablePath` as written; empty if there is none.
    pub executable: String,
    pub arguments: Vec<String>,
    /// `workingDirectory` from the app's root; empty for the root itself.
    pub working_directory: String,
    /// With its slashes: `/api/` or `/`.
    pub prefix: String,
    pub max_dequeue_count: u32,
    pub poison_blob_threshold: u32,
    /// Whether messages in queues are base64.
    pub base64_queues: bool,
    /// `None` for `-1`.
    pub function_timeout: Option<Duration>,
    /// Null if it could not be read.
    pub file: Value,
}

impl Default for HostJson {
    fn default() -> Self {
        Self::read(Value::Null, &|_| None, &mut Vec::new())
    }
}

/// The members that the host reads, one per line: `*` if the stand-in uses or may ignore it; the
/// path; the rule of [`check`] if the host checks the value at its start. After `>`: what to write
/// instead of a member that the host does not read.
const MEMBERS: &str = r#"
    * version
    * functionTimeout limit
      logging object
      logging.logLevel object
      watchFiles
      watchDirectories
      aggregator
      healthMonitor
      singleton
      managedDependency
      retry
      concurrency
      functions
      telemetryMode
      applicationInsights
      sendCanceledInvocationsToWorker
      http > "extensions": { "http": { ... } }
      queues > "extensions": { "queues": { ... } }
      customHandler object
      customHandler.args > "arguments": ["..."] in description
      customHandler.arguments > it in description
      customHandler.defaultExecutablePath > it in description
      customHandler.description object
    * customHandler.description.defaultExecutablePath text
    * customHandler.description.workingDirectory text
    * customHandler.description.arguments
      customHandler.description.args > "arguments": ["..."]
      customHandler.description.enableForwardingHttpRequest > it in customHandler, beside description
      customHandler.description.enableProxyingHttpRequest > it in customHandler, beside description
      customHandler.description.defaultWorkerPath
    * customHandler.enableForwardingHttpRequest flag
    * customHandler.enableProxyingHttpRequest flag
      customHandler.port 1 to 65535
      customHandler.http
      extensionBundle object
    * extensionBundle.id text
    * extensionBundle.version text
    * extensionBundle.ensureLatest
      extensions object
      extensions.http object
    * extensions.http.routePrefix prefix
      extensions.http.dynamicThrottlesEnabled flag
      extensions.http.maxConcurrentRequests -1
      extensions.http.maxOutstandingRequests -1
      extensions.http.hsts
      extensions.http.customHeaders
      extensions.queues object
      extensions.queues.batchSize 1 to 32
      extensions.queues.newBatchThreshold 0
    * extensions.queues.maxDequeueCount 1
      extensions.queues.maxPollingInterval time
      extensions.queues.visibilityTimeout time
    * extensions.queues.messageEncoding base64|none
      extensions.blobs object
      extensions.blobs.maxDegreeOfParallelism 1
    * extensions.blobs.poisonBlobThreshold 1
      extensions.mcp
    * extensions.mcp.serverName
    * extensions.mcp.serverVersion
    * extensions.mcp.instructions
    * extensions.mcp.encryptClientState
      extensions.tables
      extensions.serviceBus
      extensions.eventHubs
      extensions.eventGrid
      extensions.cosmosDB
      extensions.durableTask
      extensions.kafka
      extensions.rabbitMQ
      extensions.signalR
      extensions.sendGrid
      extensions.sql
      extensions.warmup
      extensions.dapr
      extensions.redis"#;

/// A line of `MEMBERS`.
pub struct Member {
    is_followed: bool,
    pub path: &'static str,
    rule: &'static str,
    pub instead: &'static str,
}

pub fn members() -> impl Iterator<Item = Member> {
    MEMBERS.trim().lines().map(|line| {
        let is_followed = line.trim_start().starts_with('*');
        let member = line.trim_start_matches([' ', '*']);
        let (member, instead) = member.split_once(" > ").unwrap_or((member, ""));
        let (path, rule) = member.split_once(' ').unwrap_or((member, ""));
        Member {
            is_followed,
            path,
            rule,
            instead,
        }
    })
}

/// Checks a member of host.json or of a binding. Errors with what to write.
pub fn check(rule: &str, value: &Value) -> Result<(), String> {
    const TIME: &str = "write a time of the form hh:mm:ss, \"00:10:00\"";
    let text = value.as_str().unwrap_or_default();
    let (is_taken, write) = match rule {
        _ if rule.is_empty() || value.is_null() => return Ok(()),
        "none" => (false, "delete it".into()),
        "flag" => (json::flag(value).is_some(), "write true or false".into()),
        "number" => (json::integer(value).is_some(), "write a number".into()),
        "object" => (value.is_object(), "write an object, { ... }".into()),
        "time" => (duration(text).is_some(), TIME.into()),
        "limit" if *value == -1 || text == "-1" => return Ok(()),
        "limit" => (duration(text).is_some(), format!("{TIME}, or \"-1\"")),
        "prefix" if value.is_string() => {
            let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
            let is_taken = !text.ends_with('/') && !text.contains("//");
            (is_taken, format!("write {:?}", parts.join("/")))
        }
        "text" | "prefix" => (value.is_string(), "write a text".into()),
        words if words.starts_with(char::is_alphabetic) => {
            let mut words = words.split('|');
            let is_one = words.any(|word| word.eq_ignore_ascii_case(text));
            (
                is_one,
                format!("write \"{}\"", rule.replace('|', "\" or \"")),
            )
        }
        range => {
            let (least, most) = range.split_once(" to ").unwrap_or((range, "2147483647"));
            let range = least.parse().unwrap_or_default()..=most.parse().unwrap_or_default();
            let is_inside = json::integer(value).is_some_and(|number| range.contains(&number));
            (is_inside, format!("write a number from {rule}"))
        }
    };
    if is_taken { Ok(()) } else { Err(write) }
}

impl HostJson {
    /// Settings such as `AzureFunctionsJobHost__functionTimeout` win over members. A value that the
    /// host does not accept goes into `findings`.
    pub fn read(
        file: Value,
        setting: &dyn Fn(&str) -> Option<String>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let value = |path: &str| {
            let name = format!("AzureFunctionsJobHost__{}", path.replace('.', "__"));
            setting(&name).map_or_else(|| json::at(&file, path).clone(), Value::String)
        };
        for Member { path, rule, .. } in members() {
            let value = value(path);
            if let Err(write) = check(rule, &value) {
                let what = format!("{path} is {value}, and the whole app does not start: {write}");
                findings.push(Finding::error(FILE, what));
            }
        }
        let text = |path: &str| value(path).as_str().unwrap_or_default().to_owned();
        let is_on = |path: &str| json::flag(&value(path)) == Some(true);
        // Split at spaces, with `%NAME%` from the environment
        // [Workers/Http/Configuration/HttpWorkerOptionsSetup.cs].
        let arguments = json::at(&file, "customHandler.description.arguments").as_array();
        let arguments = arguments.into_iter().flatten().filter_map(Value::as_str);
        let words = arguments.flat_map(|text| text.split(' ').filter(|word| !word.is_empty()));
        let arguments = words.map(|word| resolved(word, setting)).collect();
        let tries = |path: &str| {
            let most = json::integer(&value(path));
            most.and_then(|most| most.try_into().ok()).unwrap_or(5)
        };
        let prefix = value("extensions.http.routePrefix");
        Self {
            // On current hosts proxying wins over forwarding.
            form: if is_on("customHandler.enableProxyingHttpRequest") {
                Form::Proxied
            } else if is_on("customHandler.enableForwardingHttpRequest") {
                Form::Forwarded
            } else {
                Form::Payload
            },
            executable: text("customHandler.description.defaultExecutablePath"),
            arguments,
            working_directory: text("customHandler.description.workingDirectory"),
            prefix: match prefix.as_str().unwrap_or("api").trim_matches('/') {
                "" => "/".into(),
                prefix => format!("/{prefix}/"),
            },
            max_dequeue_count: tries("extensions.queues.maxDequeueCount"),
            poison_blob_threshold: tries("extensions.blobs.poisonBlobThreshold"),
            base64_queues: !text("extensions.queues.messageEncoding").eq_ignore_ascii_case("none"),
            function_timeout: match value("functionTimeout") {
                // The default under func and on the Flex Consumption plan.
                Value::Null => Some(Duration::from_secs(30 * 60)),
                limit => duration(limit.as_str().unwrap_or_default()),
            },
            file,
        }
    }

    /// The paths of members that the stand-in ignores.
    pub fn ignored(&self) -> Vec<String> {
        let followed = members().filter(|member| member.is_followed);
        let followed: Vec<&str> = followed.map(|member| member.path).collect();
        json::ignored(&self.file, &followed)
    }
}

/// A time above zero: `00:10:00`.
fn duration(text: &str) -> Option<Duration> {
    let ticks = u64::try_from(time_span(text)?).ok()?;
    (ticks > 0).then(|| Duration::from_nanos(ticks.saturating_mul(100)))
}
