use stand_in::app::ignore::left_out;

/// Patterns, with `\n` between lines; paths that they leave out; paths that they do not.
const CASES: &str = r"
    src | src src/main.rs src-two/main.rs src.rs | srcset/function.json mysrc/main.rs hello/src/main.rs Src
    Makefile | Makefile Makefile-job/function.json |
    __* | __blobstorage__/a __azurite_db_queue__.json |
    target/ | target/release/handler | target target-prices/function.json targets/function.json target/.rustc_info.json
    target/* | target/release/handler target/.rustc_info.json | target target-prices/function.json targets/function.json
    *.md | README.md a.md.txt | docs/README.md .md README.mdx README.md_
    .* | .env .azurite/db.json .DS_Store | hello/.env handler .~
    docs/**/x | docs/a/x docs/a/b/x/y | docs/x
    a+(b)[c]{1}.x | a+(b)[c]{1}.x |
    a.c | | abc
    a?c | | abc ac
    Makefile\n!Makefile-* | Makefile | Makefile-job/function.json
    !/Makefile-*\nMakefile | Makefile | Makefile-job/function.json
    # src\r\n\r\n  /tests/*  \r\n//double\r\n | tests/it/main.rs /double | src/main.rs tests-run/function.json double
    | | src/main.rs
    / | handler hello/function.json |";

#[test]
fn patterns_leave_out_what_func_leaves_out() {
    for case in CASES.trim_start_matches('\n').lines() {
        let parts: Vec<&str> = case.split('|').map(str::trim).collect();
        let [patterns, out, kept] = parts[..] else {
            panic!("{case}")
        };
        let patterns = patterns.replace("\\r", "\r").replace("\\n", "\n");
        for (paths, expected) in [(out, true), (kept, false)] {
            for path in paths.split_whitespace() {
                assert_eq!(left_out(&patterns, path), expected, "{path}: {case}");
            }
        }
    }
}
