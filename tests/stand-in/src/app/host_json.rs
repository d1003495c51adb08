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

/// What the value of a setting can be.
#[derive(Clone, Copy)]
pub enum Rule {
    /// `true` or `false`.
    Flag,
    /// A number from this one to that.
    Integer(i64, i64),
    /// One of these words, in any case.
    Word(&'static [&'static str]),
    /// Any text.
    Text,
    /// A list of texts; the host passes over anything else.
    Texts,
    /// An object with more members.
    Object,
    /// A TimeSpan or `-1`.
    Limit,
    /// A time of .NET's form, `00:00:30`, that is more than none.
    TimeSpan,
}

const MANY: i64 = i32::MAX as i64;

/// The values that the host takes, by their paths.
type Values = BTreeMap<&'static str, Value>;

/// `functionTimeout` under func and on the Flex Consumption plan, where host.json does not say it.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// What the stand-in follows, or need not.
const FOLLOWED: [&str; 15] = [
    "version",
    "extensionBundle",
    "functionTimeout",
    "customHandler.description.defaultExecutablePath",
    "customHandler.description.arguments",
    "customHandler.description.workingDirectory",
    "customHandler.enableForwardingHttpRequest",
    "customHandler.enableProxyingHttpRequest",
    "extensions.http.routePrefix",
    "extensions.queues.maxDequeueCount",
    "extensions.queues.messageEncoding",
    "extensions.mcp.serverName",
    "extensions.mcp.serverVersion",
    "extensions.mcp.instructions",
    "extensions.mcp.encryptClientState",
];

/// The settings whose values the host checks when it starts, with what they can be.
pub const SETTINGS: [(&str, Rule); 31] = [
    ("functionTimeout", Rule::Limit),
    ("customHandler", Rule::Object),
    ("customHandler.description", Rule::Object),
    (
        "customHandler.description.defaultExecutablePath",
        Rule::Text,
    ),
    ("customHandler.description.workingDirectory", Rule::Text),
    ("customHandler.description.arguments", Rule::Texts),
    ("customHandler.enableForwardingHttpRequest", Rule::Flag),
    ("customHandler.enableProxyingHttpRequest", Rule::Flag),
    ("customHandler.port", Rule::Integer(1, 65535)),
    ("extensions", Rule::Object),
    ("extensions.http", Rule::Object),
    ("extensions.http.routePrefix", Rule::Text),
    ("extensions.http.dynamicThrottlesEnabled", Rule::Flag),
    (
        "extensions.http.maxConcurrentRequests",
        Rule::Integer(-1, MANY),
    ),
    (
        "extensions.http.maxOutstandingRequests",
        Rule::Integer(-1, MANY),
    ),
    ("extensions.queues", Rule::Object),
    ("extensions.queues.batchSize", Rule::Integer(1, 32)),
    (
        "extensions.queues.newBatchThreshold",
        Rule::Integer(0, MANY),
    ),
    ("extensions.queues.maxDequeueCount", Rule::Integer(1, MANY)),
    ("extensions.queues.maxPollingInterval", Rule::TimeSpan),
    ("extensions.queues.visibilityTimeout", Rule::TimeSpan),
    (
        "extensions.queues.messageEncoding",
        Rule::Word(&["base64", "none"]),
    ),
    ("extensions.blobs", Rule::Object),
    (
        "extensions.blobs.maxDegreeOfParallelism",
        Rule::Integer(1, MANY),
    ),
    (
        "extensions.blobs.poisonBlobThreshold",
        Rule::Integer(1, MANY),
    ),
    ("extensionBundle", Rule::Object),
    ("extensionBundle.id", Rule::Text),
    ("extensionBundle.version", Rule::Text),
    ("logging", Rule::Object),
    ("logging.logLevel", Rule::Object),
    ("watchFiles", Rule::Texts),
];

impl Rule {
    /// Whether the host takes this value.
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Flag => json::flag(value).is_some(),
            Self::Integer(least, most) => {
                json::integer(value).is_some_and(|number| (least..=most).contains(&number))
            }
            Self::Word(words) => words.iter().any(|word| {
                value
                    .as_str()
                    .is_some_and(|text| text.eq_ignore_ascii_case(word))
            }),
            Self::Text => value.is_string(),
            Self::Texts => {
                let texts = value.as_array();
                texts.is_some_and(|texts| texts.iter().all(Value::is_string))
            }
            Self::Object => value.is_object(),
            Self::Limit => *value == -1 || value == "-1" || Self::TimeSpan.takes(value),
            Self::TimeSpan => value.as_str().and_then(duration).is_some(),
        }
    }

    /// The finding for a value that the host does not take.
    fn refused(self, path: &str, value: &Value) -> Finding {
        let wanted = match self {
            Self::Flag => "true or false".into(),
            Self::Integer(least, MANY) => format!("a number from {least}"),
            Self::Integer(least, most) => format!("a number from {least} to {most}"),
            Self::Word(words) => format!("\"{}\"", words.join("\" or \"")),
            Self::Text => "a text".into(),
            Self::Texts => "a list of texts".into(),
            Self::Object => "an object, { ... }".into(),
            Self::Limit => "a time of the form hh:mm:ss, \"00:10:00\", or \"-1\"".into(),
            Self::TimeSpan => "a time of the form hh:mm:ss, \"00:00:30\"".into(),
        };
        Finding::error(
            FILE,
            format!("{path} is {value}, and the whole app does not start: write {wanted}"),
        )
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
        for (path, rule) in SETTINGS {
            let name = format!("AzureFunctionsJobHost__{}", path.replace('.', "__"));
            let value = setting(&name).map_or_else(|| json::at(&file, path).clone(), Value::String);
            if rule.takes(&value) {
                values.insert(path, value);
            } else if !value.is_null() && !matches!(rule, Rule::Texts) {
                findings.push(rule.refused(path, &value));
            }
        }
        let text = |path: &str| values.get(path).and_then(Value::as_str);
        let is_on = |path: &str| values.get(path).and_then(json::flag) == Some(true);
        // [Workers/Http/Configuration/HttpWorkerOptionsSetup.cs] Split at spaces, `%NAME%` replaced
        // from the environment.
        let arguments = values.get("customHandler.description.arguments");
        let arguments = arguments
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let arguments = arguments
            .flat_map(|text| text.split(' '))
            .filter(|text| !text.is_empty())
            .map(|text| resolved(text, setting).0)
            .collect();
        let form = match (
            is_on("customHandler.enableProxyingHttpRequest"),
            is_on("customHandler.enableForwardingHttpRequest"),
        ) {
            // On current hosts proxying wins over forwarding.
            (true, _) => Form::Proxied,
            (false, true) => Form::Forwarded,
            (false, false) => Form::Payload,
        };
        let max_dequeue_count = values.get("extensions.queues.maxDequeueCount");
        let function_timeout = match values.get("functionTimeout") {
            Some(limit) => limit.as_str().and_then(duration),
            None => Some(FUNCTION_TIMEOUT),
        };
        Self {
            form,
            executable: text("customHandler.description.defaultExecutablePath")
                .unwrap_or_default()
                .into(),
            arguments,
            working_directory: text("customHandler.description.workingDirectory")
                .unwrap_or_default()
                .into(),
            prefix: with_slashes(text("extensions.http.routePrefix")),
            max_dequeue_count: max_dequeue_count
                .and_then(|count| json::integer(count)?.try_into().ok())
                .unwrap_or(5),
            base64_queues: text("extensions.queues.messageEncoding")
                .is_none_or(|encoding| encoding.eq_ignore_ascii_case("base64")),
            function_timeout,
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

fn add_ignored(path: &str, value: &Value, ignored: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}{name}");
        let inside = format!("{path}.");
        let begins = |known: &&str, start: &str| {
            known
                .get(..start.len())
                .is_some_and(|own| own.eq_ignore_ascii_case(start))
        };
        if FOLLOWED
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&path))
        {
            continue;
        }
        match FOLLOWED.iter().any(|known| begins(known, &inside)) && value.is_object() {
            true => add_ignored(&inside, value, ignored),
            false => ignored.push(path),
        }
    }
}

/// A TimeSpan that is more than none.
fn duration(text: &str) -> Option<Duration> {
    let ticks = u64::try_from(time_span(text)?).ok()?;
    (ticks > 0).then(|| Duration::from_nanos(ticks.saturating_mul(100)))
}

/// The prefix of all HTTP routes with its slashes, `/api/` or `/`, as a host.json says it.
pub fn route_prefix(file: &Value) -> String {
    with_slashes(json::at(file, "extensions.http.routePrefix").as_str())
}

fn with_slashes(prefix: Option<&str>) -> String {
    match prefix.unwrap_or("api").trim_matches('/') {
        "" => "/".into(),
        prefix => format!("/{prefix}/"),
    }
}
