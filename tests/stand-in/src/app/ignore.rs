//! Which files `func` does not publish, by the app's `.funcignore`.
//!
//! The rule is that of func's GitIgnoreParser.cs, not git's. A line matches the start of a path, up
//! to a word boundary: `src` leaves out `src/main.rs`, and also `src-two/main.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

pub const FILE: &str = ".funcignore";

/// The text of the file; empty if there is none.
pub fn patterns(root: &Path) -> Result<String, String> {
    match fs::read_to_string(root.join(FILE)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        text => text.map_err(|error| error.to_string()),
    }
}

/// `path` starts at the app's root and has `/` on every system.
///
/// ```
/// # use stand_in::app::ignore::left_out;
/// assert!(left_out("target/*", "target/release/handler"));
/// assert!(left_out("target", "target-prices/function.json"));
/// ```
pub fn left_out(patterns: &str, path: &str) -> bool {
    let lines = patterns.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (exceptions, patterns): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with('!'));
    let path: Vec<char> = path.chars().collect();
    let matches = |pattern: &str| matches(pattern.strip_prefix('/').unwrap_or(pattern), &path);
    patterns.into_iter().any(matches) && !exceptions.into_iter().any(|line| matches(&line[1..]))
}

/// `*` is one or more characters but `/`, `**` one or more of any.
fn matches(pattern: &str, path: &[char]) -> bool {
    // Where the pattern so far can end.
    let mut ends = BTreeSet::from([0]);
    let mut pattern = pattern.chars().peekable();
    while let Some(char) = pattern.next() {
        let double = char == '*' && pattern.next_if_eq(&'*').is_some();
        let longest = |rest: &[char]| match char {
            '*' if double => rest.len(),
            '*' => rest.iter().take_while(|char| **char != '/').count(),
            _ => usize::from(rest.first() == Some(&char)),
        };
        let next = |end: usize| end + 1..=end + longest(&path[end..]);
        ends = ends.into_iter().flat_map(next).collect();
    }
    ends.into_iter().any(|end| is_word_boundary(path, end))
}

fn is_word_boundary(path: &[char], place: usize) -> bool {
    let is_word = |char: &char| char.is_ascii_alphanumeric() || *char == '_';
    path[..place].last().is_some_and(is_word) != path[place..].first().is_some_and(is_word)
}
