//! Changes of several files: all that can fail is tried under other names first, then the files
//! take their places.

use std::fs::{self, File, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What is to be done in the app's folder; nothing is done before [`apply`](Self::apply).
#[derive(Default)]
pub struct Changes {
    written: Vec<(String, String)>,
    moved: Vec<(String, String)>,
}

impl Changes {
    /// Writes this text to a file, new or not, after all others; an earlier text is replaced.
    pub fn write(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let (path, text) = (path.into(), text.into());
        self.written.retain(|(earlier, _)| *earlier != path);
        self.written.push((path, text));
    }

    /// Writes what `change` makes of a file's text, if it is another text.
    pub fn edit(
        &mut self,
        root: &Path,
        path: &str,
        change: impl FnOnce(&str) -> String,
    ) -> Result<(), String> {
        let before = self.read(root, path)?;
        let after = change(&before);
        if after != before {
            self.write(path, after);
        }
        Ok(())
    }

    /// The text of a file as it will be.
    pub fn read(&self, root: &Path, path: &str) -> Result<String, String> {
        match self.written.iter().find(|(written, _)| written == path) {
            Some((_, text)) => Ok(text.clone()),
            None => fs::read_to_string(root.join(path)).map_err(of(path)),
        }
    }

    /// The files that are written, in their order.
    pub fn written(&self) -> Vec<&str> {
        self.written.iter().map(|(path, _)| path.as_str()).collect()
    }

    /// Moves a file or a folder, once all files are written.
    pub fn rename(&mut self, from: impl Into<String>, to: impl Into<String>) {
        self.moved.push((from.into(), to.into()));
    }

    /// Makes the changes in the folder `root`. An error in the first part, where a full disk or a
    /// folder that cannot be written shows, has changed nothing. In the second part files only get
    /// their names; an error there says what was done before, and `way_back`.
    pub fn apply(self, root: &Path, way_back: &str) -> Result<(), String> {
        let mut staged = Staged::default();
        let (mut steps, mut done) = (Vec::new(), Vec::new());
        for (path, text) in &self.written {
            let step = staged.write(&root.join(path), text).map_err(of(path))?;
            steps.push((step, path, format!("{path} is written")));
        }
        for (from, to) in &self.moved {
            let step = staged.rename(&root.join(from), &root.join(to));
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

/// Words for an error with this file.
fn of(path: &str) -> impl Fn(io::Error) -> String {
    move |error| format!("{path}: {error}")
}

/// The second part of a change: what is renamed, and to what, and what is deleted then, because it
/// has been copied to another disk.
type Step = (PathBuf, PathBuf, Option<PathBuf>);

/// What the first part of a change has made, all under names of its own: dropping it deletes what
/// has not got its name.
#[derive(Default)]
struct Staged(Vec<PathBuf>);

impl Drop for Staged {
    fn drop(&mut self) {
        // It may have its name by now.
        self.0.iter().for_each(|path| drop(delete(path)));
    }
}

impl Staged {
    /// A name under which a file is made first, in the folder that will hold it, or in the first
    /// above it that is there.
    fn name(&mut self, path: &Path) -> io::Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        // Short, since the path itself may be as long as a name can be.
        let name = format!(".unfinished-{:x}", hasher.finish());
        let folders = path.ancestors().skip(1);
        let names: Vec<PathBuf> = folders.map(|folder| folder.join(&name)).collect();
        // A command that was killed may have left one, also before a folder was there.
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
        // A link stays one: what it names is written.
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

    /// Tries with an empty file whether `from` can be moved to `to`, and copies it where `to` is on
    /// another disk.
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

/// Copies a file, or a folder with all that is in it.
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

/// Deletes a file, or a folder with all that is in it.
fn delete(path: &Path) -> io::Result<()> {
    match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}
