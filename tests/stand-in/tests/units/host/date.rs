use crate::host::cases;
use stand_in::host::date::Date;

#[test]
fn dates_are_what_the_library_takes_for_dates() {
    // The last five before /Date are not in the contract.
    let table = "
        2026-11-21T10:00:00+02:00 => 11/21/2026 08:00:00 | 2026-11-21T08:00:00+00:00
        2026-11-21T10:00:00-0230 => 11/21/2026 12:30:00 | 2026-11-21T12:30:00+00:00
        2026-11-21T10:00:00.120z => 11/21/2026 10:00:00 | 2026-11-21T10:00:00.12Z
        2026-12-31T24:00:00 => 01/01/2027 00:00:00 | 2027-01-01T00:00:00
        2024-02-29T23:59:59.1234567+99 => 02/25/2024 20:59:59 | 2024-02-25T20:59:59.1234567+00:00
        0001-01-01T00:00:00+01 => 01/01/0001 00:00:00 | 0001-01-01T00:00:00+00:00
        9999-12-31T23:59:59.9999999 => 12/31/9999 23:59:59 | 9999-12-31T23:59:59.9999999
        2026-11-21T10:00:00.123456789 => 11/21/2026 10:00:00 | 2026-11-21T10:00:00.1234567
        2026-11-21T10:00:00+02: => 11/21/2026 08:00:00 | 2026-11-21T08:00:00+00:00
        2026-11-21T10:00:00:30 => 11/21/2026 10:00:00 | 2026-11-21T10:00:00
        2026-11-21T10:00:00: => 11/21/2026 10:00:00 | 2026-11-21T10:00:00
        2026-11-21T10:00:0012 => 11/21/2026 10:00:00 | 2026-11-21T10:00:00
        /Date(0)/ => 01/01/1970 00:00:00 | 1970-01-01T00:00:00Z
        /Date(-1500+0200)/ => 12/31/1969 23:59:58 | 1969-12-31T23:59:58.5+00:00";
    for (text, expected) in cases(table) {
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
        2026-11-21T24:00:00.1|2026-11-21T10:60:00|2026-11-2\u{e9}T10:00:00|/Date()/|/Date(x)/|/Date(1+2)/";
    for text in others.split('|') {
        assert_eq!(Date::parse(text), None, "{text}");
    }
}

#[test]
fn dates_have_the_formats_of_dotnet() {
    let date = Date::parse("2026-01-05T13:02:03.0450000Z").expect("a date");
    let table = "
        yyyy/MM/dd/HH => 2026/01/05/13
        yy-M-d_h.m.s => 26-1-5_1.2.3
        hh:mm:ss.ff => 01:02:03.04
        ddd dd MMM, dddd MMMM => Mon 05 Jan, Monday January";
    for (format, text) in cases(table) {
        assert_eq!(date.formatted(format).as_deref(), Ok(text));
    }
    for (format, unknown) in [
        ("yyyyy'", "'"),
        ("d", "d"),
        ("HH tt", "tt"),
        ("ffffffff", "ffffffff"),
        ("yyyy%", "%"),
    ] {
        let why = date.formatted(format).expect_err(format);
        let begins = format!("{unknown} in the date format {format} ");
        assert!(why.starts_with(&begins), "{why}");
    }
}
