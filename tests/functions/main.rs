//! The tests of your functions, one file per function: the real handler, called by the stand-in for
//! the Functions host. `make test` runs them; `cargo test --test functions` runs nothing else.

mod hello;
mod my_queue_function;
mod order;

/// What `make check` says, so that `cargo test` alone finds it too.
#[test]
fn folders_functions_and_settings_fit_together() {
    let table = ::serde_json::to_string(::app::functions::ROUTES).expect("a table of texts");
    ::stand_in::commands::check::assert_fits(env!("CARGO_MANIFEST_DIR"), &table);
}
