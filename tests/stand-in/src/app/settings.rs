//! local.settings.json: what it says, and settings that are added to its text and taken out of it,
//! while all the rest stays as it is.

use crate::app::json;
use jsonc_parser::cst::CstInputValue;
use serde_json::Value;
use std::collections::BTreeMap;

/// The file.
pub const FILE: &str = "local.settings.json";

/// What a local.settings.json says.
#[derive(Debug, Default)]
pub struct Settings {
    /// `Values`, which become environment variables of the handler.
    pub values: BTreeMap<String, String>,
    /// The whole file.
    pub file: Value,
}

impl Settings {
    /// Reads the text of a local.settings.json. Errors if it is not JSON, is encrypted, or has a
    /// value that is neither text, number nor boolean.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file = json::parse(text)?;
        if json::flag(json::member(&file, "IsEncrypted")) == Some(true) {
            return Err("it is encrypted: func settings decrypt".into());
        }
        let values = json::member(&file, "Values")
            .as_object()
            .into_iter()
            .flatten();
        let values = values.map(|(name, value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            Value::Bool(_) | Value::Number(_) => Ok((name.clone(), value.to_string())),
            other => Err(format!(
                "{name} is {other}: write a text, \"{name}\": \"...\""
            )),
        });
        let values = values.collect::<Result<_, _>>()?;
        Ok(Self { values, file })
    }

    /// The members of the file that the stand-in does not follow, as their paths: `Host.CORS`.
    pub fn ignored(&self) -> Vec<String> {
        const FOLLOWED: [&str; 4] = ["IsEncrypted", "Values", "Host", "Host.LocalHttpPort"];
        let members = |object: &Value, before: &str| {
            let members = object.as_object().into_iter().flatten();
            let paths = members.map(|(name, _)| format!("{before}{name}"));
            paths.collect::<Vec<_>>()
        };
        let mut paths = members(&self.file, "");
        paths.extend(members(json::member(&self.file, "Host"), "Host."));
        let followed = |path: &String| FOLLOWED.iter().any(|one| one.eq_ignore_ascii_case(path));
        paths.retain(|path| !followed(path));
        paths
    }

    /// The value of a setting, whose name may be written in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let same = |(key, _): &(&String, _)| key.eq_ignore_ascii_case(name);
        let value = self.values.get(name);
        value
            .or_else(|| Some(self.values.iter().find(same)?.1))
            .map(String::as_str)
    }
}

/// Whether a connection of this name is in a local.settings.json, in one of the forms in which the
/// host looks for it.
pub fn has(settings: &Value, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let names = [name.clone(), format!("azurewebjobs{name}")];
    let keys = |object: &str| {
        let object = settings[object].as_object();
        object
            .into_iter()
            .flatten()
            .map(|(key, _)| key.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    let fits = |key: &String| {
        names.iter().any(|name| {
            let rest = key.strip_prefix(name.as_str());
            rest.is_some_and(|rest| {
                rest.is_empty() || rest.starts_with("__") || rest.starts_with(':')
            })
        })
    };
    keys("Values").iter().any(fits)
        || keys("ConnectionStrings")
            .iter()
            .any(|key| names.contains(key))
}

/// Adds settings with empty values to the text of a local.settings.json, in its own layout. Errors
/// if it has no object `Values`.
pub fn with(text: &str, names: &[String]) -> Result<String, String> {
    json::edit(text, |file| {
        let values = json::property(file, "Values")?.object_value()?;
        for name in names {
            values.append(name, CstInputValue::from(""));
        }
        Some(())
    })?
    .ok_or_else(|| "there is no object \"Values\" in it".into())
}

/// Takes a setting out of the text of a local.settings.json if it is there and empty.
pub fn without_empty(text: &str, name: &str) -> String {
    let edited = json::edit(text, |file| {
        let values = json::property(file, "Values")?.object_value()?;
        let setting = values.get(name)?;
        let value = setting.value()?.as_string_lit()?.decoded_value().ok()?;
        value.is_empty().then(|| setting.remove())
    });
    edited.ok().flatten().unwrap_or_else(|| text.to_owned())
}
