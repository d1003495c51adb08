//! A handler whose functions misbehave. No release binary may carry such functions: here the test executable starts
//! itself once more, as a handler with a route table of its own, and everything else in it is the handler's own code.

use crate::samples::ask;
use app::Route;
use app::{Error, HttpRequest, HttpResponse, Invocation, Output, Response, Result, log};
use stand_in::http::{Answer, request};
use stand_in::process::{self, Handler};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Set in the process that is to be the handler.
const VARIABLE: &str = "BE_THE_FAULTY_HANDLER";

/// Longer than any test waits for an answer.
const TOO_LONG: Duration = Duration::from_secs(50);

const ROUTES: &[Route] = &[
    // Its path is that of another's invocations, which are the other's all the same.
    Route::http("usurps", &["POST"], "/odd-too", usurps),
    Route::http("panics", &["GET", "POST"], "/api/panics", panics),
    Route::trigger("panics-too", "item", &["$return"], panics_too),
    Route::http("meets", &["GET"], "/api/meets", meets),
    Route::http("holds", &["GET"], "/api/holds", holds),
    Route::http("releases", &["GET"], "/api/releases", releases),
    Route::http("sleeps", &["GET"], "/api/sleeps", sleeps),
    Route::http("fails", &["GET", "POST"], "/api/fails", fails),
    Route::http("heads", &["POST"], "/api/heads", heads),
    Route::http("odd", &["GET", "POST"], "/api/odd", odd),
    Route::trigger("odd-too", "item", &["message", "$return"], odd_too),
    Route::http("logs", &["GET"], "/api/logs", logs),
];

fn usurps(_: HttpRequest) -> Result {
    Ok(HttpResponse::text("not its own").into())
}

/// Panics, in the way that `?how=` asks for.
fn panics(request: HttpRequest) -> Result {
    struct PanicsAgain;
    impl Drop for PanicsAgain {
        fn drop(&mut self) {
            panic!("the payload of a panic panicked");
        }
    }
    match request.query("how").as_deref() {
        Some("lines") => panic!("one line\r\nanother line\u{1b}[31m"),
        Some("value") => std::panic::panic_any(17),
        Some("without-threads") => panic!("failed to spawn thread: as std says it"),
        Some("silently") => std::panic::resume_unwind(Box::new("passed on")),
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

fn panics_too(invocation: Invocation) -> Result {
    panic!("cannot digest {}", invocation.trigger.text())
}

/// Waits until `?n=` invocations are in here at the same time.
fn meets(request: HttpRequest) -> Result {
    static INSIDE: Mutex<usize> = Mutex::new(0);
    static CAME: Condvar = Condvar::new();
    let all: usize = request.query("n").unwrap_or_default().parse()?;
    let mut inside = INSIDE.lock().unwrap();
    *inside += 1;
    CAME.notify_all();
    // Rounded up: it goes on from the number that the meeting before ended with.
    let goal = inside.next_multiple_of(all);
    let (inside, waited) = CAME.wait_timeout_while(inside, TOO_LONG / 2, |inside| *inside < goal).unwrap();
    match waited.timed_out() {
        false => Ok(HttpResponse::text("met").into()),
        true => Err(Error::fail(format!("waited for {goal}, and {inside} came"))),
    }
}

static HELD: Mutex<(usize, bool)> = Mutex::new((0, false));
static HELD_CHANGED: Condvar = Condvar::new();

/// Blocks until [`releases`] is called.
fn holds(_: HttpRequest) -> Result {
    let mut held = HELD.lock().unwrap();
    held.0 += 1;
    HELD_CHANGED.notify_all();
    drop(HELD_CHANGED.wait_timeout_while(held, TOO_LONG, |(_, released)| !*released).unwrap());
    Ok(HttpResponse::text("held").into())
}

/// With `?n=` waits until that many are held, and otherwise releases them, for good.
fn releases(request: HttpRequest) -> Result {
    let held = HELD.lock().unwrap();
    match request.query("n") {
        Some(n) => {
            let n: usize = n.parse()?;
            let (held, waited) = HELD_CHANGED.wait_timeout_while(held, TOO_LONG / 2, |(held, _)| *held < n).unwrap();
            if waited.timed_out() { Err(Error::fail(format!("{} are held", held.0))) } else { Ok(Response::new()) }
        }
        None => {
            let mut held = held;
            held.1 = true;
            HELD_CHANGED.notify_all();
            Ok(Response::new())
        }
    }
}

/// Sleeps for `?ms=`, and answers how many did so at the same time at most since the last that asked with `?peak`.
fn sleeps(request: HttpRequest) -> Result {
    static ASLEEP: AtomicUsize = AtomicUsize::new(0);
    static PEAK: AtomicUsize = AtomicUsize::new(0);
    if request.query("peak").is_some() {
        return Ok(HttpResponse::text(PEAK.swap(0, SeqCst).to_string()).into());
    }
    PEAK.fetch_max(ASLEEP.fetch_add(1, SeqCst) + 1, SeqCst);
    std::thread::sleep(Duration::from_millis(request.query("ms").unwrap_or_default().parse()?));
    ASLEEP.fetch_sub(1, SeqCst);
    Ok(HttpResponse::text("slept").into())
}

fn fails(request: HttpRequest) -> Result {
    match request.query("refuse") {
        Some(status) => Err(Error::refuse(status.parse()?, "no\r\nX-Split: 1")),
        None => Err(Error::fail("line one\r\nline \"two\" \u{0} \u{1f980}")),
    }
}

/// Sets the headers that the body lists: `[["name", "value"], ...]`.
fn heads(request: HttpRequest) -> Result {
    let headers: Vec<(String, String)> = request.json()?;
    let answer = HttpResponse::text("fine");
    Ok(headers.into_iter().fold(answer, |answer, (name, value)| answer.header(name, value)).into())
}

/// Answers oddly, in the way that `?what=` asks for: with a status, or what no host takes.
fn odd(request: HttpRequest) -> Result {
    Ok(match request.query("what").unwrap_or_default().as_str() {
        "binary" => HttpResponse::text([0, 159, 146, 150]).into(),
        "output" => Response::new().output("undeclared", "lost"),
        "return" => Response::new().return_value("lost"),
        "nothing" => Response::new(),
        "cookies" => HttpResponse::text("").header("Set-Cookie", "a=1").header("set-cookie", "b=2").into(),
        status => HttpResponse::text("a body").status(status.parse()?).into(),
    })
}

fn odd_too(invocation: Invocation) -> Result {
    match invocation.trigger.text() {
        "nothing" => Ok(Response::new()),
        "empty" => Ok(Response::new().output("message", "").return_value("")),
        "null" => Ok(Response::new().output("message", Output::raw(&None::<u8>)?)),
        "output" => Ok(Response::new().output("undeclared", "lost")),
        "twice" => Ok(Response::new().output("message", "lost").output("message", "kept")),
        "return" => Ok(Response::new().output("$return", "lost")),
        "answer" => Ok(HttpResponse::text("").status(404).into()),
        "refuse" => Err(Error::refuse(404, "not for a queue")),
        what => Err(Error::fail(format!("no {what}"))),
    }
}

fn logs(_: HttpRequest) -> Result {
    (0..100).for_each(|n| log::info(format_args!("line {n}")));
    Ok(HttpResponse::text("logged").into())
}

/// The command that starts the faulty handler, on a port of the system's choice.
pub fn command() -> Command {
    process::app_of_tests("faulty::serves", VARIABLE)
}

/// Starts the faulty handler.
pub fn start() -> Handler {
    Handler::from_command(command())
}

/// Asks for a path, on a connection of its own.
pub fn get(handler: &Handler, path: &str) -> Answer {
    ask(handler, &request("GET", path, &[], b""))
}

/// With the variable set it is the faulty handler, and ends only if that ends. Without, it checks that it can be one.
#[test]
fn serves() {
    if std::env::var_os(VARIABLE).is_some() {
        let code = app::serve(ROUTES);
        panic!("the handler ended with {code:?}");
    }
    let handler = start();
    assert_eq!(get(&handler, "/").status, 200);
    assert_eq!(get(&handler, "/api/logs").text(), "logged");
    assert_eq!(get(&handler, "/api/hello").status, 404, "it has routes of its own");
}
