//! What lies outside the app: queues, blobs, tables, what other outputs wrote, and what there is
//! for inputs.

pub mod blobs;
pub mod files;
pub mod names;
pub mod seen;
pub mod tables;

use crate::host::record::lock;
use crate::host::storage::files::Folder;
use crate::host::storage::seen::Seen;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// A storage account and all else. Queues are in memory, blobs and tables in files.
pub struct Storage {
    queues: Mutex<BTreeMap<String, VecDeque<Vec<u8>>>>,
    /// Notified when a message is put into a queue.
    put: Condvar,
    /// Counts the deliveries of queues that trigger several functions.
    turn: AtomicUsize,
    outputs: Mutex<BTreeMap<Place, VecDeque<(usize, Value)>>>,
    /// How many bytes of what an output has written stay in memory.
    kept_bytes: usize,
    inputs: Mutex<BTreeMap<Place, Given>>,
    /// Holds blobs, tables, and the files `<function>.<binding>`: what an input binding gets.
    pub folder: Folder,
    /// Held while a table is read and written.
    pub tables: Mutex<()>,
    /// Which blobs have triggered which functions.
    pub seen: Mutex<Seen>,
}

/// A function and its binding.
type Place = (String, String);

fn place(function: &str, binding: &str) -> Place {
    (function.to_owned(), binding.to_owned())
}

/// How many bytes of what an output has written stay in memory under `make run`. The last value
/// stays, however large it is.
const KEPT_BYTES: usize = 1 << 20;

/// About how many bytes of memory a small value takes.
const VALUE_BYTES: usize = 100;

/// What a trigger brings, or what there is for an input binding. A JSON string is a text.
#[derive(Clone, Debug)]
pub enum Given {
    Bytes(Vec<u8>),
    Json(Value),
}

/// An empty one, whose files go with it.
impl Default for Storage {
    fn default() -> Self {
        Self::new(Folder::temporary(), usize::MAX)
    }
}

impl Storage {
    /// One for a process that runs for long: its files are in the folder `local`, and stay there;
    /// only the last things that outputs have written stay in memory.
    pub fn with_files(local: PathBuf) -> Self {
        Self::new(Folder::kept(local), KEPT_BYTES)
    }

    fn new(folder: Folder, kept_bytes: usize) -> Self {
        Self {
            queues: Mutex::default(),
            put: Condvar::new(),
            turn: AtomicUsize::new(0),
            outputs: Mutex::default(),
            kept_bytes,
            inputs: Mutex::default(),
            seen: Mutex::new(Seen::read(&folder)),
            folder,
            tables: Mutex::default(),
        }
    }

    /// Puts a message into a queue, behind the others. Names of queues ignore case.
    pub fn put(&self, queue: &str, message: Vec<u8>) {
        lock(&self.queues)
            .entry(queue.to_ascii_lowercase())
            .or_default()
            .push_back(message);
        self.put.notify_all();
    }

    /// Takes the first message out of one of the queues for which `wanted` holds; waits for one for
    /// at most this long.
    pub fn wait(
        &self,
        wanted: impl Fn(&str) -> bool,
        at_most: Duration,
    ) -> Option<(String, Vec<u8>)> {
        let first = |queues: &mut BTreeMap<String, VecDeque<Vec<u8>>>| {
            let mut queues = queues.iter_mut().filter(|(name, _)| wanted(name));
            queues.find_map(|(name, messages)| Some((name.clone(), messages.pop_front()?)))
        };
        let mut queues = lock(&self.queues);
        first(&mut queues).or_else(|| {
            let waited = self.put.wait_timeout(queues, at_most);
            first(&mut waited.unwrap_or_else(std::sync::PoisonError::into_inner).0)
        })
    }

    /// One of so many, each in turn: which function gets a message.
    pub fn turn(&self, of: usize) -> usize {
        match of {
            0 | 1 => 0,
            of => self.turn.fetch_add(1, Relaxed) % of,
        }
    }

    /// The messages that lie in a queue.
    pub fn messages(&self, queue: &str) -> Vec<Vec<u8>> {
        lock(&self.queues)
            .get(&queue.to_ascii_lowercase())
            .cloned()
            .unwrap_or_default()
            .into()
    }

    /// Takes all messages out of a queue.
    pub fn drain(&self, queue: &str) -> Vec<Vec<u8>> {
        lock(&self.queues)
            .remove(&queue.to_ascii_lowercase())
            .unwrap_or_default()
            .into()
    }

    /// The queues that have been written to, with the messages that lie in each.
    pub fn queues(&self) -> BTreeMap<String, usize> {
        let queues = lock(&self.queues);
        let count = |(name, messages): (&String, &VecDeque<_>)| (name.clone(), messages.len());
        queues.iter().map(count).collect()
    }

    /// Adds what an output that is neither a queue nor HTTP has written: `size` bytes.
    pub fn write(&self, function: &str, binding: &str, value: Value, size: usize) {
        let mut outputs = lock(&self.outputs);
        let values = outputs.entry(place(function, binding)).or_default();
        values.push_back((size + VALUE_BYTES, value));
        let mut bytes = values.iter().map(|(size, _)| size).sum::<usize>();
        while bytes > self.kept_bytes && values.len() > 1 {
            bytes -= values.pop_front().map_or(0, |(size, _)| size);
        }
    }

    /// What an output that is neither a queue nor HTTP has written, in order.
    pub fn written(&self, function: &str, binding: &str) -> Vec<Value> {
        let outputs = lock(&self.outputs);
        let values = outputs.get(&place(function, binding)).into_iter().flatten();
        values.map(|(_, value)| value.clone()).collect()
    }

    /// Sets what an input binding gets from now on.
    pub fn set_input(&self, function: &str, binding: &str, input: Given) {
        lock(&self.inputs).insert(place(function, binding), input);
    }

    /// What was given for an input binding, or lies in its file. Errors where the file cannot be
    /// read.
    pub fn input(&self, function: &str, binding: &str) -> Result<Option<Given>, String> {
        if let Some(input) = lock(&self.inputs).get(&place(function, binding)) {
            return Ok(Some(input.clone()));
        }
        let file = self.folder.read(format!("{function}.{binding}"))?;
        Ok(file.map(Given::Bytes))
    }
}

/// Bytes as JSON shows them: a text, or `{"base64": "..."}` where they are not UTF-8.
pub fn shown(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => json!({"base64": crate::host::base64::to_base64(bytes)}),
    }
}
