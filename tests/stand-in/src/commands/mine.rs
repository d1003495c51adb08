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
    if !root.join(TEMPLATE[0]).exists() {
        return Err(format!(
            "it is your own app already: {} is gone",
            TEMPLATE[0]
        ));
    }
    let manifest = changes.read(root, "Cargo.toml")?;
    let (manifest, old) =
        of_ones_own(&manifest, name).ok_or("Cargo.toml has no line name = \"...\" in [package]")?;
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
    let is_name = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    // Cargo puts 17 characters behind it in the name of a folder.
    const LONGEST: usize = 238;
    match name {
        "" => Err("say its name: make mine NAME=my-app".into()),
        _ if !is_name => Err(format!(
            "{name:?} is not a name for a package: write a letter, then letters, digits, _ and -"
        )),
        _ if name.len() > LONGEST => Err(format!(
            "the name has {} characters, and cargo takes at most {LONGEST}",
            name.len()
        )),
        // Cargo takes - and _ for the same in names of crates.
        _ if lock.lines().any(|line| {
            line.replace('_', "-") == format!("name = \"{}\"", name.replace('_', "-"))
        }) =>
        {
            Err(format!(
                "there is a package {name:?} in Cargo.lock already: choose another name"
            ))
        }
        _ => Ok(()),
    }
}

/// Errors where git could not bring back the paths that go.
fn check_git(root: &Path, gone: &[String]) -> Result<(), String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .output()
            .map_err(|error| format!("git does not start: {error}"))?;
        let (said, why) = (&output.stdout, &output.stderr);
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(said).into_owned()),
            false => Err(String::from_utf8_lossy(why).trim().to_owned()),
        }
    };
    // A folder that is not in git itself may lie in one that is.
    if git(&["ls-files", "--error-unmatch", "Cargo.toml"]).is_err() {
        let commands = "    git init\n    git add -A\n    git commit -m \"The template\"";
        return Err(format!(
            "it is not in git, which could bring back what goes. These start it:\n{commands}"
        ));
    }
    if let Some(first) = git(&["status", "--porcelain", "--", "."])?.lines().next() {
        return Err(format!(
            "there are changes that are not committed ({}): commit them first",
            first.trim()
        ));
    }
    let mut ignored = vec![
        "ls-files",
        "--others",
        "--ignored",
        "--exclude-standard",
        "--",
    ];
    ignored.extend(gone.iter().map(String::as_str));
    let ignored = git(&ignored)?;
    match ignored.lines().next() {
        None => Ok(()),
        Some(_) => Err(format!(
            "git ignores files in folders that go, and could not bring them back. Move them away first:\n{}",
            ignored.trim_end()
        )),
    }
}

/// A Cargo.toml with this name of its package and without what is the template's, and the name that
/// it had.
fn of_ones_own(manifest: &str, name: &str) -> Option<(String, String)> {
    let (mut in_package, mut in_markers, mut old) = (false, false, None);
    let mut lines = Vec::new();
    for line in manifest.lines() {
        if line == MARKERS[0] {
            in_markers = true;
        } else if line == MARKERS[1] {
            in_markers = false;
            // The empty line above is enough.
            if lines.last() == Some(&String::new()) {
                lines.pop();
            }
            continue;
        }
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
                lines.push(format!("name = \"{name}\""));
            }
            "description" | "license" if in_package => {}
            _ => lines.push(line.to_owned()),
        }
    }
    Some((lines.join("\n") + "\n", old?))
}

/// A Cargo.lock in which the package `old` has the name `name`, in the order that Cargo wants.
fn renamed_in_lock(lock: &str, old: &str, name: &str) -> Result<String, String> {
    // On Windows git may have given it other line ends, which cargo takes, too.
    let lock = lock.replace("\r\n", "\n");
    let mut parts = lock.split("[[package]]\n");
    let head = parts.next().unwrap_or_default();
    let mut packages: Vec<String> = parts.map(|package| package.trim_end().to_owned()).collect();
    let line = format!("name = \"{old}\"\n");
    let own = packages
        .iter_mut()
        .find(|package| package.starts_with(&line));
    let own = own.ok_or_else(|| {
        format!("Cargo.lock has no package {old}: run cargo build, and commit it")
    })?;
    *own = own.replacen(&line, &format!("name = \"{name}\"\n"), 1);
    packages.sort_by(|a, b| a.lines().next().cmp(&b.lines().next()));
    Ok(format!(
        "{head}[[package]]\n{}\n",
        packages.join("\n\n[[package]]\n")
    ))
}
