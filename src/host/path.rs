//! Paths and the routes that they match, by the rules of ASP.NET, which the host uses
//! (`RoutePatternMatcher`): a request that the host passes on does not name its function.
//!
//! A segment of a route is a text, or a parameter `{name}`. That may have constraints
//! (`{id:int:min(1)}`), be optional (`{id?}`), have a default (`{id=1}`) or, in the last segment,
//! take all the rest (`{*rest}`). A segment of both (`{name}.{extension}`) matches nothing here, and
//! `make check` refuses it.

use super::request::Texts;
use super::url;
use std::borrow::Cow;

/// The parameters of `path`, if it matches `route`. The case of letters does not matter, and
/// neither does a slash at the end.
pub fn matches<'a>(route: &'a str, path: &'a str) -> Option<Texts<'a>> {
    let mut rest = path.strip_prefix('/')?;
    let mut params = Texts::new();
    for segment in split(route, '/', ['{', '}']).filter(|segment| !segment.is_empty()) {
        let parameter = Parameter::parse(segment);
        let (text, after) = match &parameter {
            Some(parameter) if parameter.is_rest => (rest, ""),
            _ => rest.split_once('/').unwrap_or((rest, "")),
        };
        rest = after;
        let Some(parameter) = parameter else {
            if segment.contains(['{', '}']) || !decode(text).eq_ignore_ascii_case(segment) {
                return None;
            }
            continue;
        };
        let value = if text.is_empty() {
            parameter.absent?.map(Cow::Borrowed)
        } else {
            Some(decode(text))
        };
        let mut constraints = split(parameter.constraints, ':', ['(', ')']);
        if let Some(value) = &value
            && !constraints.all(|constraint| holds(constraint, value))
        {
            return None;
        }
        params.push((Cow::Borrowed(parameter.name), value));
    }
    rest.is_empty().then_some(params)
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('%') {
        return Cow::Owned(url::decode(text));
    }
    Cow::Borrowed(text)
}

/// The parts of `text` between the separators outside of brackets.
fn split(text: &str, separator: char, [open, close]: [char; 2]) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c| {
        depth += i32::from(c == open) - i32::from(c == close);
        c == separator && depth == 0
    })
}

struct Parameter<'a> {
    name: &'a str,
    is_rest: bool,
    constraints: &'a str,
    /// The value of a parameter that is absent, if it may be: its default, if it has one.
    absent: Option<Option<&'a str>>,
}

impl<'a> Parameter<'a> {
    /// `None` if the segment is not one parameter.
    fn parse(segment: &'a str) -> Option<Self> {
        let inner = segment.strip_prefix('{')?.strip_suffix('}')?;
        // A regular expression has its braces twice.
        let single = inner.replace("{{", "").replace("}}", "");
        if single.contains(['{', '}']) {
            return None;
        }
        let plain = inner.trim_start_matches('*');
        let is_rest = plain.len() < inner.len();
        let declared = split(plain, '=', ['(', ')']).next()?;
        let default = plain[declared.len()..].strip_prefix('=');
        let required = declared.strip_suffix('?').unwrap_or(declared);
        let may_be_absent = is_rest || default.is_some() || required != declared;
        let (name, constraints) = required.split_once(':').unwrap_or((required, ""));
        Some(Self {
            name,
            is_rest,
            constraints,
            absent: may_be_absent.then_some(default),
        })
    }
}

/// Whether a value fits a constraint. It fits any that is unknown here: the host has checked it.
fn holds(constraint: &str, value: &str) -> bool {
    let (name, arguments) = constraint.split_once('(').unwrap_or((constraint, ""));
    // .NET ignores white space around a number.
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let mut arguments = arguments.trim_end_matches(')').split(',').map(number);
    let [first, second] = [(); 2].map(|()| arguments.next().flatten());
    let within = |number: Option<i64>, least: Option<i64>, most: Option<i64>| {
        let range = least.unwrap_or(i64::MIN)..=most.unwrap_or(i64::MAX);
        number.is_some_and(|number| range.contains(&number))
    };
    let number = number(value);
    // .NET counts UTF-16 units.
    let length = Some(value.encode_utf16().count() as i64);
    match name.to_ascii_lowercase().as_str() {
        "alpha" => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
        "bool" => matches!(&*value.trim().to_ascii_lowercase(), "true" | "false"),
        "int" => number.is_some_and(|number| i32::try_from(number).is_ok()),
        "long" => number.is_some(),
        "guid" => is_guid(value.trim()),
        "length" => within(length, first, second.or(first)),
        "minlength" => within(length, first, None),
        "maxlength" => within(length, None, first),
        "min" => within(number, first, None),
        "max" => within(number, None, first),
        "range" => within(number, first, second),
        _ => true,
    }
}

/// Whether .NET's `Guid.TryParse` takes it: 32 digits, or 32 digits with hyphens, which may be in
/// braces or parentheses.
fn is_guid(text: &str) -> bool {
    const HYPHENED: &str = "00000000-0000-0000-0000-000000000000";
    let shape = text.replace(|c: char| c.is_ascii_hexdigit(), "0");
    let inner = |open, close| shape.strip_prefix(open)?.strip_suffix(close);
    let inner = inner('{', '}').or_else(|| inner('(', ')'));
    inner.unwrap_or(&shape) == HYPHENED || shape == HYPHENED.replace('-', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parameters as text: `id=7 rest=`, an absent one without `=`; "-" if the path does not
    /// match.
    fn params(route: &str, path: &str) -> String {
        let shown = |(name, value): (Cow<str>, Option<Cow<str>>)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.into_owned(),
        };
        matches(route, path).map_or("-".into(), |params| {
            params.into_iter().map(shown).collect::<Vec<_>>().join(" ")
        })
    }

    /// The route, the parameters, and the paths. `make check` refuses the last three routes.
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

    /// The constraint, values that fit it, and values that do not. GUID has hyphens, GUIDs has none.
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
}
