//! The text of `src/functions/mod.rs` and `tests/functions/main.rs`: lines that are added to it and
//! taken out of it, while all the rest stays as it is.

use crate::app::names;
use crate::app::text::blank;
use std::ops::Range;

/// Adds `mod module;` where rustfmt wants it: into the order of the others, or above the first
/// item.
pub fn with_module(text: &str, file: &str) -> String {
    let line = format!("mod {};\n", names::module(file));
    let modules = declared(text);
    let (at, line) = if let Some(next) = modules.iter().find(|module| *file < *module.file) {
        (next.lines.start, line)
    } else if let Some(last) = modules.last() {
        (last.lines.end, line)
    } else {
        let lines = text.split_inclusive('\n');
        let header = lines.take_while(|line| line.starts_with("//!"));
        match header.map(str::len).sum() {
            0 => (0, format!("{line}\n")),
            header => (header, format!("\n{line}")),
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
    let modules = declared(text).into_iter();
    modules.map(|module| module.file).collect()
}

/// A line `mod name;`.
struct Module {
    file: String,
    lines: Range<usize>,
}

/// The modules that the text declares in other files.
fn declared(text: &str) -> Vec<Module> {
    let skeleton = blank(text);
    let (mut modules, mut above, mut from) = (Vec::new(), None, 0);
    for line in skeleton.split_inclusive('\n') {
        let to = from + line.len();
        let written = text[from..to].trim_start();
        if written.starts_with("#[") || written.starts_with("///") {
            above.get_or_insert(from);
        } else {
            let start = above.take().unwrap_or(from);
            let item = line.trim().strip_suffix(';');
            if let Some((visibility, name)) = item.and_then(|item| item.rsplit_once("mod "))
                && (visibility.is_empty() || visibility.starts_with("pub"))
            {
                let file = name.trim().trim_start_matches("r#").to_owned();
                let lines = start..to;
                modules.push(Module { file, lines });
            }
        }
        from = to;
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
        let path = self.path.trim_start_matches("self::");
        let path = path.trim_start_matches("crate::functions::");
        let (module, _) = path.split_once("::")?;
        Some(module.trim_start_matches("r#").to_owned())
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
        let (mut entries, mut depth, mut start) = (Vec::new(), 0, open);
        for (place, byte) in skeleton.bytes().enumerate().skip(open) {
            if depth == 0 && matches!(byte, b',' | b']') {
                entries.extend(entry(text, &skeleton, start..place)?);
                start = place + 1;
            }
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b']' if depth == 0 => {
                    return Ok(Self {
                        text,
                        inside: open..place,
                        entries,
                    });
                }
                b')' | b']' | b'}' => depth -= 1,
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
        let (before, between, after) =
            (&self.text[..last], &self.text[last..end], &self.text[end..]);
        [before, comma, between, &entry, after].concat()
    }

    /// The text without this function's entry: without its lines, where nothing else is on them.
    pub fn without(&self, name: &str) -> String {
        let mut text = self.text.to_owned();
        for Entry { place, .. } in self.entries.iter().rev().filter(|entry| entry.name == name) {
            let (before, after) = (&text[..place.start], &text[place.end..]);
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let end = after.find('\n').map_or(text.len(), |at| place.end + at + 1);
            let around = [&text[start..place.start], &text[place.end..end]].concat();
            let cut = if around.trim().trim_matches(',').is_empty() {
                start..end
            } else if let Some(rest) = after.trim_start().strip_prefix(',') {
                // The comma goes with it: the next one, or else the one before.
                place.start..text.len() - rest.trim_start().len()
            } else {
                before.trim_end_matches([' ', ',']).len()..place.end
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
    let written = &text[place.clone()];
    let unclear = || format!("this is not an entry that can be read: {}", written.trim());
    let open = place.start + written.find('"').ok_or_else(unclear)? + 1;
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
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut places = skeleton.match_indices(word).map(|(at, _)| at);
    places.find(|at| {
        !skeleton[..*at].ends_with(is_part) && !skeleton[at + word.len()..].starts_with(is_part)
    })
}
