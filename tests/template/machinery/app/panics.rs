//! Functions that panic.

use app::{HttpRequest, HttpResponse, Invocation, Response, Result};

/// Panics, in the way that `?how=` asks for.
pub fn panics(request: HttpRequest) -> Result {
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
        Some("caught") => {
            let caught = std::panic::catch_unwind(|| panic!("caught by the function"));
            Ok(HttpResponse::text(format!("{}", caught.is_err())).into())
        }
        Some("caught-then-passed-on") => {
            let _ = std::panic::catch_unwind(|| panic!("caught by the function"));
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

/// Starts `?n=` threads that panic with what the standard library says where there are no more.
pub fn starts_threads(request: HttpRequest) -> Result {
    for _ in 0..request.query("n").unwrap_or_default().parse()? {
        let thread = std::thread::spawn(|| panic!("failed to spawn thread: as std says it"));
        let _ = thread.join();
    }
    Ok(HttpResponse::text("they panicked").into())
}
