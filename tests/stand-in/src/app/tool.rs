//! An MCP tool: the members of its `mcpToolTrigger`.

use crate::app::function::Binding;
use crate::app::json;
use crate::host::newtonsoft::{self, object, quoted};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The file in a tool's folder that lists its arguments.
pub const FILE: &str = "tool.json";

/// An element of `toolProperties`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Property {
    property_name: Option<String>,
    pub property_type: Option<String>,
    description: Option<String>,
    pub is_required: bool,
    is_array: bool,
    enum_values: Option<Vec<String>>,
    /// What the host does not read.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// The host reads these names in any case.
pub const MEMBERS: [&str; 6] = [
    "propertyName",
    "propertyType",
    "description",
    "isRequired",
    "isArray",
    "enumValues",
];

impl Property {
    /// Errors if the host would not start the app.
    pub fn read_all(text: &str) -> serde_json::Result<Vec<Self>> {
        let list: Option<Vec<Map<String, Value>>> = serde_json::from_str(text)?;
        let read = |(name, value): (String, Value)| {
            let mut known = MEMBERS.into_iter();
            let known = known.find(|known| name.eq_ignore_ascii_case(known));
            (known.map_or(name, str::to_owned), value)
        };
        let list = list.unwrap_or_default().into_iter();
        list.map(|members| serde_json::from_value(members.into_iter().map(read).collect()))
            .collect()
    }

    /// `None` if the host silently ignores the argument.
    pub fn name(&self) -> Option<&str> {
        let name = self.property_name.as_deref();
        name.filter(|name| !name.trim().is_empty())
    }

    fn schema(&self) -> String {
        let mut kind = vec![("type", newtonsoft::json(&self.property_type))];
        let values = self.enum_values.as_ref();
        let values = values.filter(|values| !values.is_empty());
        kind.extend(values.map(|values| ("enum", newtonsoft::json(values))));
        if self.is_array {
            kind = vec![("type", quoted("array")), ("items", object(kind))];
        }
        let description = self.description.as_deref().unwrap_or_default();
        kind.push(("description", quoted(description)));
        object(kind)
    }
}

/// Errors if the host would not start the app.
fn schema(member: &str, text: &str) -> Result<Value, String> {
    let schema: Value = serde_json::from_str(text).unwrap_or_default();
    let (properties, required) = (&schema["properties"], &schema["required"]);
    let has_properties = properties.is_null() || properties.is_object();
    if schema["type"] == "object" && has_properties && (required.is_null() || required.is_array()) {
        return Ok(schema);
    }
    Err(format!(
        "{member} is not a schema, and the whole app does not start: write a text of JSON such as \
         {{\"type\": \"object\", \"properties\": {{}}, \"required\": []}}"
    ))
}

#[derive(Debug)]
pub struct Tool {
    pub function: String,
    /// The tool's name for clients.
    pub name: String,
    /// The binding's name.
    pub binding: String,
    /// For a client's list: JSON on one line.
    pub listed: String,
    /// The arguments without which the host does not call the function.
    pub required: Vec<String>,
}

impl Tool {
    /// Errors if the host would not start the app, or would ignore the function.
    pub fn read(function: &str, trigger: &Binding) -> Result<Self, String> {
        let text = |member: &str| match &trigger[member] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            _ => Err(format!(
                "{member} is not a text, and this function is in error: write {member} as a text"
            )),
        };
        let needed = |member: &str| {
            let none = || format!("there is no {member}, and the tool does not run: write one");
            text(member)?.ok_or_else(none)
        };
        let (name, description) = (needed("toolName")?, needed("description")?);
        let mut required = Vec::new();
        let input = if json::flag(&trigger["useWorkerInputSchema"]) == Some(true) {
            let text = needed("inputSchema")?;
            let schema = schema("inputSchema", text)?;
            let names = schema["required"].as_array().into_iter().flatten();
            required.extend(names.filter_map(Value::as_str).map(str::to_owned));
            text.to_owned()
        } else {
            let properties = Property::read_all(text("toolProperties")?.unwrap_or("[]"));
            let properties = properties.map_err(|error| {
                format!("toolProperties cannot be read, and the whole app does not start: {error}")
            })?;
            let mut schemas = Vec::new();
            for property in &properties {
                let Some(name) = property.name() else {
                    continue;
                };
                schemas.push((name, property.schema()));
                if property.is_required {
                    required.push(name.to_owned());
                }
            }
            object([
                ("type", quoted("object")),
                ("properties", object(schemas)),
                ("required", newtonsoft::json(&required)),
            ])
        };
        let mut listed = vec![
            ("name", quoted(name)),
            ("description", quoted(description)),
            ("inputSchema", input),
        ];
        if let Some(text) = text("outputSchema")? {
            schema("outputSchema", text)?;
            listed.push(("outputSchema", text.to_owned()));
        }
        if let Some(text) = text("metadata")? {
            let object: serde_json::Result<Map<String, Value>> = serde_json::from_str(text);
            object.map_err(|error| {
                format!("metadata is not a JSON object, and the whole app does not start: {error}")
            })?;
            listed.push(("_meta", text.to_owned()));
        }
        Ok(Self {
            function: function.to_owned(),
            name: name.to_owned(),
            binding: trigger.name.clone(),
            listed: object(listed).replace(['\n', '\r'], ""),
            required,
        })
    }
}

/// The text of `toolProperties` for a tool.json.
pub fn properties(text: &str) -> Result<String, String> {
    let list = json::parse(text)?;
    if !list.is_array() {
        return Err("it has to be a list of arguments: [ { \"propertyName\": \"...\" } ]".into());
    }
    let text = list.to_string();
    Property::read_all(&text).map_err(|error| format!("the host cannot read it: {error}"))?;
    Ok(text)
}
