//! What is outside the app: queues, blobs, tables, other outputs, and the values of inputs.

pub mod files;
pub mod names;
pub mod seen;
pub mod tables;

use crate::host::base64::to_base64;
use crate::host::newtonsoft::on_one_line;
use crate::host::record::lock;
use crate::host::storage::files::Folder;
use crate::host::storage::seen::Seen;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Queues are in memory, blobs and tables in files.
pub struct Storage {
    queues: Mutex<BTreeMap<String, VecDeque<Vec<u8>>>>,
    put: Condvar,
    /// Counts the deliveries of queues that trigger several functions.
    turn: AtomicUsize,
    /// What each output wrote, with approximate sizes in bytes.
    outputs: Mutex<BTreeMap<String, VecDeque<(usize, Value)>>>,
    kept_bytes: usize,
    inputs: Mutex<BTreeMap<String, Given>>,
    /// Also has the files `<function>.<binding>` for input bindings.
    pub folder: Folder,
    /// Held while a table is read and written.
    pub tables: Mutex<()>,
    pub seen: Mutex<Seen>,
}

/// The most bytes that `make run` keeps of an output's values: it forgets older ones.
const KEPT_BYTES: usize = 1 << 20;

/// The approximate size of a small value in memory.
const VALUE_BYTES: usize = 100;

/// A trigger's or an input's value. A JSON string is a text.
#[derive(Clone, Debug)]
pub enum Given {
    Bytes(Vec<u8>),
    Json(Value),
}

impl Default for Storage {
    fn default() -> Self {
        Self::new(Folder::temporary(), usize::MAX)
    }
}

impl Storage {
    /// For a process that runs for long. Files stay in the folder `local`.
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

    /// Names of queues ignore case.
    pub fn put(&self, queue: &str, message: Vec<u8>) {
        let mut queues = lock(&self.queues);
        let messages = queues.entry(queue.to_ascii_lowercase()).or_default();
        messages.push_back(message);
        self.put.notify_all();
    }

    /// Takes the first message of a queue that is `wanted`, or waits for one. Gives the queue's
    /// name too.
    pub fn wait(
        &self,
        wanted: impl Fn(&str) -> bool,
        at_most: Duration,
    ) -> Option<(String, Vec<u8>)> {
        let mut first = None;
        let waited = self
            .put
            .wait_timeout_while(lock(&self.queues), at_most, |queues| {
                let mut queues = queues.iter_mut().filter(|(name, _)| wanted(name));
                first =
                    queues.find_map(|(name, messages)| Some((name.clone(), messages.pop_front()?)));
                first.is_none()
            });
        drop(waited);
        first
    }

    /// Chooses one of `of` functions for a message: each in turn.
    pub fn turn(&self, of: usize) -> usize {
        match of {
            0 | 1 => 0,
            of => self.turn.fetch_add(1, Relaxed) % of,
        }
    }

    pub fn messages(&self, queue: &str) -> Vec<Vec<u8>> {
        let queues = lock(&self.queues);
        let messages = queues.get(&queue.to_ascii_lowercase());
        messages.cloned().unwrap_or_default().into()
    }

    /// Takes all messages.
    pub fn drain(&self, queue: &str) -> Vec<Vec<u8>> {
        let messages = lock(&self.queues).remove(&queue.to_ascii_lowercase());
        messages.unwrap_or_default().into()
    }

    /// The numbers of messages by queue.
    pub fn queues(&self) -> BTreeMap<String, usize> {
        let queues = lock(&self.queues);
        let queues = queues.iter();
        queues
            .map(|(name, messages)| (name.clone(), messages.len()))
            .collect()
    }

    pub fn write(&self, function: &str, binding: &str, value: Value) {
        let size = match value.as_str() {
            Some(text) => text.len(),
            None => value.to_string().len(),
        };
        let mut outputs = lock(&self.outputs);
        let values = outputs.entry(place(function, binding)).or_default();
        values.push_back((size + VALUE_BYTES, value));
        let mut bytes = values.iter().map(|(size, _)| size).sum::<usize>();
        while bytes > self.kept_bytes && values.len() > 1 {
            bytes -= values.pop_front().map_or(0, |(size, _)| size);
        }
    }

    pub fn written(&self, function: &str, binding: &str) -> Vec<Value> {
        let outputs = lock(&self.outputs);
        let values = outputs.get(&place(function, binding)).into_iter().flatten();
        values.map(|(_, value)| value.clone()).collect()
    }

    pub fn set_input(&self, function: &str, binding: &str, input: Given) {
        lock(&self.inputs).insert(place(function, binding), input);
    }

    /// The value that was set, or the bytes of the file; `None` without both.
    pub fn input(&self, function: &str, binding: &str) -> Result<Option<Given>, String> {
        let place = place(function, binding);
        match lock(&self.inputs).get(&place).cloned() {
            None => Ok(self.folder.read(place)?.map(Given::Bytes)),
            given => Ok(given),
        }
    }
}

fn place(function: &str, binding: &str) -> String {
    format!("{function}.{binding}")
}

/// A message for people: an object that the host has indented is on one line.
pub fn shown_message(message: &[u8]) -> Value {
    let text = std::str::from_utf8(message).ok();
    let line = text.and_then(on_one_line);
    line.map_or_else(|| shown(message), Value::String)
}

/// A text, or `{"base64": "..."}` if the bytes are not UTF-8.
pub fn shown(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => json!({"base64": to_base64(bytes)}),
    }
}
