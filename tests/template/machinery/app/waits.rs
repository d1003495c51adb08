//! Functions that wait, or that stream their answers.

use app::{HttpRequest, HttpResponse, Result, log};
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Longer than any test waits for an answer.
const TOO_LONG: Duration = Duration::from_secs(50);

/// Named numbers, for which invocations wait.
static NUMBERS: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();

fn change(name: &str, change: impl FnOnce(usize) -> usize) -> usize {
    let mut numbers = NUMBERS.lock().unwrap();
    let number = numbers.entry(name.to_owned()).or_default();
    *number = change(*number);
    CHANGED.notify_all();
    *number
}

fn wait_for(name: &str, least: usize) -> Result<()> {
    let is_less = |numbers: &mut BTreeMap<String, usize>| {
        numbers.get(name).is_none_or(|number| *number < least)
    };
    let numbers = NUMBERS.lock().unwrap();
    let waited = CHANGED.wait_timeout_while(numbers, TOO_LONG, is_less);
    match waited.unwrap().1.timed_out() {
        true => Err(format!("{name} was too long below {least}").into()),
        false => Ok(()),
    }
}

/// A number of the query.
fn asked<T: FromStr<Err = ParseIntError>>(request: &HttpRequest, name: &str) -> Result<T> {
    Ok(request.query(name).unwrap_or_default().parse()?)
}

/// Sets the number `?set=` to `&n=`, or waits until `?await=` is `&n=` or more; answers with
/// `?get=`.
pub fn numbers(request: HttpRequest) -> Result {
    if let Some(name) = request.query("set") {
        let n = asked(&request, "n")?;
        change(&name, |_| n);
    }
    if let Some(name) = request.query("await") {
        wait_for(&name, asked(&request, "n")?)?;
    }
    let name = request.query("get").unwrap_or_default();
    Ok(HttpResponse::text(change(&name, |n| n).to_string()).into())
}

/// Waits until `?n=` invocations are here at the same time.
pub fn meets(request: HttpRequest) -> Result {
    let all = asked(&request, "n")?;
    // Rounded up, because the count goes on from the last meeting.
    let goal = change("inside", |inside| inside + 1).next_multiple_of(all);
    wait_for("inside", goal)?;
    Ok(HttpResponse::text("met").into())
}

/// Increments `held`, and waits until `released` is 1.
pub fn holds(_: HttpRequest) -> Result {
    change("held", |held| held + 1);
    wait_for("released", 1)?;
    Ok(HttpResponse::text("held").into())
}

/// Sleeps for `?ms=`; `peak` is the most that slept at the same time.
pub fn sleeps(request: HttpRequest) -> Result {
    let asleep = change("asleep", |asleep| asleep + 1);
    change("peak", |peak| peak.max(asleep));
    std::thread::sleep(Duration::from_millis(asked(&request, "ms")?));
    change("asleep", |asleep| asleep - 1);
    Ok(HttpResponse::text("slept").into())
}

/// Counts ended streams on drop.
struct Ending;

impl Drop for Ending {
    fn drop(&mut self) {
        change("ended", |ended| ended + 1);
    }
}

/// Writes as many parts as `parts` allows. After `?parts=` of them it ends, fails or panics, by
/// `?end=`.
pub fn stream(request: HttpRequest) -> Result {
    let end = request.query("end").unwrap_or_default();
    let parts = asked(&request, "parts").unwrap_or(usize::MAX);
    let answer = HttpResponse::stream(move |out| {
        let _ending = Ending;
        for part in 1..=parts {
            wait_for("parts", part)?;
            write!(out, "data: {part}\n\n")?;
        }
        log::info("all parts written");
        match end.as_str() {
            "fail" => Err("as the test wants".into()),
            "panic" => panic!("as the test wants"),
            _ => Ok(()),
        }
    });
    Ok(answer.status(201).content_type("text/event-stream").into())
}

/// Writes `?mib=` MiB of x in small pieces.
pub fn large(request: HttpRequest) -> Result {
    let mib: usize = asked(&request, "mib")?;
    let answer = HttpResponse::stream(move |out| {
        let mut out = BufWriter::with_capacity(64 * 1024, out);
        for _ in 0..mib * 1024 {
            out.write_all(&[b'x'; 1024])?;
        }
        Ok(out.flush()?)
    });
    Ok(answer.into())
}

/// Writes pieces, one of them empty, which must not become a chunk; also with a `?status=` that has
/// no body.
pub fn odd_stream(request: HttpRequest) -> Result {
    let answer = HttpResponse::stream(|out| {
        out.write_all(b"")?;
        out.write_all("caf\u{e9} ".as_bytes())?;
        out.flush()?;
        Ok(out.write_all(&[b'y'; 200_000])?)
    });
    let status = asked(&request, "status").unwrap_or(200);
    Ok(answer.status(status).into())
}
