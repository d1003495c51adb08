//! The folder that holds what is stored: `.local` of the app for `make run`, one of its own for
//! each `App`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A folder, which comes into being with the first file that is written.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Whether it goes when this is dropped.
    temporary: bool,
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Folder {
    /// One that stays.
    pub fn kept(path: PathBuf) -> Self {
        let temporary = false;
        Self { path, temporary }
    }

    /// An empty one in the system's folder for temporary files.
    pub fn temporary() -> Self {
        let (process, number) = (std::process::id(), COUNT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(format!("stand-in-{process}-{number}.local"));
        // Of a process that had the same number, and was killed.
        let _ = fs::remove_dir_all(&path);
        let temporary = true;
        Self { path, temporary }
    }

    /// A file or folder in it.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path.join(path)
    }

    /// Writes a file so that nobody sees half of it: under another name first. The error names the
    /// file and the reason.
    pub fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), String> {
        let (file, folder) = (self.join(path), self.join("tmp"));
        let number = COUNT.fetch_add(1, Relaxed);
        let new = folder.join(format!("{}-{number}", std::process::id()));
        let name = file.display();
        if file.is_dir() {
            return Err(format!("{name}: it is a folder already"));
        }
        let made = file.parent().map_or(Ok(()), fs::create_dir_all);
        let written = made
            .and_then(|()| fs::create_dir_all(&folder))
            .and_then(|()| fs::write(&new, bytes))
            .and_then(|()| fs::rename(&new, &file));
        written.map_err(|error| {
            // What cannot be removed was not written, or cannot be helped.
            let _ = fs::remove_file(&new);
            match error.kind() {
                ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                    format!("{name}: a folder in its path is a file already ({error})")
                }
                _ => format!("{name}: {error}"),
            }
        })
    }

    /// What a file holds; `None` where it is not there. The error names the file and the reason.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Option<Vec<u8>>, String> {
        let file = self.join(path);
        match fs::read(&file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) || file.is_dir() => Ok(None),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What is left behind lies in the system's folder for temporary files.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes it an error of the writing if a file grows beyond what `ulimit -f` allows. Else it ends the
/// process.
pub fn fail_at_limits() {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        const SIGXFSZ: i32 = 25;
        const SIG_IGN: usize = 1;
        unsafe extern "C" {
            fn signal(signal: i32, handler: usize) -> usize;
        }
        // SAFETY: this is `signal` of the C library, which every program is linked with here. To
        // ignore a signal runs no code, and touches no memory of this process.
        unsafe { signal(SIGXFSZ, SIG_IGN) };
    }
}

/// Whether an error says that a file is not there, or a folder in its path is not.
pub fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
