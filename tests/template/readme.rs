//! The README, followed word by word in a copy of this checkout: its examples are added as functions, the handler is
//! built, every command of a `console` block is run, and what it prints is compared with what the README shows, where
//! `...` stands for anything. Blocks marked `sh` need Azure, func or the network.

use crate::checkout::{copy, shell};
use stand_in::process::Handler;
use std::fs;
use std::path::Path;

/// A fenced block: the words after its fence, and its lines.
struct Block {
    info: Vec<String>,
    text: String,
}

fn blocks() -> Vec<Block> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    // The text between fences and that within them alternate.
    let fenced = readme.split("```").skip(1).step_by(2);
    let block = |block: &str| {
        let (info, text) = block.split_once('\n').expect("a fence on a line of its own");
        Block { info: info.split_whitespace().map(str::to_owned).collect(), text: text.to_owned() }
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
    let Some(mut rest) = actual.trim().strip_prefix(first) else { return false };
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
    assert!(is_shown("a\n", "a") && is_shown("...\nb", "x\ny\nb\n") && is_shown("a ... c; ...", "a b c; d"));
    assert!(!is_shown("a", "ab") && !is_shown("...b", "a") && !is_shown("a...c...", "ab") && !is_shown("...a", "ab"));
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
                let before = if line.starts_with("mod ") { "mod hello;" } else { "];" };
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
    let built = shell(&checkout, "make build 2>&1").output().unwrap();
    let built_text = String::from_utf8_lossy(&built.stdout);
    assert!(built.status.success(), "{built_text}");
    // The rest of `make run`, but on a port that nobody else has.
    let mut run = shell(&checkout, "exec ./handler");
    run.env("FUNCTIONS_CUSTOMHANDLER_PORT", "0");
    let handler = Handler::from_command(run);
    let here = |text: &str| text.replace(":8080", &format!(":{}", handler.port));

    let mut ran = 0;
    for block in blocks.iter().filter(|block| block.info == ["console"]) {
        for (command, shown) in commands(&block.text) {
            let printed = match command {
                // It is what runs this.
                "make test" => continue,
                "make run" => format!("{built_text}{}", handler.stdout()),
                _ => {
                    let quiet = here(command).replace("curl ", "curl -sS ");
                    let output = shell(&checkout, &format!("exec 2>&1; {quiet}")).output().unwrap();
                    String::from_utf8_lossy(&output.stdout).into_owned()
                }
            };
            assert!(is_shown(&here(&shown), &printed), "$ {command}\n{printed}\nThe README shows:\n{shown}");
            ran += 1;
        }
    }
    assert!(ran > 5, "the README shows commands");
}
