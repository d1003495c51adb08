//! The guard: which texts the host would change on their way to a queue.
//!
//! The host does not queue a JSON string in `Outputs` or `ReturnValue` as it is. In this order
//! (azure-functions-host, `HttpScriptInvocationResultExtensions.GetBindingValue`, then
//! `FunctionBinding.ReadAsEnumerable`):
//!
//! 1. a date is parsed and written in another form;
//! 2. base64 by .NET's rules is decoded, so `test` or `12345678` arrives as other bytes;
//! 3. a text in `[` `]` is parsed, and each element becomes a message of its own;
//! 4. a text in `{` `}` is parsed and written again, indented; what JSON.NET does not keep is lost;
//! 5. anything else is queued as its UTF-8 bytes.
//!
//! So a text goes plain if steps 1 to 4 leave it alone, or if it is a flat JSON object that step 4
//! keeps. Any other text goes as base64, which step 2 decodes: the queue gets its bytes.

use super::base64;
use super::datum::Members;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::collections::BTreeSet;
use std::fmt;

/// The most bytes that a queue message holds with the queue extension's default encoding: 64 KiB of
/// base64. One byte more, and the host fails the invocation.
pub const MESSAGE_MAX_BYTES: usize = 49_152;

/// Whether the host puts `text` into a queue unaltered. If not, its base64 does arrive unaltered.
pub(crate) fn is_kept(text: &str) -> bool {
    match text.trim().as_bytes() {
        [b'{', .., b'}'] => text.len() <= MESSAGE_MAX_BYTES && is_object_kept(text),
        [b'[', .., b']'] => false,
        _ => !is_date(text) && !base64::is_base64(text),
    }
}

/// Whether the host takes `text` for a date: `YYYY-MM-DDThh:mm:ss`, then perhaps `.` and 1 to 7
/// digits, then perhaps `Z`, `z` or an offset; or anything between `/Date(` and `)/`. In an offset
/// JSON.NET does without the sign, without the digits before the colon, and without those after it
/// [DateTimeParser.cs, ParseZone].
pub(crate) fn is_date(text: &str) -> bool {
    if text.starts_with("/Date(") && text.ends_with(")/") {
        return true;
    }
    let Some((time, mut rest)) = text.split_at_checked(19) else {
        return false;
    };
    if !has_shape(time, "0000-00-00T00:00:00") {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let digits = fraction.bytes().take(7).take_while(is_digit).count();
        if digits == 0 {
            return false;
        }
        rest = &fraction[digits..];
    }
    let is_offset = |shapes: &[&str], offset| shapes.iter().any(|shape| has_shape(offset, shape));
    match rest.strip_prefix(['+', '-']) {
        Some(offset) => is_offset(&["00", "0000", "00:", "00:00"], offset),
        None => is_offset(&["", "Z", "z", "00", ":", ":00"], rest),
    }
}

/// Whether `text` is `shape`, in which 0 stands for any digit.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(byte, expected): (u8, u8)| {
        byte == expected || (expected == b'0' && byte.is_ascii_digit())
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// Whether JSON.NET keeps a JSON object, reading it and writing it again: no name is there twice,
/// each value is [`Kept`], and what it writes is short enough for a message.
fn is_object_kept(object: &str) -> bool {
    let Ok(Members::<Kept>(members)) = serde_json::from_str(object) else {
        return false;
    };
    // CR LF before the last brace; and for each member CR LF, two spaces, and one after the colon.
    let mut length = object.len() + 2;
    let mut names = BTreeSet::new();
    for (name, Kept { grows }) in &members {
        length += 5 + growth(name) + grows;
        if !names.insert(name) {
            return false;
        }
    }
    length <= MESSAGE_MAX_BYTES
}

/// A value that JSON.NET keeps: null, a boolean, a signed integer of 64 bits, or a text that is not
/// a date.
#[derive(Default)]
struct Kept {
    grows: usize,
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(AnyKept)
    }
}

/// A kind of value that has no method here is refused: another number, a list, an object.
struct AnyKept;

impl Visitor<'_> for AnyKept {
    type Value = Kept;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value that JSON.NET keeps")
    }

    fn visit_unit<E>(self) -> Result<Kept, E> {
        Ok(Kept::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Kept, E> {
        Ok(Kept::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Kept, E> {
        Ok(Kept::default())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Kept, E> {
        let signed = i64::try_from(number).map_err(E::custom);
        signed.map(|_| Kept::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Kept, E> {
        if is_date(text) {
            return Err(E::custom("a date"));
        }
        let grows = growth(text);
        Ok(Kept { grows })
    }
}

/// By how many bytes a text grows: JSON.NET writes each of these characters, of two or three bytes,
/// as an escape of six.
fn growth(text: &str) -> usize {
    let is_escaped = |c: &char| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    4 * text.chars().filter(is_escaped).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks each line of `texts`.
    fn assert_all(kept: bool, texts: &str) {
        for text in texts.lines() {
            assert_eq!(is_kept(text), kept, "{text:?}");
        }
    }

    #[test]
    fn texts_go_plain_unless_they_are_base64_or_lists() {
        let plain = "hello world\na\nabc\n{\n}\n[1\n1]\n\"quoted\"\nnaïve ☕\n {a\n{a}.\n\u{fffd}\na{1}\n12345\n\
                     abcd\u{a0}efgh\ntest=\ntes=t\nabc-\n/* */{\"a\":1}/* */";
        assert_all(true, plain);
        let base64 =
            "test\nnull\ntrue\n12345678\n20261121\nabcd efgh\n \n\t\nAAECA/8=\nQQ==\nab ==";
        assert_all(false, base64);
        assert!(!is_kept("\t\r\n"));
        assert_all(
            false,
            "[]\n[hello]\n[1,\"a\"]\n [x] \n\u{2003}[x]\u{85}\n[]]",
        );
    }

    #[test]
    fn dates_are_encoded() {
        let date = "2026-11-21T10:00:00";
        let ends = ",Z,z,.1,.1234567Z,+02,-0230,+02:00,.12-02:00,:,30,:30,+02:,.123456789";
        for end in ends.split(',') {
            assert_all(false, &format!("{date}{end}\n{{\"at\":\"{date}{end}\"}}"));
        }
        assert_all(false, "/Date(anything)/\n{\"at\":\"/Date(1)/\"}");
        let ends = ".,.12345678,.123456789Z,+2,+02:0,Z ,ZZ,+02:000, Z,3,:3,3000";
        for end in ends.split(',') {
            assert_all(true, &format!("{date}{end}"));
        }
        let others = "2026-11-21\n2026-11-21 10:00:00\n2026-11-21T10:00\n 2026-11-21T10:00:00\n/Date(1)\n\
                      2026-11-2éT10:00:0\n{\"2026-11-21T10:00:00\":1}";
        assert_all(true, others);
    }

    #[test]
    fn objects_go_plain_if_json_net_keeps_them() {
        let kept = r#"{"id":1005,"quantity":2,"color":"black"}
{"a":true,"b":false,"c":null,"d":"é\n\u0000","A":-9223372036854775808}
{"c":9223372036854775807,"":0}
 { } "#;
        assert_all(true, kept);
        assert!(is_kept(" {\n} ") && !is_kept("{\"a\":\"\n\"}"));
        let changed = r#"{hello}
{a:1}
{ message: "Message sent" }
{'a':1}
{"a":1}}
{"a":1}{}
{"a":1,}
{"a":10.10}
{"a":1e2}
{"a":-0}
{"a":9223372036854775808}
{"a":-9223372036854775809}
{"a":1,"a":1}
{"a":1,"\u0061":2}
{"a":"\ud800"}
{"\ud800":1}
{8f14e45f-ceea-467f-a0e6-5b4b9c6d1d9a}"#;
        assert_all(false, changed);
        assert!(!is_kept("\u{85}{\"a\":1}"));
        // JSON.NET would keep these. The rule is simple, and base64 is right for any text.
        assert_all(false, "{\"a\":[]}\n{\"a\":{}}");
    }

    #[test]
    fn objects_grow_when_indented_so_those_near_the_limit_are_encoded() {
        // Objects with these members and one more, of this length in all.
        let kept = |members: &str, length: usize| {
            let rest = "x".repeat(length - members.len() - r#"{"x":""}"#.len());
            is_kept(&format!(r#"{{{members}"x":"{rest}"}}"#))
        };
        // Five lines: CR LF before each, and three spaces for each of the four members.
        let members = r#""a":1,"b":2,"c":3,"#;
        assert!(kept(members, MESSAGE_MAX_BYTES - 22) && !kept(members, MESSAGE_MAX_BYTES - 21));
        // Two members, and ten characters that are escaped, in a value or in a name.
        for members in [
            format!(r#""a":"{}","#, "\u{2028}".repeat(10)),
            format!(r#""{}":1,"#, "\u{85}".repeat(10)),
        ] {
            assert!(kept(&members, MESSAGE_MAX_BYTES - 12 - 40));
            assert!(!kept(&members, MESSAGE_MAX_BYTES - 12 - 29));
        }
    }
}
