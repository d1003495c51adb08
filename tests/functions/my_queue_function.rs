use stand_in::App;

#[test]
fn a_message_is_passed_on() {
    let app = App::start();
    let run = app.send("messages-incoming", "hi");
    assert_eq!((run.failure, run.tries), (None, 1));
    assert_eq!(app.queue("messages-outgoing"), ["hi"]);
}

#[test]
fn it_logs_the_beginning_of_a_message() {
    let run = App::start().send("messages-incoming", "x".repeat(101));
    assert!(
        run.logs[0].starts_with("processed message "),
        "{:?}",
        run.logs
    );
    assert!(
        run.logs[0].ends_with(&format!(", dequeue count 1: {}...", "x".repeat(100))),
        "{:?}",
        run.logs
    );
}

#[test]
fn no_message_is_altered() {
    let app = App::start();
    let messages = [
        "test",
        "[]",
        "2026-11-21T10:00:00+02:00",
        r#"{"price":10.10}"#,
        "",
    ];
    for message in messages {
        app.send("messages-incoming", message);
    }
    assert_eq!(app.queue("messages-outgoing"), messages);
}
