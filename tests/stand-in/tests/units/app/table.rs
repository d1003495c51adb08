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

fn names(text: &str) -> Vec<(String, String)> {
    let table = Table::find(text).unwrap();
    table
        .entries
        .iter()
        .map(|entry| (entry.name.clone(), entry.path.clone()))
        .collect()
}

fn call(name: &str) -> String {
    format!("Route::trigger(\"{name}\", \"item\", &[], {name}::run)")
}

#[test]
fn entries_are_found_in_any_layout() {
    let all = [
        ("hello", "hello::run"),
        ("order", "shop::order"),
        ("cancel", "shop::cancel"),
    ];
    let all = all.map(|(name, path)| (name.to_owned(), path.to_owned()));
    assert_eq!(names(TEXT), all);
    let line = r#"pub static ROUTES:&[Route]=&[Route::http("hello",&[],"/",r#match::run),];"#;
    let table = Table::find(line).unwrap();
    assert_eq!(table.entries[0].path, "r#match::run");
    assert_eq!(table.entries[0].file().as_deref(), Some("match"));
    assert_eq!(names("const ROUTES: &[Route] = &[];"), []);
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
    let added = Table::find(TEXT).unwrap().with(&call("fresh"));
    assert_eq!(
        added,
        TEXT.replace(
            "    ),\n];",
            "    ),\n    Route::trigger(\"fresh\", \"item\", &[], fresh::run),\n];"
        )
    );
    assert_eq!(Table::find(&added).unwrap().without("fresh"), TEXT);
    let without_cancel = Table::find(TEXT).unwrap().without("cancel");
    assert!(
        without_cancel.ends_with("shop::order),\n];\n"),
        "{without_cancel}"
    );
    let without_order = Table::find(TEXT).unwrap().without("order");
    assert!(
        without_order.contains("// The shop's:\n    Route::trigger(\n"),
        "{without_order}"
    );
}

#[test]
fn a_list_in_one_line_stays_in_it() {
    let none = "const ROUTES: &[Route] = &[];\n";
    let with = |text: &str, name: &str| Table::find(text).unwrap().with(&call(name));
    let without = |text: &str, name: &str| Table::find(text).unwrap().without(name);
    let one = with(none, "first");
    assert_eq!(one, none.replace("[];", &format!("[{}];", call("first"))));
    let two = with(&one, "second");
    let both = format!("{}, {}", call("first"), call("second"));
    assert_eq!(two, none.replace("[];", &format!("[{both}];")));
    let with_comma = |text: &str| text.replace(")];", "),];");
    assert_eq!(with(&with_comma(&one), "second"), with_comma(&two));
    assert_eq!(without(&two, "second"), one);
    assert_eq!(without(&two, "first"), one.replace("first", "second"));
    assert_eq!(without(&one, "first"), none);
    assert_eq!(without(&one.replace(")];", "), ];"), "first"), none);
    let split = none.replace("[]", "[\n    a(\"b\", c) // d\n]");
    let added = split.replace(") // d\n", &format!("), // d\n    {},\n", call("e")));
    assert_eq!(with(&split, "e"), added, "the last entry lacks its comma");
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
