//! `NAME_`: handles the bytes that trigger it.

use crate::{Invocation, Response, Result, log};

pub fn run(invocation: Invocation) -> Result {
    let bytes = invocation.trigger.binary()?;
    let text = format!("{} bytes", bytes.len());
    log::info(&text);
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
