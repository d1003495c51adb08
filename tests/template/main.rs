//! What only this repository promises: that its samples are the documentation's, and that its pages
//! are true. An app of one's own does without this folder. The environment variable `HANDLER` names
//! another binary than the one that cargo has just built.

mod allocator;
#[cfg(unix)]
mod checkout;
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
mod templates;
#[cfg(unix)]
mod wait;

// What the templates of `make new` find in their crate.
use app::{
    Error, HttpRequest, HttpResponse, Invocation, Response, Result, ToolCall, ToolResult, log,
};
