//! What func leaves out by .funcignore.

use stand_in::app::ignore::left_out;

/// Asserts that all paths of the first list are left out, and none of the other.
#[track_caller]
fn leaves(patterns: &str, out: &[&str], not: &[&str]) {
    for path in out {
        assert!(left_out(patterns, path), "{patterns:?} leaves {path} in");
    }
    for path in not {
        assert!(!left_out(patterns, path), "{patterns:?} leaves {path} out");
    }
}

#[test]
fn a_line_is_the_start_of_a_path_up_to_a_words_end() {
    let out = ["src", "src/main.rs", "src-two/main.rs", "src.rs"];
    let not = [
        "srcset/function.json",
        "mysrc/main.rs",
        "hello/src/main.rs",
        "Src",
    ];
    leaves("src", &out, &not);
    leaves("Makefile", &["Makefile", "Makefile-job/function.json"], &[]);
    leaves(
        "__*",
        &["__blobstorage__/a", "__azurite_db_queue__.json"],
        &[],
    );
}

#[test]
fn a_slash_at_the_end_wants_a_word_after_it() {
    let [word, dot] = ["target/release/handler", "target/.rustc_info.json"];
    let not = [
        "target",
        "target-prices/function.json",
        "targets/function.json",
    ];
    leaves("target/", &[word], &[&not[..], &[dot]].concat());
    leaves("target/*", &[word, dot], &not);
}

#[test]
fn a_star_is_at_least_one_character_and_no_slash() {
    let not = ["docs/README.md", ".md", "README.mdx", "README.md_"];
    leaves("*.md", &["README.md", "a.md.txt"], &not);
    let out = [".env", ".azurite/db.json", ".DS_Store"];
    leaves(".*", &out, &["hello/.env", "handler", ".~"]);
    leaves("docs/**/x", &["docs/a/x", "docs/a/b/x/y"], &["docs/x"]);
}

#[test]
fn what_means_something_in_an_expression_means_itself() {
    leaves("a+(b)[c]{1}.x", &["a+(b)[c]{1}.x"], &[]);
    leaves("a.c", &[], &["abc"]);
    leaves("a?c", &[], &["abc", "ac"]);
}

#[test]
fn an_exception_wins_wherever_it_stands() {
    for patterns in ["Makefile\n!Makefile-*", "!/Makefile-*\nMakefile"] {
        leaves(patterns, &["Makefile"], &["Makefile-job/function.json"]);
    }
}

#[test]
fn comments_blank_lines_spaces_and_one_leading_slash_do_not_count() {
    let patterns = "# src\r\n\r\n  /tests/*  \r\n//double\r\n";
    let not = ["src/main.rs", "tests-run/function.json", "double"];
    leaves(patterns, &["tests/it/main.rs", "/double"], &not);
    leaves("", &[], &["src/main.rs"]);
    leaves("/", &["handler", "hello/function.json"], &[]);
}
