//! The text of local.settings.json: settings that are added to it and taken out of it, while all
//! the rest stays as it is.

use crate::app::json;
use crate::app::text::{Blank, blank};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

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
    /// Reads the text of a local.settings.json. Errors where it is not JSON, is encrypted, or has a
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

    /// The value of a setting, whose name may be written in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let same = |(key, _): &(&String, _)| key.eq_ignore_ascii_case(name);
        let value = self.values.get(name);
        value
            .or_else(|| Some(self.values.iter().find(same)?.1))
            .map(String::as_str)
    }
}

/// A member of an object: its name, and from where to where it goes.
type Member = (String, Range<usize>);

/// The members of the object `Values` in a local.settings.json: name, and where the member lies.
/// `None` where there is none.
fn values(text: &str) -> Option<(Vec<Member>, Range<usize>)> {
    let is_values = |(name, _): &&Member| name.eq_ignore_ascii_case("Values");
    let file = members(text, blank(text, Blank::Comments).find('{')?)?;
    let (_, member) = file.iter().find(is_values)?;
    let skeleton = blank(text, Blank::CommentsAndStrings);
    let open = member.start + skeleton[member.clone()].find('{')?;
    Some((members(text, open)?, open + 1..member.end - 1))
}

/// The members of the object whose `{` is at `open`: each from its name's quote to the end of its
/// value.
fn members(text: &str, open: usize) -> Option<Vec<Member>> {
    let skeleton = blank(text, Blank::CommentsAndStrings);
    let (mut members, mut depth, mut start) = (Vec::new(), 0, None);
    let mut end = open;
    for (place, byte) in skeleton.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        let is_over = depth == 0 || depth == 1 && byte == b',';
        if is_over && let Some(start) = start.take() {
            let name_end = start + 1 + skeleton[start + 1..].find('"')?;
            members.push((text[start + 1..name_end].to_owned(), start..end));
        }
        if depth == 0 {
            return Some(members);
        }
        if byte == b'"' && depth == 1 && start.is_none() {
            start = Some(place);
        }
        if !byte.is_ascii_whitespace() {
            end = place + 1;
        }
    }
    None
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
/// where it has no object `Values`.
pub fn with(text: &str, names: &[String]) -> Result<String, String> {
    let mut text = text.to_owned();
    for name in names {
        let (members, inside) = values(&text).ok_or("there is no object \"Values\" in it")?;
        let setting = format!("\"{name}\": \"\"");
        match members.last() {
            Some((_, last)) => {
                // What separates the members: a line break and an indent, or a space.
                let before = &text[..last.start];
                let blanks = &before[before.trim_end_matches([' ', '\t', '\n', '\r']).len()..];
                let blanks = if members.len() == 1 && blanks.is_empty() {
                    " "
                } else {
                    blanks
                };
                text.insert_str(last.end, &format!(",{blanks}{setting}"));
            }
            None => {
                let line = text[..inside.start].lines().last().unwrap_or_default();
                let indent = &line[..line.len() - line.trim_start().len()];
                text.replace_range(inside, &format!("\n{indent}  {setting}\n{indent}"));
            }
        }
    }
    Ok(text)
}

/// Takes a setting out of the text of a local.settings.json, where it is there and empty.
pub fn without_empty(text: &str, name: &str) -> String {
    let Some((members, _)) = values(text) else {
        return text.to_owned();
    };
    let Some(at) = members
        .iter()
        .position(|(member, range)| member == name && is_empty(&text[range.clone()]))
    else {
        return text.to_owned();
    };
    let range = members[at].1.clone();
    let cut = match (at.checked_sub(1), members.get(at + 1)) {
        (Some(before), None) => members[before].1.end..range.end,
        (_, Some((_, next))) => range.start..next.start,
        (None, None) => range,
    };
    [&text[..cut.start], &text[cut.end..]].concat()
}

/// Whether a member of an object, `"name": ""`, has an empty text as its value.
fn is_empty(member: &str) -> bool {
    json::parse(&format!("{{{member}}}")).is_ok_and(|object| {
        object
            .as_object()
            .is_some_and(|object| object.values().all(|value| value.as_str() == Some("")))
    })
}
