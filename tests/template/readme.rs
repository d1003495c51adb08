//! The README, followed word by word in a copy of this checkout: its examples are added as
//! functions, the app is run by `make run`, every command of a `console` block is run, and what it
//! prints is compared with what the README shows, where `...` stands for anything. Blocks marked
//! `sh` need Azure, func or the network.

use crate::checkout::{copy, shell};
use crate::run::Run;
use stand_in::run::process::wait_for;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long what a command shows may be on its way.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fenced block: the words after its fence, and its lines.
struct Block {
    info: Vec<String>,
    text: String,
}

fn blocks() -> Vec<Block> {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    // The text between fences and that within them alternate.
    let fenced = readme.split("```").skip(1).step_by(2);
    let block = |block: &str| {
        let (info, text) = block
            .split_once('\n')
            .expect("a fence on a line of its own");
        Block {
            info: info.split_whitespace().map(str::to_owned).collect(),
            text: text.to_owned(),
        }
    };
    fenced.map(block).collect()
}

/// Commands with the output shown for each.
fn commands(text: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, output))) => *output += &format!("{line}\n"),
            (None, None) => panic!("output without a command: {line}"),
        }
    }
    commands
}

/// Whether `actual` is `shown`, in which `...` stands for anything.
fn is_shown(shown: &str, actual: &str) -> bool {
    let mut parts = shown.trim().split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = actual.trim().strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        match (rest.find(part), parts.peek()) {
            (_, None) => return rest.ends_with(part),
            (Some(place), _) => rest = &rest[place + part.len()..],
            (None, _) => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn three_dots_stand_for_anything() {
    assert!(
        is_shown("a\n", "a")
            && is_shown("...\nb", "x\ny\nb\n")
            && is_shown("a ... c; ...", "a b c; d")
    );
    assert!(
        !is_shown("a", "ab")
            && !is_shown("...b", "a")
            && !is_shown("a...c...", "ab")
            && !is_shown("...a", "ab")
    );
}

/// Adds the README's example functions, unless they have been added already.
fn add_functions(checkout: &Path, blocks: &[Block]) {
    let table = checkout.join("src/functions/mod.rs");
    for Block { info, text } in blocks {
        let Some(path) = info.get(1) else { continue };
        if path == "src/functions/mod.rs" {
            let mut code = fs::read_to_string(&table).unwrap();
            for line in text.lines() {
                if code.contains(line) {
                    continue;
                }
                let before = if line.starts_with("mod ") {
                    "mod hello;"
                } else {
                    "];"
                };
                let place = code.find(&format!("\n{before}")).expect("the table") + 1;
                code.insert_str(place, &format!("{line}\n"));
            }
            fs::write(&table, code).unwrap();
        } else {
            fs::create_dir_all(checkout.join(path).parent().unwrap()).unwrap();
            fs::write(checkout.join(path), text).unwrap();
        }
    }
}

#[test]
fn every_command_prints_what_the_readme_shows() {
    let (blocks, checkout) = (blocks(), copy("readme"));
    add_functions(&checkout, &blocks);
    // On a port that nobody else has.
    let run = Run::start(checkout.clone());
    let here = |text: &str| text.replace(":7071", &format!(":{}", run.port));

    let mut ran = 0;
    for block in blocks.iter().filter(|block| block.info == ["console"]) {
        for (command, shown) in commands(&block.text) {
            let shown = here(&shown);
            let print = || match command {
                "make run" => run.output(),
                _ => {
                    let quiet = here(command).replace("curl ", "curl -sS ");
                    let output = shell(&checkout, &format!("exec 2>&1; {quiet}"))
                        .output()
                        .unwrap();
                    String::from_utf8_lossy(&output.stdout).into_owned()
                }
            };
            match command {
                // It is what runs this.
                "make test" => continue,
                // A message takes a moment to its queue, and a new function until the app has been
                // built.
                curl if curl.starts_with("curl ") && !curl.contains(" -d ") => {
                    let begun = Instant::now();
                    let mut printed = print();
                    while !is_shown(&shown, &printed) && begun.elapsed() < PATIENCE {
                        std::thread::sleep(Duration::from_millis(100));
                        printed = print();
                    }
                    assert!(
                        is_shown(&shown, &printed),
                        "$ {command}\n{printed}\nThe README shows:\n{shown}"
                    );
                }
                _ => {
                    let printed = print();
                    assert!(
                        is_shown(&shown, &printed),
                        "$ {command}\n{printed}\nThe README shows:\n{shown}"
                    );
                }
            }
            if command.starts_with("make new ") {
                wait_for("the new function", || {
                    run.output().contains("reloaded in").then_some(())
                });
            }
            ran += 1;
        }
    }
    assert!(ran >= 15, "the README shows commands");
}
