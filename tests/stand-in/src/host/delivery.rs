//! Runs functions for queue messages, blobs, timers and events, with all tries.

use crate::app::function::Function;
use crate::host::answer::Outcome;
use crate::host::data::Data;
use crate::host::expressions::Template;
use crate::host::invoke::Host;
use crate::host::newtonsoft::{object, quoted};
use crate::host::payload::{self, Message};
use crate::host::record::{Attempt, lock};
use crate::host::storage::Given;
use crate::host::storage::names::BlobPath;
use crate::host::storage::seen::{Pattern, Trigger};
use std::cell::Cell;
use std::time::Duration;

/// How long the next try waits (seen; approximate).
const MESSAGE_PAUSE: Duration = Duration::from_millis(100);
const BLOB_PAUSE: Duration = Duration::from_millis(400);

pub const POISON_BLOBS: &str = "webjobs-blobtrigger-poison";

/// What triggers a function, and what came of the last try.
pub struct Delivery {
    what: What,
    /// Empty before the first try of a message.
    function: String,
    pub reason: String,
    tries: u32,
    pub attempt: Attempt,
    /// `None` if nothing ran.
    pub outcome: Option<Outcome>,
    /// How long the next try waits, if there is one.
    pub again: Option<Duration>,
    pub poisoned: bool,
    pub logs: Vec<String>,
}

enum What {
    /// The queue's name and the message.
    Message(String, Message),
    /// The blob, and the bytes that a test gives instead.
    Blob(BlobPath, Option<Given>),
    Given(Given),
}

impl Delivery {
    fn new(what: What, function: &str, reason: String) -> Self {
        Self {
            what,
            function: function.to_owned(),
            reason,
            tries: 0,
            attempt: Attempt::default(),
            outcome: None,
            again: None,
            poisoned: false,
            logs: Vec::new(),
        }
    }

    pub fn message(queue: &str, message: Vec<u8>) -> Self {
        let reason = format!("a message in {queue}");
        let what = What::Message(queue.to_owned(), Message::new(message));
        Self::new(what, "", reason)
    }

    pub fn blob((function, path): &Trigger) -> Self {
        let reason = format!("the blob {path}");
        Self::new(What::Blob(path.clone(), None), function, reason)
    }

    pub fn given(function: &Function, given: Given, reason: &str) -> Self {
        let trigger = function.trigger();
        let what = match Template::parse(trigger.text("path")) {
            Ok(path) if trigger.is("blobTrigger") => What::Blob(path.example(), Some(given)),
            _ => What::Given(given),
        };
        Self::new(what, &function.name, reason.to_owned())
    }
}

impl Host {
    /// Takes a message that triggers a function, or waits for one.
    pub fn next_message(&self, at_most: Duration) -> Option<Delivery> {
        let is_trigger = |queue: &str| !self.triggered_by(queue).is_empty();
        let (queue, message) = self.storage.wait(is_trigger, at_most)?;
        Some(Delivery::message(&queue, message))
    }

    /// Makes one try. The last failed try moves a message or a blob to a poison queue
    /// [azure-sdk-for-net, QueuesOptions.cs, QueueProcessor.cs, BlobQueueTriggerExecutor.cs]. Gives
    /// false if there is nothing to run: no function, or the blob has gone. A message then goes
    /// back into its queue.
    pub fn deliver_once(&self, delivery: &mut Delivery) -> bool {
        let has_run = self.try_once(delivery);
        match &delivery.what {
            _ if delivery.again.is_some() => {}
            // The app has changed, and no function takes the message any more.
            What::Message(queue, message) if !has_run => {
                self.storage.put(queue, message.bytes.clone());
            }
            What::Blob(path, None) => {
                let trigger = (delivery.function.clone(), path.clone());
                let mut seen = lock(&self.storage.seen);
                match has_run {
                    true => seen.delivered(&trigger),
                    false => seen.forget(&trigger),
                }
            }
            _ => {}
        }
        has_run
    }

    fn try_once(&self, delivery: &mut Delivery) -> bool {
        delivery.again = None;
        let function = match &delivery.what {
            // A message stays with its first function. Functions on one queue compete under the
            // real host; here they take turns.
            What::Message(queue, _) => {
                let functions = self.triggered_by(queue);
                let same = |function: &&Function| function.name == delivery.function;
                let same = functions.iter().position(same);
                let at = same.unwrap_or_else(|| self.storage.turn(functions.len()));
                functions.get(at).copied()
            }
            _ => self.app.function(&delivery.function),
        };
        let Some(function) = function else {
            return false;
        };
        if let What::Blob(path, None) = &delivery.what
            && self.storage.folder.stamp_of(path).is_none()
            && matches!(self.file_of(function), Ok(None))
        {
            return false;
        }
        delivery.function.clone_from(&function.name);
        delivery.tries += 1;
        let (most, pause) = match &mut delivery.what {
            What::Message(_, message) => {
                message.dequeue_count = delivery.tries;
                (self.app.host.max_dequeue_count, MESSAGE_PAUSE)
            }
            What::Blob(..) => (self.app.host.poison_blob_threshold, BLOB_PAUSE),
            What::Given(_) => (1, Duration::ZERO),
        };
        delivery.attempt.label = match most {
            1 => String::new(),
            most => format!("try {} of {most}", delivery.tries),
        };
        let is_readable = Cell::new(true);
        let brought = || {
            let brought = self.brought(function, &delivery.what);
            is_readable.set(brought.is_ok());
            brought
        };
        let (outcome, logs) =
            self.invoke(function, &delivery.reason, &mut delivery.attempt, brought);
        let failed = matches!(outcome, Outcome::Failed(_));
        // A message or blob that cannot be read is not tried again.
        if failed && delivery.tries < most && is_readable.get() {
            delivery.again = Some(pause);
        } else if failed {
            delivery.poisoned = self.poison(function, &delivery.what);
        }
        delivery.outcome = Some(outcome);
        delivery.logs.extend(logs);
        true
    }

    /// The trigger's value that a test has set, or the file `.local/<function>.<trigger>`. It wins
    /// over the blob.
    fn file_of(&self, function: &Function) -> Result<Option<Given>, String> {
        self.storage.input(&function.name, &function.trigger().name)
    }

    fn brought(&self, function: &Function, what: &What) -> Result<(String, Data), String> {
        match what {
            What::Message(_, message) => message.payload(function),
            What::Blob(path, given) => {
                let given = match given.clone() {
                    None => self.file_of(function)?,
                    given => given,
                };
                let bytes = match given {
                    Some(given) => Some(payload::bytes_of(given)),
                    None => self.storage.folder.read(path.file())?,
                };
                let bytes = bytes.ok_or_else(|| format!("there is no blob {path}"))?;
                Ok(payload::blob(function, path, &bytes))
            }
            What::Given(given) if function.trigger().is("timerTrigger") => {
                payload::timer(function, given)
            }
            What::Given(given) => Ok(payload::other(function, given.clone())),
        }
    }

    /// Gives false if there is no poison queue. The members of a poison blob are in the host's
    /// order.
    fn poison(&self, function: &Function, what: &What) -> bool {
        let (queue, message) = match what {
            What::Message(queue, message) => (format!("{queue}-poison"), message.bytes.clone()),
            What::Blob(path, _) => {
                let stamp = self.storage.folder.stamp_of(path).unwrap_or_default();
                let members = [
                    ("Type", "BlobTrigger".to_owned()),
                    ("FunctionId", format!("Host.Functions.{}", function.name)),
                    ("BlobType", "BlockBlob".to_owned()),
                    ("ContainerName", path.container.clone()),
                    ("BlobName", path.name.clone()),
                    ("ETag", format!("\"0x{:X}\"", stamp.1)),
                ];
                let message = object(members.map(|(name, value)| (name, quoted(&value))));
                (POISON_BLOBS.to_owned(), message.into_bytes())
            }
            What::Given(_) => return false,
        };
        self.record.poisoned(&queue, &message);
        self.storage.put(&queue, message);
        true
    }

    /// Makes all tries without pauses.
    pub fn deliver(&self, mut delivery: Delivery) -> Delivery {
        loop {
            self.deliver_once(&mut delivery);
            if delivery.again.is_none() {
                return delivery;
            }
        }
    }

    pub fn triggered_by(&self, queue: &str) -> Vec<&Function> {
        let triggered = |function: &&Function| {
            let trigger = function.trigger();
            trigger.is("queueTrigger") && trigger.says("queueName", queue)
        };
        self.app.functions.iter().filter(triggered).collect()
    }

    fn blob_triggers(&self) -> Vec<Pattern> {
        let triggers = self.app.functions.iter().filter_map(|function| {
            let trigger = function.trigger();
            let pattern = Template::parse(trigger.text("path")).ok()?;
            let is_blob = trigger.is("blobTrigger");
            is_blob.then(|| (function.name.clone(), pattern))
        });
        triggers.collect()
    }

    /// Finds new and changed blobs. Call it every 100 ms, and deliver each.
    pub fn look_for_blobs(&self) -> Result<Vec<Delivery>, String> {
        let (folder, triggers) = (&self.storage.folder, self.blob_triggers());
        let found = lock(&self.storage.seen).look(folder, &triggers)?;
        Ok(found.iter().map(Delivery::blob).collect())
    }

    /// What [`put_blob`](Self::put_blob) has written since the last call, for each function.
    pub fn written_blobs(&self) -> Vec<Delivery> {
        let blobs = lock(&self.storage.seen).take();
        blobs.iter().map(Delivery::blob).collect()
    }

    /// Writes a blob. It triggers functions when blobs are next looked for or delivered.
    pub fn put_blob(&self, path: &BlobPath, bytes: &[u8]) -> Result<(), String> {
        let folder = &self.storage.folder;
        folder.write(path.file(), bytes)?;
        lock(&self.storage.seen).written(folder, path, &self.blob_triggers());
        Ok(())
    }
}
