//! What lies outside the app: queues, what was written by other outputs, and what there is for
//! inputs.

use crate::host::record::lock;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// A storage account and all else, in memory. Names of queues ignore case.
#[derive(Default)]
pub struct Storage {
    queues: Mutex<BTreeMap<String, VecDeque<Vec<u8>>>>,
    /// Told when a message is put into a queue.
    put: Condvar,
    outputs: Mutex<BTreeMap<Place, Vec<Value>>>,
    inputs: Mutex<BTreeMap<Place, Given>>,
    /// The folder whose file `<function>.<binding>` holds what an input binding gets.
    local: Option<PathBuf>,
}

/// A function and its binding.
type Place = (String, String);

/// What a trigger brings, or what there is for an input binding. A JSON string is a text.
#[derive(Clone, Debug)]
pub enum Given {
    Bytes(Vec<u8>),
    Json(Value),
}

impl Storage {
    /// One whose inputs are files in a folder.
    pub fn with_files(local: PathBuf) -> Self {
        Self {
            local: Some(local),
            ..Self::default()
        }
    }

    /// Puts a message into a queue, behind the others.
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

    /// Adds what an output that is no queue has written.
    pub fn write(&self, function: &str, binding: &str, value: Value) {
        lock(&self.outputs)
            .entry((function.to_owned(), binding.to_owned()))
            .or_default()
            .push(value);
    }

    /// What an output that is no queue has written, in order.
    pub fn written(&self, function: &str, binding: &str) -> Vec<Value> {
        lock(&self.outputs)
            .get(&(function.to_owned(), binding.to_owned()))
            .cloned()
            .unwrap_or_default()
    }

    /// Sets what an input binding gets from now on.
    pub fn set_input(&self, function: &str, binding: &str, input: Given) {
        lock(&self.inputs).insert((function.to_owned(), binding.to_owned()), input);
    }

    /// What there is for an input binding. Errors where its file cannot be read.
    pub fn input(&self, function: &str, binding: &str) -> Result<Option<Given>, String> {
        if let Some(input) = lock(&self.inputs).get(&(function.to_owned(), binding.to_owned())) {
            return Ok(Some(input.clone()));
        }
        let Some(file) = self
            .local
            .as_ref()
            .map(|folder| folder.join(format!("{function}.{binding}")))
        else {
            return Ok(None);
        };
        match std::fs::read(&file) {
            Ok(bytes) => Ok(Some(Given::Bytes(bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }
}

/// Bytes as JSON shows them: a text, or `{"base64": "..."}` where they are not UTF-8.
pub fn shown(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => json!({"base64": crate::host::rules::to_base64(bytes)}),
    }
}

#[test]
fn messages_come_out_in_order_and_of_wanted_queues_only() {
    let storage = Storage::default();
    for (queue, message) in [("b", "1"), ("Q", "2"), ("q", "3")] {
        storage.put(queue, message.into());
    }
    assert_eq!(storage.messages("q"), [b"2", b"3"]);
    let wait = || storage.wait(|queue| queue == "q", Duration::ZERO);
    assert_eq!(wait(), Some(("q".to_owned(), b"2".to_vec())));
    assert_eq!(wait(), Some(("q".to_owned(), b"3".to_vec())));
    assert_eq!(wait(), None);
    assert_eq!(
        (storage.drain("b"), storage.messages("b")),
        (vec![b"1".to_vec()], vec![])
    );
}
