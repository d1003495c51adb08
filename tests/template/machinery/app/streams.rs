//! Functions whose answers are written while they are sent.

use app::{HttpRequest, HttpResponse, Result, log};
use std::io::{BufWriter, Write};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// How many parts the streams may have written in all, and how many streams have ended.
static STATE: Mutex<(usize, usize)> = Mutex::new((0, 0));
static CHANGED: Condvar = Condvar::new();

/// Counts a stream that has ended, however it did.
struct Ending;

impl Drop for Ending {
    fn drop(&mut self) {
        STATE.lock().unwrap().1 += 1;
        CHANGED.notify_all();
    }
}

/// Writes a part each time that [`stream_control`] allows one; ends, fails or panics after
/// `?parts=` of them, as `?end=` says.
pub fn stream(request: HttpRequest) -> Result {
    let end = request.query("end").unwrap_or_default();
    let parts: usize = request
        .query("parts")
        .unwrap_or_default()
        .parse()
        .unwrap_or(usize::MAX);
    let answer = HttpResponse::stream(move |out| {
        let _ending = Ending;
        for part in 1..=parts {
            let state = STATE.lock().unwrap();
            let (state, waited) = CHANGED
                .wait_timeout_while(state, Duration::from_secs(50), |(allowed, _)| {
                    *allowed < part
                })
                .unwrap();
            drop(state);
            if waited.timed_out() {
                return Err("no part was allowed for too long".into());
            }
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

/// Allows streams to write up to `?parts=` parts; with `?ended=` waits until so many have ended.
pub fn stream_control(request: HttpRequest) -> Result {
    let mut state = STATE.lock().unwrap();
    if let Some(parts) = request.query("parts") {
        state.0 = parts.parse()?;
        CHANGED.notify_all();
    }
    if let Some(ended) = request.query("ended") {
        let ended: usize = ended.parse()?;
        let (state, waited) = CHANGED
            .wait_timeout_while(state, Duration::from_secs(25), |state| state.1 < ended)
            .unwrap();
        return if waited.timed_out() {
            Err(format!("{} have ended", state.1).into())
        } else {
            Ok(HttpResponse::text("ended").into())
        };
    }
    Ok(HttpResponse::text("allowed").into())
}

/// Writes `?mib=` MiB of x, as a program does that writes a line at a time.
pub fn large(request: HttpRequest) -> Result {
    let mib: usize = request.query("mib").unwrap_or_default().parse()?;
    Ok(HttpResponse::stream(move |out| {
        let mut out = BufWriter::with_capacity(64 * 1024, out);
        for _ in 0..mib * 1024 {
            out.write_all(&[b'x'; 1024])?;
        }
        Ok(out.flush()?)
    })
    .into())
}

/// Writes an empty piece, which must not become a chunk, and others; with a `?status=` that has no
/// body.
pub fn odd_stream(request: HttpRequest) -> Result {
    let answer = HttpResponse::stream(|out| {
        out.write_all(b"")?;
        out.write_all("caf\u{e9} ".as_bytes())?;
        out.flush()?;
        out.write_all(&[b'y'; 200_000])?;
        Ok(())
    });
    Ok(match request.query("status") {
        Some(status) => answer.status(status.parse()?),
        None => answer,
    }
    .into())
}
