//! `src/host/datum.rs`

use app::host::datum;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[test]
fn a_large_text_is_read_as_a_small_one_is() {
    let parts = r#"x|\"\\\/\b\f\n\r\t|caf\u00e9 \u0000\ud83e\udd80 \u2028x|🦀é|a\ud83e\uDD80|\ud83e\udd80|\\ud83e text"#;
    for part in parts.split('|') {
        let read = |text: &str| {
            let json = RawValue::from_string(format!("\"{text}\"")).unwrap();
            datum::text(&json).map(Cow::into_owned)
        };
        let times = 200_000 / part.len();
        let large = part.repeat(times);
        let repeated = read(part).unwrap().repeat(times);
        assert!(read(&large).unwrap() == repeated, "{part}");
        for half in r"\ud83e \ud83ex \udd80 \ud83e\u0041 \ud83e\n".split(' ') {
            assert!(read(&format!("{large}{half}")).is_err(), "{part} {half}");
        }
    }
}
