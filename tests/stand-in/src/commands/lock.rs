//! Lets only one command write at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The locked file. The system frees it when the process ends.
pub const FILE: &str = "target/commands.lock";

/// Says who holds the lock. It is another file, because Windows cannot read a locked one.
const HOLDER: &str = "target/commands.holder";

/// Takes the lock until the file is dropped. Errors with the holder.
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
            // The disk supports no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => break,
            Err(TryLockError::Error(error)) => return Err(words(error)),
            // A starting child may hold the lock a moment longer than its parent.
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
