//! The app that the machinery is tested with, the samples and more; no release binary carries it. The test executable starts itself anew as its handler, and so does
//! the bench.

mod answers;
pub mod at_root;
mod bindings;
mod blocking;
pub mod calls;
mod panics;
mod streams;
#[path = "../../mcp/tools.rs"]
pub mod tools;

use app::{Route, Settings};
use std::time::Duration;

/// Set in the process that is to be the handler; [`AT_ROOT`] or [`TOOLS`] for another table.
pub const SERVE: &str = "SERVE_THE_TESTS_APP";

/// The value of [`SERVE`] for the table in `at_root.rs`.
pub const AT_ROOT: &str = "at the root";

/// After how many seconds that handler gives up, where it can accept no connection
/// ([`Settings::give_up_after`]).
pub const GIVE_UP_AFTER: &str = "GIVE_UP_AFTER";

/// The MCP tools.
pub const TOOLS: &str = "tools";

/// The documentation's three, which are this repository's samples, and what else the tests need.
fn routes() -> &'static [Route] {
    let (http, trigger, bound) = (Route::http, Route::trigger, Route::http_with_bindings);
    let (get, post, both) = (&["GET"], &["POST"], &["GET", "POST"]);
    let returns = &["$return"];
    let own = vec![
        bound("order-of-any-size", post, &["message"], bindings::order),
        http("items", both, "/api/items/{id}/{part}", bindings::items),
        http("headers", get, "/api/headers", bindings::headers),
        http("cookies", get, "/api/cookies", bindings::cookies),
        http("binary", get, "/api/binary", bindings::binary),
        bound(
            "example",
            post,
            &["myQueueOutput", "$return"],
            bindings::example,
        ),
        bound("lists", post, &["message"], bindings::lists),
        bound("undeclared", post, &["message"], bindings::undeclared),
        trigger("typed", "item", returns, bindings::typed),
        http("meets", get, "/api/meets", blocking::meets),
        http("holds", get, "/api/holds", blocking::holds),
        http("releases", get, "/api/releases", blocking::releases),
        http("sleeps", get, "/api/sleeps", blocking::sleeps),
        http("panics", both, "/api/panics", panics::panics),
        trigger("panics-too", "item", returns, panics::panics_too),
        http(
            "starts-threads",
            get,
            "/api/starts-threads",
            panics::starts_threads,
        ),
        http(
            "serves-again",
            get,
            "/api/serves-again",
            answers::serves_again,
        ),
        // Its path is that of another's invocations, which are the other's all the same.
        http("usurps", post, "/odd-too", answers::usurps),
        http("fails", both, "/api/fails", answers::fails),
        http("heads", post, "/api/heads", answers::heads),
        http("odd", both, "/api/odd", answers::odd),
        trigger("odd-too", "item", &["message", "$return"], answers::odd_too),
        http("logs", get, "/api/logs", answers::logs),
        trigger("bytes", "item", returns, calls::bytes),
        trigger("inputs", "item", returns, calls::inputs),
        trigger("metadata", "item", returns, calls::metadata),
        bound(
            "sends",
            post,
            &["one", "list", "raw", "lines"],
            calls::sends,
        ),
        bound("sends-texts", post, &["list"], calls::sends_texts),
        http("errs", get, "/api/errs", calls::errs),
        // In the table after the one that the host tries first, by its name.
        http(
            "Zz-products",
            get,
            "/api/products/{category}/{id?}",
            calls::products,
        ),
        http(
            "parameters",
            get,
            "/api/products/{category:alpha}/{id:int?}",
            calls::parameters,
        ),
        http("Files", get, "/api/files/{*rest}", calls::parameters),
        bound("parameters-too", get, &[], calls::parameters),
        http("repeated", get, "/api/repeated", calls::repeated),
        trigger("says", "item", returns, calls::says),
        http("stream", get, "/api/stream", streams::stream),
        http(
            "stream-control",
            get,
            "/api/stream-control",
            streams::stream_control,
        ),
        http("large", get, "/api/large", streams::large),
        http("odd-stream", get, "/api/odd-stream", streams::odd_stream),
    ];
    app::functions::ROUTES
        .iter()
        .cloned()
        .chain(own)
        .collect::<Vec<_>>()
        .leak()
}

/// Makes this process the handler where [`SERVE`] is set: then it ends as the release binary does,
/// with the code of `serve`.
pub fn serve_if_asked() {
    let routes = match std::env::var(SERVE) {
        Ok(table) if table == AT_ROOT => at_root::routes(),
        Ok(table) if table == TOOLS => tools::ROUTES,
        Ok(_) => routes(),
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
