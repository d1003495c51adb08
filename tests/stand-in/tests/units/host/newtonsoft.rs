use crate::host::cases_of;
use stand_in::host::newtonsoft::{on_one_line, parse};

#[test]
fn json_is_rewritten_as_the_contract_says() {
    let kept = "0 -1 9223372036854775808 -9223372036854775809 10.1 1E+16 1E-05 0.0001";
    let kept = kept.split(' ').map(|kept| (kept, kept));
    let controls = [
        ("/* x */ [1 // y\n, 2]\0", "[1,2]"),
        (
            "\"\n\u{2028}\\/<\u{7f}\u{1}\"",
            "\"\\n\\u2028/<\u{7f}\\u0001\"",
        ),
    ];
    for (text, expected) in cases_of("JSON").chain(kept).chain(controls) {
        let token = parse(text, 64).map(|token| token.to_json(false));
        assert_eq!(token.as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_the_host_cannot_read_fails() {
    let bad = r#"08 1x --1 1e +1 1' {hello} {8f14e45f-ceea} [hello] {"a":1}} {"a":1}{} [1 " {,} {:1}
        [nullx] "\x" [1,,2]"#;
    for bad in bad.split_whitespace().chain([""]) {
        assert!(parse(bad, 64).is_err(), "{bad}");
    }
    assert!(parse(&"1".repeat(380), 64).is_ok() && parse(&"1".repeat(381), 64).is_err());
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(parse(&deep(64), 64).is_ok() && parse(&deep(65), 64).is_err());
    // Lists one after another are not nested.
    assert!(parse(&format!("[{}[]]", "[],".repeat(100)), 64).is_ok());
    let why = parse("[1, hello]", 64).expect_err("no JSON");
    assert!(why.ends_with("at byte 4: \"hello]\""), "{why}");
}

#[test]
fn objects_are_indented_by_two_spaces() {
    let token = parse(r#"{"a":1,"b":[true,{}],"c":[],"d":{"e":null}}"#, 64).unwrap();
    let indented = "{
  \"a\": 1,
  \"b\": [
    true,
    {}
  ],
  \"c\": [],
  \"d\": {
    \"e\": null
  }
}";
    assert_eq!(token.to_text(), indented);
    assert_eq!(on_one_line(indented), Some(token.to_json(false)));
    let others = "{\"a\": 1}|{}|[\n  1\n]|text|{\n  \"a\": 1.10\n}";
    for text in others.split('|') {
        assert_eq!(on_one_line(text), None, "{text}");
    }
}
