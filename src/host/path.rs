//! Paths and the routes that they match, by the rules of ASP.NET, which the host uses
//! (`RoutePatternMatcher`): a request that the host passes on does not name its function.
//!
//! A segment is a text, or a parameter `{name}`: with constraints (`{id:int:min(1)}`), optional
//! (`{id?}`), with a default (`{id=1}`) or, as the last, with all the rest (`{*rest}`). One of both
//! (`{name}.{extension}`) matches nothing here, and `make check` refuses it.

use super::request::Texts;
use super::url::decode;
use std::borrow::Cow;

/// The parameters of `path`, if it matches `route`, in any case and with or without a slash at the
/// end.
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
    /// If it may be absent: its default, if it has one.
    absent: Option<Option<&'a str>>,
}

impl<'a> Parameter<'a> {
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

/// An unknown constraint holds: the host has checked it.
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

/// As .NET's `Guid.TryParse`: 32 digits, or 32 with hyphens, which may be in braces or parentheses.
fn is_guid(text: &str) -> bool {
    const HYPHENED: &str = "00000000-0000-0000-0000-000000000000";
    let shape = text.replace(|c: char| c.is_ascii_hexdigit(), "0");
    let inner = |open, close| shape.strip_prefix(open)?.strip_suffix(close);
    let inner = inner('{', '}').or_else(|| inner('(', ')'));
    inner.unwrap_or(&shape) == HYPHENED || shape == HYPHENED.replace('-', "")
}
