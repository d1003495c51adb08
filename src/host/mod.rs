//! The language of the Functions host: from its request to a function, and from the function's response back.

mod base64;
pub mod invocation;
mod payload;
pub mod queue_text;
pub mod response;
pub mod route;
pub mod router;
mod url;
