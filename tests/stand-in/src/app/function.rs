//! A function as its folder describes it: the bindings in function.json, read as the Functions host
//! reads them.

use crate::app::json;
use crate::app::names;
use crate::host::routes::Template;
use serde_json::Value;
use std::ops::Index;

/// Which way a binding's value goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Direction {
    /// Into the function; also where function.json does not say it.
    #[default]
    In,
    /// Out of the function.
    Out,
    /// Both, which the host supports for no type of binding.
    InOut,
}

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

/// Whether a text is a connection string, a key or an address, and not a setting's name.
fn is_secret(text: &str) -> bool {
    text.contains(['=', ';', '/'])
}

/// The members in which `%` stands for itself: a route is a template of its own, and SQL has
/// `LIKE '%tea%'`.
const LITERAL: [&str; 2] = ["route", "commandText"];

/// One binding of a function. `binding["queueName"]` is a member, whose name may be written in any
/// case; null if there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Binding {
    /// Its name; empty if it has none.
    pub name: String,
    /// Its type, as it is written: `queueTrigger`.
    pub kind: String,
    pub direction: Direction,
    /// All its members, as an object.
    pub members: Value,
}

/// What stands for the trigger of a function without one.
static NONE: Binding = Binding {
    name: String::new(),
    kind: String::new(),
    direction: Direction::In,
    members: Value::Null,
};

impl From<Value> for Binding {
    /// Reads the JSON of a binding. What is missing is empty, and a direction that is not one counts
    /// as `in`; `make check` finds both.
    fn from(members: Value) -> Self {
        let text = |member| json::member(&members, member).as_str().unwrap_or_default();
        let direction = match text("direction").to_ascii_lowercase().as_str() {
            "out" => Direction::Out,
            "inout" => Direction::InOut,
            _ => Direction::In,
        };
        Self {
            name: text("name").to_owned(),
            kind: text("type").to_owned(),
            direction,
            members,
        }
    }
}

impl Index<&str> for Binding {
    type Output = Value;

    fn index(&self, member: &str) -> &Value {
        json::member(&self.members, member)
    }
}

impl Binding {
    /// A member that is a text; empty if it is not.
    pub fn text(&self, member: &str) -> &str {
        self[member].as_str().unwrap_or_default()
    }

    /// Whether it is of this type, in any case.
    pub fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// Whether a member is this text, in any case.
    pub fn says(&self, member: &str, text: &str) -> bool {
        self.text(member).eq_ignore_ascii_case(text)
    }

    /// Whether it triggers the function.
    pub fn is_trigger(&self) -> bool {
        self.kind.to_ascii_lowercase().ends_with("trigger")
    }

    /// The settings that it needs, each with the member that names it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let named = SETTINGS.map(|member| (member, self.text(member).to_owned()));
        let mut named = Vec::from(named);
        named.retain(|(_, name)| !name.is_empty() && !name.contains('%') && !is_secret(name));
        named
    }

    /// The members that would name a setting, and hold its value instead.
    pub fn secrets(&self) -> impl Iterator<Item = &'static str> {
        let members = SETTINGS.into_iter();
        members.filter(|member| is_secret(self.text(member)))
    }
}

/// A function as its folder describes it.
#[derive(Debug, Default)]
pub struct Function {
    /// The folder's name.
    pub name: String,
    /// Its bindings in their order. In an app that runs, `%NAME%` in them is resolved.
    pub bindings: Vec<Binding>,
    /// The whole route of an HTTP function, its prefix included; `None` if it is
    /// not a route, and until [`Description`](super::description::Description) has set it.
    pub route: Option<Template>,
    /// The members of function.json.
    pub file: Value,
}

impl Function {
    /// Reads the text of `<name>/function.json`. Errors if it is not JSON or lists no bindings.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        let file = json::parse(text)?;
        let bindings = json::member(&file, "bindings").as_array().cloned();
        let bindings = bindings.unwrap_or_default();
        if bindings.is_empty() {
            return Err("there is no binding in it: write { \"bindings\": [ ... ] }".into());
        }
        if let Some(other) = bindings.iter().find(|binding| !binding.is_object()) {
            return Err(format!("a binding is an object, and this is not: {other}"));
        }
        Ok(Self {
            name: name.into(),
            bindings: bindings.into_iter().map(Binding::from).collect(),
            route: None,
            file,
        })
    }

    /// Replaces each `%NAME%` in the bindings by the setting of that name. Gives the binding, the
    /// member and the name of each setting that there is not.
    pub fn resolve(
        &mut self,
        setting: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<(String, String, String)> {
        let mut missing = Vec::new();
        // The MCP extension takes all its texts as they are.
        let is_mcp = |binding: &&mut Binding| binding.kind.to_ascii_lowercase().starts_with("mcp");
        for binding in self.bindings.iter_mut().filter(|one| !is_mcp(one)) {
            for (member, value) in binding.members.as_object_mut().into_iter().flatten() {
                let is = |one: &&str| one.eq_ignore_ascii_case(member);
                let is_literal = LITERAL.iter().any(is);
                if let (false, Value::String(text)) = (is_literal, value)
                    && !(SETTINGS.iter().any(is) && is_secret(text))
                {
                    let (resolved, unknown) = resolved(text, setting);
                    *text = resolved;
                    for name in unknown {
                        missing.push((binding.name.clone(), member.clone(), name));
                    }
                }
            }
        }
        missing
    }

    /// Its function.json, seen from the app's root.
    pub fn file_name(&self) -> String {
        format!("{}/function.json", self.name)
    }

    /// What triggers it: the first binding whose type ends in Trigger; an empty binding if there is
    /// none.
    pub fn trigger(&self) -> &Binding {
        let mut bindings = self.bindings.iter();
        bindings.find(|one| one.is_trigger()).unwrap_or(&NONE)
    }

    /// Whether an HTTP request triggers it.
    pub fn is_http(&self) -> bool {
        self.trigger().is("httpTrigger")
    }

    /// Whether it is a tool of the app's MCP server.
    pub fn is_tool(&self) -> bool {
        self.trigger().is("mcpToolTrigger")
    }

    /// The bindings of its outputs, the answer to an HTTP caller among them.
    pub fn outputs(&self) -> impl Iterator<Item = &Binding> {
        let bindings = self.bindings.iter();
        bindings.filter(|one| one.direction != Direction::In)
    }

    /// The outputs that the table lists: all but the answer to an HTTP caller.
    pub fn listed_outputs(&self) -> impl Iterator<Item = &Binding> {
        self.outputs().filter(|binding| !binding.is("http"))
    }

    /// The bindings whose values come in beside the trigger's.
    pub fn inputs(&self) -> impl Iterator<Item = &Binding> {
        let bindings = self.bindings.iter();
        bindings.filter(|one| !one.is_trigger() && one.direction != Direction::Out)
    }

    /// The methods that an HTTP function takes, in capitals; empty if it takes all.
    pub fn methods(&self) -> Vec<String> {
        let methods = self.trigger()["methods"].as_array().into_iter().flatten();
        let methods = methods.filter_map(Value::as_str);
        methods.map(str::to_ascii_uppercase).collect()
    }

    /// Whether an HTTP function takes a method. Newer hosts pass HEAD to those that take GET.
    pub fn takes(&self, method: &str) -> bool {
        let methods = self.methods();
        let takes = |one: &String| one == method || (method == "HEAD" && one == "GET");
        methods.is_empty() || methods.iter().any(takes)
    }

    /// The route of its HTTP trigger below the prefix, which is its name by default.
    pub fn route_below(&self) -> &str {
        match self.trigger().text("route").trim_matches('/') {
            route if route.trim().is_empty() => &self.name,
            route => route,
        }
    }

    /// Whether the host passes the caller's own request on: there is nothing but HTTP in and out
    /// [FunctionMetadataExtensions.cs, IsHttpInAndOutFunction].
    pub fn is_http_only(&self) -> bool {
        let has_answer = self.bindings.iter().any(|binding| binding.is("http"));
        self.is_http() && has_answer && self.bindings.len() == 2
    }

    /// The function's line in the table, where its code is in the usual place. `prefix` is
    /// host.json's, with its slashes: `/api/`.
    pub fn route_call(&self, prefix: &str) -> String {
        let name = &self.name;
        let run = format!("{}::run", names::module(&names::file(name)));
        let (trigger, methods) = (&self.trigger().name, self.methods());
        let outputs: Vec<&String> = self.listed_outputs().map(|output| &output.name).collect();
        if self.is_http_only() {
            let path = format!("{prefix}{}", self.route_below());
            format!("Route::http({name:?}, &{methods:?}, {path:?}, {run})")
        } else if self.is_http() {
            format!("Route::http_with_bindings({name:?}, &{methods:?}, &{outputs:?}, {run})")
        } else {
            let route = if self.is_tool() { "tool" } else { "trigger" };
            format!("Route::{route}({name:?}, {trigger:?}, &{outputs:?}, {run})")
        }
    }
}

/// `text` with each `%NAME%` replaced by the setting, and the names that there is no setting for,
/// which stay as they are.
pub fn resolved(text: &str, setting: &dyn Fn(&str) -> Option<String>) -> (String, Vec<String>) {
    let (mut resolved, mut unknown, mut rest) = (String::new(), Vec::new(), text);
    while let Some((before, after)) = rest.split_once('%')
        && let Some((name, after)) = after.split_once('%')
    {
        resolved += before;
        match setting(name) {
            Some(value) => resolved += &value,
            None => {
                resolved += &format!("%{name}%");
                unknown.push(name.to_owned());
            }
        }
        rest = after;
    }
    (resolved + rest, unknown)
}
