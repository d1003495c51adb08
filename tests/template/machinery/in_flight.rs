//! Invocations that stay in flight for as long as a test wants.

use crate::handler::Handler;
use crate::requests::{Caller, ID, connect, get, order};
use stand_in::run::http::request;

/// Sends a GET and leaves its answer for later.
#[track_caller]
pub fn start_get(handler: &Handler, path: &str) -> Caller {
    let mut caller = connect(handler);
    let headers = [("X-Azure-Functions-InvocationId", ID)];
    caller.send(request("GET", path, &headers, b""));
    caller
}

/// Starts invocations that go on only when all of them are in the function, and checks that they
/// meet.
#[track_caller]
pub fn meet(handler: &Handler, count: usize) {
    let path = format!("/api/meets?n={count}");
    let meeting: Vec<_> = (0..count).map(|_| start_get(handler, &path)).collect();
    for mut caller in meeting {
        assert_eq!(caller.answer().text(), "met");
    }
}

/// Starts `count` invocations that stay in flight until [`release`].
pub fn hold(handler: &Handler, count: usize) -> Vec<Caller> {
    let hold = |_| start_get(handler, "/api/holds");
    let held = (0..count).map(hold).collect();
    let all_held = get(handler, &format!("/api/numbers?await=held&n={count}"));
    assert_eq!(all_held.status, 200);
    held
}

/// Lets the held invocations go on, by a request of this caller, and checks that each is answered.
#[track_caller]
pub fn release(caller: &mut Caller, held: Vec<Caller>) {
    let released = caller.ask(&request("GET", "/api/numbers?set=released&n=1", &[], b""));
    assert_eq!(released.status, 200);
    for mut caller in held {
        assert_eq!(caller.answer().text(), "held");
    }
}

/// A connection with an order of which the last chunk is missing, and that chunk.
pub fn half_an_order(handler: &Handler) -> (Caller, Vec<u8>) {
    let mut whole = order("in flight!");
    let rest = whole.split_off(whole.len() - 60);
    let mut caller = connect(handler);
    caller.assert_in_step();
    caller.send(whole);
    (caller, rest)
}
