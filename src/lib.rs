//! An app for Azure Functions, and all that it needs to be one: small, synchronous, and readable in
//! one sitting.
//!
//! - [`functions`] is yours: a file a function, and the table of them.
//! - `host` speaks the language of the Functions host: which function a request is for, what the
//!   function gets, and what the host makes of the result. Whoever has read `functions`, `host` and
//!   this file knows how a function is called. There are no threads and no sockets in it.
//! - `server` is the process: tiny_http, threads, start and end. It uses `host`; `host` does not
//!   know of it.
//!
//! Data flows one way: socket -> request -> route -> function -> response. A function gets an
//! [`HttpRequest`] or an [`Invocation`] and returns a [`Response`], whatever the form in which the
//! host calls.

mod console;
pub mod functions;
mod host;
mod server;

pub use host::datum::Datum;
pub use host::error::{Context, Error};
pub use host::invocation::Invocation;
pub use host::request::HttpRequest;
pub use host::response::{HttpResponse, Output, Response, Result};
pub use host::route::{Kind, Route};
pub use host::{log, queue_text};
#[doc(hidden)]
pub use server::tuning;
pub use server::{Settings, serve, serve_with};
