//! Tables are JSON files that one can edit: `tables/<table>.json` in the folder of the storage, a
//! list of rows, each with a `PartitionKey` and a `RowKey` [azure-sdk-for-net,
//! Microsoft.Azure.WebJobs.Extensions.Tables].

use crate::app::json as file_json;
use crate::host::date::Date;
use crate::host::newtonsoft::{self, Token, object, quoted};
use crate::host::routes::is_guid;
use crate::host::storage::files::Folder;
use crate::host::storage::names;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A row's `PartitionKey` and `RowKey`.
type Keys = [String; 2];

/// The other properties of a row, in order.
type Properties = Vec<(String, Token)>;

/// The rows of a table, in the order of their keys.
type Rows = BTreeMap<Keys, Properties>;

const KEYS: [&str; 2] = ["PartitionKey", "RowKey"];

/// How many rows of a partition are written together.
const BATCH: usize = 100;

/// UTF-16 units of a text.
const TEXT_MAX: usize = 32_768;

/// The rows that an input gets, as the text of a JSON list: those of a partition, or all; the first
/// ones, where `take` is not 0. Errors if there is no such table, or its file is not a list of rows.
pub fn read(
    folder: &Folder,
    table: &str,
    partition: Option<&str>,
    take: usize,
) -> Result<String, String> {
    let path = path(folder, table);
    let Some(rows) = rows(folder, &path)? else {
        let file = folder.join(path);
        let file = file.display();
        return Err(format!("there is no table {table}: {file} is not there"));
    };
    let of_partition =
        |(keys, _): &(&Keys, &Properties)| partition.is_none_or(|partition| keys[0] == partition);
    let take = if take == 0 { usize::MAX } else { take };
    let rows = rows.iter().filter(of_partition).take(take).map(json);
    Ok(format!("[{}]", rows.collect::<Vec<_>>().join(",")))
}

/// Inserts what an output has written; the keys of its binding stand for those that a row does not
/// have. Up to 100 rows of a partition are written together or not at all. Errors where a row
/// cannot be written, and says why.
pub fn insert(
    folder: &Folder,
    table: &str,
    keys: [Option<&str>; 2],
    entities: &[Token],
) -> Result<(), String> {
    names::table(table)?;
    let mut partitions: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for entity in entities {
        let row = row(entity, keys)?;
        partitions.entry(row.0[0].clone()).or_default().push(row);
    }
    for batch in partitions.values().flat_map(|rows| rows.chunks(BATCH)) {
        let path = path(folder, table);
        let mut rows = rows(folder, &path)?.unwrap_or_default();
        let mut new = Rows::new();
        for (keys, properties, replaces) in batch {
            let is_there = rows.contains_key(keys) && !replaces;
            if new.insert(keys.clone(), properties.clone()).is_some() || is_there {
                return Err(format!(
                    "The specified entity already exists: the table {table} has a row with the \
                     PartitionKey {:?} and the RowKey {:?}; \"ETag\": \"*\" in the entity \
                     replaces it",
                    keys[0], keys[1]
                ));
            }
        }
        rows.extend(new);
        let lines = rows.iter().map(json).collect::<Vec<_>>().join(",\n");
        folder.write(path, format!("[\n{lines}\n]\n").as_bytes())?;
    }
    Ok(())
}

/// The rows in a table's file; `None` where it is not there.
fn rows(folder: &Folder, path: &Path) -> Result<Option<Rows>, String> {
    let Some(text) = folder.read(path)? else {
        return Ok(None);
    };
    let wrong = |why: &str| format!("{}: {why}", folder.join(path).display());
    let text = String::from_utf8_lossy(&text);
    let list = newtonsoft::parse(&text, 64).map_err(|why| match file_json::parse(&text) {
        // It has the line.
        Err(why) => wrong(&format!("it is not JSON: {why}")),
        Ok(_) => wrong(&why),
    })?;
    let Token::Array(list) = list else {
        return Err(wrong("it has to be a list of rows"));
    };
    let mut rows = Rows::new();
    for row in list {
        let Token::Object(mut row) = row else {
            return Err(wrong("a row is a JSON object"));
        };
        let mut key = |name| {
            let at = row.iter().position(|(other, _)| other == name)?;
            match row.remove(at).1 {
                Token::Text(key) => Some(key),
                _ => None,
            }
        };
        let [Some(partition), Some(row_key)] = KEYS.map(&mut key) else {
            return Err(wrong("a row needs a PartitionKey and a RowKey, both texts"));
        };
        if rows.insert([partition, row_key], row).is_some() {
            return Err(wrong("two rows have the same PartitionKey and RowKey"));
        }
    }
    Ok(Some(rows))
}

/// The file of a table. Names of tables ignore case.
fn path(folder: &Folder, table: &str) -> PathBuf {
    let wanted = format!("{table}.json");
    let files = folder.join("tables").read_dir().into_iter().flatten();
    let mut names = files.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = names.find(|name| name.eq_ignore_ascii_case(&wanted));
    PathBuf::from("tables").join(name.unwrap_or(wanted))
}

/// A row on one line. A null property is not there. Texts are as they are, dates too.
fn json((keys, properties): (&Keys, &Properties)) -> String {
    let keys = KEYS.into_iter().zip(keys);
    let keys = keys.map(|(name, key)| (name, quoted(key)));
    let properties = properties.iter().filter(|(_, value)| *value != Token::Null);
    let properties = properties.map(|(name, value)| match value {
        Token::Text(text) => (name.as_str(), quoted(text)),
        value => (name.as_str(), value.to_json(false)),
    });
    object(keys.chain(properties))
}

/// What an entity becomes, and whether it replaces the row of its keys.
fn row(entity: &Token, given: [Option<&str>; 2]) -> Result<(Keys, Properties, bool), String> {
    let shown = || entity.to_json(false);
    let Token::Object(members) = entity else {
        let found = shown();
        return Err(format!(
            "a row of a table is a JSON object, and this is not: {found}"
        ));
    };
    let mut keys = Keys::default();
    for (at, name) in KEYS.into_iter().enumerate() {
        let own = members.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        let key = own.map(|(_, value)| value.to_text());
        let Some(key) = key.or_else(|| given[at].map(str::to_owned)) else {
            let row = shown();
            return Err(format!("the row {row} has no {name}, nor has its binding"));
        };
        if let Some(c) = key.chars().find(|c| c.is_control() || "/\\#?".contains(*c)) {
            let why = format!("contains {c:?}, which a key cannot");
            return Err(format!("the {name} {key:?} {why}"));
        }
        keys[at] = key;
    }
    let text_of = |wanted: &str| {
        let mut members = members.iter();
        let found = members.find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.to_text())
    };
    let mut properties = Properties::new();
    for (name, value) in members {
        let mut own = ["ETag", "Timestamp"].into_iter().chain(KEYS);
        if own.any(|own| own.eq_ignore_ascii_case(name)) || name.ends_with("@odata.type") {
            continue;
        }
        let kind = text_of(&format!("{name}@odata.type"));
        let property = property(value, kind.as_deref())
            .map_err(|why| format!("the property {name} of a row {why}"))?;
        properties.push((name.clone(), property));
    }
    let replaces = text_of("ETag").as_deref() == Some("*");
    Ok((keys, properties, replaces))
}

/// What a property becomes: the type beside it makes a date or GUID of a text.
fn property(value: &Token, kind: Option<&str>) -> Result<Token, String> {
    let wrong = |kind: &str| Err(format!("is not {kind}: {}", value.to_json(false)));
    let text = match (value, kind) {
        (Token::Integer(digits), _) if digits.parse::<i64>().is_err() => {
            return wrong("a number of 64 bits");
        }
        // The same moment, as inputs have it.
        (Token::Text(text), Some("Edm.DateTime")) => match Date::parse(text) {
            Some(date) => date.utc().iso(),
            None => return wrong("a date"),
        },
        (Token::Text(text), Some("Edm.Guid")) if !is_guid(text) => return wrong("a GUID"),
        (Token::Text(text), _) => Date::parse(text).map_or_else(|| text.clone(), Date::iso),
        // Nested values are their indented JSON.
        (Token::Array(_) | Token::Object(_), _) => value.to_json(true),
        (Token::Float(number), _) if !number.is_finite() => value.to_text(),
        _ => return Ok(value.clone()),
    };
    match text.encode_utf16().count() > TEXT_MAX {
        true => Err(format!("has more than {TEXT_MAX} characters")),
        false => Ok(Token::Text(text)),
    }
}
