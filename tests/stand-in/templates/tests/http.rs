use stand_in::App;

pub fn it_answers_with_the_item() {
    let app = App::start();
    // GIVEN_
    let text = "asked for ITEM_";
    let answer = app.get("PATH_");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["item"], "ITEM_");
    let logs = app.logs().join("\n");
    assert!(logs.contains(text), "{logs}");
    // FOUND_
}
