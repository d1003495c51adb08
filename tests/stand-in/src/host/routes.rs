//! Routes in ASP.NET's form: `products/{category:alpha}/{id:int?}`. Brackets name files of
//! dotnet/aspnetcore, under src/Http/Routing/src.

/// In the route's order; `None` for an absent optional parameter.
pub type Parameters = Vec<(String, Option<String>)>;

/// A route with the app's prefix.
#[derive(Debug)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
    /// Constraints that are not known here.
    pub unknown: Vec<String>,
}

/// A text, or a parameter in braces.
#[derive(Debug, Default)]
struct Segment {
    is_text: bool,
    /// The text, or the parameter's name.
    name: String,
    constraints: Vec<(String, String)>,
    /// `{*name}`: takes the rest of the path with its slashes.
    rest: bool,
    optional: bool,
    default: Option<String>,
}

/// As written, without slashes around it.
impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Template {
    /// Reads a route: `api/items/{id:int?}`. The error names the segment.
    pub fn parse(route: &str) -> Result<Self, String> {
        let text = route.trim_matches('/').to_owned();
        let mut segments: Vec<Segment> = Vec::new();
        for part in split(&text, '/').filter(|_| !text.is_empty()) {
            if part.is_empty() {
                return Err("two slashes stand side by side: write one".to_owned());
            }
            if let Some(last) = segments.last().filter(|last| last.rest) {
                return Err(format!("nothing may come after {{*{}}}", last.name));
            }
            let Some(new) = Segment::parse(part) else {
                let write = "write a text without ?, or one {parameter}";
                return Err(format!("{part} is not a segment of a route: {write}"));
            };
            let has_name =
                |one: &&Segment| !one.is_text && one.name.eq_ignore_ascii_case(&new.name);
            let mut same = segments.iter().filter(|_| !new.is_text);
            if let Some(Segment { name, .. }) = same.find(has_name) {
                return Err(format!("two parameters have the name {name:?}: rename one"));
            }
            segments.push(new);
        }
        let constraints = segments.iter().flat_map(|one| &one.constraints);
        let mut unknown: Vec<String> = constraints.map(|(name, _)| name.clone()).collect();
        unknown.retain(|name| KNOWN.split(' ').all(|known| known != name));
        Ok(Self {
            text,
            segments,
            unknown,
        })
    }

    /// The name of an optional parameter before a segment that cannot be absent.
    pub fn optional_before_others(&self) -> Option<&str> {
        let backwards = self.segments.iter().rev();
        let mut before_others = backwards.skip_while(|one| one.may_be_absent());
        before_others.find(|one| one.optional).map(|one| &*one.name)
    }

    /// The parameters, if `path` matches. Case and one slash at the end do not matter.
    pub fn matches(&self, path: &str) -> Option<Parameters> {
        self.parameters(path, true)
    }

    /// Whether `path` matches apart from constraints.
    pub fn resembles(&self, path: &str) -> bool {
        self.parameters(path, false).is_some()
    }

    fn parameters(&self, path: &str, constrained: bool) -> Option<Parameters> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut rest = Some(path).filter(|path| !path.is_empty());
        let mut parameters = Parameters::new();
        for segment in &self.segments {
            let taken = match rest.and_then(|path| path.split_once('/')) {
                Some((first, after)) if !segment.rest => {
                    rest = Some(after);
                    Some(first)
                }
                _ => rest.take(),
            };
            let value = taken.map(decoded_path);
            let fits = match value.as_deref() {
                None => segment.may_be_absent(),
                Some("") => false,
                Some(_) if !segment.is_text && !constrained => true,
                Some(value) => segment.takes(value),
            };
            if !fits {
                return None;
            }
            if !segment.is_text {
                let value = value.or_else(|| segment.default.clone());
                parameters.push((segment.name.clone(), value));
            }
        }
        rest.is_none().then_some(parameters)
    }

    /// A path that matches, and its parameters. Leaves out what may be absent.
    pub fn example(&self) -> (Parameters, String) {
        let (mut parameters, mut path) = (Parameters::new(), String::new());
        for segment in &self.segments {
            let mut value = segment.default.clone();
            if !segment.may_be_absent() {
                let example = segment.example();
                path += &format!("/{example}");
                value = Some(example);
            }
            if !segment.is_text {
                parameters.push((segment.name.clone(), value));
            }
        }
        (parameters, path)
    }

    /// Whether this matches all that `other` matches.
    pub fn covers(&self, other: &Self) -> bool {
        covers(&self.segments, &other.segments)
    }

    /// Whether a path may match both.
    pub fn overlaps(&self, other: &Self) -> bool {
        overlap(&self.segments, &other.segments)
    }
}

fn covers(ours: &[Segment], theirs: &[Segment]) -> bool {
    let ([one, ours @ ..], [other, theirs @ ..]) = (ours, theirs) else {
        return theirs.is_empty() && ours.iter().all(Segment::may_be_absent);
    };
    let is_covered = if other.is_text {
        one.takes(&other.name)
    } else {
        let is_less = !one.may_be_absent() && other.may_be_absent() || !one.rest && other.rest;
        let held = |constraint| other.constraints.contains(constraint);
        !one.is_text && !is_less && one.constraints.iter().all(held)
    };
    // The rest includes what follows in the other route.
    is_covered && (one.rest && one.constraints.is_empty() || covers(ours, theirs))
}

fn overlap(ours: &[Segment], theirs: &[Segment]) -> bool {
    let ([one, ours @ ..], [other, theirs @ ..]) = (ours, theirs) else {
        return ours.iter().chain(theirs).all(Segment::may_be_absent);
    };
    let excluded = one.excludes(other) || other.excludes(one);
    one.rest || other.rest || !excluded && overlap(ours, theirs)
}

impl Segment {
    /// `{name:constraint(argument)=default}`, `{name?}`, `{*rest}` [RouteParameterParser.cs]
    fn parse(part: &str) -> Option<Self> {
        let braced = part.strip_prefix('{');
        let Some(inner) = braced.and_then(|part| part.strip_suffix('}')) else {
            let (is_text, name) = (!part.contains(['{', '}', '?']), part.to_owned());
            let segment = Self {
                is_text,
                name,
                ..Self::default()
            };
            return is_text.then_some(segment);
        };
        let required = inner.strip_suffix('?').unwrap_or(inner);
        let optional = required.len() < inner.len();
        let name = required.trim_start_matches('*');
        let rest = name.len() < required.len();
        let mut with_default = split(name, '=');
        let mut with_constraints = split(with_default.next()?, ':');
        let name = with_constraints.next()?.to_owned();
        let default = with_default.next().map(str::to_owned);
        let is_name = !name.is_empty() && !name.contains(['/', '{', '}', '?', '*']);
        if !is_name || optional && (rest || default.is_some()) {
            return None;
        }
        let constraints = with_constraints.map(|constraint| {
            let (name, argument) = constraint.split_once('(').unwrap_or((constraint, ""));
            let argument = argument.trim_end_matches(')');
            (name.to_ascii_lowercase(), argument.to_owned())
        });
        Some(Self {
            is_text: false,
            name,
            constraints: constraints.collect(),
            rest,
            optional,
            default,
        })
    }

    fn may_be_absent(&self) -> bool {
        self.optional || self.rest || self.default.is_some()
    }

    fn takes(&self, value: &str) -> bool {
        if self.is_text {
            return self.name.eq_ignore_ascii_case(value);
        }
        let mut constraints = self.constraints.iter();
        constraints.all(|(name, argument)| holds(name, argument, value))
    }

    /// A value that the segment takes; its own name if none is found.
    fn example(&self) -> String {
        let guid = "00000000-0000-0000-0000-000000000000";
        let mut values = [&self.name, "1", "true", guid].map(str::to_owned).to_vec();
        let arguments = self.constraints.iter().map(|(_, argument)| argument);
        let numbers = arguments.flat_map(|argument| argument.split(','));
        for number in numbers.filter_map(|one| one.trim().parse::<usize>().ok()) {
            // The number itself, so many letters, or so many digits.
            let (letters, digits) = ("a".repeat(number.min(200)), "1".repeat(number.min(18)));
            values.extend([number.to_string(), letters, digits]);
        }
        let mut values = values.into_iter();
        let taken = values.find(|value| self.takes(value));
        taken.unwrap_or_else(|| self.name.clone())
    }

    /// Whether it cannot take the other's text, or takes only letters and the other only digits.
    fn excludes(&self, other: &Self) -> bool {
        const DIGITS: [&str; 5] = ["int", "long", "min", "max", "range"];
        let is_alpha = |(name, _): &(String, String)| name == "alpha";
        let is_number = |(name, _): &(String, String)| DIGITS.contains(&&**name);
        other.is_text && !self.takes(&other.name)
            || self.constraints.iter().any(is_alpha) && other.constraints.iter().any(is_number)
    }
}

/// Splits, but not within braces or parentheses.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c| {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            _ => {}
        }
        c == separator && depth == 0
    })
}

const KNOWN: &str = "alpha bool int long guid length minlength maxlength min max range required";

/// Constraints that are unknown here, or lack an argument, always hold [Constraints/*.cs].
fn holds(name: &str, argument: &str, value: &str) -> bool {
    let characters = value.encode_utf16().count() as i64;
    let arguments = argument.split(',').map(|number| number.trim().parse());
    let arguments: Vec<i64> = arguments.flatten().collect();
    let word = value.trim();
    let number: Option<i64> = word.parse().ok();
    match (name, &arguments[..]) {
        ("alpha", _) => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
        ("bool", _) => word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false"),
        ("int", _) => word.parse::<i32>().is_ok(),
        ("long", _) => number.is_some(),
        ("guid", _) => is_guid(word),
        ("length", [length]) => characters == *length,
        ("length", [least, most]) => (*least..=*most).contains(&characters),
        ("minlength", [least]) => characters >= *least,
        ("maxlength", [most]) => characters <= *most,
        ("min", [least]) => number.is_some_and(|number| number >= *least),
        ("max", [most]) => number.is_some_and(|number| number <= *most),
        ("range", [least, most]) => number.is_some_and(|number| (*least..=*most).contains(&number)),
        _ => true,
    }
}

/// `Guid.TryParse`, without its form of several hexadecimal numbers.
pub fn is_guid(text: &str) -> bool {
    let inner = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    let dashed = inner('{', '}').or_else(|| inner('(', ')')).unwrap_or(text);
    let lengths: Vec<usize> = dashed.split('-').map(str::len).collect();
    let is_hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    dashed.bytes().all(is_hex) && (lengths == [8, 4, 4, 4, 12] || lengths == [32] && dashed == text)
}

/// Percent-decodes. Bytes that are not UTF-8 become U+FFFD; a `%` without two digits stays.
pub fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = Vec::from(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.get(..2).filter(|digits| !digits.starts_with('+'));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        bytes.extend(&part.as_bytes()[if byte.is_some() { 2 } else { 0 }..]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The host keeps `%2F`, so that it differs from a slash.
fn decoded_path(path: &str) -> String {
    let segments = path.split('/');
    let segments = segments.map(|segment| decoded(segment).replace('/', "%2F"));
    segments.collect::<Vec<_>>().join("/")
}
