use crate::host::cases_of;
use stand_in::host::date::Date;

#[test]
fn dates_are_what_the_library_takes_for_dates() {
    for (text, expected) in cases_of("dates") {
        let date = Date::parse(text).unwrap_or_else(|| panic!("{text} is a date"));
        assert_eq!(format!("{} | {}", date.general(), date.iso()), expected);
    }
    let ends = ".|.12345678|.123456789Z|.1234567890|+2|+02:0|Z |ZZ|+02:000| Z|x12|:3";
    for end in ends.split('|') {
        let text = format!("2026-11-21T10:00:00{end}");
        assert_eq!(Date::parse(&text), None, "{text}");
    }
    let others = "2026-11-21|2026-11-21 10:00:00|2026-11-21T10:00|2026-02-29T10:00:00|2026-13-01T10:00:00|\
        2026-00-01T10:00:00|2026-01-00T10:00:00|0000-01-01T10:00:00|2026-11-21T24:00:01|2026-11-21T25:00:00|\
        2026-11-21T24:00:00.1|2026-11-21T10:60:00|2026-11-2\u{e9}T10:00:00|/Date()/|/Date(x)/|/Date(1+2)/|\
        /Date(+5)/|/Date(1-02+03)/";
    for text in others.split('|') {
        assert_eq!(Date::parse(text), None, "{text}");
    }
}

#[test]
fn dates_have_the_formats_of_dotnet() {
    let date = Date::parse("2026-01-05T13:02:03.0450000Z").expect("a date");
    for (format, expected) in cases_of("formats of dates") {
        match date.formatted(format) {
            Ok(text) => assert_eq!(text, expected),
            Err(why) => assert!(why.starts_with(&format!("{expected} ")), "{why}"),
        }
    }
}
