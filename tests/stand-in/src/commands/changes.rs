//! Changes of several files that are made all together or not at all.

use std::fs;
use std::path::{Path, PathBuf};

/// What is to be done in the app's folder; nothing is done before [`apply`](Self::apply).
#[derive(Default)]
pub struct Changes {
    written: Vec<(PathBuf, String)>,
    moved: Vec<(PathBuf, PathBuf)>,
    deleted: Vec<PathBuf>,
}

/// How to take back a step that has been taken.
enum Undo {
    Write(PathBuf, Vec<u8>),
    Delete(PathBuf),
    MoveBack(PathBuf, PathBuf),
}

impl Changes {
    /// Writes this text to a file, new or not. What an earlier call wrote is replaced.
    pub fn write(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) {
        let (path, text) = (path.into(), text.into());
        self.written.retain(|(earlier, _)| *earlier != path);
        self.written.push((path, text));
    }

    /// The text of a file as it will be.
    pub fn read(&self, root: &Path, path: &str) -> Result<String, String> {
        match self
            .written
            .iter()
            .find(|(written, _)| written == Path::new(path))
        {
            Some((_, text)) => Ok(text.clone()),
            None => fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}")),
        }
    }

    /// Moves a file or a folder.
    pub fn rename(&mut self, from: impl Into<PathBuf>, to: impl Into<PathBuf>) {
        self.moved.push((from.into(), to.into()));
    }

    /// Deletes a file or a folder, last of all.
    pub fn delete(&mut self, path: impl Into<PathBuf>) {
        self.deleted.push(path.into());
    }

    /// Makes the changes in `root`, where all paths begin that are not absolute. Should one fail,
    /// those before it are undone and the error says which it was.
    pub fn apply(self, root: &Path) -> Result<(), String> {
        let mut undo = Vec::new();
        let done = self.steps(root, &mut undo);
        if done.is_err() {
            for step in undo.into_iter().rev() {
                let undone = match step {
                    Undo::Write(path, bytes) => {
                        fs::write(&path, bytes).map_err(|error| (path, error))
                    }
                    Undo::Delete(path) if path.is_dir() => {
                        fs::remove_dir(&path).map_err(|error| (path, error))
                    }
                    Undo::Delete(path) => fs::remove_file(&path).map_err(|error| (path, error)),
                    Undo::MoveBack(from, to) => rename(&to, &from).map_err(|error| (from, error)),
                };
                if let Err((path, error)) = undone {
                    eprintln!("error: {} could not be put back: {error}", path.display());
                }
            }
        }
        done
    }

    fn steps(&self, root: &Path, undo: &mut Vec<Undo>) -> Result<(), String> {
        let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        for (from, to) in &self.moved {
            let (from, to) = (root.join(from), root.join(to));
            make_parents(&to, undo).map_err(|error| failed(&to, error))?;
            rename(&from, &to).map_err(|error| failed(&from, error))?;
            undo.push(Undo::MoveBack(from, to));
        }
        for (path, text) in &self.written {
            let path = root.join(path);
            make_parents(&path, undo).map_err(|error| failed(&path, error))?;
            match fs::read(&path) {
                Ok(bytes) => undo.push(Undo::Write(path.clone(), bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&path, error)),
            }
            let is_new = !path.exists();
            fs::write(&path, text).map_err(|error| failed(&path, error))?;
            if is_new {
                undo.push(Undo::Delete(path));
            }
        }
        // Nothing comes after these that could fail and would have to bring them back.
        for path in self.deleted.iter().map(|path| root.join(path)) {
            let deleted = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            deleted.map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }
}

/// Moves a file or a folder; `target` may be a disk of its own, which a plain rename does not
/// reach.
fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            copy(from, to)?;
            if from.is_dir() {
                fs::remove_dir_all(from)
            } else {
                fs::remove_file(from)
            }
        }
        done => done,
    }
}

/// Copies a file, or a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Makes the folders that a path lies in.
fn make_parents(path: &Path, undo: &mut Vec<Undo>) -> std::io::Result<()> {
    let Some(parent) = path.parent().filter(|parent| !parent.exists()) else {
        return Ok(());
    };
    make_parents(parent, undo)?;
    fs::create_dir(parent)?;
    undo.push(Undo::Delete(parent.to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("changes-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("old"), "old").unwrap();
        fs::write(folder.join("moved"), "moved").unwrap();
        folder
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut files: Vec<_> = folder
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        files
    }

    #[test]
    fn all_changes_are_made() {
        let root = folder("made");
        let mut changes = Changes::default();
        changes.write("old", "first");
        changes.write("old", "second");
        changes.write("new/deep/file", "text");
        changes.rename("moved", "away/there");
        assert_eq!(changes.read(&root, "old").unwrap(), "second");
        assert_eq!(changes.read(&root, "moved").unwrap(), "moved");
        changes.apply(&root).unwrap();
        assert_eq!(files(&root), ["away", "new", "old"]);
        assert_eq!(fs::read_to_string(root.join("old")).unwrap(), "second");
        assert_eq!(
            fs::read_to_string(root.join("new/deep/file")).unwrap(),
            "text"
        );
        assert_eq!(
            fs::read_to_string(root.join("away/there")).unwrap(),
            "moved"
        );
        let mut changes = Changes::default();
        changes.delete("new");
        changes.delete("old");
        changes.apply(&root).unwrap();
        assert_eq!(files(&root), ["away"]);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_folder_is_copied_with_all_that_is_in_it() {
        let root = folder("copied");
        fs::create_dir_all(root.join("from/deep")).unwrap();
        fs::write(root.join("from/deep/file"), "text").unwrap();
        copy(&root.join("from"), &root.join("to")).unwrap();
        assert_eq!(
            fs::read_to_string(root.join("to/deep/file")).unwrap(),
            "text"
        );
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_change_that_fails_undoes_those_before_it() {
        let root = folder("undone");
        let mut changes = Changes::default();
        changes.rename("moved", "away/there");
        changes.write("old", "new");
        changes.write("fresh/file", "text");
        // A file is no folder.
        changes.write("old/file", "text");
        changes.delete("old");
        let error = changes.apply(&root).unwrap_err();
        assert!(error.contains("file"), "{error}");
        assert_eq!(files(&root), ["moved", "old"]);
        assert_eq!(fs::read_to_string(root.join("old")).unwrap(), "old");
        fs::remove_dir_all(root).unwrap();
    }
}
