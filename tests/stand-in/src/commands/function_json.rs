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

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// Who may call an HTTP function: anyone, whoever has its key, whoever has the app's.
const AUTH: [&str; 3] = ["anonymous", "function", "admin"];

/// The text of the function.json that `written` asks for. Errors for a word that there is not, and
/// for a variable that does not fit the trigger.
pub fn of(name: &str, written: &Written) -> Result<String, String> {
    let all: BTreeMap<String, Bindings> = templates();
    let trigger = written.get("TRIGGER").to_ascii_lowercase();
    if trigger.is_empty() {
        let triggers = listed(all["triggers"].keys());
        return Err(format!(
            "say what triggers it, TRIGGER=queue for one: {triggers}"
        ));
    }
    let mut bindings = vec![with_options(
        find(&all, "trigger", &trigger)?,
        &trigger,
        written,
    )?];
    if trigger == "http" {
        bindings.push(RESPONSE.to_owned());
    }
    for (variable, what) in [("IN", "input"), ("OUT", "output")] {
        let words = words(written.get(variable));
        for (place, word) in words.iter().enumerate() {
            let number = words[..=place].iter().filter(|one| *one == word).count();
            let number = if number == 1 {
                String::new()
            } else {
                number.to_string()
            };
            bindings.push(find(&all, what, word)?.replace("NUMBER_", &number));
        }
    }
    let bindings = bindings.join(",\n    ");
    Ok(format!(
        "{{\n  \"bindings\": [\n    {}\n  ]\n}}\n",
        named(name, &bindings)
    ))
}

/// The words that `make new` knows, for its own page.
pub fn page() -> String {
    let all = templates();
    let words = |of: &str| listed(all[of].keys());
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
    let binding = of.get(word).map(|binding| binding.get().to_owned());
    binding.ok_or_else(|| {
        format!(
            "there is no {what} {word:?} here; there are {}",
            listed(of.keys())
        )
    })
}

fn listed<'n>(names: impl Iterator<Item = &'n String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The words of a list: `queue,blob`.
fn words(list: &str) -> Vec<String> {
    let words = list.split([',', ' ']).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

/// The trigger's binding with the members that the user has asked for.
fn with_options(mut binding: String, trigger: &str, written: &Written) -> Result<String, String> {
    let fitting: &[&str] = match trigger {
        "http" => &["ROUTE", "METHODS", "AUTH"],
        "timer" => &["SCHEDULE"],
        _ => &[],
    };
    for option in ["ROUTE", "METHODS", "AUTH", "SCHEDULE"] {
        let value = written.get(option);
        if value.is_empty() {
            continue;
        }
        if !fitting.contains(&option) {
            let known = [&["NAME", "TRIGGER", "IN", "OUT"], fitting]
                .concat()
                .join(", ");
            return Err(format!(
                "TRIGGER={trigger} takes no {option}; it takes {known}"
            ));
        }
        let (member, json) = match option {
            "ROUTE" => ("route", route(value)?),
            "METHODS" => ("methods", methods(value)?),
            "AUTH" => ("authLevel", auth(value)?),
            _ => ("schedule", quoted(value)),
        };
        let line = format!("\n      \"{member}\": ");
        let place = binding.find(&line).map(|at| at + line.len());
        match place {
            Some(at) => {
                let end = at + binding[at..].find('\n').unwrap_or_default();
                let comma = if binding[..end].ends_with(',') {
                    ","
                } else {
                    ""
                };
                binding.replace_range(at..end, &format!("{json}{comma}"));
            }
            None => {
                let at = binding.find("\n      \"authLevel\"").unwrap_or_default();
                binding.insert_str(at, &format!("{line}{json},"));
            }
        }
    }
    Ok(binding)
}

fn route(route: &str) -> Result<String, String> {
    // Git Bash turns `/items` into a path: `C:/Program Files/Git/items`.
    let is_path = route
        .get(1..3)
        .is_some_and(|drive| [":/", ":\\"].contains(&drive));
    match route.starts_with('/') || is_path {
        true => Err(
            "write ROUTE without a slash at its beginning, ROUTE='items/{id:int}': the prefix comes \
             before it, and Git Bash takes what begins with one for a path of Windows"
                .into(),
        ),
        false => Ok(quoted(route)),
    }
}

fn methods(list: &str) -> Result<String, String> {
    let methods = words(list);
    match methods
        .iter()
        .find(|method| !METHODS.contains(&method.as_str()))
    {
        Some(other) => Err(format!(
            "there is no method {other:?}; there are {}",
            METHODS.join(", ")
        )),
        None => {
            let methods: Vec<String> = methods.iter().map(|method| quoted(method)).collect();
            Ok(format!("[{}]", methods.join(", ")))
        }
    }
}

fn auth(word: &str) -> Result<String, String> {
    let level = word.to_ascii_lowercase();
    match AUTH.contains(&level.as_str()) {
        true => Ok(quoted(&level)),
        false => Err(format!(
            "there is no AUTH {word:?}; there are {}",
            AUTH.join(", ")
        )),
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
