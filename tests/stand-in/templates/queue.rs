//! `NAME_`: handles each message of `PLACE_`.

use crate::{Invocation, Response, Result, log};

pub fn run(invocation: Invocation) -> Result {
    let text = invocation.trigger.text();
    // A member METADATA_ of a JSON message replaces the queue's value, and may not be a number.
    let count: Option<u64> = invocation.metadata("METADATA_").ok().flatten();
    let count = count.unwrap_or_default();
    log::info(format_args!("{} bytes, METADATA_ {count}", text.len()));
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
