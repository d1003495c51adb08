//! A function as its folder describes it: the bindings in function.json, read as the Functions host
//! reads them.

use crate::app::json;
use crate::app::names;
use crate::app::table;
use crate::host::routes::Template;
use serde_json::Value;
use std::path::Path;

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

/// The members of a binding that name a setting.
const SETTINGS: [&str; 7] = [
    "connection",
    "connectionStringSetting",
    "topicEndpointUri",
    "topicKeySetting",
    "apiKey",
    "accountSidSetting",
    "authTokenSetting",
];

/// One binding of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding(pub Value);

impl Binding {
    /// A member that is a text; empty where it is none.
    pub fn text(&self, member: &str) -> &str {
        self.0[member].as_str().unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// `in`, `out` or `inout`; `in` where it says nothing, as the host takes it.
    pub fn direction(&self) -> String {
        match self.text("direction") {
            "" => "in".into(),
            direction => direction.to_ascii_lowercase(),
        }
    }

    /// Whether it is of this type, in any case.
    pub fn is(&self, kind: &str) -> bool {
        self.text("type").eq_ignore_ascii_case(kind)
    }

    /// Whether it triggers the function.
    pub fn is_trigger(&self) -> bool {
        self.text("type").to_ascii_lowercase().ends_with("trigger")
    }

    /// Whether a value goes out by it, which is not the answer to an HTTP caller.
    pub fn is_output(&self) -> bool {
        self.direction() != "in" && !self.is("http")
    }

    /// The settings that it needs, each with the member that names it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let named =
            |member: &&str| !self.text(member).is_empty() && !self.text(member).contains('%');
        SETTINGS
            .into_iter()
            .filter(named)
            .map(|member| (member, self.text(member).to_owned()))
            .collect()
    }
}

/// A function as its folder describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// The folder's name.
    pub name: String,
    /// Its bindings in their order.
    pub bindings: Vec<Binding>,
}

impl Function {
    /// Reads the text of `<name>/function.json`. Errors where it is no JSON or lists no bindings.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        let file = json::parse(text)?;
        let bindings = file["bindings"]
            .as_array()
            .filter(|bindings| !bindings.is_empty());
        let bindings =
            bindings.ok_or("there is no binding in it: write { \"bindings\": [ ... ] }")?;
        match bindings.iter().find(|binding| !binding.is_object()) {
            Some(other) => Err(format!("a binding is an object, and this is none: {other}")),
            None => Ok(Self {
                name: name.into(),
                bindings: bindings.iter().cloned().map(Binding).collect(),
            }),
        }
    }

    /// What triggers it. The first, should there be several, which [`faults`](Self::faults) tells.
    pub fn trigger(&self) -> Option<&Binding> {
        self.bindings.iter().find(|binding| binding.is_trigger())
    }

    /// Whether an HTTP request triggers it.
    pub fn is_http(&self) -> bool {
        self.trigger()
            .is_some_and(|trigger| trigger.is("httpTrigger"))
    }

    /// The outputs besides the answer to an HTTP caller.
    pub fn outputs(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(|binding| binding.is_output())
    }

    /// The bindings whose values come in beside the trigger's.
    pub fn inputs(&self) -> impl Iterator<Item = &Binding> {
        self.bindings
            .iter()
            .filter(|binding| !binding.is_trigger() && binding.direction() != "out")
    }

    /// The methods that its HTTP trigger takes, in capitals.
    pub fn methods(&self) -> Vec<String> {
        let methods = self
            .trigger()
            .and_then(|trigger| trigger.0["methods"].as_array());
        methods
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_ascii_uppercase)
            .collect()
    }

    /// The route of its HTTP trigger below the prefix, which is its name by default.
    pub fn route(&self) -> &str {
        let route = self
            .trigger()
            .map_or("", |trigger| trigger.text("route"))
            .trim_matches('/');
        if route.trim().is_empty() {
            &self.name
        } else {
            route
        }
    }

    /// Whether the host passes the caller's own request on: there is nothing but HTTP in and out
    /// [FunctionMetadataExtensions.cs, IsHttpInAndOutFunction].
    pub fn is_http_only(&self) -> bool {
        self.is_http()
            && self.bindings.len() == 2
            && self.bindings.iter().any(|binding| binding.is("http"))
    }

    /// The function's line in the table, where its code is in the usual place. `prefix` is
    /// host.json's, with its slashes: `/api/`.
    pub fn route_call(&self, prefix: &str) -> table::Call {
        let quoted = |text: &str| format!("\"{text}\"");
        let list = |texts: Vec<String>| {
            format!(
                "&[{}]",
                texts
                    .iter()
                    .map(|text| quoted(text))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        let run = format!("{}::run", names::module(&names::file(&self.name)));
        let outputs = list(
            self.outputs()
                .map(|output| output.name().to_owned())
                .collect(),
        );
        let name = quoted(&self.name);
        if self.is_http_only() {
            let path = quoted(&format!("{prefix}{}", self.route()));
            table::Call::new("Route::http", vec![name, list(self.methods()), path, run])
        } else if self.is_http() {
            table::Call::new(
                "Route::http_with_bindings",
                vec![name, list(self.methods()), outputs, run],
            )
        } else {
            let trigger = quoted(self.trigger().map_or("", Binding::name));
            table::Call::new("Route::trigger", vec![name, trigger, outputs, run])
        }
    }

    /// What the host refuses in it, or what cannot work here, each as what is wrong and what to
    /// write.
    pub fn faults(&self) -> Vec<String> {
        let (mut faults, mut has_slip) = (Vec::new(), false);
        for (place, binding) in self.bindings.iter().enumerate() {
            let (name, kind, direction) =
                (binding.name(), binding.text("type"), binding.direction());
            if let Err(why) = names::binding(name) {
                faults.push(why);
            }
            if self.bindings[..place]
                .iter()
                .any(|earlier| earlier.name().eq_ignore_ascii_case(name))
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
            if !possible.split(' ').any(|possible| possible == direction) {
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
            } else if name == "$return" && direction != "out" {
                faults.push(
                    "the binding \"$return\" is no output: write \"direction\": \"out\", or give it another name"
                        .into(),
                );
            }
        }
        match self
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
        if self.is_http() {
            faults.extend(self.http_faults());
        }
        faults
    }

    fn http_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let trigger = self.trigger().map_or("", Binding::name);
        let answers: Vec<&str> = self
            .bindings
            .iter()
            .filter(|one| one.is("http"))
            .map(Binding::name)
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
        if self.methods().is_empty() {
            faults.push(
                "the HTTP trigger lists no methods: write \"methods\": [\"get\", \"post\"]".into(),
            );
        }
        faults.extend(Template::parse(self.route()).err());
        // [ScriptHost.cs, ValidateHttpFunction]
        let route = self.route().to_ascii_lowercase();
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
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for binding in &self.bindings {
            let (name, kind) = (binding.name(), binding.text("type"));
            let known = TYPES
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(kind));
            if !kind.is_empty() && !known && slip(kind).is_none() {
                notes.push(format!("the binding {name:?} has the type {kind:?}, which is not among those known here"));
            }
            if binding.is("blobTrigger")
                && !binding.text("source").eq_ignore_ascii_case("EventGrid")
            {
                notes.push(format!("a blob trigger without \"source\": \"EventGrid\" does not run on the Flex Consumption plan ({name:?})"));
            }
        }
        notes
    }
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

/// The names of the app's folders that hold a function.json, in their order.
pub fn folders(root: &Path) -> Result<Vec<String>, String> {
    let unreadable = |error| format!("{}: {error}", root.display());
    let mut folders = Vec::new();
    for entry in root.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join("function.json").is_file() {
            folders.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    folders.sort();
    Ok(folders)
}

/// The prefix of all HTTP routes with its slashes, `/api/` or `/`, as a host.json says it.
pub fn route_prefix(host: &Value) -> String {
    match host["extensions"]["http"]["routePrefix"]
        .as_str()
        .unwrap_or("api")
        .trim_matches('/')
    {
        "" => "/".into(),
        prefix => format!("/{prefix}/"),
    }
}
