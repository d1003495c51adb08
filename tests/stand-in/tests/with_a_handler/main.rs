//! The stand-in with handlers of the tests' own: it needs no app. `fake` is one in this process or
//! in another, `run` builds one.

mod app;
mod fake;
mod front;
#[cfg(unix)]
#[path = "../../../template/machinery/interrupts.rs"]
mod interrupts;
#[cfg(unix)]
mod run;
mod storage;
#[path = "../../../template/wait.rs"]
mod wait;
