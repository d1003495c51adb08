//! Tables are JSON files that one can edit: `tables/<table>.json` in the folder of the storage, a
//! list of rows, each with a `PartitionKey` and a `RowKey` [azure-sdk-for-net,
//! Microsoft.Azure.WebJobs.Extensions.Tables].

use crate::host::date::Date;
use crate::host::newtonsoft::{self, Token, quoted};
use crate::host::routes::is_guid;
use crate::host::storage::files::Folder;
use crate::host::storage::names;
use std::path::PathBuf;

/// Its keys come first.
type Row = Vec<(String, Token)>;

const KEYS: [&str; 2] = ["PartitionKey", "RowKey"];

/// How many rows of a partition are written together.
const BATCH: usize = 100;

/// UTF-16 units of a text.
const TEXT_MAX: usize = 32_768;

/// The rows that an input gets, as the text of a JSON list: those of a partition, or all. Errors
/// if there is no such table, or its file is not a list of rows.
pub fn read(
    folder: &Folder,
    table: &str,
    partition: Option<&str>,
    take: usize,
) -> Result<String, String> {
    let (file, rows) = rows(folder, table)?;
    let Some(rows) = rows else {
        return Err(format!(
            "there is no table {table}: {} is not there",
            file.display()
        ));
    };
    let of_partition = |row: &&Row| partition.is_none_or(|partition| key(row, 0) == partition);
    let take = if take == 0 { usize::MAX } else { take };
    let rows: Vec<String> = rows
        .iter()
        .filter(of_partition)
        .take(take)
        .map(json)
        .collect();
    Ok(format!("[{}]", rows.join(",")))
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
    let new: Vec<(Row, bool)> = entities
        .iter()
        .map(|entity| row(entity, keys))
        .collect::<Result<_, _>>()?;
    let mut partitions: Vec<&str> = new.iter().map(|(row, _)| key(row, 0)).collect();
    partitions.sort();
    partitions.dedup();
    for partition in partitions {
        let of_partition: Vec<_> = new
            .iter()
            .filter(|(row, _)| key(row, 0) == partition)
            .collect();
        for batch in of_partition.chunks(BATCH) {
            let mut rows = rows(folder, table)?.1.unwrap_or_default();
            let there = rows.len();
            for (row, replaces) in batch {
                match rows.iter().position(|other| keys_of(other) == keys_of(row)) {
                    Some(at) if *replaces && at < there => rows[at] = row.clone(),
                    Some(_) => {
                        return Err(format!(
                            "The specified entity already exists: the table {table} has a row \
                             with the PartitionKey {:?} and the RowKey {:?}; \"ETag\": \"*\" in \
                             the entity replaces it",
                            key(row, 0),
                            key(row, 1)
                        ));
                    }
                    None => rows.push(row.clone()),
                }
            }
            save(folder, table, rows)?;
        }
    }
    Ok(())
}

/// The file of a table, and its rows in their order; `None` where the file is not there.
fn rows(folder: &Folder, table: &str) -> Result<(PathBuf, Option<Vec<Row>>), String> {
    let path = path(folder, table);
    let file = folder.join(&path);
    let Some(text) = folder.read(&path)? else {
        return Ok((file, None));
    };
    let wrong = |why: &str| format!("{}: {why}", file.display());
    let list = newtonsoft::parse(&String::from_utf8_lossy(&text), 64).map_err(|why| wrong(&why))?;
    let Token::Array(list) = list else {
        return Err(wrong("it has to be a list of rows"));
    };
    let mut rows = Vec::new();
    for row in list {
        let Token::Object(mut row) = row else {
            return Err(wrong("a row is a JSON object"));
        };
        for (at, name) in KEYS.iter().enumerate() {
            let is_key =
                |(n, value): &(String, Token)| n == name && matches!(value, Token::Text(_));
            let found = row.iter().position(is_key);
            let found = found
                .ok_or_else(|| wrong("a row needs a PartitionKey and a RowKey, both texts"))?;
            row[at..=found].rotate_right(1);
        }
        rows.push(row);
    }
    sort(&mut rows);
    Ok((file, Some(rows)))
}

fn sort(rows: &mut [Row]) {
    rows.sort_by(|one, other| keys_of(one).cmp(&keys_of(other)));
}

/// Names of tables ignore case.
fn path(folder: &Folder, table: &str) -> PathBuf {
    let wanted = format!("{table}.json");
    let files = folder
        .join("tables")
        .read_dir()
        .into_iter()
        .flatten()
        .flatten();
    let name = files
        .filter_map(|entry| entry.file_name().into_string().ok())
        .find(|name| name.eq_ignore_ascii_case(&wanted));
    PathBuf::from("tables").join(name.unwrap_or(wanted))
}

fn save(folder: &Folder, table: &str, mut rows: Vec<Row>) -> Result<(), String> {
    sort(&mut rows);
    let rows: Vec<String> = rows.iter().map(json).collect();
    folder.write(
        path(folder, table),
        format!("[\n{}\n]\n", rows.join(",\n")).as_bytes(),
    )
}

fn key(row: &Row, at: usize) -> &str {
    match &row[at].1 {
        Token::Text(key) => key,
        _ => "",
    }
}

fn keys_of(row: &Row) -> [&str; 2] {
    [key(row, 0), key(row, 1)]
}

/// A row on one line. A null property is not there. Texts are as they are, dates too.
fn json(row: &Row) -> String {
    let members = row.iter().filter(|(_, value)| *value != Token::Null);
    let member = |(name, value): &(String, Token)| match value {
        Token::Text(text) => format!("{}:{}", quoted(name), quoted(text)),
        value => format!("{}:{}", quoted(name), value.to_json(false)),
    };
    format!("{{{}}}", members.map(member).collect::<Vec<_>>().join(","))
}

/// What an entity becomes, and whether it replaces the row of its keys.
fn row(entity: &Token, keys: [Option<&str>; 2]) -> Result<(Row, bool), String> {
    let Token::Object(members) = entity else {
        let found = entity.to_json(false);
        return Err(format!(
            "a row of a table is a JSON object, and this is not: {found}"
        ));
    };
    let mut row = Row::new();
    for (name, given) in KEYS.iter().zip(keys) {
        let own = members.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        let value = own.map(|(_, value)| value.to_text());
        let value = value.or_else(|| given.map(str::to_owned));
        let value = value.ok_or_else(|| {
            format!(
                "the row {} has no {name}, nor has its binding",
                entity.to_json(false)
            )
        })?;
        if let Some(c) = value
            .chars()
            .find(|c| c.is_control() || "/\\#?".contains(*c))
        {
            return Err(format!(
                "the {name} {value:?} contains {c:?}, which a key cannot"
            ));
        }
        row.push(((*name).to_owned(), Token::Text(value)));
    }
    let of = |wanted: &str| {
        members
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    for (name, value) in members {
        let own = ["ETag", "Timestamp"].iter().chain(&KEYS);
        if own.into_iter().any(|own| own.eq_ignore_ascii_case(name))
            || name.ends_with("@odata.type")
        {
            continue;
        }
        let kind = of(&format!("{name}@odata.type")).map(Token::to_text);
        let value = property(value, kind.as_deref())
            .map_err(|why| format!("the property {name} of a row {why}"))?;
        row.push((name.clone(), value));
    }
    let replaces = of("ETag").is_some_and(|etag| etag.to_text() == "*");
    Ok((row, replaces))
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
