use stand_in::App;

#[test]
fn an_order_is_enqueued() {
    let app = App::start();
    let answer = app.post("/api/order", r#"{"id":1005}"#);
    assert_eq!(answer.text(), "Order enqueued");
    assert_eq!(app.queue("orders"), [r#"{"id":1005}"#]);
}

#[test]
fn an_empty_order_is_refused() {
    let app = App::start();
    let answer = app.post("/api/order", "");
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("needs a body"));
    assert!(app.queue("orders").is_empty());
}

#[test]
fn an_order_that_no_queue_message_holds_is_refused() {
    let app = App::start();
    assert_eq!(app.post("/api/order", "x".repeat(49_152)).status, 200);
    let answer = app.post("/api/order", "x".repeat(49_153));
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("this one has 49153"));
    assert_eq!(app.queue("orders").len(), 1);
}
