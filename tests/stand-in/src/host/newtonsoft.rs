//! JSON as the host reads and writes it: a short port of Newtonsoft.Json 13.0.3 with its default
//! settings, in the invariant culture and in UTC. Brackets name its source files. Constructors,
//! `undefined` and `[1,,2]`, which it accepts, are errors here.

use crate::host::date::Date;
use serde::Serialize;

/// A text that is a date is rewritten when it is written, not when it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Token {
    #[default]
    Null,
    Bool(bool),
    /// The digits: 64 bits or any size (`BigInteger`).
    Integer(String),
    Float(f64),
    Text(String),
    Array(Vec<Token>),
    /// In order; a repeated name keeps its first place and its last value [JObject.cs].
    Object(Vec<(String, Token)>),
}

/// Reads one JSON value, nested at most `max_depth` deep: 64 by default [JsonReader.cs].
pub fn parse(text: &str, max_depth: usize) -> Result<Token, String> {
    let mut rest = text;
    let token = value(&mut rest, max_depth);
    next(&mut rest);
    token.filter(|_| rest.is_empty()).ok_or_else(|| {
        let at = text.len() - rest.len();
        let begin: String = rest.chars().take(20).collect();
        format!("not JSON for the host (it reads {max_depth} levels), at byte {at}: {begin:?}")
    })
}

impl Token {
    /// Takes out the last member of this name in any case, as for a class's property; null if there
    /// is none.
    pub fn take(&mut self, name: &str) -> Token {
        let Self::Object(members) = self else {
            return Self::Null;
        };
        let is = |(own, _): &(String, Token)| own.eq_ignore_ascii_case(name);
        let place = members.iter().rposition(is);
        place.map_or(Self::Null, |place| members.remove(place).1)
    }

    /// Empty if this is not an object.
    pub fn members(&self) -> &[(String, Token)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// `ToString()` [JValue.cs, JToken.cs].
    pub fn to_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
            Self::Integer(digits) => digits.clone(),
            Self::Float(value) => double(*value),
            Self::Text(text) => Date::parse(text).map_or_else(|| text.clone(), Date::general),
            Self::Array(_) | Self::Object(_) => self.to_json(true),
        }
    }

    /// Indented by two spaces, or on one line [JsonTextWriter.cs].
    pub fn to_json(&self, indented: bool) -> String {
        let json = |value: &Token| value.to_json(indented);
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(digits) => digits.clone(),
            Self::Float(value) if value.is_finite() => match double(*value) {
                // [JsonConvert.cs, EnsureDecimalPlace]
                digits if digits.contains(['.', 'E']) => digits,
                digits => digits + ".0",
            },
            Self::Float(value) => quoted(&double(*value)),
            Self::Text(text) => match Date::parse(text) {
                Some(date) => quoted(&date.iso()),
                None => quoted(text),
            },
            Self::Array(elements) => {
                listed(elements.iter().map(json).collect(), ["[", "]"], indented)
            }
            Self::Object(members) => {
                let colon = if indented { ": " } else { ":" };
                let members = members.iter();
                let members = members.map(|(name, value)| quoted(name) + colon + &json(value));
                listed(members.collect(), ["{", "}"], indented)
            }
        }
    }
}

fn listed(elements: Vec<String>, [open, close]: [&str; 2], indented: bool) -> String {
    if !indented || elements.is_empty() {
        return format!("{open}{}{close}", elements.join(","));
    }
    // Strings in JSON have no line breaks.
    let lines = elements.join(",\n").replace('\n', "\n  ");
    format!("{open}\n  {lines}\n{close}")
}

/// The object in `text` on one line, if the library would indent it as in `text`.
pub fn on_one_line(text: &str) -> Option<String> {
    let token = parse(text, 64).ok()?;
    let is_written_so = !token.members().is_empty() && token.to_json(true) == text;
    is_written_so.then(|| token.to_json(false))
}

/// A value as JSON on one line, with three more escaped characters than serde's
/// [JavaScriptUtils.cs].
pub fn json(value: &(impl Serialize + ?Sized)) -> String {
    let json = serde_json::to_string(value);
    let json = json.unwrap_or_else(|error| panic!("{error}, in what is always JSON"));
    // Large values are mostly ASCII, which is checked much faster in a debug build.
    if json.is_ascii() || !json.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return json;
    }
    json.replace('\u{85}', "\\u0085")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

pub fn quoted(text: &str) -> String {
    json(text)
}

/// A JSON object. The values are JSON already.
pub fn object<Name: AsRef<str>, Value: AsRef<str>>(
    members: impl IntoIterator<Item = (Name, Value)>,
) -> String {
    let mut json = "{".to_owned();
    for (name, value) in members {
        if json.len() > 1 {
            json.push(',');
        }
        json += &quoted(name.as_ref());
        json.push(':');
        json += value.as_ref();
    }
    json + "}"
}

/// A double as .NET writes it: the shortest digits that read back as it, with an exponent from
/// 1E+15 (or their number) up and below 0.0001 [dotnet/runtime, Number.Formatting.cs].
fn double(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string().replace("inf", "Infinity");
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("a number");
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    if exponent + 1 > digits.max(15) as i32 || exponent + 1 < -3 {
        return format!("{mantissa}E{exponent:+03}");
    }
    value.to_string()
}

// All readers take their text from the front of `rest`, as [JsonTextReader.cs] does.

fn value(rest: &mut &str, max_depth: usize) -> Option<Token> {
    Some(match next(rest)? {
        '{' => {
            let mut members: Vec<(String, Token)> = Vec::new();
            for (name, value) in elements(rest, '}', max_depth, member)? {
                match members.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, first)) => *first = value,
                    None => members.push((name, value)),
                }
            }
            Token::Object(members)
        }
        '[' => Token::Array(elements(rest, ']', max_depth, value)?),
        '"' | '\'' => Token::Text(string(rest)?),
        '-' | '.' | '0'..='9' if !rest.starts_with("-I") => number(rest)?,
        _ => {
            let mut after = *rest;
            let word = match take_while(&mut after, |c| c.is_ascii_alphabetic() || c == '-') {
                "null" => Token::Null,
                "true" => Token::Bool(true),
                "false" => Token::Bool(false),
                "NaN" => Token::Float(f64::NAN),
                "Infinity" => Token::Float(f64::INFINITY),
                "-Infinity" => Token::Float(f64::NEG_INFINITY),
                _ => return None,
            };
            *rest = after;
            word
        }
    })
}

/// A comma may follow the last element.
fn elements<T>(
    rest: &mut &str,
    close: char,
    max_depth: usize,
    element: fn(&mut &str, usize) -> Option<T>,
) -> Option<Vec<T>> {
    let max_depth = max_depth.checked_sub(1)?;
    take(rest);
    let mut elements = Vec::new();
    while next(rest)? != close {
        elements.push(element(rest, max_depth)?);
        if next(rest)? != close && take(rest)? != ',' {
            return None;
        }
    }
    take(rest);
    Some(elements)
}

fn member(rest: &mut &str, max_depth: usize) -> Option<(String, Token)> {
    let name = match *rest {
        quoted if quoted.starts_with(['"', '\'']) => string(rest)?,
        _ => match take_while(rest, |c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
            "" => return None,
            name => name.to_owned(),
        },
    };
    match next(rest)? {
        ':' => take(rest)?,
        _ => return None,
    };
    Some((name, value(rest, max_depth)?))
}

/// Lone surrogates become U+FFFD; line breaks and other control characters are allowed.
fn string(rest: &mut &str) -> Option<String> {
    let (quote, mut text) = (take(rest)?, String::new());
    loop {
        text += take_while(rest, |c| c != quote && c != '\\');
        let mut units = Vec::new();
        while rest.starts_with('\\') {
            take(rest);
            units.push(escaped(rest)?);
        }
        text += &String::from_utf16_lossy(&units);
        if units.is_empty() {
            take(rest)?;
            return Some(text);
        }
    }
}

/// The UTF-16 unit of what follows a backslash.
fn escaped(rest: &mut &str) -> Option<u16> {
    Some(match take(rest)? {
        'b' => 8,
        't' => 9,
        'n' => 10,
        'f' => 12,
        'r' => 13,
        c @ ('\\' | '"' | '\'' | '/') => c as u16,
        'u' => {
            let (digits, after) = rest.split_at_checked(4)?;
            *rest = after;
            let unit = u16::from_str_radix(digits, 16).ok();
            unit.filter(|_| !digits.starts_with('+'))?
        }
        _ => return None,
    })
}

/// `ParseReadNumber`: octal and hexadecimal with a leading 0, integers of up to 380 characters,
/// doubles for all others.
fn number(rest: &mut &str) -> Option<Token> {
    let text = take_while(rest, |c| c.is_ascii_hexdigit() || "-+.xX".contains(c));
    let ends = |c: char| c.is_whitespace() || ",}])/\0".contains(c);
    if !rest.is_empty() && !rest.starts_with(ends) {
        return None;
    }
    if let Some(digits) = text.strip_prefix('0')
        && digits.starts_with(|c| !".eE".contains(c))
    {
        let value = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => u64::from_str_radix(digits, 8),
        };
        return Some(Token::Integer((value.ok()? as i64).to_string()));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !is_digits(digits) {
        return text.parse().ok().map(Token::Float);
    }
    // Without leading zeros, and without the sign of zero.
    let integer = match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        significant if text == digits => significant.to_owned(),
        significant => format!("-{significant}"),
    };
    (text.len() <= 380).then_some(Token::Integer(integer))
}

/// Skips white space, NUL, and comments of both kinds.
fn next(rest: &mut &str) -> Option<char> {
    loop {
        take_while(rest, |c| c.is_whitespace() || c == '\0');
        if rest.starts_with("//") {
            take_while(rest, |c| !matches!(c, '\r' | '\n'));
        } else if let Some(comment) = rest.strip_prefix("/*") {
            *rest = comment.split_once("*/")?.1;
        } else {
            return rest.chars().next();
        }
    }
}

fn take(rest: &mut &str) -> Option<char> {
    let mut chars = rest.chars();
    let taken = chars.next()?;
    *rest = chars.as_str();
    Some(taken)
}

fn take_while<'a>(rest: &mut &'a str, test: impl Fn(char) -> bool) -> &'a str {
    let end = rest.find(|c| !test(c)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
