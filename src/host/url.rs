//! Paths and query strings: percent-decoding.

/// `text` with each `%XX` decoded. Bytes that are not UTF-8 become U+FFFD. A `%` without two digits
/// stays as it is.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |hex: &u8| char::from(*hex).to_digit(16).unwrap_or_default() as u8;
                bytes.push(digit(high) << 4 | digit(low));
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The values of `name` in a query string (without its `?`), percent- and plus-decoded.
pub fn query_values(query: &str, name: &str) -> impl Iterator<Item = String> {
    let decode = |text: &str| decode(&text.replace('+', " "));
    query.split('&').filter_map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == name).then(|| decode(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_decoded_and_bytes_that_are_not_utf8_replaced() {
        assert_eq!(decode("J%C3%BCrgen%20%26%20co"), "Jürgen & co");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
        assert_eq!(decode("%FFa%e4"), "\u{fffd}a\u{fffd}");
        assert_eq!(decode("a+b"), "a+b");
    }

    #[test]
    fn the_values_of_a_name_come_in_their_order() {
        let values = |query: &str| query_values(query, "name").collect::<Vec<_>>();
        assert_eq!(values("x=1&name=Ada+L&name=Bob"), ["Ada L", "Bob"]);
        assert_eq!(values("na%6De=A%2BB%26"), ["A+B&"]);
        assert_eq!(values("name"), [""]);
        assert!(values("").is_empty());
        assert!(values("Name=Ada&xname=B").is_empty());
    }
}
