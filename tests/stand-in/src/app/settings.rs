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
        let mut values = BTreeMap::new();
        let members = json::member(&file, "Values").as_object();
        for (name, value) in members.into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                // It may be a secret.
                _ => {
                    return Err(format!("{name} is not a text: write \"{name}\": \"...\""));
                }
            };
            values.insert(name.clone(), text);
        }
        Ok(Self { values, file })
    }

    /// The members of the file that the stand-in does not follow, as their paths: `Host.CORS`.
    pub fn ignored(&self) -> Vec<String> {
        const FOLLOWED: [&str; 4] = ["IsEncrypted", "Values", "Host", "Host.LocalHttpPort"];
        let mut paths = Vec::new();
        for (before, object) in [
            ("", &self.file),
            ("Host.", json::member(&self.file, "Host")),
        ] {
            let members = object.as_object().into_iter().flatten();
            paths.extend(members.map(|(name, _)| format!("{before}{name}")));
        }
        paths.retain(|path| !FOLLOWED.iter().any(|one| one.eq_ignore_ascii_case(path)));
        paths
    }

    /// The value of a setting, whose name may be written in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.values.iter();
        let in_any_case = values.find(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = self
            .values
            .get(name)
            .or(in_any_case.map(|(_, value)| value));
        value.map(String::as_str)
    }
}

/// Whether a connection of this name is in a local.settings.json, in one of the forms in which the
/// host looks for it.
pub fn has(settings: &Value, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_it = |key: &str, may_go_on: bool| {
        let key = key.to_ascii_lowercase();
        let rest = |name: &str| key.strip_prefix(name).map(str::to_owned);
        let mut rests = [rest(&name), rest(&format!("azurewebjobs{name}"))]
            .into_iter()
            .flatten();
        rests.any(|rest| {
            rest.is_empty() || may_go_on && (rest.starts_with("__") || rest.starts_with(':'))
        })
    };
    [("Values", true), ("ConnectionStrings", false)]
        .into_iter()
        .any(|(object, may_go_on)| {
            let mut members = settings[object].as_object().into_iter().flatten();
            members.any(|(key, _)| is_it(key, may_go_on))
        })
}

/// The value that a setting begins with: the storage emulator's for the host's own storage, or none.
pub fn first_value(name: &str) -> &'static str {
    match name.eq_ignore_ascii_case("AzureWebJobsStorage") {
        true => "UseDevelopmentStorage=true",
        false => "",
    }
}

/// Adds settings with their first values to the text of a local.settings.json, in its own layout. Errors
/// if it has no object `Values`.
pub fn with(text: &str, names: &[String]) -> Result<String, String> {
    json::edit(text, |file| {
        let values = json::property(file, "Values")?.object_value()?;
        for name in names {
            values.append(name, CstInputValue::from(first_value(name)));
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
