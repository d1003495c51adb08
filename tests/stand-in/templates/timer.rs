//! `NAME_`: runs by the schedule `PLACE_`.

use crate::{Invocation, Response, Result, log};
use serde::Deserialize;

/// What the host says about the timer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Timer {
    /// Whether this run comes later than the schedule asks for.
    is_past_due: bool,
}

pub fn run(invocation: Invocation) -> Result {
    let timer: Timer = invocation.trigger.json()?;
    let text = if timer.is_past_due { "late" } else { "on time" };
    log::info(text);
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
