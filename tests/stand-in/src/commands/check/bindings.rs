//! The bindings of one function: what the host refuses, and what cannot work.

use crate::app::finding::Finding;
use crate::app::function::{Direction, Function};
use crate::app::names;

/// The types of bindings there are, and the directions that each can have.
const TYPES: [(&str, &str); 53] = [
    ("httpTrigger", "in"),
    ("http", "out"),
    ("timerTrigger", "in"),
    ("queueTrigger", "in"),
    ("queue", "out"),
    ("blobTrigger", "in"),
    ("blob", "in out inout"),
    ("table", "in out"),
    ("serviceBusTrigger", "in"),
    ("serviceBus", "out"),
    ("eventHubTrigger", "in"),
    ("eventHub", "out"),
    ("eventGridTrigger", "in"),
    ("eventGrid", "out"),
    ("cosmosDBTrigger", "in"),
    ("cosmosDB", "in out"),
    ("sqlTrigger", "in"),
    ("sql", "in out"),
    ("mysqlTrigger", "in"),
    ("mysql", "in out"),
    ("kafkaTrigger", "in"),
    ("kafka", "out"),
    ("rabbitMQTrigger", "in"),
    ("rabbitMQ", "out"),
    ("signalRTrigger", "in"),
    ("signalRConnectionInfo", "in"),
    ("signalREndpoints", "in"),
    ("signalRNegotiation", "in"),
    ("signalR", "out"),
    ("webPubSubTrigger", "in"),
    ("webPubSubConnection", "in"),
    ("webPubSubContext", "in"),
    ("webPubSub", "out"),
    ("redisPubSubTrigger", "in"),
    ("redisListTrigger", "in"),
    ("redisStreamTrigger", "in"),
    ("redis", "in out"),
    ("daprServiceInvocationTrigger", "in"),
    ("daprBindingTrigger", "in"),
    ("daprTopicTrigger", "in"),
    ("daprState", "in out"),
    ("daprSecret", "in"),
    ("daprInvoke", "out"),
    ("daprPublish", "out"),
    ("daprBinding", "out"),
    ("orchestrationTrigger", "in"),
    ("activityTrigger", "in"),
    ("entityTrigger", "in"),
    ("durableClient", "in"),
    ("sendGrid", "out"),
    ("twilioSms", "out"),
    ("kusto", "in out"),
    ("warmupTrigger", "in"),
];

/// What is wrong with the bindings of a function.
pub fn check(function: &Function) -> Vec<Finding> {
    let file = format!("{}/function.json", function.name);
    let errors = faults(function)
        .into_iter()
        .map(|what| Finding::error(&file, what));
    let notes = notes(function)
        .into_iter()
        .map(|what| Finding::note(&file, what));
    errors.chain(notes).collect()
}

/// What the host refuses in it, or what cannot work here, each as what is wrong and what to
/// write.
fn faults(function: &Function) -> Vec<String> {
    let (mut faults, mut has_slip) = (Vec::new(), false);
    for (place, binding) in function.bindings.iter().enumerate() {
        let (name, kind, direction) = (
            binding.name.as_str(),
            binding.kind.as_str(),
            binding.text("direction"),
        );
        let direction = if direction.is_empty() {
            "in"
        } else {
            direction
        };
        if let Err(why) = names::binding(name) {
            faults.push(why);
        }
        if function.bindings[..place]
            .iter()
            .any(|earlier| earlier.name.eq_ignore_ascii_case(name))
        {
            faults.push(format!(
                "two bindings have the name {name:?}: give one of them another"
            ));
        }
        let known = TYPES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(kind));
        if let (None, Some(meant)) = (known, slip(kind)) {
            faults.push(format!(
                "the binding {name:?} has the type {kind:?}: write \"{meant}\""
            ));
            has_slip = true;
        }
        if kind.is_empty() {
            faults.push(format!(
                "the binding {name:?} has no type: write \"type\": \"...\""
            ));
        }
        let possible = known.map_or(
            if binding.is_trigger() {
                "in"
            } else {
                "in out inout"
            },
            |(_, possible)| possible,
        );
        if !possible
            .split(' ')
            .any(|possible| possible.eq_ignore_ascii_case(direction))
        {
            let said = match binding.text("direction") {
                "" => "no direction, which is \"in\"".into(),
                said => format!("the direction {said:?}"),
            };
            let write = possible
                .split(' ')
                .map(|one| format!("\"{one}\""))
                .collect::<Vec<_>>()
                .join(" or ");
            faults.push(format!(
                "the binding {name:?} of type {kind:?} has {said}: write \"direction\": {write}"
            ));
        } else if name == "$return" && binding.direction != Direction::Out {
            faults.push(
                    "the binding \"$return\" is not an output: write \"direction\": \"out\", or give it another name"
                        .into(),
                );
        }
    }
    match function
        .bindings
        .iter()
        .filter(|binding| binding.is_trigger())
        .count()
    {
        0 if has_slip => {}
        0 => faults.push("no binding triggers it: add one whose type ends in Trigger".into()),
        1 => {}
        _ => faults.push("more than one binding triggers it: make a function of each".into()),
    }
    if function.is_http() {
        faults.extend(http_faults(function));
    }
    faults
}

fn http_faults(function: &Function) -> Vec<String> {
    let mut faults = Vec::new();
    let trigger = function.trigger().name.as_str();
    let answers: Vec<&str> = function
        .bindings
        .iter()
        .filter(|one| one.is("http"))
        .map(|one| one.name.as_str())
        .collect();
    if trigger != "req" {
        faults.push(format!(
            "the HTTP trigger has the name {trigger:?}: write \"name\": \"req\""
        ));
    }
    match answers[..] {
            ["res"] => {}
            [] => faults.push(
                "an HTTP trigger needs its output: add { \"type\": \"http\", \"direction\": \"out\", \"name\": \"res\" }".into(),
            ),
            [name] => faults.push(format!("the HTTP output has the name {name:?}: write \"name\": \"res\"")),
            _ => faults.push("there are two outputs of the type http: delete one".into()),
        }
    if function.methods().is_empty() {
        faults.push(
            "the HTTP trigger lists no methods: write \"methods\": [\"get\", \"post\"]".into(),
        );
    }
    // [ScriptHost.cs, ValidateHttpFunction]
    let route = function.route_below().to_ascii_lowercase();
    if let Some(own) = ["admin", "runtime"]
        .into_iter()
        .find(|own| route.starts_with(own))
    {
        faults.push(format!(
                "the host takes no route that begins with {own:?}, and this is {route:?}: write another \"route\""
            ));
    }
    faults
}

/// What works, and yet may be meant otherwise.
fn notes(function: &Function) -> Vec<String> {
    let mut notes = Vec::new();
    for binding in &function.bindings {
        let (name, kind) = (&binding.name, &binding.kind);
        let known = TYPES
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(kind));
        if !kind.is_empty() && !known && slip(kind).is_none() {
            notes.push(format!(
                "the binding {name:?} has the type {kind:?}, which is not among those known here"
            ));
        }
        if binding.is("blobTrigger") && !binding.says("source", "EventGrid") {
            notes.push(format!("a blob trigger without \"source\": \"EventGrid\" does not run on the Flex Consumption plan ({name:?})"));
        }
    }
    notes
}

/// The known type that this one is a slip of: up to two letters are wrong, or it lacks `Trigger`.
fn slip(kind: &str) -> Option<&'static str> {
    let kind = kind.to_ascii_lowercase();
    let near = |known: &str| {
        let known = known.to_ascii_lowercase();
        let most = [(4, 1), (8, 2)]
            .iter()
            .rev()
            .find(|(length, _)| known.len() >= *length)
            .map_or(0, |(_, most)| *most);
        distance(&kind, &known) <= most || known.strip_suffix("trigger") == Some(&kind)
    };
    TYPES
        .iter()
        .map(|(known, _)| *known)
        .find(|known| near(known))
}

/// How many letters have to be put in, taken out, changed or swapped with their neighbour to make
/// one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let swapped = match i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                true => rows[i - 2][j - 2] + 1,
                false => usize::MAX,
            };
            row.push(
                changed
                    .min(swapped)
                    .min(rows[i - 1][j] + 1)
                    .min(row[j - 1] + 1),
            );
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
