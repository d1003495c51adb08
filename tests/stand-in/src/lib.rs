//! A stand-in for the Functions host, for tests and for `make run`: one host, two users. It starts
//! the handler as the host does, sends it what the host would send, and makes of the answers what
//! the host would make of them. It is for development only, and part of nothing that is built or
//! published for Azure.
//!
//! # What it does like the real host Most of it was watched on a running host (4.1037, storage
//! extensions 5.3.10); what the host sent is in `wire`, here and with the machinery's tests, and
//! the payloads are compared with it.
//! - The handler: port and variables, the readiness ping, restarts (`run`). `Values` of
//!   local.settings.json become its environment, `%NAME%` in bindings is resolved, disabled
//!   functions are left out (`app`).
//! - Routes: ASP.NET's templates with their constraints, tried by the functions' names; 404 where
//!   none matches; HEAD as GET (`host::routes`).
//! - HTTP functions without other bindings: proxied, the answer passed on as it comes, a caller
//!   that goes away breaking the handler's connection; forwarded or as a payload where host.json
//!   says so (`host`, `run::serve`).
//! - Payloads of HTTP requests, queue messages, timers, blobs, Event Grid's events; bodies that
//!   arrive damaged or not at all; values that are encoded once more; the members of a JSON message
//!   in its metadata (`host`).
//! - Answers: which fail the invocation, which hang; what becomes of each output, of dates, base64,
//!   lists and objects; the most that a message holds (`host`).
//! - Queue messages: several at once, tried as often as host.json says, then moved to the poison
//!   queue (`run::delivery`).
//! - `POST /admin/functions/<name>` runs any function.
//!
//! # What it does not
//! - Nothing is stored: queues, and what other outputs write, are in memory, and empty at each
//!   start. What an output writes is recorded, and reaches no other function, but for queues. Names
//!   of containers, tables and the like are not resolved.
//! - What an input binding would fetch is what the test gives, or the file
//!   `.local/<function>.<binding>`; else it is not there.
//! - No schedule: timers run by hand. No function is triggered by a blob, an event or a bus, but by
//!   hand or by a test. Of what such triggers put into `Metadata` it has only what was seen, and of
//!   Service Bus, Event Hubs and Cosmos DB nothing.
//! - A list from any such trigger is its JSON as a text, as Event Grid's was seen; of the others
//!   that is read, not seen. JSON values that a test gives have their members in alphabetical
//!   order.
//! - A queue function that is run by `/admin/functions` gets its input by way of its queue, tries
//!   and all; the host invokes it once, directly.
//! - No keys: as under `func start`, `authLevel` is not looked at. No CORS, no HTTPS, no HTTP/2, no
//!   WebSockets.
//! - `functionTimeout`, retry policies, logging and sampling settings, and all else in host.json
//!   that `make run` names as ignored.
//! - An answer for which the real host waits until the timeout is a failure at once, and says so.
//! - Its own 404, and what is no request at all, are answered in words, where the host says
//!   nothing.

pub mod api;
pub mod app;
pub mod commands;
pub mod host;
pub mod run;

pub use api::{App, Run, ToolAnswer, ToolRefusal, assert_arguments};
pub use commands::check;
