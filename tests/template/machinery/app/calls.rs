//! Functions that use one call each of what a function can do.

use app::{Context, Error, HttpRequest, HttpResponse, Invocation, Output, Response, Result, log};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Gives back the bytes of a binding, and how many there are.
pub fn bytes(invocation: Invocation) -> Result {
    let bytes = invocation.trigger.binary()?;
    log::info(format_args!("{} bytes", bytes.len()));
    Ok(Response::new().return_value(bytes))
}

/// Says what the input is that the trigger's text names.
pub fn inputs(invocation: Invocation) -> Result {
    let shown = match invocation.input(invocation.trigger.text())? {
        Some(input) => format!("{:?} {:?}", input.text(), input.binary().ok()),
        None => "none!".into(),
    };
    Ok(Response::new().return_value(shown))
}

/// Says what the member of the metadata is that the trigger's text names, as a number.
pub fn metadata(invocation: Invocation) -> Result {
    let number: Option<i64> = invocation.metadata(invocation.trigger.text())?;
    Ok(Response::new().return_value(format!("it is {number:?}!")))
}

#[derive(Serialize, Deserialize)]
pub struct Order {
    at: String,
    price: Box<serde_json::value::RawValue>,
}

/// Sends an order, which the host would alter, as JSON, in a list and as it is.
pub fn sends(request: HttpRequest) -> Result {
    let order: Order = request.json()?;
    Ok(Response::new()
        .output("one", Output::json(&order)?)
        .output("list", Output::list([&order, &order])?)
        .output("raw", Output::raw(&order)?)
        .output("lines", Output::json(&[&order])?))
}

/// Sends a list of the texts in the body.
pub fn sends_texts(request: HttpRequest) -> Result {
    let texts: Vec<String> = request.json()?;
    Ok(Response::new().output("list", Output::list(texts)?))
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("no price")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Fails in the way that `?how=` asks for.
pub fn errs(request: HttpRequest) -> Result {
    match request.query("how").unwrap_or_default().as_str() {
        "chain" => Err(Outer("x".parse::<u8>().unwrap_err()))?,
        "text" => Err("a text")?,
        "string" => Err(String::from("a string"))?,
        "context" => Err(Outer("x".parse::<u8>().unwrap_err())).context("prices")?,
        _ => return Err(Error::fail("a reason")),
    };
    Ok(Response::new())
}

/// Says which value the parameter has that `?name=` names.
pub fn parameters(request: HttpRequest) -> Result {
    let name = request.query("name").unwrap_or_default();
    let value = request.param(&name)?;
    Ok(HttpResponse::text(format!("{}: {value:?}", request.method)).into())
}

/// Says that it is the function of this name.
pub fn products(_: HttpRequest) -> Result {
    Ok(HttpResponse::text("products").into())
}

/// Shows all values of the header `X-Tag` and of the query's `q`.
pub fn repeated(request: HttpRequest) -> Result {
    let mut shown = String::new();
    write!(
        shown,
        "{:?} {:?}",
        request.header_all("x-tag"),
        request.query_all("q")
    )?;
    Ok(HttpResponse::text(shown).into())
}

/// Logs a line of each kind, one of them in a helper and one in a thread, then fails if the
/// trigger's text says so.
pub fn says(invocation: Invocation) -> Result {
    log::info("info");
    helper();
    let thread = std::thread::spawn(|| log::info("from a thread"));
    thread.join().map_err(|_| "the thread panicked")?;
    log::warn("look at this");
    log::error(format_args!("{} is wrong", "that"));
    match invocation.trigger.text() {
        "fail" => Err(Error::fail("as asked")),
        "refuse" => Err(Error::refuse(404, "not for a queue")),
        "panic" => panic!("as asked"),
        "undeclared" => Ok(Response::new().output("undeclared", "lost")),
        _ => Ok(Response::new().return_value("said!")),
    }
}

fn helper() {
    log::info("from a helper");
}
