//! Blobs are files: `blobs/<container>/<name>` in the folder of the storage.

use crate::host::storage::files::{Folder, is_absent};
use crate::host::storage::names::{self, BlobPath};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What tells two versions of a blob apart: size, time of change in nanoseconds, and on Unix the
/// number of the file.
pub type Stamp = (u64, u64, u64);

fn file(path: &BlobPath) -> PathBuf {
    Path::new("blobs").join(path.file())
}

/// The bytes of a blob; `None` where it is not there. Errors where its file cannot be read.
pub fn read(folder: &Folder, path: &BlobPath) -> Result<Option<Vec<u8>>, String> {
    folder.read(file(path))
}

/// Writes a blob, and its container where it is not there. Errors where the file cannot be written,
/// or is a folder.
pub fn write(folder: &Folder, path: &BlobPath, bytes: &[u8]) -> Result<(), String> {
    folder.write(file(path), bytes)
}

/// Deletes a blob, and gives whether it was there. Folders that are empty then go, too: they would
/// hold no blob. Errors where its file cannot be deleted.
pub fn delete(folder: &Folder, path: &BlobPath) -> Result<bool, String> {
    let file = folder.join(file(path));
    match fs::remove_file(&file) {
        Ok(()) => {
            let container = folder.join("blobs").join(&path.container);
            let parents = file.ancestors().skip(1);
            let parents = parents.take_while(|parent| *parent != container);
            // It ends at the first that is not empty.
            let _ = parents.map(fs::remove_dir).find(Result::is_err);
            Ok(true)
        }
        Err(error) if is_absent(&error) || file.is_dir() => Ok(false),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

/// The containers, by name. Errors where they cannot be listed.
pub fn containers(folder: &Folder) -> Result<Vec<String>, String> {
    let blobs = folder.join("blobs");
    let mut containers: Vec<String> = entries(&blobs)?
        .into_iter()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| names::container(name).is_ok())
        .collect();
    containers.sort();
    Ok(containers)
}

/// A file in a container.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The blob's name.
    pub name: String,
    pub stamp: Stamp,
}

/// The blobs of a container, by name, and the folders that hold them. Files whose names are not
/// UTF-8 are left out. Errors where a folder cannot be read.
pub fn list(folder: &Folder, container: &str) -> Result<(Vec<Found>, Vec<PathBuf>), String> {
    let root = folder.join("blobs").join(container);
    let (mut found, mut folders, mut next) = (Vec::new(), Vec::new(), vec![(root, String::new())]);
    while let Some((folder, prefix)) = next.pop() {
        for entry in entries(&folder)? {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let name = format!("{prefix}{name}");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => next.push((entry.path(), name + "/")),
                // A file that has gone meanwhile is left out.
                _ => found.extend(
                    entry
                        .path()
                        .metadata()
                        .ok()
                        .filter(fs::Metadata::is_file)
                        .map(|data| Found {
                            name,
                            stamp: stamp(&data),
                        }),
                ),
            }
        }
        folders.push(folder);
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((found, folders))
}

/// The stamp of a blob's file; `None` where it is not there.
pub fn stamp_of(folder: &Folder, path: &BlobPath) -> Option<Stamp> {
    let data = folder.join(file(path)).metadata().ok()?;
    data.is_file().then(|| stamp(&data))
}

/// When a folder changed, in nanoseconds: a file was added or removed.
pub fn changed(folder: &Path) -> Option<u64> {
    folder.metadata().ok().map(|data| stamp(&data).1)
}

fn stamp(data: &fs::Metadata) -> Stamp {
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(data);
    #[cfg(not(unix))]
    let number = 0;
    let time = data.modified().ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    (
        data.len(),
        since.map_or(0, |since| since.as_nanos() as u64),
        number,
    )
}

fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, String> {
    let listed: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
    match listed {
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        listed => listed.map_err(|error| format!("{}: {error}", folder.display())),
    }
}
