//! host.json: what the host and the handler are set to.

use crate::app::finding::Finding;
use crate::app::function::resolved;
use crate::app::json;
use crate::host::schedule::time_span;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The file.
pub const FILE: &str = "host.json";

/// How the host sends a request to a function that has nothing but an httpTrigger and an http
/// output. All other functions get their payload always.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Form {
    /// `enableProxyingHttpRequest` on a current host: the caller's request as it is.
    Proxied,
    /// `enableForwardingHttpRequest`: the caller's request, put together anew.
    Forwarded,
    /// Neither, or a host that does not know the first: an invocation.
    #[default]
    Payload,
}

/// What the stand-in follows of host.json.
#[derive(Clone, Debug)]
pub struct HostJson {
    pub form: Form,
    /// The handler's binary, `customHandler.description.defaultExecutablePath`, as it is written.
    pub executable: String,
    /// What the handler is started with, `customHandler.description.arguments`.
    pub arguments: Vec<String>,
    /// `customHandler.description.workingDirectory`, seen from the root; empty for the root itself.
    pub working_directory: String,
    /// The prefix of all HTTP routes with its slashes, `/api/` or `/`.
    pub prefix: String,
    /// How often a queue message is tried: `extensions.queues.maxDequeueCount`.
    pub max_dequeue_count: u32,
    /// Whether messages lie in queues as base64: `extensions.queues.messageEncoding`.
    pub base64_queues: bool,
    /// How long an invocation may take: `functionTimeout`, 30 minutes by default; `None` for `-1`.
    pub function_timeout: Option<Duration>,
    /// The whole file; null if it could not be read.
    pub file: Value,
}

impl Default for HostJson {
    fn default() -> Self {
        Self::read(Value::Null, &|_| None, &mut Vec::new())
    }
}

/// The values that the host takes, by their paths.
type Values = BTreeMap<&'static str, Value>;

/// `functionTimeout` under func and on the Flex Consumption plan, where host.json does not say it.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The members that the host reads, one a line: `*` if the stand-in follows them, or need not; the
/// path; what the value can be if the host checks it when it starts.
const MEMBERS: &str = "
    * version
    * functionTimeout limit
      logging object
      logging.logLevel object
      watchFiles texts
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
      customHandler object
      customHandler.description object
    * customHandler.description.defaultExecutablePath text
    * customHandler.description.workingDirectory text
    * customHandler.description.arguments texts
      customHandler.description.defaultWorkerPath
    * customHandler.enableForwardingHttpRequest flag
    * customHandler.enableProxyingHttpRequest flag
      customHandler.port 1..65535
      customHandler.http
    * extensionBundle object
      extensionBundle.id text
      extensionBundle.version text
      extensionBundle.ensureLatest
      extensions object
      extensions.http object
    * extensions.http.routePrefix text
      extensions.http.dynamicThrottlesEnabled flag
      extensions.http.maxConcurrentRequests -1..
      extensions.http.maxOutstandingRequests -1..
      extensions.http.hsts
      extensions.http.customHeaders
      extensions.queues object
      extensions.queues.batchSize 1..32
      extensions.queues.newBatchThreshold 0..
    * extensions.queues.maxDequeueCount 1..
      extensions.queues.maxPollingInterval time
      extensions.queues.visibilityTimeout time
    * extensions.queues.messageEncoding base64|none
      extensions.blobs object
      extensions.blobs.maxDegreeOfParallelism 1..
      extensions.blobs.poisonBlobThreshold 1..
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
      extensions.redis";

/// A line of `MEMBERS`.
pub struct Member {
    is_followed: bool,
    /// Its path: `extensions.queues.batchSize`.
    pub path: &'static str,
    /// What its value can be; empty if the host does not check it.
    rule: &'static str,
}

/// The members that the host reads.
pub fn members() -> impl Iterator<Item = Member> {
    MEMBERS.trim().lines().map(|line| {
        let member = line.trim_start_matches([' ', '*']);
        let (path, rule) = member.split_once(' ').unwrap_or((member, ""));
        Member {
            is_followed: line.trim_start().starts_with('*'),
            path,
            rule,
        }
    })
}

/// The least and the most of a rule of numbers: `1..32`, `1..`.
fn range(rule: &str) -> Option<(i64, i64)> {
    let (least, most) = rule.split_once("..")?;
    Some((least.parse().ok()?, most.parse().unwrap_or(i32::MAX.into())))
}

/// Whether the host takes this value.
fn is_taken(rule: &str, value: &Value) -> bool {
    let text = value.as_str();
    match rule {
        "flag" => json::flag(value).is_some(),
        "text" => value.is_string(),
        "texts" => value
            .as_array()
            .is_some_and(|texts| texts.iter().all(Value::is_string)),
        "object" => value.is_object(),
        "limit" => *value == -1 || value == "-1" || is_taken("time", value),
        "time" => text.and_then(duration).is_some(),
        _ => match (range(rule), text) {
            (Some((least, most)), _) => {
                json::integer(value).is_some_and(|number| (least..=most).contains(&number))
            }
            (None, text) => {
                let is_it =
                    |text: &str| rule.split('|').any(|word| word.eq_ignore_ascii_case(text));
                text.is_some_and(is_it)
            }
        },
    }
}

/// What to write for a value that the host does not take.
fn wanted(rule: &str) -> String {
    match rule {
        "flag" => "true or false".into(),
        "text" => "a text".into(),
        "object" => "an object, { ... }".into(),
        "limit" => "a time of the form hh:mm:ss, \"00:10:00\", or \"-1\"".into(),
        "time" => "a time of the form hh:mm:ss, \"00:00:30\"".into(),
        _ => match range(rule) {
            Some((least, _)) if rule.ends_with("..") => format!("a number from {least}"),
            Some((least, most)) => format!("a number from {least} to {most}"),
            None => format!("\"{}\"", rule.replace('|', "\" or \"")),
        },
    }
}

impl HostJson {
    /// Reads the value of a host.json. `setting` gives settings, whose names may be those of
    /// members of host.json: `AzureFunctionsJobHost__functionTimeout`. A value that the host does
    /// not take goes into `findings`, and counts as absent.
    pub fn read(
        file: Value,
        setting: &dyn Fn(&str) -> Option<String>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut values = Values::new();
        for Member { path, rule, .. } in members().filter(|member| !member.rule.is_empty()) {
            let name = format!("AzureFunctionsJobHost__{}", path.replace('.', "__"));
            let value = setting(&name).map_or_else(|| json::at(&file, path).clone(), Value::String);
            if is_taken(rule, &value) {
                values.insert(path, value);
            } else if !value.is_null() && rule != "texts" {
                // The host passes over anything but a list of texts.
                let wanted = wanted(rule);
                findings.push(Finding::error(
                    FILE,
                    format!("{path} is {value}, and the whole app does not start: write {wanted}"),
                ));
            }
        }
        let text = |path: &str| values.get(path).and_then(Value::as_str);
        let is_on = |path: &str| values.get(path).and_then(json::flag) == Some(true);
        // [Workers/Http/Configuration/HttpWorkerOptionsSetup.cs] Split at spaces, `%NAME%` replaced
        // from the environment.
        let arguments = values.get("customHandler.description.arguments");
        let arguments = arguments.and_then(Value::as_array).into_iter().flatten();
        let words = arguments
            .filter_map(Value::as_str)
            .flat_map(|text| text.split(' '));
        let words = words.filter(|word| !word.is_empty());
        let arguments = words.map(|word| resolved(word, setting).0).collect();
        let form = match (
            is_on("customHandler.enableProxyingHttpRequest"),
            is_on("customHandler.enableForwardingHttpRequest"),
        ) {
            // On current hosts proxying wins over forwarding.
            (true, _) => Form::Proxied,
            (false, true) => Form::Forwarded,
            (false, false) => Form::Payload,
        };
        let most_dequeues = values
            .get("extensions.queues.maxDequeueCount")
            .and_then(json::integer);
        let prefix = text("extensions.http.routePrefix").unwrap_or("api");
        let prefix = match prefix.trim_matches('/') {
            "" => "/".into(),
            prefix => format!("/{prefix}/"),
        };
        let encoding = text("extensions.queues.messageEncoding");
        let directory = text("customHandler.description.workingDirectory");
        let executable = text("customHandler.description.defaultExecutablePath");
        Self {
            form,
            executable: executable.unwrap_or_default().into(),
            arguments,
            working_directory: directory.unwrap_or_default().into(),
            prefix,
            max_dequeue_count: most_dequeues
                .and_then(|most| most.try_into().ok())
                .unwrap_or(5),
            base64_queues: encoding.is_none_or(|name| name.eq_ignore_ascii_case("base64")),
            function_timeout: match values.get("functionTimeout") {
                Some(limit) => limit.as_str().and_then(duration),
                None => Some(FUNCTION_TIMEOUT),
            },
            file,
        }
    }

    /// The paths of the members of the file that the stand-in does not follow, although they have
    /// a meaning here.
    pub fn ignored(&self) -> Vec<String> {
        let mut ignored = Vec::new();
        add_ignored("", &self.file, &mut ignored);
        ignored
    }
}

fn add_ignored(before: &str, object: &Value, ignored: &mut Vec<String>) {
    for (name, value) in object.as_object().into_iter().flatten() {
        let path = format!("{before}{name}");
        let lower = path.to_ascii_lowercase();
        let followed = members().filter(|member| member.is_followed);
        let mut followed = followed.map(|member| member.path.to_ascii_lowercase());
        let inside = format!("{lower}.");
        match followed.find(|one| *one == lower || one.starts_with(&inside)) {
            Some(one) if one == lower => {}
            Some(_) if value.is_object() => add_ignored(&format!("{path}."), value, ignored),
            _ => ignored.push(path),
        }
    }
}

/// A TimeSpan that is more than none.
fn duration(text: &str) -> Option<Duration> {
    let ticks = u64::try_from(time_span(text)?).ok()?;
    (ticks > 0).then(|| Duration::from_nanos(ticks.saturating_mul(100)))
}
