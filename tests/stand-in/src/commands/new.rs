//! `make new`: a function's folder, file, test, and its lines in the two lists of functions; all or
//! nothing.

use crate::app::binary;
use crate::app::description::folders;
use crate::app::function::Function;
use crate::app::host_json::route_prefix;
use crate::app::ignore as funcignore;
use crate::app::json;
use crate::app::names;
use crate::app::settings;
use crate::app::table::{self, Table};
use crate::commands::Written;
use crate::commands::changes::Changes;
use crate::commands::check::check_function;
use crate::commands::code;
use serde_json::Value;
use std::path::Path;

/// The variables of `make new`.
pub const VARIABLES: [&str; 8] = [
    "NAME", "TRIGGER", "IN", "OUT", "ROUTE", "METHODS", "SCHEDULE", "AUTH",
];

/// The list of functions, and that of their tests.
pub const TABLE: &str = "src/functions/mod.rs";
pub const TESTS: &str = "tests/functions/main.rs";

/// What `TRIGGER=` takes, with the members of the binding that it means. `KEBAB` is the function's
/// name in kebab-case.
const TRIGGERS: [(&str, &str); 8] = [
    (
        "http",
        r#""type": "httpTrigger"; "direction": "in"; "name": "req"; "authLevel": "function"; "methods": ["get", "post"]"#,
    ),
    (
        "timer",
        r#""type": "timerTrigger"; "direction": "in"; "name": "timer"; "schedule": "0 0 3 * * *""#,
    ),
    (
        "queue",
        r#""type": "queueTrigger"; "direction": "in"; "name": "message"; "queueName": "KEBAB-in"; "connection": "AzureWebJobsStorage""#,
    ),
    (
        "blob",
        r#""type": "blobTrigger"; "direction": "in"; "name": "blob"; "path": "KEBAB-in/{name}"; "source": "EventGrid"; "connection": "AzureWebJobsStorage""#,
    ),
    (
        "servicebus",
        r#""type": "serviceBusTrigger"; "direction": "in"; "name": "message"; "queueName": "KEBAB-in"; "connection": "ServiceBusConnection""#,
    ),
    (
        "eventhub",
        r#""type": "eventHubTrigger"; "direction": "in"; "name": "event"; "eventHubName": "KEBAB-in"; "cardinality": "one"; "consumerGroup": "$Default"; "connection": "EventHubConnection""#,
    ),
    (
        "eventgrid",
        r#""type": "eventGridTrigger"; "direction": "in"; "name": "event""#,
    ),
    (
        "cosmosdb",
        r#""type": "cosmosDBTrigger"; "direction": "in"; "name": "items"; "databaseName": "app"; "containerName": "KEBAB-in"; "leaseContainerName": "leases"; "createLeaseContainerIfNotExists": true; "connection": "CosmosDBConnection""#,
    ),
];

/// What `OUT=` takes, with the members of the binding that it means. `NUMBER` is empty for the
/// first of its kind.
const OUTPUTS: [(&str, &str); 7] = [
    (
        "queue",
        r#""type": "queue"; "direction": "out"; "name": "outQueueNUMBER"; "queueName": "KEBAB-outNUMBER"; "connection": "AzureWebJobsStorage""#,
    ),
    (
        "blob",
        r#""type": "blob"; "direction": "out"; "name": "outBlobNUMBER"; "path": "KEBAB-outNUMBER/{rand-guid}"; "connection": "AzureWebJobsStorage""#,
    ),
    (
        "table",
        r#""type": "table"; "direction": "out"; "name": "outTableNUMBER"; "tableName": "WORDNUMBER"; "connection": "AzureWebJobsStorage""#,
    ),
    (
        "servicebus",
        r#""type": "serviceBus"; "direction": "out"; "name": "outServiceBusNUMBER"; "queueName": "KEBAB-outNUMBER"; "connection": "ServiceBusConnection""#,
    ),
    (
        "eventhub",
        r#""type": "eventHub"; "direction": "out"; "name": "outEventHubNUMBER"; "eventHubName": "KEBAB-outNUMBER"; "connection": "EventHubConnection""#,
    ),
    (
        "eventgrid",
        r#""type": "eventGrid"; "direction": "out"; "name": "outEventGridNUMBER"; "topicEndpointUri": "EventGridEndpointNUMBER"; "topicKeySetting": "EventGridKeyNUMBER""#,
    ),
    (
        "cosmosdb",
        r#""type": "cosmosDB"; "direction": "out"; "name": "outCosmosDBNUMBER"; "databaseName": "app"; "containerName": "KEBAB-outNUMBER"; "partitionKey": "/id"; "createIfNotExists": true; "connection": "CosmosDBConnection""#,
    ),
];

/// Adds the function `name` to the app in the folder `root`. `trigger` and `outputs` are what the
/// user has written, perhaps nothing. Gives the lines to show. On an error nothing is written.
pub fn add(root: &Path, written: &Written) -> Result<Vec<String>, String> {
    let (name, trigger, outputs) = (
        written.get("NAME"),
        written.get("TRIGGER"),
        written.get("OUT"),
    );
    if name.is_empty() {
        let triggers = words(&TRIGGERS);
        return Err(format!(
            "say which: make new NAME=ingest TRIGGER=queue OUT=blob (triggers: {triggers}; outputs: {})",
            words(&OUTPUTS)
        ));
    }
    names::function(name)?;
    let file = names::file(name);
    if let Some(why) = names::refusal(name) {
        return Err(format!("no function can be called {name:?}: {why}"));
    }
    let mut changes = Changes::default();
    let host = json::read(root, "host.json")?;
    let folder = format!("{name}/function.json");
    let funcignore = changes.read(root, ".funcignore").unwrap_or_default();
    if funcignore::left_out(&funcignore, &folder) {
        return Err(format!(
            "no function can be called {name:?}: .funcignore would leave it out of what is published"
        ));
    }
    let is_there = root.join(&folder).is_file();
    // The binary makes way.
    let is_built = |other: &str| other == binary::name(&host) && root.join(other).is_file();
    let taken = |other: &String| {
        other.eq_ignore_ascii_case(name) && !(is_there && other == name) && !is_built(other)
    };
    if let Some(other) = entries(root)?.into_iter().find(taken) {
        return Err(format!(
            "no function can be called {name:?}: there is {other} already"
        ));
    }
    let list = changes.read(root, TABLE)?;
    let table = Table::find(&list).map_err(|why| format!("{TABLE}: {why}"))?;
    if let Some(entry) = table
        .entries
        .iter()
        .find(|entry| entry.name.eq_ignore_ascii_case(name))
    {
        return Err(format!("{TABLE} has the function {:?} already", entry.name));
    }
    let sources = [
        format!("src/functions/{file}"),
        format!("tests/functions/{file}"),
    ];
    for source in &sources {
        for taken in [source.clone(), format!("{source}.rs")] {
            if root.join(&taken).exists() {
                return Err(format!(
                    "the file of {name:?} would be {source}.rs, and there is {taken} already: choose another name"
                ));
            }
        }
    }

    let text = match is_there {
        false => function_json(name, trigger, outputs)?,
        true if !outputs.is_empty() => {
            return Err(format!("{folder} has the outputs already: leave OUT away"));
        }
        true => changes.read(root, &folder)?,
    };
    let function = Function::read(name, &text).map_err(|why| format!("{folder}: {why}"))?;
    let findings = check_function(&function);
    if let Some(error) = findings.iter().find(|finding| finding.is_error()) {
        return Err(error.to_string());
    }
    if is_there && !trigger.is_empty() && !is_trigger(&function, trigger) {
        let kind = &function.trigger().kind;
        return Err(format!(
            "{folder} has the trigger {kind} already: leave TRIGGER away"
        ));
    }
    let prefix = route_prefix(&host);
    let (code, test) = code::of(&function, &prefix);
    if !is_there {
        changes.write(&folder, text);
    }
    changes.write(format!("{}.rs", sources[0]), code);
    changes.write(format!("{}.rs", sources[1]), test);
    let with_entry = table.with(&function.route_call(&prefix));
    changes.write(
        TESTS,
        table::with_module(&changes.read(root, TESTS)?, &file),
    );
    let mut lines = vec![format!(
        "{name} is there: {folder}, {}.rs, {}.rs, and its lines in {TABLE} and {TESTS}.",
        sources[0], sources[1]
    )];
    lines.extend(add_settings(root, &function, &mut changes)?);
    lines.extend(make_way(root, name, &host, &mut changes)?);
    // Last: without the function's entry the command can be run again.
    changes.write(TABLE, table::with_module(&with_entry, &file));
    changes.apply(root, "Run it again when that is mended.")?;
    lines.push("Next: make test, make run.".into());
    Ok(lines)
}

/// Gives the handler's binary another name, in host.json and where it is built, if the function's
/// folder takes its place.
fn make_way(
    root: &Path,
    name: &str,
    host: &Value,
    changes: &mut Changes,
) -> Result<Option<String>, String> {
    let before = binary::name(host);
    if !before.eq_ignore_ascii_case(name) {
        return Ok(None);
    }
    changes.write(
        "host.json",
        binary::renamed(&changes.read(root, "host.json")?, binary::OTHER)?,
    );
    // At once, since the folder cannot be made before. If the rest fails, `make build` makes it anew.
    for end in ["", ".exe"] {
        let (old, new) = (format!("{before}{end}"), format!("{}{end}", binary::OTHER));
        if root.join(&old).is_file() {
            std::fs::rename(root.join(&old), root.join(&new))
                .map_err(|error| format!("{old} cannot be renamed {new}: {error}"))?;
        }
    }
    let now = format!(
        "The folder takes the place of ./{before}, so the binary is ./{0} from now on",
        binary::OTHER
    );
    Ok(Some(format!(
        "{now}, by host.json. To debug under make start, write that into .vscode/launch.json too."
    )))
}

/// Adds the settings that the function needs and local.settings.json lacks, if there is such a
/// file.
fn add_settings(
    root: &Path,
    function: &Function,
    changes: &mut Changes,
) -> Result<Option<String>, String> {
    const FILE: &str = "local.settings.json";
    if !root.join(FILE).exists() {
        return Ok(None);
    }
    let text = changes.read(root, FILE)?;
    let has = json::parse(&text).map_err(|why| format!("{FILE}: {why}"))?;
    let mut missing: Vec<String> = Vec::new();
    for (_, setting) in function
        .bindings
        .iter()
        .flat_map(|binding| binding.settings())
    {
        if !settings::has(&has, &setting) && !missing.contains(&setting) {
            missing.push(setting);
        }
    }
    if missing.is_empty() {
        return Ok(None);
    }
    changes.write(
        FILE,
        settings::with(&text, &missing).map_err(|why| format!("{FILE}: {why}"))?,
    );
    Ok(Some(format!(
        "{FILE} has it with an empty value, which you fill in: {}.",
        missing.join(", ")
    )))
}

/// The text of a function.json by what the user has written.
fn function_json(name: &str, trigger: &str, outputs: &str) -> Result<String, String> {
    let find = |of: &[(&str, &'static str)], word: &str, what: &str| match of
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
    {
        Some((_, binding)) => Ok(*binding),
        None if word.is_empty() => Err(format!(
            "say what triggers it, TRIGGER=queue for one: {}",
            words(of)
        )),
        None => Err(format!(
            "there is no {what} {word:?} here; there are {}",
            words(of)
        )),
    };
    let mut bindings = vec![find(&TRIGGERS, trigger, "trigger")?.to_owned()];
    if trigger.eq_ignore_ascii_case("http") {
        bindings.push(r#""type": "http", "direction": "out", "name": "res""#.into());
    }
    let outputs: Vec<&str> = outputs
        .split([',', ' '])
        .filter(|word| !word.is_empty())
        .collect();
    for (place, word) in outputs.iter().enumerate() {
        let number = outputs[..place]
            .iter()
            .filter(|earlier| earlier.eq_ignore_ascii_case(word))
            .count()
            + 1;
        let number = if number == 1 {
            String::new()
        } else {
            number.to_string()
        };
        bindings.push(find(&OUTPUTS, word, "output")?.replace("NUMBER", &number));
    }
    let file = names::file(name);
    // Names of queues and containers have at most 63 characters, and what is put behind this one
    // needs some.
    let kebab: String = file.replace('_', "-").chars().take(40).collect();
    let word: String = file
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(40)
        .collect();
    let word = if word.len() < 3 {
        format!("{word}rows")
    } else {
        word
    };
    let bindings = bindings.iter().map(|binding| {
        let binding = binding
            .replace("KEBAB", kebab.trim_end_matches('-'))
            .replace("WORD", &word);
        format!(
            "    {{\n      {}\n    }}",
            binding.replace("; ", ",\n      ")
        )
    });
    Ok(format!(
        "{{\n  \"bindings\": [\n{}\n  ]\n}}\n",
        bindings.collect::<Vec<_>>().join(",\n")
    ))
}

fn words(of: &[(&str, &str)]) -> String {
    of.iter()
        .map(|(word, _)| *word)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether the function has the trigger that this word means.
fn is_trigger(function: &Function, word: &str) -> bool {
    let binding = TRIGGERS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, binding)| *binding);
    let kind = binding.and_then(|binding| binding.split('"').nth(3));
    kind.is_some_and(|kind| function.trigger().is(kind))
}

/// The names of what lies in the app's folder.
fn entries(root: &Path) -> Result<Vec<String>, String> {
    let entries = root
        .read_dir()
        .map_err(|error| format!("{}: {error}", root.display()))?;
    Ok(entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect())
}

/// The functions that there are, for an error: "there are: a, b".
pub fn listed(root: &Path) -> String {
    match folders(root) {
        Ok(folders) if folders.is_empty() => "there are none".into(),
        Ok(folders) => format!("there are: {}", folders.join(", ")),
        Err(why) => why,
    }
}
