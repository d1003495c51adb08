//! A function.json, read as the host reads it.

use crate::app::json;
use crate::app::names;
use crate::app::table::{Kind, Line};
use crate::host::routes::Template;
use serde_json::Value;
use std::ops::Index;

/// The members that name a setting.
pub const SETTINGS: [&str; 7] = [
    "connection",
    "connectionStringSetting",
    "topicEndpointUri",
    "topicKeySetting",
    "apiKey",
    "accountSidSetting",
    "authTokenSetting",
];

/// The members with a literal `%`: a route is a template, and SQL has `LIKE '%tea%'`.
const LITERAL: [&str; 2] = ["route", "commandText"];

/// Whether a text is a connection string, a key or an address, instead of a setting's name.
pub fn is_secret(text: &str) -> bool {
    text.contains(['=', ';', '/'])
}

/// `binding["queueName"]` is a member, in any case; null if there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Binding {
    pub name: String,
    /// The type as written: `queueTrigger`.
    pub kind: String,
    pub members: Value,
}

/// Stands for a missing trigger.
static NONE: Binding = Binding {
    name: String::new(),
    kind: String::new(),
    members: Value::Null,
};

impl From<Value> for Binding {
    fn from(members: Value) -> Self {
        let text = |member| json::member(&members, member).as_str().unwrap_or_default();
        Self {
            name: text("name").to_owned(),
            kind: text("type").to_owned(),
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
    /// Empty if the member is not a text.
    pub fn text(&self, member: &str) -> &str {
        self[member].as_str().unwrap_or_default()
    }

    /// Whether this is the type, in any case.
    pub fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// Whether the member is this text, in any case.
    pub fn says(&self, member: &str, text: &str) -> bool {
        self.text(member).eq_ignore_ascii_case(text)
    }

    pub fn is_trigger(&self) -> bool {
        self.kind.to_ascii_lowercase().ends_with("trigger")
    }

    pub fn is_output(&self) -> bool {
        self.says("direction", "out")
    }

    /// The settings that the binding needs, with the members that name them.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let named = SETTINGS.map(|member| (member, self.text(member)));
        let is_name = |text: &str| !text.is_empty() && !text.contains('%') && !is_secret(text);
        named.into_iter().filter(move |(_, text)| is_name(text))
    }
}

#[derive(Debug, Default)]
pub struct Function {
    pub name: String,
    /// In a running app `%NAME%` is resolved.
    pub bindings: Vec<Binding>,
    /// With the prefix, once a `Description` has set it; only with an HTTP trigger.
    pub route: Option<Template>,
    pub file: Value,
}

impl Function {
    /// Reads a function.json. Errors if it is not JSON or has no bindings.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        let file = json::parse(text)?;
        let bindings = json::member(&file, "bindings").as_array();
        let bindings = bindings.filter(|bindings| !bindings.is_empty());
        let bindings =
            bindings.ok_or("there is no binding in it: write { \"bindings\": [ ... ] }")?;
        if let Some(other) = bindings.iter().find(|binding| !binding.is_object()) {
            return Err(format!("a binding is an object, and this is not: {other}"));
        }
        Ok(Self {
            name: name.into(),
            bindings: bindings.iter().cloned().map(Binding::from).collect(),
            route: None,
            file,
        })
    }

    /// Replaces `%NAME%` in the bindings. Gives a sentence for each missing setting.
    pub fn resolve(&mut self, setting: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
        let mut missing = Vec::new();
        for binding in &mut self.bindings {
            let (name, kind) = (&binding.name, &binding.kind);
            for (member, value) in binding.members.as_object_mut().into_iter().flatten() {
                let Value::String(text) = value else { continue };
                if !is_resolved(kind, member, text) {
                    continue;
                }
                *text = resolved(text, setting);
                if let [_, setting, _, ..] = text.split('%').collect::<Vec<_>>()[..] {
                    missing.push(format!(
                        "%{setting}% in the {member} of {name:?} is a setting that neither \
                         local.settings.json nor the environment has: write \"{setting}\": \"...\" \
                         among the Values"
                    ));
                }
            }
        }
        missing
    }

    /// The settings that the bindings need.
    pub fn settings(&self) -> Vec<&str> {
        let settings = self.bindings.iter().flat_map(Binding::settings);
        let mut settings: Vec<&str> = settings.map(|(_, setting)| setting).collect();
        settings.sort();
        settings.dedup();
        settings
    }

    /// Does nothing without an HTTP trigger. `prefix` has its slashes: `/api/`.
    pub fn set_route(&mut self, prefix: &str) -> Result<(), String> {
        if self.is_http() {
            let route = Template::parse(&format!("{prefix}{}", self.route_below()));
            self.route = Some(route.map_err(|why| format!("route: {why}"))?);
        }
        Ok(())
    }

    pub fn file_name(&self) -> String {
        format!("{}/function.json", self.name)
    }

    /// Empty if there is no trigger.
    pub fn trigger(&self) -> &Binding {
        let mut bindings = self.bindings.iter();
        bindings.find(|one| one.is_trigger()).unwrap_or(&NONE)
    }

    pub fn is_http(&self) -> bool {
        self.trigger().is("httpTrigger")
    }

    pub fn is_tool(&self) -> bool {
        self.trigger().is("mcpToolTrigger")
    }

    /// Also the answer to an HTTP caller.
    pub fn outputs(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(|one| one.is_output())
    }

    /// The error says which there are.
    pub fn output(&self, name: &str) -> Result<&Binding, String> {
        let output = self.outputs().find(|output| output.name == name);
        output.ok_or_else(|| {
            let outputs = names::listed(self.outputs().map(|output| &output.name));
            format!("{} has no output binding {name}; {outputs}", self.name)
        })
    }

    /// Without the answer to an HTTP caller.
    pub fn listed_outputs(&self) -> impl Iterator<Item = &Binding> {
        self.outputs().filter(|binding| !binding.is("http"))
    }

    pub fn inputs(&self) -> impl Iterator<Item = &Binding> {
        let bindings = self.bindings.iter();
        bindings.filter(|one| !one.is_trigger() && !one.is_output())
    }

    /// In capitals; empty for all methods.
    pub fn methods(&self) -> Vec<String> {
        let methods = self.trigger()["methods"].as_array().into_iter().flatten();
        let methods = methods.filter_map(Value::as_str);
        methods.map(str::to_ascii_uppercase).collect()
    }

    /// Newer hosts pass HEAD to functions that take GET.
    pub fn takes(&self, method: &str) -> bool {
        let methods = self.methods();
        let takes = |one: &String| one == method || (method == "HEAD" && one == "GET");
        methods.is_empty() || methods.iter().any(takes)
    }

    /// Without the prefix; by default the function's name.
    pub fn route_below(&self) -> &str {
        match self.trigger().text("route").trim_matches('/') {
            route if route.trim().is_empty() => &self.name,
            route => route,
        }
    }

    /// Whether the bindings are HTTP in and out only. The host then passes the caller's own request
    /// on [FunctionMetadataExtensions.cs, IsHttpInAndOutFunction].
    pub fn is_http_only(&self) -> bool {
        let has_answer = self.bindings.iter().any(|binding| binding.is("http"));
        self.is_http() && has_answer && self.bindings.len() == 2
    }

    /// The function's line in the table. `prefix` has its slashes: `/api/`.
    pub fn line(&self, prefix: &str) -> Line {
        let binding = self.trigger().name.clone();
        let kind = if self.is_http() {
            let path = format!("{prefix}{}", self.route_below());
            let methods = self.methods();
            let path = self.is_http_only().then_some(path);
            Kind::Http { methods, path }
        } else if self.is_tool() {
            Kind::Tool { binding }
        } else {
            Kind::Trigger { binding }
        };
        let name = self.name.clone();
        let outputs = self.listed_outputs().map(|output| output.name.clone());
        let outputs = outputs.collect();
        Line {
            name,
            outputs,
            kind,
        }
    }

    /// The line as code, for a function in its usual module.
    pub fn call(&self, prefix: &str) -> String {
        let module = names::module(&names::file(&self.name));
        self.line(prefix).call(&format!("{module}::run"))
    }
}

/// Whether the host replaces `%NAME%` in this member.
fn is_resolved(kind: &str, member: &str, text: &str) -> bool {
    let is = |one: &&str| one.eq_ignore_ascii_case(member);
    // The MCP extension resolves no texts.
    let is_mcp = kind.to_ascii_lowercase().starts_with("mcp");
    let is_secret = SETTINGS.iter().any(is) && is_secret(text);
    !is_mcp && !is_secret && !LITERAL.iter().any(is)
}

/// Replaces `%NAME%` with settings. An unknown name stays.
pub fn resolved(text: &str, setting: &dyn Fn(&str) -> Option<String>) -> String {
    let (mut resolved, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('%')
        && let Some((name, after)) = after.split_once('%')
    {
        let value = setting(name).unwrap_or_else(|| format!("%{name}%"));
        resolved = resolved + before + &value;
        rest = after;
    }
    resolved + rest
}
