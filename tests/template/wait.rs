use std::time::{Duration, Instant};

/// Generous, so that only a hang fails.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until `condition` gives a value; fails the test if it takes too long.
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
