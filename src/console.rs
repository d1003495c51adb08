//! Lines on stdout and stderr, which the host logs. One that cannot be written is dropped: when the
//! host dies both pipes are closed, and that must neither panic (as `println!` does) nor fail an
//! invocation.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};

/// Writes one line to stdout, whatever line breaks and control characters `line` holds.
pub fn info(line: &str) {
    let _ = std::io::stdout().write_all(one_line(line).as_bytes());
}

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
    /// What the hook made of the last panic in this thread.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `function`; a panic in it becomes an `Err` with the panic's message and place.
pub fn catch_panic<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    PANIC.set(None);
    CATCHING.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(function));
    CATCHING.set(false);
    result.map_err(reported)
}

fn reported(payload: Box<dyn Any + Send>) -> String {
    let message = format!(": {}", message(&*payload));
    // A payload is any value, and to drop it may panic again.
    if let Err(again) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
    // The hook does not see a panic that `resume_unwind` passes on: what it saw last may be one
    // that the function has caught itself.
    let seen = PANIC.take().filter(|line| line.ends_with(&message));
    seen.unwrap_or(format!("panicked{message}"))
}

/// Makes every panic one line. [`catch_panic`] reports its own; any other is written to stderr at
/// once, and `uncaught` is called. A debug build writes backtraces too if `RUST_BACKTRACE=1`.
pub fn install_panic_hook(uncaught: fn()) {
    panic::set_hook(Box::new(move |panic| {
        let mut line = String::from("panicked");
        if let Some(place) = panic.location() {
            line += &format!(" at {}:{}", place.file(), place.line());
        }
        line += &format!(": {}", message(panic.payload()));
        if CATCHING.get() {
            PANIC.set(Some(line));
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

/// Writes one line per frame between the panic itself and the handler's own call of the function.
#[cfg(debug_assertions)]
fn write_backtrace() {
    let backtrace = std::backtrace::Backtrace::capture();
    if backtrace.status() != std::backtrace::BacktraceStatus::Captured {
        return;
    }
    // A frame's place is on a line of its own.
    let frames = backtrace.to_string().replace("\n             at ", " at ");
    let frames: Vec<&str> = frames.lines().collect();
    let of_panic = ["core::panicking::", "rust_begin_unwind", "begin_panic"];
    let is_of_panic = |frame: &&str| of_panic.iter().any(|name| frame.contains(name));
    let first = frames
        .iter()
        .rposition(is_of_panic)
        .map_or(0, |last| last + 1);
    let is_of_function = |frame: &&&str| !frame.contains("console::catch_panic");
    for frame in frames[first..].iter().take_while(is_of_function) {
        error(frame);
    }
}
