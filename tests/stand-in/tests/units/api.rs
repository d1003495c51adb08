//! Tests of the users' API that need no handler.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stand_in::api::arguments::compare;
use std::collections::HashMap;

// With fields of all types that the comparison knows. `Serialize` reads them; it does not.

#[derive(Deserialize, Serialize)]
struct Size(u32, f64);

#[derive(Deserialize, Serialize)]
struct Nested {
    width: Size,
}

#[derive(Deserialize, Serialize)]
enum Kind {
    #[serde(rename = "green")]
    Green,
}

#[derive(Deserialize, Serialize)]
struct Arguments {
    item: String,
    count: Option<u32>,
    #[serde(rename = "atMost", default)]
    at_most: f64,
    gift: bool,
    tags: Vec<String>,
    kind: Kind,
    nested: Nested,
    letter: char,
    more: HashMap<String, Value>,
    any: Value,
}

/// Names of arguments, with `?` after optional ones.
fn compared(names: &str) -> Result<(), String> {
    let property = |name: &str| match name.strip_suffix('?') {
        Some(name) => json!({"propertyName": name}),
        None => json!({"propertyName": name, "isRequired": true}),
    };
    let listed: Value = names.split_whitespace().map(property).collect();
    compare::<Arguments>(&listed.to_string())
}

#[test]
fn a_struct_and_tool_json_have_the_same_arguments_and_need_the_same() {
    let names = "item gift tags kind nested letter more any count? atMost?";
    assert_eq!(compared(names), Ok(()));
    for (name, other, says) in [
        ("item", "", "item is a field of"),
        ("item", "thing", "thing is listed and not a field of"),
        ("item", "item?", "needs item"),
        ("count?", "count", "count is required, and"),
        ("atMost", "at_most", "at_most is listed"),
    ] {
        let why = compared(&names.replace(name, other)).expect_err(says);
        assert!(why.contains(says), "{says}: {why}");
    }
    assert!(compare::<Arguments>("{}").is_err_and(|why| why.contains("a list of arguments")));
    let none = compare::<HashMap<String, u32>>("[]").expect_err("not a struct");
    assert!(none.contains("not a struct with named fields"), "{none}");
}
