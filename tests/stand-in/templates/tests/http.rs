use stand_in::App;

pub fn it_answers_with_the_item() {
    let app = App::start();
    let text = "asked for pen";
    let answer = app.get("PATH_?item=pen");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["item"], "pen");
    let logs = app.logs().join("\n");
    assert!(logs.contains(text), "{logs}");
}
