//! The tests of your functions, a file each: the real handler, called by the stand-in for the Functions host. `make test` runs
//! them, and `cargo test --test functions` nothing else.

mod hello;
mod my_queue_function;
mod order;
