//! The tests of the handler as a process, over real sockets. The environment variable `HANDLER` points them at another
//! binary than the one that cargo has just built.

mod bodies;
mod bursts;
mod documented;
mod faults;
mod faulty;
mod flows;
mod fuzz;
mod layout;
mod long_run;
mod probe;
mod property;
mod readme;
mod sample_app;
mod samples;
mod wire;
