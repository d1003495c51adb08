//! `NAME_`: handles what triggers it, a text each time.

use crate::{Invocation, Response, Result, log};

pub fn run(invocation: Invocation) -> Result {
    let text = invocation.trigger.text();
    log::info(format_args!("{} bytes", text.len()));
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
