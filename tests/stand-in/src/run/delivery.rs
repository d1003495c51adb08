//! Queue messages on their way to the functions that they trigger, several at a time.

use crate::host::invoke::Delivery;
use crate::host::record::lock;
use crate::host::storage::Storage;
use crate::run::current::Current;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How many messages are on their way at once, as the queue extension takes them: batchSize.
const AT_ONCE: usize = 16;

/// How long a failed message waits to be tried again. (Seen: about that long.)
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How often is looked for a host, where there is none, and for the queues of another.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// Delivers messages for as long as the process runs.
pub fn deliver(current: &Arc<Current>, storage: &Arc<Storage>) {
    let free: Arc<(Mutex<usize>, Condvar)> = Arc::new((Mutex::new(AT_ONCE), Condvar::new()));
    loop {
        let Ok(host) = current.get() else {
            thread::sleep(LOOK_PAUSE);
            continue;
        };
        let none_free = free.1.wait_while(lock(&free.0), |free| *free == 0);
        let mut left = none_free.unwrap_or_else(PoisonError::into_inner);
        *left -= 1;
        drop(left);
        let message = storage.wait(|queue| host.app.triggered_by(queue).is_some(), LOOK_PAUSE);
        drop(host);
        let place = Place(free.clone());
        if let Some((queue, message)) = message {
            let (current, storage) = (current.clone(), storage.clone());
            thread::spawn(move || {
                let _place = place;
                deliver_one(&current, &storage, &queue, &message);
            });
        }
    }
}

/// One of the messages that may be on their way; dropping it makes place for another.
struct Place(Arc<(Mutex<usize>, Condvar)>);

impl Drop for Place {
    fn drop(&mut self) {
        *lock(&self.0.0) += 1;
        self.0.1.notify_one();
    }
}

/// Each try goes to the host that serves by then.
fn deliver_one(current: &Current, storage: &Storage, queue: &str, message: &[u8]) {
    let mut delivery = Delivery::new(queue, message);
    loop {
        match current.get() {
            Ok(host) if host.deliver_once(&mut delivery) && delivery.again => {}
            Ok(host) if host.app.triggered_by(queue).is_some() => return,
            // The app has changed, and nothing takes it any more.
            Ok(_) => return storage.put(queue, message.to_vec()),
            Err(_) => {}
        }
        thread::sleep(RETRY_PAUSE);
    }
}
