//! `src/host/url.rs`

use app::host::url::{decode, query_values};

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
