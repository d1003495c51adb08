//! The bindings of one function: their names, types, directions and members, whatever they bind to.

use super::Findings;
use super::near::near;
use crate::app::function::{Binding, Direction, Function};
use crate::app::json;
use crate::app::names;
use crate::commands::function_json::METHODS;
use crate::host::retry::Retry;
use serde_json::Value;

/// The types of bindings that there are, one a line: the type, the directions that it can have, and
/// its members besides those that all have. One with `!` is needed.
const TYPES: &str = "
    httpTrigger in authLevel methods route webHookType
    http out
    timerTrigger in schedule! runOnStartup useMonitor
    queueTrigger in queueName! connection
    queue out queueName! connection
    blobTrigger in path! connection source
    blob in/out path! connection
    table in/out tableName! partitionKey rowKey take filter connection
    serviceBusTrigger in queueName topicName subscriptionName connection isSessionsEnabled
    serviceBus out queueName topicName connection
    eventHubTrigger in eventHubName consumerGroup connection
    eventHub out eventHubName connection
    eventGridTrigger in
    eventGrid out topicEndpointUri topicKeySetting connection
    cosmosDBTrigger in databaseName containerName connection leaseConnection leaseDatabaseName leaseContainerName createLeaseContainerIfNotExists leaseContainerPrefix leasesContainerThroughput feedPollDelay leaseAcquireInterval leaseExpirationInterval leaseRenewInterval maxItemsPerInvocation startFromBeginning startFromTime preferredLocations
    cosmosDB in/out databaseName containerName connection id partitionKey sqlQuery createIfNotExists containerThroughput preferredLocations
    sqlTrigger in tableName connectionStringSetting leasesTableName
    sql in/out commandText commandType parameters connectionStringSetting
    mysqlTrigger in tableName connectionStringSetting leasesTableName
    mysql in/out commandText commandType parameters connectionStringSetting
    kafkaTrigger in
    kafka out
    rabbitMQTrigger in queueName connectionStringSetting
    rabbitMQ out queueName connectionStringSetting
    signalRTrigger in
    signalRConnectionInfo in
    signalREndpoints in
    signalRNegotiation in
    signalR out
    webPubSubTrigger in
    webPubSubConnection in
    webPubSubContext in
    webPubSub out
    redisPubSubTrigger in
    redisListTrigger in
    redisStreamTrigger in
    redis in/out
    daprServiceInvocationTrigger in
    daprBindingTrigger in
    daprTopicTrigger in
    daprState in/out
    daprSecret in
    daprInvoke out
    daprPublish out
    daprBinding out
    orchestrationTrigger in
    activityTrigger in
    entityTrigger in
    durableClient in
    mcpToolTrigger in toolName! description! toolProperties useResultSchema inputSchema useWorkerInputSchema outputSchema metadata
    mcpToolProperty in
    mcpResourceTrigger in uri! resourceName! title description mimeType
    mcpPromptTrigger in promptName! promptArguments description
    sendGrid out
    twilioSms out
    kusto in/out
    warmupTrigger in";

/// The members that any binding can have.
const COMMON: [&str; 5] = ["name", "type", "direction", "dataType", "cardinality"];

/// Names that members had in earlier versions, or that are taken for them: the beginning of the
/// types in small letters, the name, what it is called.
const RENAMED: [(&str, &str, &str); 5] = [
    ("cosmosdb", "collectionName", "containerName"),
    ("cosmosdb", "connectionStringSetting", "connection"),
    ("cosmosdb", "leaseCollectionName", "leaseContainerName"),
    (
        "cosmosdb",
        "leaseConnectionStringSetting",
        "leaseConnection",
    ),
    ("queue", "queue", "queueName"),
];

/// What an httpTrigger can have as its authLevel.
const LEVELS: [&str; 5] = ["anonymous", "function", "admin", "system", "user"];

/// A line of [`TYPES`].
struct Type {
    name: &'static str,
    directions: &'static str,
    /// Its own members; those that it needs end in `!`.
    members: Vec<&'static str>,
}

impl Type {
    fn all() -> impl Iterator<Item = Self> {
        TYPES.trim().lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(Self {
                name: words.next()?,
                directions: words.next()?,
                members: words.collect(),
            })
        })
    }

    fn find(name: &str) -> Option<Self> {
        Self::all().find(|one| one.name.eq_ignore_ascii_case(name))
    }

    /// The type that this one is a slip of: one or two letters are wrong, or it lacks `Trigger`.
    fn meant(name: &str) -> Option<&'static str> {
        let names = || Self::all().map(|one| one.name);
        let trigger = format!("{name}Trigger");
        near(name, names()).or_else(|| names().find(|one| one.eq_ignore_ascii_case(&trigger)))
    }
}

/// Finds what is wrong with the bindings of a function.
pub fn check(function: &Function, findings: &mut Findings) {
    for (place, binding) in function.bindings.iter().enumerate() {
        let name = &binding.name;
        if let Err(why) = names::binding(name) {
            findings.error(why);
        }
        let mut earlier = function.bindings[..place].iter();
        if earlier.any(|earlier| earlier.name.eq_ignore_ascii_case(name)) {
            findings.error(format!(
                "two bindings have the name {name:?}: give one of them another"
            ));
        }
        check_type(binding, findings);
        check_data_type(binding, findings);
    }
    // A trigger whose type is misspelt has been found.
    let is_slip =
        |one: &Binding| Type::find(&one.kind).is_none() && Type::meant(&one.kind).is_some();
    let triggers = function.bindings.iter().filter(|one| one.is_trigger());
    match triggers.count() {
        0 if function.bindings.iter().any(is_slip) => {}
        0 => findings.error("no binding triggers it: add one whose type ends in Trigger"),
        1 => {}
        _ => findings.error("more than one binding triggers it: make a function of each"),
    }
    if function.is_http() {
        check_http(function, findings);
    }
    check_file(function, findings);
}

/// The type of a binding, and the direction and the members that it can have.
fn check_type(binding: &Binding, findings: &mut Findings) {
    let (name, kind) = (&binding.name, &binding.kind);
    if let Some(known) = Type::find(kind) {
        check_direction(binding, known.directions, findings);
        check_members(binding, &known, findings);
    } else {
        if kind.is_empty() {
            findings.error(format!(
                "the binding {name:?} has no type: write \"type\": \"...\""
            ));
        } else if let Some(meant) = Type::meant(kind) {
            findings.error(format!(
                "the binding {name:?} has the type {kind:?}: write {meant:?}"
            ));
        } else {
            findings.note(format!(
                "the binding {name:?} has the type {kind:?}, which is not among those known here"
            ));
        }
        let possible = if binding.is_trigger() { "in" } else { "in/out" };
        check_direction(binding, possible, findings);
    }
    if binding.is("blobTrigger") && !binding.says("source", "EventGrid") {
        findings.note(format!(
            "a blob trigger without \"source\": \"EventGrid\" does not run on the Flex Consumption \
             plan ({name:?})"
        ));
    }
}

/// The direction of a binding: one of `possible`, which stand between slashes.
fn check_direction(binding: &Binding, possible: &str, findings: &mut Findings) {
    let (name, kind, said) = (&binding.name, &binding.kind, binding.text("direction"));
    let direction = if said.is_empty() { "in" } else { said };
    let mut taken = possible.split('/');
    if binding.direction == Direction::InOut && possible == "in/out" {
        let does = match binding.is("table") {
            true => "the function gets \"null\"",
            false => "every invocation fails",
        };
        findings.error(format!(
            "the binding {name:?} is \"inout\", and {does} under the host: write two bindings, \
             {{ \"direction\": \"in\", \"name\": \"{name}\" }} and \
             {{ \"direction\": \"out\", \"name\": \"{name}Out\" }}"
        ));
    } else if !taken.any(|one| one.eq_ignore_ascii_case(direction)) {
        let said = match said {
            "" => "no direction, which is \"in\"".into(),
            said => format!("the direction {said:?}"),
        };
        let write = possible.replace('/', "\" or \"");
        findings.error(format!(
            "the binding {name:?} of type {kind:?} has {said}: write \"direction\": \"{write}\""
        ));
    } else if name == "$return" && binding.direction == Direction::In {
        findings.error(
            "the binding \"$return\" is not an output: write \"direction\": \"out\", or give it \
             another name",
        );
    }
}

/// The members of a binding by their names.
fn check_members(binding: &Binding, known: &Type, findings: &mut Findings) {
    let (name, kind) = (&binding.name, binding.kind.to_ascii_lowercase());
    let mut renamed = Vec::new();
    for (of, was, is) in RENAMED {
        if kind.starts_with(of) && !binding[was].is_null() && binding[is].is_null() {
            findings.error(format!(
                "the host does not know {was:?} of {name:?}, and does not run the function: write {is:?}"
            ));
            renamed.push(is);
        }
    }
    let needed = known.members.iter();
    for needed in needed.filter_map(|member| member.strip_suffix('!')) {
        if binding.text(needed).is_empty() && !renamed.contains(&needed) {
            let stops = match (needed, binding.is_trigger()) {
                ("queueName", true) => "the whole app does not start",
                (_, true) => "the function does not run",
                _ => "every invocation fails",
            };
            findings.error(format!(
                "the binding {name:?} has no {needed}, and {stops}: write \"{needed}\": \"...\""
            ));
        }
    }
    let own = known.members.iter();
    let members = own.map(|member| member.trim_end_matches('!'));
    let object = binding.members.as_object().into_iter().flatten();
    for (member, _) in object.filter(|_| !known.members.is_empty()) {
        let near = near(member, members.clone().chain(COMMON));
        if let Some(meant) = near.filter(|meant| binding[*meant].is_null()) {
            findings.note(format!(
                "the host does not read {member:?} of {name:?}: write {meant:?}"
            ));
        }
    }
    for member in binding.secrets() {
        findings.error(format!(
            "the {member} of {name:?} is not the name of a setting: write \"{member}\": \"Storage\" or \
             another name, and what is there now as the value of that setting"
        ));
    }
    let deferred = |path| json::flag(json::at(&binding.members, path)) == Some(true);
    if deferred("supportsDeferredBinding") || deferred("properties.supportsDeferredBinding") {
        findings.error(format!(
            "supportsDeferredBinding of {name:?} makes its value an object (Version, Source, Content, \
             ContentType) that no custom handler can read through: delete it"
        ));
    }
}

/// The form in which a value comes or goes.
fn check_data_type(binding: &Binding, findings: &mut Findings) {
    let (name, form) = (&binding.name, binding.text("dataType").to_ascii_lowercase());
    let is_out = binding.direction == Direction::Out;
    match form.as_str() {
        // On a table any is wrong, and is found there.
        _ if binding.is("table") => {}
        "" | "string" | "undefined" => {}
        "binary" | "stream" if is_out => findings.error(format!(
            "\"dataType\": \"{form}\" on the output {name:?} switches off that the host decodes \
             base64, so bytes, dates and texts like \"test\" arrive as base64 text: delete it; bytes \
             need it on inputs alone"
        )),
        "binary" => {}
        "stream" => findings.error(format!(
            "\"dataType\": \"stream\" of {name:?} fails every invocation: write \"binary\", or delete it"
        )),
        _ => findings.error(format!(
            "the host does not know the dataType {form:?} of {name:?}: write \"string\" or \"binary\", \
             or delete it"
        )),
    }
}

/// An HTTP trigger and its output.
fn check_http(function: &Function, findings: &mut Findings) {
    let trigger = function.trigger();
    if trigger.name != "req" {
        let name = &trigger.name;
        findings.error(format!(
            "the HTTP trigger has the name {name:?}: write \"name\": \"req\""
        ));
    }
    let bindings = function.bindings.iter().filter(|one| one.is("http"));
    let answers: Vec<&str> = bindings.map(|one| &*one.name).collect();
    match answers[..] {
        ["res"] => {}
        [] => findings.error(
            "an HTTP trigger needs its output: add { \"type\": \"http\", \"direction\": \"out\", \
             \"name\": \"res\" }",
        ),
        [name] => findings.error(format!(
            "the HTTP output has the name {name:?}: write \"name\": \"res\""
        )),
        _ => findings.error("there are two outputs of the type http: delete one"),
    }
    if function.methods().is_empty() {
        findings.error("the HTTP trigger lists no methods: write \"methods\": [\"get\", \"post\"]");
    }
    let methods = trigger["methods"].as_array().into_iter().flatten();
    let known = |method: &&Value| {
        let method = method.as_str().unwrap_or_default().to_ascii_lowercase();
        METHODS.contains(&method.as_str())
    };
    if let Some(method) = methods.clone().find(|method| !known(method)) {
        findings.note(format!(
            "{method} is not a usual method: if it is a mistake, write some of {} here, and then in the table",
            METHODS.join(", ")
        ));
    }
    let level = trigger.text("authLevel");
    let is_level = LEVELS.iter().any(|one| one.eq_ignore_ascii_case(level));
    if !is_level && !trigger["authLevel"].is_null() {
        findings.error(format!(
            "there is no authLevel {level:?}, and the function does not run: write \"anonymous\", \
             \"function\" or \"admin\""
        ));
    }
    // [ScriptHost.cs, ValidateHttpFunction]
    let route = function.route_below().to_ascii_lowercase();
    for own in ["admin", "runtime"] {
        if route.starts_with(own) {
            findings.error(format!(
                "the host takes no route that begins with {own:?}, and this is {route:?}: write \
                 another \"route\""
            ));
        }
    }
}

/// The members of function.json itself.
fn check_file(function: &Function, findings: &mut Findings) {
    match json::member(&function.file, "disabled") {
        Value::Null | Value::Bool(false) => {}
        value => {
            let name = &function.name;
            findings.note(format!(
                "the function runs all the same, although it has \"disabled\": {value}: write \
                 \"AzureWebJobs.{name}.Disabled\": \"true\" among the settings"
            ));
        }
    }
    if let Err(why) = Retry::read(&function.file) {
        findings.note(format!(
            "the retry is not one that the host knows, and make run has none: {why}"
        ));
    }
    let known = ["bindings", "disabled", "retry", "scriptFile"];
    for (member, _) in function.file.as_object().into_iter().flatten() {
        let retries = (member.eq_ignore_ascii_case("retries")).then_some("retry");
        if let Some(meant) = near(member, known.into_iter()).or(retries) {
            findings.note(format!(
                "the host does not read {member:?}: write {meant:?}"
            ));
        }
    }
}
