//! Tests of the stand-in's rules that need no handler.

mod api;
mod app;
mod commands;
mod files;
mod host;
mod run;
