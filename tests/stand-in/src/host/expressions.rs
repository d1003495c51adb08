//! Binding expressions such as `{a.b}`, `{rand-guid}` and `{datetime:yyyy-MM-dd}`
//! [azure-webjobs-sdk, BindingTemplateParser.cs, BindingTemplateSource.cs,
//! BindingParameterResolver.cs]. The errors are the host's own words.

use crate::host::data::{Data, Value};
use crate::host::date::Date;
use crate::host::storage::names::BlobPath;
use crate::run::start::guid;

/// A text with expressions. `%NAME%` is already resolved.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Expression(Expression),
}

/// The text between two braces: `a.b:format`.
#[derive(Clone, Debug)]
pub struct Expression(String);

const GUID: &str = "rand-guid";
const DATETIME: &str = "datetime";

impl Template {
    /// `{{` and `}}` stand for single braces. Errors if the text is invalid, and for a date format
    /// that the stand-in does not know.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("Invalid template '{text}'. {why}");
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let position = text.len() - rest.len() + at + 1;
            let missing = |which| wrong(format!("Missing {which} bracket at position {position}."));
            parts.push(Part::Text(rest[..at].to_owned()));
            let (brace, after) = rest[at..].split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                parts.push(Part::Text(brace.to_owned()));
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err(missing("opening"));
            }
            let (expression, after) = after.split_once('}').ok_or_else(|| missing("closing"))?;
            if expression.contains('{') {
                return Err(missing("closing"));
            }
            if expression.is_empty() {
                let why = format!("The parameter name at position {position} is empty.");
                return Err(wrong(why));
            }
            let expression = Expression(expression.to_owned());
            expression.check().map_err(wrong)?;
            parts.push(Part::Expression(expression));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let text = text.to_owned();
        Ok(Self { text, parts })
    }

    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    /// Errors if an expression has no value in `data`.
    pub fn resolve(&self, data: &Data) -> Result<String, String> {
        let resolved = self.parts.iter().map(|part| match part {
            Part::Text(text) => Ok(text.clone()),
            Part::Expression(expression) => expression.resolve(data),
        });
        resolved.collect()
    }

    /// The values of the expressions if the blob `container/name` matches. Each expression, from
    /// the first on, takes as much as it can. A path without a name matches all blobs.
    pub fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        match self.text.contains('/') {
            true => matched(&self.parts, path),
            false => matched(&self.parts, path.split('/').next()?),
        }
    }

    /// `None` if the container is an expression.
    pub fn container(&self) -> Option<&str> {
        let container = self.text.split('/').next()?;
        (!container.contains('{')).then_some(container)
    }

    /// A blob that matches: each expression is replaced by its name.
    pub fn example(&self) -> BlobPath {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Expression(expression) => expression.name().to_owned(),
        };
        let path: String = self.parts.iter().map(part).collect();
        let (container, name) = path.split_once('/').unwrap_or((&path, "name"));
        let (container, name) = (container.to_owned(), name.to_owned());
        BlobPath { container, name }
    }
}

fn matched(parts: &[Part], path: &str) -> Option<Vec<(String, String)>> {
    let Some((first, rest)) = parts.split_first() else {
        return path.is_empty().then(Vec::new);
    };
    let name = match first {
        Part::Text(text) => return matched(rest, path.strip_prefix(text.as_str())?),
        Part::Expression(expression) => expression.name(),
    };
    let ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
    ends.rev().find_map(|end| {
        let mut values = matched(rest, &path[end..])?;
        // The last value of a repeated name counts.
        if !values.iter().any(|(later, _)| later == name) {
            values.insert(0, (name.to_owned(), path[..end].to_owned()));
        }
        Some(values)
    })
}

impl Expression {
    /// `a.b`: a name and its members.
    pub fn name(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    fn first(&self) -> &str {
        self.name().split('.').next().unwrap_or_default()
    }

    fn format(&self) -> Option<&str> {
        self.0.split_once(':').map(|(_, format)| format)
    }

    fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    fn check(&self) -> Result<(), String> {
        let (name, format) = (self.name(), self.format());
        if self.is(GUID) {
            return formatted_guid(format).map(drop);
        }
        if let Some(format) = format
            && (self.is(DATETIME) || self.is("sys.utcnow"))
        {
            Date::now().formatted(format)?;
        }
        let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let is_name = |name: &str| !name.is_empty() && name.chars().all(in_name);
        if !name.split('.').all(is_name) || name.starts_with(char::is_numeric) {
            return Err(format!("Invalid template expression '{}'.", self.0));
        }
        // A header's name may have dashes: `{Headers.X-Id}`.
        match self.first().contains('-') {
            true => Err(format!("The parameter name '{name}' is invalid.")),
            false => Ok(()),
        }
    }

    fn resolve(&self, data: &Data) -> Result<String, String> {
        if self.is(GUID) {
            return formatted_guid(self.format());
        }
        if self.is(DATETIME) {
            return Value::DateTime(Date::now()).text(self.format());
        }
        let name = self.first();
        let none = || format!("No value for named parameter '{name}'.");
        let mut value = data.get(name).ok_or_else(none)?.clone();
        for member in self.name().split('.').skip(1) {
            let none = || format!("Error while accessing '{member}': property doesn't exist.");
            value = value.member(member).ok_or_else(none)?;
        }
        value.text(self.format())
    }

    /// Whether a trigger of this type, with this blob path, can give the expression a value.
    pub fn can_come_from(&self, trigger: &str, path: Option<&Template>) -> bool {
        let is = |name: &str| self.first().eq_ignore_ascii_case(name);
        if self.is(GUID) || self.is(DATETIME) || is("sys") || is(trigger) {
            return true;
        }
        match trigger.to_ascii_lowercase().as_str() {
            "timertrigger" => false,
            "eventgridtrigger" => is("data"),
            "blobtrigger" => {
                let mut names = path.into_iter().flat_map(Template::expressions);
                ["Uri", "Properties", "Metadata"].into_iter().any(is)
                    || names.any(|expression| is(expression.first()))
            }
            // Any member of a query, a JSON body or a message.
            _ => true,
        }
    }
}

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

/// Where the expressions under a trigger get values, for the message of an error.
pub fn sources(trigger: &str) -> &'static str {
    match trigger.to_ascii_lowercase().as_str() {
        "httptrigger" => {
            "the route, the query, a member of a JSON body (the first that has it), {Query.name} \
             and {Headers.name}"
        }
        "queuetrigger" => "a member of a JSON message, {queueTrigger}, {Id}, {DequeueCount}",
        "blobtrigger" => "the expressions in the trigger's path, {blobTrigger}",
        "timertrigger" => "{datetime}, {rand-guid}, {sys.utcnow}, and nothing else",
        "eventgridtrigger" => "{data.name}",
        "mcptooltrigger" => "{mcptoolargs.name}",
        _ => "a member of the JSON that the trigger brings",
    }
}

/// A new GUID in .NET's format N, D, B, P or X.
fn formatted_guid(format: Option<&str>) -> Result<String, String> {
    let dashed = guid();
    let hex = dashed.replace('-', "");
    let part = |from: usize, to: usize| format!("0x{}", &hex[from..to]);
    match format.unwrap_or_default().to_ascii_uppercase().as_str() {
        "D" | "" => Ok(dashed),
        "N" => Ok(hex),
        "B" => Ok(format!("{{{dashed}}}")),
        "P" => Ok(format!("({dashed})")),
        "X" => {
            let bytes: Vec<String> = (16..32).step_by(2).map(|at| part(at, at + 2)).collect();
            let (a, b, c, bytes) = (part(0, 8), part(8, 12), part(12, 16), bytes.join(","));
            Ok(format!("{{{a},{b},{c},{{{bytes}}}}}"))
        }
        other => {
            let why = "is not a format of {rand-guid}: N, D, B, P or X";
            Err(format!("{other} {why}"))
        }
    }
}
