//! The table of functions and its text.

use stand_in::app::table::*;

const TEXT: &str = r#"//! The functions.

mod hello;
/// Two functions in one file.
pub mod shop;

use crate::Route;

/// One line a function: "ROUTES" and `ROUTES = [`.
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

/// The entries of the table, each with its code.
fn entries(text: &str) -> String {
    let entries = find(text).entries.into_iter();
    let entries = entries.map(|entry| format!("{} {}", entry.name, entry.path));
    entries.collect::<Vec<_>>().join(", ")
}

fn call(name: &str) -> String {
    format!("Route::trigger(\"{name}\", \"item\", &[], {name}::run)")
}

#[test]
fn entries_are_found_in_any_layout() {
    let all = "hello hello::run, order shop::order, cancel shop::cancel";
    assert_eq!(entries(TEXT), all);
    let line = r#"pub static ROUTES:&[Route]=&[Route::http("hello",&[],"/",r#match::run),];"#;
    assert_eq!(entries(line), "hello r#match::run");
    assert_eq!(find(line).entries[0].file().as_deref(), Some("match"));
    assert_eq!(entries("const ROUTES: &[Route] = &[];"), "");
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
    assert!(
        text.contains("// The shop's:\n    Route::trigger(\n"),
        "{text}"
    );
}

/// rustfmt puts a short list into one line again.
#[test]
fn a_list_may_be_in_one_line() {
    for (before, after) in [
        ("[]", "[\n    NEW,\n]"),
        ("[ // none\n]", "[ // none\n    NEW,\n]"),
        ("[OLD]", "[OLD,\n    NEW,\n]"),
        ("[OLD,]", "[OLD,\n    NEW,\n]"),
        ("[\n    OLD // d\n]", "[\n    OLD, // d\n    NEW,\n]"),
    ] {
        let [before, after] = [before, after].map(|list| {
            let list = list
                .replace("OLD", &call("old"))
                .replace("NEW", &call("new"));
            format!("const ROUTES: &[Route] = &{list};\n")
        });
        assert_eq!(find(&before).with(&call("new")), after);
        let old = find(&after).without("new");
        assert_eq!(entries(&old), entries(&before));
        let none = find(&old).without("old");
        assert_eq!(entries(&none), "");
        if !before.contains("//") {
            assert!(none.contains("&[];"), "{none}");
        }
    }
    let two = format!("const ROUTES: &[Route] = &[{}, {}];", call("a"), call("b"));
    for (name, left) in [("a", "b b::run"), ("b", "a a::run")] {
        assert_eq!(entries(&find(&two).without(name)), left);
    }
}

#[test]
fn a_module_goes_into_the_order_and_out_again() {
    for (file, place) in [
        ("alpha", "mod alpha;\nmod hello;"),
        ("item", "mod item;\n/// Two"),
        ("zoo", "pub mod shop;\nmod zoo;\n\n"),
    ] {
        let text = with_module(TEXT, file);
        assert!(text.contains(place), "{text}");
        assert_eq!(without_module(&text, file), TEXT);
    }
    assert!(
        !without_module(TEXT, "shop").contains("Two functions"),
        "its doc comment goes too"
    );
    for text in [
        "//! Header.\n\nuse crate::Route;\n",
        "//! Header.\n",
        "use crate::Route;\n",
    ] {
        let with = with_module(text, "match");
        assert!(with.contains("mod r#match;\n"), "{with}");
        assert_eq!(without_module(&with, "match"), text);
    }
}
