//! `NAME_`: handles each event of Event Grid.

use crate::{Invocation, Response, Result, log};
use serde::Deserialize;

/// An event in the schema of Event Grid or CloudEvents.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    /// What happened: `Microsoft.Storage.BlobCreated`.
    #[serde(alias = "type")]
    event_type: String,
    /// What it happened to: `/blobs/a.txt`.
    #[serde(default)]
    subject: String,
}

pub fn run(invocation: Invocation) -> Result {
    let event: Event = invocation.trigger.json()?;
    let text = format!("{} {}", event.event_type, event.subject);
    log::info(&text);
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
