//! The files that make up an app, and whether one of them has changed. Looked at again and again:
//! it works everywhere, and they are few.

use crate::commands::lock;
use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// How long no file may change before the change counts as whole: editors save in several steps.
const SETTLED_AFTER: Duration = Duration::from_millis(30);

/// The files with their times and lengths.
#[derive(Clone, Debug, PartialEq)]
pub struct Files(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

impl Files {
    /// The files as they are now: all in `src` but those whose names begin with `.`, each folder's function.json, host.json,
    /// local.settings.json, Cargo.toml. What cannot be read is as good as not there.
    pub fn of(root: &Path) -> Self {
        let mut files = Self(BTreeMap::new());
        for name in ["host.json", "local.settings.json", "Cargo.toml"] {
            files.add(root.join(name));
        }
        for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
            files.add(entry.path().join("function.json"));
        }
        files.add_all(&root.join("src"));
        files
    }

    fn add(&mut self, file: PathBuf) {
        if let Ok(data) = std::fs::metadata(&file)
            && data.is_file()
        {
            self.0.insert(file, (data.modified().ok(), data.len()));
        }
    }

    fn add_all(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            // Commands and editors write such files before they give them their names.
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if entry.path().is_dir() {
                self.add_all(&entry.path())
            } else {
                self.add(entry.path())
            }
        }
    }

    /// Waits until a file is another, and then for those that change with it. Gives the first that
    /// changed.
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

    /// A file that is new, changed or gone.
    pub fn difference(&self, now: &Self) -> Option<PathBuf> {
        let is_other = |file: &&PathBuf| self.0.get(*file) != now.0.get(*file);
        now.0.keys().chain(self.0.keys()).find(is_other).cloned()
    }
}

/// Whether a command that writes the app's files is at work, `make new` for one.
fn is_locked(root: &Path) -> bool {
    let lock = std::fs::File::open(root.join(lock::FILE));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
