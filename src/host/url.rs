//! Paths and query strings: percent-decoding.

/// `text` with `%XX` decoded; what is not UTF-8 then becomes U+FFFD, a `%` that starts no `%XX` stays as it is.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |hex: &u8| char::from(*hex).to_digit(16).unwrap_or_default() as u8;
                bytes.push(digit(high) << 4 | digit(low));
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The first value of `name` in a query string (without its `?`), percent- and plus-decoded.
pub fn query_value(query: &str, name: &str) -> Option<String> {
    let decode = |text: &str| decode(&text.replace('+', " "));
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == name).then(|| decode(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_decode_and_what_is_no_utf8_is_replaced() {
        assert_eq!(decode("J%C3%BCrgen%20%26%20co"), "Jürgen & co");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
        assert_eq!(decode("%FFa%e4"), "\u{fffd}a\u{fffd}");
        assert_eq!(decode("a+b"), "a+b");
    }

    #[test]
    fn of_several_values_the_first_counts() {
        assert_eq!(query_value("x=1&name=Ada+L&name=Bob", "name").as_deref(), Some("Ada L"));
        assert_eq!(query_value("na%6De=A%2BB%26", "name").as_deref(), Some("A+B&"));
        assert_eq!(query_value("name", "name").as_deref(), Some(""));
        assert_eq!(query_value("", "name"), None);
        assert_eq!(query_value("Name=Ada&xname=B", "name"), None);
    }
}
