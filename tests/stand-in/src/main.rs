//! Runs the Makefile's commands in the app's root.

use stand_in::commands::{check, function_json, lock, mine, new, package, remove, written};
use stand_in::run;
use stand_in::run::guard;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, arguments) = arguments
        .split_first()
        .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    // An empty error has already been shown.
    if let Err(why) = execute(command, arguments) {
        if !why.is_empty() {
            eprintln!("error: {why}");
        }
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn execute(command: &str, arguments: &[String]) -> Result<(), String> {
    let root = Path::new(".");
    let written = |known: &[&'static str]| written(command, known);
    // Commands hold the lock while they write.
    let writes = match command {
        "azure" | "mine" | "new" | "remove" => true,
        "check" => !written(&["FIX"])?["FIX"].is_empty(),
        _ => false,
    };
    let lock = writes.then(|| lock::take(root, command)).transpose()?;
    let lines = match command {
        "azure" => package::azure(root)?,
        "check" => {
            let mut lines = if writes { check::fix(root)? } else { vec![] };
            // The build can take long, and nothing more is written.
            drop(lock);
            check::run(root)?;
            lines.push("Folders, functions and settings fit together.".to_owned());
            lines
        }
        "guard" => return guard::run(arguments),
        "mine" => mine::mine(root, &written(&["NAME"])?["NAME"])?,
        "new" => new::add(root, &written(&function_json::VARIABLES)?)?,
        "remove" => remove::remove(root, &written(&["NAME"])?["NAME"])?,
        "run" => return run::run(arguments),
        "" => return Err("say which command; the Makefile has them all".into()),
        other => return Err(format!("there is no command {other}")),
    };
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}
