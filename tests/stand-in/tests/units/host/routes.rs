use stand_in::host::routes::Template;

fn parsed(route: &str) -> Template {
    Template::parse(route).expect("a route")
}

/// The parameters as `name=value`, `-` for an absent one; `None` where the path is not one of
/// the route's.
fn matched(route: &str, path: &str) -> Option<String> {
    let parameters = parsed(route).matches(path)?;
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
        ("p/{of:alpha}/{id:int?}", "/p/tea/7", Some("of=tea id=7")),
        ("p/{of:alpha}/{id:int?}", "/p/tea", Some("of=tea id=-")),
        ("p/{of:alpha}/{id:int?}", "/p/tea1", None),
        ("p/{of:alpha}/{id:int?}", "/p/tea/x", None),
        ("{a:int=3}", "/x", None),
        ("{a:int:min(3)}", "/2", None),
        ("{a:int:min(3)}", "/3", Some("a=3")),
        ("{a:regex(^[a/b]:{{2}}$)}/x", "/%3a/x", Some("a=:")),
    ] {
        let matched = matched(route, path);
        assert_eq!(matched.as_deref(), parameters, "{route} {path}");
    }
}

#[test]
fn constraints_hold_or_do_not() {
    const GUIDS: &str = "70734a6c-261f-4802-9a19-265034c703c3 70734a6c261f48029a19265034c703c3";
    for (constraint, holds, fails) in [
        ("alpha", "aZ", "a1 \u{fc}"),
        ("bool", "true FALSE", "1 yes"),
        ("int", "-7 2147483647", "2147483648 7.0 x"),
        ("long", "2147483648", "9223372036854775808"),
        ("guid", GUIDS, "70734a6c-261f"),
        ("length(2)", "ab", "a abc"),
        ("length(1,2)", "a ab", "abc"),
        ("minlength(2)", "ab", "a"),
        ("maxlength(2)", "ab", "abc"),
        ("min(2)", "2", "1 x"),
        ("MAX(2)", "2", "3"),
        ("range(2, 4)", "2 4", "1 5"),
        ("datetime", "anything", ""),
    ] {
        let route = format!("{{a:{constraint}}}");
        for (values, expected) in [(holds, true), (fails, false)] {
            for value in values.split_whitespace() {
                let is_matched = matched(&route, value).is_some();
                assert_eq!(is_matched, expected, "{constraint} {value}");
                assert!(parsed(&route).resembles(value));
            }
        }
    }
    assert_eq!(parsed("{a:datetime}/{b:INT}").unknown, ["datetime"]);
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
        let route = parsed(route);
        let (parameters, path) = route.example();
        assert_eq!(route.matches(&path), Some(parameters), "{route} {path}");
    }
    let (_, path) = parsed("x/{id:int}/{key:guid}/{name}/{part?}").example();
    assert_eq!(path, "/x/1/00000000-0000-0000-0000-000000000000/name");
    let (parameters, _) = parsed("x/{id:int}/{part=a}").example();
    assert_eq!(parameters[1], ("part".to_owned(), Some("a".to_owned())));
}

#[test]
fn routes_are_the_same_whatever_their_case_and_names() {
    for (one, other, expected) in [
        ("Items/{id:int}", "items/{key:INT}", true),
        ("items/{id?}", "items/{key=1}", true),
        ("items/{id}", "items/{id:int}", false),
        ("items/{id}", "items/{id?}", false),
        ("items/{id}", "items/{*id}", false),
        ("items", "items/x", false),
        ("items", "{items}", false),
    ] {
        let (first, then) = (parsed(one), parsed(other));
        assert_eq!(first.is_same(&then), expected, "{one} {other}");
        assert_eq!(then.is_same(&first), expected, "{other} {one}");
    }
}

#[test]
fn routes_overlap_where_one_path_could_be_of_both() {
    for (one, other, expected) in [
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
        let (first, then) = (parsed(one), parsed(other));
        assert_eq!(first.overlaps(&then), expected, "{one} {other}");
        assert_eq!(then.overlaps(&first), expected, "{other} {one}");
    }
}

#[test]
fn what_is_not_a_route_is_named() {
    for (route, named) in [
        ("a/{b}c", "{b}c"),
        ("a/{}", "{}"),
        ("{*a}/b", "{*a}"),
        ("a/{b", "{b"),
        ("{a}-{b}", "{a}-{b}"),
        ("a/{b/c}", "{b/c}"),
        ("a//b", "two slashes"),
        ("{a}/{A}", "the name \"a\""),
    ] {
        let error = Template::parse(route).expect_err("no route");
        assert!(error.contains(named), "{route}: {error}");
    }
}
