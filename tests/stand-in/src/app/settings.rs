//! local.settings.json: what it says, and settings that are added to its text and taken out of it,
//! while all the rest stays as it is.

use crate::app::json::{self, member, members};
use jsonc_parser::cst::CstInputValue;
use serde_json::Value;

/// The file.
pub const FILE: &str = "local.settings.json";

/// What a local.settings.json says.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub file: Value,
}

impl Settings {
    /// Reads the text of a local.settings.json. Errors if it is not JSON, is encrypted, or has a
    /// value that is neither text, number nor boolean.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file = json::parse(text)?;
        if json::flag(member(&file, "IsEncrypted")) == Some(true) {
            return Err("it is encrypted: func settings decrypt".into());
        }
        for (name, value) in members(member(&file, "Values")) {
            if as_text(value).is_none() {
                // Its value may be a secret.
                return Err(format!("{name} is not a text: write \"{name}\": \"...\""));
            }
        }
        Ok(Self { file })
    }

    /// `Values`, which become environment variables of the handler.
    pub fn values(&self) -> impl Iterator<Item = (&String, String)> {
        let values = members(member(&self.file, "Values"));
        values.filter_map(|(name, value)| Some((name, as_text(value)?)))
    }

    /// The value of a setting, whose name may be written in any case.
    pub fn get(&self, name: &str) -> Option<String> {
        as_text(member(member(&self.file, "Values"), name))
    }

    /// The paths of the members that the stand-in does not follow: `Host.CORS`.
    pub fn ignored(&self) -> Vec<String> {
        json::ignored(&self.file, &["IsEncrypted", "Values", "Host.LocalHttpPort"])
    }
}

/// The value of a setting as a text.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether a local.settings.json has a connection of this name, in a form that the host looks for.
pub fn has(file: &Value, name: &str) -> bool {
    let names = [name.to_owned(), format!("AzureWebJobs{name}")];
    let names = names.map(|name| name.to_ascii_lowercase());
    let has = |object: &str, ends: &[&str]| {
        members(member(file, object)).any(|(key, _)| {
            let key = key.to_ascii_lowercase();
            let mut rests = names
                .iter()
                .filter_map(|name| key.strip_prefix(name.as_str()));
            rests.any(|rest| rest.is_empty() || ends.iter().any(|end| rest.starts_with(end)))
        })
    };
    has("Values", &["__", ":"]) || has("ConnectionStrings", &[])
}

/// The value that a setting begins with: the emulator's for the host's own storage, or none.
pub fn first_value(name: &str) -> &'static str {
    match name.eq_ignore_ascii_case("AzureWebJobsStorage") {
        true => "UseDevelopmentStorage=true",
        false => "",
    }
}

/// Adds settings with their first values to the text of a local.settings.json. Errors if it has no
/// object `Values`.
pub fn with(text: &str, names: &[String]) -> Result<String, String> {
    let with = json::edit(text, |file| {
        let values = json::property(file, "Values")?.object_value()?;
        for name in names {
            values.append(name, CstInputValue::from(first_value(name)));
        }
        Some(())
    });
    with?.ok_or_else(|| "there is no object \"Values\" in it".into())
}

/// Takes a setting out of the text of a local.settings.json if it is there and empty.
pub fn without_empty(text: &str, name: &str) -> String {
    let without = json::edit(text, |file| {
        let values = json::property(file, "Values")?.object_value()?;
        let setting = values.get(name)?;
        let value = setting.value()?.as_string_lit()?.decoded_value().ok()?;
        value.is_empty().then(|| setting.remove())
    });
    without.ok().flatten().unwrap_or_else(|| text.to_owned())
}
