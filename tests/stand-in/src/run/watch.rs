//! Finds changes by looking at the app's few files again and again, which works everywhere.

use crate::app::tool;
use crate::commands::lock;
use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

const PAUSE: Duration = Duration::from_millis(100);

/// How long files must rest before a change counts as complete: editors save in several steps.
const SETTLED_AFTER: Duration = Duration::from_millis(30);

/// The app's files, with their times and lengths.
#[derive(Clone, Debug, PartialEq)]
pub struct Files(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

/// Leaves out names that begin with `.`, which commands and editors use for temporary files.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let shown = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    shown.map(|entry| entry.path())
}

impl Files {
    /// Leaves out unreadable files.
    pub fn of(root: &Path) -> Self {
        let names = ["src", "Cargo.toml", "host.json", "local.settings.json"];
        let mut paths = Vec::from(names.map(|name| root.join(name)));
        let of_function = ["function.json", tool::FILE];
        paths.extend(entries(root).flat_map(|folder| of_function.map(|name| folder.join(name))));
        let mut files = BTreeMap::new();
        while let Some(path) = paths.pop() {
            match std::fs::metadata(&path) {
                Ok(data) if data.is_dir() => paths.extend(entries(&path)),
                Ok(data) => drop(files.insert(path, (data.modified().ok(), data.len()))),
                Err(_) => {}
            }
        }
        Self(files)
    }

    /// Gives the first changed file when all files rest.
    pub fn wait_for_change(&mut self, root: &Path) -> PathBuf {
        loop {
            thread::sleep(PAUSE);
            let mut now = Self::of(root);
            let Some(changed) = self.difference(&now) else {
                continue;
            };
            loop {
                thread::sleep(SETTLED_AFTER);
                let (later, is_written) = (Self::of(root), is_locked(root));
                if later == now && !is_written {
                    break;
                }
                now = later;
            }
            *self = now;
            return changed.strip_prefix(root).unwrap_or(&changed).to_owned();
        }
    }

    /// The first file that is new, changed or removed.
    pub fn difference(&self, now: &Self) -> Option<PathBuf> {
        let is_other = |file: &&PathBuf| self.0.get(*file) != now.0.get(*file);
        now.0.keys().chain(self.0.keys()).find(is_other).cloned()
    }
}

/// Whether a command such as `make new` is writing the app's files.
fn is_locked(root: &Path) -> bool {
    let lock = std::fs::File::open(root.join(lock::FILE));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
