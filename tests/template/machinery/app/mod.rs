//! The app that the machinery is tested with, the samples and more; no release binary carries it.
//! The test executable starts itself anew as its handler, and so does the bench.

mod answers;
pub mod at_root;
mod bindings;
mod blocking;
pub mod calls;
mod panics;
mod streams;
#[path = "../../mcp/tools.rs"]
pub mod tools;

use app::{HttpRequest, Result, Route, Settings};
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
    let (trigger, bound) = (Route::trigger, Route::http_with_bindings);
    let (get, post, both) = (&["GET"], &["POST"], &["GET", "POST"]);
    let returns = &["$return"];
    let mut routes = app::functions::ROUTES.to_vec();
    routes.extend([
        bound("order-of-any-size", post, &["message"], bindings::order),
        bound(
            "example",
            post,
            &["myQueueOutput", "$return"],
            bindings::example,
        ),
        bound("lists", post, &["message"], bindings::lists),
        bound("undeclared", post, &["message"], bindings::undeclared),
        bound(
            "sends",
            post,
            &["one", "list", "raw", "lines"],
            calls::sends,
        ),
        bound("sends-texts", post, &["list"], calls::sends_texts),
        bound("parameters-too", get, &[], calls::parameters),
        trigger("typed", "item", returns, bindings::typed),
        trigger("panics-too", "item", returns, panics::panics_too),
        trigger("odd-too", "item", &["message", "$return"], answers::odd_too),
        trigger("bytes", "item", returns, calls::bytes),
        trigger("inputs", "item", returns, calls::inputs),
        trigger("metadata", "item", returns, calls::metadata),
        trigger("says", "item", returns, calls::says),
    ]);
    let mut http =
        |methods: &'static [&str], path: &'static str, run: fn(HttpRequest) -> Result| {
            let name = path.trim_start_matches("/api/");
            let (name, _) = name.split_once('/').unwrap_or((name, ""));
            routes.push(Route::http(name, methods, path, run));
        };
    http(both, "/api/items/{id}/{part}", bindings::items);
    http(get, "/api/headers", bindings::headers);
    http(get, "/api/cookies", bindings::cookies);
    http(get, "/api/binary", bindings::binary);
    http(get, "/api/meets", blocking::meets);
    http(get, "/api/holds", blocking::holds);
    http(get, "/api/releases", blocking::releases);
    http(get, "/api/sleeps", blocking::sleeps);
    http(both, "/api/panics", panics::panics);
    http(get, "/api/starts-threads", panics::starts_threads);
    http(get, "/api/serves-again", answers::serves_again);
    http(both, "/api/fails", answers::fails);
    http(post, "/api/heads", answers::heads);
    http(both, "/api/odd", answers::odd);
    http(get, "/api/logs", answers::logs);
    http(get, "/api/errs", calls::errs);
    http(get, "/api/files/{*rest}", calls::parameters);
    http(get, "/api/repeated", calls::repeated);
    http(get, "/api/stream", streams::stream);
    http(get, "/api/stream-control", streams::stream_control);
    http(get, "/api/large", streams::large);
    http(get, "/api/odd-stream", streams::odd_stream);
    // Its path is that of another's invocations, which are the other's all the same.
    routes.push(Route::http("usurps", post, "/odd-too", answers::usurps));
    // In the table before the one that the host tries first, by its name.
    let (tried_last, constrained) = (
        "/api/products/{category}/{id?}",
        "/api/products/{category:alpha}/{id:int?}",
    );
    routes.extend([
        Route::http("Zz-products", get, tried_last, calls::products),
        Route::http("parameters", get, constrained, calls::parameters),
    ]);
    routes.leak()
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
