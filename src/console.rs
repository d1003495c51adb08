//! Lines on stdout and stderr. The host turns them into Information and Error logs of the app; an
//! invocation's own logs are written by [`log`](crate::log).
//!
//! A line that cannot be written is dropped: when the host dies both pipes are closed, and that
//! must neither panic (as `println!` does) nor fail an invocation.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};

/// Writes one line to stdout, whatever line breaks and control characters `line` holds.
pub fn info(line: &str) {
    let _ = std::io::stdout().write_all(one_line(line).as_bytes());
}

/// Writes one line to stderr, whatever line breaks and control characters `line` holds.
pub fn error(line: &str) {
    let _ = std::io::stderr().write_all(one_line(line).as_bytes());
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default())
        } else {
            line.push(c)
        }
    }
    line.push('\n');
    line
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// The last panic in a thread, as the hook saw it.
struct Panic {
    message: String,
    line: String,
}

/// Runs `function`; a panic in it becomes an `Err` with the panic's message and place.
pub fn catch_panic<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    let (mut function, mut result) = (Some(function), None);
    let caught = catch(&mut || result = function.take().map(|function| function()));
    // It has run, or panicked.
    result.ok_or_else(|| caught.err().unwrap_or_default())
}

/// [`catch_panic`], compiled once.
fn catch(function: &mut dyn FnMut()) -> Result<(), String> {
    PANIC.set(None);
    CATCHING.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(function));
    CATCHING.set(false);
    result.map_err(|payload| {
        // The hook does not see a panic that `resume_unwind` passes on. What it saw last may be
        // another panic, which the function has caught itself.
        let message = message(&*payload);
        let line = match PANIC.take() {
            Some(panic) if panic.message == message => panic.line,
            _ => format!("panicked: {message}"),
        };
        // A payload is any value, and to drop it may panic again.
        if let Err(again) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(again);
        }
        line
    })
}

/// Makes every panic one line. It is kept for [`catch_panic`] if that will report it, and otherwise
/// written to stderr at once. A debug build writes a backtrace too if `RUST_BACKTRACE=1` is set.
/// `uncaught` is called for each panic that [`catch_panic`] does not report.
pub fn install_panic_hook(uncaught: fn()) {
    panic::set_hook(Box::new(move |panic| {
        let message = message(panic.payload());
        let place = panic.location().map_or_else(String::new, |place| {
            format!(" at {}:{}", place.file(), place.line())
        });
        let line = format!("panicked{place}: {message}");
        if CATCHING.get() {
            PANIC.set(Some(Panic {
                message: message.to_owned(),
                line,
            }));
        } else {
            uncaught();
            error(&line);
        }
        #[cfg(debug_assertions)]
        write_backtrace();
    }));
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or(payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Writes the backtrace, one line per frame: the frames between the panic itself and the handler's
/// own call of the function.
#[cfg(debug_assertions)]
fn write_backtrace() {
    let backtrace = std::backtrace::Backtrace::capture();
    if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
        // A frame's place is on a line of its own.
        let frames = backtrace.to_string().replace("\n             at ", " at ");
        let frames: Vec<&str> = frames.lines().collect();
        let panicked = |frame: &&str| {
            ["core::panicking::", "rust_begin_unwind", "begin_panic"]
                .iter()
                .any(|name| frame.contains(name))
        };
        let first = frames
            .iter()
            .rposition(panicked)
            .map_or(0, |place| place + 1);
        let of_function = frames[first..]
            .iter()
            .take_while(|frame| !frame.contains("console::catch"));
        of_function.for_each(|frame| error(frame));
    }
}
