//! Tests that only the template's repository has: its samples are the documentation's, and its
//! pages are true. The environment variable `HANDLER` names another binary than cargo's.

mod allocator;
#[cfg(unix)]
mod checkout;
#[cfg(unix)]
#[path = "machinery/interrupts.rs"]
mod interrupts;
mod layout;
#[cfg(unix)]
mod makefile;
#[cfg(unix)]
mod pages;
mod publish;
#[cfg(unix)]
mod random;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod started;
mod templates;
#[cfg(unix)]
mod wait;

// What the templates of `make new` import from their crate.
use app::{
    Error, HttpRequest, HttpResponse, Invocation, Response, Result, ToolCall, ToolResult, log,
};
