//! Delivers queue messages and blobs, several at a time.

use crate::host::delivery::Delivery;
use crate::host::invoke::Host;
use crate::host::record::lock;
use crate::host::storage::seen::Trigger;
use crate::run::current::Current;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The queue extension's `batchSize`.
const AT_ONCE: usize = 16;

const LOOK_PAUSE: Duration = Duration::from_millis(100);

pub fn start(current: &Arc<Current>) {
    deliver(current, next_message, deliver_message);
    let (mut found, mut problem) = (Vec::new(), String::new());
    let next = move |current: &Current| next_blob(current, &mut found, &mut problem);
    deliver(current, next, deliver_blob);
}

/// The threads take turns in waiting for the next item.
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
                // The panic has been printed, and the thread is still needed.
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

/// `problem` is the last one shown, so that it is shown once.
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
    // The app has changed, and no function takes the message any more.
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

/// Each try is on the host that serves then. Gives the last host, and whether a function ran.
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
