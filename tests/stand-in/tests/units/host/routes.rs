use stand_in::host::routes::Template;

/// The parameters as `name=value`, `-` for an absent one; `None` where the path is none of the
/// route's.
fn matched(route: &str, path: &str) -> Option<String> {
    let parameters = Template::parse(route).expect("a route").matches(path)?;
    let shown = |(name, value): &(String, Option<String>)| {
        format!("{name}={}", value.as_deref().unwrap_or("-"))
    };
    Some(parameters.iter().map(shown).collect::<Vec<_>>().join(" "))
}

#[test]
fn a_path_gives_the_parameters_of_its_route() {
    for (route, path, parameters) in [
        ("api/hello", "/api/hello", Some("")),
        ("api/hello", "/API/Hello/", Some("")),
        ("api/hello", "/api/hello//", None),
        ("api/hello", "/api/hello/x", None),
        ("api/hello", "/api", None),
        ("api/items/{id}", "/api/items/a%20b%2Fc", Some("id=a b%2Fc")),
        ("api/items/{id}", "/api/items//", None),
        ("api/items/{id}", "/api/items", None),
        ("{a}/{b?}", "/x", Some("a=x b=-")),
        ("{a}/{b?}", "/x/y/z", None),
        ("{a=1}/{b=2}", "/", Some("a=1 b=2")),
        ("{a=1}/{b=2}", "/x", Some("a=x b=2")),
        ("files/{*rest}", "/files/a%2Fb/c/", Some("rest=a%2Fb/c")),
        ("files/{**rest}", "/files", Some("rest=-")),
        ("", "/", Some("")),
        ("", "/x", None),
        (
            "products/{category:alpha}/{id:int?}",
            "/products/tea/7",
            Some("category=tea id=7"),
        ),
        (
            "products/{category:alpha}/{id:int?}",
            "/products/tea",
            Some("category=tea id=-"),
        ),
        (
            "products/{category:alpha}/{id:int?}",
            "/products/tea1",
            None,
        ),
        (
            "products/{category:alpha}/{id:int?}",
            "/products/tea/x",
            None,
        ),
        ("{a:int=3}", "/x", None),
        ("{a:int:min(3)}", "/2", None),
        ("{a:int:min(3)}", "/3", Some("a=3")),
        ("{a:regex(^[a/b]:{{2}}$)}/x", "/%3a/x", Some("a=:")),
    ] {
        assert_eq!(
            matched(route, path).as_deref(),
            parameters,
            "{route} {path}"
        );
    }
}

#[test]
fn constraints_hold_or_do_not() {
    for (constraint, holds, fails) in [
        ("alpha", &["aZ"][..], &["a1", "\u{fc}"][..]),
        ("bool", &["true", "FALSE"], &["1", "yes"]),
        ("int", &["-7", "2147483647"], &["2147483648", "7.0", "x"]),
        ("long", &["2147483648"], &["9223372036854775808"]),
        (
            "guid",
            &[
                "70734a6c-261f-4802-9a19-265034c703c3",
                "70734a6c261f48029a19265034c703c3",
            ],
            &["70734a6c-261f"],
        ),
        ("length(2)", &["ab"], &["a", "abc"]),
        ("length(1,2)", &["a", "ab"], &["abc"]),
        ("minlength(2)", &["ab"], &["a"]),
        ("maxlength(2)", &["ab"], &["abc"]),
        ("min(2)", &["2"], &["1", "x"]),
        ("MAX(2)", &["2"], &["3"]),
        ("range(2, 4)", &["2", "4"], &["1", "5"]),
        ("datetime", &["anything"], &[]),
    ] {
        for (values, expected) in [(holds, true), (fails, false)] {
            for value in values {
                let route = format!("{{a:{constraint}}}");
                assert_eq!(
                    matched(&route, value).is_some(),
                    expected,
                    "{constraint} {value}"
                );
                assert!(Template::parse(&route).expect("a route").resembles(value));
            }
        }
    }
    let example = |route| Template::parse(route).expect("a route").example();
    assert_eq!(
        example("x/{id:int}/{key:guid}/{name}/{part?}").1,
        "/x/1/00000000-0000-0000-0000-000000000000/name"
    );
    assert_eq!(
        example("x/{id:int}/{part=a}").0[1],
        ("part".to_owned(), Some("a".to_owned()))
    );
    assert_eq!(
        Template::parse("{a:datetime}/{b:INT}")
            .expect("a route")
            .unknown,
        ["datetime"]
    );
}

#[test]
fn an_example_is_one_of_the_routes_paths() {
    for route in [
        "items/{id}",
        "{a:alpha}/{b:int?}/{*c}",
        "{a:bool}/{b:guid}",
        "{a:length(3)}/{b:alpha:minlength(20)}/{c:int:length(2,4)}",
        "{a:min(100)}/{b:range(30, 40)}/{c:int:max(3)}",
    ] {
        let route = Template::parse(route).expect("a route");
        let (parameters, path) = route.example();
        assert_eq!(
            route.matches(&path).as_ref(),
            Some(&parameters),
            "{route} {path}"
        );
    }
}

#[test]
fn routes_are_the_same_whatever_their_case_and_names() {
    for (one, other, same) in [
        ("Items/{id:int}", "items/{key:INT}", true),
        ("items/{id?}", "items/{key=1}", true),
        ("items/{id}", "items/{id:int}", false),
        ("items/{id}", "items/{id?}", false),
        ("items/{id}", "items/{*id}", false),
        ("items", "items/x", false),
        ("items", "{items}", false),
    ] {
        let [first, second] = [one, other].map(|route| Template::parse(route).expect("a route"));
        assert_eq!(
            (first.is_same(&second), second.is_same(&first)),
            (same, same),
            "{one} {other}"
        );
    }
}

#[test]
fn routes_overlap_where_one_path_could_be_of_both() {
    for (one, other, overlap) in [
        ("a/{b:datetime}", "A/c", true),
        ("a/{b}", "{c}/d", true),
        ("a/{b?}", "a", true),
        ("{*all}", "x/y", true),
        ("a/{*rest}", "a", true),
        ("a/{b}", "a", false),
        ("a/{b}/c", "a/{b}/d", false),
        ("a/{b}", "a/{b}/c", false),
        ("a/{*rest}", "b/{*rest}", false),
    ] {
        let [one, other] = [one, other].map(|route| Template::parse(route).expect("a route"));
        assert_eq!(
            (one.overlaps(&other), other.overlaps(&one)),
            (overlap, overlap),
            "{one} {other}"
        );
    }
}

#[test]
fn what_is_no_route_is_named() {
    for (route, named) in [
        ("a/{b}c", "{b}c"),
        ("a/{}", "{}"),
        ("{*a}/b", "{*a}"),
        ("a/{b", "{b"),
        ("{a}-{b}", "{a}-{b}"),
    ] {
        let error = Template::parse(route).expect_err("no route");
        assert!(error.contains(named), "{route}: {error}");
    }
}
