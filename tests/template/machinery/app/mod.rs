//! The app for the tests of the machinery: the samples and more. No release binary has it. The test
//! executable and the bench start themselves again as its handler.

mod answers;
mod reads;
#[path = "../../mcp/tools.rs"]
pub mod tools;
mod waits;

use answers::*;
use app::{HttpRequest, Result, Route, Settings};
use reads::*;
use std::time::Duration;
use waits::*;

/// Set in the handler's process; [`AT_ROOT`] or [`TOOLS`] for another table.
pub const SERVE: &str = "SERVE_THE_TESTS_APP";

/// For an app whose host.json has `"routePrefix": ""`.
pub const AT_ROOT: &str = "at the root";

/// For the MCP tools.
pub const TOOLS: &str = "tools";

/// The seconds of [`Settings::give_up_after`].
pub const GIVE_UP_AFTER: &str = "GIVE_UP_AFTER";

const BOTH: &[&str] = &["GET", "POST"];
const GET: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];

type Run = fn(HttpRequest) -> Result;

/// The samples, and functions for the tests.
fn routes() -> &'static [Route] {
    let (trigger, bound) = (Route::trigger, Route::http_with_bindings);
    let mut routes = app::functions::ROUTES.to_vec();
    let four = &["one", "list", "raw", "lines"];
    routes.extend([
        bound("order-of-any-size", POST, &["message"], order),
        bound("example", POST, &["myQueueOutput", "$return"], example),
        bound("lists", POST, &["message"], lists),
        bound("sends", POST, four, sends),
        bound("shows-too", GET, &[], shows),
        trigger("typed", "item", &["$return"], typed),
        trigger("panics-too", "item", &["$return"], panics_too),
        trigger("odd-too", "item", &["message", "$return"], odd_too),
        trigger("bytes", "item", &["$return"], bytes),
        trigger("inputs", "item", &["$return"], inputs),
        trigger("metadata", "item", &["$return"], metadata),
    ]);
    let http: [(&str, Run); _] = [
        ("/api/items/{id}/{part}", shows),
        ("/api/files/{*rest}", shows),
        ("/api/numbers", numbers),
        ("/api/meets", meets),
        ("/api/holds", holds),
        ("/api/sleeps", sleeps),
        ("/api/stream", stream),
        ("/api/large", large),
        ("/api/odd-stream", odd_stream),
        ("/api/panics", panics),
        ("/api/starts-threads", starts_threads),
        ("/api/serves-again", serves_again),
        ("/api/odd", odd),
        ("/api/logs", logs),
    ];
    for (path, run) in http {
        let name = path.split('/').nth(2).expect("a name");
        routes.push(Route::http(name, BOTH, path, run));
    }
    routes.extend([
        Route::http("heads", POST, "/api/heads", heads),
        Route::http("refuses", POST, "/api/refuses", refuses),
        // This is the path of another function's invocations, which still reach that function.
        Route::http("usurps", POST, "/odd-too", products),
        // The host tries another function before it, by its name.
        Route::http(
            "Zz-products",
            GET,
            "/api/products/{category}/{id?}",
            products,
        ),
        Route::http(
            "shows",
            GET,
            "/api/products/{category:alpha}/{id:int?}",
            shows,
        ),
    ]);
    routes.leak()
}

/// The pairs of tests/template/tables/name-order.json.
pub fn name_pairs() -> Vec<[String; 2]> {
    let table = include_str!("../../tables/name-order.json");
    let mut table: serde_json::Value = table.parse().expect("a table");
    serde_json::from_value(table["pairs"].take()).expect("pairs")
}

/// Functions whose paths are those of invocations, and the pairs: pair 3 shares the routes
/// `/pairs/3/as-listed` and `/pairs/3/reversed`.
fn routes_at_root() -> &'static [Route] {
    let mut routes = vec![
        Route::http("hello", BOTH, "/hello", shows),
        Route::trigger("messages", "item", &["$return"], returns),
        Route::http("zz-rest", BOTH, "/{*rest}", shows),
    ];
    for (place, pair) in name_pairs().into_iter().enumerate() {
        let [first, second] = pair.map(|name| &*name.leak());
        let path = |order| &*format!("/pairs/{place}/{order}").leak();
        let (listed, reversed) = (path("as-listed"), path("reversed"));
        routes.extend([
            Route::http(first, GET, listed, shows),
            Route::http(second, GET, listed, products),
            Route::http(second, GET, reversed, products),
            Route::http(first, GET, reversed, shows),
        ]);
    }
    routes.leak()
}

/// If [`SERVE`] is set, this process is the handler, and ends with the code of `serve`.
pub fn serve_if_asked() {
    let Ok(table) = std::env::var(SERVE) else {
        return;
    };
    let routes = match table.as_str() {
        AT_ROOT => routes_at_root(),
        TOOLS => tools::ROUTES,
        _ => routes(),
    };
    let mut settings = Settings::default();
    if let Ok(seconds) = std::env::var(GIVE_UP_AFTER) {
        settings.give_up_after = Duration::from_secs(seconds.parse().expect("a number of seconds"));
    }
    let code = app::serve_with(routes, &settings);
    // Only `main` can return it, and this `main` is the test harness's.
    let mut numbers = 0..=u8::MAX;
    let code = numbers.find(|number| code == (*number).into());
    std::process::exit(code.expect("an exit code of eight bits").into());
}
