use stand_in::App;

pub fn it_logs_how_much_came() {
    let app = App::start();
    // GIVEN_
    let text = "hi";
    let run = app.trigger("NAME_", text.into());
    assert_eq!(run.failure, None);
    assert!(run.logs[0].starts_with("2 bytes"), "{:?}", run.logs);
    // FOUND_
}
