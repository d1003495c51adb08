use serde_json::{Value, json};
use stand_in::app::binary::*;

fn host(path: Value) -> Value {
    json!({"customHandler": {"description": {"defaultExecutablePath": path}}})
}

#[test]
fn host_json_names_the_binary() {
    for (host, expected) in [
        (host(json!("handler")), "handler"),
        (host(json!("./shop")), "shop"),
        (host(json!("handler.bin")), "handler.bin"),
        (host(json!("")), "handler"),
        (host(json!(null)), "handler"),
        (json!({"version": "2.0"}), "handler"),
        (Value::Null, "handler"),
    ] {
        assert_eq!(name(&host), expected, "{host}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let functions = ["hello".to_owned(), "Handler".to_owned()];
    let why = |path: Value| fault(&host(path), functions.iter());
    let said = why(json!("handler")).unwrap();
    let write = "write \"defaultExecutablePath\": \"handler.bin\"";
    assert!(
        said.contains("the function Handler") && said.ends_with(write),
        "{said}"
    );
    assert!(why(Value::Null).is_some());
    assert_eq!(fault(&host(json!("handler")), functions[..1].iter()), None);
    assert_eq!(why(json!(OTHER)), None);
    let paths = "bin/handler,/usr/bin/node,..,.handler,-x,bin\\handler,%HANDLER%,a b,ä";
    for path in paths.split(',') {
        let said = why(json!(path)).unwrap();
        assert!(said.contains(&format!("{path:?} is not a file")), "{said}");
    }
}

#[test]
fn only_the_name_is_written() {
    let text = "\u{feff}{\r\n  // \"defaultExecutablePath\": \"old\"\r\n  \"customHandler\" : {\"description\":{ \"arguments\": [\"ä\"],\r\n\
                \t\"defaultExecutablePath\" /* \"here\" */ :\r\n\"./handler\", } },\r\n}\r\n";
    assert_eq!(
        renamed(text, OTHER).unwrap(),
        text.replace("./handler", "handler.bin")
    );
    for text in [
        "{}",
        "{\"defaultExecutablePath\": \"handler\"}",
        "{\"customHandler\": {\"description\": {\"defaultExecutablePath\": null}}}",
        "{\"customHandler\": {\"description\": {\"defaultExecutablePath\"",
    ] {
        let why = renamed(text, OTHER).unwrap_err();
        assert!(why.ends_with(
            "write \"defaultExecutablePath\": \"handler.bin\" into its customHandler.description first"
        ));
    }
}
