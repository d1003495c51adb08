//! local.settings.json. Edits leave the rest of its text as it is.

use crate::app::json::{self, member, members};
use jsonc_parser::cst::CstInputValue;
use serde_json::Value;

pub const FILE: &str = "local.settings.json";

#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub file: Value,
}

impl Settings {
    /// Errors if the text is not JSON, is encrypted, or has a value that is not a text, number or
    /// boolean.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file = json::parse(text)?;
        if json::flag(member(&file, "IsEncrypted")) == Some(true) {
            return Err("it is encrypted: func settings decrypt".into());
        }
        for (name, value) in members(member(&file, "Values")) {
            if as_text(value).is_none() {
                // The value may be a secret.
                return Err(format!("{name} is not a text: write \"{name}\": \"...\""));
            }
        }
        Ok(Self { file })
    }

    /// `Values`, which become the handler's environment variables.
    pub fn values(&self) -> impl Iterator<Item = (&String, String)> {
        let values = members(member(&self.file, "Values"));
        values.filter_map(|(name, value)| Some((name, as_text(value)?)))
    }

    /// The name may be in any case.
    pub fn get(&self, name: &str) -> Option<String> {
        as_text(member(member(&self.file, "Values"), name))
    }

    /// The paths of members that the stand-in ignores, such as `Host.CORS`.
    pub fn ignored(&self) -> Vec<String> {
        json::ignored(&self.file, &["IsEncrypted", "Values", "Host.LocalHttpPort"])
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether the file has a setting. The host also takes `AzureWebJobs<name>`, and parts such as
/// `<name>__accountName`.
pub fn has(file: &Value, name: &str) -> bool {
    let names = [name.to_owned(), format!("AzureWebJobs{name}")];
    let names = names.map(|name| name.to_ascii_lowercase());
    let has = |object: &str, ends: &[&str]| {
        members(member(file, object)).any(|(key, _)| {
            let key = key.to_ascii_lowercase();
            let rests = names.each_ref().map(|name| key.strip_prefix(&**name));
            rests
                .into_iter()
                .flatten()
                .any(|rest| rest.is_empty() || ends.iter().any(|end| rest.starts_with(end)))
        })
    };
    has("Values", &["__", ":"]) || has("ConnectionStrings", &[])
}

/// The value of a new setting: the emulator for the host's own storage, otherwise empty.
pub fn first_value(name: &str) -> &'static str {
    match name.eq_ignore_ascii_case("AzureWebJobsStorage") {
        true => "UseDevelopmentStorage=true",
        false => "",
    }
}

/// Adds settings with their first values. Errors if there is no object `Values`.
pub fn with(text: &str, names: &[&str]) -> Result<String, String> {
    let with = json::edit(text, |file| {
        let values = json::property(file, "Values")?.object_value()?;
        for name in names {
            values.append(name, CstInputValue::from(first_value(name)));
        }
        Some(())
    });
    with?.ok_or_else(|| "there is no object \"Values\" in it".into())
}

/// Removes a setting whose value is empty. Otherwise the text stays as it is.
pub fn without_empty(text: &str, name: &str) -> String {
    let without = json::edit(text, |file| {
        let values = json::property(file, "Values")?.object_value()?;
        let setting = values.get(name)?;
        let value = setting.value()?.as_string_lit()?.decoded_value().ok()?;
        value.is_empty().then(|| setting.remove())
    });
    without.ok().flatten().unwrap_or_else(|| text.to_owned())
}
