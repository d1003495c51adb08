//! The functions of the documentation, as this repository's samples are, and an order that may be
//! of any size.

use app::queue_text::MESSAGE_MAX_BYTES;
use app::{Error, HttpRequest, HttpResponse, Invocation, Response, Result, log};
use serde::Serialize;

/// How much of a message the log shows, in characters.
const LOGGED_CHARS: usize = 100;

#[derive(Serialize)]
struct Greeting {
    message: String,
}

pub fn hello(request: HttpRequest) -> Result {
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
        None => Ok(HttpResponse::text("hello world")
            .content_type("application/json")
            .into()),
    }
}

pub fn order(request: HttpRequest) -> Result {
    let order = request.into_body()?;
    if order.len() > MESSAGE_MAX_BYTES {
        let message = format!(
            "an order has at most {MESSAGE_MAX_BYTES} bytes, and this one has {}",
            order.len()
        );
        return Err(Error::refuse(413, message));
    }
    enqueue(order)
}

/// As an order to a blob would be: larger than any queue message.
pub fn order_of_any_size(request: HttpRequest) -> Result {
    enqueue(request.into_body()?)
}

fn enqueue(order: Vec<u8>) -> Result {
    if order.is_empty() {
        return Err(Error::refuse(
            400,
            "an order needs a body, and this one has none",
        ));
    }
    Ok(Response::from(HttpResponse::text("Order enqueued")).output("message", order))
}

pub fn my_queue_function(invocation: Invocation) -> Result {
    let message = invocation.trigger.text();
    // A message may bring members of these names itself, of any kind: they are taken as absent.
    let id: String = invocation.metadata("Id").ok().flatten().unwrap_or_default();
    let dequeue_count: u64 = invocation
        .metadata("DequeueCount")
        .ok()
        .flatten()
        .unwrap_or_default();
    let shown: String = message.chars().take(LOGGED_CHARS).collect();
    let dots = if shown.len() < message.len() {
        "..."
    } else {
        ""
    };
    log::info(format_args!(
        "processed message {id}, dequeue count {dequeue_count}: {shown}{dots}"
    ));
    Ok(Response::new().return_value(message))
}
