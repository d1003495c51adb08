//! The tests of the handler as a process, over real sockets. The environment variable `HANDLER` points them at another
//! binary than the one that cargo has just built.

mod bodies;
mod bursts;
mod documented;
mod faults;
mod faulty;
mod flows;
mod fuzz;
mod host;
mod host_rules;
mod http;
mod layout;
mod long_run;
mod newtonsoft;
mod probe;
mod process;
mod property;
mod readme;
mod sample_app;
mod samples;
mod wire;
