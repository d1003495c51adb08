use serde_json::json;
use stand_in::app::function::{Binding, Function, resolved};

#[test]
fn members_are_read_in_any_case() {
    let members = json!({"Name": "x", "TYPE": "queue", "Direction": "OUT", "queuename": "q"});
    let binding = Binding::from(members);
    let texts = [&binding.name, &binding.kind, binding.text("queueName")];
    assert_eq!(texts, ["x", "queue", "q"]);
    assert!(binding["none"].is_null());
    assert!(binding.is("Queue") && binding.says("QUEUENAME", "Q") && !binding.is_trigger());
    for (direction, is_output) in [("Out", true), ("InOut", false), ("in", false), ("", false)] {
        let binding = Binding::from(json!({"direction": direction}));
        assert_eq!(binding.is_output(), is_output, "{direction}");
    }
}

#[test]
fn a_function_knows_its_trigger_inputs_and_outputs() {
    let text = r#"{"Bindings": [{"type": "blob", "name": "b"}, {"type": "httptrigger", "name": "req", "methods": ["get"], "route": "/x/"},
        {"type": "http", "direction": "out", "name": "res"}, {"type": "queue", "direction": "out", "name": "$return"}]}"#;
    let function = Function::read("web", text).expect("a function");
    fn names<'a>(bindings: impl Iterator<Item = &'a Binding>) -> Vec<&'a str> {
        bindings.map(|one| &*one.name).collect()
    }
    assert_eq!(function.trigger().name, "req");
    assert_eq!(names(function.inputs()), ["b"]);
    assert_eq!(names(function.outputs()), ["res", "$return"]);
    assert_eq!(names(function.listed_outputs()), ["$return"]);
    assert_eq!(function.methods(), ["GET"]);
    assert_eq!(function.route_below(), "x");
    assert!(function.takes("HEAD") && !function.takes("POST") && !function.is_http_only());
    let call = r#"Route::http_with_bindings("web", &["GET"], &["$return"], web::run)"#;
    assert_eq!(function.call("/api/"), call);
    let none = Function::read("none", r#"{"bindings": [{"type": "queue"}]}"#);
    let none = none.expect("a function");
    assert_eq!(none.trigger(), &Binding::default());
}

#[test]
fn settings_replace_their_names() {
    let setting = |name: &str| (name == "A").then(|| "1".to_owned());
    for (text, expected) in [("x%A%y%A%", "x1y1"), ("100%", "100%"), ("%B%-%A%", "%B%-1")] {
        assert_eq!(resolved(text, &setting), expected);
    }
    let text = r#"{"bindings": [{"type": "queueTrigger", "name": "q", "queueName": "%A%-%B%", "route": "%C%", "commandText": "like '%D%'"}]}"#;
    let mut function = Function::read("f", text).expect("a function");
    let missing = function.resolve(&setting).join("\n");
    let says = "%B% in the queueName of \"q\" is a setting that neither";
    assert!(missing.starts_with(says), "{missing}");
    assert!(!missing.contains('\n'), "{missing}");
    assert_eq!(function.trigger().text("queueName"), "1-%B%");
}
