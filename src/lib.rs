//! An app for Azure Functions, small and synchronous.
//!
//! - [`functions`] is yours: one file per function, and the table of them.
//! - `host` speaks the language of the Functions host: which function a request is for, what the
//!   function gets, and what the host makes of the result. It has no threads and no sockets.
//! - `server`, which uses `host`, is the process: tiny_http, threads, start and end.
//!
//! A function gets an [`HttpRequest`], an [`Invocation`] or a [`ToolCall`] and returns a
//! [`Response`], in whatever form the host calls it.

mod console;
pub mod functions;
// Public for the template's tests.
#[doc(hidden)]
pub mod host;
mod server;

pub use host::datum::Datum;
pub use host::error::{Context, Error};
pub use host::invocation::Invocation;
pub use host::request::HttpRequest;
pub use host::response::{HttpResponse, Output, Response, Result};
pub use host::route::{Kind, Route};
pub use host::tool::{Content, ToolCall, ToolResult};
pub use host::{log, queue_text};
#[doc(hidden)]
pub use server::tuning;
pub use server::{Settings, serve, serve_with};
