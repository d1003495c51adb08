//! Queue messages and blobs on their way to the functions that they trigger, several at a time.

use crate::host::delivery::Delivery;
use crate::host::invoke::Host;
use crate::host::record::lock;
use crate::host::storage::seen::Trigger;
use crate::run::current::Current;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How many messages are on their way at once, as the queue extension takes them: batchSize.
const AT_ONCE: usize = 16;

/// How often this looks for a host, if there is none, for the queues of another host, and for blobs.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// Delivers messages, and blobs that are new or have changed, for as long as the process runs.
pub fn start(current: &Arc<Current>) {
    deliver(current, next_message, deliver_message);
    let (mut found, mut problem) = (Vec::new(), String::new());
    let next = move |current: &Current| next_blob(current, &mut found, &mut problem);
    deliver(current, next, deliver_blob);
}

/// Starts threads that each wait for the next that there is, one at a time, and deliver it.
fn deliver<T: 'static>(
    current: &Arc<Current>,
    next: impl FnMut(&Current) -> T + Send + 'static,
    deliver: fn(&Current, T),
) {
    let next = Arc::new(Mutex::new(next));
    for _ in 0..AT_ONCE {
        let (current, next) = (current.clone(), next.clone());
        thread::spawn(move || {
            loop {
                let next = lock(&next)(&current);
                // A panic has been printed, and the thread is needed for what comes.
                let _ = catch_unwind(AssertUnwindSafe(|| deliver(&current, next)));
            }
        });
    }
}

fn next_message(current: &Current) -> (String, Vec<u8>) {
    loop {
        let Ok(host) = current.get() else {
            thread::sleep(LOOK_PAUSE);
            continue;
        };
        let is_trigger = |queue: &str| !host.triggered_by(queue).is_empty();
        if let Some(message) = host.storage.wait(is_trigger, LOOK_PAUSE) {
            return message;
        }
    }
}

/// `found` are those that wait, and `problem` is what was wrong last: it is said once.
fn next_blob(current: &Current, found: &mut Vec<Trigger>, problem: &mut String) -> Trigger {
    loop {
        if let Some(blob) = found.pop() {
            return blob;
        }
        thread::sleep(LOOK_PAUSE);
        let Ok(host) = current.get() else {
            continue;
        };
        match host.look_for_blobs() {
            Ok(new) => found.extend(new.into_iter().rev()),
            Err(why) if why == *problem => {}
            Err(why) => {
                host.record.noted(&why);
                *problem = why;
            }
        }
    }
}

fn deliver_message(current: &Current, (queue, message): (String, Vec<u8>)) {
    let mut delivery = Delivery::message(&queue, message.clone());
    let (host, has_run) = tries(current, &mut delivery);
    // The app has changed, and nothing takes it any more.
    if !has_run && host.triggered_by(&queue).is_empty() {
        host.storage.put(&queue, message);
    }
}

fn deliver_blob(current: &Current, blob: Trigger) {
    let (host, has_run) = tries(current, &mut Delivery::blob(&blob));
    let mut seen = lock(&host.storage.seen);
    match has_run {
        true => seen.delivered(&blob),
        false => seen.forget(&blob),
    }
}

/// All tries of a delivery, each by the host that serves by then. Gives the last host, and whether
/// it had something to run.
fn tries(current: &Current, delivery: &mut Delivery) -> (Arc<Host>, bool) {
    loop {
        let mut pause = LOOK_PAUSE;
        if let Ok(host) = current.get() {
            let has_run = host.deliver_once(delivery);
            match delivery.again {
                Some(again) => pause = again,
                None => return (host, has_run),
            }
        }
        thread::sleep(pause);
    }
}
