//! `hello`: greets, or echoes what is posted.

use crate::{HttpRequest, HttpResponse, Result};
use serde::Serialize;

#[derive(Serialize)]
struct Greeting {
    message: String,
}

pub fn run(request: HttpRequest) -> Result {
    if request.method == "POST" {
        let echo = HttpResponse::text(request.into_body()?);
        return Ok(echo.content_type("application/json").into());
    }
    let Some(name) = request.query("name").filter(|name| !name.is_empty()) else {
        // Not JSON, but the documentation's answer word for word, Content-Type included.
        let greeting = HttpResponse::text("hello world");
        return Ok(greeting.content_type("application/json").into());
    };
    let message = format!("Hello, {name}!");
    Ok(HttpResponse::json(&Greeting { message })?.into())
}
