use stand_in::host::base64::{from_base64, to_base64};

#[test]
fn bytes_become_the_text_of_dotnet() {
    for (bytes, text) in [
        (&b""[..], ""),
        (b"f", "Zg=="),
        (b"fo", "Zm8="),
        (b"foo", "Zm9v"),
        (b"\xff\xfe\xfd\xfc", "//79/A=="),
    ] {
        assert_eq!(to_base64(bytes), text);
        assert_eq!(from_base64(text).as_deref(), Some(bytes));
    }
}

#[test]
fn white_space_is_ignored_and_only_four_characters_are_a_group() {
    for (text, bytes) in [
        ("T\tW\r\nF u", Some(&b"Man"[..])),
        ("  ", Some(b"")),
        ("TWE =\n", Some(b"Ma")),
        ("test", Some(b"\xb5\xeb-")),
        // The bits that are left over are not looked at.
        ("TQ==", Some(b"M")),
        ("TR==", Some(b"M")),
        ("TWF", None),
        ("T===", None),
        ("====", None),
        ("TQ=a", None),
        ("TQ==TWFu", None),
        ("TWF-", None),
        ("TWF\u{a0}", None),
    ] {
        assert_eq!(from_base64(text).as_deref(), bytes, "{text:?}");
    }
}
