//! Tests of the room `run`.

mod http;
mod running;
mod watch;
