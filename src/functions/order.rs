//! `order`: puts what is posted into the queue `orders`.

use crate::queue_text::MESSAGE_MAX_BYTES;
use crate::{Error, HttpRequest, HttpResponse, Response, Result};

pub fn run(request: HttpRequest) -> Result {
    let order = request.into_body()?;
    if order.is_empty() {
        return Err(Error::refuse(
            400,
            "an order needs a body, and this one has none",
        ));
    }
    if order.len() > MESSAGE_MAX_BYTES {
        let message = format!(
            "an order has at most {MESSAGE_MAX_BYTES} bytes, and this one has {}",
            order.len()
        );
        return Err(Error::refuse(413, message));
    }
    Ok(Response::from(HttpResponse::text("Order enqueued")).output("message", order))
}
