//! JSON as `func` takes it in host.json, function.json and local.settings.json: with comments, and
//! with a comma after the last element.

use serde_json::Value;
use std::path::Path;

/// Reads a file in the folder `root`. Errors with a sentence that names the file and, where it is
/// no JSON, the line.
pub fn read(root: &Path, file: &str) -> Result<Value, String> {
    let text =
        std::fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
    parse(&text).map_err(|error| format!("{file}, {error}"))
}

/// Reads a text. Errors with what is wrong and the line: `line 3: expected value`.
pub fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(&strict(text.trim_start_matches('\u{feff}'))).map_err(|error| {
        let (message, end) = (
            error.to_string(),
            format!(" at line {} column {}", error.line(), error.column()),
        );
        format!("line {}: {}", error.line(), message.trim_end_matches(&end))
    })
}

/// The same text, with spaces where comments and needless commas are, so that each line keeps its
/// number.
fn strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    let mut rest = text;
    // Where the last comma is, if nothing but white space and comments came after it.
    let mut comma = None;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        rest = after;
        match first {
            '/' if length > 1 => {
                strict.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' }))
            }
            ',' => {
                comma = Some(strict.len());
                strict.push(',');
            }
            _ => {
                if let (']' | '}', Some(place)) = (first, comma) {
                    strict.replace_range(place..place + 1, " ");
                }
                comma = comma.filter(|_| first.is_whitespace());
                strict.push_str(piece);
            }
        }
    }
    strict
}

/// The length of the string that `text` begins with, its quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(place, _)| place + 1)
}

#[test]
fn comments_and_last_commas_are_taken() {
    let text = "\u{feff}{ // one\n \"a\": [1, /* two\n */ \"x // y\\\" /*\", ], # \n}";
    let json = parse(&text.replace(" # ", " ")).expect("JSON");
    assert_eq!(json, serde_json::json!({"a": [1, "x // y\" /*"]}));
    assert_eq!(
        parse("[1,2,/**/\n]").expect("JSON"),
        serde_json::json!([1, 2])
    );
}

#[test]
fn an_error_names_its_line() {
    for (text, line) in [
        ("{\n // one\n /* \n */ \"a\" 1}", 4),
        ("[1,,2]", 1),
        ("{\n\"a", 2),
        ("", 1),
        ("{} /", 1),
    ] {
        let error = parse(text).expect_err("no JSON");
        assert!(
            error.starts_with(&format!("line {line}: ")) && !error.contains("column"),
            "{text:?}: {error}"
        );
    }
    let missing = read(Path::new("no such folder"), "host.json").expect_err("no file");
    assert!(missing.starts_with("host.json: "), "{missing}");
}
