//! Which files `func` leaves out when it packs or publishes an app, by the app's `.funcignore`.
//!
//! The rule is that of func's own GitIgnoreParser.cs, which is not git's. A line matches the start
//! of a path, seen from the app's root, and what it matches must end where a word does: `src`
//! leaves out `src/main.rs`, and `src-two/main.rs` too. Only what has an end of its own is safe
//! beside function folders: `src/*`, `*.md`.

use std::collections::BTreeSet;

/// Whether `func` leaves out the file `path` by `patterns`, the text of a `.funcignore`.
///
/// `path` is seen from the app's root, with `/` on every system. Whatever the patterns, func also
/// leaves out the folders `.git` and `.vscode`, and files called `.funcignore`, `.gitignore`,
/// `local.settings.json` and `project.lock.json`; that is not looked at here.
///
/// ```
/// # use stand_in::app::ignore::left_out;
/// assert!(left_out("target/*", "target/release/handler"));
/// assert!(!left_out("target/*", "target-prices/function.json"));
/// assert!(left_out("target", "target-prices/function.json"));
/// ```
pub fn left_out(patterns: &str, path: &str) -> bool {
    let lines = patterns
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (exceptions, patterns): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with('!'));
    let path: Vec<char> = path.chars().collect();
    let matches = |pattern: &str| matches(pattern.strip_prefix('/').unwrap_or(pattern), &path);
    patterns.into_iter().any(matches) && !exceptions.into_iter().any(|line| matches(&line[1..]))
}

/// Whether `pattern` matches a start of `path` that ends where a word does. `*` is one or more
/// characters but `/`, `**` one or more of any.
fn matches(pattern: &str, path: &[char]) -> bool {
    // Where in `path` the pattern, as far as it is read, can end.
    let mut ends = BTreeSet::from([0]);
    let mut pattern = pattern.chars().peekable();
    while let Some(char) = pattern.next() {
        let double = char == '*' && pattern.next_if_eq(&'*').is_some();
        let longest = |rest: &[char]| match char {
            '*' if double => rest.len(),
            '*' => rest.iter().take_while(|char| **char != '/').count(),
            _ => usize::from(rest.first() == Some(&char)),
        };
        ends = ends
            .into_iter()
            .flat_map(|end| end + 1..=end + longest(&path[end..]))
            .collect();
    }
    ends.into_iter().any(|end| is_word_boundary(path, end))
}

/// Whether exactly one of the characters before and after `place` belongs to a word.
fn is_word_boundary(path: &[char], place: usize) -> bool {
    let is_word = |char: &char| char.is_ascii_alphanumeric() || *char == '_';
    path[..place].last().is_some_and(is_word) != path[place..].first().is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use super::left_out;

    fn all_left_out(patterns: &str, paths: &[&str]) {
        for path in paths {
            assert!(left_out(patterns, path), "{patterns:?} leaves {path} in");
        }
    }

    fn none_left_out(patterns: &str, paths: &[&str]) {
        for path in paths {
            assert!(!left_out(patterns, path), "{patterns:?} leaves {path} out");
        }
    }

    #[test]
    fn a_line_is_the_start_of_a_path_up_to_a_words_end() {
        all_left_out("src", &["src", "src/main.rs", "src-two/main.rs", "src.rs"]);
        none_left_out(
            "src",
            &[
                "srcset/function.json",
                "mysrc/main.rs",
                "hello/src/main.rs",
                "Src",
            ],
        );
        all_left_out("Makefile", &["Makefile", "Makefile-job/function.json"]);
        all_left_out("__*", &["__blobstorage__/a", "__azurite_db_queue__.json"]);
    }

    #[test]
    fn a_slash_at_the_end_wants_a_word_after_it() {
        all_left_out("target/", &["target/release/handler"]);
        none_left_out(
            "target/",
            &[
                "target/.rustc_info.json",
                "target",
                "target-prices/function.json",
            ],
        );
        all_left_out(
            "target/*",
            &["target/release/handler", "target/.rustc_info.json"],
        );
        none_left_out(
            "target/*",
            &[
                "target",
                "target-prices/function.json",
                "targets/function.json",
            ],
        );
    }

    #[test]
    fn a_star_is_at_least_one_character_and_no_slash() {
        all_left_out("*.md", &["README.md", "a.md.txt"]);
        none_left_out(
            "*.md",
            &["docs/README.md", ".md", "README.mdx", "README.md_"],
        );
        all_left_out(".*", &[".env", ".azurite/db.json", ".DS_Store"]);
        none_left_out(".*", &["hello/.env", "handler", ".~"]);
        all_left_out("docs/**/x", &["docs/a/x", "docs/a/b/x/y"]);
        none_left_out("docs/**/x", &["docs/x"]);
    }

    #[test]
    fn what_means_something_in_an_expression_means_itself() {
        all_left_out("a+(b)[c]{1}.x", &["a+(b)[c]{1}.x"]);
        none_left_out("a.c", &["abc"]);
        none_left_out("a?c", &["abc", "ac"]);
    }

    #[test]
    fn an_exception_wins_wherever_it_stands() {
        for patterns in ["Makefile\n!Makefile-*", "!/Makefile-*\nMakefile"] {
            all_left_out(patterns, &["Makefile"]);
            none_left_out(patterns, &["Makefile-job/function.json"]);
        }
    }

    #[test]
    fn comments_blank_lines_spaces_and_one_leading_slash_do_not_count() {
        let patterns = "# src\r\n\r\n  /tests/*  \r\n//double\r\n";
        all_left_out(patterns, &["tests/it/main.rs", "/double"]);
        none_left_out(
            patterns,
            &["src/main.rs", "tests-run/function.json", "double"],
        );
        none_left_out("", &["src/main.rs"]);
        all_left_out("/", &["handler", "hello/function.json"]);
    }
}
