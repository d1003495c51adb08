//! The routes of HTTP functions, as the host has them from ASP.NET:
//! `products/{category:alpha}/{id:int?}`. In brackets: the file in dotnet/aspnetcore, under
//! src/Http/Routing/src.

/// The parameters of a path, in the route's order; `None` for one that is optional and absent.
pub type Parameters = Vec<(String, Option<String>)>;

/// A route, its prefix included.
#[derive(Debug)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
    /// Constraints that are taken as true here.
    pub unknown: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Segment {
    Text(String),
    Parameter(Parameter),
}

#[derive(Debug, Default, PartialEq)]
struct Parameter {
    name: String,
    constraints: Vec<(String, String)>,
    /// `{*rest}`: takes the rest of the path, its slashes too.
    rest: bool,
    optional: bool,
    default: Option<String>,
}

/// The route as it was written, without slashes around it.
impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Template {
    /// Reads a route: `api/items/{id:int?}`. Errors with a sentence that names the segment.
    pub fn parse(route: &str) -> Result<Self, String> {
        let route = route.trim_matches('/');
        let mut template = Self {
            text: route.to_owned(),
            segments: Vec::new(),
            unknown: Vec::new(),
        };
        for text in split(route, '/')
            .into_iter()
            .filter(|text| !text.is_empty())
        {
            if let Some(Segment::Parameter(Parameter {
                rest: true, name, ..
            })) = template.segments.last()
            {
                return Err(format!("nothing may come after {{*{name}}}"));
            }
            let segment = match text
                .strip_prefix('{')
                .and_then(|text| text.strip_suffix('}'))
            {
                Some(inner) => {
                    Segment::Parameter(Parameter::parse(inner).ok_or_else(|| bad(text))?)
                }
                None if text.contains(['{', '}']) => return Err(bad(text)),
                None => Segment::Text(text.to_owned()),
            };
            if let Segment::Parameter(parameter) = &segment {
                let unknown = |(name, _): &&(String, String)| !KNOWN.contains(&name.as_str());
                template.unknown.extend(
                    parameter
                        .constraints
                        .iter()
                        .filter(unknown)
                        .map(|(name, _)| name.clone()),
                );
            }
            template.segments.push(segment);
        }
        Ok(template)
    }

    /// The parameters of `path`, if it is one of this route's. Case and one slash at its end do not
    /// matter.
    pub fn matches(&self, path: &str) -> Option<Parameters> {
        self.parameters(path, true)
    }

    /// Some path of this route, with its parameters: numbers are 1, texts the parameter's own name,
    /// what may be absent is.
    pub fn example(&self) -> (Parameters, String) {
        let (mut parameters, mut path) = (Parameters::new(), String::new());
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => path += &format!("/{text}"),
                Segment::Parameter(parameter) if parameter.may_be_absent() => {
                    parameters.push((parameter.name.clone(), parameter.default.clone()));
                }
                Segment::Parameter(Parameter {
                    name, constraints, ..
                }) => {
                    // What a constraint asks for may be the number itself, so many letters, or so many
                    // digits.
                    let numbers = constraints
                        .iter()
                        .flat_map(|(_, argument)| argument.split(','));
                    let asked = numbers
                        .filter_map(|number| number.trim().parse().ok())
                        .flat_map(|number: usize| {
                            [
                                number.to_string(),
                                "a".repeat(number.min(200)),
                                "1".repeat(number.min(18)),
                            ]
                        });
                    let usual = [name, "1", "true", "00000000-0000-0000-0000-000000000000"]
                        .map(str::to_owned);
                    let fits = |value: &String| {
                        constraints
                            .iter()
                            .all(|(name, argument)| holds(name, argument, value))
                    };
                    let value = usual
                        .into_iter()
                        .chain(asked)
                        .find(fits)
                        .unwrap_or_else(|| name.clone());
                    path += &format!("/{value}");
                    parameters.push((name.clone(), Some(value)));
                }
            }
        }
        (parameters, path)
    }

    /// Whether `path` would be one of this route's if its constraints held.
    pub fn resembles(&self, path: &str) -> bool {
        self.parameters(path, false).is_some()
    }

    /// Whether the routes take the same paths: they differ in case and in names of parameters at
    /// most.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |(one, other): (&Segment, &Segment)| match (one, other) {
            (Segment::Text(one), Segment::Text(other)) => one.eq_ignore_ascii_case(other),
            (Segment::Parameter(one), Segment::Parameter(other)) => {
                let form = |parameter: &Parameter| (parameter.rest, parameter.may_be_absent());
                one.constraints == other.constraints && form(one) == form(other)
            }
            _ => false,
        };
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(same)
    }

    /// Whether every path of the other route is one of this route's too: a function with it that is
    /// asked first leaves nothing to the other one. A constraint that is taken as true here is
    /// never sure to hold.
    pub fn covers(&self, other: &Self) -> bool {
        let (mut ours, mut theirs) = (self.segments.iter(), other.segments.iter());
        loop {
            let (one, other) = match (ours.next(), theirs.next()) {
                (None, theirs) => return theirs.is_none(),
                (Some(one), None) => {
                    let may_be_absent = |segment: &Segment| match segment {
                        Segment::Parameter(parameter) => parameter.may_be_absent(),
                        Segment::Text(_) => false,
                    };
                    return may_be_absent(one) && ours.all(may_be_absent);
                }
                (Some(one), Some(other)) => (one, other),
            };
            let covered = match (one, other) {
                (Segment::Text(one), Segment::Text(other)) => one.eq_ignore_ascii_case(other),
                (Segment::Text(_), Segment::Parameter(_)) => false,
                (Segment::Parameter(one), Segment::Text(text)) => one.takes(text) == Some(true),
                (Segment::Parameter(one), Segment::Parameter(other)) => {
                    let is_absent = other.may_be_absent() && !one.may_be_absent();
                    let held = |constraint| other.constraints.contains(constraint);
                    !is_absent && (one.rest || !other.rest) && one.constraints.iter().all(held)
                }
            };
            match one {
                _ if !covered => return false,
                // What comes after in the other route is part of this parameter's value.
                Segment::Parameter(Parameter {
                    rest: true,
                    constraints,
                    ..
                }) => return constraints.is_empty() || theirs.next().is_none(),
                _ => {}
            }
        }
    }

    /// Whether some path would be one of this route's and of the other's too. A constraint that is
    /// taken as true here may hold.
    pub fn overlaps(&self, other: &Self) -> bool {
        let absent = |segment: &Segment| matches!(segment, Segment::Parameter(parameter) if parameter.may_be_absent());
        let rest =
            |segment: &Segment| matches!(segment, Segment::Parameter(Parameter { rest: true, .. }));
        let (mut ours, mut theirs) = (self.segments.iter(), other.segments.iter());
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return true,
                (Some(one), None) => return absent(one) && ours.all(absent),
                (None, Some(one)) => return absent(one) && theirs.all(absent),
                (Some(one), Some(other)) if rest(one) || rest(other) => return true,
                (Some(Segment::Parameter(one)), Some(Segment::Text(text)))
                | (Some(Segment::Text(text)), Some(Segment::Parameter(one)))
                    if one.takes(text) == Some(false) =>
                {
                    return false;
                }
                (Some(Segment::Parameter(one)), Some(Segment::Parameter(other)))
                    if one.excludes(other) || other.excludes(one) =>
                {
                    return false;
                }
                (Some(Segment::Text(one)), Some(Segment::Text(other)))
                    if !one.eq_ignore_ascii_case(other) =>
                {
                    return false;
                }
                (Some(_), Some(_)) => {}
            }
        }
    }

    fn parameters(&self, path: &str, constrained: bool) -> Option<Parameters> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut rest = (!path.is_empty()).then_some(path);
        let mut parameters = Parameters::new();
        for segment in &self.segments {
            let taken = match segment {
                Segment::Parameter(Parameter { rest: true, .. }) => rest.take(),
                _ => rest.map(|text| {
                    let (first, after) = text
                        .split_once('/')
                        .map_or((text, None), |(first, after)| (first, Some(after)));
                    rest = after;
                    first
                }),
            };
            let value = taken.map(decoded_path);
            match (segment, value) {
                (Segment::Text(text), Some(value)) if text.eq_ignore_ascii_case(&value) => {}
                (Segment::Parameter(parameter), Some(value)) if !value.is_empty() => {
                    if constrained
                        && !parameter
                            .constraints
                            .iter()
                            .all(|(name, argument)| holds(name, argument, &value))
                    {
                        return None;
                    }
                    parameters.push((parameter.name.clone(), Some(value)));
                }
                (Segment::Parameter(parameter), None) if parameter.may_be_absent() => {
                    parameters.push((parameter.name.clone(), parameter.default.clone()));
                }
                _ => return None,
            }
        }
        rest.is_none().then_some(parameters)
    }
}

fn bad(segment: &str) -> String {
    format!("{segment} is not a segment of a route: write a text or one {{parameter}}")
}

impl Parameter {
    /// What stands in the braces: `name:constraint(argument)=default`, `name?`, `*rest`
    /// [RouteParameterParser.cs].
    fn parse(inner: &str) -> Option<Self> {
        let (inner, optional) = inner
            .strip_suffix('?')
            .map_or((inner, false), |inner| (inner, true));
        let name = inner.trim_start_matches('*');
        let rest = name.len() < inner.len();
        let mut with_default = split(name, '=').into_iter();
        let mut parts = split(with_default.next()?, ':').into_iter();
        let default = with_default.next().map(str::to_owned);
        let name = parts
            .next()
            .filter(|name| !name.is_empty() && !name.contains(['{', '}', '?', '*']))?
            .to_owned();
        let constraint = |part: &str| {
            let (name, argument) = part.split_once('(').unwrap_or((part, ""));
            (
                name.to_ascii_lowercase(),
                argument.trim_end_matches(')').to_owned(),
            )
        };
        Some(Self {
            name,
            constraints: parts.map(constraint).collect(),
            rest,
            optional,
            default,
        })
    }

    fn may_be_absent(&self) -> bool {
        self.optional || self.rest || self.default.is_some()
    }

    /// Whether a value keeps to the constraints; `None` if that is not known here.
    fn takes(&self, value: &str) -> Option<bool> {
        let known = |name: &str| KNOWN.contains(&name);
        let mut constraints = self.constraints.iter();
        if constraints.any(|(name, argument)| known(name) && !holds(name, argument, value)) {
            return Some(false);
        }
        let all_known = self.constraints.iter().all(|(name, _)| known(name));
        all_known.then_some(true)
    }

    /// Whether no value keeps to the constraints of both: one is of letters, the other one of
    /// digits.
    fn excludes(&self, other: &Self) -> bool {
        const DIGITS: [&str; 5] = ["int", "long", "min", "max", "range"];
        let has = |parameter: &Self, names: &[&str]| {
            let mut constraints = parameter.constraints.iter();
            constraints.any(|(name, _)| names.contains(&name.as_str()))
        };
        has(self, &["alpha"]) && has(other, &DIGITS)
    }
}

/// Splits at `separator`, but not within braces or brackets.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (place, c) in text.char_indices() {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            c if c == separator && depth == 0 => {
                parts.push(&text[start..place]);
                start = place + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

const KNOWN: [&str; 12] = [
    "alpha",
    "bool",
    "int",
    "long",
    "guid",
    "length",
    "minlength",
    "maxlength",
    "min",
    "max",
    "range",
    "required",
];

/// Whether a value keeps to a constraint [Constraints/*.cs]. One that is not known does not rule
/// anything out.
fn holds(name: &str, argument: &str, value: &str) -> bool {
    let characters = value.encode_utf16().count() as i64;
    let arguments: Vec<i64> = argument
        .split(',')
        .filter_map(|number| number.trim().parse().ok())
        .collect();
    let number = || value.trim().parse::<i64>();
    match (name, &arguments[..]) {
        ("alpha", _) => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
        ("bool", _) => ["true", "false"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(value.trim())),
        ("int", _) => value.trim().parse::<i32>().is_ok(),
        ("long", _) => number().is_ok(),
        ("guid", _) => is_guid(value.trim()),
        ("length", [length]) => characters == *length,
        ("length", [least, most]) => (*least..=*most).contains(&characters),
        ("minlength", [least]) => characters >= *least,
        ("maxlength", [most]) => characters <= *most,
        ("min", [least]) => number().is_ok_and(|number| number >= *least),
        ("max", [most]) => number().is_ok_and(|number| number <= *most),
        ("range", [least, most]) => number().is_ok_and(|number| (*least..=*most).contains(&number)),
        _ => true,
    }
}

/// `Guid.TryParse`, less its form of several hexadecimal numbers.
pub fn is_guid(text: &str) -> bool {
    let inner = |open, close| {
        text.strip_prefix(open)
            .and_then(|text: &str| text.strip_suffix(close))
    };
    let dashed = inner('{', '}').or_else(|| inner('(', ')')).unwrap_or(text);
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let parts: Vec<&str> = dashed.split('-').collect();
    hex(text, 32)
        || (parts.len() == 5
            && parts
                .iter()
                .zip([8, 4, 4, 4, 12])
                .all(|(part, length)| hex(part, length)))
}

/// Percent-decoding; what is not UTF-8 then becomes U+FFFD, a `%` that starts no `%XX` stays as it
/// is.
pub fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [byte, after @ ..] = rest {
        let hex = |text: &[u8]| u8::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok();
        match after {
            [high, low, after @ ..]
                if *byte == b'%' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.extend(hex(&[*high, *low]));
                rest = after;
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A path decoded as the host does it: a `%2F` stays one, which distinguishes it from a slash.
fn decoded_path(text: &str) -> String {
    text.split('/')
        .map(|segment| decoded(segment).replace('/', "%2F"))
        .collect::<Vec<_>>()
        .join("/")
}
