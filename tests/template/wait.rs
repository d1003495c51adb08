//! Waiting for what surely happens.

use std::time::{Duration, Instant};

/// How long anything may take: generous, so that only a hang becomes a failure.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `condition` gives a value, or fails the test saying what did not happen.
#[track_caller]
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        let is_late = start.elapsed() > DEADLINE;
        assert!(!is_late, "waited {DEADLINE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
