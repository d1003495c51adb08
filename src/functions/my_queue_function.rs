//! `MyQueueFunction`: passes each message of `messages-incoming` on to `messages-outgoing`.

use crate::{Invocation, Response, Result, log};

/// How much of a message the log shows, in characters.
const LOGGED_CHARS: usize = 100;

pub fn run(invocation: Invocation) -> Result {
    let message = invocation.trigger.text();
    // A JSON message with a member Id or DequeueCount gives that instead, and of any type.
    let id = invocation.metadata::<String>("Id").ok().flatten();
    let count = invocation.metadata::<u64>("DequeueCount").ok().flatten();
    let (id, count) = (id.unwrap_or_default(), count.unwrap_or_default());
    let shown: String = message.chars().take(LOGGED_CHARS).collect();
    let is_cut = shown.len() < message.len();
    let dots = if is_cut { "..." } else { "" };
    log::info(format_args!(
        "processed message {id}, dequeue count {count}: {shown}{dots}"
    ));
    Ok(Response::new().return_value(message))
}
