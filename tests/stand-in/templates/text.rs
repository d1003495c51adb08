//! `NAME_`: handles the text that triggers it.

use crate::{Invocation, Response, Result, log};

pub fn run(invocation: Invocation) -> Result {
    let text = invocation.trigger.text();
    log::info(format_args!("{} bytes", text.len()));
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
