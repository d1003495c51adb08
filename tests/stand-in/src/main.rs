//! The commands of the Makefile: `cargo run --quiet -p stand-in -- <command> [arguments]`, in the app's root.

use stand_in::{guard, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, arguments) = arguments.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    // A command has told the user already what is wrong where its error is empty.
    let done: Result<(), String> = match command {
        "guard" => guard::run(arguments),
        "run" => run::run(arguments),
        "" => Err("say which command; the Makefile has them all".into()),
        other => Err(format!("there is no command {other}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            if !why.is_empty() {
                eprintln!("error: {why}");
            }
            ExitCode::FAILURE
        }
    }
}
