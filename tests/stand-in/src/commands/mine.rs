//! `make mine`: turns a fresh clone of the template into the user's own app.

use crate::commands::changes::Changes;
use crate::commands::remove;
use std::path::Path;
use std::process::Command;

const SAMPLES: [&str; 3] = ["MyQueueFunction", "hello", "order"];

/// What only the template's repository has. The app is not the user's own while the first exists.
const TEMPLATE: [&str; 6] = [
    "tests/template",
    "tests/stand-in/tests",
    ".ci",
    ".github/workflows/template.yml",
    ".github/dependabot.yml",
    "LICENSE",
];

/// The lines around the template's own part of Cargo.toml.
const MARKERS: [&str; 2] = [
    "# Only the template's own repository has these.",
    "# End of the template's own.",
];

/// The user's README.md, in which `YOUR-APP` stands for the name.
const README: &str = "tests/template/your-README.md";

/// Gives the lines to show. Errors if git could not restore what is removed, or if cargo does not
/// allow the name.
pub fn mine(root: &Path, name: &str) -> Result<Vec<String>, String> {
    let mut changes = Changes::new(root);
    check_name(name, &changes.read("Cargo.lock")?)?;
    let first = TEMPLATE[0];
    if !root.join(first).exists() {
        return Err(format!("it is your own app already: {first} is gone"));
    }
    let manifest = own_manifest(&changes.read("Cargo.toml")?, name);
    let [begin, end] = MARKERS;
    let manifest = manifest.ok_or_else(|| {
        format!("Cargo.toml has no name, or not the lines {begin:?} and {end:?}: put them back")
    })?;
    let readme = changes.read(README)?.replacen("YOUR-APP", name, 1);
    changes.write("README.md", readme);
    let mut gone = Vec::new();
    for sample in SAMPLES {
        // A sample may already be removed by hand.
        let files = remove::plan(root, sample, &mut changes)?;
        gone.extend(files.unwrap_or_default());
    }
    changes.write("Cargo.toml", manifest);
    // The first goes last: while it exists, there is something to do.
    let template = TEMPLATE.iter().rev().map(|path| (*path).to_owned());
    gone.extend(template.filter(|path| root.join(path).exists()));
    check_git(root, &gone)?;
    // Moved, not deleted: each folder moves whole or not at all. `make clean` deletes them.
    changes.put_away("target/template", &gone);
    changes.apply("git checkout . brings all of it back.")?;
    // Writes the new name into Cargo.lock.
    let update = ["update", "--workspace", "--offline", "--quiet"];
    run(root, "cargo", &update).map_err(|why| format!("Cargo.lock has the old name: {why}"))?;
    let gone = gone.join(", ");
    Ok(vec![format!(
        "The app is yours: its name is {name}, in Cargo.toml, Cargo.lock and README.md.
Gone: {gone}, the license in Cargo.toml (you owe nothing), and the make targets bench, e2e, fuzz and \
         test-release.
Yours: the folders of your functions, src/functions, tests/functions, host.json, local.settings.json, \
         Cargo.toml, README.md, .gitignore, .vscode, .devcontainer and .github.
The template's, which a newer one replaces: all else in src, tests/stand-in, Makefile, docs, \
         .funcignore and .gitattributes.
The guide is docs/guide.md.
Nothing is committed: git status shows it all, git checkout . brings it back.
Next: make new NAME=ingest TRIGGER=queue, make test, git add -A && git commit."
    )])
}

/// Errors if cargo does not allow the name in this workspace.
fn check_name(name: &str, lock: &str) -> Result<(), String> {
    // Cargo adds 17 characters for a folder's name.
    const LONGEST: usize = 238;
    if name.is_empty() {
        return Err("say its name: make mine NAME=my-app".into());
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !name.bytes().all(fits) {
        return Err(format!(
            "{name:?} is not a name for a package: write a letter, then letters, digits, _ and -"
        ));
    }
    let length = name.len();
    if length > LONGEST {
        return Err(format!(
            "the name has {length} characters, and cargo takes at most {LONGEST}"
        ));
    }
    // For Cargo, - and _ are the same in crate names.
    let line = format!("name = \"{name}\"").replace('_', "-");
    if lock.lines().any(|other| other.replace('_', "-") == line) {
        return Err(format!(
            "there is a package {name:?} in Cargo.lock already: choose another name"
        ));
    }
    Ok(())
}

/// Errors if git could not restore what goes.
fn check_git(root: &Path, gone: &[String]) -> Result<(), String> {
    // A folder that is not in git may be inside one that is.
    if run(root, "git", &["ls-files", "--error-unmatch", "Cargo.toml"]).is_err() {
        return Err(
            "it is not in git, which could bring back what goes. These start it:\n    git init\n    \
             git add -A\n    git commit -m \"The template\""
                .into(),
        );
    }
    let changed = run(root, "git", &["status", "--porcelain"])?;
    if let Some(first) = changed.lines().next() {
        return Err(format!(
            "there are changes that are not committed ({first}): commit them first"
        ));
    }
    let ignored = "ls-files --others --ignored --exclude-standard --".split(' ');
    let ignored: Vec<&str> = ignored.chain(gone.iter().map(String::as_str)).collect();
    match run(root, "git", &ignored)?.as_str() {
        "" => Ok(()),
        ignored => Err(format!(
            "git ignores files in folders that go, and could not bring them back. Move them away first:\n{ignored}"
        )),
    }
}

fn run(root: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(root).output();
    let output = output.map_err(|error| format!("{program} does not start: {error}"))?;
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

/// The user's Cargo.toml; `None` if the name or the template's part is missing.
fn own_manifest(manifest: &str, name: &str) -> Option<String> {
    let manifest = manifest.replace("\r\n", "\n");
    let (before, rest) = manifest.split_once(MARKERS[0])?;
    let (_, after) = rest.split_once(MARKERS[1])?;
    let own = format!("{}{after}", before.trim_end());
    let is_own = |line: &&str| !line.starts_with("description =") && !line.starts_with("license =");
    let mut lines: Vec<&str> = own.lines().filter(is_own).collect();
    let named = format!("name = \"{name}\"");
    // The package comes first.
    *lines.iter_mut().find(|line| line.starts_with("name ="))? = &named;
    Some(lines.join("\n") + "\n")
}
