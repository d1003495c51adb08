//! `NAME_`: handles each message of `PLACE_`.

use crate::{Invocation, Response, Result, log};

pub fn run(invocation: Invocation) -> Result {
    let text = invocation.trigger.text();
    // A JSON message may have a member of this name: one that is not a number counts as absent.
    let count: Option<u64> = invocation.metadata("METADATA_").ok().flatten();
    let count = count.unwrap_or_default();
    log::info(format_args!("{} bytes, METADATA_ {count}", text.len()));
    Ok(Response::new())
}
