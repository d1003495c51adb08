//! `src/host/path.rs`

use app::host::path::matches;
use std::borrow::Cow;

/// The parameters: `id=7 rest=`, an absent one without `=`; "-" if the path does not match.
fn params(route: &str, path: &str) -> String {
    let shown = |(name, value): (Cow<str>, Option<Cow<str>>)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.into_owned(),
    };
    matches(route, path).map_or("-".into(), |params| {
        params.into_iter().map(shown).collect::<Vec<_>>().join(" ")
    })
}

/// A route, its parameters, and paths. `make check` refuses the last three routes.
const ROUTES: &str = "\
/api/hello [] /api/hello /API/Hello /api/hello/ /api/h%65llo
/api/hello [-] /api /api/hello/x /api/hello// //api/hello api/hello /
/ [] /
/ [-] /a
/items/{id}/{part} [id=a b%2Fc part=ü] /items/a%20b%252Fc/%C3%BC
/items/{id}/{part} [-] /items/1 /items/1/2/3 /items//2
/products/{category:alpha}/{id:int?} [category=toys id=7] /products/toys/7
/products/{category:alpha}/{id:int?} [category=toys id] /products/toys /products/toys/
/products/{category:alpha}/{id:int?} [-] /products/toys/x /products/t0ys/7 /products /products/toys/7/8
/{page=1} [page=1] /
/{page=1} [-] /1/2
/{page:int=1} [page=2] /2
/{page:int=1} [-] /x
/{a?}/{b?} [a=1 b] /1
/{a?}/{b?} [-] /1/2/3
/files/{*rest} [rest=a/b c/d/] /files/a/b%20c/d/
/files/{*rest} [rest] /files/ /files
/files/{*rest} [-] /file
/files/{**rest} [rest=a/b] /files/a/b
/files/{**rest} [-] /file
/{name}.{extension} [-] /a.b /{name}.{extension}
/v{version} [-] /v1 /v{version}
/{version}x [-] /1x /{version}x";

/// A constraint, values that fit, and values that do not. GUID has hyphens, GUIDs has none.
const CONSTRAINTS: &str = r"alpha|a Zz|a1 é a-b
bool|true FALSE|1 yes
int|0 -7 2147483647|2147483648 1.0 x
INT|0|x
long|2147483648 -9223372036854775808|9223372036854775808 x
guid|GUID GUIDs {GUID} (GUID)|5a14885b a14885b-9cd9-456f-84a0-4241793ee72b GUIDg {GUID) {GUIDs}
length(2)|ab éé|a abc
length(2,3)|ab abc|a abcd
minlength(2)|ab abc|a
maxlength(2)|a ab|abc
min(-2)|-2 3|-3 x
max(2)|2 -3|3 x
range(2,4)|2 4|1 5 x
int:min(3)|3|2 9999999999
regex(^\d{{2}}/(a=b)$)|anything|
datetime|anything|";

#[test]
fn a_path_matches_a_route_or_not() {
    for line in ROUTES.lines() {
        let (route, case) = line.split_once(" [").unwrap();
        let (expected, paths) = case.split_once("] ").unwrap();
        for path in paths.split(' ') {
            assert_eq!(params(route, path), expected, "{route} {path}");
        }
        assert_eq!(params(route, ""), "-", "{route}");
    }
}

#[test]
fn constraints_hold_or_the_path_does_not_match() {
    let guid = "5a14885b-9cd9-456f-84a0-4241793ee72b";
    let cases = CONSTRAINTS.replace("GUIDs", &guid.replace('-', ""));
    for line in cases.replace("GUID", guid).lines() {
        let (constraint, values) = line.split_once('|').unwrap();
        let (fit, not) = values.split_once('|').unwrap();
        let found = |value: &str| params(&format!("/{{x:{constraint}}}"), &format!("/{value}"));
        for value in fit.split(' ') {
            assert_eq!(found(value), format!("x={value}"), "{constraint}");
        }
        for value in not.split(' ') {
            assert_eq!(found(value), "-", "{constraint} {value}");
        }
    }
}
