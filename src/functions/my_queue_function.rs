//! `MyQueueFunction`: passes each message of `messages-incoming` on to `messages-outgoing`.

use crate::{Invocation, Response, Result, log};

/// How much of a message the log shows, in characters.
const LOGGED_CHARS: usize = 100;

pub fn run(invocation: Invocation) -> Result {
    let message = invocation.trigger.text();
    // A JSON message with a member Id or DequeueCount gives that instead, and of any type.
    let id: String = invocation.metadata("Id").ok().flatten().unwrap_or_default();
    let dequeue_count: u64 = invocation
        .metadata("DequeueCount")
        .ok()
        .flatten()
        .unwrap_or_default();
    let shown: String = message.chars().take(LOGGED_CHARS).collect();
    let dots = if shown.len() < message.len() {
        "..."
    } else {
        ""
    };
    log::info(format_args!(
        "processed message {id}, dequeue count {dequeue_count}: {shown}{dots}"
    ));
    Ok(Response::new().return_value(message))
}
