//! Functions that show what they read.

use app::{HttpRequest, HttpResponse, Invocation, Response, Result, log};
use serde::Deserialize;

/// Shows the method, the parameter named by `?name=`, all values of the header `X-Tag` and the
/// query's `q`, and the body.
pub fn shows(request: HttpRequest) -> Result {
    let param = match request.query("name") {
        Some(name) => request.param(&name)?,
        None => None,
    };
    let (header, headers) = (request.header("x-tag"), request.header_all("x-tag"));
    let (query, queries) = (request.query("q"), request.query_all("q"));
    if header != headers.first().copied() || query.as_ref() != queries.first() {
        return Err(format!("{header:?} and {query:?} are not the first").into());
    }
    let (method, body) = (&request.method, request.text()?);
    let shown = format!("{method} {param:?} {headers:?} {queries:?} [{body}]");
    Ok(HttpResponse::text(shown).into())
}

pub fn products(_: HttpRequest) -> Result {
    Ok(HttpResponse::text("products").into())
}

/// Returns the trigger's bytes, and logs how many there are.
pub fn bytes(invocation: Invocation) -> Result {
    let bytes = invocation.trigger.binary()?;
    log::info(format_args!("{} bytes", bytes.len()));
    Ok(Response::new().return_value(bytes))
}

/// Shows the input that the trigger's text names.
pub fn inputs(invocation: Invocation) -> Result {
    let input = invocation.input(invocation.trigger.text())?;
    let shown = input.map(|input| format!("{:?} {:?}", input.text(), input.binary().ok()));
    Ok(Response::new().return_value(shown.unwrap_or_else(|| "none!".into())))
}

/// Shows the number in the metadata that the trigger's text names.
pub fn metadata(invocation: Invocation) -> Result {
    let number: Option<i64> = invocation.metadata(invocation.trigger.text())?;
    Ok(Response::new().return_value(format!("it is {number:?}!")))
}

#[derive(Debug, Deserialize)]
struct Item {
    id: u64,
}

/// Shows the trigger's id, the length of an input, and metadata of each type.
pub fn typed(invocation: Invocation) -> Result {
    let Item { id } = invocation.trigger.json()?;
    let input = invocation.input("input")?.ok_or("no input")?;
    let number: Option<i64> = invocation.metadata("Number").ok().flatten();
    let yes: Option<bool> = invocation.metadata("Yes").ok().flatten();
    let text: Option<String> = invocation.metadata("Text").ok().flatten();
    let item: Option<Item> = invocation.metadata("Item").ok().flatten();
    let length = input.text().len();
    let shown = format!("{id}, {length}, {number:?}, {yes:?}, {text:?}, {item:?}");
    Ok(Response::new().return_value(shown))
}

pub fn returns(invocation: Invocation) -> Result {
    Ok(Response::new().return_value(invocation.trigger.text()))
}
