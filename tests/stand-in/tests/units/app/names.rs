use stand_in::app::names::*;

#[test]
fn the_hosts_rules_for_names() {
    let (long, too_long) = ("x".repeat(128), "x".repeat(129));
    for name in ["a", "Web-Two", "a_b", "A1", "hosts", "a-", &long] {
        assert_eq!(function(name), Ok(()));
    }
    for name in ["req", "$return", "A1", &long] {
        assert_eq!(binding(name), Ok(()));
    }
    for name in [
        "", "1a", "_a", "-a", "a.b", "a b", "ä", "aä", "a/b", &too_long,
    ] {
        assert!(function(name).is_err_and(|why| why.contains(&format!("{name:?}"))));
        assert!(binding(name).is_err_and(|why| why.contains(&format!("{name:?}"))));
    }
    for (function_name, binding_name) in [("host", "my_req"), ("Host", "$Return"), ("$", "a-b")] {
        assert!(function(function_name).is_err() && binding(binding_name).is_err());
    }
}

#[test]
fn files_are_in_snake_case() {
    for (names, expected) in [
        ("hello", "hello"),
        ("MyQueueFunction", "my_queue_function"),
        ("Web-Two web_two", "web_two"),
        ("HTTPIngest", "http_ingest"),
        ("ingestHTTP", "ingest_http"),
        ("order2Queue", "order2_queue"),
        ("A", "a"),
        ("a--b__c-", "a_b_c"),
        ("Match", "match"),
    ] {
        for name in names.split(' ') {
            assert_eq!(file(name), expected, "{name}");
        }
    }
}

#[test]
fn keywords_are_raw_identifiers() {
    let modules = ["match", "gen", "matches"].map(module);
    assert_eq!(modules, ["r#match", "r#gen", "matches"]);
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    for name in "mod Main self super crate src Tests benches target NUL com1 LPT9".split(' ') {
        assert!(refusal(name).is_some(), "{name}");
    }
    for name in "test router Match handler2 com com10 com0 std model".split(' ') {
        assert_eq!(refusal(name), None, "{name}");
    }
}

/// The handler's order is tested with the same table.
#[test]
fn functions_have_the_hosts_order() {
    let table = crate::files::json("tables/name-order.json");
    let pairs = table["pairs"].as_array().expect("a list");
    assert!(pairs.len() > 10);
    for pair in pairs {
        let [first, then] = [0, 1].map(|place| pair[place].as_str().expect("a name"));
        assert!(
            order(first, then).is_lt() && order(then, first).is_gt(),
            "{pair}"
        );
    }
    assert!(order("a", "a").is_eq());
}
