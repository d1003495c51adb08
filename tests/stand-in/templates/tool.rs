//! `NAME_`: the MCP tool `TOOL_`, which gives the price of an item.

use crate::{Error, Response, Result, ToolCall, ToolResult, log};
use serde::{Deserialize, Serialize};

/// The agent's arguments. tool.json in the function's folder describes them.
#[derive(Deserialize)]
pub struct Arguments {
    item: String,
    count: Option<u32>,
}

#[derive(Serialize)]
struct Answer {
    price: u32,
}

pub fn run(call: ToolCall) -> Result {
    let Arguments { item, count } = call.arguments()?;
    let count = count.unwrap_or(1);
    if count > 1000 {
        // The agent gets this text, and can ask again.
        return Err(Error::refuse(400, "at most 1000 are sold at once"));
    }
    let text = format!("asked for {item}");
    log::info(&text);
    let answer = Answer { price: 3 * count };
    let result = ToolResult::structured(&answer)?;
    // BINDINGS_
    Ok(Response::from(result) /* OUTPUTS_ */)
}
