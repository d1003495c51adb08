use super::FUNCTION_::Arguments;
use serde_json::json;
use stand_in::App;

pub fn it_gives_the_price() {
    stand_in::assert_arguments::<Arguments>("NAME_");
    let app = App::start();
    // GIVEN_
    let text = "asked for tea";
    let given = json!({"item": "tea", "count": 2});
    let answer = app.tool("TOOL_", given).expect("an answer");
    assert_eq!(answer.structured_content, Some(json!({"price": 6})));
    let logs = app.logs().join("\n");
    assert!(logs.contains(text), "{logs}");
    let refused = app.tool("TOOL_", json!({"item": "tea", "count": 2000}));
    assert!(refused.expect("an answer").is_error);
    // FOUND_
}
