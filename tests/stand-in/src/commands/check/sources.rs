//! The files of functions and of tests that no `mod` names.

use crate::app::description::Description;
use crate::app::finding::Finding;
use crate::app::{names, table};
use std::path::Path;

/// The folders, the file in each that names the others, and what becomes of one that is not named.
const FOLDERS: [(&str, &str, &str); 2] = [
    ("src/functions", "mod.rs", "it is not compiled"),
    ("tests/functions", "main.rs", "its tests never run"),
];

/// Finds files that are part of nothing.
pub fn check(app: &Description, findings: &mut Vec<Finding>) {
    for (folder, root, does) in FOLDERS {
        let folder_here = app.root.join(folder);
        let Ok(text) = std::fs::read_to_string(folder_here.join(root)) else {
            continue;
        };
        let named = table::modules(&text);
        let entries = folder_here.read_dir().into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if let Some(module) = module_of(&file)
                && name != root
                && !named.contains(&module)
            {
                let write = names::module(&module);
                findings.push(Finding::note(
                    format!("{folder}/{name}"),
                    format!(
                        "{folder}/{root} does not name it, so {does}: write mod {write}; there"
                    ),
                ));
            }
        }
    }
}

/// The module that a file or folder holds, if it is one of Rust.
fn module_of(path: &Path) -> Option<String> {
    let name = match path.is_dir() {
        true if path.join("mod.rs").is_file() => path.file_name(),
        false if path.extension().is_some_and(|end| end == "rs") => path.file_stem(),
        _ => None,
    };
    name?.to_str().map(str::to_owned)
}
