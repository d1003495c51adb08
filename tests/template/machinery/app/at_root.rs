//! Another table of functions: those of an app whose host.json has `"routePrefix": ""`, and
//! functions that share a route.

use app::{HttpRequest, HttpResponse, Invocation, Response, Result, Route};
use serde::Deserialize;

#[derive(Deserialize)]
struct NameOrder {
    pairs: Vec<[String; 2]>,
}

/// The pairs of tests/template/tables/name-order.json.
pub fn name_pairs() -> Vec<[String; 2]> {
    let table = include_str!("../../tables/name-order.json");
    serde_json::from_str::<NameOrder>(table)
        .expect("a table of pairs")
        .pairs
}

/// The functions. Those of pair 3 share the routes `/pairs/3/as-listed` and `/pairs/3/reversed`.
pub fn routes() -> &'static [Route] {
    let mut routes = vec![
        Route::http("hello", &["GET", "POST"], "/hello", shows),
        Route::trigger("messages", "item", &["$return"], returns),
        Route::http("zz-rest", &["GET", "POST"], "/{*rest}", shows),
    ];
    for (place, pair) in name_pairs().into_iter().enumerate() {
        let [first, second] = pair.map(|name| &*name.leak());
        let [listed, reversed] =
            ["as-listed", "reversed"].map(|order| &*format!("/pairs/{place}/{order}").leak());
        routes.extend([
            Route::http(first, &["GET"], listed, the_first),
            Route::http(second, &["GET"], listed, the_second),
            Route::http(second, &["GET"], reversed, the_second),
            Route::http(first, &["GET"], reversed, the_first),
        ]);
    }
    routes.leak()
}

fn the_first(_: HttpRequest) -> Result {
    Ok(HttpResponse::text("the first").into())
}

fn the_second(_: HttpRequest) -> Result {
    Ok(HttpResponse::text("the second").into())
}

/// Shows the request that came to a route at the root.
fn shows(request: HttpRequest) -> Result {
    let rest = request.param("rest").ok().map(Option::unwrap_or_default);
    let page = request.query("page");
    let shown = format!("{} {rest:?} {page:?} {}", request.method, request.text()?);
    Ok(HttpResponse::text(shown).into())
}

fn returns(invocation: Invocation) -> Result {
    Ok(Response::new().return_value(invocation.trigger.text()))
}
