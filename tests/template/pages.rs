//! README, the guide and the reference, followed word by word in a copy of this checkout: their
//! examples are added as functions, the app is run by `make run`, every command of a `console` block
//! is run, and what it prints is compared with what the page shows, where `...` stands for anything.
//! Blocks marked `sh` need Azure, func or the network.

use crate::checkout::{copy, shell};
use crate::run::Run;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The pages, and how many lines each may have.
const PAGES: [(&str, usize); 3] = [
    ("README.md", 200),
    ("docs/guide.md", 350),
    ("docs/reference.md", 300),
];

/// The README of an app of one's own, which takes the place of README.md.
const YOURS: &str = "tests/template/your-README.md";

/// How long what a command shows may be on its way.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fenced block: the words after its fence, and its lines.
struct Block<'p> {
    info: Vec<&'p str>,
    text: &'p str,
}

impl Block<'_> {
    /// The file that the block shows, if its name ends so.
    fn file(&self, end: &str) -> Option<&str> {
        self.info.get(1).copied().filter(|path| path.ends_with(end))
    }
}

fn read(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{page}: {error}"))
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    // The text between fences and that within them alternate.
    let mut blocks = Vec::new();
    for block in page.split("```").skip(1).step_by(2) {
        let (info, text) = block
            .split_once('\n')
            .expect("a fence on a line of its own");
        let info = info.split_whitespace().collect();
        blocks.push(Block { info, text });
    }
    blocks
}

/// The commands that a page names within a sentence, and that make a function.
fn named(page: &str) -> Vec<String> {
    let sentences = page.split("```").step_by(2).collect::<String>();
    let spans = sentences.split('`').skip(1).step_by(2);
    let spans = spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
    spans
        .filter(|span| span.starts_with("make new NAME=") && span.contains(" TRIGGER="))
        .collect()
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

/// Whether `actual` is `shown`, in which `...` stands for anything; as the last line, also for none.
fn is_shown(shown: &str, actual: &str) -> bool {
    let shown = shown.trim();
    let begun = shown
        .strip_suffix("\n...")
        .map(|begun| [begun, "..."].concat());
    let mut parts = begun.as_deref().unwrap_or(shown).split("...");
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
            && is_shown("a\n...\n", "a")
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

/// Runs a command in the checkout. Gives what it prints.
fn print(checkout: &Path, command: &str) -> String {
    let output = shell(checkout, &format!("exec 2>&1; {command}"))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn assert_shown(command: &str, printed: &str, shown: &str) {
    assert!(
        is_shown(shown, printed),
        "$ {command}\n{printed}\nThe page shows:\n{shown}"
    );
}

/// Makes the functions that a page shows: by `make new`, and with its code. Gives how many commands
/// it ran.
fn make(checkout: &Path, page: &str, blocks: &[Block]) -> usize {
    let write = |end: &str| {
        for block in blocks {
            if let Some(path) = block.file(end) {
                fs::create_dir_all(checkout.join(path).parent().unwrap()).unwrap();
                fs::write(checkout.join(path), block.text).unwrap();
            }
        }
    };
    // `make new` goes by a function.json that is there already.
    write("function.json");
    let mut ran = 0;
    for command in named(page) {
        let made = shell(checkout, &command).output().unwrap();
        assert!(made.status.success(), "$ {command}\n{made:?}");
        ran += 1;
    }
    for block in blocks.iter().filter(|block| block.info == ["console"]) {
        for (command, shown) in commands(block.text) {
            if command.starts_with("make new ") || command == "make check" {
                assert_shown(command, &print(checkout, command), &shown);
                ran += 1;
            }
        }
    }
    write(".rs");
    ran
}

/// Follows a page. Gives how many commands it ran.
fn follow(checkout: &Path, page: &str) -> usize {
    let page = &read(page);
    let blocks = blocks(page);
    let mut ran = make(checkout, page, &blocks);
    // On a port that nobody else has.
    let run = Run::start(checkout.to_owned());
    let here = |text: &str| text.replace(":7071", &format!(":{}", run.port));
    for block in blocks.iter().filter(|block| block.info == ["console"]) {
        for (command, shown) in commands(block.text) {
            let shown = here(&shown);
            let quiet = here(command).replace("curl ", "curl -sS ");
            match command {
                "make run" => assert_shown(command, &run.output(), &shown),
                // A message takes a moment to its queue. What posts something runs once.
                _ if command.starts_with("curl ") || command.starts_with("cat ") => {
                    let begun = Instant::now();
                    let mut printed = print(checkout, &quiet);
                    while !is_shown(&shown, &printed)
                        && !command.contains(" -d ")
                        && begun.elapsed() < PATIENCE
                    {
                        std::thread::sleep(Duration::from_millis(100));
                        printed = print(checkout, &quiet);
                    }
                    assert_shown(command, &printed, &shown);
                }
                // It is what runs this; the others were run before.
                "make test" => continue,
                _ if command.starts_with("make ") => continue,
                _ => panic!("nothing runs $ {command}"),
            }
            ran += 1;
        }
    }
    for test in blocks.iter().filter_map(|block| block.file(".rs")) {
        let Some(module) = test.strip_prefix("tests/functions/") else {
            continue;
        };
        let command = format!(
            "cargo test --test functions {}::",
            module.trim_end_matches(".rs")
        );
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
    assert!(ran >= 10, "the guide shows commands, and {ran} ran");
}

/// The name by which a link reaches a heading.
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
        let lines = read(page).lines().count();
        assert!(
            lines <= most,
            "{page} has {lines} lines, and may have {most}"
        );
    }
    for page in PAGES.map(|(page, _)| page).into_iter().chain([YOURS]) {
        let text = read(page);
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let targets = match path {
                "" => vec![page.to_owned()],
                "../README.md" => vec!["README.md".into(), YOURS.into()],
                _ if page.starts_with("docs/") => vec![format!("docs/{path}")],
                _ => vec![path.to_owned()],
            };
            for target in targets {
                let text = read(&target);
                let headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(
                    heading.is_empty() || headings.map(anchor).any(|name| name == heading),
                    "{page}: {link} leads nowhere in {target}"
                );
            }
        }
    }
}

#[test]
fn examples_that_cannot_be_run_here_are_at_least_well_formed() {
    for page in PAGES.map(|(page, _)| page).into_iter().chain([YOURS]) {
        let text = read(page);
        for Block { info, text } in blocks(&text) {
            if info == ["sh"] {
                let shell = Command::new("bash").args(["-nc", text]).status().unwrap();
                assert!(shell.success(), "{page}: {text}");
            }
        }
    }
    // README's test is one of the samples'.
    let (readme, tests) = (read("README.md"), read("tests/functions/order.rs"));
    for Block { info, text } in blocks(&readme) {
        assert!(info != ["rust"] || tests.contains(text), "{text}");
    }
}
