//! Binding data, for `Metadata` and for binding expressions.

use crate::host::answer::is_json;
use crate::host::date::Date;
use crate::host::newtonsoft::{self, Token, object, quoted};
use crate::run::start::guid;

/// In the order of `Metadata`. Names ignore case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data(Vec<(String, Value)>);

/// A value by its .NET type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    /// In UTC.
    DateTime(Date),
    /// A `DateTimeOffset`, for which expressions have no text.
    Offset(Date),
    /// From a JSON text, or an integer.
    Json(Token),
    /// An object of the host's own, such as the query.
    Members(Data),
}

impl Data {
    pub fn get(&self, name: &str) -> Option<&Value> {
        named(&self.0, name)
    }

    /// An existing name keeps its place and spelling.
    pub fn set(&mut self, name: &str, value: Value) {
        let mut members = self.0.iter_mut();
        match members.find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Sets the members of a JSON body or message: objects as they are, others as texts, no lists
    /// or nulls [Utility.cs, ApplyBindingData]. A text that is not an object sets nothing.
    pub fn set_members(&mut self, text: &str) {
        let parsed = is_json(text).then(|| newtonsoft::parse(text, 64));
        let Some(Ok(Token::Object(members))) = parsed else {
            return;
        };
        for (name, value) in members {
            match value {
                Token::Array(_) | Token::Null => {}
                Token::Object(_) => self.set(&name, Value::Json(value)),
                value => self.set(&name, Value::Text(value.to_text())),
            }
        }
    }

    /// `Metadata` as JSON, without the trigger's own value.
    pub fn metadata(&self) -> String {
        let is_value = |name: &str| name.to_ascii_lowercase().ends_with("trigger");
        let members = self.0.iter().filter(|(name, _)| !is_value(name));
        object(members.map(|(name, value)| (name, value.json())))
    }
}

impl<Name: Into<String>, List: IntoIterator<Item = (Name, Value)>> From<List> for Data {
    fn from(members: List) -> Self {
        let members = members.into_iter();
        Self(members.map(|(name, value)| (name.into(), value)).collect())
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        // This cannot fail: serde reads fewer levels.
        Self::Json(newtonsoft::parse(&json.to_string(), 256).unwrap_or_default())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The value of `{sys}` [azure-webjobs-sdk, SystemBindingData.cs].
pub fn sys(function: &str) -> Value {
    Value::Members(Data::from([
        ("MethodName", function.into()),
        ("UtcNow", Value::DateTime(Date::now())),
        ("RandGuid", Value::Text(guid())),
    ]))
}

impl Value {
    pub fn member(&self, name: &str) -> Option<Self> {
        match self {
            Self::Members(members) => members.get(name).cloned(),
            Self::Json(token) => named(token.members(), name).cloned().map(Self::Json),
            _ => None,
        }
    }

    /// The text for an expression [azure-webjobs-sdk, BindingDataPathHelper.cs]. Errors for a date
    /// format that the stand-in does not know.
    pub fn text(&self, format: Option<&str>) -> Result<String, String> {
        Ok(match self {
            Self::Text(text) => text.clone(),
            Self::DateTime(date) => date.formatted(format.unwrap_or("yyyy-MM-ddTHH-mm-ssK"))?,
            Self::Json(Token::Object(_) | Token::Array(_)) => String::new(),
            Self::Json(token) => token.to_text(),
            Self::Offset(_) | Self::Members(_) => String::new(),
        })
    }

    /// In `Metadata`: an object as it is, any other value as a text of its JSON.
    fn json(&self) -> String {
        match self {
            Self::Text(text) => quoted(&quoted(text)),
            Self::DateTime(date) | Self::Offset(date) => quoted(&date.iso()),
            Self::Json(token @ Token::Object(_)) => token.to_json(false),
            Self::Json(token) => quoted(&token.to_json(false)),
            Self::Members(Data(members)) => object(members.iter().map(|(name, value)| {
                let json = match value {
                    Self::Text(text) => quoted(text),
                    value => value.json(),
                };
                (name, json)
            })),
        }
    }
}

/// The first member of a name, which ignores case.
fn named<'a, T>(members: &'a [(String, T)], name: &str) -> Option<&'a T> {
    let mut members = members.iter();
    let is = |(own, _): &&(String, T)| own.eq_ignore_ascii_case(name);
    members.find(is).map(|(_, value)| value)
}
