//! A stand-in for the Functions host. It starts the handler as the host does, sends it what the host would send, and makes
//! of the answers what the host would make of them.

pub mod app;
pub mod cargo;
pub mod console;
pub mod current;
pub mod delivery;
pub mod description;
pub mod front;
pub mod guard;
pub mod host;
pub mod http;
pub mod json;
pub mod newtonsoft;
pub mod process;
pub mod random;
pub mod record;
pub mod request;
pub mod routes;
pub mod rules;
pub mod run;
pub mod storage;
pub mod triggers;
pub mod watch;
pub mod worker;

pub use app::{App, Run};
