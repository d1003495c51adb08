use stand_in::app::names::*;

#[test]
fn the_hosts_rules_for_names() {
    let long = "x".repeat(128);
    for (names, of_functions, of_bindings) in [
        (format!("a,A1,hosts,{long}"), true, true),
        ("Web-Two,a_b,a-".into(), true, false),
        ("$return,host,Host".into(), false, true),
        (
            format!(",1a,_a,-a,a.b,a b,ä,aä,a/b,$,$Return,x{long}"),
            false,
            false,
        ),
    ] {
        for name in names.split(',') {
            for (result, is_taken) in [(function(name), of_functions), (binding(name), of_bindings)]
            {
                let why = result.err();
                assert_eq!(why.is_none(), is_taken, "{name}: {why:?}");
                assert!(why.is_none_or(|why| why.contains(&format!("{name:?}"))));
            }
        }
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
        assert!(order(first, then).is_lt(), "{pair}");
        assert!(order(then, first).is_gt(), "{pair}");
    }
    assert!(order("a", "a").is_eq());
}
