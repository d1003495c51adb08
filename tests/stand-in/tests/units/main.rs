//! The stand-in's rules, tested without a handler: one module for each of its rooms.

mod api;
mod app;
mod commands;
mod files;
mod host;
mod run;
