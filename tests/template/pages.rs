//! Follows README, the guide and the reference word by word in a copy of this checkout. Their
//! examples become functions, `make run` runs the app, and the commands of `console` blocks print
//! what the page shows, where `...` stands for anything. `sh` blocks need Azure, func or the
//! network.

use crate::checkout::{copy, shell};
use crate::run;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The pages, and their most lines. The last replaces README.md in an owner's app.
const PAGES: [(&str, usize); 4] = [
    ("README.md", 200),
    ("docs/guide.md", 350),
    ("docs/reference.md", 300),
    (YOURS, 200),
];

const YOURS: &str = "tests/template/your-README.md";

/// How long a command's result may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn read(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The fenced blocks: the text after the fence, and the lines.
fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    // Every second part is within fences.
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.map(|block| {
        block
            .split_once('\n')
            .expect("a fence on a line of its own")
    })
}

/// The `make new` commands in a page's sentences.
fn named(page: &str) -> Vec<String> {
    let sentences = page.split("```").step_by(2).collect::<String>();
    let spans = sentences.split('`').skip(1).step_by(2);
    let makes = |span: &&str| span.starts_with("make new NAME=") && span.contains(" TRIGGER=");
    spans.filter(makes).map(str::to_owned).collect()
}

/// The commands of a page's `console` blocks, each with its output.
fn commands(page: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for (_, text) in blocks(page).filter(|(info, _)| *info == "console") {
        for line in text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command, String::new())),
                (None, Some((_, output))) => *output += &format!("{line}\n"),
                (None, None) => panic!("output without a command: {line}"),
            }
        }
    }
    commands
}

/// `...` in `shown` stands for anything; as the last line, also for nothing.
fn is_shown(shown: &str, actual: &str) -> bool {
    let (shown, actual) = (
        format!("{}\n", shown.trim()),
        format!("{}\n", actual.trim()),
    );
    let shown = shown.replace("\n...\n", "\n...");
    let Some((first, rest)) = shown.split_once("...") else {
        return shown == actual;
    };
    let (between, last) = rest.rsplit_once("...").unwrap_or(("", rest));
    let left = actual.strip_prefix(first);
    let Some(mut left) = left.and_then(|left| left.strip_suffix(last)) else {
        return false;
    };
    between.split("...").all(|part| {
        let place = left.find(part);
        left = place.map_or("", |place| &left[place + part.len()..]);
        place.is_some()
    })
}

#[test]
fn three_dots_stand_for_anything() {
    for (shown, actual) in [
        ("a\n", "a"),
        ("a\n...\n", "a"),
        ("a\n...\nb", "a\nx\ny\nb"),
        ("...\nb", "x\ny\nb\n"),
        ("a ... c; ...", "a b c; d"),
    ] {
        assert!(is_shown(shown, actual), "{shown}");
    }
    for (shown, actual) in [
        ("a", "ab"),
        ("...b", "a"),
        ("a...c...", "ab"),
        ("a...b...c", "abab"),
        ("ab...bc", "abc"),
        ("...a", "ab"),
    ] {
        assert!(!is_shown(shown, actual), "{shown}");
    }
}

fn print(checkout: &Path, command: &str) -> String {
    let output = shell(checkout, &format!("exec 2>&1; {command}")).output();
    String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
}

fn assert_shown(command: &str, printed: &str, shown: &str) {
    assert!(
        is_shown(shown, printed),
        "$ {command}\n{printed}\nThe page shows:\n{shown}"
    );
}

/// Gives the number of commands.
fn follow(checkout: &Path, page: &str) -> usize {
    let page = &read(page);
    let mut ran = 0;
    for command in named(page) {
        let made = shell(checkout, &command).output().unwrap();
        assert!(made.status.success(), "$ {command}\n{made:?}");
        ran += 1;
    }
    let (before, while_it_runs): (Vec<_>, Vec<_>) = commands(page)
        .into_iter()
        .filter(|(command, _)| *command != "make test")
        .partition(|(command, _)| command.starts_with("make ") && *command != "make run");
    for (command, shown) in before {
        assert_shown(command, &print(checkout, command), &shown);
        ran += 1;
    }
    let files = blocks(page).filter_map(|(info, text)| Some((info.strip_prefix("rust ")?, text)));
    let files: Vec<_> = files.collect();
    for (path, text) in &files {
        fs::write(checkout.join(path), text).unwrap();
    }
    // On a free port.
    let run = run::start(checkout);
    let here = |text: &str| text.replace(":7071", &format!(":{}", run.port));
    for (command, shown) in while_it_runs {
        let shown = here(&shown);
        let quiet = here(command).replace("curl ", "curl -sS ");
        let begun = Instant::now();
        loop {
            let printed = match command {
                "make run" => run.output(),
                _ => print(checkout, &quiet),
            };
            // A message takes a moment to reach its queue. A POST runs once.
            let once = command == "make run" || command.contains(" -d ");
            if is_shown(&shown, &printed) || once || begun.elapsed() > PATIENCE {
                assert_shown(command, &printed, &shown);
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        ran += 1;
    }
    for test in files
        .iter()
        .filter_map(|(path, _)| path.strip_prefix("tests/functions/"))
    {
        let module = test.trim_end_matches(".rs");
        let command = format!("cargo test --test functions {module}::");
        let printed = print(checkout, &command);
        assert_shown(&command, &printed, "...test result: ok. 1 passed; ...");
        ran += 1;
    }
    ran
}

#[test]
fn every_command_prints_what_the_pages_show() {
    let checkout = copy("pages");
    let ran = follow(&checkout, "README.md");
    assert!(ran >= 10, "README shows commands, and {ran} ran");
    // An owner's app has no samples.
    for sample in ["hello", "order", "MyQueueFunction"] {
        let removed = shell(&checkout, &format!("make remove NAME={sample}")).output();
        assert!(removed.unwrap().status.success(), "{sample}");
    }
    let ran = follow(&checkout, "docs/guide.md");
    assert!(ran >= 20, "the guide shows commands, and {ran} ran");
}

/// A heading's name in links.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn the_pages_are_short_and_their_links_lead_somewhere() {
    for (page, most) in PAGES {
        let text = read(page);
        let lines = text.lines().count();
        assert!(
            lines <= most,
            "{page} has {lines} lines, and may have {most}"
        );
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => page.to_owned(),
                _ if page.starts_with("docs/") => format!("docs/{path}"),
                _ => path.to_owned(),
            };
            let text = read(&target);
            let mut headings = text.lines().filter(|line| line.starts_with('#'));
            assert!(
                heading.is_empty() || headings.any(|line| anchor(line) == heading),
                "{page}: {link} leads nowhere"
            );
        }
    }
}

#[test]
fn examples_that_cannot_be_run_here_are_at_least_well_formed() {
    for (page, _) in PAGES {
        for (_, text) in blocks(&read(page)).filter(|(info, _)| *info == "sh") {
            let shell = Command::new("bash").args(["-nc", text]).status().unwrap();
            assert!(shell.success(), "{page}: {text}");
        }
    }
    // README's test is one of the samples'.
    let tests = read("tests/functions/order.rs");
    for (_, text) in blocks(&read("README.md")).filter(|(info, _)| *info == "rust") {
        assert!(tests.contains(text), "{text}");
    }
}
