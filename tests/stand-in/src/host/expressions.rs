//! Binding expressions: `{name}`, `{a.b}`, `{rand-guid}`, `{datetime:yyyy-MM-dd}` in a binding's
//! `path`, `queueName`, `tableName`, `partitionKey` and `rowKey` [azure-webjobs-sdk,
//! BindingTemplateParser.cs, BindingTemplateSource.cs, BindingParameterResolver.cs]. The errors of
//! this module are the host's own words.

use crate::host::data::{Data, Value};
use crate::host::date::Date;
use crate::run::start::guid;

/// A text of function.json with its expressions, `%NAME%` resolved already.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Expression(Expression),
}

/// What stands between two braces: `a.b:format`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// The name, and the members that are read one from the other.
    pub names: Vec<String>,
    format: Option<String>,
}

/// What the host gives a value to by itself, in any case.
const GUID: &str = "rand-guid";
const DATETIME: &str = "datetime";

impl Template {
    /// Reads a text. `{{` and `}}` are braces that stand for themselves. Errors where a brace is
    /// not closed, where something else than a name stands in one, and where the format of
    /// `{datetime:...}` is not one that the stand-in knows.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("Invalid template '{text}'. {why}");
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let position = text.len() - rest.len() + at + 1;
            let missing = |which| format!("Missing {which} bracket at position {position}.");
            plain += &rest[..at];
            let (brace, after) = rest[at..].split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                plain += brace;
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err(wrong(missing("opening")));
            }
            let expression = match after.split_once('}') {
                Some((expression, after)) if !expression.contains('{') => {
                    rest = after;
                    expression
                }
                _ => return Err(wrong(missing("closing"))),
            };
            if expression.is_empty() {
                let why = format!("The parameter name at position {position} is empty.");
                return Err(wrong(why));
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            let expression = Expression::parse(expression).map_err(wrong)?;
            parts.push(Part::Expression(expression));
        }
        plain += rest;
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        let text = text.to_owned();
        Ok(Self { text, parts })
    }

    /// Its expressions, in order.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    /// The text with a value for each expression. Errors with the host's sentence where one has
    /// none.
    pub fn resolve(&self, data: &Data) -> Result<String, String> {
        let resolved = self.parts.iter().map(|part| match part {
            Part::Text(text) => Ok(text.clone()),
            Part::Expression(expression) => expression.resolve(data),
        });
        resolved.collect()
    }

    /// Whether this is the path of blobs that a blob trigger takes, and if so, what its
    /// expressions stand for in the path of a blob, `container/name`. An expression takes as much
    /// as it can, the first one first. A path of only a container takes every blob in it.
    pub fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        match self.text.contains('/') {
            true => matched(&self.parts, path),
            false => matched(&self.parts, path.split('/').next()?),
        }
    }

    /// The container of a path; `None` if it is an expression.
    pub fn container(&self) -> Option<&str> {
        match &self.parts[..] {
            [Part::Text(text)] => text.split('/').next(),
            [Part::Text(text), ..] => Some(text.split_once('/')?.0),
            _ => None,
        }
    }

    /// The same text, each expression replaced by its own name: the path of a blob that triggers.
    pub fn example(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Expression(expression) => expression.name(),
        };
        let example: String = self.parts.iter().map(part).collect();
        match self.text.contains('/') {
            true => example,
            false => example + "/name",
        }
    }
}

/// The text as function.json has it.
impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.text)
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
        // A name that comes again has its last value.
        if !values.iter().any(|(later, _)| *later == name) {
            values.insert(0, (name.clone(), path[..end].to_owned()));
        }
        Some(values)
    })
}

impl Expression {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, format) = match text.split_once(':') {
            Some((name, format)) => (name, Some(format)),
            None => (text, None),
        };
        let expression = Self {
            names: name.split('.').map(str::to_owned).collect(),
            format: format.map(str::to_owned),
        };
        if expression.is(GUID) {
            formatted_guid(format.unwrap_or_default())?;
            return Ok(expression);
        }
        if let Some(format) = format
            && (expression.is(DATETIME) || expression.is("sys.utcnow"))
        {
            Date::now().formatted(format)?;
        }
        let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let named = |name: &String| !name.is_empty() && name.chars().all(in_name);
        if !expression.names.iter().all(named) || name.starts_with(char::is_numeric) {
            return Err(format!("Invalid template expression '{text}'."));
        }
        // A header's name may have dashes: {Headers.X-Id}.
        match expression.names[0].contains('-') {
            true => Err(format!("The parameter name '{name}' is invalid.")),
            false => Ok(expression),
        }
    }

    fn name(&self) -> String {
        self.names.join(".")
    }

    fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    fn resolve(&self, data: &Data) -> Result<String, String> {
        let format = self.format.as_deref();
        if self.is(GUID) {
            return formatted_guid(format.unwrap_or_default());
        }
        if self.is(DATETIME) {
            return Value::DateTime(Date::now()).text(format);
        }
        let name = &self.names[0];
        let Some(value) = data.get(name) else {
            return Err(format!("No value for named parameter '{name}'."));
        };
        let mut value = value.clone();
        for member in &self.names[1..] {
            let none = || format!("Error while accessing '{member}': property doesn't exist.");
            value = value.member(member).ok_or_else(none)?;
        }
        value.text(format)
    }

    /// Whether a trigger of this type can give it a value. `path` is the path of a blob trigger.
    pub fn can_come_from(&self, trigger: &str, path: Option<&Template>) -> bool {
        let is = |name: &str| self.names[0].eq_ignore_ascii_case(name);
        if self.is(GUID) || self.is(DATETIME) || is("sys") || is(trigger) {
            return true;
        }
        match trigger.to_ascii_lowercase().as_str() {
            "timertrigger" => false,
            "eventgridtrigger" => is("data"),
            "blobtrigger" => {
                let mut own = path.into_iter().flat_map(Template::expressions);
                ["Uri", "Properties", "Metadata"].into_iter().any(is)
                    || own.any(|expression| is(&expression.names[0]))
            }
            // Any member of a query, a JSON body, a message.
            _ => true,
        }
    }
}

/// The expression as it stands in function.json.
impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match &self.format {
            Some(format) => write!(f, "{{{}:{format}}}", self.name()),
            None => write!(f, "{{{}}}", self.name()),
        }
    }
}

/// Where a trigger of this type takes the values of expressions from, in words.
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

/// A new GUID by one of .NET's formats: N, D, B, P or X.
fn formatted_guid(format: &str) -> Result<String, String> {
    let dashed = guid();
    Ok(match format.to_ascii_uppercase().as_str() {
        "D" | "" => dashed,
        "N" => dashed.replace('-', ""),
        "B" => format!("{{{dashed}}}"),
        "P" => format!("({dashed})"),
        "X" => {
            let hex = dashed.replace('-', "");
            let byte = |at| format!("0x{}", &hex[at..at + 2]);
            let bytes: Vec<String> = (16..32).step_by(2).map(byte).collect();
            let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
            let bytes = bytes.join(",");
            format!("{{0x{a},0x{b},0x{c},{{{bytes}}}}}")
        }
        other => {
            return Err(format!(
                "{other} is not a format of {{rand-guid}}: N, D, B, P or X"
            ));
        }
    })
}
