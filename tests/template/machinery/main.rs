//! Tests of `src/host` and `src/server` as a process over real sockets, with an app of their own.

#[path = "../any_port.rs"]
mod any_port;
mod bodies;
mod bursts;
mod calls;
mod concurrency;
mod documented;
mod exchanges;
mod flows;
mod fuzz;
mod handler;
mod interrupts;
mod long_run;
mod panics;
mod payloads;
mod probe;
mod process;
#[path = "../random.rs"]
mod random;
mod requests;
mod start;
mod streams;
#[path = "app/mod.rs"]
mod tests_app;
#[cfg(target_os = "linux")]
mod too_many_connections;
mod tools;
mod units;
#[path = "../wait.rs"]
mod wait;

// As in the binary of `make build`.
app::global_allocator!();
