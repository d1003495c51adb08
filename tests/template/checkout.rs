//! A copy of this checkout with its own target folder, for tests that change files and build.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Copies the app and its tests. An earlier build stays.
const COPY: &str = r#"mkdir -p "$0" && find "$0" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} + &&
    cp -R src tests Cargo.toml Cargo.lock Makefile host.json local.settings.json "$0" &&
    for function in */function.json; do cp -R "${function%/*}" "$0" || exit; done"#;

pub fn copy(test: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let copied = shell(root, COPY).arg(&to).status();
    assert!(copied.expect("sh").success());
    to
}

/// A command as a user's terminal runs it: without the variables of `cargo test` and make.
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
