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
        let (mut segments, mut unknown) = (Vec::new(), Vec::new());
        for text in split(route, '/') {
            if text.is_empty() && !route.is_empty() {
                return Err("two slashes stand side by side: write one".into());
            }
            if let Some(Segment::Parameter(Parameter {
                rest: true, name, ..
            })) = segments.last()
            {
                return Err(format!("nothing may come after {{*{name}}}"));
            }
            let inner = text
                .strip_prefix('{')
                .and_then(|text| text.strip_suffix('}'));
            if let Some(inner) = inner {
                let parameter = Parameter::parse(inner).ok_or_else(|| bad(text))?;
                let names = parameter.constraints.iter().map(|(name, _)| name);
                unknown.extend(names.filter(|name| holds(name, "", "").is_none()).cloned());
                let same = |one: &&str| one.eq_ignore_ascii_case(&parameter.name);
                if let Some(name) = parameter_names(&segments).find(same) {
                    return Err(format!("two parameters have the name {name:?}: rename one"));
                }
                segments.push(Segment::Parameter(parameter));
            } else if text.contains(['{', '}', '?']) {
                return Err(bad(text));
            } else if !text.is_empty() {
                segments.push(Segment::Text(text.to_owned()));
            }
        }
        let text = route.to_owned();
        Ok(Self {
            text,
            segments,
            unknown,
        })
    }

    /// The parameter that is optional although another segment, which cannot be absent, comes after
    /// it.
    pub fn optional_before_others(&self) -> Option<&str> {
        let mut rest = self.segments.iter().rev();
        rest.find(|segment| !segment.may_be_absent())?;
        let optional = |segment| match segment {
            &Segment::Parameter(Parameter {
                optional: true,
                ref name,
                ..
            }) => Some(name.as_str()),
            _ => None,
        };
        rest.find_map(optional)
    }

    /// The parameters of `path`, if it is one of this route's. Case and one slash at its end do not
    /// matter.
    pub fn matches(&self, path: &str) -> Option<Parameters> {
        self.parameters(path, true)
    }

    /// Whether `path` would be one of this route's if its constraints held.
    pub fn resembles(&self, path: &str) -> bool {
        self.parameters(path, false).is_some()
    }

    fn parameters(&self, path: &str, constrained: bool) -> Option<Parameters> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut rest = (!path.is_empty()).then_some(path);
        let mut parameters = Parameters::new();
        for segment in &self.segments {
            let taken = match rest.filter(|_| !segment.is_rest()) {
                Some(text) => {
                    let (first, after) = text.split_once('/').unwrap_or((text, ""));
                    rest = (first.len() < text.len()).then_some(after);
                    Some(first)
                }
                None => rest.take(),
            };
            match (segment, taken.map(decoded_path)) {
                (Segment::Text(text), Some(value)) if text.eq_ignore_ascii_case(&value) => {}
                (Segment::Parameter(parameter), Some(value)) if !value.is_empty() => {
                    if constrained && parameter.takes(&value) == Some(false) {
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

    /// Some path of this route, with its parameters: numbers are 1, texts the parameter's own name,
    /// what may be absent is.
    pub fn example(&self) -> (Parameters, String) {
        let (mut parameters, mut path) = (Parameters::new(), String::new());
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => path += &format!("/{text}"),
                Segment::Parameter(one) if one.may_be_absent() => {
                    parameters.push((one.name.clone(), one.default.clone()));
                }
                Segment::Parameter(one) => {
                    let value = one.example();
                    path += &format!("/{value}");
                    parameters.push((one.name.clone(), Some(value)));
                }
            }
        }
        (parameters, path)
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
        let mut pairs = self.segments.iter().zip(&other.segments);
        self.segments.len() == other.segments.len() && pairs.all(same)
    }

    /// Whether every path of the other route is one of this route's too: a function with it that is
    /// asked first leaves nothing to the other one. A constraint that is taken as true here is
    /// never sure to hold.
    pub fn covers(&self, other: &Self) -> bool {
        covers(&self.segments, &other.segments)
    }

    /// Whether some path would be one of this route's and of the other's too. A constraint that is
    /// taken as true here may hold.
    pub fn overlaps(&self, other: &Self) -> bool {
        overlap(&self.segments, &other.segments)
    }
}

fn parameter_names(segments: &[Segment]) -> impl Iterator<Item = &str> {
    segments.iter().filter_map(|segment| match segment {
        Segment::Parameter(parameter) => Some(&*parameter.name),
        Segment::Text(_) => None,
    })
}

fn covers(ours: &[Segment], theirs: &[Segment]) -> bool {
    let ([one, ours @ ..], [other, theirs @ ..]) = (ours, theirs) else {
        return theirs.is_empty() && ours.iter().all(Segment::may_be_absent);
    };
    let is_covered = match (one, other) {
        (Segment::Text(one), Segment::Text(other)) => one.eq_ignore_ascii_case(other),
        (Segment::Text(_), Segment::Parameter(_)) => false,
        (Segment::Parameter(one), Segment::Text(text)) => one.takes(text) == Some(true),
        (Segment::Parameter(one), Segment::Parameter(other)) => {
            let is_absent = other.may_be_absent() && !one.may_be_absent();
            let held = |constraint| other.constraints.contains(constraint);
            !is_absent && (one.rest || !other.rest) && one.constraints.iter().all(held)
        }
    };
    is_covered
        && match one {
            // What comes after in the other route is part of this parameter's value.
            Segment::Parameter(one) if one.rest => one.constraints.is_empty() || theirs.is_empty(),
            _ => covers(ours, theirs),
        }
}

fn overlap(ours: &[Segment], theirs: &[Segment]) -> bool {
    let ([one, ours @ ..], [other, theirs @ ..]) = (ours, theirs) else {
        return ours.iter().chain(theirs).all(Segment::may_be_absent);
    };
    if one.is_rest() || other.is_rest() {
        return true;
    }
    let excluded = match (one, other) {
        (Segment::Text(one), Segment::Text(other)) => !one.eq_ignore_ascii_case(other),
        (Segment::Parameter(one), Segment::Text(text))
        | (Segment::Text(text), Segment::Parameter(one)) => one.takes(text) == Some(false),
        (Segment::Parameter(one), Segment::Parameter(other)) => {
            one.excludes(other) || other.excludes(one)
        }
    };
    !excluded && overlap(ours, theirs)
}

impl Segment {
    fn may_be_absent(&self) -> bool {
        matches!(self, Self::Parameter(parameter) if parameter.may_be_absent())
    }

    fn is_rest(&self) -> bool {
        matches!(self, Self::Parameter(parameter) if parameter.rest)
    }
}

fn bad(segment: &str) -> String {
    format!("{segment} is not a segment of a route: write a text without ?, or one {{parameter}}")
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
            .filter(|name| !name.is_empty() && !name.contains(['/', '{', '}', '?', '*']))?
            .to_owned();
        if optional && (rest || default.is_some()) {
            return None;
        }
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
        let constraints = self.constraints.iter();
        let held: Vec<_> = constraints
            .map(|(name, argument)| holds(name, argument, value))
            .collect();
        match held.contains(&Some(false)) {
            true => Some(false),
            false => (!held.contains(&None)).then_some(true),
        }
    }

    /// Some value that keeps to the constraints; the parameter's name if none is found.
    fn example(&self) -> String {
        let usual = [
            &*self.name,
            "1",
            "true",
            "00000000-0000-0000-0000-000000000000",
        ];
        let mut values = Vec::from(usual.map(str::to_owned));
        let arguments = self
            .constraints
            .iter()
            .flat_map(|(_, argument)| argument.split(','));
        for number in arguments.filter_map(|number| number.trim().parse::<usize>().ok()) {
            // The number itself, so many letters, or so many digits.
            let (letters, digits) = ("a".repeat(number.min(200)), "1".repeat(number.min(18)));
            values.extend([number.to_string(), letters, digits]);
        }
        let example = values
            .into_iter()
            .find(|value| self.takes(value) != Some(false));
        example.unwrap_or_else(|| self.name.clone())
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

/// Whether a value keeps to a constraint [Constraints/*.cs]; `None` if the constraint is not known
/// here. One without its argument does not rule anything out.
fn holds(name: &str, argument: &str, value: &str) -> Option<bool> {
    let characters = value.encode_utf16().count() as i64;
    let arguments = argument
        .split(',')
        .filter_map(|number| number.trim().parse().ok());
    let arguments: Vec<i64> = arguments.collect();
    let word = value.trim();
    let number = word.parse::<i64>();
    let number_is = |test: &dyn Fn(i64) -> bool| number.as_ref().is_ok_and(|number| test(*number));
    Some(match (name, &arguments[..]) {
        ("alpha", _) => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
        ("bool", _) => word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false"),
        ("int", _) => word.parse::<i32>().is_ok(),
        ("long", _) => number.is_ok(),
        ("guid", _) => is_guid(word),
        ("length", [length]) => characters == *length,
        ("length", [least, most]) => (*least..=*most).contains(&characters),
        ("minlength", [least]) => characters >= *least,
        ("maxlength", [most]) => characters <= *most,
        ("min", [least]) => number_is(&|number| number >= *least),
        ("max", [most]) => number_is(&|number| number <= *most),
        ("range", [least, most]) => number_is(&|number| (*least..=*most).contains(&number)),
        ("length" | "minlength" | "maxlength" | "min" | "max" | "range" | "required", _) => true,
        _ => return None,
    })
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
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    while let [byte, after @ ..] = rest {
        rest = after;
        if let (b'%', [high, low, after @ ..]) = (byte, after)
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            bytes.push((high * 16 + low) as u8);
            rest = after;
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A path decoded as the host does it: a `%2F` stays one, which distinguishes it from a slash.
fn decoded_path(text: &str) -> String {
    let segments = text
        .split('/')
        .map(|segment| decoded(segment).replace('/', "%2F"));
    segments.collect::<Vec<_>>().join("/")
}
