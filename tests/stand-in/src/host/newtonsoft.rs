//! JSON as the host reads and writes it: a short port of Newtonsoft.Json 13.0.3 with its default
//! settings, and of how .NET 8 writes numbers and dates as text in the invariant culture, on a
//! machine whose time zone is UTC (as in Azure). In brackets: the source file of a rule in
//! JamesNK/Newtonsoft.Json.
//!
//! Not ported, so that such a text fails here where the library mends it: constructors,
//! `undefined`, `[1,,2]`.

use crate::host::date::Date;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON value. A string that is a date stays a string here and is rewritten when it is written:
/// the library parses it while reading, but only the writing shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Null,
    Bool(bool),
    /// Digits: 64 bits or any size (`BigInteger`).
    Integer(String),
    Float(f64),
    Text(String),
    Array(Vec<Token>),
    /// In order; a repeated name keeps its first place and its last value [JObject.cs,
    /// DuplicatePropertyNameHandling].
    Object(Vec<(String, Token)>),
}

/// Reads a text of one JSON value nested at most `max_depth` deep: 64 by default [JsonReader.cs].
pub fn parse(text: &str, max_depth: usize) -> Result<Token, String> {
    let mut reader = Reader {
        text,
        rest: text,
        depth: 0,
        max_depth,
    };
    let token = reader.value()?;
    reader.skip()?;
    match reader.rest {
        "" => Ok(token),
        _ => Err(reader.unexpected("after the value")),
    }
}

impl Token {
    /// Takes out the member that the library takes for a property of a class: in any case, the last
    /// one. `null` is none.
    pub fn take(&mut self, name: &str) -> Option<Token> {
        let Self::Object(members) = self else {
            return None;
        };
        let is = |(own, _): &(String, Token)| own.eq_ignore_ascii_case(name);
        let (_, value) = members.remove(members.iter().rposition(is)?);
        Some(value).filter(|value| *value != Self::Null)
    }

    /// The members of an object; none for any other value.
    pub fn members(&self) -> &[(String, Token)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// `ToString()`: texts as they are, dates in the general format, objects and arrays indented
    /// [JValue.cs, JToken.cs].
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

    /// The value as JSON, indented by two spaces or on one line [JsonTextWriter.cs].
    pub fn to_json(&self, indented: bool) -> String {
        match indented {
            true => escaped(serde_json::to_string_pretty(self).expect("it is JSON")),
            false => json(self),
        }
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = match self {
            Self::Null => return serializer.serialize_unit(),
            Self::Bool(value) => return serializer.serialize_bool(*value),
            Self::Text(text) => {
                return match Date::parse(text) {
                    Some(date) => serializer.serialize_str(&date.iso()),
                    None => serializer.serialize_str(text),
                };
            }
            Self::Array(elements) => return serializer.collect_seq(elements),
            Self::Object(members) => {
                let members = members.iter();
                return serializer.collect_map(members.map(|(name, value)| (name, value)));
            }
            Self::Float(value) if !value.is_finite() => {
                return serializer.serialize_str(&double(*value));
            }
            // [JsonConvert.cs, EnsureDecimalPlace]
            Self::Float(value) => match double(*value) {
                text if text.contains(['.', 'E']) => text,
                text => text + ".0",
            },
            Self::Integer(digits) => digits.clone(),
        };
        let number = RawValue::from_string(digits).map_err(S::Error::custom)?;
        number.serialize(serializer)
    }
}

/// A JSON object on one line, if `text` is what the library makes of it when it writes it anew,
/// indented.
pub fn on_one_line(text: &str) -> Option<String> {
    let token = parse(text, 64).ok()?;
    let is_written_so = !token.members().is_empty() && token.to_json(true) == text;
    is_written_so.then(|| token.to_json(false))
}

/// A value as JSON on one line.
pub fn json(value: &(impl Serialize + ?Sized)) -> String {
    escaped(serde_json::to_string(value).expect("it is JSON"))
}

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    json(text)
}

/// A JSON object of these names, and values that are JSON.
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

/// JSON in which three more characters are escaped than serde escapes [JavaScriptUtils.cs]; they
/// only stand in strings.
fn escaped(json: String) -> String {
    // Large values are mostly ASCII, and that is seen much faster in a debug build.
    if json.is_ascii() || !json.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return json;
    }
    json.replace('\u{85}', "\\u0085")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// A double as .NET writes it: the shortest digits that read back as it, with an exponent from
/// 1E+15 (or their number) up and below 0.0001 (dotnet/runtime, Number.Formatting.cs).
fn double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}Infinity");
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

/// Reads a text as [JsonTextReader.cs] does.
struct Reader<'a> {
    text: &'a str,
    /// What has not been read yet.
    rest: &'a str,
    depth: usize,
    max_depth: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let after = self.rest.strip_prefix(expected);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn take_while(&mut self, test: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !test(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn unexpected(&self, place: &str) -> String {
        let at = self.text.len() - self.rest.len();
        format!("{:?} {place} at {at}", self.peek())
    }

    /// White space of every kind, NUL, and comments of both kinds.
    fn skip(&mut self) -> Result<(), String> {
        loop {
            self.take_while(|c| c.is_whitespace() || c == '\0');
            if !self.take('/') {
                return Ok(());
            }
            if self.take('/') {
                self.take_while(|c| !matches!(c, '\r' | '\n'));
            } else if self.take('*') {
                let (_, rest) = self.rest.split_once("*/").ok_or("a comment does not end")?;
                self.rest = rest;
            } else {
                return Err(self.unexpected("in a comment"));
            }
        }
    }

    fn value(&mut self) -> Result<Token, String> {
        self.skip()?;
        match self.peek() {
            Some('{') => self.object(),
            Some('[') => {
                let mut elements = Vec::new();
                self.elements(['[', ']'], |reader| {
                    elements.push(reader.value()?);
                    Ok(())
                })?;
                Ok(Token::Array(elements))
            }
            Some('"' | '\'') => Ok(Token::Text(self.string()?)),
            Some('-' | '.' | '0'..='9') if !self.rest.starts_with("-I") => self.number(),
            _ => match self.take_while(|c| c.is_ascii_alphabetic() || c == '-') {
                "null" => Ok(Token::Null),
                "true" => Ok(Token::Bool(true)),
                "false" => Ok(Token::Bool(false)),
                "NaN" => Ok(Token::Float(f64::NAN)),
                "Infinity" => Ok(Token::Float(f64::INFINITY)),
                "-Infinity" => Ok(Token::Float(f64::NEG_INFINITY)),
                word => {
                    let next = self.unexpected("where a value stands");
                    Err(format!("{word:?}, then {next}"))
                }
            },
        }
    }

    /// Reads what stands between brackets, each element with `read`; a comma may stand after the
    /// last.
    fn elements(
        &mut self,
        [open, close]: [char; 2],
        mut read: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(format!("nested deeper than {}", self.max_depth));
        }
        self.take(open);
        self.skip()?;
        while !self.take(close) {
            read(self)?;
            self.skip()?;
            if !self.take(',') && self.peek() != Some(close) {
                return Err(self.unexpected("after an element"));
            }
            self.skip()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn object(&mut self) -> Result<Token, String> {
        let mut members: Vec<(String, Token)> = Vec::new();
        self.elements(['{', '}'], |reader| {
            let (name, value) = reader.member()?;
            match members.iter_mut().find(|(other, _)| *other == name) {
                Some((_, first)) => *first = value,
                None => members.push((name, value)),
            }
            Ok(())
        })?;
        Ok(Token::Object(members))
    }

    fn member(&mut self) -> Result<(String, Token), String> {
        let name = match self.peek() {
            Some('"' | '\'') => self.string()?,
            _ => match self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
                "" => return Err(self.unexpected("where a name stands")),
                name => name.to_owned(),
            },
        };
        self.skip()?;
        if !self.take(':') {
            return Err(self.unexpected("after a name"));
        }
        Ok((name, self.value()?))
    }

    /// Lone surrogates become U+FFFD; line breaks and other control characters may stand as they
    /// are.
    fn string(&mut self) -> Result<String, String> {
        let quote = self.peek().ok_or("a string does not begin")?;
        self.take(quote);
        let mut text = String::new();
        loop {
            text += self.take_while(|c| c != quote && c != '\\');
            if self.take(quote) {
                return Ok(text);
            }
            let mut units = Vec::new();
            while self.take('\\') {
                units.push(self.escaped()?);
            }
            if units.is_empty() {
                return Err("a string does not end".to_owned());
            }
            text += &String::from_utf16_lossy(&units);
        }
    }

    /// What stands after a backslash, as a unit of UTF-16.
    fn escaped(&mut self) -> Result<u16, String> {
        let c = self.peek().ok_or("a string does not end")?;
        self.take(c);
        Ok(match c {
            'b' => 8,
            't' => 9,
            'n' => 10,
            'f' => 12,
            'r' => 13,
            '\\' | '"' | '\'' | '/' => c as u16,
            'u' => {
                let digits = self.rest.get(..4).filter(|digits| !digits.starts_with('+'));
                let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
                let unit = unit.ok_or("a bad \\u escape")?;
                self.rest = &self.rest[4..];
                unit
            }
            _ => return Err(self.unexpected("after a backslash")),
        })
    }

    /// `ParseReadNumber`: octal and hexadecimal with a leading 0, integers of up to 380 characters,
    /// all else a double.
    fn number(&mut self) -> Result<Token, String> {
        let text = self.take_while(|c| c.is_ascii_hexdigit() || "-+.xX".contains(c));
        let ends = |c: char| c.is_whitespace() || ",}])/\0".contains(c);
        if !self.peek().is_none_or(ends) {
            return Err(self.unexpected("in a number"));
        }
        let bad = || format!("{text:?} is not a number");
        if let Some(rest) = text.strip_prefix('0')
            && !rest.is_empty()
            && !rest.starts_with(['.', 'e', 'E'])
        {
            let value = match rest.strip_prefix(['x', 'X']) {
                Some(digits) => u64::from_str_radix(digits, 16),
                None => u64::from_str_radix(rest, 8),
            };
            let value = value.map_err(|_| bad())? as i64;
            return Ok(Token::Integer(value.to_string()));
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !is_digits(digits) {
            return Ok(Token::Float(text.parse().map_err(|_| bad())?));
        }
        if text.len() > 380 {
            return Err("an integer is too large".to_owned());
        }
        // Leading zeros go, and so does the sign of zero.
        let sign = &text[..text.len() - digits.len()];
        Ok(Token::Integer(match digits.trim_start_matches('0') {
            "" => "0".to_owned(),
            significant => format!("{sign}{significant}"),
        }))
    }
}

/// Whether a text is digits and nothing else.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
