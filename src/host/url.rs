//! Paths and query strings: percent-decoding.

use std::borrow::Cow;

/// `text` with each `%XX` decoded. Bytes that are not UTF-8 become U+FFFD. A `%` without two digits
/// stays as it is.
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let digit = |hex: &u8| Some(char::from(*hex).to_digit(16)? as u8);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// The values of `name` in a query string (without its `?`), percent- and plus-decoded.
pub fn query_values(query: &str, name: &str) -> impl Iterator<Item = String> {
    let decode = |text: &str| decode(&text.replace('+', " ")).into_owned();
    query.split('&').filter_map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == name).then(|| decode(value))
    })
}
