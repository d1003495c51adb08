//! What differs from trigger to trigger in the Rust of a new function and of its test.

use crate::app::function::{Binding, Function};
use crate::app::names;
use crate::app::table::Call;
use crate::host::routes::Template;

/// What differs from trigger to trigger.
pub struct Parts {
    /// What the function is for: "handles the messages of the queue `orders`".
    pub does: String,
    /// What it uses of the crate, of serde and of serde_json.
    pub uses: [Vec<&'static str>; 3],
    /// The structs that hold the trigger's data, and their functions.
    pub items: String,
    /// The statements up to the response.
    pub body: String,
    /// How the code calls the invocation.
    pub invocation: &'static str,
    /// The response before its outputs are set.
    pub response: &'static str,
    /// Expressions for what a queue gets, what a blob gets, what can be written as JSON, and what
    /// fits into a table's row.
    pub text: &'static str,
    pub bytes: &'static str,
    pub value: &'static str,
    pub cell: &'static str,
    /// The test's name and the statements in which it calls the function.
    pub test: &'static str,
    pub call: String,
    /// What the invocation's logs hold then; empty where the call has looked at an answer.
    pub logged: &'static str,
    /// As Rust: what a queue holds then, what a blob holds, what `value` is as JSON.
    pub queued: String,
    pub stored: String,
    pub written: String,
    /// Other tests.
    pub more: String,
}

impl Parts {
    /// The parts for a function. `prefix` is host.json's, with its slashes.
    pub fn of(function: &Function, prefix: &str) -> Self {
        let trigger = function.trigger();
        let is_many = trigger.text("cardinality").eq_ignore_ascii_case("many");
        let name = quoted(&function.name);
        match SINGLES.iter().find(|single| trigger.is(single.kind)) {
            _ if function.is_http() => http(function, prefix),
            _ if trigger.is("timerTrigger") => timer(trigger, &name),
            _ if is_many || trigger.is("cosmosDBTrigger") => list(function, trigger, &name),
            _ if trigger.is("eventGridTrigger") => event_grid(function, &name),
            found => single(found.unwrap_or(&OTHER), trigger, &name),
        }
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            does: String::new(),
            uses: [
                vec!["Invocation", "Response", "Result", "log"],
                vec![],
                vec![],
            ],
            items: String::new(),
            body: String::new(),
            invocation: "invocation",
            response: "Response::new()",
            text: "text",
            bytes: "text",
            value: "text",
            cell: "text",
            test: "",
            call: String::new(),
            logged: "",
            queued: "\"hi\"".into(),
            stored: "\"hi\"".into(),
            written: "\"hi\"".into(),
            more: String::new(),
        }
    }
}

/// A trigger whose value is a text or bytes, and whose metadata tells more.
struct Single {
    kind: &'static str,
    /// `Message`
    name: &'static str,
    doc: &'static str,
    /// Field, type, name in the metadata, doc comment.
    metadata: &'static [[&'static str; 4]],
    log: &'static str,
}

const SINGLES: [Single; 4] = [
    Single {
        kind: "queueTrigger",
        name: "Message",
        doc: "A message, and what the queue knows of it.",
        metadata: &[
            ["id", "String", "Id", "The queue's id of it."],
            [
                "dequeue_count",
                "u32",
                "DequeueCount",
                "How often it was taken out: after five failures it goes to the poison queue.",
            ],
            [
                "insertion_time",
                "String",
                "InsertionTime",
                "When it was put in: `2026-11-21T10:02:30+00:00`.",
            ],
        ],
        log: "message {id}, dequeue count {dequeue_count}, of {insertion_time}",
    },
    Single {
        kind: "serviceBusTrigger",
        name: "Message",
        doc: "A message, and what Service Bus knows of it.",
        metadata: &[
            ["id", "String", "MessageId", "The sender's id of it."],
            [
                "delivery_count",
                "u32",
                "DeliveryCount",
                "How often it was delivered.",
            ],
            [
                "enqueued_time",
                "String",
                "EnqueuedTimeUtc",
                "When it was sent: `2026-11-21T10:02:30Z`.",
            ],
        ],
        log: "message {id}, delivery count {delivery_count}, of {enqueued_time}",
    },
    Single {
        kind: "eventHubTrigger",
        name: "Event",
        doc: "An event, and what the event hub knows of it.",
        metadata: &[
            [
                "sequence_number",
                "i64",
                "SequenceNumber",
                "Its number in the partition.",
            ],
            [
                "enqueued_time",
                "String",
                "EnqueuedTimeUtc",
                "When it was sent: `2026-11-21T10:02:30Z`.",
            ],
            [
                "partition_key",
                "String",
                "PartitionKey",
                "The sender's key, if any: events of one key are in one partition.",
            ],
        ],
        log: "event {sequence_number} of {enqueued_time}, key {partition_key:?}",
    },
    Single {
        kind: "blobTrigger",
        name: "Blob",
        doc: "A blob, and what the storage knows of it.",
        metadata: &[["uri", "String", "Uri", "Its address."]],
        log: "blob {uri}",
    },
];

const OTHER: Single = Single {
    kind: "",
    name: "Event",
    doc: "What triggered the function.",
    metadata: &[],
    log: "an event",
};

fn single(single: &Single, trigger: &Binding, function: &str) -> Parts {
    let Single { name, doc, .. } = single;
    let (path, queue) = (trigger.text("path"), trigger.text("queueName"));
    let is_blob = trigger.is("blobTrigger");
    let is_binary = is_blob || trigger.text("dataType").eq_ignore_ascii_case("binary");
    let (mut metadata, mut log) = (single.metadata.to_vec(), single.log.to_owned());
    // The host tells what `{name}` in the path of a blob stands for.
    let part = path
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map_or("", |(part, _)| part);
    let (field, doc_of_field) = (
        names::file(part),
        format!("What `{{{part}}}` in the trigger's path stands for."),
    );
    let is_field = names::binding(part).is_ok()
        && names::module(&field) == field
        && field != "bytes"
        && field != "uri";
    if is_blob && is_field {
        metadata.push([&field, "String", part, &doc_of_field]);
        log = format!("blob {{{field}}} at {{uri}}");
    }
    let fields: String = metadata
        .iter()
        .map(|[field, kind, _, doc]| format!("    /// {doc}\n    {field}: {kind},\n"))
        .collect();
    let field_names: String = metadata
        .iter()
        .map(|[field, ..]| format!(", {field}"))
        .collect();
    let read = |[field, _, name, _]: &[&str; 4]| {
        format!(
            "            {field}: invocation.metadata(\"{name}\").ok().flatten().unwrap_or_default(),\n"
        )
    };
    let mut hint = "        // A sender's JSON can bring members of these names, of any kind: such a one counts as absent.\n";
    if metadata.is_empty() || is_binary {
        hint = "";
    }
    let (lifetime, argument, result, question) = match is_binary {
        true => ("", "invocation: &Invocation", "Result<Self>", "?"),
        false => ("<'a>", "invocation: &'a Invocation", "Self", ""),
    };
    let (payload, kind, what, value) = match is_binary {
        true => (
            "bytes",
            "Vec<u8>",
            "Its bytes.",
            "invocation.trigger.binary()?",
        ),
        false => ("text", "&'a str", "Its text.", "invocation.trigger.text()"),
    };
    let (open, close) = if is_binary {
        ("Ok(Self {", "})")
    } else {
        ("Self {", "}")
    };
    let inner = match metadata.is_empty() {
        true => format!("        {open} {payload}: {value} {close}\n"),
        false => {
            let metadata: String = metadata.iter().map(read).collect();
            format!("        {open}\n            {payload}: {value},\n{metadata}        {close}\n")
        }
    };
    let place = ["queueName", "topicName", "eventHubName", "path"]
        .into_iter()
        .map(|member| trigger.text(member));
    let each = format!("handles each {}", name.to_lowercase());
    let mut parts = Parts {
        does: place
            .into_iter()
            .find(|place| !place.is_empty())
            .map_or(each.clone(), |place| format!("{each} of `{place}`")),
        items: format!(
            "/// {doc}\nstruct {name}{lifetime} {{\n    /// {what}\n    {payload}: {kind},\n{fields}}}\n\n\
             impl{lifetime} {name}{lifetime} {{\n    fn of({argument}) -> {result} {{\n{hint}{inner}    }}\n}}\n"
        ),
        body: format!(
            "    let {name} {{ {payload}{field_names} }} = {name}::of(&invocation){question};\n    \
             log::info(format_args!(\"{log}: {{}} bytes\", {payload}.len()));\n"
        ),
        test: "what_triggers_it_is_logged",
        call: match trigger.is("queueTrigger") && !is_binary && !queue.contains('%') {
            true => call_of("send", &[&quoted(queue), "\"hi\""]),
            false if is_binary => call_of("trigger_bytes", &[function, "b\"hi\""]),
            false => call_of("trigger", &[function, "json!(\"hi\")"]),
        },
        logged: ": 2 bytes",
        ..Parts::default()
    };
    if is_blob {
        let uri = format!(
            "http://127.0.0.1:10000/devstoreaccount1/{}",
            path.replace(['{', '}'], "")
        );
        (parts.text, parts.bytes, parts.value, parts.cell) =
            ("uri.as_str()", "&bytes[..]", "uri", "uri");
        (parts.queued, parts.written) = (quoted(&uri), quoted(&uri));
    } else if is_binary {
        (parts.text, parts.bytes, parts.value, parts.cell) =
            ("&bytes[..]", "&bytes[..]", "bytes.len()", "bytes.len()");
        parts.written = "2".into();
    }
    parts
}

fn timer(trigger: &Binding, name: &str) -> Parts {
    Parts {
        does: format!("runs by the schedule `{}`", trigger.text("schedule")),
        uses: [
            vec!["Invocation", "Response", "Result", "log"],
            vec!["Deserialize"],
            vec![],
        ],
        items: "\
/// What the host says of the timer.
#[derive(Deserialize)]
#[serde(rename_all = \"PascalCase\")]
struct Timer {
    /// Whether this run comes later than it should.
    is_past_due: bool,
    /// None where the timer runs more often than once a minute.
    schedule_status: Option<ScheduleStatus>,
}

/// The times of a schedule.
#[derive(Deserialize)]
#[serde(rename_all = \"PascalCase\")]
struct ScheduleStatus {
    /// When the timer runs next: `2026-11-25T03:00:00+00:00`.
    next: String,
}
"
        .into(),
        body: "    \
    let timer: Timer = invocation.trigger.json()?;
    if timer.is_past_due {
        log::warn(\"this run is late\");
    }
    let report = match timer.schedule_status {
        Some(status) => format!(\"done until {}\", status.next),
        None => \"done\".to_owned(),
    };
    log::info(&report);
"
        .into(),
        text: "report.as_str()",
        bytes: "report.as_str()",
        value: "report",
        cell: "report",
        test: "a_run_says_when_the_next_one_is",
        call: format!(
            "    let status = json!({{\"Next\": \"2026-11-25T03:00:00+00:00\"}});\n    \
             let timer = json!({{\"IsPastDue\": true, \"ScheduleStatus\": status}});\n{}",
            call_of("trigger", &[name, "timer"])
        ),
        logged: "done until 2026-11-25",
        queued: "\"done until 2026-11-25T03:00:00+00:00\"".into(),
        stored: "\"done until 2026-11-25T03:00:00+00:00\"".into(),
        written: "\"done until 2026-11-25T03:00:00+00:00\"".into(),
        ..Parts::default()
    }
}

fn event_grid(function: &Function, name: &str) -> Parts {
    let event = "json!({\"id\": \"9\", \"eventType\": \"Made\", \"subject\": \"/a\", \"data\": {\"size\": 2}})";
    Parts {
        does: "handles events of Event Grid".into(),
        uses: [vec!["Invocation", "Response", "Result", "log"], derives(function), vec!["Value"]],
        items: format!(
            "/// An event, in the schema of Event Grid or in that of CloudEvents.
#[derive({})]
#[serde(rename_all = \"camelCase\")]
struct Event {{
    /// The publisher's id of it.
    id: String,
    /// What happened: `Microsoft.Storage.BlobCreated`.
    #[serde(alias = \"type\")]
    event_type: String,
    /// What it happened to: `/blobs/a.txt`.
    #[serde(default)]
    subject: String,
    /// What the publisher says of it.
    #[serde(default)]
    data: Value,
}}
",
            derives(function).join(", ")
        ),
        body: "    \
    let event: Event = invocation.trigger.json()?;
    log::info(format_args!(\"event {}: {} {} {}\", event.id, event.event_type, event.subject, event.data));
"
        .into(),
        text: "Output::json(&event)?",
        bytes: "Output::json(&event)?",
        value: "event",
        cell: "serde_json::to_string(&event)?",
        test: "an_event_is_logged",
        call: format!("    let event = {event};\n{}", call_of("trigger", &[name, "event"])),
        logged: "event 9: Made /a",
        queued: "r#\"{\"id\":\"9\",\"eventType\":\"Made\",\"subject\":\"/a\",\"data\":{\"size\":2}}\"#".into(),
        stored: "r#\"{\"id\":\"9\",\"eventType\":\"Made\",\"subject\":\"/a\",\"data\":{\"size\":2}}\"#".into(),
        written: "{\"id\": \"9\", \"eventType\": \"Made\", \"subject\": \"/a\", \"data\": {\"size\": 2}}".into(),
        ..Parts::default()
    }
}

/// Many values in one invocation.
fn list(function: &Function, trigger: &Binding, name: &str) -> Parts {
    let derive = derives(function).join(", ");
    let is_cosmos = trigger.is("cosmosDBTrigger");
    let (items, log, json) = match is_cosmos {
        true => (
            format!(
                "/// A document that was added or changed.
#[derive({derive})]
struct Item {{
    /// Its id.
    id: String,
    /// When it was changed, in seconds since 1970.
    #[serde(rename = \"_ts\")]
    changed: u64,
    /// Its other members.
    #[serde(flatten)]
    members: Map<String, Value>,
}}
"
            ),
            "log::info(format_args!(\"document {}, changed at {}: {:?}\", item.id, item.changed, item.members));",
            vec!["Map", "Value"],
        ),
        false => (
            format!(
                "/// One of those that came together.\n#[derive({derive})]\nstruct Item(Value);\n"
            ),
            "log::info(format_args!(\"item {}\", item.0));",
            vec!["Value"],
        ),
    };
    let (given, logged, queued, stored, written) = match is_cosmos {
        true => (
            "json!([{\"id\": \"9\", \"_ts\": 1, \"size\": 2}])",
            "document 9, changed at 1",
            "r#\"{\"id\":\"9\",\"_ts\":1,\"size\":2}\"#",
            "r#\"[{\"id\":\"9\",\"_ts\":1,\"size\":2}]\"#",
            "[{\"id\": \"9\", \"_ts\": 1, \"size\": 2}]",
        ),
        false => (
            "json!([\"one\"])",
            "one",
            "\"one\"",
            "r#\"[\"one\"]\"#",
            "[\"one\"]",
        ),
    };
    Parts {
        does: match is_cosmos {
            true => format!(
                "handles what changes in the container `{}`",
                trigger.text("containerName")
            ),
            false => "handles what comes, many in one invocation".into(),
        },
        uses: [
            vec!["Invocation", "Response", "Result", "log"],
            derives(function),
            json,
        ],
        items,
        body: format!(
            "    let items: Vec<Item> = invocation.trigger.json()?;\n    for item in &items {{\n        {log}\n    }}\n"
        ),
        text: "Output::list(&items)?",
        bytes: "Output::json(&items)?",
        value: "items",
        cell: "serde_json::to_string(&items)?",
        test: "each_is_logged",
        call: format!(
            "    let items = {given};\n{}",
            call_of("trigger", &[name, "items"])
        ),
        logged,
        queued: queued.into(),
        stored: stored.into(),
        written: written.into(),
        ..Parts::default()
    }
}

fn http(function: &Function, prefix: &str) -> Parts {
    let (posting, other): (Vec<String>, Vec<String>) = function
        .methods()
        .into_iter()
        .partition(|method| ["POST", "PUT", "PATCH"].contains(&method.as_str()));
    let (parameters, path) = Template::parse(function.route_below())
        .map_or_else(|_| Default::default(), |route| route.example());
    let path = format!("{}{path}", prefix.trim_end_matches('/'));
    let read = match (&posting[..], &other[..]) {
        (_, []) => "    let item: Item = request.json()?;\n".into(),
        ([], _) => "    let item = from_query(&request)?;\n".into(),
        (posting, _) => {
            let is_posting: Vec<String> = posting
                .iter()
                .map(|method| format!("request.method == \"{method}\""))
                .collect();
            format!(
                "    let item = if {} {{ request.json()? }} else {{ from_query(&request)? }};\n",
                is_posting.join(" || ")
            )
        }
    };
    let params: String = parameters
        .iter()
        .map(|(name, _)| {
            format!("    log::info(format_args!(\"{name}: {{}}\", request.param(\"{name}\")?.unwrap_or(\"none\")));\n")
        })
        .collect();
    let (derive, query) = match (posting.is_empty(), other.is_empty()) {
        (false, true) => (vec!["Deserialize", "Serialize"], ""),
        (true, _) => (vec!["Serialize"], FROM_QUERY),
        (false, false) => (vec!["Deserialize", "Serialize"], FROM_QUERY),
    };
    let mut uses = vec!["HttpRequest", "HttpResponse", "Result", "log"];
    uses.extend(if query.is_empty() {
        None
    } else {
        Some("Error")
    });
    let body = "r#\"{\"name\":\"pen\",\"quantity\":2}\"#";
    let ask = |method: &str, good: bool| match (method, good) {
        ("GET", true) => answer_of("get", &[&quoted(&format!("{path}?name=pen&quantity=2"))]),
        ("GET", false) => answer_of("get", &[&quoted(&path)]),
        ("POST", true) => answer_of("post", &[&quoted(&path), body]),
        ("POST", false) => answer_of("post", &[&quoted(&path), "\"pen\""]),
        (method, good) if ["PUT", "PATCH"].contains(&method) => {
            let body = if good {
                "br#\"{\"name\":\"pen\",\"quantity\":2}\"#"
            } else {
                "b\"pen\""
            };
            answer_of("call", &[&quoted(method), &quoted(&path), "&[]", body])
        }
        (method, good) => {
            let query = if good { "?name=pen&quantity=2" } else { "" };
            answer_of(
                "call",
                &[
                    &quoted(method),
                    &quoted(&format!("{path}{query}")),
                    "&[]",
                    "b\"\"",
                ],
            )
        }
    };
    let first = posting
        .first()
        .or(other.first())
        .cloned()
        .unwrap_or_default();
    let json = "json!({\"name\": \"pen\", \"quantity\": 2})";
    let answered = format!(
        "    assert_eq!(answer.status, 200, \"{{}}\", answer.text());\n    assert_eq!(answer.json(), {json});\n"
    );
    let is_without_body = |method: &str| ["HEAD", "OPTIONS"].contains(&method);
    let asked = |method: &str| match is_without_body(method) {
        true => format!("{}    assert_eq!(answer.status, 200);\n", ask(method, true)),
        false => format!("{}{answered}", ask(method, true)),
    };
    let mut more = String::new();
    if let (Some(_), Some(method)) = (posting.first(), other.first()) {
        more = test_of("an_item_in_the_query_is_taken", &asked(method));
    }
    let refused = format!(
        "{}    assert_eq!(answer.status, 400);\n",
        ask(&first, false)
    );
    more += &test_of("what_is_no_item_is_refused", &refused);
    Parts {
        does: format!(
            "takes an item, {}",
            match (posting.is_empty(), other.is_empty()) {
                (false, true) => "as JSON in the body",
                (true, _) => "in the query",
                (false, false) => "as JSON in the body or in the query",
            }
        ),
        uses: [uses, derive.clone(), vec![]],
        items: format!(
            "/// What a caller sends.\n#[derive({})]\nstruct Item {{\n    /// What it is called.\n    name: String,\n    \
             /// How many of it.\n    quantity: u32,\n}}\n{query}",
            derive.join(", ")
        ),
        body: format!(
            "{read}{params}    log::info(format_args!(\"item {{}}, quantity {{}}\", item.name, item.quantity));\n"
        ),
        invocation: "request.invocation",
        response: "Response::from(HttpResponse::json(&item)?)",
        text: "Output::json(&item)?",
        bytes: "Output::json(&item)?",
        value: "item",
        cell: "serde_json::to_string(&item)?",
        test: "an_item_is_taken",
        call: asked(&first),
        logged: "",
        queued: body.into(),
        stored: body.into(),
        written: "{\"name\": \"pen\", \"quantity\": 2}".into(),
        more,
    }
}

const FROM_QUERY: &str = "
/// The item that the query tells: `?name=pen&quantity=2`.
fn from_query(request: &HttpRequest) -> Result<Item> {
    let name = request.query(\"name\").ok_or_else(|| Error::refuse(400, \"say which item: ?name=pen&quantity=2\"))?;
    let quantity = request.query(\"quantity\").unwrap_or_else(|| \"1\".to_owned());
    match quantity.parse() {
        Ok(quantity) => Ok(Item { name, quantity }),
        Err(_) => Err(Error::refuse(400, format!(\"the quantity {quantity:?} is not a number\"))),
    }
}
";

/// The derives of what is read from JSON, and written too where there are outputs.
fn derives(function: &Function) -> Vec<&'static str> {
    match function.listed_outputs().next().is_some() {
        true => vec!["Deserialize", "Serialize"],
        false => vec!["Deserialize"],
    }
}

pub fn test_of(name: &str, body: &str) -> String {
    format!("\n#[test]\nfn {name}() {{\n    let app = App::start();\n{body}}}\n")
}

fn call_of(method: &str, arguments: &[&str]) -> String {
    statement("run", method, arguments)
}

fn answer_of(method: &str, arguments: &[&str]) -> String {
    statement("answer", method, arguments)
}

fn statement(variable: &str, method: &str, arguments: &[&str]) -> String {
    let arguments = arguments
        .iter()
        .map(|argument| (*argument).to_owned())
        .collect();
    Call::new(format!("app.{method}"), arguments).laid_out(&format!("    let {variable} = "), ";\n")
}

/// A text as a string in Rust.
pub fn quoted(text: &str) -> String {
    format!("{text:?}")
}
