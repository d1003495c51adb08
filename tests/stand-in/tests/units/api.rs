//! Tests of what users' tests call, as far as it needs no handler.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stand_in::api::arguments::compare;
use std::collections::HashMap;

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
    nothing: (),
}

fn listed(change: impl Fn(&mut Vec<Value>)) -> Result<(), String> {
    let names = [
        "item", "gift", "tags", "kind", "nested", "letter", "more", "any", "nothing",
    ];
    let needed = names.map(|name| json!({"propertyName": name, "isRequired": true}));
    let mut list = needed.to_vec();
    list.extend(["count", "atMost"].map(|name| json!({"propertyName": name})));
    change(&mut list);
    compare::<Arguments>(&Value::from(list).to_string())
}

#[test]
fn a_struct_and_tool_json_have_the_same_arguments_and_need_the_same() {
    assert_eq!(listed(|_| ()), Ok(()));
    for (change, says) in [
        (
            |list: &mut Vec<Value>| drop(list.remove(0)),
            "item is a field of",
        ),
        (
            |list| list[0]["propertyName"] = "thing".into(),
            "thing is listed and not a field of",
        ),
        (|list| list[0]["isRequired"] = false.into(), "needs item"),
        (
            |list| list[9]["isRequired"] = true.into(),
            "count is required, and",
        ),
        (
            |list| list[10]["propertyName"] = "at_most".into(),
            "at_most is listed",
        ),
    ] as [(fn(&mut Vec<Value>), &str); 5]
    {
        let why = listed(change).expect_err("a difference");
        assert!(why.contains(says), "{says}: {why}");
    }
    assert!(compare::<Arguments>("{}").is_err_and(|why| why.contains("a list of arguments")));
    let no_struct = compare::<HashMap<String, u32>>("[]").expect_err("not a struct");
    assert!(
        no_struct.contains("not a struct with named fields"),
        "{no_struct}"
    );
}

/// The fields are there for what the comparison knows of types.
#[test]
fn the_fields_are_those_that_serde_reads() {
    let json = json!({
        "item": "a", "count": null, "atMost": 0.5, "gift": true, "tags": [], "kind": "green",
        "nested": {"width": [1, 2.0]}, "letter": "a", "more": {}, "any": 1, "nothing": null,
    });
    let read: Arguments = serde_json::from_value(json.clone()).expect("the arguments");
    assert_eq!(serde_json::to_value(read).expect("JSON"), json);
}
