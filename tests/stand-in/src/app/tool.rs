//! A tool as its function's folder describes it: the members of an `mcpToolTrigger`.

use crate::app::function::Binding;
use crate::app::json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The file in a tool's folder that lists its arguments.
pub const FILE: &str = "tool.json";

/// An argument of a tool: an element of `toolProperties`. The host reads the names of its members
/// in any case.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Property {
    #[serde(rename = "propertyname")]
    pub name: Option<String>,
    #[serde(rename = "propertytype")]
    pub kind: Option<String>,
    pub description: Option<String>,
    #[serde(rename = "isrequired")]
    pub is_required: bool,
    #[serde(rename = "isarray")]
    pub is_array: bool,
    #[serde(rename = "enumvalues")]
    pub values: Option<Vec<String>>,
}

impl Property {
    /// Reads the text of `toolProperties`. Errors where the host would not start the app.
    pub fn read_all(text: &str) -> serde_json::Result<Vec<Self>> {
        let list: Option<Vec<BTreeMap<String, Value>>> = serde_json::from_str(text)?;
        let property = |members: BTreeMap<String, Value>| {
            let members = members.into_iter();
            let lower = members.map(|(name, value)| (name.to_ascii_lowercase(), value));
            serde_json::from_value(lower.collect())
        };
        list.unwrap_or_default().into_iter().map(property).collect()
    }

    /// The argument's name; `None` where the host leaves it out without a word.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !name.trim().is_empty())
    }

    fn schema(&self) -> String {
        let mut kind = format!("\"type\":{}", to_json(&self.kind));
        if let Some(values) = self.values.as_ref().filter(|values| !values.is_empty()) {
            kind += &format!(",\"enum\":{}", to_json(values));
        }
        if self.is_array {
            kind = format!("\"type\":\"array\",\"items\":{{{kind}}}");
        }
        let description = to_json(self.description.as_deref().unwrap_or_default());
        format!("{{{kind},\"description\":{description}}}")
    }
}

/// Reads a schema, a text of JSON. Errors where the host would not start the app.
fn schema(member: &str, text: &str) -> Result<Value, String> {
    let schema: Value = serde_json::from_str(text).unwrap_or_default();
    let (properties, required) = (&schema["properties"], &schema["required"]);
    if schema["type"] == "object"
        && (properties.is_null() || properties.is_object())
        && (required.is_null() || required.is_array())
    {
        return Ok(schema);
    }
    Err(format!(
        "{member} is not a schema, and the whole app does not start: write a text of JSON, an \
         object with \"type\": \"object\", perhaps \"properties\", an object, and \"required\", a list"
    ))
}

/// A tool: a function whose trigger is an `mcpToolTrigger`.
#[derive(Debug)]
pub struct Tool {
    /// The function's name.
    pub function: String,
    /// The tool's name, as clients know it.
    pub name: String,
    /// The name of the trigger's binding.
    pub binding: String,
    /// What clients get when they list the tools: JSON.
    pub listed: String,
    /// The arguments without which the host does not call the function.
    pub required: Vec<String>,
    pub use_result_schema: bool,
}

impl Tool {
    /// Reads the trigger of a function. Errors where the host would not start the app, or would
    /// leave the function out.
    pub fn read(function: &str, trigger: &Binding) -> Result<Self, String> {
        let text = |member: &str| match &trigger[member] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            _ => Err(format!(
                "{member} is not a text, and this function is in error: write {member} as a text"
            )),
        };
        let needed = |member: &str| {
            text(member)?
                .ok_or_else(|| format!("there is no {member}: write \"{member}\": \"...\""))
        };
        let (name, description) = (needed("toolName")?, needed("description")?);
        let (input, required): (Cow<str>, Vec<String>);
        if json::flag(&trigger["useWorkerInputSchema"]) == Some(true) {
            let schema = schema("inputSchema", needed("inputSchema")?)?;
            let names = schema["required"].as_array().into_iter().flatten();
            required = names.filter_map(Value::as_str).map(str::to_owned).collect();
            input = needed("inputSchema")?.into();
        } else {
            let properties = Property::read_all(text("toolProperties")?.unwrap_or("[]"));
            let properties = properties.map_err(|error| {
                format!("toolProperties is not as the host reads it, and the whole app does not start: {error}")
            })?;
            let named = || properties.iter().filter_map(|one| Some((one.name()?, one)));
            let needed = named().filter(|(_, one)| one.is_required);
            required = needed.map(|(name, _)| name.to_owned()).collect();
            let schemas = named().map(|(name, one)| format!("{}:{}", to_json(name), one.schema()));
            let schemas = schemas.collect::<Vec<_>>().join(",");
            input = format!(
                r#"{{"type":"object","properties":{{{schemas}}},"required":{}}}"#,
                to_json(&required)
            )
            .into();
        }
        let mut listed = format!(
            r#"{{"name":{},"description":{},"inputSchema":{input}"#,
            to_json(name),
            to_json(description)
        );
        if let Some(text) = text("outputSchema")? {
            listed += &format!(",\"outputSchema\":{}", schema("outputSchema", text)?);
        }
        if let Some(text) = text("metadata")? {
            let metadata: BTreeMap<String, Value> =
                serde_json::from_str(text).map_err(|_| {
                    "metadata is not a JSON object, and the whole app does not start: write a text of JSON"
                })?;
            listed += &format!(",\"_meta\":{}", to_json(&metadata));
        }
        Ok(Self {
            function: function.to_owned(),
            name: name.to_owned(),
            binding: trigger.name.clone(),
            listed: on_one_line(&(listed + "}")),
            required,
            use_result_schema: json::flag(&trigger["useResultSchema"]) == Some(true),
        })
    }
}

/// The text of `toolProperties` for the text of a tool.json.
pub fn properties(text: &str) -> Result<String, String> {
    let list = json::parse(text)?;
    match list.is_array() {
        true => Ok(list.to_string()),
        false => Err("it has to be a list of arguments: [ { \"propertyName\": \"...\" } ]".into()),
    }
}

/// A value as JSON. Only for what is always JSON: texts, lists of them, values.
pub fn to_json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| panic!("{error}, in what is always JSON"))
}

/// JSON without line breaks. No string of JSON holds one.
pub fn on_one_line(json: &str) -> String {
    json.replace(['\n', '\r'], "")
}
