//! The stand-in with the tests' own handlers: `fake` is one in this process or another, `run`
//! builds one.

mod app;
mod fake;
mod front;
#[cfg(unix)]
#[path = "../../../template/machinery/interrupts.rs"]
mod interrupts;
#[cfg(unix)]
mod run;
#[cfg(unix)]
#[path = "../../../template/started.rs"]
mod started;
mod storage;
#[path = "../../../template/wait.rs"]
mod wait;
