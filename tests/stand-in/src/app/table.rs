//! The text of `src/functions/mod.rs` and `tests/functions/main.rs`: lines that are added to it and
//! taken out of it, while all the rest stays as it is.

use crate::app::names;
use crate::app::text::{blank, is_word};
use std::ops::Range;

/// Adds `mod module;` where rustfmt wants it: into the order of the others, or above the first
/// item.
pub fn with_module(text: &str, file: &str) -> String {
    let line = format!("mod {};\n", names::module(file));
    let modules = declared(text);
    let (at, line) = match (
        modules.iter().find(|module| *file < *module.file),
        modules.last(),
    ) {
        (Some(next), _) => (next.lines.start, line),
        (None, Some(last)) => (last.lines.end, line),
        (None, None) => {
            let header: usize = text
                .split_inclusive('\n')
                .take_while(|line| line.starts_with("//!"))
                .map(str::len)
                .sum();
            (
                header,
                if header == 0 {
                    format!("{line}\n")
                } else {
                    format!("\n{line}")
                },
            )
        }
    };
    [&text[..at], &line, &text[at..]].concat()
}

/// Takes `mod module;` out, with the attributes and doc comments above it.
pub fn without_module(text: &str, file: &str) -> String {
    let modules = declared(text);
    let Some(module) = modules.iter().find(|module| module.file == file) else {
        return text.to_owned();
    };
    let mut cut = module.lines.clone();
    // The last one leaves no empty line behind.
    if modules.len() == 1 && text[..cut.start].ends_with("\n\n") {
        cut.start -= 1;
    } else if modules.len() == 1 && cut.start == 0 && text[cut.end..].starts_with('\n') {
        cut.end += 1;
    }
    [&text[..cut.start], &text[cut.end..]].concat()
}

/// The names of the modules that the text declares in other files.
pub fn modules(text: &str) -> Vec<String> {
    declared(text)
        .into_iter()
        .map(|module| module.file)
        .collect()
}

/// A line `mod name;`.
struct Module {
    file: String,
    lines: Range<usize>,
}

/// The modules that the text declares in other files.
fn declared(text: &str) -> Vec<Module> {
    let skeleton = blank(text);
    let (mut modules, mut start) = (Vec::new(), 0);
    let mut above = None;
    for line in skeleton.split_inclusive('\n') {
        let (from, to) = (start, start + line.len());
        start = to;
        let written = text[from..to].trim_start();
        if written.starts_with("#[") || written.starts_with("///") {
            above.get_or_insert(from);
            continue;
        }
        let above = above.take();
        let words = line
            .trim()
            .strip_suffix(';')
            .and_then(|line| line.rsplit_once("mod "));
        if let Some((visibility, name)) = words
            && (visibility.is_empty() || visibility.starts_with("pub"))
        {
            let file = name.trim().trim_start_matches("r#").to_owned();
            modules.push(Module {
                file,
                lines: above.unwrap_or(from)..to,
            });
        }
    }
    modules
}

/// An entry of the table.
#[derive(Debug, PartialEq)]
pub struct Entry {
    /// The function's name.
    pub name: String,
    /// The path of the function's code, `order::run`.
    pub path: String,
    place: Range<usize>,
}

impl Entry {
    /// The file, without `.rs`, in which the function's code is; `None` if it is in the table's
    /// own file.
    pub fn file(&self) -> Option<String> {
        let path = self
            .path
            .trim_start_matches("self::")
            .trim_start_matches("crate::functions::");
        path.split_once("::")
            .map(|(module, _)| module.trim_start_matches("r#").to_owned())
    }
}

/// The table, `ROUTES`, in the text of `src/functions/mod.rs`.
pub struct Table<'a> {
    text: &'a str,
    /// Between the brackets.
    inside: Range<usize>,
    /// The entries in their order.
    pub entries: Vec<Entry>,
}

impl<'a> Table<'a> {
    /// Finds the table. Errors if there is none that can be understood.
    pub fn find(text: &'a str) -> Result<Self, String> {
        let none = "there is no table of the form `pub const ROUTES: &[Route] = &[ ... ];` in it";
        let skeleton = blank(text);
        let name = word(&skeleton, "ROUTES").ok_or(none)?;
        let open = name + skeleton[name..].find('=').ok_or(none)?;
        let open = open + skeleton[open..].find('[').ok_or(none)? + 1;
        let mut entries = Vec::new();
        let (mut depth, mut start) = (0, open);
        for (place, byte) in skeleton.bytes().enumerate().skip(open) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b']' if depth == 0 => {
                    entries.extend(entry(text, &skeleton, start..place)?);
                    return Ok(Self {
                        text,
                        inside: open..place,
                        entries,
                    });
                }
                b')' | b']' | b'}' => depth -= 1,
                b',' if depth == 0 => {
                    entries.extend(entry(text, &skeleton, start..place)?);
                    start = place + 1;
                }
                _ => {}
            }
        }
        Err(none.into())
    }

    /// The text with one more entry, at the end: a line of its own, unless the list is in one line.
    pub fn with(&self, entry: &str) -> String {
        let inside = &self.text[self.inside.clone()];
        let (end, entry) = match inside.contains('\n') {
            true => (inside.trim_end().len(), format!("\n    {entry},")),
            false => (inside.trim_end_matches([' ', ',']).len(), entry.to_owned()),
        };
        let end = self.inside.start + end;
        // A comment may be the last thing in the list; the last entry may lack its comma.
        let last = self.entries.last().map_or(end, |last| last.place.end);
        let has_comma = blank(&self.text[last..end]).contains(',');
        let comma = match self.entries.is_empty() || has_comma {
            true => "",
            false if entry.starts_with('\n') => ",",
            false => ", ",
        };
        [
            &self.text[..last],
            comma,
            &self.text[last..end],
            &entry,
            &self.text[end..],
        ]
        .concat()
    }

    /// The text without this function's entry: without its lines, where nothing else is on them.
    pub fn without(&self, name: &str) -> String {
        let mut text = self.text.to_owned();
        for Entry { place, .. } in self.entries.iter().rev().filter(|entry| entry.name == name) {
            let start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
            let end = text[place.end..]
                .find('\n')
                .map_or(text.len(), |at| place.end + at + 1);
            let around = [&text[start..place.start], &text[place.end..end]].concat();
            let cut = match around.trim().trim_matches(',').is_empty() {
                true => start..end,
                // The comma goes with it: the next one, or else the one before.
                false => {
                    let rest = &text[place.end..];
                    match rest.trim_start().strip_prefix(',') {
                        Some(after) => place.start..text.len() - after.trim_start().len(),
                        None => text[..place.start].trim_end_matches([' ', ',']).len()..place.end,
                    }
                }
            };
            text.replace_range(cut, "");
        }
        let inside = self.inside.start..text.len() - (self.text.len() - self.inside.end);
        if text[inside.clone()].trim().is_empty() {
            text.replace_range(inside, "");
        }
        text
    }
}

/// The entry between two commas; `None` if there is nothing but white space and comments.
fn entry(text: &str, skeleton: &str, between: Range<usize>) -> Result<Option<Entry>, String> {
    let code = &skeleton[between.clone()];
    if code.trim().is_empty() {
        return Ok(None);
    }
    let start = between.start + (code.len() - code.trim_start().len());
    let place = start..between.start + code.trim_end().len();
    let unclear = || {
        format!(
            "this is not an entry that can be read: {}",
            text[place.clone()].trim()
        )
    };
    let open = text[place.clone()].find('"').ok_or_else(unclear)? + place.start + 1;
    let close = open + skeleton[open..].find('"').ok_or_else(unclear)?;
    // The code is the last argument.
    let arguments = skeleton[place.clone()].trim_end_matches([')', ' ', '\n', ',', '}']);
    let is_path = |letter: char| letter.is_alphanumeric() || "_:#".contains(letter);
    let path = arguments[arguments.trim_end_matches(is_path).len()..].to_owned();
    Ok(Some(Entry {
        name: text[open..close].to_owned(),
        path,
        place,
    }))
}

/// Where this word begins in the skeleton.
fn word(skeleton: &str, word: &str) -> Option<usize> {
    let bytes = skeleton.as_bytes();
    let is_alone = |at: usize| {
        !at.checked_sub(1)
            .is_some_and(|before| is_word(bytes[before]))
            && !bytes.get(at + word.len()).copied().is_some_and(is_word)
    };
    skeleton
        .match_indices(word)
        .map(|(at, _)| at)
        .find(|at| is_alone(*at))
}
