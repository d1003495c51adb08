//! What bindings read before a function runs, and write after it.

use crate::app::function::{Binding, Function};
use crate::app::json;
use crate::host::answer::{Output, elements_of};
use crate::host::data::Data;
use crate::host::expressions::{self, Template};
use crate::host::invoke::Host;
use crate::host::newtonsoft::quoted;
use crate::host::payload;
use crate::host::record::lock;
use crate::host::storage::names::{self, BlobPath};
use crate::host::storage::{Given, tables};

pub(super) struct Invocation<'a> {
    pub host: &'a Host,
    pub function: &'a Function,
    pub id: &'a str,
    pub data: &'a Data,
}

impl Invocation<'_> {
    /// The inputs' values by name, as JSON. An error means that the host does not call the
    /// function.
    pub fn inputs(&self) -> Result<Vec<(String, String)>, String> {
        let input = |binding: &Binding| match self.input(binding) {
            Ok(value) => Ok((binding.name.clone(), value)),
            Err(why) => {
                let name = &binding.name;
                Err(format!("the function has not run: its input {name}: {why}"))
            }
        };
        self.function.inputs().map(input).collect()
    }

    fn input(&self, binding: &Binding) -> Result<String, String> {
        let (function, name) = (&self.function.name, &binding.name);
        let storage = &self.host.storage;
        let mut given = storage.input(function, name)?;
        let mut absent = format!("{function}.{name}");
        if given.is_none() && binding.is("blob") {
            let path = BlobPath::parse(&self.resolved(binding, "path")?)?;
            given = storage.folder.read(path.file())?.map(Given::Bytes);
            absent = format!("blobs/{path}");
        }
        if given.is_none() && binding.is("table") {
            let table = self.resolved(binding, "tableName")?;
            names::table(&table)?;
            let partition = self.resolved_if_any(binding, "partitionKey")?;
            let take = json::integer(&binding["take"]).and_then(|take| take.try_into().ok());
            let (partition, take) = (partition.as_deref(), take.unwrap_or(0));
            let _held = lock(&storage.tables);
            let rows = tables::read(&storage.folder, &table, partition, take)?;
            return Ok(quoted(&rows));
        }
        if given.is_none() {
            let line = format!("its input {name} gets nothing: .local/{absent} is not there");
            self.host.record.warned(function, self.id, &line);
        }
        Ok(payload::input(binding, given))
    }

    /// An error fails the invocation, although the function has run.
    pub fn write(&self, binding: &Binding, values: Vec<Output>) -> Result<(), String> {
        self.write_to(binding, values).map_err(|why| {
            let name = &binding.name;
            format!("the function has run, but its output {name} is not written: {why}")
        })
    }

    fn write_to(&self, binding: &Binding, mut values: Vec<Output>) -> Result<(), String> {
        let (host, storage) = (self.host, &self.host.storage);
        let mut to = String::new();
        if binding.is("queue") {
            let queue = names::queue(&self.resolved(binding, "queueName")?)?;
            for value in values {
                host.put(&queue, value.into_bytes());
            }
            return Ok(());
        }
        if binding.is("blob") {
            let path = BlobPath::parse(&self.resolved(binding, "path")?)?;
            for value in &values {
                if let Output::Bytes(bytes) = value {
                    host.put_blob(&path, bytes)?;
                }
            }
            to = path.to_string();
        }
        if binding.is("table") {
            to = self.resolved(binding, "tableName")?;
            let partition = self.resolved_if_any(binding, "partitionKey")?;
            let row = self.resolved_if_any(binding, "rowKey")?;
            let mut rows = Vec::new();
            for value in values {
                rows.extend(match value {
                    Output::Json(row) => vec![row],
                    Output::Bytes(text) => elements_of(String::from_utf8_lossy(&text).into())?,
                });
            }
            let keys = [partition.as_deref(), row.as_deref()];
            let held = lock(&storage.tables);
            tables::insert(&storage.folder, &to, keys, &rows)?;
            drop(held);
            values = rows.into_iter().map(Output::Json).collect();
        }
        let function = &self.function.name;
        for value in values {
            let shown = value.shown();
            let (name, kind) = (&binding.name, &binding.kind);
            host.record.written(function, name, kind, &to, &shown);
            storage.write(function, &binding.name, shown);
        }
        Ok(())
    }

    /// A member with its expressions resolved. The error says where values can come from.
    fn resolved(&self, binding: &Binding, member: &str) -> Result<String, String> {
        let text = binding.text(member);
        if text.is_empty() {
            return Err(format!("function.json has no {member} for it"));
        }
        Template::parse(text)?.resolve(self.data).map_err(|why| {
            let trigger = &self.function.trigger().kind;
            let sources = expressions::sources(trigger);
            format!("{why} It is in its {member} {text:?}; a {trigger} gives {sources}")
        })
    }

    fn resolved_if_any(&self, binding: &Binding, member: &str) -> Result<Option<String>, String> {
        match binding.text(member) {
            "" => Ok(None),
            _ => self.resolved(binding, member).map(Some),
        }
    }
}

impl Host {
    /// Records a message and puts it into its queue.
    pub fn put(&self, queue: &str, message: Vec<u8>) {
        self.record.queued(queue, &message);
        self.storage.put(queue, message);
    }
}
