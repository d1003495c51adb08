//! One command at a time: those that write hold a lock.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The lock, seen from the app's root. The system frees it when its process ends, however it ends.
pub const FILE: &str = "target/commands.lock";

/// Who holds the lock. A file of its own: on Windows nobody can read one that is locked.
const HOLDER: &str = "target/commands.holder";

/// How long a command tries to get the lock.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lock of the app in a folder, held until it is dropped.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock for a command. Errors with who holds it.
    pub fn take(root: &Path, command: &str) -> Result<Self, String> {
        let words = |error: io::Error| format!("{FILE}: {error}");
        fs::create_dir_all(root.join("target")).map_err(words)?;
        let mut options = File::options();
        let file = options.create(true).truncate(false).write(true);
        let file = file.open(root.join(FILE)).map_err(words)?;
        // A child that is just being started may hold a lock for a moment longer than its parent.
        let begun = Instant::now();
        let mut tried = file.try_lock();
        while matches!(tried, Err(TryLockError::WouldBlock)) && begun.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(20));
            tried = file.try_lock();
        }
        match tried {
            Ok(()) => {}
            // A disk that knows no locks: nothing can be held there.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(words(error)),
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(root.join(HOLDER));
                let holder = holder.unwrap_or_else(|_| "another command".into());
                return Err(format!(
                    "{holder} is at work in this folder: wait for its end"
                ));
            }
        }
        let holder = format!("make {command} (process {})", std::process::id());
        fs::write(root.join(HOLDER), holder).map_err(|error| format!("{HOLDER}: {error}"))?;
        Ok(Self { _file: file })
    }
}
