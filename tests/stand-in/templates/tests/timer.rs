use serde_json::json;
use stand_in::App;

pub fn it_notices_that_it_is_late() {
    let app = App::start();
    // GIVEN_
    let text = "late";
    let run = app.trigger("NAME_", json!({"IsPastDue": true}));
    assert_eq!(run.failure, None);
    assert_eq!(run.logs[0], text);
    // FOUND_
}
