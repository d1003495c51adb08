//! Functions that fail, refuse, or answer what no host takes.

use app::{Error, HttpRequest, HttpResponse, Invocation, Output, Response, Result, log};

pub fn usurps(_: HttpRequest) -> Result {
    Ok(HttpResponse::text("not its own").into())
}

pub fn fails(request: HttpRequest) -> Result {
    match request.query("refuse") {
        Some(status) => Err(Error::refuse(status.parse()?, "no\r\nX-Split: 1")),
        None => Err(Error::fail("line one\r\nline \"two\" \u{0} \u{1f980}")),
    }
}

/// Sets the headers that the body lists: `[["name", "value"], ...]`.
pub fn heads(request: HttpRequest) -> Result {
    let headers: Vec<(String, String)> = request.json()?;
    let answer = HttpResponse::text("fine");
    Ok(headers
        .into_iter()
        .fold(answer, |answer, (name, value)| answer.header(name, value))
        .into())
}

/// Answers oddly, in the way that `?what=` asks for: with a status, or what no host takes.
pub fn odd(request: HttpRequest) -> Result {
    Ok(match request.query("what").unwrap_or_default().as_str() {
        "binary" => HttpResponse::text([0, 159, 146, 150]).into(),
        "output" => Response::new().output("undeclared", "lost"),
        "return" => Response::new().return_value("lost"),
        "nothing" => Response::new(),
        "cookies" => HttpResponse::text("")
            .header("Set-Cookie", "a=1")
            .header("set-cookie", "b=2")
            .into(),
        status => HttpResponse::text("a body").status(status.parse()?).into(),
    })
}

pub fn odd_too(invocation: Invocation) -> Result {
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
        what => Err(Error::fail(format!("no {what}"))),
    }
}

pub fn logs(_: HttpRequest) -> Result {
    (0..100).for_each(|n| log::info(format_args!("line {n}")));
    Ok(HttpResponse::text("logged").into())
}

/// Says with which code `serve` ends when it is called in a process that serves already.
pub fn serves_again(_: HttpRequest) -> Result {
    let code = app::serve(app::functions::ROUTES);
    Ok(HttpResponse::text(format!("{}", code == std::process::ExitCode::FAILURE)).into())
}
