//! JSON as the host reads and writes it: a short port of Newtonsoft.Json 13.0.3 with its default
//! settings, and of how .NET 8 writes numbers and dates as text in the invariant culture, on a
//! machine whose time zone is UTC (as in Azure). In brackets: the source file of a rule in
//! JamesNK/Newtonsoft.Json.
//!
//! Not ported, so that such a text fails here where the library mends it: constructors,
//! `undefined`, `[1,,2]`.

pub use crate::host::date::Date;

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
    if !reader.rest.is_empty() {
        Err(reader.unexpected("after the value"))
    } else {
        Ok(token)
    }
}

impl Token {
    /// The member that the library takes for a property of a class: in any case, the last one.
    /// `null` is none.
    pub fn property(&self, name: &str) -> Option<&Token> {
        self.members()
            .iter()
            .rev()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .filter(|v| **v != Self::Null)
    }

    /// Takes the same member out of the object.
    pub fn take(&mut self, name: &str) -> Option<Token> {
        let Self::Object(members) = self else {
            return None;
        };
        let at = members
            .iter()
            .rposition(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(members.swap_remove(at).1).filter(|value| *value != Self::Null)
    }

    /// The members of an object; none for any other value.
    pub fn members(&self) -> &[(String, Token)] {
        if let Self::Object(members) = self {
            members
        } else {
            &[]
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
            Self::Text(text) => {
                Date::parse(text).map_or_else(|| text.clone(), |date| date.general())
            }
            Self::Array(_) | Self::Object(_) => self.to_json(true),
        }
    }

    /// The value as JSON, indented by two spaces or on one line [JsonTextWriter.cs].
    pub fn to_json(&self, indented: bool) -> String {
        let mut json = String::new();
        self.write(&mut json, indented.then_some(0));
        json
    }

    fn write(&self, json: &mut String, indent: Option<usize>) {
        match self {
            Self::Null => *json += "null",
            Self::Bool(value) => *json += &value.to_string(),
            Self::Float(value) if !value.is_finite() => *json += &quoted(&double(*value)),
            // [JsonConvert.cs, EnsureDecimalPlace]
            Self::Float(value) => match double(*value) {
                text if text.contains(['.', 'E']) => *json += &text,
                text => *json += &(text + ".0"),
            },
            Self::Integer(digits) => *json += digits,
            Self::Text(text) => {
                *json += &quoted(&Date::parse(text).map_or_else(|| text.clone(), |date| date.iso()))
            }
            Self::Array(elements) => {
                write_all(
                    json,
                    indent,
                    ['[', ']'],
                    elements,
                    |json, element, indent| element.write(json, indent),
                );
            }
            Self::Object(members) => write_all(
                json,
                indent,
                ['{', '}'],
                members,
                |json, (name, value), indent| {
                    *json += &quoted(name);
                    *json += if indent.is_some() { ": " } else { ":" };
                    value.write(json, indent);
                },
            ),
        }
    }
}

/// Writes what an array or object holds: one element per line if it is indented, `[]` and `{}`
/// where it is empty.
fn write_all<T>(
    json: &mut String,
    indent: Option<usize>,
    [open, close]: [char; 2],
    elements: &[T],
    mut write: impl FnMut(&mut String, &T, Option<usize>),
) {
    let line = |json: &mut String, indent: Option<usize>| {
        if let Some(indent) = indent {
            *json += &format!("\n{:indent$}", "");
        }
    };
    let inner = indent.map(|indent| indent + 2);
    json.push(open);
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        line(json, inner);
        write(json, element, inner);
    }
    if !elements.is_empty() {
        line(json, indent);
    }
    json.push(close);
}

/// A JSON object on one line, if `text` is what the library makes of it when it writes it anew,
/// indented.
pub fn on_one_line(text: &str) -> Option<String> {
    let object = parse(text, 64)
        .ok()
        .filter(|token| !token.members().is_empty())?;
    (object.to_json(true) == text).then(|| object.to_json(false))
}

/// A text as a JSON string: escaped are quotes, backslashes, control characters and three more
/// [JavaScriptUtils.cs].
pub fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).expect("a string is JSON");
    let others = ['\u{85}', '\u{2028}', '\u{2029}'];
    if !json.contains(others) {
        return json;
    }
    let escaped = |c: char| match others.contains(&c) {
        true => format!("\\u{:04x}", c as u32),
        false => c.to_string(),
    };
    json.chars().map(escaped).collect()
}

/// A double as .NET writes it: the shortest digits that read back as it, with an exponent from
/// 1E+15 (or their number) up and below 0.0001 (dotnet/runtime, Number.Formatting.cs).
fn double(value: f64) -> String {
    if !value.is_finite() {
        return match value.is_nan() {
            true => "NaN".to_owned(),
            false => format!("{}Infinity", if value < 0.0 { "-" } else { "" }),
        };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("a number");
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    if exponent + 1 > digits.max(15) as i32 || exponent + 1 < -3 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}E{sign}{:02}", exponent.abs());
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
            Some('{' | '[') => {
                self.depth += 1;
                if self.depth > self.max_depth {
                    return Err(format!("nested deeper than {}", self.max_depth));
                }
                let token = match self.take('{') {
                    true => self.object(),
                    false => {
                        self.take('[');
                        self.array()
                    }
                };
                self.depth -= 1;
                token
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
                word => Err(format!(
                    "{word:?}, then {}",
                    self.unexpected("where a value stands")
                )),
            },
        }
    }

    fn object(&mut self) -> Result<Token, String> {
        let mut members: Vec<(String, Token)> = Vec::new();
        loop {
            self.skip()?;
            if self.take('}') {
                return Ok(Token::Object(members));
            }
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
            let value = self.value()?;
            match members.iter_mut().find(|(n, _)| *n == name) {
                Some((_, first)) => *first = value,
                None => members.push((name, value)),
            }
            self.skip()?;
            if !self.take(',') && self.peek() != Some('}') {
                return Err(self.unexpected("in an object"));
            }
        }
    }

    fn array(&mut self) -> Result<Token, String> {
        let mut elements = Vec::new();
        loop {
            self.skip()?;
            if self.take(']') {
                return Ok(Token::Array(elements));
            }
            elements.push(self.value()?);
            self.skip()?;
            if !self.take(',') && self.peek() != Some(']') {
                return Err(self.unexpected("in an array"));
            }
        }
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
                let digits = self
                    .rest
                    .get(..4)
                    .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
                let digits = digits.ok_or("a bad \\u escape")?;
                self.rest = &self.rest[4..];
                u16::from_str_radix(digits, 16).map_err(|error| error.to_string())?
            }
            _ => return Err(self.unexpected("after a backslash").to_string()),
        })
    }

    /// `ParseReadNumber`: octal and hexadecimal with a leading 0, integers of up to 380 characters,
    /// all else a double.
    fn number(&mut self) -> Result<Token, String> {
        let text =
            self.take_while(|c| matches!(c, '-' | '+' | '.' | 'x' | 'X') || c.is_ascii_hexdigit());
        if !self
            .peek()
            .is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '}' | ']' | ')' | '/' | '\0'))
        {
            return Err(self.unexpected("in a number"));
        }
        let bad = || format!("{text:?} is not a number");
        if let Some(rest) = text
            .strip_prefix('0')
            .filter(|rest| !rest.is_empty() && !rest.starts_with(['.', 'e', 'E']))
        {
            let hex = rest.strip_prefix(['x', 'X']);
            let value = hex.map_or_else(
                || u64::from_str_radix(rest, 8),
                |digits| u64::from_str_radix(digits, 16),
            );
            return Ok(Token::Integer(
                (value.map_err(|_| bad())? as i64).to_string(),
            ));
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Ok(Token::Float(text.parse().map_err(|_| bad())?));
        }
        if text.len() > 380 {
            return Err("an integer is too large".to_owned());
        }
        // Leading zeros go, and so does the sign of zero.
        Ok(Token::Integer(match digits.trim_start_matches('0') {
            "" => "0".to_owned(),
            significant => format!(
                "{}{significant}",
                if digits.len() < text.len() { "-" } else { "" }
            ),
        }))
    }
}
