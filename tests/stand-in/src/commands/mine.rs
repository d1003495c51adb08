//! `make mine`: turns a fresh clone of the template into the user's own app.

use crate::commands::changes::Changes;
use crate::commands::remove::{self, free};
use std::path::Path;
use std::process::Command;

/// The functions that come with the template.
const SAMPLES: [&str; 3] = ["MyQueueFunction", "hello", "order"];

/// What only the template's repository has. As long as the first is there, the app is nobody's own.
const TEMPLATE: [&str; 6] = [
    "tests/template",
    "tests/stand-in/tests",
    ".ci",
    ".github/workflows/template.yml",
    ".github/dependabot.yml",
    "LICENSE",
];

/// Between these lines of Cargo.toml stands what only the template has.
const MARKERS: [&str; 2] = [
    "# Only the template's own repository has these.",
    "# End of the template's own.",
];

/// The README of the user's own app; `YOUR-APP` in its title stands for the name.
const README: &str = "tests/template/your-README.md";

/// Makes the app in the folder `root` the user's own, with the name `name`. Gives the lines to
/// show. Errors where git could not bring back what goes, and for a name that cargo does not take.
pub fn mine(root: &Path, name: &str) -> Result<Vec<String>, String> {
    let mut changes = Changes::default();
    let lock = changes.read(root, "Cargo.lock")?;
    check_name(name, &lock)?;
    let first = TEMPLATE[0];
    if !root.join(first).exists() {
        return Err(format!("it is your own app already: {first} is gone"));
    }
    let manifest = changes.read(root, "Cargo.toml")?;
    let own = of_ones_own(&manifest, name);
    let (manifest, old) = own.ok_or("Cargo.toml has no line name = \"...\" in [package]")?;
    let readme = changes.read(root, README)?.replacen("YOUR-APP", name, 1);
    changes.write("Cargo.lock", renamed_in_lock(&lock, &old, name)?);
    changes.write("README.md", readme);
    let (mut gone, mut samples) = (Vec::new(), Vec::new());
    for sample in SAMPLES {
        // A sample may have been removed by hand.
        if let Ok(removed) = remove::plan(root, sample, &mut changes) {
            gone.extend(removed.files);
            samples.push(sample);
        }
    }
    changes.write("Cargo.toml", manifest);
    // The first goes last: it says whether there is still something to do.
    let template = TEMPLATE.iter().rev().map(|path| (*path).to_owned());
    gone.extend(template.filter(|path| root.join(path).exists()));
    check_git(root, &gone)?;
    // They are moved, not deleted: a folder goes whole or stays. `make clean` deletes them.
    let kept = free(root, "target/template");
    for path in &gone {
        changes.rename(path, format!("{kept}/{path}"));
    }
    changes.apply(root, "git checkout . brings all of it back.")?;
    let samples = match samples[..] {
        [] => String::new(),
        _ => format!("the samples {} with their tests, ", samples.join(", ")),
    };
    Ok(vec![
        format!("The app is yours: its name is {name}, in Cargo.toml, Cargo.lock and README.md."),
        format!(
            "Gone: {samples}and what is about the template: {}, the license in Cargo.toml (you owe nothing), and the make \
             targets bench, e2e, fuzz and test-release.",
            TEMPLATE.join(", ")
        ),
        "Yours: the folders of your functions, src/functions, tests/functions, host.json, local.settings.json, Cargo.toml, \
         README.md, .gitignore, .vscode, .devcontainer and .github."
            .into(),
        "The template's, which a newer one replaces: all else in src, tests/stand-in, Makefile, docs, .funcignore and \
         .gitattributes."
            .into(),
        "The guide is docs/guide.md.".into(),
        "Nothing is committed: git status shows it all, git checkout . brings it back.".into(),
        "Next: make new NAME=ingest TRIGGER=queue, make test, git add -A && git commit.".into(),
    ])
}

/// Errors where Cargo could not have a package of this name in this workspace.
fn check_name(name: &str, lock: &str) -> Result<(), String> {
    // Cargo puts 17 characters behind it in the name of a folder.
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
    // Cargo takes - and _ for the same in names of crates.
    let line = format!("name = \"{name}\"").replace('_', "-");
    if lock.lines().any(|other| other.replace('_', "-") == line) {
        return Err(format!(
            "there is a package {name:?} in Cargo.lock already: choose another name"
        ));
    }
    Ok(())
}

/// Errors where git could not bring back the paths that go.
fn check_git(root: &Path, gone: &[String]) -> Result<(), String> {
    let git = |arguments: &[&str], paths: &[String]| {
        let mut git = Command::new("git");
        let git = git.args(arguments).arg("--").args(paths).current_dir(root);
        let output = git.output();
        let output = output.map_err(|error| format!("git does not start: {error}"))?;
        let (said, why) = (&output.stdout, &output.stderr);
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(said).trim().to_owned()),
            false => Err(String::from_utf8_lossy(why).trim().to_owned()),
        }
    };
    // A folder that is not in git itself may lie in one that is.
    if git(&["ls-files", "--error-unmatch"], &["Cargo.toml".into()]).is_err() {
        let commands = "    git init\n    git add -A\n    git commit -m \"The template\"";
        return Err(format!(
            "it is not in git, which could bring back what goes. These start it:\n{commands}"
        ));
    }
    if let Some(first) = git(&["status", "--porcelain"], &[".".into()])?
        .lines()
        .next()
    {
        return Err(format!(
            "there are changes that are not committed ({first}): commit them first"
        ));
    }
    let ignored = ["ls-files", "--others", "--ignored", "--exclude-standard"];
    let ignored = git(&ignored, gone)?;
    match ignored.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "git ignores files in folders that go, and could not bring them back. Move them away first:\n{ignored}"
        )),
    }
}

/// A Cargo.toml with this name of its package and without what is the template's, and the name that
/// it had.
fn of_ones_own(manifest: &str, name: &str) -> Option<(String, String)> {
    let (mut in_package, mut in_markers, mut old) = (false, false, None);
    let mut own = String::new();
    for line in manifest.lines() {
        if line == MARKERS[1] {
            in_markers = false;
            // The empty line above is enough.
            own.truncate(own.trim_end().len() + 1);
            continue;
        }
        in_markers |= line == MARKERS[0];
        if in_markers {
            continue;
        }
        if line.starts_with('[') {
            in_package = line.trim() == "[package]";
        }
        let (member, value) = line.split_once('=').unwrap_or((line, ""));
        match member.trim() {
            "name" if in_package => {
                old = Some(value.trim().trim_matches('"').to_owned());
                own += &format!("name = \"{name}\"\n");
            }
            "description" | "license" if in_package => {}
            _ => own += &format!("{line}\n"),
        }
    }
    Some((own, old?))
}

/// A Cargo.lock in which the package `old` has the name `name`, in the order that Cargo wants.
fn renamed_in_lock(lock: &str, old: &str, name: &str) -> Result<String, String> {
    // On Windows git may have given it other line ends, which cargo takes, too.
    let lock = lock.replace("\r\n", "\n");
    let (was, is) = (
        format!("name = \"{old}\"\n"),
        format!("name = \"{name}\"\n"),
    );
    let mut parts = lock.trim_end().split("\n\n[[package]]\n");
    let head = parts.next().unwrap_or_default();
    let mut packages: Vec<String> = parts.map(str::to_owned).collect();
    match packages
        .iter_mut()
        .find(|package| package.starts_with(&was))
    {
        Some(own) => *own = own.replacen(&was, &is, 1),
        None => {
            return Err(format!(
                "Cargo.lock has no package {old}: run cargo build, and commit it"
            ));
        }
    }
    packages.sort_by(|one, other| one.lines().next().cmp(&other.lines().next()));
    packages.insert(0, head.to_owned());
    Ok(packages.join("\n\n[[package]]\n") + "\n")
}
