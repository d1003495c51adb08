//! The language of the Functions host: from its request to a function, and from the function's response back.

mod base64;
pub mod error;
pub mod invocation;
pub mod log;
mod path;
mod payload;
pub mod queue_text;
pub mod request;
pub mod response;
pub mod route;
pub mod router;
pub mod stream;
mod url;
