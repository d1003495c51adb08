//! Changes several files: whatever can fail is done under temporary names first.

use std::fs::{self, File, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Nothing is done before [`apply`](Self::apply).
pub struct Changes {
    root: PathBuf,
    written: Vec<(String, String)>,
    moved: Vec<(String, String)>,
}

impl Changes {
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            written: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// Plans the text of a file, in place of one that was planned before.
    pub fn write(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let (path, text) = (path.into(), text.into());
        self.written.retain(|(earlier, _)| *earlier != path);
        self.written.push((path, text));
    }

    /// Plans to change the text of a file, or nothing if the text stays the same.
    pub fn edit(&mut self, path: &str, change: impl FnOnce(&str) -> String) -> Result<(), String> {
        let before = self.read(path)?;
        let after = change(&before);
        if after != before {
            self.write(path, after);
        }
        Ok(())
    }

    /// The text of a file: the planned one, or else what the file holds.
    pub fn read(&self, path: &str) -> Result<String, String> {
        match self.written.iter().find(|(written, _)| written == path) {
            Some((_, text)) => Ok(text.clone()),
            None => fs::read_to_string(self.root.join(path)).map_err(of(path)),
        }
    }

    pub fn written(&self) -> Vec<&str> {
        self.written.iter().map(|(path, _)| path.as_str()).collect()
    }

    /// Plans to move a file or a folder, once all files are written.
    pub fn rename(&mut self, from: impl Into<String>, to: impl Into<String>) {
        self.moved.push((from.into(), to.into()));
    }

    /// Plans to move the paths into a new folder, `<folder>-1` for one. Gives its name.
    pub fn put_away(&mut self, folder: &str, paths: &[String]) -> String {
        let folders = (1_u64..).map(|number| format!("{folder}-{number}"));
        let mut free = folders.skip_while(|folder| self.root.join(folder).exists());
        let folder = free.next().unwrap_or_default();
        for path in paths {
            self.rename(path, format!("{folder}/{path}"));
        }
        folder
    }

    /// Makes the changes in two parts. An error of the first, such as a full disk, changes nothing.
    /// In the second, files only get their names; an error there says what was done before, and
    /// `way_back`.
    pub fn apply(self, way_back: &str) -> Result<(), String> {
        let mut staged = Staged::default();
        let (mut steps, mut done) = (Vec::new(), Vec::new());
        for (path, text) in &self.written {
            let step = staged
                .write(&self.root.join(path), text)
                .map_err(of(path))?;
            steps.push((step, path, format!("{path} is written")));
        }
        for (from, to) in &self.moved {
            let step = staged.rename(&self.root.join(from), &self.root.join(to));
            steps.push((step.map_err(of(from))?, from, format!("{from} is {to}")));
        }
        for ((from, to, copied), path, words) in steps {
            let taken = to.parent().map_or(Ok(()), fs::create_dir_all);
            let taken = taken.and_then(|()| fs::rename(from, to));
            let taken = taken.and_then(|()| copied.map_or(Ok(()), |path| delete(&path)));
            taken
                .map_err(of(path))
                .map_err(|why| match done.join(", ") {
                    none if none.is_empty() => why,
                    done => format!("{why}\nBefore that, this was done: {done}. {way_back}"),
                })?;
            done.push(words);
        }
        Ok(())
    }
}

fn of(path: &str) -> impl Fn(io::Error) -> String {
    move |error| format!("{path}: {error}")
}

/// What is renamed, the new name, and what is deleted because it was copied to another disk.
type Step = (PathBuf, PathBuf, Option<PathBuf>);

/// Dropping it deletes files that still have temporary names.
#[derive(Default)]
struct Staged(Vec<PathBuf>);

impl Drop for Staged {
    fn drop(&mut self) {
        // It may have its name by now.
        self.0.iter().for_each(|path| drop(delete(path)));
    }
}

impl Staged {
    /// A temporary name in the file's folder, or in the first existing one above it.
    fn name(&mut self, path: &Path) -> io::Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        // Short, because the path itself may be as long as a name can be.
        let name = format!(".unfinished-{:x}", hasher.finish());
        let folders = path.ancestors().skip(1);
        let names: Vec<PathBuf> = folders.map(|folder| folder.join(&name)).collect();
        // A killed command may have left one.
        for left in names.iter().filter(|name| name.exists()) {
            delete(left)?;
        }
        let is_folder = |name: &PathBuf| name.parent().is_some_and(Path::exists);
        let name = names.into_iter().find(is_folder);
        let name = name.ok_or(ErrorKind::NotFound)?;
        self.0.push(name.clone());
        Ok(name)
    }

    fn write(&mut self, path: &Path, text: &str) -> io::Result<Step> {
        // A link stays a link, and its target is written.
        let to = path.canonicalize().unwrap_or(path.to_owned());
        let permissions = to.metadata().ok().map(|file| file.permissions());
        if permissions.as_ref().is_some_and(Permissions::readonly) {
            return Err(io::Error::other("it is read-only"));
        }
        let from = self.name(&to)?;
        let mut file = File::create(&from)?;
        file.write_all(text.as_bytes())?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        Ok((from, to, None))
    }

    /// Tries the move with an empty file, or copies to another disk.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<Step> {
        from.symlink_metadata()?;
        let (probe, probe_to) = (self.name(from)?, self.name(to)?);
        File::create(&probe)?;
        let (from, to) = (from.to_owned(), to.to_owned());
        match fs::rename(&probe, &probe_to) {
            Ok(()) => Ok((from, to, None)),
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                copy(&from, &probe_to)?;
                Ok((probe_to, to, Some(from)))
            }
            Err(error) => Err(error),
        }
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir(to)?;
    for entry in from.read_dir()? {
        let name = entry?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

fn delete(path: &Path) -> io::Result<()> {
    match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}
