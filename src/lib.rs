//! An Azure Functions custom handler: small, synchronous, and readable in one sitting.
//!
//! Data flows one way: socket ([`http`]) -> request -> route ([`router`]) -> function ([`functions`]) -> response.
//! The host's own payloads are read and written in [`payload`] and nowhere else, tiny_http is used in [`http`] and
//! nowhere else. A function sees an [`HttpRequest`] or an [`Invocation`] and returns a [`Response`]; it knows nothing of
//! sockets, threads or the form in which the host called.

#[cfg(target_os = "linux")]
mod allocator;
#[cfg(no_backtraces)]
mod backtrace;
mod base64;
mod console;
pub mod functions;
mod http;
mod invocation;
mod payload;
pub mod queue_text;
mod response;
pub mod router;
mod scheduler;
mod server;
mod supervisor;
mod url;
mod workers;

pub use invocation::{Datum, HttpRequest, Invocation};
pub use response::{Error, HttpResponse, Output, Refusal, Response, Result};
pub use server::serve;
