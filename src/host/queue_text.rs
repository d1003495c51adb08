//! The guard: which texts the host would change on their way to a queue.
//!
//! The host does not queue a JSON string in `Outputs` or `ReturnValue` as it is. In this order
//! [`HttpScriptInvocationResultExtensions.GetBindingValue`, `FunctionBinding.ReadAsEnumerable`]:
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

/// The most bytes that a queue message holds, as 64 KiB of base64. One byte more, and the host
/// fails the invocation.
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
/// digits, then perhaps `Z`, `z` or an offset, which JSON.NET also takes without its sign or the
/// digits on one side of the colon [DateTimeParser.cs, ParseZone]; or `/Date(`, anything, `)/`.
pub(crate) fn is_date(text: &str) -> bool {
    if text.starts_with("/Date(") && text.ends_with(")/") {
        return true;
    }
    let Some((time, mut rest)) = text.split_at_checked(19) else {
        return false;
    };
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take(7).take_while(u8::is_ascii_digit);
        rest = match digits.count() {
            0 => return false,
            digits => &fraction[digits..],
        };
    }
    let (offset, shapes): (_, &[_]) = match rest.strip_prefix(['+', '-']) {
        Some(offset) => (offset, &["00", "0000", "00:", "00:00"]),
        None => (rest, &["", "Z", "z", "00", ":", ":00"]),
    };
    has_shape(time, "0000-00-00T00:00:00") && shapes.iter().any(|shape| has_shape(offset, shape))
}

/// Whether `text` is `shape`, in which 0 stands for any digit.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(byte, expected): (u8, u8)| {
        byte == expected || (expected == b'0' && byte.is_ascii_digit())
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// Whether JSON.NET keeps a JSON object: no name is there twice, each value is [`Kept`], and what
/// it writes fits into a message.
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

/// By how many bytes a text grows: JSON.NET writes these characters as escapes of six bytes.
fn growth(text: &str) -> usize {
    let is_escaped = |c: &char| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    4 * text.chars().filter(is_escaped).count()
}

/// What JSON.NET keeps: null, a boolean, a signed 64-bit integer, or a text that is not a date.
struct Kept {
    grows: usize,
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Self { grows: 0 })
    }
}

/// Any other kind of value is refused: another number, a list, an object.
impl Visitor<'_> for Kept {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value that JSON.NET keeps")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self, E> {
        i64::try_from(number).map_err(E::custom)?;
        Ok(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self, E> {
        if is_date(text) {
            return Err(E::custom("a date"));
        }
        let grows = growth(text);
        Ok(Self { grows })
    }
}
