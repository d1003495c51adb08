use crate::host::cases_of;
use stand_in::host::routes::Template;

fn parsed(route: &str) -> Template {
    Template::parse(route).expect("a route")
}

/// The parameters as `name=value`, `-` for an absent one; `None` if the path does not match.
fn matched(route: &str, path: &str) -> Option<String> {
    let parameters = parsed(route).matches(path)?.into_iter();
    let shown =
        parameters.map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("-")));
    Some(shown.collect::<Vec<_>>().join(" "))
}

#[test]
fn a_path_gives_the_parameters_of_its_route() {
    for (given, expected) in cases_of("paths of routes") {
        let (route, path) = given.split_once(' ').expect("a path");
        assert_eq!(format!("{:?}", matched(route, path)), expected, "{given}");
    }
}

#[test]
fn constraints_hold_or_do_not() {
    for (constraint, values) in cases_of("constraints") {
        let route = format!("{{a:{constraint}}}");
        let mut expected = true;
        for value in values.split(' ') {
            if value == "|" {
                expected = false;
                continue;
            }
            assert_eq!(
                matched(&route, value).is_some(),
                expected,
                "{route} {value}"
            );
            assert!(parsed(&route).resembles(value));
        }
    }
    assert_eq!(parsed("{a:datetime}/{b:INT}").unknown, ["datetime"]);
}

#[test]
fn an_example_is_one_of_the_routes_paths() {
    let routes = "items/{id} {a:alpha}/{b:int?}/{*c} {a:bool}/{b:guid}
        {a:length(3)}/{b:alpha:minlength(20)}/{c:int:length(2,4)}
        {a:min(100)}/{b:range(30,40)}/{c:int:max(3)}";
    for route in routes.split_whitespace().map(parsed) {
        let (parameters, path) = route.example();
        assert_eq!(route.matches(&path), Some(parameters), "{route} {path}");
    }
    let (parameters, path) = parsed("x/{id:int}/{key:guid}/{name}/{part=a}/{last?}").example();
    assert_eq!(path, "/x/1/00000000-0000-0000-0000-000000000000/name");
    assert_eq!(parameters[3], ("part".to_owned(), Some("a".to_owned())));
}

#[test]
fn routes_cover_each_other_or_overlap() {
    for (given, expected) in cases_of("two routes") {
        let (one, other) = given.split_once(' ').expect("two routes");
        let (one, other) = (parsed(one), parsed(other));
        let overlap = one.overlaps(&other);
        let found = format!("{} {} {overlap}", one.covers(&other), other.covers(&one));
        assert_eq!(found, expected, "{given}");
        assert_eq!(other.overlaps(&one), overlap, "{given}");
    }
}

#[test]
fn what_is_not_a_route_is_named() {
    for (route, named) in cases_of("wrong routes") {
        let error = Template::parse(route).expect_err("no route");
        assert!(error.contains(named), "{route}: {error}");
    }
}
