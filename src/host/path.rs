//! Paths and the routes that they match, by the rules of ASP.NET, which the host uses
//! (`RoutePatternMatcher`). A request that the host passes on does not name its function.
//!
//! A route has segments: a text, or a parameter `{name}`. A parameter may have constraints
//! (`{id:int:min(1)}`), be optional (`{id?}`), have a default (`{id=1}`) or, in the last segment,
//! take all the rest (`{*rest}`). A segment of text and parameters (`{name}.{extension}`) matches
//! nothing here, and `make check` refuses it.

use super::request::Texts;
use super::url;
use std::borrow::Cow;

/// The parameters of `path`, if it matches `route`. The case of letters does not matter, and
/// neither does a slash at the end.
pub fn matches<'a>(route: &'a str, path: &'a str) -> Option<Texts<'a>> {
    let mut rest = path.strip_prefix('/')?;
    let mut params = Texts::new();
    for segment in segments(route.strip_prefix('/').unwrap_or(route)) {
        let Some(parameter) = Parameter::parse(segment) else {
            let (text, after) = rest.split_once('/').unwrap_or((rest, ""));
            if segment.contains(['{', '}']) || !decode(text).eq_ignore_ascii_case(segment) {
                return None;
            }
            rest = after;
            continue;
        };
        let (text, after) = if parameter.is_rest {
            (rest, "")
        } else {
            rest.split_once('/').unwrap_or((rest, ""))
        };
        rest = after;
        let value = match (text, parameter.default) {
            ("", Some(default)) => Some(Cow::Borrowed(default)),
            ("", None) if parameter.is_optional => None,
            ("", None) => return None,
            (text, _) => Some(decode(text)),
        };
        if value.as_ref().is_some_and(|value| {
            !parameter
                .constraints()
                .all(|constraint| holds(constraint, value))
        }) {
            return None;
        }
        params.push((Cow::Borrowed(parameter.name), value));
    }
    rest.is_empty().then_some(params)
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('%') {
        Cow::Owned(url::decode(text))
    } else {
        Cow::Borrowed(text)
    }
}

/// The parts of `text` between the separators outside of brackets.
fn split(text: &str, separator: char, open: char, close: char) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c: char| {
        depth = if c == open {
            depth + 1
        } else if c == close {
            depth - 1
        } else {
            depth
        };
        c == separator && depth == 0
    })
}

fn segments(route: &str) -> impl Iterator<Item = &str> {
    split(route, '/', '{', '}').filter(|segment| !segment.is_empty())
}

struct Parameter<'a> {
    name: &'a str,
    is_rest: bool,
    is_optional: bool,
    default: Option<&'a str>,
    constraints: &'a str,
}

impl<'a> Parameter<'a> {
    /// `None` if the segment is not one parameter.
    fn parse(segment: &'a str) -> Option<Self> {
        let inner = segment.strip_prefix('{')?.strip_suffix('}')?;
        let mut depth = 0;
        let mut closes = |c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth < 0
        };
        if inner.contains(&mut closes) {
            return None;
        }
        let plain = inner.trim_start_matches('*');
        let (declared, default) = match split(plain, '=', '(', ')').next()? {
            declared if declared.len() < plain.len() => {
                (declared, Some(&plain[declared.len() + 1..]))
            }
            declared => (declared, None),
        };
        let optional = declared.strip_suffix('?');
        let (name, constraints) = optional
            .unwrap_or(declared)
            .split_once(':')
            .unwrap_or((optional.unwrap_or(declared), ""));
        let is_rest = plain.len() < inner.len();
        Some(Self {
            name,
            is_rest,
            is_optional: optional.is_some() || is_rest,
            default,
            constraints,
        })
    }

    fn constraints(&self) -> impl Iterator<Item = &'a str> {
        split(self.constraints, ':', '(', ')').filter(|constraint| !constraint.is_empty())
    }
}

/// Whether a value fits a constraint. It fits any constraint that is unknown here: the host has
/// checked it.
fn holds(constraint: &str, value: &str) -> bool {
    let (name, arguments) = constraint.split_once('(').unwrap_or((constraint, ""));
    let mut arguments = arguments
        .trim_end_matches(')')
        .split(',')
        .map(|argument| argument.trim().parse::<i64>());
    let [first, second] = [(); 2].map(|()| arguments.next().and_then(Result::ok));
    // .NET counts UTF-16 units, and ignores white space around a number.
    let length = value.encode_utf16().count() as i64;
    let number = value.trim().parse::<i64>();
    let within = |number: i64, least: Option<i64>, most: Option<i64>| {
        least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
    };
    match name.to_ascii_lowercase().as_str() {
        "alpha" => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
        "bool" => ["true", "false"]
            .iter()
            .any(|text| text.eq_ignore_ascii_case(value.trim())),
        "int" => number.is_ok_and(|number| i32::try_from(number).is_ok()),
        "long" => number.is_ok(),
        "guid" => is_guid(value.trim()),
        "length" => within(length, first, second.or(first)),
        "minlength" => within(length, first, None),
        "maxlength" => within(length, None, first),
        "min" => number.is_ok_and(|number| within(number, first, None)),
        "max" => number.is_ok_and(|number| within(number, None, first)),
        "range" => number.is_ok_and(|number| within(number, first, second)),
        _ => true,
    }
}

/// Whether .NET's `Guid.TryParse` takes it: 32 digits, or 32 digits with hyphens, which may be in
/// braces or parentheses.
fn is_guid(text: &str) -> bool {
    let bracketed = |open, close| {
        text.strip_prefix(open)
            .and_then(|text| text.strip_suffix(close))
    };
    let inner = bracketed('{', '}').or_else(|| bracketed('(', ')'));
    let digits = |text: &str, shape: [usize; 5]| {
        let mut parts = text.split('-');
        shape.iter().all(|length| {
            parts.next().is_some_and(|part| {
                part.len() == *length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        }) && parts.next().is_none()
    };
    let plain =
        inner.is_none() && text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain || digits(inner.unwrap_or(text), [8, 4, 4, 4, 12])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parameters as text: `id=7 rest=`, an absent one without `=`; "-" if the path does not
    /// match.
    fn params(route: &str, path: &str) -> String {
        let shown = |(name, value): &(Cow<str>, Option<Cow<str>>)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.to_string(),
        };
        matches(route, path).map_or("-".into(), |params| {
            params.iter().map(shown).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn a_path_matches_a_route_or_not() {
        const PRODUCTS: &str = "/products/{category:alpha}/{id:int?}";
        for (route, matching, others) in [
            (
                "/api/hello",
                &[
                    ("/api/hello", ""),
                    ("/API/Hello", ""),
                    ("/api/hello/", ""),
                    ("/api/h%65llo", ""),
                ][..],
                "/api /api/hello/x /api/hello// //api/hello api/hello /",
            ),
            ("/", &[("/", "")], "/a"),
            (
                "/items/{id}/{part}",
                &[("/items/a%20b%252Fc/%C3%BC", "id=a b%2Fc part=ü")],
                "/items/1 /items/1/2/3 /items//2",
            ),
            (
                PRODUCTS,
                &[
                    ("/products/toys/7", "category=toys id=7"),
                    ("/products/toys", "category=toys id"),
                    ("/products/toys/", "category=toys id"),
                ],
                "/products/toys/x /products/t0ys/7 /products /products/toys/7/8",
            ),
            ("/{page=1}", &[("/", "page=1")], "/1/2"),
            ("/{page:int=1}", &[("/2", "page=2")], "/x"),
            ("/{a?}/{b?}", &[("/1", "a=1 b")], "/1/2/3"),
            (
                "/files/{*rest}",
                &[
                    ("/files/a/b%20c/d/", "rest=a/b c/d/"),
                    ("/files/", "rest"),
                    ("/files", "rest"),
                ],
                "/file",
            ),
            ("/files/{**rest}", &[("/files/a/b", "rest=a/b")], "/file"),
            // `make check` refuses these.
            ("/{name}.{extension}", &[], "/a.b /{name}.{extension}"),
            ("/v{version}", &[], "/v1 /v{version}"),
            ("/{version}x", &[], "/1x /{version}x"),
        ] {
            for (path, expected) in matching {
                assert_eq!(params(route, path), *expected, "{route} {path}");
            }
            for path in others.split(' ').chain([""]) {
                assert_eq!(params(route, path), "-", "{route} {path}");
            }
        }
    }

    #[test]
    fn constraints_hold_or_the_path_does_not_match() {
        const GUID: &str = "5a14885b-9cd9-456f-84a0-4241793ee72b";
        let guids = format!("{GUID} {} {{{GUID}}}", GUID.replace('-', ""));
        let no_guids = format!("5a14885b {} {}g", &GUID[1..], &GUID[1..]);
        for (constraint, fits, not) in [
            ("alpha", "a Zz", "a1 é a-b"),
            ("bool", "true FALSE", "1 yes"),
            ("int", "0 -7 2147483647", "2147483648 1.0 x"),
            ("INT", "0", "x"),
            (
                "long",
                "2147483648 -9223372036854775808",
                "9223372036854775808 x",
            ),
            ("guid", &guids, &no_guids),
            ("length(2)", "ab éé", "a abc"),
            ("length(2,3)", "ab abc", "a abcd"),
            ("minlength(2)", "ab abc", "a"),
            ("maxlength(2)", "a ab", "abc"),
            ("min(-2)", "-2 3", "-3 x"),
            ("max(2)", "2 -3", "3 x"),
            ("range(2,4)", "2 4", "1 5 x"),
            ("int:min(3)", "3", "2 9999999999"),
            ("regex(^\\d{{2}}/(a|b)$)", "anything", ""),
            ("datetime", "anything", ""),
        ] {
            let route = format!("/{{x:{constraint}}}");
            for value in fits.split(' ') {
                let found = params(&route, &format!("/{value}"));
                assert_eq!(found, format!("x={value}"), "{constraint}");
            }
            for value in not.split(' ') {
                let found = params(&route, &format!("/{value}"));
                assert_eq!(found, "-", "{constraint} {value}");
            }
        }
    }
}
