use serde_json::json;
use stand_in::App;

pub fn it_logs_each_item() {
    let app = App::start();
    // GIVEN_
    let text = "2 items";
    let run = app.trigger("NAME_", json!([{"id": "one"}, {"id": "two"}]));
    assert_eq!(run.failure, None);
    assert_eq!(run.logs[0], r#"{"id":"one"}"#);
    assert_eq!(run.logs[2], text);
    // FOUND_
}
