use crate::files;
use serde_json::Value as Json;
use stand_in::host::data::{Data, Value};
use stand_in::host::date::Date;
use stand_in::host::expressions::Template;
use stand_in::host::newtonsoft::{Token, parse};

fn template(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// The values of tables/expressions.json.
fn data() -> Data {
    let text = |text: &str| Value::Text(text.to_owned());
    let json = |text: &str| Value::Json(parse(text, 64).expect("JSON"));
    let date = |text: &str| Date::parse(text).expect("a date");
    // .NET's own booleans, doubles and null: no trigger has one but in JSON.
    let none = Value::Json(Token::Null);
    Data::from([
        ("id", text("5")),
        ("name", text("a b/c")),
        ("empty", text("")),
        ("Count", Value::Integer(7)),
        ("flag", none.clone()),
        ("big", none.clone()),
        ("none", none),
        ("guid", text("6f9619ff-8b86-d011-b42d-00c04fc964ff")),
        ("when", Value::Offset(date("2026-11-28T01:02:03+02:00"))),
        ("at", Value::DateTime(date("2026-11-28T01:02:03Z"))),
        (
            "n",
            json(r#"{"x":"deep","y":{"z":1},"l":[1,2],"t":true,"d":"2026-11-28T01:02:03Z"}"#),
        ),
        ("list", json("[1]")),
        ("_u", text("under")),
        ("Überweg", text("umlaut")),
    ])
}

/// Letters for letters and digits for digits: what two values of one kind have in common.
fn shape(text: &str) -> String {
    let kind = |c: char| match c {
        c if c.is_ascii_hexdigit() => '0',
        c => c,
    };
    text.chars().map(kind).collect()
}

#[test]
fn an_expression_becomes_what_the_hosts_own_library_makes_of_it() {
    for case in files::json("tables/expressions.json")
        .as_array()
        .expect("a list")
    {
        let text = case["template"].as_str().expect("a text");
        let resolved = Template::parse(text).and_then(|template| template.resolve(&data()));
        match (case["gives"].as_str(), case["error"].as_str()) {
            (Some(gives), None) => {
                let resolved = resolved.unwrap_or_else(|why| panic!("{case}: {why}"));
                let like = gives.strip_prefix("(a GUID, like ");
                let like = like.or_else(|| gives.strip_prefix("(like "));
                match like.and_then(|like| like.strip_suffix(')')) {
                    // The name of a day.
                    Some(day) if day.ends_with("day") => assert!(resolved.ends_with("day")),
                    Some(like) => assert_eq!(shape(&resolved), shape(like), "{case}"),
                    None => assert_eq!(resolved, gives, "{case}"),
                }
            }
            // The table has the beginning of a long sentence.
            (_, error) => {
                let (why, begins) = (resolved.expect_err(text), error.expect("an error"));
                assert!(why.starts_with(begins), "{case}: {why}");
            }
        }
    }
}

#[test]
fn a_blob_pattern_takes_the_paths_that_the_hosts_own_library_takes() {
    for case in files::json("tables/blob-patterns.json")
        .as_array()
        .expect("a list")
    {
        let [pattern, path] = ["pattern", "path"].map(|name| case[name].as_str().expect("a text"));
        if let Some(error) = case["error"].as_str() {
            let why = Template::parse(pattern).expect_err(pattern);
            assert!(why.starts_with(error), "{case}: {why}");
            continue;
        }
        let parts = template(pattern).matches(path);
        let parts = parts.map(|parts| {
            let parts = parts
                .into_iter()
                .map(|(name, value)| (name, Json::from(value)));
            Json::Object(parts.collect())
        });
        // The host treats a pattern of only a container as all blobs in it.
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
fn dates_have_the_formats_of_dotnet() {
    let date = Date::parse("2026-01-05T13:02:03.0450000Z").expect("a date");
    for (format, text) in [
        ("yyyy/MM/dd/HH", "2026/01/05/13"),
        ("yy-M-d_h.m.s", "26-1-5_1.2.3"),
        ("hh:mm:ss.ff", "01:02:03.04"),
        ("ddd dd MMM, dddd MMMM", "Mon 05 Jan, Monday January"),
        ("yyyyy'", ""),
        ("d", ""),
        ("HH tt", ""),
        ("ffffffff", ""),
        ("yyyy%", ""),
    ] {
        match date.formatted(format) {
            Ok(formatted) => assert_eq!(formatted, text, "{format}"),
            Err(why) => assert!(text.is_empty() && why.contains(format), "{why}"),
        }
    }
    assert!(
        date.formatted("HH tt")
            .expect_err("refused")
            .starts_with("tt in")
    );
    let why = Template::parse("logs/{datetime:HH tt}").expect_err("refused");
    assert!(why.contains("tt in the date format HH tt"), "{why}");
    assert!(
        Template::parse("{sys.UtcNow:z}").is_err() && Template::parse("{rand-guid:Q}").is_err()
    );
}

#[test]
fn members_are_read_in_any_case_and_may_have_dashes() {
    let now = Date::parse("2026-11-28T01:02:03Z").expect("a date");
    let text = |text: &str| Value::Text(text.to_owned());
    let headers = Data::from([("x-id", text("2026-11-28T01:02:03Z"))]);
    let sys = Data::from([("MethodName", text("f")), ("UtcNow", Value::DateTime(now))]);
    let data = Data::from([
        ("Headers", Value::Members(headers)),
        ("sys", Value::Members(sys)),
    ]);
    let resolved = |text| template(text).resolve(&data);
    // A header is not JSON: its date is not rewritten.
    assert_eq!(
        resolved("{Headers.X-Id}").as_deref(),
        Ok("2026-11-28T01:02:03Z")
    );
    assert_eq!(
        resolved("{sys.methodname}-{sys.utcnow}").as_deref(),
        Ok("f-2026-11-28T01-02-03Z")
    );
    assert_eq!(resolved("{sys.utcnow:yyyy}").as_deref(), Ok("2026"));
    assert!(resolved("{Headers.other}").is_err() && resolved("{Headers}").as_deref() == Ok(""));
}

#[test]
fn an_expression_that_nothing_can_give_is_known() {
    let blob = template("ins/{name}.{ext}");
    for (trigger, text, can) in [
        ("timerTrigger", "{id}", false),
        (
            "timerTrigger",
            "{rand-guid}{DateTime:yyyy}{sys.utcnow}{timerTrigger}",
            true,
        ),
        ("httpTrigger", "{id}{Query.x}", true),
        ("queueTrigger", "{id}{queueTrigger}", true),
        (
            "blobTrigger",
            "{NAME}{ext}{blobTrigger}{Properties.ContentLength}",
            true,
        ),
        ("blobTrigger", "{id}", false),
        ("eventGridTrigger", "{data.url}", true),
        ("eventGridTrigger", "{subject}", false),
        ("serviceBusTrigger", "{id}", true),
    ] {
        let all = template(text);
        let can_come = all
            .expressions()
            .all(|expression| expression.can_come_from(trigger, Some(&blob)));
        assert_eq!(can_come, can, "{trigger} {text}");
    }
    let shown: Vec<String> = template("a/{b.c:d}-{e}")
        .expressions()
        .map(ToString::to_string)
        .collect();
    assert_eq!(shown, ["{b.c:d}", "{e}"]);
    assert_eq!(
        (blob.example().as_str(), template("ins").example().as_str()),
        ("ins/name.ext", "ins/name")
    );
}
