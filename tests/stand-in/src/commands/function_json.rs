//! The function.json of a new function, from the bindings in `tests/stand-in/templates`.

use crate::app::names;
use crate::app::tool;
use crate::commands::Written;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The bindings by the word that `make new` has for them. Each is a text in the layout that it has
/// in function.json.
type Bindings = BTreeMap<String, Box<RawValue>>;

/// What an HTTP function answers with.
const RESPONSE: &str = r#"{
      "type": "http",
      "direction": "out",
      "name": "res"
    }"#;

/// The arguments of a new tool.
pub const TOOL: &str = include_str!("../../templates/tool.json");

pub const METHODS: [&str; 8] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace",
];

/// Who may call an HTTP function: anyone, whoever has its key, whoever has the app's.
const AUTH: [&str; 3] = ["anonymous", "function", "admin"];

/// The text of the function.json that `written` asks for. Errors for a word that there is not, and
/// for a variable that does not fit the trigger.
pub fn of(name: &str, written: &Written) -> Result<String, String> {
    let all = templates();
    let trigger = written.get("TRIGGER").to_ascii_lowercase();
    if trigger.is_empty() {
        let triggers = listed(&all["triggers"]);
        return Err(format!(
            "say what triggers it, TRIGGER=queue for one: {triggers}"
        ));
    }
    let mut bindings = vec![find(&all, "trigger", &trigger)?];
    if trigger == "http" {
        bindings.push(RESPONSE.to_owned());
    }
    for (variable, what) in [("IN", "input"), ("OUT", "output")] {
        let words = words(written.get(variable));
        for (place, word) in words.iter().enumerate() {
            let number = match words[..=place].iter().filter(|one| *one == word).count() {
                1 => String::new(),
                number => number.to_string(),
            };
            bindings.push(find(&all, what, word)?.replace("NUMBER_", &number));
        }
    }
    let bindings = named(name, &bindings.join(",\n    "));
    let bindings = with_options(bindings, &trigger, written)?;
    Ok(format!("{{\n  \"bindings\": [\n    {bindings}\n  ]\n}}\n"))
}

/// The words that `make new` knows, for its own page.
pub fn page() -> String {
    let all = templates();
    let words = |of: &str| listed(&all[of]);
    let (methods, auth) = (METHODS.join(", "), AUTH.join(", "));
    format!(
        "make new NAME=ingest TRIGGER=queue OUT=blob\n  TRIGGER   {}\n  IN        {}\n  OUT       {}\n  \
         ROUTE     items/{{id:int}}, for TRIGGER=http\n  METHODS   {methods}, for TRIGGER=http\n  \
         AUTH      {auth}, for TRIGGER=http\n  SCHEDULE  \"0 0 3 * * *\", for TRIGGER=timer",
        words("triggers"),
        words("inputs"),
        words("outputs"),
    )
}

/// Whether a trigger of this type is what the word means.
pub fn is_trigger(word: &str, kind: &str) -> bool {
    let all = templates();
    let binding = all["triggers"].get(&word.to_ascii_lowercase());
    binding.is_some_and(|binding| {
        let member = format!("\"type\": \"{}\"", kind.to_ascii_lowercase());
        binding.get().to_ascii_lowercase().contains(&member)
    })
}

fn templates() -> BTreeMap<String, Bindings> {
    serde_json::from_str(include_str!("../../templates/bindings.json"))
        .expect("JSON, as a test shows")
}

fn find(all: &BTreeMap<String, Bindings>, what: &str, word: &str) -> Result<String, String> {
    let of = &all[&format!("{what}s")];
    match of.get(word) {
        Some(binding) => Ok(binding.get().to_owned()),
        None => Err(unknown(&format!("{what} {word:?} here"), &listed(of))),
    }
}

fn unknown(what: &str, known: &str) -> String {
    format!("there is no {what}; there are {known}")
}

fn listed(bindings: &Bindings) -> String {
    let words: Vec<&str> = bindings.keys().map(String::as_str).collect();
    words.join(", ")
}

/// The words of a list: `queue,blob`.
fn words(list: &str) -> Vec<String> {
    let words = list.split([',', ' ']).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

/// The bindings, of which the trigger is the first, with the members that the user has asked for.
fn with_options(bindings: String, trigger: &str, written: &Written) -> Result<String, String> {
    let fitting: &[&str] = match trigger {
        "http" => &["ROUTE", "METHODS", "AUTH"],
        "timer" => &["SCHEDULE"],
        _ => &[],
    };
    for option in ["ROUTE", "METHODS", "AUTH", "SCHEDULE"] {
        if !fitting.contains(&option) && !written.get(option).is_empty() {
            let known = [&["NAME", "TRIGGER", "IN", "OUT"], fitting].concat();
            let known = known.join(", ");
            return Err(format!(
                "TRIGGER={trigger} takes no {option}; it takes {known}"
            ));
        }
    }
    let or = |option: &str, default| {
        Some(written.get(option))
            .filter(|one| !one.is_empty())
            .unwrap_or(default)
    };
    // A placeholder stands in quotes, which a list of methods does not need.
    let with = |bindings: &str, option: &str, json: &str| {
        bindings.replacen(&quoted(&format!("{option}_")), json, 1)
    };
    match trigger {
        "http" => {
            let bindings = with(&bindings, "METHODS", &methods(or("METHODS", "get,post"))?);
            let bindings = with(&bindings, "AUTH", &auth(or("AUTH", "function"))?);
            match written.get("ROUTE") {
                "" => Ok(bindings.replacen("\n      \"route\": \"ROUTE_\",", "", 1)),
                text => Ok(with(&bindings, "ROUTE", &route(text)?)),
            }
        }
        "timer" => Ok(with(
            &bindings,
            "SCHEDULE",
            &quoted(or("SCHEDULE", "0 0 3 * * *")),
        )),
        _ => Ok(bindings),
    }
}

fn route(route: &str) -> Result<String, String> {
    // Git Bash turns `/items` into a path: `C:/Program Files/Git/items`.
    let after_letter = route.get(1..).unwrap_or_default();
    if route.starts_with('/') || after_letter.starts_with(":/") || after_letter.starts_with(":\\") {
        return Err(
            "write ROUTE without a slash at its beginning, ROUTE='items/{id:int}': the prefix comes \
             before it, and Git Bash takes what begins with one for a path of Windows"
                .into(),
        );
    }
    Ok(quoted(route))
}

fn methods(list: &str) -> Result<String, String> {
    let methods = words(list);
    let other = methods
        .iter()
        .find(|word| !METHODS.contains(&word.as_str()));
    if let Some(other) = other {
        return Err(unknown(&format!("method {other:?}"), &METHODS.join(", ")));
    }
    let methods: Vec<String> = methods.iter().map(|method| quoted(method)).collect();
    Ok(format!("[{}]", methods.join(", ")))
}

fn auth(word: &str) -> Result<String, String> {
    let level = word.to_ascii_lowercase();
    match AUTH.contains(&level.as_str()) {
        true => Ok(quoted(&level)),
        false => Err(unknown(&format!("AUTH {word:?}"), &AUTH.join(", "))),
    }
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The bindings of the function with this name.
fn named(name: &str, bindings: &str) -> String {
    let file = names::file(name);
    // Names of queues and containers have at most 63 characters, and the templates add some.
    let kebab: String = file.replace('_', "-").chars().take(40).collect();
    let letters = file.chars().filter(char::is_ascii_alphanumeric);
    let mut word: String = letters.take(40).collect();
    if word.len() < 3 {
        word += "rows";
    }
    // Once more as JSON, since it is a text of JSON; without the quotes, which the template has.
    let properties = tool::properties(TOOL).map(|text| quoted(&text));
    let properties = properties.unwrap_or_default();
    bindings
        .replace("PROPERTIES_", properties.trim_matches('"'))
        .replace("TOOL_", &file)
        .replace("KEBAB_", kebab.trim_end_matches('-'))
        .replace("WORD_", &word)
        .replace("NAME_", name)
}
