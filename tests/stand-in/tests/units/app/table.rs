use stand_in::app::table::*;

const TEXT: &str = r#"//! The functions.

mod hello;
/// Two functions in one file.
pub mod shop;

use crate::Route;

/// One line per function: "ROUTES" and `ROUTES = [`.
pub const ROUTES: &[Route] = &[
    Route::http("hello", &["GET", "POST"], "/api/hello", hello::run),
    // The shop's:
    Route::http_with_bindings("order", &["POST"], &["message"], shop::order),
    Route::trigger(
        "cancel",
        "item",
        &[],
        shop::cancel, // with ] and "
    ),
];
"#;

fn find(text: &str) -> Table<'_> {
    Table::find(text).unwrap()
}

/// The entries of the table, each with its file.
fn entries(text: &str) -> String {
    let entries = find(text).entries.into_iter();
    let entries = entries.map(|entry| format!("{} {}", entry.name, entry.file.unwrap_or_default()));
    entries.collect::<Vec<_>>().join(", ")
}

fn call(name: &str) -> String {
    format!("Route::trigger(\"{name}\", \"item\", &[], {name}::run)")
}

/// A table with this list, in which `OLD` and `NEW` are calls.
fn list(list: &str) -> String {
    let list = list
        .replace("OLD", &call("old"))
        .replace("NEW", &call("new"));
    format!("const ROUTES: &[Route] = &{list};\n")
}

#[test]
fn entries_are_found_in_any_layout() {
    let all = "hello hello, order shop, cancel shop";
    assert_eq!(entries(TEXT), all);
    for (code, file) in [
        ("r#match::run", "match"),
        ("self::a::b::run", "a"),
        ("crate::functions::a::run", "a"),
        ("run", ""),
    ] {
        let line = format!(r#"pub static ROUTES:&[Route]=&[Route::http("x",&[],"/",{code}),];"#);
        assert_eq!(entries(&line), format!("x {file}"));
    }
    assert_eq!(entries(&list("[]")), "");
    for text in [
        "",
        "const ROUTE: [u8; 0] = [];",
        "const ROUTES: &[Route] = &[Route::http(",
        "ROUTES = &[x];",
    ] {
        assert!(Table::find(text).is_err(), "{text}");
    }
}

#[test]
fn an_entry_is_added_and_taken_out_again() {
    let added = find(TEXT).with(&call("fresh"));
    let lines = format!("    ),\n    {},\n];", call("fresh"));
    assert_eq!(added, TEXT.replace("    ),\n];", &lines));
    assert_eq!(find(&added).without("fresh"), TEXT);
    let text = find(TEXT).without("cancel");
    assert!(text.ends_with("shop::order),\n];\n"), "{text}");
    let text = find(TEXT).without("order");
    let kept = "// The shop's:\n    Route::trigger(\n";
    assert!(text.contains(kept), "{text}");
}

/// rustfmt puts a short list on one line again.
#[test]
fn a_list_may_be_in_one_line() {
    for (before, after) in [
        ("[]", "[\n    NEW,\n]"),
        ("[ // none\n]", "[ // none\n    NEW,\n]"),
        ("[OLD]", "[OLD,\n    NEW,\n]"),
        ("[OLD,]", "[OLD,\n    NEW,\n]"),
        ("[\n    OLD // d\n]", "[\n    OLD, // d\n    NEW,\n]"),
    ] {
        let (before, after) = (list(before), list(after));
        assert_eq!(find(&before).with(&call("new")), after);
        let old = find(&after).without("new");
        assert_eq!(entries(&old), entries(&before));
        let none = find(&old).without("old");
        assert_eq!(entries(&none), "");
        assert!(before.contains("//") || none.contains("&[];"), "{none}");
    }
    let two = list("[OLD, NEW]");
    assert_eq!(entries(&find(&two).without("old")), "new new");
    assert_eq!(entries(&find(&two).without("new")), "old old");
}

/// rustfmt sorts the modules, and removes empty lines.
#[test]
fn a_module_is_added_and_taken_out_again() {
    let with = with_module(TEXT, "match");
    assert_eq!(with, TEXT.replace("mod hello;", "mod r#match;\nmod hello;"));
    assert_eq!(without_module(&with, "match"), TEXT);
    let doc = "/// Two functions in one file.\npub mod shop;\n";
    assert_eq!(without_module(TEXT, "shop"), TEXT.replace(doc, ""));
    for (text, with) in [
        ("//! A.\n\nuse b;\n", "//! A.\n\nmod m;\n\nuse b;\n"),
        ("//! A.\n", "//! A.\n\nmod m;\n"),
        ("use b;\n", "mod m;\n\nuse b;\n"),
    ] {
        assert_eq!(with_module(text, "m"), with);
        assert_eq!(without_module(with, "m"), with.replace("mod m;\n", ""));
    }
}
