use crate::host::cases;
use stand_in::host::base64::{from_base64, to_base64};

/// The texts that .NET itself writes come first.
#[test]
fn texts_are_bytes_as_for_dotnet() {
    let table = r#"
        "" => Some("")
        "Zg==" => Some("f")
        "Zm8=" => Some("fo")
        "Zm9v" => Some("foo")
        "test" => Some("\\xb5\\xeb-")
        "//79/A==" => Some("\\xff\\xfe\\xfd\\xfc")
        "TR==" => Some("M")
        "T\tW\r\nF u" => Some("Man")
        "  " => Some("")
        "TWE =\n" => Some("Ma")
        "TWF" => None
        "T===" => None
        "====" => None
        "TQ=a" => None
        "TQ==TWFu" => None
        "TWF-" => None
        "TWF\u00a0" => None"#;
    for (at, (text, expected)) in cases(table).enumerate() {
        let text: String = serde_json::from_str(text).expect("a text");
        let bytes = from_base64(&text);
        let shown = bytes.as_ref().map(|bytes| bytes.escape_ascii().to_string());
        assert_eq!(format!("{shown:?}"), expected, "{text:?}");
        if at < 6 {
            assert_eq!(to_base64(&bytes.unwrap_or_default()), text);
        }
    }
}
