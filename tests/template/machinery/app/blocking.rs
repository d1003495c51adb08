//! Functions that block.

use app::{Error, HttpRequest, HttpResponse, Response, Result};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Longer than any test waits for an answer.
const TOO_LONG: Duration = Duration::from_secs(50);

/// Waits until `?n=` invocations are in here at the same time.
pub fn meets(request: HttpRequest) -> Result {
    static INSIDE: Mutex<usize> = Mutex::new(0);
    static CAME: Condvar = Condvar::new();
    let all: usize = request.query("n").unwrap_or_default().parse()?;
    let mut inside = INSIDE.lock().unwrap();
    *inside += 1;
    CAME.notify_all();
    // Rounded up: it goes on from the number that the meeting before ended with.
    let goal = inside.next_multiple_of(all);
    let (inside, waited) = CAME
        .wait_timeout_while(inside, TOO_LONG / 2, |inside| *inside < goal)
        .unwrap();
    match waited.timed_out() {
        false => Ok(HttpResponse::text("met").into()),
        true => Err(Error::fail(format!("waited for {goal}, and {inside} came"))),
    }
}

static HELD: Mutex<(usize, bool)> = Mutex::new((0, false));
static HELD_CHANGED: Condvar = Condvar::new();

/// Blocks until [`releases`] is called.
pub fn holds(_: HttpRequest) -> Result {
    let mut held = HELD.lock().unwrap();
    held.0 += 1;
    HELD_CHANGED.notify_all();
    drop(
        HELD_CHANGED
            .wait_timeout_while(held, TOO_LONG, |(_, released)| !*released)
            .unwrap(),
    );
    Ok(HttpResponse::text("held").into())
}

/// With `?n=` waits until that many are held, and otherwise releases them, for good.
pub fn releases(request: HttpRequest) -> Result {
    let held = HELD.lock().unwrap();
    match request.query("n") {
        Some(n) => {
            let n: usize = n.parse()?;
            let (held, waited) = HELD_CHANGED
                .wait_timeout_while(held, TOO_LONG / 2, |(held, _)| *held < n)
                .unwrap();
            if waited.timed_out() {
                Err(Error::fail(format!("{} are held", held.0)))
            } else {
                Ok(Response::new())
            }
        }
        None => {
            let mut held = held;
            held.1 = true;
            HELD_CHANGED.notify_all();
            Ok(Response::new())
        }
    }
}

/// Sleeps for `?ms=`, and answers how many did so at the same time at most since the last that
/// asked with `?peak`.
pub fn sleeps(request: HttpRequest) -> Result {
    static ASLEEP: AtomicUsize = AtomicUsize::new(0);
    static PEAK: AtomicUsize = AtomicUsize::new(0);
    if request.query("peak").is_some() {
        return Ok(HttpResponse::text(PEAK.swap(0, SeqCst).to_string()).into());
    }
    PEAK.fetch_max(ASLEEP.fetch_add(1, SeqCst) + 1, SeqCst);
    std::thread::sleep(Duration::from_millis(
        request.query("ms").unwrap_or_default().parse()?,
    ));
    ASLEEP.fetch_sub(1, SeqCst);
    Ok(HttpResponse::text("slept").into())
}
