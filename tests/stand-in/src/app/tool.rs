//! A tool as its function's folder describes it: the members of an `mcpToolTrigger`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

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
        let mut kind = format!("\"type\":{}", json(&self.kind));
        if let Some(values) = self.values.as_ref().filter(|values| !values.is_empty()) {
            kind += &format!(",\"enum\":{}", json(values));
        }
        if self.is_array {
            kind = format!("\"type\":\"array\",\"items\":{{{kind}}}");
        }
        let description = json(self.description.as_deref().unwrap_or_default());
        format!("{{{kind},\"description\":{description}}}")
    }
}

/// Reads a schema, a text of JSON. Errors where the host would not start the app.
fn schema(member: &str, text: &str) -> Result<Value, String> {
    let schema: Value = serde_json::from_str(text).map_err(|error| format!("{member}: {error}"))?;
    let (properties, required) = (&schema["properties"], &schema["required"]);
    if schema["type"] == "object"
        && (properties.is_null() || properties.is_object())
        && (required.is_null() || required.is_array())
    {
        return Ok(schema);
    }
    Err(format!(
        "{member} is a text of JSON, an object whose type is \"object\", with properties an object and required a list"
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
    pub fn read(function: &str, trigger: &Value) -> Result<Self, String> {
        let text = |member: &str| match &trigger[member] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            _ => Err(format!("{member} has to be a text")),
        };
        let needed = |member: &str| text(member)?.ok_or_else(|| format!("there is no {member}"));
        let (name, description) = (needed("toolName")?, needed("description")?);
        let (input, required): (Cow<str>, Vec<String>);
        if trigger["useWorkerInputSchema"] == true {
            let schema = schema("inputSchema", needed("inputSchema")?)?;
            let names = schema["required"].as_array().into_iter().flatten();
            required = names.filter_map(Value::as_str).map(str::to_owned).collect();
            input = needed("inputSchema")?.into();
        } else {
            let properties = Property::read_all(text("toolProperties")?.unwrap_or("[]"));
            let properties = properties.map_err(|error| format!("toolProperties: {error}"))?;
            let named = || properties.iter().filter_map(|one| Some((one.name()?, one)));
            let needed = named().filter(|(_, one)| one.is_required);
            required = needed.map(|(name, _)| name.to_owned()).collect();
            let schemas = named().map(|(name, one)| format!("{}:{}", json(name), one.schema()));
            let schemas = schemas.collect::<Vec<_>>().join(",");
            input = format!(
                r#"{{"type":"object","properties":{{{schemas}}},"required":{}}}"#,
                json(&required)
            )
            .into();
        }
        let mut listed = format!(
            r#"{{"name":{},"description":{},"inputSchema":{input}"#,
            json(name),
            json(description)
        );
        if let Some(text) = text("outputSchema")? {
            listed += &format!(",\"outputSchema\":{}", schema("outputSchema", text)?);
        }
        if let Some(text) = text("metadata")? {
            let metadata: BTreeMap<String, Value> =
                serde_json::from_str(text).map_err(|error| format!("metadata: {error}"))?;
            listed += &format!(",\"_meta\":{}", json(&metadata));
        }
        Ok(Self {
            function: function.to_owned(),
            name: name.to_owned(),
            binding: trigger["name"].as_str().unwrap_or_default().to_owned(),
            listed: on_one_line(&(listed + "}")),
            required,
            use_result_schema: trigger["useResultSchema"] == true,
        })
    }
}

/// A value as JSON. Only for what is always JSON: texts, lists of them, values.
pub fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| panic!("{error}, in what is always JSON"))
}

/// JSON without line breaks. No string of JSON holds one.
pub fn on_one_line(json: &str) -> String {
    json.replace(['\n', '\r'], "")
}
