//! Functions that read each part of a request and of an invocation, and set each kind of output.

use app::{Error, HttpRequest, HttpResponse, Invocation, Output, Response, Result, log};
use serde::Deserialize;
use serde_json::Value;

/// As an order to a blob would be: larger than any queue message.
pub fn order(request: HttpRequest) -> Result {
    let order = request.into_body()?;
    Ok(Response::from(HttpResponse::text("Order enqueued")).output("message", order))
}

pub fn items(request: HttpRequest) -> Result {
    let shown = [
        request.param("id")?,
        request.param("PART")?,
        request.header("x-tag"),
        request.query("q").as_deref(),
    ]
    .map(|text| text.unwrap_or("none").to_owned());
    let text = format!("{} {} {}", request.method, shown.join(" "), request.text()?);
    Ok(HttpResponse::text(text)
        .status(201)
        .header("X-Id", shown[0].clone())
        .into())
}

pub fn headers(_: HttpRequest) -> Result {
    let response = HttpResponse::text("ok")
        .header("Vary", "Accept")
        .header("vary", "Origin")
        .header("Set-Cookie", "a=1");
    Ok(response.content_type("text/html; charset=utf-8").into())
}

pub fn cookies(_: HttpRequest) -> Result {
    Ok(HttpResponse::text("ok")
        .header("Set-Cookie", "a=1")
        .header("set-cookie", "b=2")
        .into())
}

pub fn binary(_: HttpRequest) -> Result {
    Ok(HttpResponse::text([0, 1, 0xff])
        .content_type("image/png")
        .into())
}

pub fn example(_: HttpRequest) -> Result {
    log::info("Log message 1");
    log::info("Log message 2");
    Ok(Response::from(HttpResponse::text("Message enqueued"))
        .output(
            "myQueueOutput",
            Output::list(["queue message 1", "queue message 2"])?,
        )
        .return_value(r#"{"hello":"world"}"#))
}

pub fn lists(request: HttpRequest) -> Result {
    let value: Value = request.json()?;
    let output = match value {
        Value::String(text) => text.into(),
        Value::Array(items) => Output::list(items)?,
        value => Output::raw(&value)?,
    };
    Ok(Response::new().output("message", output))
}

pub fn undeclared(_: HttpRequest) -> Result {
    Ok(Response::new().output("Message", "lost"))
}

#[derive(Deserialize)]
struct Item {
    id: u64,
}

pub fn typed(invocation: Invocation) -> Result {
    let Item { id } = invocation.trigger.json()?;
    let input: Option<Vec<u8>> = invocation.input("input")?.map(|input| input.text().into());
    let number: Option<i64> = invocation.metadata("Number").ok().flatten();
    let yes: Option<bool> = invocation.metadata("Yes").ok().flatten();
    let text: Option<String> = invocation.metadata("Text").ok().flatten();
    let item: Option<Item> = invocation.metadata("Item").ok().flatten();
    let length = input.ok_or_else(|| Error::fail("no input"))?.len();
    Ok(Response::new().return_value(format!(
        "{id}, {length}, {number:?}, {yes:?}, {text:?}, {:?}",
        item.map(|item| item.id)
    )))
}
