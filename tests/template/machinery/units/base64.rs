//! `src/host/base64.rs`

use app::host::base64::{decode, is_base64, text};

#[test]
fn bytes_of_any_length_go_both_ways() {
    // The test vectors of RFC 4648.
    let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE="];
    for (length, encoded) in vectors.into_iter().enumerate() {
        assert_eq!(text(&b"fooba"[..length]), encoded);
    }
    let every_byte: Vec<u8> = (0..=255).collect();
    for length in 0..every_byte.len() {
        let encoded = text(&every_byte[..length]);
        assert!(is_base64(&encoded) && encoded.len() == length.div_ceil(3) * 4);
        assert_eq!(decode(&encoded).as_deref(), Some(&every_byte[..length]));
    }
}

#[test]
fn the_rules_are_those_of_dotnet() {
    for rule in " Z\tm\r8\n= |fo,Zg= =|f,   |,Zh==|f".split(',') {
        let (text, bytes) = rule.split_once('|').unwrap();
        assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()), "{text:?}");
    }
    let not = "a|ab|abc|abcde|=|====|a===|ab=|ab=c|abc==|ab==ab==|ab=\u{a0}=|ab_-|abcd=";
    for text in not.split('|') {
        assert_eq!(decode(text), None, "{text:?}");
        assert!(!is_base64(text) && !is_base64(&format!("abcdefgh{text}")));
    }
}
