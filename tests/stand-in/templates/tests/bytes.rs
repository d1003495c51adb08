use stand_in::App;

pub fn it_logs_how_much_came() {
    let app = App::start();
    // GIVEN_
    let (bytes, text) = ("hi", "2 bytes");
    let run = app.trigger_bytes("NAME_", bytes);
    assert_eq!(run.failure, None);
    assert!(run.logs[0].ends_with(text), "{:?}", run.logs);
    // FOUND_
}
