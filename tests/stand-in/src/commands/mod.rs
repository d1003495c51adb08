//! The commands of the Makefile that read or change the app's files.

pub mod changes;
pub mod check;
mod code;
pub mod mine;
pub mod new;
pub mod remove;
mod templates;
pub mod zip;
