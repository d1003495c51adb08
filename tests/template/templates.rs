//! The templates of `make new` compile as they stand, and so rustfmt and clippy see them. What is
//! made of them runs in `acceptance.sh`.

use crate::{HttpRequest, Invocation, Result, ToolCall};
use tool as FUNCTION_;

#[path = "../stand-in/templates/blob.rs"]
mod blob;
#[path = "../stand-in/templates/bytes.rs"]
mod bytes;
#[path = "../stand-in/templates/eventgrid.rs"]
mod eventgrid;
#[path = "../stand-in/templates/http.rs"]
mod http;
#[path = "../stand-in/templates/list.rs"]
mod list;
#[path = "../stand-in/templates/queue.rs"]
mod queue;
#[path = "../stand-in/templates/tests/bytes.rs"]
mod test_of_bytes;
#[path = "../stand-in/templates/tests/eventgrid.rs"]
mod test_of_eventgrid;
#[path = "../stand-in/templates/tests/http.rs"]
mod test_of_http;
#[path = "../stand-in/templates/tests/list.rs"]
mod test_of_list;
#[path = "../stand-in/templates/tests/text.rs"]
mod test_of_text;
#[path = "../stand-in/templates/tests/timer.rs"]
mod test_of_timer;
#[path = "../stand-in/templates/tests/tool.rs"]
mod test_of_tool;
#[path = "../stand-in/templates/text.rs"]
mod text;
#[path = "../stand-in/templates/timer.rs"]
mod timer;
#[path = "../stand-in/templates/tool.rs"]
mod tool;

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
        test_of_bytes::it_logs_how_much_came,
        test_of_eventgrid::it_logs_the_event,
        test_of_http::it_answers_with_the_item,
        test_of_list::it_logs_each_item,
        test_of_text::it_logs_how_much_came,
        test_of_timer::it_notices_that_it_is_late,
        test_of_tool::it_gives_the_price,
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in/templates");
    let files = |folder: &str| {
        let entries = root.join(folder).read_dir().expect("the templates");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .filter(|name| name.to_string_lossy().ends_with(".rs"))
            .count()
    };
    let listed = (functions.len() + 2, tests.len());
    assert_eq!((files(""), files("tests")), listed);
}
