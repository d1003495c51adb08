//! `make mine`: turns a fresh clone of the template into the user's own app.

use crate::commands::changes::Changes;
use crate::commands::remove;
use std::path::Path;
use std::process::Command;

/// The functions that come with the template.
const SAMPLES: [&str; 3] = ["MyQueueFunction", "hello", "order"];

/// What is only about the template. The first is there as long as the app is nobody's own.
const TEMPLATE: [&str; 2] = ["tests/template", ".github/workflows/template.yml"];

/// The README of the user's own app; `YOUR-APP` in its title stands for the name.
const README: &str = "tests/template/your-README.md";

/// Makes the app in the folder `root` the user's own, with the name `name`. Gives the lines to
/// show. On an error nothing is changed.
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
    check_git(root)?;
    let manifest = changes.read(root, "Cargo.toml")?;
    let (manifest, old) =
        renamed(&manifest, name).ok_or("Cargo.toml has no line name = \"...\" in [package]")?;
    changes.write("Cargo.toml", manifest);
    changes.write("Cargo.lock", renamed_in_lock(&lock, &old, name)?);
    changes.write(
        "README.md",
        changes.read(root, README)?.replacen("YOUR-APP", name, 1),
    );
    let mut gone = Vec::new();
    for sample in SAMPLES {
        // Whoever has removed one by hand has no need of this.
        if let Ok(removed) = remove::plan(root, sample, &mut changes) {
            removed.files.iter().for_each(|file| changes.delete(file));
            gone.push(sample);
        }
    }
    TEMPLATE
        .iter()
        .filter(|path| root.join(path).exists())
        .for_each(|path| changes.delete(path));
    changes.apply(root)?;
    let mut lines = vec![format!(
        "The app is yours: its name is {name}, in Cargo.toml, Cargo.lock and README.md."
    )];
    if !gone.is_empty() {
        lines.push(format!(
            "The samples {} are gone, with their tests.",
            gone.join(", ")
        ));
    }
    lines.push(format!(
        "{} is gone: it was about the template. LICENSE is still the template's.",
        TEMPLATE[0]
    ));
    lines.push(
        "Nothing is committed: git status shows it all, git checkout . brings it back.".into(),
    );
    lines.push(
        "Next: make new NAME=ingest TRIGGER=queue, make test, git add -A && git commit.".into(),
    );
    Ok(lines)
}

/// Errors where Cargo could not have a package of this name in this workspace.
fn check_name(name: &str, lock: &str) -> Result<(), String> {
    let is_name = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    match (name.is_empty(), is_name) {
        (true, _) => Err("say how it is called: make mine NAME=my-app".into()),
        (_, false) => Err(format!(
            "{name:?} is no name of a package: a letter, then letters, digits, _ and - make one"
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

/// Errors where git could not bring back what goes.
fn check_git(root: &Path) -> Result<(), String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .output();
        output.map_err(|error| format!("git does not start: {error}"))
    };
    // A folder that is not in git itself may lie in one that is.
    if !git(&["ls-files", "--error-unmatch", "Cargo.toml"])?
        .status
        .success()
    {
        let commands = "    git init\n    git add -A\n    git commit -m \"The template\"";
        return Err(format!(
            "it is not in git, which could bring back what goes. These start it:\n{commands}"
        ));
    }
    let status = git(&["status", "--porcelain", "--", "."])?;
    let changed = String::from_utf8_lossy(&status.stdout);
    match (status.status.success(), changed.lines().next()) {
        (true, None) => Ok(()),
        (true, Some(first)) => Err(format!(
            "there are changes that are not committed ({}): commit them first",
            first.trim()
        )),
        (false, _) => Err(format!(
            "git status: {}",
            String::from_utf8_lossy(&status.stderr).trim()
        )),
    }
}

/// A Cargo.toml with this name of its package and without its description, and the name that it
/// had.
fn renamed(manifest: &str, name: &str) -> Option<(String, String)> {
    let (mut in_package, mut old) = (false, None);
    let mut text = String::new();
    for line in manifest.split_inclusive('\n') {
        if line.starts_with('[') {
            in_package = line.trim() == "[package]";
        }
        let (member, value) = line.split_once('=').unwrap_or((line, ""));
        match member.trim() {
            "name" if in_package => {
                old = Some(value.trim().trim_matches('"').to_owned());
                text += &format!("name = \"{name}\"\n");
            }
            "description" if in_package => {}
            _ => text += line,
        }
    }
    Some((text, old?))
}

/// A Cargo.lock in which the package `old` is called `name`, in the order that Cargo wants.
fn renamed_in_lock(lock: &str, old: &str, name: &str) -> Result<String, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "# By Cargo.\nversion = 4\n\n[[package]]\nname = \"azure\"\nversion = \"1\"\n\n[[package]]\n\
                        name = \"serde\"\nversion = \"1\"\ndependencies = [\n \"serde_core\",\n]\n";

    #[test]
    fn the_package_is_renamed_and_nothing_else() {
        let manifest = "[package]\nname = \"azure\"\ndescription = \"a\"\nedition = \"2024\"\n\n[lib]\nname = \"app\"\n";
        let expected = "[package]\nname = \"mine\"\nedition = \"2024\"\n\n[lib]\nname = \"app\"\n";
        assert_eq!(
            renamed(manifest, "mine"),
            Some((expected.into(), "azure".into()))
        );
        assert_eq!(renamed("[lib]\nname = \"app\"\n", "mine"), None);
    }

    #[test]
    fn the_lock_stays_in_order() {
        assert_eq!(
            renamed_in_lock(LOCK, "azure", "before").unwrap(),
            LOCK.replace("azure", "before")
        );
        let last = renamed_in_lock(LOCK, "azure", "zoo").unwrap();
        assert!(
            last.starts_with("# By Cargo.\nversion = 4\n\n[[package]]\nname = \"serde\"\n"),
            "{last}"
        );
        assert!(
            last.ends_with(" \"serde_core\",\n]\n\n[[package]]\nname = \"zoo\"\nversion = \"1\"\n"),
            "{last}"
        );
        assert!(renamed_in_lock(LOCK, "other", "mine").is_err());
    }

    #[test]
    fn what_cargo_does_not_take_is_refused() {
        for name in ["my-app", "a", "App_2", "handler", "app", "test"] {
            assert_eq!(check_name(name, LOCK), Ok(()), "{name}");
        }
        for name in [
            "", "1a", "-a", "a b", "a.b", "ä", "serde", "Serde ", "azure",
        ] {
            assert!(check_name(name, LOCK).is_err(), "{name}");
        }
    }
}
