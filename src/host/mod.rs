//! The language of the Functions host: from its request to a function, and back.

pub mod base64;
mod check;
pub mod datum;
pub mod error;
pub mod invocation;
pub mod log;
pub mod path;
pub mod queue_text;
pub mod request;
pub mod request_payload;
pub mod response;
pub mod response_payload;
pub mod route;
pub mod router;
pub mod stream;
pub mod tool;
pub mod url;
