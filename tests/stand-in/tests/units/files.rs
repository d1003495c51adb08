//! For several tests: folders with files, and the captured messages and tables.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder that is removed on drop.
pub struct Folder(PathBuf);

impl Folder {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn folder(files: &[(&str, &str)]) -> Folder {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("units-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    Folder(folder)
}

/// A file of `tests/template`, such as `wire/host-timer.json`.
pub fn template(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../template")
        .join(path)
}

pub fn json(path: &str) -> Value {
    let text =
        std::fs::read_to_string(template(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
