//! Checks the bindings of one function: their names, types, directions and members.

use super::{Findings, misspelt, near, values};
use crate::app::function::{Binding, Function, SETTINGS, is_secret};
use crate::app::{json, names};
use crate::commands::function_json::METHODS;
use crate::host::retry::Retry;
use serde_json::Value;

/// The known types. Each line has types, their directions, and their own members. `!` means
/// required; after `<` is an earlier or mistaken name; after `:` is the rule of [`values::check`].
const TYPES: &str = "
    httpTrigger in authLevel:anonymous|function|admin|system|user methods route webHookType
    http out
    timerTrigger in schedule!:schedule runOnStartup useMonitor
    queueTrigger in queueName!<queue:queue connection
    queue out queueName!<queue:queue connection
    blobTrigger in path!:container connection source
    blob in/out path!:blob connection
    table in/out tableName!:table partitionKey:expressions rowKey:expressions take:number filter:expressions connection dataType:none cardinality:none
    serviceBusTrigger in queueName topicName subscriptionName connection isSessionsEnabled
    serviceBus out queueName topicName connection
    eventHubTrigger in eventHubName consumerGroup connection
    eventHub out eventHubName connection
    eventGrid out topicEndpointUri topicKeySetting connection
    cosmosDBTrigger in databaseName containerName<collectionName connection<connectionStringSetting leaseConnection<leaseConnectionStringSetting leaseDatabaseName leaseContainerName<leaseCollectionName createLeaseContainerIfNotExists maxItemsPerInvocation startFromBeginning
    cosmosDB in/out databaseName containerName<collectionName connection<connectionStringSetting id partitionKey sqlQuery createIfNotExists
    sqlTrigger,mysqlTrigger in tableName connectionStringSetting leasesTableName
    sql,mysql in/out commandText commandType parameters connectionStringSetting
    rabbitMQTrigger in queueName connectionStringSetting
    rabbitMQ out queueName connectionStringSetting
    mcpToolTrigger in toolName description toolProperties useResultSchema inputSchema useWorkerInputSchema outputSchema metadata dataType:string
    mcpResourceTrigger in uri! resourceName! title description mimeType
    mcpPromptTrigger in promptName! promptArguments description
    eventGridTrigger,kafkaTrigger,warmupTrigger,mcpToolProperty in
    orchestrationTrigger,activityTrigger,entityTrigger,durableClient in
    signalRTrigger,signalRConnectionInfo,signalREndpoints,signalRNegotiation in
    webPubSubTrigger,webPubSubConnection,webPubSubContext in
    redisPubSubTrigger,redisListTrigger,redisStreamTrigger in
    daprServiceInvocationTrigger,daprBindingTrigger,daprTopicTrigger,daprSecret in
    kafka,signalR,webPubSub,sendGrid,twilioSms,daprInvoke,daprPublish,daprBinding out
    redis,daprState,kusto in/out";

/// The members that all bindings have.
const COMMON: [&str; 5] = ["name", "type", "direction", "dataType", "cardinality"];

struct Type {
    names: Vec<&'static str>,
    directions: &'static str,
    members: Vec<&'static str>,
}

fn types() -> impl Iterator<Item = Type> {
    TYPES.trim().lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some(Type {
            names: words.next()?.split(',').collect(),
            directions: words.next()?,
            members: words.collect(),
        })
    })
}

/// The known type that is meant: it is misspelt, or its `Trigger` is missing. `None` for a known
/// type.
fn meant(kind: &str) -> Option<&'static str> {
    let names: Vec<&str> = types().flat_map(|one| one.names).collect();
    let find = |kind: &str| names.iter().find(|name| name.eq_ignore_ascii_case(kind));
    let near = near(kind, names.iter().copied());
    let meant = near.or_else(|| find(&format!("{kind}Trigger")).copied());
    meant.filter(|_| find(kind).is_none())
}

pub fn check(function: &Function, findings: &mut Findings) {
    for (place, binding) in function.bindings.iter().enumerate() {
        let name = &binding.name;
        if let Err(why) = names::binding(name) {
            findings.error(why);
        }
        let mut earlier = function.bindings[..place].iter();
        if earlier.any(|earlier| earlier.name.eq_ignore_ascii_case(name)) {
            findings.error(format!("two bindings have the name {name:?}: rename one"));
        }
        check_type(function, binding, findings);
        check_common(function, binding, findings);
    }
    let triggers = function.bindings.iter().filter(|one| one.is_trigger());
    let mut kinds = function.bindings.iter().map(|binding| &binding.kind);
    match triggers.count() {
        // A misspelt trigger has already been reported.
        0 if kinds.any(|kind| meant(kind).is_some()) => {}
        0 => findings.error("no binding triggers it: add one whose type ends in Trigger"),
        1 => {}
        _ => findings.error("more than one binding triggers it: make a function of each"),
    }
    if function.is_http() {
        check_http(function, findings);
    }
    check_file(function, findings);
}

fn check_type(function: &Function, binding: &Binding, findings: &mut Findings) {
    let (name, kind) = (&binding.name, &binding.kind);
    let known = types().find(|one| one.names.iter().any(|name| binding.is(name)));
    if let Some(known) = &known {
        check_members(function, binding, known, findings);
    } else if kind.is_empty() {
        findings.error(format!("{name:?} has no type: write \"type\": \"...\""));
    } else if let Some(meant) = meant(kind) {
        findings.error(format!("{name:?} has the type {kind:?}: write {meant:?}"));
    } else {
        findings.note(format!("{name:?} has the type {kind:?}, not known here"));
    }
    let unknown = if binding.is_trigger() { "in" } else { "in/out" };
    let directions = known.map_or(unknown, |known| known.directions);
    let mut possible = directions.split('/');
    let (direction, by_default) = match binding.text("direction") {
        "" => ("in", " by default"),
        direction => (direction, ""),
    };
    if binding.says("direction", "inout") && directions == "in/out" {
        findings.error(format!(
            "the host does not read and write by one binding, {name:?}: write two, \
             {{ \"direction\": \"in\", \"name\": \"{name}\" }} and \
             {{ \"direction\": \"out\", \"name\": \"{name}Out\" }}"
        ));
    } else if !possible.any(|one| one.eq_ignore_ascii_case(direction)) {
        let write = directions.replace('/', "\" or \"");
        findings.error(format!(
            "the direction of {name:?} is {direction:?}{by_default}: write \"direction\": \"{write}\""
        ));
    } else if name == "$return" && !binding.is_output() {
        findings.error("\"$return\" is not an output: write \"direction\": \"out\", or rename it");
    }
    if binding.is("table") {
        check_table(binding, findings);
    }
    if binding.is("blobTrigger") && !binding.says("source", "EventGrid") {
        findings.note(format!(
            "the Flex Consumption plan does not run {name:?}: write \"source\": \"EventGrid\""
        ));
    }
}

fn check_members(function: &Function, binding: &Binding, known: &Type, findings: &mut Findings) {
    let name = &binding.name;
    let mut members = COMMON.to_vec();
    for word in &known.members {
        let (word, rule) = word.split_once(':').unwrap_or((word, ""));
        let (word, earlier) = word.split_once('<').unwrap_or((word, ""));
        let member = word.trim_end_matches('!');
        members.push(member);
        if binding[member].is_null() && !binding[earlier].is_null() {
            findings.error(format!(
                "the host does not know {earlier:?} of {name:?}, and does not run the function: \
                 write {member:?}"
            ));
        } else if word.ends_with('!') && binding.text(member).is_empty() {
            let stops = match (member, binding.is_trigger()) {
                ("queueName", true) => "the whole app does not start",
                (_, true) => "the function does not run",
                _ => "every invocation fails",
            };
            findings.error(format!(
                "{name:?} has no {member}, and {stops}: write \"{member}\": \"...\""
            ));
        } else {
            values::check(function, binding, member, rule, findings);
        }
    }
    if !known.members.is_empty() {
        misspelt(&binding.members, &members, &format!("{name}."), findings);
    }
}

fn check_common(function: &Function, binding: &Binding, findings: &mut Findings) {
    let name = &binding.name;
    let is_value = |member: &&str| is_secret(binding.text(member));
    for member in SETTINGS.into_iter().filter(is_value) {
        findings.error(format!(
            "the {member} of {name:?} is not the name of a setting: write \"{member}\": \
             \"Storage\" for one, and its value now as the value of that setting"
        ));
    }
    let is_on = |object: &Value| json::flag(json::member(object, "supportsDeferredBinding"));
    let is_deferred = [&binding.members, &binding["properties"]].map(is_on);
    if is_deferred.contains(&Some(true)) {
        findings.error(format!(
            "supportsDeferredBinding of {name:?} makes its value an object (Version, Source, \
             Content, ContentType) that no custom handler can read through: delete it"
        ));
    }
    match binding.text("dataType").to_ascii_lowercase().as_str() {
        // For a table any `dataType` is wrong.
        _ if binding.is("table") => {}
        form @ ("binary" | "stream") if binding.is_output() => findings.error(format!(
            "\"dataType\": \"{form}\" on the output {name:?} switches off that the host decodes \
             base64, so bytes, dates and texts like \"test\" arrive as base64 text: delete it"
        )),
        "" => {}
        _ => {
            let rule = "binary|string|undefined";
            values::check(function, binding, "dataType", rule, findings);
        }
    }
}

fn check_http(function: &Function, findings: &mut Findings) {
    let trigger = function.trigger();
    if trigger.name != "req" {
        findings.error("the HTTP trigger has another name: write \"name\": \"req\"");
    }
    let answers = function.bindings.iter().filter(|one| one.is("http"));
    let answers: Vec<&str> = answers.map(|one| &*one.name).collect();
    if answers != ["res"] {
        findings.error(
            "an HTTP trigger needs one HTTP output: write { \"type\": \"http\", \"direction\": \
             \"out\", \"name\": \"res\" }",
        );
    }
    if function.methods().is_empty() {
        findings.error("the HTTP trigger lists no methods: write \"methods\": [\"get\", \"post\"]");
    }
    for method in trigger["methods"].as_array().into_iter().flatten() {
        let name = method.as_str().unwrap_or_default().to_ascii_lowercase();
        if !METHODS.contains(&&*name) {
            let usual = METHODS.join(", ");
            findings.note(format!(
                "{method} is not a usual method: write some of {usual}"
            ));
        }
    }
    // [ScriptHost.cs, ValidateHttpFunction]
    let route = function.route_below().to_ascii_lowercase();
    for own in ["admin", "runtime"] {
        if route.starts_with(own) {
            findings.error(format!(
                "the host takes no route that begins with {own:?}: write another \"route\""
            ));
        }
    }
}

fn check_table(binding: &Binding, findings: &mut Findings) {
    let name = &binding.name;
    let has = |member: &str| !binding.text(member).is_empty();
    if has("rowKey") && !binding.is_output() {
        findings.note(format!(
            "the host ignores the rowKey of {name:?}, and the function gets the whole partition: \
             write \"filter\": \"RowKey eq '...'\""
        ));
    } else if has("rowKey") && !has("partitionKey") {
        findings.note(format!(
            "{name:?} has a rowKey and no partitionKey: each row brings its own, or the invocation \
             fails after the function has run"
        ));
    }
    let filter = binding.text("filter").to_ascii_lowercase();
    if has("partitionKey") && filter.contains(" or ") {
        findings.note(format!(
            "the host joins the filter of {name:?} to the partitionKey by \"and\", without \
             parentheses, so the part after \"or\" reads other partitions: write ( ... ) around it"
        ));
    }
}

fn check_file(function: &Function, findings: &mut Findings) {
    let (name, file) = (&function.name, &function.file);
    let disabled = json::member(file, "disabled");
    if !disabled.is_null() && *disabled != false {
        findings.note(format!(
            "the function runs all the same, although it has \"disabled\": {disabled}: write \
             \"AzureWebJobs.{name}.Disabled\": \"true\" among the settings"
        ));
    }
    if let Err(why) = Retry::read(file) {
        findings.note(format!(
            "the host does not know this retry, and make run has none: {why}"
        ));
    }
    let known = ["bindings", "disabled", "retry", "scriptFile"];
    misspelt(file, &known, "", findings);
    if !json::member(file, "retries").is_null() {
        findings.note("the host does not read retries: write \"retry\"");
    }
}
