//! What triggers a function other than by HTTP, on its way with all its tries: queue messages,
//! blobs, timers, events.

use crate::app::function::Function;
use crate::app::json;
use crate::host::answer::Outcome;
use crate::host::data::Data;
use crate::host::expressions::Template;
use crate::host::invoke::Host;
use crate::host::newtonsoft::{object, quoted};
use crate::host::payload::{self, Message};
use crate::host::record::{Attempt, Event, lock};
use crate::host::storage::names::BlobPath;
use crate::host::storage::seen::Trigger;
use crate::host::storage::{Given, blobs};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a failed message waits to be tried again. (Seen: about that long.)
const MESSAGE_PAUSE: Duration = Duration::from_millis(100);

/// How long a failed blob waits. (Seen: about that long.)
const BLOB_PAUSE: Duration = Duration::from_millis(400);

/// How often a blob is tried.
const BLOB_TRIES: u32 = 5;

/// Where blobs go whose last try has failed.
pub const POISON_BLOBS: &str = "webjobs-blobtrigger-poison";

/// What triggers a function, and what has become of it so far.
pub struct Delivery {
    what: What,
    /// The function; empty before the first try of a message.
    pub function: String,
    /// Why it is called, in words.
    pub reason: String,
    /// What became of the last run; `None` where nothing has run.
    pub outcome: Option<Outcome>,
    /// How often it was tried.
    pub tries: u32,
    /// How often the function was invoked: with a retry policy several times per try.
    pub runs: u32,
    /// After how long it has to be tried again; `None` where nothing is left to do.
    pub again: Option<Duration>,
    /// Whether it lies in a poison queue now.
    pub poisoned: bool,
    /// The logs of all runs.
    pub logs: Vec<String>,
}

enum What {
    /// The queue's name, and the message.
    Message(String, Message),
    /// A blob's path; with the bytes that a test gives in its place.
    Blob(BlobPath, Option<Given>),
    /// What any other trigger brings.
    Given(Given),
}

impl Delivery {
    fn new(what: What, function: &str, reason: String) -> Self {
        Self {
            what,
            function: function.to_owned(),
            reason,
            outcome: None,
            tries: 0,
            runs: 0,
            again: None,
            poisoned: false,
            logs: Vec::new(),
        }
    }

    /// A message that was put into a queue.
    pub fn message(queue: &str, message: Vec<u8>) -> Self {
        let (queue, message) = (queue.to_owned(), Message::new(message));
        let reason = format!("a message in {queue}");
        Self::new(What::Message(queue, message), "", reason)
    }

    /// A blob that is new or has changed.
    pub fn blob((function, path): &Trigger) -> Self {
        let reason = format!("the blob {path}");
        Self::new(What::Blob(path.clone(), None), function, reason)
    }

    /// What a test or a user gives in the place of what triggers the function.
    pub fn given(function: &Function, given: Given, reason: &str) -> Self {
        let trigger = function.trigger();
        let (name, reason) = (&function.name, reason.to_owned());
        if !trigger.is("blobTrigger") {
            return Self::new(What::Given(given), name, reason);
        }
        let path = Template::parse(trigger.text("path"));
        let path = path.and_then(|path| BlobPath::parse(&path.example()));
        let path = path.unwrap_or_else(|_| BlobPath {
            container: "blobs".to_owned(),
            name: "name".to_owned(),
        });
        Self::new(What::Blob(path, Some(given)), name, reason)
    }
}

impl Host {
    /// Runs a delivery's function once, and says in `again` whether and when it has to run again.
    /// The last try allowed that fails moves a message or a blob to a poison queue
    /// (azure-sdk-for-net, QueuesOptions.cs, QueueProcessor.cs, BlobQueueTriggerExecutor.cs). Gives
    /// false where there is nothing to run: no function, or the blob has gone.
    pub fn deliver_once(&self, delivery: &mut Delivery) -> bool {
        delivery.again = None;
        let function = match &delivery.what {
            // A message stays with the function that it came to first. Functions on one queue
            // compete under the real host: here each has its turn.
            What::Message(queue, _) => {
                let functions = self.triggered_by(queue);
                let mut same = functions.iter();
                let same = same.find(|function| function.name == delivery.function);
                let function = same.or_else(|| functions.get(self.storage.turn(functions.len())));
                function.copied()
            }
            _ => self.app.function(&delivery.function),
        };
        let Some(function) = function else {
            return false;
        };
        delivery.function.clone_from(&function.name);
        let trigger = &function.trigger().name;
        if let What::Blob(path, None) = &delivery.what
            && blobs::stamp_of(&self.storage.folder, path).is_none()
            && matches!(self.storage.input(&function.name, trigger), Ok(None))
        {
            return false;
        }
        delivery.tries += 1;
        let (most, pause) = match &mut delivery.what {
            What::Message(_, message) => {
                message.dequeue_count = delivery.tries;
                (self.app.host.max_dequeue_count, MESSAGE_PAUSE)
            }
            What::Blob(..) => (self.blob_tries(), BLOB_PAUSE),
            What::Given(_) => (1, Duration::ZERO),
        };
        let attempt = Attempt {
            label: match most {
                1 => String::new(),
                most => format!("try {} of {most}", delivery.tries),
            },
            is_first: delivery.tries == 1,
            failure_before: match delivery.outcome.take() {
                Some(Outcome::Failed(why)) => Some(why),
                _ => None,
            },
        };
        let (what, takes) = (&delivery.what, Cell::new(true));
        let invoked = self.invoke(function, &delivery.reason, &attempt, || {
            let brought = self.brought(function, what);
            takes.set(brought.is_ok());
            brought
        });
        delivery.runs += invoked.runs;
        delivery.logs.extend(invoked.logs);
        let failed = matches!(invoked.outcome, Outcome::Failed(_));
        delivery.outcome = Some(invoked.outcome);
        // What cannot be read is not tried again.
        if failed && takes.get() && delivery.tries < most {
            delivery.again = Some(pause);
            return true;
        }
        let (queue, message) = match &delivery.what {
            _ if !failed => return true,
            What::Message(queue, message) => (format!("{queue}-poison"), message.bytes.clone()),
            What::Blob(path, _) => (POISON_BLOBS.to_owned(), self.poison(function, path)),
            What::Given(_) => return true,
        };
        delivery.poisoned = true;
        self.record.note(&Event::Poisoned {
            queue: &queue,
            message: &message,
        });
        self.storage.put(&queue, message);
        true
    }

    /// The value of a trigger, and the binding data.
    fn brought(&self, function: &Function, what: &What) -> Result<(String, Data), String> {
        match what {
            What::Message(_, message) => message.payload(function),
            What::Blob(path, given) => {
                let (storage, trigger) = (&self.storage, &function.trigger().name);
                let given = match given {
                    Some(given) => Some(given.clone()),
                    None => storage.input(&function.name, trigger)?,
                };
                let bytes = match given {
                    Some(given) => Some(payload::bytes_of(given)),
                    None => storage.folder.read(path.file())?,
                };
                let bytes = bytes.ok_or_else(|| format!("there is no blob {path}"))?;
                Ok(payload::blob(function, path, &bytes))
            }
            What::Given(given) if function.trigger().is("timerTrigger") => {
                Ok(payload::timer(function, given))
            }
            What::Given(given) => Ok(payload::other(function, given.clone())),
        }
    }

    /// Runs a delivery to its end, without a pause between its tries.
    pub fn deliver(&self, mut delivery: Delivery) -> Delivery {
        loop {
            self.deliver_once(&mut delivery);
            if delivery.again.is_none() {
                return delivery;
            }
        }
    }

    /// The functions that a queue triggers, in the host's order.
    pub fn triggered_by(&self, queue: &str) -> Vec<&Function> {
        let triggered = |function: &&Function| {
            let trigger = function.trigger();
            trigger.is("queueTrigger") && trigger.says("queueName", queue)
        };
        self.app.functions.iter().filter(triggered).collect()
    }

    /// The functions that a blob triggers.
    pub fn triggered_by_blob(&self, blob: &BlobPath) -> Vec<String> {
        let (path, mut triggered) = (blob.to_string(), Vec::new());
        for (function, pattern) in &self.blob_triggers {
            if pattern.matches(&path).is_some() {
                triggered.push(function.clone());
            }
        }
        triggered
    }

    /// Looks for blobs that are new or have changed, and gives what is to be delivered: each of
    /// them with [`Delivery::blob`], and afterwards [`Seen::delivered`]. It takes little time where
    /// nothing has changed, and is to be called about every 100 ms. Errors where `.local` cannot be
    /// read or written.
    ///
    /// [`Seen::delivered`]: crate::host::storage::seen::Seen::delivered
    pub fn look_for_blobs(&self) -> Result<Vec<Trigger>, String> {
        let (folder, mut containers) = (&self.storage.folder, BTreeSet::new());
        for (_, pattern) in &self.blob_triggers {
            match pattern.container() {
                Some(fixed) => containers.extend([fixed.to_owned()]),
                None => containers.extend(blobs::containers(folder)?),
            }
        }
        lock(&self.storage.seen).look(folder, containers, |blob| self.triggered_by_blob(blob))
    }

    /// Delivers the blobs that functions have written or [`put_blob`](Self::put_blob) has, and
    /// gives whether there were any.
    pub fn deliver_blobs(&self) -> bool {
        let triggers = lock(&self.storage.seen).take();
        for trigger in &triggers {
            self.deliver(Delivery::blob(trigger));
            lock(&self.storage.seen).delivered(trigger);
        }
        !triggers.is_empty()
    }

    fn blob_tries(&self) -> u32 {
        let tries = json::at(&self.app.host.file, "extensions.blobs.poisonBlobThreshold");
        let tries = json::integer(tries).and_then(|tries| tries.try_into().ok());
        tries.unwrap_or(BLOB_TRIES)
    }

    /// What is put into the queue for poison blobs. Its members are in the host's order.
    fn poison(&self, function: &Function, path: &BlobPath) -> Vec<u8> {
        let stamp = blobs::stamp_of(&self.storage.folder, path).unwrap_or_default();
        let members = [
            ("Type", "BlobTrigger".to_owned()),
            ("FunctionId", format!("Host.Functions.{}", function.name)),
            ("BlobType", "BlockBlob".to_owned()),
            ("ContainerName", path.container.clone()),
            ("BlobName", path.name.clone()),
            ("ETag", format!("\"0x{:X}\"", stamp.1)),
        ];
        object(members.map(|(name, value)| (name, quoted(&value)))).into_bytes()
    }
}
