//! The commands of the Makefile: `cargo run --quiet -p stand-in -- <command> [arguments]`, in the
//! app's root.

use stand_in::commands::check;
use stand_in::commands::mine;
use stand_in::commands::new;
use stand_in::commands::remove;
use stand_in::commands::zip;
use stand_in::run;
use stand_in::run::guard;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, arguments) = arguments
        .split_first()
        .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let given = |place: usize| arguments.get(place).map_or("", String::as_str);
    let root = Path::new(".");
    let show = |lines: Vec<String>| lines.iter().for_each(|line| println!("{line}"));
    // A command has told the user already what is wrong where its error is empty.
    let done: Result<(), String> = match command {
        "check" => {
            check::run(root).map(|()| println!("Folders, functions and settings fit together."))
        }
        "check-zip" => zip::check(Path::new(given(0)), root).map(|line| println!("{line}")),
        "guard" => guard::run(arguments),
        "mine" => mine::mine(root, given(0)).map(show),
        "new" => new::add(root, given(0), given(1), given(2)).map(show),
        "remove" => remove::remove(root, given(0)).map(show),
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
