//! Changes of several files: all that can fail is tried under other names first, then the files
//! take their places.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
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
            None => fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}")),
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
    /// other names; an error there says what was done before, and `way_back`.
    pub fn apply(self, root: &Path, way_back: &str) -> Result<(), String> {
        let mut staged = Staged::default();
        let (mut steps, mut done) = (Vec::new(), Vec::new());
        for (path, text) in &self.written {
            let step = staged.write(&root.join(path), text);
            let step = step.map_err(|error| format!("{path}: {error}"))?;
            steps.push((step, path, format!("{path} is written")));
        }
        for (from, to) in &self.moved {
            let step = staged.rename(&root.join(from), &root.join(to));
            let step = step.map_err(|error| format!("{from}: {error}"))?;
            steps.push((step, from, format!("{from} is {to}")));
        }
        // A copy on another disk may soon be the only one.
        staged.0.retain(|path| is_unfinished(path));
        for ((from, to), path, words) in steps {
            let taken = match to {
                Some(to) => fs::rename(from, to),
                None if from.is_dir() => fs::remove_dir_all(from),
                None => fs::remove_file(from),
            };
            taken.map_err(|error| match done.join(", ") {
                none if none.is_empty() => format!("{path}: {error}"),
                done => format!("{path}: {error}\nBefore that, this was done: {done}. {way_back}"),
            })?;
            done.push(words);
        }
        Ok(())
    }
}

/// What the second part of a change renames, and to what; `None` if it deletes what is on another
/// disk by now.
type Step = (PathBuf, Option<PathBuf>);

/// What the first part of a change leaves behind: dropping it removes what has not been renamed,
/// and the folders that are empty.
#[derive(Default)]
struct Staged(Vec<PathBuf>);

impl Drop for Staged {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // It may have got its own name by now, and a folder may be in use.
            let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
        }
    }
}

impl Staged {
    /// Writes the text beside `path`, under a name that the change of the same file reuses.
    fn write(&mut self, path: &Path, text: &str) -> io::Result<Step> {
        self.make_parents(path)?;
        // A link stays one: what it names is written.
        let path = path.canonicalize().unwrap_or(path.to_owned());
        let permissions = path.metadata().ok().map(|file| file.permissions());
        if permissions.as_ref().is_some_and(Permissions::readonly) {
            return Err(io::Error::other("it is read-only"));
        }
        let beside = beside(&path);
        self.0.push(beside.clone());
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        Ok((beside, Some(path)))
    }

    /// Tries with an empty file whether `from` can be moved to `to`, and copies it where `to` is on
    /// another disk.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<Step> {
        self.make_parents(to)?;
        let (probe, probe_to) = (beside(from), beside(to));
        self.0.extend([probe.clone(), probe_to.clone()]);
        File::create(&probe)?;
        match fs::rename(&probe, &probe_to) {
            Ok(()) => Ok((from.to_owned(), Some(to.to_owned()))),
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                self.copy(from, to)?;
                Ok((from.to_owned(), None))
            }
            Err(error) => Err(error),
        }
    }

    /// Copies a file, or a folder with all that is in it.
    fn copy(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.push(to.to_owned());
        if !from.is_dir() {
            return fs::copy(from, to).map(|_| ());
        }
        fs::create_dir(to)?;
        for entry in from.read_dir()? {
            let name = entry?.file_name();
            self.copy(&from.join(&name), &to.join(&name))?;
        }
        Ok(())
    }

    /// Makes the folders that a path lies in.
    fn make_parents(&mut self, path: &Path) -> io::Result<()> {
        let Some(parent) = path.parent().filter(|parent| !parent.exists()) else {
            return Ok(());
        };
        self.make_parents(parent)?;
        self.0.push(parent.to_owned());
        fs::create_dir(parent)
    }
}

/// The beginning of the names under which files are written first.
const UNFINISHED: &str = ".unfinished-";

/// The name under which a file is written first.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(UNFINISHED);
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// Whether a command that was ended in the middle has left this file behind.
pub fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with(UNFINISHED)
}
