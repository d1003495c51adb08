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

/// Takes the lock of the app in the folder `root` for a command; dropping the file frees it. Errors
/// with who holds it.
pub fn take(root: &Path, command: &str) -> Result<File, String> {
    let words = |error: io::Error| format!("{FILE}: {error}");
    fs::create_dir_all(root.join("target")).map_err(words)?;
    let mut options = File::options();
    let file = options.create(true).append(true).open(root.join(FILE));
    let file = file.map_err(words)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            // A disk that knows no locks: nothing can be held there.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => break,
            Err(TryLockError::Error(error)) => return Err(words(error)),
            // A child that is just being started may hold it for a moment longer than its parent.
            Err(TryLockError::WouldBlock) if begun.elapsed() < Duration::from_secs(1) => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(root.join(HOLDER));
                let holder = holder.unwrap_or_else(|_| "another command".into());
                let advice = "is at work in this folder: wait for its end";
                return Err(format!("{holder} {advice}"));
            }
        }
    }
    let holder = format!("make {command} (process {})", std::process::id());
    fs::write(root.join(HOLDER), holder).map_err(|error| format!("{HOLDER}: {error}"))?;
    Ok(file)
}
