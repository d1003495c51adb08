//! `src/host/queue_text.rs`

use app::Response;
use app::host::response_payload::write;
use app::queue_text::MESSAGE_MAX_BYTES;
use serde_json::Value;

/// Whether a text is sent plain.
fn is_kept(text: &str) -> bool {
    let payload = write(&Response::new().return_value(text), &[], false).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    payload["ReturnValue"] == text
}
// One text per line.
const DATE: &str = "2026-11-21T10:00:00";

const KEPT: &str = r#"hello world
a
abc
{
}
[1
1]
"quoted"
naïve ☕
 {a
{a}.
�
a{1}
12345
test=
tes=t
abc-
/* */{"a":1}/* */
2026-11-21
2026-11-21 10:00:00
2026-11-21T10:00
 DATE
/Date(1)
2026-11-2éT10:00:0
{"DATE":1}
{"id":1005,"quantity":2,"color":"black"}
{"a":true,"b":false,"c":null,"d":"é\n\u0000","A":-9223372036854775808}
{"c":9223372036854775807,"":0}"#;

const CHANGED: &str = r#"test
null
true
12345678
20261121
abcd efgh
AAECA/8=
QQ==
ab ==
[]
[hello]
[1,"a"]
[]]
/Date(anything)/
{"at":"/Date(1)/"}
{hello}
{a:1}
{ message: "Message sent" }
{'a':1}
{"a":1}}
{"a":1}{}
{"a":1,}
{"a":10.10}
{"a":1e2}
{"a":-0}
{"a":9223372036854775808}
{"a":-9223372036854775809}
{"a":1,"a":1}
{"a":1,"\u0061":2}
{"a":"\ud800"}
{"\ud800":1}
{8f14e45f-ceea-467f-a0e6-5b4b9c6d1d9a}
{"a":[]}
{"a":{}}"#;

#[test]
fn a_text_is_kept_or_changed() {
    for (expected, texts) in [(true, KEPT), (false, CHANGED)] {
        for text in texts.replace("DATE", DATE).lines() {
            assert_eq!(is_kept(text), expected, "{text:?}");
        }
    }
    let kept = "abcd\u{a0}efgh| {\n} | { } ";
    let changed = " |\t| \n|\t\r\n| [x] |\u{2003}[x]\u{85}|\u{85}{\"a\":1}|{\"a\":\"\n\"}";
    assert!(kept.split('|').all(is_kept) && !changed.split('|').any(is_kept));
}

#[test]
fn a_date_is_changed_with_each_offset_that_json_net_reads() {
    let ends = ",Z,z,.1,.1234567Z,+02,-0230,+02:00,.12-02:00,:,30,:30,+02:,.123456789";
    for end in ends.split(',') {
        let date = format!("{DATE}{end}");
        assert!(
            !is_kept(&date) && !is_kept(&format!("{{\"at\":\"{date}\"}}")),
            "{end}"
        );
    }
    let ends = ".,.12345678,.123456789Z,+2,+02:0,Z ,ZZ,+02:000, Z,3,:3,3000";
    for end in ends.split(',') {
        assert!(is_kept(&format!("{DATE}{end}")), "{end}");
    }
}

#[test]
fn objects_grow_when_indented_so_those_near_the_limit_are_encoded() {
    // An object of `length` bytes with these members and one more.
    let kept = |members: &str, length: usize| {
        let rest = "x".repeat(length - members.len() - r#"{"x":""}"#.len());
        is_kept(&format!(r#"{{{members}"x":"{rest}"}}"#))
    };
    // Five lines, with CR LF before each, and three spaces for each of the four members.
    let members = r#""a":1,"b":2,"c":3,"#;
    assert!(kept(members, MESSAGE_MAX_BYTES - 22) && !kept(members, MESSAGE_MAX_BYTES - 21));
    // Two members, and ten escaped characters, in a value or in a name.
    for members in [
        format!(r#""a":"{}","#, "\u{2028}".repeat(10)),
        format!(r#""{}":1,"#, "\u{85}".repeat(10)),
    ] {
        assert!(kept(&members, MESSAGE_MAX_BYTES - 12 - 40));
        assert!(!kept(&members, MESSAGE_MAX_BYTES - 12 - 29));
    }
}
