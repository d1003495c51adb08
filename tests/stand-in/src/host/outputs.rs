//! What bindings read before a function runs, and write after it: queues, blobs, tables, and
//! whatever else is only recorded.

use crate::app::function::{Binding, Function};
use crate::app::json;
use crate::host::answer::{Output, Written, elements_of};
use crate::host::data::Data;
use crate::host::expressions::{self, Template};
use crate::host::invoke::Host;
use crate::host::newtonsoft::{Token, quoted};
use crate::host::payload;
use crate::host::record::{Event, lock};
use crate::host::storage::names::{self, BlobPath};
use crate::host::storage::{Given, tables};

impl Host {
    /// The values of a function's input bindings in `Data`, by name, as JSON. An error means that
    /// the host does not call the function.
    pub(super) fn inputs(
        &self,
        function: &Function,
        id: &str,
        data: &Data,
    ) -> Result<Vec<(String, String)>, String> {
        let input = |binding: &Binding| match self.input(function, id, binding, data) {
            Ok(value) => Ok((binding.name.clone(), value)),
            Err(why) => {
                let name = &binding.name;
                Err(format!("the function has not run: its input {name}: {why}"))
            }
        };
        function.inputs().map(input).collect()
    }

    fn input(
        &self,
        function: &Function,
        id: &str,
        binding: &Binding,
        data: &Data,
    ) -> Result<String, String> {
        let (own, name) = (&function.name, &binding.name);
        let given = self.storage.input(own, name)?;
        if given.is_some() {
            return Ok(payload::input(binding, given));
        }
        let resolved = |member| resolved(function, binding, member, data);
        let mut absent = format!(".local/{own}.{name}");
        if binding.is("blob") {
            let path = BlobPath::parse(&resolved("path")?)?;
            if let Some(bytes) = self.storage.folder.read(path.file())? {
                let given = Some(Given::Bytes(bytes));
                return Ok(payload::input(binding, given));
            }
            absent = format!(".local/blobs/{path}");
        }
        if binding.is("table") {
            let table = resolved("tableName")?;
            names::table(&table)?;
            let partition = match binding.text("partitionKey") {
                "" => None,
                _ => Some(resolved("partitionKey")?),
            };
            let take = json::integer(&binding["take"]).and_then(|take| take.try_into().ok());
            let _held = lock(&self.storage.tables);
            let folder = &self.storage.folder;
            let rows = tables::read(folder, &table, partition.as_deref(), take.unwrap_or(0))?;
            return Ok(quoted(&rows));
        }
        self.record.note(&Event::Warned {
            function: own,
            id,
            line: &format!("its input {name} gets nothing: {absent} is not there"),
        });
        Ok(payload::input(binding, None))
    }

    /// Writes what a function has given for an output. An error means that the invocation fails,
    /// although the function has run.
    pub(super) fn write(
        &self,
        function: &Function,
        Written { binding, values }: Written,
        data: &Data,
    ) -> Result<(), String> {
        let written = self.write_to(function, binding, values, data);
        written.map_err(|why| {
            let name = &binding.name;
            format!("the function has run, but its output {name} is not written: {why}")
        })
    }

    fn write_to(
        &self,
        function: &Function,
        binding: &Binding,
        mut values: Vec<Output>,
        data: &Data,
    ) -> Result<(), String> {
        let resolved = |member| resolved(function, binding, member, data);
        let mut to = String::new();
        match binding.kind.to_ascii_lowercase().as_str() {
            "queue" => {
                let queue = names::queue(&resolved("queueName")?)?;
                for value in values {
                    if let Output::Bytes(message) = value {
                        self.put(&queue, message);
                    }
                }
                return Ok(());
            }
            "blob" => {
                let path = BlobPath::parse(&resolved("path")?)?;
                for value in &values {
                    if let Output::Bytes(bytes) = value {
                        self.put_blob(&path, bytes)?;
                    }
                }
                to = path.to_string();
            }
            "table" => {
                let key = |member| match binding.text(member) {
                    "" => Ok(None),
                    _ => resolved(member).map(Some),
                };
                let table = resolved("tableName")?;
                let keys = [key("partitionKey")?, key("rowKey")?];
                let keys = keys.each_ref().map(Option::as_deref);
                let mut rows = Vec::new();
                for value in values {
                    rows.extend(rows_of(value)?);
                }
                let held = lock(&self.storage.tables);
                tables::insert(&self.storage.folder, &table, keys, &rows)?;
                drop(held);
                values = rows.into_iter().map(Output::Json).collect();
                to = table;
            }
            _ => {}
        }
        for value in values {
            self.record_output(function, binding, &to, value);
        }
        Ok(())
    }

    fn record_output(&self, function: &Function, binding: &Binding, to: &str, value: Output) {
        let shown = value.shown();
        // A large value is not kept longer than it is needed.
        let size = match value {
            Output::Bytes(bytes) => bytes.len(),
            Output::Json(_) => shown.to_string().len(),
        };
        self.record.note(&Event::Written {
            function: &function.name,
            binding: &binding.name,
            kind: &binding.kind,
            to,
            value: &shown,
        });
        let storage = &self.storage;
        storage.write(&function.name, &binding.name, shown, size);
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

/// A member of a binding with its expressions resolved. The error says where a value could have
/// come from.
fn resolved(
    function: &Function,
    binding: &Binding,
    member: &str,
    data: &Data,
) -> Result<String, String> {
    let text = binding.text(member);
    if text.is_empty() {
        return Err(format!("function.json has no {member} for it"));
    }
    Template::parse(text)?.resolve(data).map_err(|why| {
        let trigger = &function.trigger().kind;
        let sources = expressions::sources(trigger);
        format!("{why} It is in its {member} {text:?}; a {trigger} gives {sources}")
    })
}

/// The rows of a value for a table: those of JSON in bytes, too.
fn rows_of(value: Output) -> Result<Vec<Token>, String> {
    match value {
        Output::Json(row) => Ok(vec![row]),
        Output::Bytes(bytes) => elements_of(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
