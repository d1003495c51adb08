//! Paths and query strings: percent-decoding.

/// `text` with each `%XX` decoded. Bytes that are not UTF-8 become U+FFFD. A `%` without two digits
/// stays as it is.
pub fn decode(text: &str) -> String {
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
    String::from_utf8_lossy(&bytes).into_owned()
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
        let cases = "J%C3%BCrgen%20%26%20co|Jürgen & co,100%|100%,%zz%4|%zz%4,a+b|a+b,%FFa%e4|\u{fffd}a\u{fffd}";
        for case in cases.split(',') {
            let (text, decoded) = case.split_once('|').unwrap();
            assert_eq!(decode(text), decoded);
        }
    }

    #[test]
    fn the_values_of_a_name_come_in_their_order() {
        let values = |query: &str| query_values(query, "name").collect::<Vec<_>>();
        assert_eq!(values("x=1&name=Ada+L&name=Bob"), ["Ada L", "Bob"]);
        assert_eq!(values("na%6De=A%2BB%26&name"), ["A+B&", ""]);
        assert_eq!(values("Name=Ada&xname=B&"), [""; 0]);
    }
}
