//! Delivers queue messages and blobs, several at a time.

use crate::host::delivery::Delivery;
use crate::host::record::lock;
use crate::run::current::Current;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The queue extension's `batchSize`.
const AT_ONCE: usize = 16;

const LOOK_PAUSE: Duration = Duration::from_millis(100);

pub fn start(current: &Arc<Current>) {
    deliver(current, next_message);
    let (mut found, mut problem) = (Vec::new(), String::new());
    let next = move |current: &Current| next_blob(current, &mut found, &mut problem);
    deliver(current, next);
}

/// The threads take turns in waiting for the next delivery.
fn deliver(current: &Arc<Current>, next: impl FnMut(&Current) -> Delivery + Send + 'static) {
    let next = Arc::new(Mutex::new(next));
    for _ in 0..AT_ONCE {
        let (current, next) = (current.clone(), next.clone());
        thread::spawn(move || {
            loop {
                let once = || {
                    let delivery = lock(&next)(&current);
                    tries(&current, delivery);
                };
                // The panic has been printed, and the thread is still needed.
                let _ = catch_unwind(AssertUnwindSafe(once));
            }
        });
    }
}

fn next_message(current: &Current) -> Delivery {
    loop {
        let message = current.wait().next_message(LOOK_PAUSE);
        if let Some(message) = message {
            return message;
        }
    }
}

/// `problem` is the last one shown, so that it is shown once.
fn next_blob(current: &Current, found: &mut Vec<Delivery>, problem: &mut String) -> Delivery {
    loop {
        if let Some(blob) = found.pop() {
            return blob;
        }
        thread::sleep(LOOK_PAUSE);
        let host = current.wait();
        match host.look_for_blobs() {
            Ok(new) => {
                found.extend(new.into_iter().rev());
                problem.clear();
            }
            Err(why) if why == *problem => {}
            Err(why) => {
                host.record.noted(&why);
                *problem = why;
            }
        }
    }
}

/// Each try is on the host that serves then.
fn tries(current: &Current, mut delivery: Delivery) {
    loop {
        current.wait().deliver_once(&mut delivery);
        let Some(pause) = delivery.again else { return };
        thread::sleep(pause);
    }
}
