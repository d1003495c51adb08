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

/// Deletes a blob, and gives whether it was there. Folders that are empty then go, too: they would
/// hold no blob. Errors where its file cannot be deleted.
pub fn delete(folder: &Folder, path: &BlobPath) -> Result<bool, String> {
    let file = folder.join(path.file());
    match fs::remove_file(&file) {
        Ok(()) => {
            // It ends at the first that is not empty. The container stays.
            let folders = path.name.matches('/').count();
            let mut parents = file.ancestors().skip(1).take(folders);
            parents.all(|parent| fs::remove_dir(parent).is_ok());
            Ok(true)
        }
        Err(error) if is_absent(&error) || file.is_dir() => Ok(false),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

/// The containers, by name. Errors where they cannot be listed.
pub fn containers(folder: &Folder) -> Result<Vec<String>, String> {
    let mut containers = Vec::new();
    for entry in entries(&folder.join("blobs"))? {
        if let Ok(name) = entry.file_name().into_string()
            && entry.path().is_dir()
            && names::container(&name).is_ok()
        {
            containers.push(name);
        }
    }
    containers.sort();
    Ok(containers)
}

/// The name of a blob, and the stamp of its file.
type Found = (String, Stamp);

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
            let (path, name) = (entry.path(), format!("{prefix}{name}"));
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                next.push((path, name + "/"));
            } else if let Some(stamp) = stamp(&path) {
                // One that has gone meanwhile is left out.
                found.push((name, stamp));
            }
        }
        folders.push(folder);
    }
    found.sort();
    Ok((found, folders))
}

/// The stamp of a blob's file; `None` where it is not there.
pub fn stamp_of(folder: &Folder, path: &BlobPath) -> Option<Stamp> {
    stamp(&folder.join(path.file()))
}

fn stamp(file: &Path) -> Option<Stamp> {
    let data = file.metadata().ok().filter(fs::Metadata::is_file)?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&data);
    #[cfg(not(unix))]
    let number = 0;
    Some((data.len(), nanoseconds(&data), number))
}

/// When a folder changed, in nanoseconds: a file was added or removed.
pub fn changed(folder: &Path) -> Option<u64> {
    folder.metadata().ok().map(|data| nanoseconds(&data))
}

fn nanoseconds(data: &fs::Metadata) -> u64 {
    let time = data.modified().ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as u64)
}

fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, String> {
    let listed: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
    match listed {
        Err(error) if is_absent(&error) => Ok(Vec::new()),
        listed => listed.map_err(|error| format!("{}: {error}", folder.display())),
    }
}
