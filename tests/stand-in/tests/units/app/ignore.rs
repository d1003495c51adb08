//! What func leaves out by .funcignore.

use stand_in::app::ignore::left_out;

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
