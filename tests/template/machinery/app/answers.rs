//! Functions that answer, fail, refuse or panic in each possible way.

use app::{Context, Error, HttpRequest, HttpResponse, Invocation, Output, Response, Result, log};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Debug)]
struct Outer(u32, std::num::ParseIntError);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "no price {}", self.0)
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.1)
    }
}

/// `?what=` chooses a status, or an answer that some form or the host does not allow.
pub fn odd(request: HttpRequest) -> Result {
    let what = request.query("what").unwrap_or_default();
    let price = |line| "x".parse::<u16>().map_err(|error| Outer(line, error));
    let answer = match what.as_str() {
        "nothing" => return Ok(Response::new()),
        "output" => return Ok(Response::new().output(concat!("at line ", line!()), "lost")),
        "return" => return Ok(Response::new().return_value("lost")),
        "fail" => return Err(Error::fail("line one\r\nline \"two\" \u{0} \u{1f980}")),
        // Each error has its line.
        "chain" => HttpResponse::default().status(price(line!())?),
        "context" => HttpResponse::default().status(price(line!()).context("prices")?),
        "text" => Err(concat!("a text ", line!()))?,
        "string" => Err(format!("a string {}", line!()))?,
        "error" => return Err(Error::fail(format!("an error {}", line!()))),
        "binary" => HttpResponse::text([0, 1, 0xff]).content_type("image/png"),
        "vary" => HttpResponse::text("ok")
            .header("Vary", "Accept")
            .header("vary", "Origin")
            .header("Set-Cookie", "a=1")
            .content_type("text/html; charset=utf-8"),
        "cookies" => HttpResponse::text("ok")
            .header("Set-Cookie", "a=1")
            .header("set-cookie", "b=2"),
        status => HttpResponse::text("a body").status(status.parse()?),
    };
    Ok(answer.into())
}

/// Refuses its caller with the status in the body.
pub fn refuses(request: HttpRequest) -> Result {
    Err(Error::refuse(request.json()?, "no\r\nX-Split: 1"))
}

/// Sets the headers in the body: `[["name", "value"], ...]`.
pub fn heads(request: HttpRequest) -> Result {
    let headers: Vec<(String, String)> = request.json()?;
    let answer = HttpResponse::text("fine");
    let set = |answer: HttpResponse, (name, value)| answer.header(name, value);
    Ok(headers.into_iter().fold(answer, set).into())
}

/// Logs lines of each kind, also in a helper and a thread. The trigger's text chooses the answer.
pub fn odd_too(invocation: Invocation) -> Result {
    log::info("info");
    helper();
    let thread = std::thread::spawn(|| log::info("from a thread"));
    thread.join().map_err(|_| "the thread panicked")?;
    log::warn("look at this");
    log::error(format_args!("{} is wrong", "that"));
    match invocation.trigger.text() {
        "nothing" => Ok(Response::new()),
        "empty" => Ok(Response::new().output("message", "").return_value("")),
        "null" => Ok(Response::new().output("message", Output::raw(&None::<u8>)?)),
        "output" => Ok(Response::new().output("undeclared", "lost")),
        "twice" => Ok(Response::new()
            .output("message", "lost")
            .output("message", "kept")),
        "return" => Ok(Response::new().output("$return", "!")),
        "answer" => Ok(HttpResponse::text("").status(404).into()),
        "refuse" => Err(Error::refuse(404, "not for a queue")),
        "panic" => panic!("as asked"),
        _ => Err(Error::fail("as asked")),
    }
}

fn helper() {
    log::info("from a helper");
}

/// Has no limit of a queue: like an order to a blob.
pub fn order(request: HttpRequest) -> Result {
    let order = request.into_body()?;
    Ok(Response::from(HttpResponse::text("Order enqueued")).output("message", order))
}

/// The documentation's example of a response.
pub fn example(_: HttpRequest) -> Result {
    log::info("Log message 1");
    log::info("Log message 2");
    let list = Output::list(["queue message 1", "queue message 2"])?;
    Ok(Response::from(HttpResponse::text("Message enqueued"))
        .output("myQueueOutput", list)
        .return_value(r#"{"hello":"world"}"#))
}

#[derive(Serialize, Deserialize)]
struct Order {
    at: String,
    price: Box<RawValue>,
}

/// Sends an order, which the host would alter, as JSON, in a list and raw.
pub fn sends(request: HttpRequest) -> Result {
    let order: Order = request.json()?;
    Ok(Response::new()
        .output("one", Output::json(&order)?)
        .output("list", Output::list([&order, &order])?)
        .output("raw", Output::raw(&order)?)
        .output("lines", Output::json(&[&order])?))
}

/// Sends the text in the body, or each element of the list.
pub fn lists(request: HttpRequest) -> Result {
    let output = match request.json()? {
        Value::String(text) => text.into(),
        Value::Array(items) => Output::list(items)?,
        _ => return Ok(Response::new().output("Message", "lost")),
    };
    Ok(Response::new().output("message", output))
}

/// `?how=` chooses the panic.
pub fn panics(request: HttpRequest) -> Result {
    struct PanicsAgain;
    impl Drop for PanicsAgain {
        fn drop(&mut self) {
            panic!("the payload of a panic panicked");
        }
    }
    let caught = || std::panic::catch_unwind(|| panic!("caught by the function")).is_err();
    match request.query("how").as_deref() {
        Some("lines") => panic!("one line\r\nanother line\u{1b}[31m"),
        Some("value") => std::panic::panic_any(17),
        Some("without-threads") => panic!("failed to spawn thread: as std says it"),
        Some("silently") => std::panic::resume_unwind(Box::new("passed on")),
        Some("caught") => Ok(HttpResponse::text(caught().to_string()).into()),
        Some("caught-then-passed-on") if caught() => {
            std::panic::resume_unwind(Box::new("passed on"))
        }
        Some("again") => std::panic::panic_any(PanicsAgain),
        Some("index") => Ok(HttpResponse::text(request.text()?[1000..].to_owned()).into()),
        Some("borrow") => {
            let cell = std::cell::RefCell::new(0);
            let _first = cell.borrow_mut();
            let _second = cell.borrow_mut();
            Ok(Response::new())
        }
        _ => panic!("as the test wants"),
    }
}

pub fn panics_too(invocation: Invocation) -> Result {
    panic!("cannot digest {}", invocation.trigger.text())
}

/// Starts two threads that panic as the standard library does without threads.
pub fn starts_threads(_: HttpRequest) -> Result {
    for _ in 0..2 {
        let thread = std::thread::spawn(|| panic!("failed to spawn thread: as std says it"));
        let _ = thread.join();
    }
    Ok(HttpResponse::text("they panicked").into())
}

pub fn logs(_: HttpRequest) -> Result {
    (0..100).for_each(|n| log::info(format_args!("line {n}")));
    Ok(HttpResponse::text("logged").into())
}

/// Calls `serve` in a process that serves already.
pub fn serves_again(_: HttpRequest) -> Result {
    let code = app::serve(app::functions::ROUTES);
    let is_failure = code == std::process::ExitCode::FAILURE;
    Ok(HttpResponse::text(is_failure.to_string()).into())
}
