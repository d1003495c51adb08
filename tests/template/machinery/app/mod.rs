//! The app that the machinery is tested with, whatever the functions of this repository are: no
//! release binary carries it. The test executable starts itself anew as its handler, and so does
//! the bench.

mod answers;
pub mod at_root;
mod bindings;
mod blocking;
pub mod calls;
mod documented;
mod panics;
mod streams;

use app::{Route, Settings};
use std::time::Duration;

/// Set in the process that is to be the handler; [`AT_ROOT`] for the table of that name.
pub const SERVE: &str = "SERVE_THE_TESTS_APP";

/// The value of [`SERVE`] for the table in `at_root.rs`.
pub const AT_ROOT: &str = "at the root";

/// After how many seconds that handler gives up, where it can accept no connection
/// ([`Settings::give_up_after`]).
pub const GIVE_UP_AFTER: &str = "GIVE_UP_AFTER";

const ROUTES: &[Route] = &[
    // The documentation's three, which the payloads in tests/template/wire are for.
    Route::http("hello", &["GET", "POST"], "/api/hello", documented::hello),
    Route::http_with_bindings("order", &["POST"], &["message"], documented::order),
    Route::trigger(
        "MyQueueFunction",
        "myQueueItem",
        &["$return"],
        documented::my_queue_function,
    ),
    Route::http_with_bindings(
        "order-of-any-size",
        &["POST"],
        &["message"],
        documented::order_of_any_size,
    ),
    Route::http(
        "items",
        &["GET", "POST"],
        "/api/items/{id}/{part}",
        bindings::items,
    ),
    Route::http("headers", &["GET"], "/api/headers", bindings::headers),
    Route::http("cookies", &["GET"], "/api/cookies", bindings::cookies),
    Route::http("binary", &["GET"], "/api/binary", bindings::binary),
    Route::http_with_bindings(
        "example",
        &["POST"],
        &["myQueueOutput", "$return"],
        bindings::example,
    ),
    Route::http_with_bindings("lists", &["POST"], &["message"], bindings::lists),
    Route::http_with_bindings("undeclared", &["POST"], &["message"], bindings::undeclared),
    Route::trigger("typed", "item", &["$return"], bindings::typed),
    Route::http("meets", &["GET"], "/api/meets", blocking::meets),
    Route::http("holds", &["GET"], "/api/holds", blocking::holds),
    Route::http("releases", &["GET"], "/api/releases", blocking::releases),
    Route::http("sleeps", &["GET"], "/api/sleeps", blocking::sleeps),
    Route::http("panics", &["GET", "POST"], "/api/panics", panics::panics),
    Route::trigger("panics-too", "item", &["$return"], panics::panics_too),
    Route::http(
        "starts-threads",
        &["GET"],
        "/api/starts-threads",
        panics::starts_threads,
    ),
    Route::http(
        "serves-again",
        &["GET"],
        "/api/serves-again",
        answers::serves_again,
    ),
    // Its path is that of another's invocations, which are the other's all the same.
    Route::http("usurps", &["POST"], "/odd-too", answers::usurps),
    Route::http("fails", &["GET", "POST"], "/api/fails", answers::fails),
    Route::http("heads", &["POST"], "/api/heads", answers::heads),
    Route::http("odd", &["GET", "POST"], "/api/odd", answers::odd),
    Route::trigger("odd-too", "item", &["message", "$return"], answers::odd_too),
    Route::http("logs", &["GET"], "/api/logs", answers::logs),
    Route::trigger("bytes", "item", &["$return"], calls::bytes),
    Route::trigger("inputs", "item", &["$return"], calls::inputs),
    Route::trigger("metadata", "item", &["$return"], calls::metadata),
    Route::http_with_bindings(
        "sends",
        &["POST"],
        &["one", "list", "raw", "lines"],
        calls::sends,
    ),
    Route::http_with_bindings("sends-texts", &["POST"], &["list"], calls::sends_texts),
    Route::http("errs", &["GET"], "/api/errs", calls::errs),
    // In the table after the one that the host tries first, by its name.
    Route::http(
        "Zz-products",
        &["GET"],
        "/api/products/{category}/{id?}",
        calls::products,
    ),
    Route::http(
        "parameters",
        &["GET"],
        "/api/products/{category:alpha}/{id:int?}",
        calls::parameters,
    ),
    Route::http("Files", &["GET"], "/api/files/{*rest}", calls::parameters),
    Route::http_with_bindings("parameters-too", &["GET"], &[], calls::parameters),
    Route::http("repeated", &["GET"], "/api/repeated", calls::repeated),
    Route::trigger("says", "item", &["$return"], calls::says),
    Route::http("stream", &["GET"], "/api/stream", streams::stream),
    Route::http(
        "stream-control",
        &["GET"],
        "/api/stream-control",
        streams::stream_control,
    ),
    Route::http("large", &["GET"], "/api/large", streams::large),
    Route::http(
        "odd-stream",
        &["GET"],
        "/api/odd-stream",
        streams::odd_stream,
    ),
];

/// Makes this process the handler where [`SERVE`] is set: then it ends as the release binary does,
/// with the code of `serve`.
pub fn serve_if_asked() {
    let routes = match std::env::var(SERVE) {
        Ok(table) if table == AT_ROOT => at_root::routes(),
        Ok(_) => ROUTES,
        Err(_) => return,
    };
    let mut settings = Settings::default();
    if let Ok(seconds) = std::env::var(GIVE_UP_AFTER) {
        settings.give_up_after = Duration::from_secs(seconds.parse().expect("a number of seconds"));
    }
    let code = app::serve_with(routes, &settings);
    // Returning it is for `main`, which here is the test harness's.
    let code = (0..=u8::MAX)
        .find(|number| code == (*number).into())
        .expect("an exit code of eight bits");
    std::process::exit(code.into());
}
