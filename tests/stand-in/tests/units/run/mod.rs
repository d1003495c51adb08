//! Tests of the room `run`.

mod http;
mod watch;
