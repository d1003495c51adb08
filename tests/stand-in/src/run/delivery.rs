//! Queue messages and blobs on their way to the functions that they trigger, several at a time.

use crate::host::delivery::Delivery;
use crate::host::invoke::Host;
use crate::host::record::lock;
use crate::host::storage::Storage;
use crate::run::current::Current;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How many messages are on their way at once, as the queue extension takes them: batchSize.
const AT_ONCE: usize = 16;

/// How often this looks for a host, if there is none, for the queues of another host, and for blobs.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// Delivers messages for as long as the process runs.
pub fn deliver(current: &Arc<Current>, storage: &Arc<Storage>) {
    let threads = threads();
    loop {
        let Ok(host) = current.get() else {
            thread::sleep(LOOK_PAUSE);
            continue;
        };
        let is_trigger = |queue: &str| !host.triggered_by(queue).is_empty();
        let message = storage.wait(is_trigger, LOOK_PAUSE);
        drop(host);
        if let Some((queue, message)) = message {
            let (current, storage) = (current.clone(), storage.clone());
            let job = move || deliver_message(&current, &storage, &queue, message);
            // There are receivers for as long as the process runs.
            let _ = threads.send(Box::new(job));
        }
    }
}

/// Delivers blobs that are new or have changed, for as long as the process runs.
pub fn deliver_blobs(current: &Arc<Current>) {
    let (threads, mut problem) = (threads(), String::new());
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
            let current = current.clone();
            let job = move || {
                let mut delivery = Delivery::blob(&trigger);
                let (host, has_run) = tries(&current, &mut delivery);
                let mut seen = lock(&host.storage.seen);
                match has_run {
                    true => seen.delivered(&trigger),
                    false => seen.forget(&trigger),
                }
            };
            // As above.
            let _ = threads.send(Box::new(job));
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that run jobs. Sending a job waits until a thread is free.
fn threads() -> SyncSender<Job> {
    let (sender, receiver) = sync_channel::<Job>(0);
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..AT_ONCE {
        let receiver = receiver.clone();
        let next = move || lock(&receiver).recv();
        thread::spawn(move || {
            while let Ok(job) = next() {
                // A panic has been printed, and the thread is needed for the next job.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        });
    }
    sender
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
