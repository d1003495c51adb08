use crate::files;
use crate::host::cases_of;
use serde_json::Value as Json;
use stand_in::host::data::{Data, Value};
use stand_in::host::date::Date;
use stand_in::host::expressions::Template;
use stand_in::host::newtonsoft::{Token, parse};

pub fn template(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// The values of tables/expressions.json.
fn data() -> Data {
    let json = |text: &str| Value::Json(parse(text, 64).expect("JSON"));
    let date = |text: &str| Date::parse(text).expect("a date");
    let mut data = Data::from([
        ("Count", json("7")),
        ("list", json("[1]")),
        ("when", Value::Offset(date("2026-11-28T01:02:03+02:00"))),
        ("at", Value::DateTime(date("2026-11-28T01:02:03Z"))),
    ]);
    data.set_members(
        r#"{"id":"5","name":"a b/c","empty":"","guid":"6f9619ff-8b86-d011-b42d-00c04fc964ff","_u":"under",
        "n":{"x":"deep","y":{"z":1},"l":[1,2],"t":true,"d":"2026-11-28T01:02:03Z"},"Überweg":"umlaut"}"#,
    );
    // .NET's own booleans, doubles and null: triggers only have them in JSON.
    for name in ["flag", "big", "none"] {
        data.set(name, Value::Json(Token::Null));
    }
    data
}

/// A zero for each hexadecimal digit, which two GUIDs or dates have in common.
fn shape(text: &str) -> String {
    text.replace(|c: char| c.is_ascii_hexdigit(), "0")
}

#[test]
fn an_expression_becomes_what_the_hosts_own_library_makes_of_it() {
    let cases = files::json("tables/expressions.json");
    for case in cases.as_array().expect("a list") {
        let text = case["template"].as_str().expect("a text");
        let resolved = Template::parse(text).and_then(|template| template.resolve(&data()));
        match (case["gives"].as_str(), resolved) {
            (Some(gives), Ok(resolved)) => match gives.split_once("like ") {
                // The name of a day.
                Some((_, like)) if like.ends_with("day)") => assert!(resolved.ends_with("day")),
                Some((_, like)) => assert_eq!(shape(&resolved) + ")", shape(like), "{case}"),
                None => assert_eq!(resolved, gives, "{case}"),
            },
            // The table has the beginning of a long sentence.
            (None, Err(why)) => {
                let error = case["error"].as_str().expect("an error");
                assert!(why.starts_with(error), "{case}: {why}");
            }
            (_, resolved) => panic!("{case}: {resolved:?}"),
        }
    }
}

#[test]
fn a_blob_pattern_takes_the_paths_that_the_hosts_own_library_takes() {
    let cases = files::json("tables/blob-patterns.json");
    for case in cases.as_array().expect("a list") {
        let [pattern, path] = ["pattern", "path"].map(|name| case[name].as_str().expect("a text"));
        if let Some(error) = case["error"].as_str() {
            let why = Template::parse(pattern).expect_err(pattern);
            assert!(why.starts_with(error), "{case}: {why}");
            continue;
        }
        let parts = template(pattern).matches(path).map(|parts| {
            let parts = parts.into_iter();
            Json::Object(parts.map(|(name, value)| (name, value.into())).collect())
        });
        // For the host, a pattern without a name matches all blobs in the container.
        let expected = match pattern {
            "ins" => serde_json::json!({}),
            _ => case["parts"].clone(),
        };
        assert_eq!(parts.unwrap_or(Json::Null), expected, "{case}");
    }
    assert_eq!(template("ins").matches("outs/a"), None);
    assert_eq!(template("ins").matches("insert/a"), None);
}

#[test]
fn members_are_read_in_any_case_and_dates_by_known_formats() {
    let mut data = data();
    let now = data.get("at").cloned().expect("a date");
    let headers = Data::from([("x-id", "2026-11-28T01:02:03Z".into())]);
    let sys = Data::from([("MethodName", "f".into()), ("UtcNow", now)]);
    data.set("Headers", Value::Members(headers));
    data.set("sys", Value::Members(sys));
    for (text, expected) in cases_of("more expressions") {
        let resolved = Template::parse(text).and_then(|template| template.resolve(&data));
        match (resolved, expected.strip_prefix("! ")) {
            (Err(why), Some(expected)) => assert!(why.contains(expected), "{text}: {why}"),
            (resolved, _) => assert_eq!(resolved.as_deref(), Ok(expected), "{text}"),
        }
    }
}

#[test]
fn an_expression_that_nothing_can_give_is_known() {
    let blob = template("ins/{name}.{ext}");
    for (given, expected) in cases_of("expressions that a trigger gives") {
        let (trigger, text) = given.split_once(' ').expect("a text");
        let text = template(text);
        let mut all = text.expressions();
        let all = all.all(|one| one.can_come_from(trigger, Some(&blob)));
        assert_eq!(all.to_string(), expected, "{given}");
    }
    let text = template("a/{b.c:d}-{e}");
    let shown: Vec<String> = text.expressions().map(ToString::to_string).collect();
    assert_eq!(shown, ["{b.c:d}", "{e}"]);
    assert_eq!(blob.example().to_string(), "ins/name.ext");
    assert_eq!(template("ins").example().to_string(), "ins/name");
}
