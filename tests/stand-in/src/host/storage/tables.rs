//! Tables are JSON files that users can edit: `tables/<table>.json` is a list of rows with
//! `PartitionKey` and `RowKey` [azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.Tables].

use crate::app::json as file_json;
use crate::host::date::Date;
use crate::host::newtonsoft::{self, Token, object, quoted};
use crate::host::routes::is_guid;
use crate::host::storage::files::Folder;
use crate::host::storage::names;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `PartitionKey` and `RowKey`.
type Keys = [String; 2];

/// Rows without their keys.
type Rows = BTreeMap<Keys, Token>;

const KEYS: [&str; 2] = ["PartitionKey", "RowKey"];

/// The most rows of a partition that are written together.
const BATCH: usize = 100;

/// The longest text of a property, in UTF-16 units.
const TEXT_MAX: usize = 32_768;

/// The rows of a table, or of one `partition`, as a JSON list; `take` 0 means all. Errors if there
/// is no table.
pub fn read(
    folder: &Folder,
    table: &str,
    partition: Option<&str>,
    take: usize,
) -> Result<String, String> {
    let path = path(folder, table);
    let rows = rows(folder, &path)?.ok_or_else(|| {
        let file = folder.join(path);
        format!("there is no table {table}: {} is not there", file.display())
    })?;
    let is_wanted = |(keys, _): &(&Keys, &Token)| partition.is_none_or(|one| keys[0] == one);
    let take = if take == 0 { usize::MAX } else { take };
    let rows = rows.iter().filter(is_wanted).take(take).map(json);
    Ok(format!("[{}]", rows.collect::<Vec<_>>().join(",")))
}

/// Adds rows to a table. The binding's `keys` replace missing ones. Up to 100 rows of a partition
/// are written together or not at all.
pub fn insert(
    folder: &Folder,
    table: &str,
    keys: [Option<&str>; 2],
    entities: &[Token],
) -> Result<(), String> {
    names::table(table)?;
    let added = entities.iter().map(|entity| added(entity, keys));
    let mut added = added.collect::<Result<Vec<_>, _>>()?;
    added.sort_by(|(one, ..), (other, ..)| one[0].cmp(&other[0]));
    let partitions = added.chunk_by(|(one, ..), (next, ..)| one[0] == next[0]);
    for batch in partitions.flat_map(|rows| rows.chunks(BATCH)) {
        let path = path(folder, table);
        let mut rows = rows(folder, &path)?.unwrap_or_default();
        let mut new = Rows::new();
        for (keys, row, replaces) in batch {
            let is_there = rows.contains_key(keys) && !replaces;
            if new.insert(keys.clone(), row.clone()).is_some() || is_there {
                let [partition, row] = keys;
                return Err(format!(
                    "The specified entity already exists: the table {table} has a row with the \
                     PartitionKey {partition:?} and the RowKey {row:?}; \"ETag\": \"*\" in the \
                     entity replaces it"
                ));
            }
        }
        rows.extend(new);
        let lines: Vec<String> = rows.iter().map(json).collect();
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        folder.write(path, text.as_bytes())?;
    }
    Ok(())
}

fn rows(folder: &Folder, path: &Path) -> Result<Option<Rows>, String> {
    let Some(text) = folder.read(path)? else {
        return Ok(None);
    };
    let wrong = |why: &str| format!("{}: {why}", folder.join(path).display());
    let text = std::str::from_utf8(&text).map_err(|error| {
        let line = text[..error.valid_up_to()]
            .split(|byte| *byte == b'\n')
            .count();
        wrong(&format!("it is not UTF-8: line {line}; save it as UTF-8"))
    })?;
    let list = newtonsoft::parse(text, 64).map_err(|why| match file_json::parse(text) {
        // This error has the line.
        Err(why) => wrong(&format!("it is not JSON: {why}")),
        Ok(_) => wrong(&why),
    })?;
    let Token::Array(list) = list else {
        return Err(wrong("it has to be a list of rows"));
    };
    let mut rows = Rows::new();
    for mut row in list {
        let keys = KEYS.map(|name| row.take(name));
        let [Token::Text(partition), Token::Text(row_key)] = keys else {
            let why = "a row is a JSON object with a PartitionKey and a RowKey, both texts";
            return Err(wrong(why));
        };
        if rows.insert([partition, row_key], row).is_some() {
            return Err(wrong("two rows have the same PartitionKey and RowKey"));
        }
    }
    Ok(Some(rows))
}

/// The table's file. Names of tables ignore case.
fn path(folder: &Folder, table: &str) -> PathBuf {
    let wanted = format!("{table}.json");
    let files = folder.join("tables").read_dir().into_iter().flatten();
    let mut names = files.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = names.find(|name| name.eq_ignore_ascii_case(&wanted));
    PathBuf::from("tables").join(name.unwrap_or(wanted))
}

/// A row without null properties. Texts and dates are as they are.
fn json((keys, row): (&Keys, &Token)) -> String {
    let keys = KEYS.into_iter().zip(keys);
    let keys = keys.map(|(name, key)| (name, quoted(key)));
    let properties = row.members().iter();
    let properties = properties.filter(|(_, value)| *value != Token::Null);
    let properties = properties.map(|(name, value)| match value {
        Token::Text(text) => (&**name, quoted(text)),
        value => (&**name, value.to_json(false)),
    });
    object(keys.chain(properties))
}

/// The keys and properties of a new row, and whether it replaces the row with its keys.
fn added(entity: &Token, given: [Option<&str>; 2]) -> Result<(Keys, Token, bool), String> {
    let shown = entity.to_json(false);
    let Token::Object(members) = entity else {
        let why = "a row of a table is a JSON object, and this is not";
        return Err(format!("{why}: {shown}"));
    };
    let mut keys = Keys::default();
    for (at, name) in KEYS.into_iter().enumerate() {
        let own = members
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        let key = own.map(|(_, value)| value.to_text());
        let key = key.or_else(|| given[at].map(str::to_owned));
        let none = || format!("the row {shown} has no {name}, nor has its binding");
        let key = key.ok_or_else(none)?;
        if let Some(c) = key.chars().find(|c| c.is_control() || "/\\#?".contains(*c)) {
            let why = format!("contains {c:?}, which a key cannot");
            return Err(format!("the {name} {key:?} {why}"));
        }
        keys[at] = key;
    }
    let text_of = |wanted: &str| {
        let found = members.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.to_text())
    };
    let mut properties = Vec::new();
    for (name, value) in members {
        let mut own = ["ETag", "Timestamp"].into_iter().chain(KEYS);
        if own.any(|own| own.eq_ignore_ascii_case(name)) || name.ends_with("@odata.type") {
            continue;
        }
        let kind = text_of(&format!("{name}@odata.type"));
        let property = property(value, kind.as_deref());
        let property = property.map_err(|why| format!("the property {name} of a row {why}"))?;
        properties.push((name.clone(), property));
    }
    let replaces = text_of("ETag").as_deref() == Some("*");
    Ok((keys, Token::Object(properties), replaces))
}

/// A property's value. `kind` turns a text into a date or a GUID.
fn property(value: &Token, kind: Option<&str>) -> Result<Token, String> {
    let wrong = |kind: &str| Err(format!("is not {kind}: {}", value.to_json(false)));
    let text = match (value, kind) {
        (Token::Integer(digits), _) if digits.parse::<i64>().is_err() => {
            return wrong("a number of 64 bits");
        }
        // The same moment in the form that inputs have.
        (Token::Text(text), Some("Edm.DateTime")) => match Date::parse(text) {
            Some(date) => date.utc().iso(),
            None => return wrong("a date"),
        },
        (Token::Text(text), Some("Edm.Guid")) if !is_guid(text) => return wrong("a GUID"),
        (Token::Text(text), _) => Date::parse(text).map_or_else(|| text.clone(), Date::iso),
        // Nested values become indented JSON.
        (Token::Array(_) | Token::Object(_), _) => value.to_json(true),
        _ => return Ok(value.clone()),
    };
    match text.encode_utf16().count() > TEXT_MAX {
        true => Err(format!("has more than {TEXT_MAX} characters")),
        false => Ok(Token::Text(text)),
    }
}
