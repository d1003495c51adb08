use serde_json::json;
use stand_in::App;

#[test]
fn it_greets_by_name() {
    let answer = App::start().get("/api/hello?name=Ada");
    assert_eq!(answer.json(), json!({"message": "Hello, Ada!"}));
}

#[test]
fn without_a_name_it_greets_the_world() {
    let app = App::start();
    for path in ["/api/hello", "/api/hello?name="] {
        assert_eq!(app.get(path).text(), "hello world");
    }
}

#[test]
fn it_echoes_what_is_posted() {
    let answer = App::start().post("/api/hello", r#"{"message":"Hello World!"}"#);
    assert_eq!(answer.text(), r#"{"message":"Hello World!"}"#);
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
}
