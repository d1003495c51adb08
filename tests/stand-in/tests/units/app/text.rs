//! Where comments and strings lie in a text.

use stand_in::app::text::*;

#[test]
fn comments_and_what_is_in_strings_become_spaces() {
    let text = "a // b \"c\n/* d /* e */ f */ \"// g\" 'h' r#\"/* i \"# '\\'' x";
    let blanked = blank(text);
    assert_eq!(
        blanked,
        "a        \n                  \"    \" ' ' r#\"     \"# '  ' x"
    );
    assert_eq!(blanked.len(), text.len());
}

#[test]
fn strings_become_spaces_between_their_quotes() {
    let text = r##"f("a\"b", 'c', b"d", r"e", br#"f"g"#, "ü", 'ü', '\u{e9}') // "h""##;
    let blanked = blank(text);
    assert_eq!(blanked.len(), text.len());
    assert_eq!(
        blanked,
        r##"f("    ", ' ', b" ", r" ", br#"   "#, "  ", '  ', '      ')       "##
    );
}

#[test]
fn lifetimes_and_raw_identifiers_are_no_strings() {
    let text = "fn a<'x>(b: &'x str) -> r#match { r#\"s\"# }";
    assert_eq!(blank(text), "fn a<'x>(b: &'x str) -> r#match { r#\" \"# }");
}

#[test]
fn what_is_not_closed_reaches_to_the_end() {
    for text in ["a \"b", "a /* b", "a r#\"b\"", "a '\\b", "a \"b\\"] {
        assert_eq!(blank(text).len(), text.len(), "{text}");
    }
}
