//! Queue messages and blobs on their way to the functions that they trigger, several at a time.

use crate::host::delivery::Delivery;
use crate::host::invoke::Host;
use crate::host::record::lock;
use crate::host::storage::Storage;
use crate::run::current::Current;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How many messages are on their way at once, as the queue extension takes them: batchSize.
const AT_ONCE: usize = 16;

/// How often this looks for a host, if there is none, for the queues of another host, and for blobs.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// Delivers messages for as long as the process runs.
pub fn deliver(current: &Arc<Current>, storage: &Arc<Storage>) {
    let places = Places::new();
    loop {
        let Ok(host) = current.get() else {
            thread::sleep(LOOK_PAUSE);
            continue;
        };
        let place = places.take();
        let is_trigger = |queue: &str| !host.triggered_by(queue).is_empty();
        let message = storage.wait(is_trigger, LOOK_PAUSE);
        drop(host);
        if let Some((queue, message)) = message {
            let (current, storage) = (current.clone(), storage.clone());
            thread::spawn(move || {
                let _place = place;
                deliver_message(&current, &storage, &queue, message);
            });
        }
    }
}

/// Delivers blobs that are new or have changed, for as long as the process runs.
pub fn deliver_blobs(current: &Arc<Current>) {
    let (places, mut problem) = (Places::new(), String::new());
    loop {
        thread::sleep(LOOK_PAUSE);
        let Ok(host) = current.get() else {
            continue;
        };
        let found = match host.look_for_blobs() {
            Ok(found) => found,
            Err(why) => {
                // Once, and not each time.
                if why != problem {
                    host.note(&why);
                    problem = why;
                }
                continue;
            }
        };
        drop(host);
        for trigger in found {
            let (place, current) = (places.take(), current.clone());
            thread::spawn(move || {
                let _place = place;
                let mut delivery = Delivery::blob(&trigger);
                let (host, _) = tries(&current, &mut delivery);
                lock(&host.storage.seen).delivered(&trigger);
            });
        }
    }
}

/// How many may be on their way.
struct Places(Arc<(Mutex<usize>, Condvar)>);

impl Places {
    fn new() -> Self {
        Self(Arc::new((Mutex::new(AT_ONCE), Condvar::new())))
    }

    /// Waits until one is free, and takes it.
    fn take(&self) -> Place {
        let (free, changed) = &*self.0;
        let none_free = changed.wait_while(lock(free), |free| *free == 0);
        *none_free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Place(self.0.clone())
    }
}

/// One of those that may be on their way; dropping it frees it.
struct Place(Arc<(Mutex<usize>, Condvar)>);

impl Drop for Place {
    fn drop(&mut self) {
        *lock(&self.0.0) += 1;
        self.0.1.notify_one();
    }
}

fn deliver_message(current: &Current, storage: &Storage, queue: &str, message: Vec<u8>) {
    let mut delivery = Delivery::message(queue, message.clone());
    let (host, has_run) = tries(current, &mut delivery);
    // The app has changed, and nothing takes it any more.
    if !has_run && host.triggered_by(queue).is_empty() {
        storage.put(queue, message);
    }
}

/// All tries of a delivery, each by the host that serves by then. Gives the last host, and whether
/// it had something to run.
fn tries(current: &Current, delivery: &mut Delivery) -> (Arc<Host>, bool) {
    loop {
        let pause = match current.get() {
            Ok(host) => {
                let has_run = host.deliver_once(delivery);
                match delivery.again {
                    Some(pause) => pause,
                    None => return (host, has_run),
                }
            }
            Err(_) => LOOK_PAUSE,
        };
        thread::sleep(pause);
    }
}
