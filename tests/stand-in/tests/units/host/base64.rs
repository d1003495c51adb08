use crate::host::cases_of;
use stand_in::host::base64::{from_base64, to_base64};

/// The texts that .NET itself writes come first.
#[test]
fn texts_are_bytes_as_for_dotnet() {
    for (at, (text, expected)) in cases_of("base64").enumerate() {
        let text: String = serde_json::from_str(text).expect("a text");
        let bytes = from_base64(&text);
        let shown = bytes.as_ref().map(|bytes| bytes.escape_ascii().to_string());
        assert_eq!(format!("{shown:?}"), expected, "{text:?}");
        if at < 6 {
            assert_eq!(to_base64(&bytes.unwrap_or_default()), text);
        }
    }
}
