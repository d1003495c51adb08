//! What bindings read before a function runs, and write after it: queues, blobs, tables, and
//! whatever else is only recorded.

use crate::app::function::{Binding, Function};
use crate::app::json;
use crate::host::answer::{Output, Written, elements_of};
use crate::host::data::Data;
use crate::host::expressions::{self, Template};
use crate::host::invoke::Host;
use crate::host::newtonsoft::quoted;
use crate::host::payload;
use crate::host::record::{Event, lock};
use crate::host::storage::names::{self, BlobPath};
use crate::host::storage::{Given, tables};

/// What an invocation reads and writes for a binding.
struct Place<'a> {
    function: &'a Function,
    binding: &'a Binding,
    data: &'a Data,
}

impl Host {
    /// The values of a function's input bindings in `Data`, by name, as JSON. An error means that
    /// the host does not call the function.
    pub(super) fn inputs(
        &self,
        function: &Function,
        id: &str,
        data: &Data,
    ) -> Result<Vec<(String, String)>, String> {
        let mut inputs = Vec::new();
        for binding in function.inputs() {
            let name = &binding.name;
            let place = Place {
                function,
                binding,
                data,
            };
            let value = self.input(&place, id);
            let value = value
                .map_err(|why| format!("the function has not run: its input {name}: {why}"))?;
            inputs.push((name.clone(), value));
        }
        Ok(inputs)
    }

    fn input(&self, place: &Place, id: &str) -> Result<String, String> {
        let (own, binding) = (&place.function.name, place.binding);
        let (name, folder) = (&binding.name, &self.storage.folder);
        let mut given = self.storage.input(own, name)?;
        let mut absent = format!("{own}.{name}");
        if given.is_none() && binding.is("blob") {
            let path = BlobPath::parse(&place.resolved("path")?)?;
            given = folder.read(path.file())?.map(Given::Bytes);
            absent = format!("blobs/{path}");
        }
        if given.is_none() && binding.is("table") {
            let table = place.resolved("tableName")?;
            names::table(&table)?;
            let partition = place.resolved_if_any("partitionKey")?;
            let take = json::integer(&binding["take"]).and_then(|take| take.try_into().ok());
            let _held = lock(&self.storage.tables);
            let rows = tables::read(folder, &table, partition.as_deref(), take.unwrap_or(0))?;
            return Ok(quoted(&rows));
        }
        if given.is_none() {
            self.record.note(&Event::Warned {
                function: own,
                id,
                line: &format!("its input {name} gets nothing: .local/{absent} is not there"),
            });
        }
        Ok(payload::input(binding, given))
    }

    /// Writes what a function has given for an output. An error means that the invocation fails,
    /// although the function has run.
    pub(super) fn write(
        &self,
        function: &Function,
        Written { binding, values }: Written,
        data: &Data,
    ) -> Result<(), String> {
        let place = Place {
            function,
            binding,
            data,
        };
        self.write_to(&place, values).map_err(|why| {
            let name = &binding.name;
            format!("the function has run, but its output {name} is not written: {why}")
        })
    }

    fn write_to(&self, place: &Place, mut values: Vec<Output>) -> Result<(), String> {
        let (storage, binding) = (&self.storage, place.binding);
        let mut to = String::new();
        if binding.is("queue") {
            let queue = names::queue(&place.resolved("queueName")?)?;
            for value in values {
                self.put(&queue, value.into_bytes());
            }
            return Ok(());
        }
        if binding.is("blob") {
            let path = BlobPath::parse(&place.resolved("path")?)?;
            for value in &values {
                if let Output::Bytes(bytes) = value {
                    self.put_blob(&path, bytes)?;
                }
            }
            to = path.to_string();
        }
        if binding.is("table") {
            to = place.resolved("tableName")?;
            let partition = place.resolved_if_any("partitionKey")?;
            let row = place.resolved_if_any("rowKey")?;
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
        let function = &place.function.name;
        for value in values {
            let shown = value.shown();
            let size = shown.as_str().map(str::len);
            self.record.note(&Event::Written {
                function,
                binding: &binding.name,
                kind: &binding.kind,
                to: &to,
                value: &shown,
            });
            let size = size.unwrap_or_else(|| shown.to_string().len());
            storage.write(function, &binding.name, shown, size);
        }
        Ok(())
    }

    /// Puts a message into a queue, and says so.
    pub fn put(&self, queue: &str, message: Vec<u8>) {
        self.record.note(&Event::Queued {
            queue,
            message: &message,
        });
        self.storage.put(queue, message);
    }
}

impl Place<'_> {
    /// A member of the binding with its expressions resolved. The error says where a value could
    /// have come from.
    fn resolved(&self, member: &str) -> Result<String, String> {
        let text = self.binding.text(member);
        if text.is_empty() {
            return Err(format!("function.json has no {member} for it"));
        }
        Template::parse(text)?.resolve(self.data).map_err(|why| {
            let trigger = &self.function.trigger().kind;
            let sources = expressions::sources(trigger);
            format!("{why} It is in its {member} {text:?}; a {trigger} gives {sources}")
        })
    }

    fn resolved_if_any(&self, member: &str) -> Result<Option<String>, String> {
        match self.binding.text(member) {
            "" => Ok(None),
            _ => self.resolved(member).map(Some),
        }
    }
}
