//! A copy of this checkout with a target folder of its own, for tests that change files and build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A copy of what makes up the app and its tests, in the test's own folder. What was built there
/// before stays.
pub fn copy(test: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    for entry in fs::read_dir(&to).into_iter().flatten().flatten() {
        match entry.path() {
            path if entry.file_name() == "target" => drop(path),
            path if path.is_dir() => fs::remove_dir_all(path).unwrap(),
            path => fs::remove_file(path).unwrap(),
        }
    }
    let is_function = |name: &String| root.join(name).join("function.json").is_file();
    let entries = fs::read_dir(root).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others = ["src", "tests"].map(str::to_owned);
    for name in names.filter(is_function).chain(others) {
        copy_folder(&root.join(&name), &to.join(&name));
    }
    for name in "Cargo.toml Cargo.lock Makefile host.json local.settings.json".split(' ') {
        fs::copy(root.join(name), to.join(name)).unwrap();
    }
    to
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        match path.is_dir() {
            true => copy_folder(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

/// A command as a user's terminal runs it: without what `cargo test` and make have set for this
/// process.
pub fn shell(folder: &Path, command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(folder)
        .stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let mut prefixes = ["CARGO", "MAKE", "MFLAGS", "HANDLER"].iter();
        if text != "CARGO_HOME" && prefixes.any(|prefix| text.starts_with(prefix)) {
            shell.env_remove(name);
        }
    }
    shell
}
