//! Tools for the tests: of the machinery, of `make run` with npm's client, and of the protocol's
//! conformance suite.

use app::{Content, Error, Response, Result, Route, ToolCall, ToolResult, log};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

pub const ROUTES: &[Route] = &[
    Route::tool("price-of", "context", &[], price_of),
    Route::tool("says", "context", &[], says),
    Route::tool("echoes", "context", &[], echoes),
    Route::tool("refuses", "context", &[], refuses),
    Route::tool(
        "fails",
        "context",
        &[],
        |_| Err("the till is locked".into()),
    ),
    Route::tool("panics", "context", &[], |_| panic!("the till is gone")),
    Route::tool("meets", "context", &[], meets),
    Route::tool("empty", "context", &[], |_| Ok(Response::new())),
    Route::tool("shows", "context", &[], shows),
    Route::tool("wrongs", "context", &[], wrongs),
    Route::tool("besides", "context", &["message"], besides),
    Route::tool("test-simple-text", "context", &[], shows),
    Route::tool("test-image-content", "context", &[], shows),
    Route::tool("test-audio-content", "context", &[], shows),
    Route::tool("test-embedded-resource", "context", &[], shows),
    Route::tool("test-multiple-content-types", "context", &[], shows),
    Route::tool("test-error-handling", "context", &[], refuses),
];

#[derive(Deserialize)]
struct Arguments {
    item: String,
    count: Option<u32>,
}

#[derive(Serialize)]
struct Price {
    price: u32,
}

fn price_of(call: ToolCall) -> Result {
    let Arguments { item, count } = call.arguments()?;
    if item != "tea" {
        return Err(Error::refuse(404, format!("there is no {item}, only tea")));
    }
    let price = 3 * count.unwrap_or(1);
    Ok(ToolResult::structured(&Price { price })?.into())
}

/// Repeats a text.
fn says(call: ToolCall) -> Result {
    let Arguments { item, count } = call.arguments()?;
    Ok(ToolResult::text(item.repeat(count.unwrap_or(1) as usize)).into())
}

/// Returns the arguments, and logs their length.
fn echoes(call: ToolCall) -> Result {
    let arguments: serde_json::Map<String, Value> = call.arguments()?;
    let session = call.session().unwrap_or_default();
    log::info(format_args!("{call:?} {session}"));
    let result = ToolResult::structured(&arguments)?;
    log::info(format_args!("{result:?}"));
    Ok(result.into())
}

fn refuses(_: ToolCall) -> Result {
    let why = "there is no \"tea\" today ☕; ask for coffee";
    Err(Error::refuse(503, why))
}

/// Waits for a second call.
fn meets(_: ToolCall) -> Result {
    static IN: Mutex<u32> = Mutex::new(0);
    static CAME: Condvar = Condvar::new();
    let mut count = IN.lock().map_err(|error| error.to_string())?;
    *count += 1;
    CAME.notify_all();
    let waited = CAME.wait_timeout_while(count, Duration::from_secs(20), |count| *count < 2);
    match waited.map_err(|error| error.to_string())? {
        (_, waited) if waited.timed_out() => Err("no other call came".into()),
        _ => Ok(ToolResult::text("met").into()),
    }
}

fn shows(_: ToolCall) -> Result {
    let blocks = [
        Content::text("the prices of May"),
        Content::image(PNG, "image/png"),
        Content::audio(WAV, "audio/wav"),
        Content::resource("shop://may", "text/plain", "tea 3"),
        Content::resource("shop://may.bin", "application/octet-stream", [0xff, 0]),
        Content::link("https://shop.example/may", "the whole list"),
    ];
    Ok(ToolResult::blocks(blocks).into())
}

/// Each is a mistake of the tool's.
fn wrongs(call: ToolCall) -> Result {
    let Arguments { item, .. } = call.arguments()?;
    match &*item {
        "list" => Ok(ToolResult::structured(&[1])?.into()),
        "return value" => Ok(Response::new().return_value("3")),
        "output" => Ok(Response::from(ToolResult::text("a")).output("message", "a")),
        _ => Ok(app::HttpResponse::text("a").into()),
    }
}

/// Sends a message, and shows an input, an argument and the metadata.
fn besides(call: ToolCall) -> Result {
    let Arguments { item, .. } = call.arguments()?;
    let input = call.input("snippet")?;
    let input = input.map_or("none".to_owned(), |input| input.text().to_owned());
    let name: Option<String> = call.metadata("name")?;
    if item == "key" {
        let _: Option<[u8; 2]> = call.metadata("context")?;
    }
    let result = ToolResult::text(format!("{item}, {input}, {}", name.unwrap_or_default()));
    Ok(Response::from(result).output("message", item))
}

/// One red pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

/// One sample of silence.
const WAV: &[u8] = b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x02\0\0\0\0\0";
