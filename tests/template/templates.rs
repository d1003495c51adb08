//! Compiles the templates of `make new`, so that rustfmt and clippy see them. `acceptance.sh` runs
//! what is made of them.

use crate::{HttpRequest, Invocation, Result, ToolCall};
use functions::*;

#[path = "../stand-in/templates"]
mod functions {
    pub mod blob;
    pub mod bytes;
    pub mod eventgrid;
    pub mod http;
    pub mod list;
    pub mod queue;
    pub mod text;
    pub mod timer;
    pub mod tool;
}

#[path = "../stand-in/templates/tests"]
mod tests {
    pub mod bytes;
    pub mod eventgrid;
    pub mod http;
    pub mod list;
    pub mod text;
    pub mod timer;
    pub mod tool;

    use super::functions::tool as FUNCTION_;
}

#[test]
fn each_template_is_listed_here() {
    let _: fn(HttpRequest<'_>) -> Result = http::run;
    let _: fn(ToolCall<'_>) -> Result = tool::run;
    let functions: [fn(Invocation<'_>) -> Result; 7] = [
        blob::run,
        bytes::run,
        eventgrid::run,
        list::run,
        queue::run,
        text::run,
        timer::run,
    ];
    let tests: [fn(); 7] = [
        tests::bytes::it_logs_how_much_came,
        tests::eventgrid::it_logs_the_event,
        tests::http::it_answers_with_the_item,
        tests::list::it_logs_each_item,
        tests::text::it_logs_how_much_came,
        tests::timer::it_notices_that_it_is_late,
        tests::tool::it_gives_the_price,
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in/templates");
    let files = |folder: &str| {
        let entries = root.join(folder).read_dir().expect("the templates");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths
            .filter(|path| path.extension() == Some("rs".as_ref()))
            .count()
    };
    let listed = (functions.len() + 2, tests.len());
    assert_eq!((files(""), files("tests")), listed);
}
