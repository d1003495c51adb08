//! `NAME_`: handles many items in one invocation.

use crate::{Invocation, Response, Result, log};
use serde_json::Value;

pub fn run(invocation: Invocation) -> Result {
    let items: Vec<Value> = invocation.trigger.json()?;
    for item in &items {
        log::info(item);
    }
    let text = format!("{} items", items.len());
    log::info(&text);
    // BINDINGS_
    Ok(Response::new() /* OUTPUTS_ */)
}
