//! The function.json of a new function, from the bindings in `tests/stand-in/templates`.

use crate::app::{names, tool};
use crate::commands::Written;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The variables of `make new`. The last four need a placeholder in the trigger's template.
pub const VARIABLES: [&str; 8] = [
    "NAME", "TRIGGER", "IN", "OUT", "ROUTE", "METHODS", "SCHEDULE", "AUTH",
];

pub const METHODS: [&str; 8] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace",
];

/// Who may call: anyone, those with the function's key, or those with the app's.
const AUTH: [&str; 3] = ["anonymous", "function", "admin"];

/// The tool.json of a new tool.
pub const TOOL: &str = include_str!("../../templates/tool.json");

/// Bindings by the words of `make new`, in function.json's layout.
type Bindings = BTreeMap<String, Box<RawValue>>;

/// Bindings by their kinds, "trigger", "answer" (to a trigger's caller), "input" and "output".
type Templates = BTreeMap<String, Bindings>;

fn templates() -> Templates {
    serde_json::from_str(include_str!("../../templates/bindings.json"))
        .expect("JSON, as a test shows")
}

/// The text of function.json. Errors for an unknown word, or a variable that does not fit the
/// trigger.
pub fn of(written: &Written) -> Result<String, String> {
    let name = &written["NAME"];
    let all = templates();
    let word = written["TRIGGER"].to_ascii_lowercase();
    if word.is_empty() {
        let triggers = listed(&all["trigger"]);
        return Err(format!(
            "say what triggers it, TRIGGER=queue for one: {triggers}"
        ));
    }
    let trigger = named(name, "", &find(&all, "trigger", &word)?);
    let mut bindings = vec![with_options(&trigger, written)?];
    let answer = all["answer"].get(&word);
    bindings.extend(answer.map(|answer| answer.get().to_owned()));
    for (variable, kind) in [("IN", "input"), ("OUT", "output")] {
        let words = words(&written[variable]);
        for (place, word) in words.iter().enumerate() {
            let number = match words[..=place].iter().filter(|one| *one == word).count() {
                1 => String::new(),
                number => number.to_string(),
            };
            bindings.push(named(name, &number, &find(&all, kind, word)?));
        }
    }
    let bindings = bindings.join(",\n    ");
    Ok(format!("{{\n  \"bindings\": [\n    {bindings}\n  ]\n}}\n"))
}

/// The help of `make new`.
pub fn page() -> String {
    let all = templates();
    let words = |kind: &str| listed(&all[kind]);
    let (triggers, inputs, outputs) = (words("trigger"), words("input"), words("output"));
    let (methods, auth) = (METHODS.join(", "), AUTH.join(", "));
    format!(
        "make new NAME=ingest TRIGGER=queue OUT=blob
  TRIGGER   {triggers}
  IN        {inputs}
  OUT       {outputs}
  ROUTE     items/{{id:int}}, for TRIGGER=http
  METHODS   {methods}, for TRIGGER=http
  AUTH      {auth}, for TRIGGER=http
  SCHEDULE  \"0 0 3 * * *\", for TRIGGER=timer"
    )
}

fn listed(bindings: &Bindings) -> String {
    let words: Vec<&str> = bindings.keys().map(String::as_str).collect();
    words.join(", ")
}

fn find(all: &Templates, kind: &str, word: &str) -> Result<String, String> {
    let binding = all[kind].get(word).map(|binding| binding.get().to_owned());
    binding.ok_or_else(|| unknown(kind, word, &listed(&all[kind])))
}

fn unknown(what: &str, word: &str, known: &str) -> String {
    format!("there is no {what} {word:?}; there are {known}")
}

fn words(list: &str) -> Vec<String> {
    let words = list.split([',', ' ']).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

/// Fills in ROUTE, METHODS, AUTH and SCHEDULE. Errors for one that the trigger does not take.
fn with_options(trigger: &str, written: &Written) -> Result<String, String> {
    let fits = |variable: &&str| {
        VARIABLES[..4].contains(variable) || trigger.contains(&format!("\"{variable}_\""))
    };
    let known: Vec<&str> = VARIABLES.into_iter().filter(fits).collect();
    for variable in VARIABLES {
        if !known.contains(&variable) && !written[variable].is_empty() {
            let (trigger, known) = (&written["TRIGGER"], known.join(", "));
            return Err(format!(
                "TRIGGER={trigger} takes no {variable}; it takes {known}"
            ));
        }
    }
    let or = |variable: &str, default| match written[variable].as_str() {
        "" => default,
        value => value,
    };
    let methods = words(or("METHODS", "get,post"));
    let mut words = methods.iter();
    if let Some(other) = words.find(|one| !METHODS.contains(&one.as_str())) {
        return Err(unknown("method", other, &METHODS.join(", ")));
    }
    let auth = or("AUTH", "function").to_ascii_lowercase();
    if !AUTH.contains(&auth.as_str()) {
        return Err(unknown("AUTH", &auth, &AUTH.join(", ")));
    }
    let route = written["ROUTE"].as_str();
    // Git Bash turns `/items` into a path: `C:/Program Files/Git/items`.
    let drive = route.get(1..3).unwrap_or_default();
    if route.starts_with('/') || drive == ":/" || drive == ":\\" {
        return Err(
            "write ROUTE without a slash at its beginning, ROUTE='items/{id:int}': the prefix comes \
             before it, and Git Bash takes what begins with one for a path of Windows"
                .into(),
        );
    }
    let quoted = |text: &str| Value::from(text).to_string();
    let trigger = match route {
        "" => trigger.replace("\n      \"route\": \"ROUTE_\",", ""),
        route => trigger.replace("\"ROUTE_\"", &quoted(route)),
    };
    Ok(trigger
        .replace("\"METHODS_\"", &format!("{methods:?}"))
        .replace("\"AUTH_\"", &quoted(&auth))
        .replace("\"SCHEDULE_\"", &quoted(or("SCHEDULE", "0 0 3 * * *"))))
}

/// Fills in the names. `number` is for another binding of the same type.
fn named(name: &str, number: &str, binding: &str) -> String {
    let file = names::file(name);
    // Names of queues and containers have at most 63 characters, and the templates add some.
    let kebab: String = file.replace('_', "-").chars().take(40).collect();
    let letters = file.chars().filter(char::is_ascii_alphanumeric);
    let mut word: String = letters.take(40).collect();
    if word.len() < 3 {
        word += "rows";
    }
    // JSON as a JSON string, without the quotes, which the template has.
    let properties = tool::properties(TOOL).unwrap_or_default();
    let properties = Value::from(properties).to_string();
    binding
        .replace("NUMBER_", number)
        .replace("PROPERTIES_", properties.trim_matches('"'))
        .replace("TOOL_", &file)
        .replace("KEBAB_", kebab.trim_end_matches('-'))
        .replace("WORD_", &word)
        .replace("NAME_", name)
}
