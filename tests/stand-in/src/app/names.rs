//! What the host, Rust, git and file systems allow as names of functions, bindings and files.

use std::cmp::Ordering;

/// `there are back, shop`: for the error about a name that there is not.
pub fn listed(names: impl IntoIterator<Item: Into<String>>) -> String {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    match names.is_empty() {
        true => "there are none".to_owned(),
        false => format!("there are {}", names.join(", ")),
    }
}

/// The order in which the host asks functions: by name in capitals (`OrdinalIgnoreCase`), so
/// `items` comes before `item_all`.
pub fn order(one: &str, other: &str) -> Ordering {
    let capitals = [one, other].map(str::to_ascii_uppercase);
    capitals[0].cmp(&capitals[1]).then_with(|| one.cmp(other))
}

/// [Utility.cs, FunctionNameValidationRegex]
pub fn function(name: &str) -> Result<(), String> {
    let why = if !is_name(name, b"_-") {
        "a name is a letter, then up to 127 letters, digits, _ and -"
    } else if name.eq_ignore_ascii_case("host") {
        "the word is its own"
    } else {
        return Ok(());
    };
    Err(format!("the host takes no function called {name:?}: {why}"))
}

/// [Utility.cs, BindingNameValidationRegex]
pub fn binding(name: &str) -> Result<(), String> {
    if is_name(name, b"") || name == "$return" {
        return Ok(());
    }
    let why = "a name is a letter, then up to 127 letters and digits, or $return";
    Err(format!("the host takes no binding called {name:?}: {why}"))
}

fn is_name(name: &str, others: &[u8]) -> bool {
    let is_taken = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(is_taken)
        && name.len() <= 128
}

/// A function's file, without `.rs`: `web_two` for `Web-Two` and `WebTwo`.
pub fn file(name: &str) -> String {
    let mut file = String::new();
    let mut letters = name.chars().peekable();
    let mut before = '_';
    while let Some(letter) = letters.next() {
        let is_last_capital = letters.peek().is_some_and(char::is_ascii_lowercase);
        let starts_word = match before {
            'a'..='z' | '0'..='9' => true,
            'A'..='Z' => is_last_capital,
            _ => false,
        };
        if letter.is_ascii_uppercase() && starts_word {
            file.push('_');
        }
        file.push(letter.to_ascii_lowercase());
        before = letter;
    }
    // Rust warns about two underscores in a row.
    let words = file.split(['_', '-']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// Words that Rust 2024 only allows as module names if they are written `r#word`.
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
    "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// A file's module in Rust code: `r#match` for `match`.
pub fn module(file: &str) -> String {
    match KEYWORDS.contains(&file) {
        true => format!("r#{file}"),
        false => file.to_owned(),
    }
}

/// Whether Windows has a device of this name, in small letters.
pub fn is_device(name: &str) -> bool {
    let number = name.strip_prefix("com").or(name.strip_prefix("lpt"));
    let is_port = number.is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']));
    is_port || ["con", "prn", "aux", "nul"].contains(&name)
}

/// Why a name that the host allows cannot be a file or a folder.
pub fn refusal(name: &str) -> Option<&'static str> {
    let file = file(name);
    Some(match file.as_str() {
        "self" | "super" | "crate" => "Rust has no module of this name",
        "mod" | "main" => "src/functions/mod.rs and tests/functions/main.rs are other files",
        "lib" => "Rust takes lib.rs for a library",
        "functions" => {
            "a module cannot have the name of the module that it is in, which is functions"
        }
        "src" | "tests" | "benches" | "target" => "the folder is Rust's own",
        device if is_device(device) => "it is a device on Windows",
        _ => return None,
    })
}
