//! What bindings read before a function runs, and write after it: queues, blobs, tables, and
//! whatever else is only recorded.

use crate::app::function::{Binding, Function};
use crate::app::json;
use crate::host::answer::{Output, Written, is_json};
use crate::host::data::Data;
use crate::host::expressions::{self, Template};
use crate::host::invoke::Host;
use crate::host::newtonsoft::{self, Token, quoted};
use crate::host::payload;
use crate::host::record::{Event, lock};
use crate::host::storage::names::{self, BlobPath};
use crate::host::storage::{Given, blobs, tables};

impl Host {
    /// The values of a function's input bindings in `Data`, by name, as JSON. An error means that
    /// the host does not call the function.
    pub(super) fn inputs(
        &self,
        function: &Function,
        data: &Data,
    ) -> Result<Vec<(String, String)>, String> {
        let input = |binding: &Binding| {
            let value = self.input(function, binding, data).map_err(|why| {
                format!(
                    "the function has not run: its input {}: {why}",
                    binding.name
                )
            })?;
            Ok((binding.name.clone(), value))
        };
        function.inputs().map(input).collect()
    }

    fn input(&self, function: &Function, binding: &Binding, data: &Data) -> Result<String, String> {
        let given = self.storage.input(&function.name, &binding.name)?;
        if given.is_some() {
            return Ok(payload::input(binding, given));
        }
        let resolved = |member| resolved(function, binding, member, data);
        let mut absent = format!(".local/{}.{} is not there", function.name, binding.name);
        if binding.is("blob") {
            let path = BlobPath::parse(&resolved("path")?)?;
            if let Some(bytes) = blobs::read(&self.storage.folder, &path)? {
                let given = Some(Given::Bytes(bytes));
                return Ok(payload::input(binding, given));
            }
            absent = format!("there is no blob {path}: .local/blobs/{path} is not there");
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
        let name = &binding.name;
        self.note(&format!(
            "{} gets no {name}, as if it were not there: {absent}",
            function.name
        ));
        Ok(payload::input(binding, None))
    }

    /// Writes what a function has given for an output. An error means that the invocation fails,
    /// although the function has run.
    pub(super) fn write(
        &self,
        function: &Function,
        written: Written,
        data: &Data,
    ) -> Result<(), String> {
        let Written { binding, values } = written;
        self.write_to(function, binding, values, data)
            .map_err(|why| {
                format!(
                    "the function has run, but its output {} is not written: {why}",
                    binding.name
                )
            })
    }

    fn write_to(
        &self,
        function: &Function,
        binding: &Binding,
        values: Vec<Output>,
        data: &Data,
    ) -> Result<(), String> {
        let resolved = |member| resolved(function, binding, member, data);
        match binding.kind.to_ascii_lowercase().as_str() {
            "queue" => {
                let queue = names::queue(&resolved("queueName")?)?;
                for value in values {
                    if let Output::Bytes(message) = value {
                        self.put(&queue, message);
                    }
                }
            }
            "blob" => {
                let path = BlobPath::parse(&resolved("path")?)?;
                for value in values {
                    if let Output::Bytes(bytes) = &value {
                        self.put_blob(&path, bytes)?;
                    }
                    self.record_output(function, binding, value);
                }
            }
            "table" => {
                let key = |member| match binding.text(member) {
                    "" => Ok(None),
                    _ => resolved(member).map(Some),
                };
                let (table, keys) = (
                    resolved("tableName")?,
                    [key("partitionKey")?, key("rowKey")?],
                );
                let mut rows = Vec::new();
                for value in &values {
                    rows.extend(rows_of(value)?);
                }
                let held = lock(&self.storage.tables);
                let keys = [keys[0].as_deref(), keys[1].as_deref()];
                tables::insert(&self.storage.folder, &table, keys, &rows)?;
                drop(held);
                for row in rows {
                    self.record_output(function, binding, Output::Json(row));
                }
            }
            _ => {
                for value in values {
                    self.record_output(function, binding, value);
                }
            }
        }
        Ok(())
    }

    fn record_output(&self, function: &Function, binding: &Binding, value: Output) {
        let shown = value.shown();
        drop(value);
        self.record.note(&Event::Written {
            function: &function.name,
            binding: &binding.name,
            kind: &binding.kind,
            value: &shown,
        });
        self.storage.write(&function.name, &binding.name, shown);
    }

    /// Puts a message into a queue, and says so.
    pub fn put(&self, queue: &str, message: Vec<u8>) {
        self.record.note(&Event::Queued {
            queue,
            message: &message,
        });
        self.storage.put(queue, message);
    }

    /// Writes a blob. It triggers functions with the next
    /// [`look_for_blobs`](Self::look_for_blobs) or [`deliver_blobs`](Self::deliver_blobs).
    /// Errors where its file cannot be written.
    pub fn put_blob(&self, path: &BlobPath, bytes: &[u8]) -> Result<(), String> {
        blobs::write(&self.storage.folder, path, bytes)?;
        let functions = self.triggered_by_blob(path);
        lock(&self.storage.seen).written(&self.storage.folder, path, functions);
        Ok(())
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
fn rows_of(value: &Output) -> Result<Vec<Token>, String> {
    Ok(match value {
        Output::Json(row) => vec![row.clone()],
        Output::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match is_json(&text) {
                true => match newtonsoft::parse(&text, 64)? {
                    Token::Array(rows) => rows,
                    row => vec![row],
                },
                false => vec![Token::Text(text.into_owned())],
            }
        }
    })
}
