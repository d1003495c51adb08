//! The tests of the handler as a process, over real sockets. The environment variable `HANDLER` points them at another
//! binary than the one that cargo has just built.

mod documented;
mod flows;
mod host;
mod host_rules;
mod http;
mod layout;
mod newtonsoft;
mod process;
mod property;
mod readme;
mod sample_app;
mod wire;
