//! The table of functions: compiled, and as the text of `src/functions/mod.rs` and
//! `tests/functions/main.rs`. Edits leave the rest of the text as it is.

use crate::app::names;
use serde::Deserialize;
use std::ops::Range;

/// The lists of functions and of their tests.
pub const TABLE: &str = "src/functions/mod.rs";
pub const TESTS: &str = "tests/functions/main.rs";

/// An entry of the table: a function, as the handler routes to it.
#[derive(Clone, Deserialize, PartialEq)]
pub struct Line {
    pub name: String,
    pub outputs: Vec<String>,
    pub kind: Kind,
}

#[derive(Clone, Deserialize, PartialEq)]
pub enum Kind {
    Http {
        methods: Vec<String>,
        path: Option<String>,
    },
    Trigger {
        binding: String,
    },
    Tool {
        binding: String,
    },
}

impl Line {
    /// The line as code; `code` is `order::run`.
    pub fn call(&self, code: &str) -> String {
        let (name, outputs) = (&self.name, &self.outputs);
        let arguments = match &self.kind {
            Kind::Http { methods, path } => match path {
                Some(path) => format!("http({name:?}, &{methods:?}, {path:?}"),
                None => format!("http_with_bindings({name:?}, &{methods:?}, &{outputs:?}"),
            },
            Kind::Trigger { binding } => format!("trigger({name:?}, {binding:?}, &{outputs:?}"),
            Kind::Tool { binding } => format!("tool({name:?}, {binding:?}, &{outputs:?}"),
        };
        format!("Route::{arguments}, {code})")
    }
}

/// Replaces `//` comments and quoted texts with spaces.
fn code(text: &str) -> String {
    let mut code = String::new();
    for line in text.split_inclusive('\n') {
        let (mut in_comment, mut in_string) = (false, false);
        for (at, letter) in line.char_indices() {
            in_comment |= !in_string && line[at..].starts_with("//");
            in_string ^= !in_comment && letter == '"' && !line[..at].ends_with('\\');
            let is_hidden = (in_comment || in_string) && letter != '\n';
            match is_hidden {
                true => code += &" ".repeat(letter.len_utf8()),
                false => code.push(letter),
            }
        }
    }
    code
}

/// Adds `mod module;` above the others, or above the first item. rustfmt sorts it.
pub fn with_module(text: &str, file: &str) -> String {
    let line = format!("mod {};\n", names::module(file));
    let lines = text.split_inclusive('\n');
    let header = lines.take_while(|line| line.starts_with("//!"));
    let (at, line) = match (declared(text).first(), header.map(str::len).sum()) {
        (Some(first), _) => (first.lines.start, line),
        (None, 0) => (0, format!("{line}\n")),
        (None, header) => (header, format!("\n{line}")),
    };
    [&text[..at], &line, &text[at..]].concat()
}

/// Also removes its attributes and doc comments.
pub fn without_module(text: &str, file: &str) -> String {
    let mut modules = declared(text).into_iter();
    let module = modules.find(|module| module.file == file);
    let lines = module.map_or(0..0, |module| module.lines);
    [&text[..lines.start], &text[lines.end..]].concat()
}

/// The modules that the text declares in other files.
pub fn modules(text: &str) -> Vec<String> {
    let modules = declared(text).into_iter();
    modules.map(|module| module.file).collect()
}

/// A line `mod name;` with its attributes and doc comments.
struct Module {
    file: String,
    lines: Range<usize>,
}

fn declared(text: &str) -> Vec<Module> {
    let (mut modules, mut start, mut end) = (Vec::new(), 0, 0);
    for (line, code) in text.split_inclusive('\n').zip(code(text).lines()) {
        end += line.len();
        let item = code.trim().strip_suffix(';');
        if let Some((visibility, name)) = item.and_then(|item| item.rsplit_once("mod "))
            && (visibility.is_empty() || visibility.starts_with("pub"))
        {
            let file = name.trim_start_matches("r#").to_owned();
            let lines = start..end;
            modules.push(Module { file, lines });
        }
        if !line.trim_start().starts_with("#[") && !line.trim_start().starts_with("///") {
            start = end;
        }
    }
    modules
}

pub struct Entry {
    pub name: String,
    /// Without `.rs`; `None` for the table's own file.
    pub file: Option<String>,
    place: Range<usize>,
}

/// The table `ROUTES` in [`TABLE`].
pub struct Table<'a> {
    text: &'a str,
    inside: Range<usize>,
    pub entries: Vec<Entry>,
}

impl<'a> Table<'a> {
    /// Errors if the text has no table, or the table has an entry of another form.
    pub fn find(text: &'a str) -> Result<Self, String> {
        let code = code(text);
        let inside = inside(&code).ok_or_else(|| {
            let form = "`pub const ROUTES: &[Route] = &[ ... ];`";
            format!("{TABLE}: there is no table of the form {form} in it")
        })?;
        let starts = code[inside.clone()].match_indices("Route::");
        let starts = starts.map(|(at, _)| inside.start + at);
        let starts: Vec<usize> = starts.chain([inside.end]).collect();
        let parts = starts.windows(2).map(|part| part[0]..part[1]);
        let entries: Option<Vec<Entry>> = parts.map(|part| entry(text, &code, part)).collect();
        let before = code[inside.start..starts[0]].trim();
        let entries = entries.filter(|_| before.is_empty()).ok_or_else(|| {
            let form = "Route::trigger(\"name\", ..., run)";
            format!("{TABLE}: the table has an entry that is not of the form {form}")
        })?;
        Ok(Self {
            text,
            inside,
            entries,
        })
    }

    /// The text with one more entry, at the table's end.
    pub fn with(&self, entry: &str) -> String {
        let last = self.entries.last();
        let end = last.map_or(self.inside.start, |last| last.place.end);
        // A comment may follow the last entry, and its comma may be missing.
        let rest = &self.text[end..self.inside.end];
        let (line, below) = rest.split_at(rest.find('\n').unwrap_or(rest.len()));
        let has_comma = last.is_none() || code(line).contains(',');
        let comma = if has_comma { "" } else { "," };
        let end_of_line = if below.is_empty() { "\n" } else { below };
        let (before, after) = (&self.text[..end], &self.text[self.inside.end..]);
        format!("{before}{comma}{line}\n    {entry},{end_of_line}{after}")
    }

    /// Also removes the entry's lines if they have nothing else.
    pub fn without(&self, name: &str) -> String {
        let mut text = self.text.to_owned();
        for Entry { place, .. } in self.entries.iter().rev().filter(|entry| entry.name == name) {
            let (mut before, after) = (&text[..place.start], &text[place.end..]);
            let mut after = after.trim_start_matches([',', ' ', '\r']);
            if after.starts_with(['\n', ']']) {
                before = before.trim_end_matches(' ');
            }
            if before.ends_with('\n') {
                after = after.strip_prefix('\n').unwrap_or(after);
            }
            text = [before, after].concat();
        }
        text.replacen("&[\n];", "&[];", 1)
    }
}

/// Between the table's brackets.
fn inside(code: &str) -> Option<Range<usize>> {
    let name = code.find(" ROUTES:")?;
    let equals = name + code[name..].find('=')?;
    let open = equals + code[equals..].find('[')? + 1;
    Some(open..open + code[open..].find("];")?)
}

/// `None` if it is not a call with a name.
fn entry(text: &str, code: &str, part: Range<usize>) -> Option<Entry> {
    let length = code[part.clone()].rfind(')')? + 1;
    let place = part.start..part.start + length;
    let name = text[place.clone()].split('"').nth(1)?.to_owned();
    // The code is the last argument: `order::run`.
    let arguments = code[place.clone()].trim_end_matches([')', ' ', '\r', '\n', ',', '}']);
    let path = arguments.rsplit([' ', '\n', ',']).next()?;
    let path = path.trim_start_matches("self::");
    let path = path.trim_start_matches("crate::functions::");
    let module = path.split_once("::").map(|(module, _)| module);
    let file = module.map(|module| module.trim_start_matches("r#").to_owned());
    Some(Entry { name, file, place })
}
