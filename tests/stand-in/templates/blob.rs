//! `NAME_`: handles each blob of `PLACE_`.

use crate::{Invocation, Response, Result, log};

pub fn run(invocation: Invocation) -> Result {
    let bytes = invocation.trigger.binary()?;
    let uri: String = invocation.metadata("Uri")?.unwrap_or_default();
    let text = format!("{} bytes", bytes.len());
    log::info(format_args!("{uri}: {text}"));
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
