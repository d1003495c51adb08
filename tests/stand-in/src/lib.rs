//! Tests of your functions: the real handler behind a stand-in for the Functions host.
//!
//! ```no_run
//! use serde_json::json;
//! use stand_in::App;
//! use std::time::Duration;
//!
//! let app = App::start();
//! assert_eq!(app.get("/api/hello?name=Ada").status, 200);
//! assert_eq!(app.post("/api/order", r#"{"id":1005}"#).text(), "Order enqueued");
//! assert_eq!(app.call("PUT", "/api/items/7", &[("If-Match", "*")], "tea").status, 204);
//! assert_eq!(app.queue("orders"), [r#"{"id":1005}"#]);
//! assert_eq!(app.outputs("order", "rows"), [json!({"id": 1005})]);
//!
//! let run = app.send("orders", "tea");
//! assert_eq!((run.failure, run.tries), (None, 1));
//! assert_eq!(app.run_timer("cleanup").logs, ["nothing to do"]);
//! assert_eq!(app.trigger("ingest", json!({"id": "1", "data": {}})).failure, None);
//! assert_eq!(app.trigger_bytes("pictures", b"\x89PNG").failure, None);
//!
//! let runs = app.put_blob("uploads", "cat.png", b"\x89PNG");
//! assert_eq!((runs.len(), runs[0].failure.as_deref()), (1, None));
//! assert!(app.blob("thumbnails", "cat.png").is_some());
//!
//! app.input("price", "row", json!({"item": "tea", "price": 3}));
//! assert_eq!(app.get("/api/price?of=tea").text(), "3");
//! app.input_bytes("show", "picture", b"\x89PNG");
//! assert_eq!(app.get("/api/show").body, b"\x89PNG");
//! assert_eq!(app.get("/api/price?of=gold").status, 500);
//! assert_eq!(app.failures(), ["there is no price of gold"]);
//! assert!(app.logs().contains(&"took an order".to_owned()));
//! assert!(app.stderr().contains("warning: "));
//!
//! let tea = app.tool("price_of", json!({"item": "tea"})).expect("an answer");
//! assert_eq!(tea.structured_content, Some(json!({"price": 3})));
//!
//! let app = App::start_with(&[("PRICE_LIST", "prices.json")]).within(Duration::from_secs(5));
//! ```
//!
//! [`App`] has all calls. `make run` is the same stand-in with a terminal. It is for development
//! only: nothing that is built or published for Azure contains it.
//!
//! # What it does as the host does
//! Starts and restarts of the handler, routes, payloads, answers, outputs, tries and poison queues,
//! retry policies, timers, blobs, tables, binding expressions and MCP tools. Most of it was
//! observed on a running host (4.1037, storage extensions 5.3.10). A test does not wait between
//! tries, and runs timers by hand.
//!
//! # Known differences
//! - Service Bus, Event Hubs, Event Grid and Cosmos DB: a user or a test runs their functions, and
//!   an input reads the file `.local/<function>.<binding>`, or what the test sets. `Metadata` of
//!   such triggers has only what was observed; for Service Bus and Cosmos DB it is empty.
//!   A list from such a trigger is its JSON as a text, which was observed for Event Grid only.
//! - JSON values from a test have their members in alphabetical order.
//! - It does not evaluate the `filter` of a table.
//! - `/admin/functions` puts the input of a queue's function into the queue, with all tries; the
//!   host invokes the function once.
//! - There are no keys, no CORS, HTTPS, HTTP/2 or WebSockets. `make run` lists what it ignores in
//!   host.json. As under `func start`, `authLevel` has no effect.
//! - If the real host waited for an answer until the timeout, the invocation fails at once and says
//!   so.
//! - Its own 404, and its answer to an invalid request, have a text; the host's have none.

pub mod api;
pub mod app;
pub mod commands;
pub mod host;
pub mod run;

pub use api::{App, Run, ToolAnswer, ToolRefusal, assert_arguments};
pub use commands::check;
