//! Tests without a process, for parts of `src/host` with many cases.

mod base64;
mod datum;
mod error;
mod path;
mod queue_text;
mod request_payload;
mod stream;
mod url;
