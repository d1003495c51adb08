//! The names that Azure's storage allows. Errors show the name, because it may come from an
//! expression.

use crate::app::names::is_device;
use std::path::PathBuf;

const SPECIAL: [&str; 3] = ["$root", "$web", "$logs"];

const DASHED: &str = "3 to 63 small letters, digits and single dashes, none of them at an end";

/// The queue's name in storage, in small letters.
pub fn queue(name: &str) -> Result<String, String> {
    let small = name.to_ascii_lowercase();
    taken(is_dashed(&small), "queue", name, DASHED).map(|()| small)
}

pub fn container(name: &str) -> Result<(), String> {
    let is_taken = SPECIAL.contains(&name) || is_dashed(name);
    taken(is_taken, "container", name, DASHED)
}

pub fn table(name: &str) -> Result<(), String> {
    let is_long_enough = (3..=63).contains(&name.len());
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_taken = is_long_enough && letters && !name.as_bytes()[0].is_ascii_digit();
    let rule = "3 to 63 letters and digits, the first a letter";
    taken(is_taken, "table", name, rule)
}

fn is_dashed(name: &str) -> bool {
    let small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(small);
    (3..=63).contains(&name.len()) && name.split('-').all(is_part)
}

fn taken(is_taken: bool, kind: &str, name: &str, rule: &str) -> Result<(), String> {
    match is_taken {
        true => Ok(()),
        false => Err(format!("{name:?} is not a {kind}'s name: {rule}")),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobPath {
    pub container: String,
    pub name: String,
}

impl BlobPath {
    /// Reads `container/name` as a URL: `a/../b` is `b`, and a leading slash of the name is
    /// dropped. Errors also if the name cannot be a file on this system.
    pub fn parse(path: &str) -> Result<Self, String> {
        let Some((container, name)) = path.split_once('/') else {
            let why = "has no name of a blob after a /";
            return Err(format!("BlobPath is invalid: {path:?} {why}"));
        };
        self::container(container)?;
        let invalid = |why: &str| Err(format!("BlobPath is invalid: the name {name:?} {why}"));
        match name {
            _ if name.is_empty() || name.ends_with(['.', '/']) => {
                return invalid("is empty, or ends with a dot or a slash");
            }
            _ if name.contains('\\') => return invalid("contains a backslash"),
            _ if name.chars().count() > 1024 => return invalid("has more than 1024 characters"),
            _ => {}
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in name.trim_start_matches('/').split('/') {
            match part {
                "." => {}
                ".." if parts.pop().is_none() => return invalid("would leave the container"),
                ".." => {}
                part => parts.push(part),
            }
        }
        if let Some(why) = parts.iter().find_map(|part| no_file(part)) {
            return invalid(&format!("cannot be a file here: {why}"));
        }
        let (container, name) = (container.to_owned(), parts.join("/"));
        Ok(Self { container, name })
    }

    /// Its path in the storage's folder: `blobs/<container>/<name>`.
    pub fn file(&self) -> PathBuf {
        let parts = ["blobs", &self.container].into_iter();
        parts.chain(self.name.split('/')).collect()
    }
}

impl std::fmt::Display for BlobPath {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}/{}", self.container, self.name)
    }
}

/// Why a part of a blob's name cannot be a file here.
fn no_file(part: &str) -> Option<String> {
    let why = match part {
        "" => "two slashes stand side by side",
        _ if part.contains('\0') => "it contains the character NUL",
        _ if part.len() > 255 => "a part has more than 255 bytes",
        _ => return no_windows_file(part).filter(|_| cfg!(windows)),
    };
    Some(why.to_owned())
}

/// Why a part of a blob's name cannot be a file on Windows.
pub fn no_windows_file(part: &str) -> Option<String> {
    let is_reserved = |c: char| c < ' ' || "<>:\"|?*".contains(c);
    if let Some(c) = part.chars().find(|c| is_reserved(*c)) {
        return Some(format!("{part:?} contains {c:?}"));
    }
    let stem = part.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    if is_device(&stem) {
        return Some(format!("{part:?} is the name of a device"));
    }
    let ends = part.ends_with([' ', '.']);
    ends.then(|| format!("{part:?} ends with a space or a dot"))
}
