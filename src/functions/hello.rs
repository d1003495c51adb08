//! `hello`: greets, or echoes what is posted.

use crate::{HttpRequest, HttpResponse, Result};
use serde::Serialize;

#[derive(Serialize)]
struct Greeting {
    message: String,
}

pub fn run(request: HttpRequest) -> Result {
    if request.method == "POST" {
        return Ok(HttpResponse::text(request.into_body()?)
            .content_type("application/json")
            .into());
    }
    match request.query("name").filter(|name| !name.is_empty()) {
        Some(name) => Ok(HttpResponse::json(&Greeting {
            message: format!("Hello, {name}!"),
        })?
        .into()),
        // Not JSON, but the documentation's answer word for word, Content-Type included.
        None => Ok(HttpResponse::text("hello world")
            .content_type("application/json")
            .into()),
    }
}
