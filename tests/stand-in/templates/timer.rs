//! `NAME_`: runs by the schedule `PLACE_`.

use crate::{Invocation, Response, Result, log};
use serde::Deserialize;

/// The timer's value.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Timer {
    /// Whether this run is late.
    is_past_due: bool,
}

pub fn run(invocation: Invocation) -> Result {
    let timer: Timer = invocation.trigger.json()?;
    let text = if timer.is_past_due { "late" } else { "on time" };
    log::info(text);
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
