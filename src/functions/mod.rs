//! The functions of this app. Each has a folder with its `function.json`, a file here, and a line
//! in the table.

mod hello;
mod my_queue_function;
mod order;

use crate::Route;

/// One line per function: its name, which is its folder's, its trigger, the outputs that it sets,
/// and its code.
pub const ROUTES: &[Route] = &[
    Route::http("hello", &["GET", "POST"], "/api/hello", hello::run),
    Route::http_with_bindings("order", &["POST"], &["message"], order::run),
    Route::trigger(
        "MyQueueFunction",
        "myQueueItem",
        &["$return"],
        my_queue_function::run,
    ),
];
