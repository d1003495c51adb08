use serde_json::json;
use stand_in::App;

pub fn it_logs_the_event() {
    let app = App::start();
    // GIVEN_
    let text = "Made /a";
    let run = app.trigger("NAME_", json!({"eventType": "Made", "subject": "/a"}));
    assert_eq!(run.failure, None);
    assert_eq!(run.logs[0], text);
    // FOUND_
}
