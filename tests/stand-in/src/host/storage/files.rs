//! The folder for stored data: the app's `.local` for `make run`, a temporary one for each `App`.

use crate::host::storage::names::{self, BlobPath};
use std::collections::BTreeMap;
use std::fs::{self, DirEntry, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::UNIX_EPOCH;

/// Made with its first file. Errors name the file and the reason.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    temporary: bool,
}

/// A version of a file: size, time of change in nanoseconds, and on Unix the inode.
pub type Stamp = (u64, u64, u64);

#[derive(Default)]
pub struct Container {
    pub blobs: BTreeMap<BlobPath, Stamp>,
    pub folders: Vec<(PathBuf, Option<Stamp>)>,
}

/// A name for a temporary file or folder that nothing else has.
pub fn unique() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Relaxed);
    format!("stand-in-{}-{number}", std::process::id())
}

impl Folder {
    pub fn kept(path: PathBuf) -> Self {
        let temporary = false;
        Self { path, temporary }
    }

    pub fn temporary() -> Self {
        let path = std::env::temp_dir().join(unique() + ".local");
        // Left over from a killed process with the same number.
        let _ = fs::remove_dir_all(&path);
        let temporary = true;
        Self { path, temporary }
    }

    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path.join(path)
    }

    /// Writes under another name first, so that nobody reads half a file.
    pub fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), String> {
        let (file, folder) = (self.join(path), self.join("tmp"));
        let new = folder.join(unique());
        let name = file.display();
        if file.is_dir() {
            return Err(format!("{name}: it is a folder already"));
        }
        let write = || {
            file.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::create_dir_all(&folder)?;
            fs::write(&new, bytes)?;
            fs::rename(&new, &file)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&new);
            match error.kind() {
                ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                    format!("{name}: a folder in its path is a file already ({error})")
                }
                _ => format!("{name}: {error}"),
            }
        })
    }

    /// `None` if there is no file.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Option<Vec<u8>>, String> {
        let file = self.join(path);
        match file.is_dir() {
            true => Ok(None),
            false => present(fs::read(&file), &file),
        }
    }

    /// Deletes a blob, and folders that are then empty. Gives false if there was no blob.
    pub fn delete(&self, path: &BlobPath) -> Result<bool, String> {
        let file = self.join(path.file());
        if file.is_dir() || present(fs::remove_file(&file), &file)?.is_none() {
            return Ok(false);
        }
        // Stops at the first folder that is not empty. The container stays.
        let folders = path.name.matches('/').count();
        let mut parents = file.ancestors().skip(1).take(folders);
        parents.all(|parent| fs::remove_dir(parent).is_ok());
        Ok(true)
    }

    /// The sorted names of all containers.
    pub fn containers(&self) -> Result<Vec<String>, String> {
        let entries = entries(&self.join("blobs"))?.into_iter();
        let folders = entries.filter(|entry| entry.path().is_dir());
        let names = folders.filter_map(|folder| folder.file_name().into_string().ok());
        let mut names: Vec<String> = names
            .filter(|name| names::container(name).is_ok())
            .collect();
        names.sort();
        Ok(names)
    }

    /// The blobs and folders in a container, without names that are not UTF-8.
    pub fn container(&self, container: &str) -> Result<Container, String> {
        let mut held = Container::default();
        let mut next = vec![(self.join("blobs").join(container), String::new())];
        while let Some((folder, prefix)) = next.pop() {
            let changed = folder.metadata().ok().map(|data| stamp(&data));
            for entry in entries(&folder)? {
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let (container, name) = (container.to_owned(), format!("{prefix}{name}"));
                let blob = BlobPath { container, name };
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    next.push((entry.path(), blob.name + "/"));
                } else if let Some(stamp) = self.stamp_of(&blob) {
                    held.blobs.insert(blob, stamp);
                }
            }
            held.folders.push((folder, changed));
        }
        Ok(held)
    }

    /// `None` if there is no such blob.
    pub fn stamp_of(&self, blob: &BlobPath) -> Option<Stamp> {
        let data = self.join(blob.file()).metadata().ok();
        data.filter(Metadata::is_file).map(|data| stamp(&data))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed stays in the system's temporary folder.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

pub fn stamp(data: &Metadata) -> Stamp {
    let time = data.modified().ok();
    let time = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(data);
    #[cfg(not(unix))]
    let number = 0;
    let nanoseconds = time.map_or(0, |time| time.as_nanos() as u64);
    (data.len(), nanoseconds, number)
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>, String> {
    let listed: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
    Ok(present(listed, folder)?.unwrap_or_default())
}

/// `None` if the file, or a folder in its path, is missing.
fn present<T>(done: io::Result<T>, path: &Path) -> Result<Option<T>, String> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(None),
            _ => Err(format!("{}: {error}", path.display())),
        },
    }
}

/// Makes a file beyond `ulimit -f` a write error. By default the signal ends the process.
pub fn fail_at_limits() {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        const SIGXFSZ: i32 = 25;
        const SIG_IGN: usize = 1;
        unsafe extern "C" {
            fn signal(signal: i32, handler: usize) -> usize;
        }
        // SAFETY: `signal` is in the C library, which every program links here. Ignoring a signal
        // runs no code and touches no memory of this process.
        unsafe { signal(SIGXFSZ, SIG_IGN) };
    }
}
