//! The guard: which texts the host would change on their way to a queue.
//!
//! What a function puts into `Outputs` or `ReturnValue` as a JSON string the host does not queue as
//! it stands. In order (azure-functions-host,
//! `HttpScriptInvocationResultExtensions.GetBindingValue`, then
//! `FunctionBinding.ReadAsEnumerable`):
//!
//! 1. a date is parsed and written in another form;
//! 2. what is base64 by .NET's rules is decoded, so `test` or `12345678` arrives as other bytes;
//! 3. what stands in `[` `]` is parsed, and each element becomes a message of its own (`[]`: none
//!    at all);
//! 4. what stands in `{` `}` is parsed and written again, indented; what JSON.NET does not keep is
//!    lost;
//! 5. anything else is queued as its UTF-8 bytes.
//!
//! The base64 of the UTF-8 bytes passes all of it: step 2 decodes it, and the queue gets them byte
//! for byte. So a text goes plain where steps 1 to 4 leave it alone, or keep the JSON object that
//! it is, and as base64 otherwise.

use super::base64;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The most that a queue message holds, in bytes, with the queue extension's default encoding: 64
/// KiB of base64. One byte more, and the host fails the invocation.
pub const MESSAGE_MAX_BYTES: usize = 49_152;

/// The longest JSON object that goes plain, in bytes: the host indents it, which makes it larger.
const OBJECT_MAX_BYTES: usize = 8 * 1024;

/// The deepest nesting that goes plain; JSON.NET refuses to read more than 64 levels.
const OBJECT_MAX_DEPTH: usize = 64;

/// Whether the host puts `text` into a queue unaltered. If not, its base64 does arrive unaltered.
pub(crate) fn is_kept(text: &str) -> bool {
    let trimmed = text.trim();
    match trimmed.as_bytes() {
        [b'{', .., b'}'] => object_is_kept(text),
        [b'[', .., b']'] => false,
        _ => !is_date(text) && !base64::is_base64(text),
    }
}

/// Whether the host takes `text` for a date: `YYYY-MM-DDThh:mm:ss`, perhaps `.` and 1 to 7 digits,
/// perhaps `Z`, `z` or an offset; or anything between `/Date(` and `)/`. JSON.NET does not insist
/// on an offset's sign, nor on what follows its colon, nor on digits before that
/// [DateTimeParser.cs, ParseZone].
pub(crate) fn is_date(text: &str) -> bool {
    if text.starts_with("/Date(") && text.ends_with(")/") {
        return true;
    }
    let shape = |text: &[u8], shape: &str| {
        text.len() == shape.len()
            && text
                .iter()
                .zip(shape.bytes())
                .all(|(a, b)| *a == b || (b == b'0' && a.is_ascii_digit()))
    };
    let Some((time, mut rest)) = text.as_bytes().split_at_checked(19) else {
        return false;
    };
    if !shape(time, "0000-00-00T00:00:00") {
        return false;
    }
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .take(7)
            .count();
        if digits == 0 {
            return false;
        }
        rest = &fraction[digits..];
    }
    let zone = |shapes: &[&str], zone| shapes.iter().any(|expected| shape(zone, expected));
    match rest {
        [] | [b'Z' | b'z'] => true,
        [b'+' | b'-', offset @ ..] => zone(&["00", "0000", "00:", "00:00"], offset),
        offset => zone(&["00", ":", ":00"], offset),
    }
}

/// Whether JSON.NET, reading the object and writing it again, surely keeps all of it, and the
/// result fits a message.
fn object_is_kept(text: &str) -> bool {
    let mut indented = text.len();
    let mut json = serde_json::Deserializer::from_str(text);
    text.len() <= OBJECT_MAX_BYTES
        && (Kept {
            depth: 0,
            indented: &mut indented,
        })
        .deserialize(&mut json)
        .is_ok()
        && json.end().is_ok()
        && indented <= MESSAGE_MAX_BYTES
}

/// Visits one JSON value and fails at the first thing that JSON.NET does not keep.
struct Kept<'a> {
    depth: usize,
    /// The most bytes that the object takes once it is indented (two spaces a level, a line an
    /// element).
    indented: &'a mut usize,
}

impl Kept<'_> {
    fn inner(&mut self) -> Kept<'_> {
        Kept {
            depth: self.depth + 1,
            indented: self.indented,
        }
    }

    /// Counts a new line: CR LF on a Windows host, its indent, and the space after a name's colon.
    fn count_line<E: Error>(&mut self) -> Result<(), E> {
        *self.indented += 2 + 2 * (self.depth + 1) + 1;
        if self.depth < OBJECT_MAX_DEPTH {
            Ok(())
        } else {
            Err(E::custom("nested too deep"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Kept<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kept<'_> {
    type Value = ();

    // What has no method here, a number that is not an integer of 64 bits, is refused by default.
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON that JSON.NET keeps")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        i64::try_from(number).map(drop).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        // JSON.NET writes U+0085, U+2028 and U+2029 as six bytes where they may have stood as two
        // or three.
        *self.indented += 4 * text
            .chars()
            .filter(|c| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'))
            .count();
        if is_date(text) {
            Err(E::custom("a date"))
        } else {
            Ok(())
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        self.count_line()?;
        while elements.next_element_seed(self.inner())?.is_some() {
            self.count_line()?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let mut names = std::collections::BTreeSet::new();
        self.count_line()?;
        while let Some(name) = members.next_key::<String>()? {
            self.count_line()?;
            if !names.insert(name) {
                return Err(A::Error::custom("a name twice"));
            }
            members.next_value_seed(self.inner())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) {
        assert!(is_kept(text), "{text:?} is encoded");
    }

    fn encoded(text: &str) {
        assert!(!is_kept(text), "{text:?} goes plain");
        let mut sent = Vec::new();
        base64::encode(text.as_bytes(), &mut sent);
        assert_eq!(
            base64::decode(std::str::from_utf8(&sent).unwrap()).as_deref(),
            Some(text.as_bytes())
        );
    }

    #[test]
    fn ordinary_texts_go_plain() {
        for text in [
            "hello world",
            "a",
            "abc",
            "{",
            "}",
            "[1",
            "1]",
            "\"quoted\"",
            "naïve ☕",
            " {a",
            "{a}.",
            "\u{fffd}",
            "a{1}",
        ] {
            plain(text);
        }
    }

    #[test]
    fn what_reads_as_base64_is_encoded() {
        for text in [
            "test",
            "null",
            "true",
            "12345678",
            "20261121",
            "abcd efgh",
            " ",
            "\t\r\n",
            "AAECA/8=",
            "QQ==",
            "ab ==",
        ] {
            encoded(text);
        }
        for text in ["12345", "abcd\u{a0}efgh", "test=", "tes=t", "abc-"] {
            plain(text);
        }
    }

    #[test]
    fn what_reads_as_a_date_is_encoded() {
        let date = "2026-11-21T10:00:00";
        let ends = [
            "",
            "Z",
            "z",
            ".1",
            ".1234567Z",
            "+02",
            "-0230",
            "+02:00",
            ".12-02:00",
            ":",
            "30",
            ":30",
            "+02:",
            ".123456789",
        ];
        for end in ends {
            encoded(&format!("{date}{end}"));
            encoded(&format!(r#"{{"at":"{date}{end}"}}"#));
        }
        encoded("/Date(anything)/");
        encoded(r#"{"at":["/Date(1)/"]}"#);
        for end in [
            ".",
            ".12345678",
            ".123456789Z",
            "+2",
            "+02:0",
            "Z ",
            "ZZ",
            "+02:000",
            " Z",
            "3",
            ":3",
            "3000",
        ] {
            plain(&format!("{date}{end}"));
        }
        for text in [
            "2026-11-21",
            "2026-11-21 10:00:00",
            "2026-11-21T10:00",
            " 2026-11-21T10:00:00",
            "/Date(1)",
            "2026-11-2éT10:00:0",
        ] {
            plain(text);
        }
        plain(r#"{"2026-11-21T10:00:00":1}"#);
    }

    #[test]
    fn what_stands_in_brackets_is_encoded() {
        for text in [
            "[]",
            "[hello]",
            "[1,\"a\"]",
            " [x] ",
            "\u{2003}[x]\u{85}",
            "[]]",
        ] {
            encoded(text);
        }
    }

    #[test]
    fn objects_that_json_net_keeps_go_plain() {
        for text in [
            r#"{"id":1005,"quantity":2,"color":"black"}"#,
            " {\n} ",
            r#"{"a":[true,false,null,{"b":"é\n\u0000","A":-9223372036854775808}],"c":9223372036854775807,"":0}"#,
        ] {
            plain(text);
        }
    }

    #[test]
    fn objects_that_json_net_changes_are_encoded() {
        for text in [
            "{hello}",
            "{a:1}",
            "{ message: \"Message sent\" }",
            "{'a':1}",
            r#"{"a":1}}"#,
            r#"{"a":1}{}"#,
            r#"{"a":1,}"#,
            r#"{"a":10.10}"#,
            r#"{"a":1e2}"#,
            r#"{"a":-0}"#,
            r#"{"a":9223372036854775808}"#,
            r#"{"a":-9223372036854775809}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"a":"\ud800"}"#,
            "{\"a\":\"\n\"}",
            "{8f14e45f-ceea-467f-a0e6-5b4b9c6d1d9a}",
            "\u{85}{\"a\":1}",
            "/* */{\"a\":1}/* */}",
        ] {
            if text.trim().starts_with('{') {
                encoded(text)
            } else {
                plain(text)
            }
        }
    }

    #[test]
    fn objects_grow_when_indented_so_large_and_deep_ones_are_encoded() {
        let long = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
        plain(&long(8 * 1024));
        encoded(&long(8 * 1024 + 1));
        let deep = |levels: usize| {
            format!(
                r#"{{"a":{}{}}}"#,
                "[".repeat(levels - 1),
                "]".repeat(levels - 1)
            )
        };
        plain(&deep(64));
        encoded(&deep(65));
        // Short enough and flat enough, but every element on a line of its own with 120 spaces
        // before it.
        encoded(&format!(
            r#"{{"a":{}{}1{}}}"#,
            "[".repeat(60),
            "1,".repeat(1000),
            "]".repeat(60)
        ));
        plain(&format!(r#"{{"a":[{}1]}}"#, "1,".repeat(1000)));
    }
}
