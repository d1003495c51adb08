//! `NAME_`: answers a request for an item.

use crate::{HttpRequest, HttpResponse, Response, Result, log};
use serde_json::json;

pub fn run(request: HttpRequest) -> Result {
    let item = request.query("item").unwrap_or_default();
    let text = format!("asked for {item}");
    log::info(&text);
    let answer = HttpResponse::json(&json!({ "item": item }))?;
    // BINDINGS_
    Ok(Response::from(answer) /* OUTPUTS_ */)
}
