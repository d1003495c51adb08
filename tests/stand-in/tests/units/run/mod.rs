//! Tests of the room `run`.

mod http;
mod running;
mod show;
mod watch;
