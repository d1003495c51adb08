use crate::files;
use stand_in::host::date::{Date, SECOND};
use stand_in::host::schedule::{Schedule, time_span};

#[test]
fn a_schedule_is_due_when_the_hosts_own_library_says() {
    let start = Date::parse("2026-11-28T01:59:58").expect("a date");
    let table = files::json("tables/schedules.json");
    for (text, expected) in table.as_object().expect("an object") {
        let schedule = match Schedule::parse(text) {
            Err(_) => "refused".to_owned(),
            Ok(Schedule::Every(ticks)) => format!("every {} s", ticks as f64 / SECOND as f64),
            Ok(cron) => next_five(&cron, start),
        };
        assert_eq!(*expected, schedule, "{text:?}");
    }
}

/// The next five times, each with its date where that is not the date of the one before.
fn next_five(schedule: &Schedule, start: Date) -> String {
    let times = std::iter::successors(schedule.next(start), |time| schedule.next(*time));
    let mut last = String::new();
    let shown = times.take(5).map(|time| {
        let text = time.iso();
        let (date, of_day) = text.split_once('T').expect("a date and a time");
        match std::mem::replace(&mut last, date.to_owned()) == date {
            true => of_day.to_owned(),
            false => text,
        }
    });
    let shown: Vec<String> = shown.collect();
    match &shown[..] {
        [] => "never".to_owned(),
        _ => shown.join(" "),
    }
}

#[test]
fn the_next_time_is_after_a_fraction_of_a_second_too() {
    for (schedule, after, next) in [
        ("* * * * * *", "01:59:59.9", "28T02:00:00"),
        ("0 0 2 * * *", "02:00:00", "29T02:00:00"),
        ("00:00:07", "01:59:59.9", "28T02:00:06.9"),
    ] {
        let after = Date::parse(&format!("2026-11-28T{after}")).expect("a date");
        let due = Schedule::parse(schedule).expect("a schedule").next(after);
        assert_eq!(due.map(Date::iso), Some(format!("2026-11-{next}")));
    }
}

#[test]
fn what_is_refused_is_named() {
    for (schedule, named) in [
        ("60 * * * * *", "\"60\" is not a second: 0 to 59"),
        ("0 0 0 * * 7", "\"7\" is not a day of the week: 0 to 6"),
        ("* */x * * * *", "\"*/x\" is not a minute"),
        ("0 0 25 * * *", "\"25\" is not an hour: 0 to 23"),
        ("daily", "it has 1 field, and needs six"),
        ("every minute", "it has 2 fields"),
        ("0 0 0 1 1 * 2027", "it has 7 fields"),
        ("", "it has 0 fields"),
    ] {
        let error = Schedule::parse(schedule).expect_err("refused");
        assert!(error.contains(named), "{schedule}: {error}");
    }
}

#[test]
fn status_is_kept_from_a_minute_up() {
    let from = Date::parse("2026-11-28T01:59:58").expect("a date");
    for (schedule, frequent) in [
        ("*/30 * * * * *", true),
        ("0,59 0 * * * *", true),
        ("0 * * * * *", false),
        ("*/1 * * * *", false),
        ("00:00:59", true),
        ("00:01:00", false),
    ] {
        let schedule = Schedule::parse(schedule).expect("a schedule");
        let found = schedule.is_more_frequent_than_a_minute(from);
        assert_eq!(found, frequent, "{schedule:?}");
    }
}

#[test]
fn a_time_span_is_what_dotnet_reads() {
    for (text, seconds) in [
        ("1.02:03", Some(93_780)),
        ("1:02:03:04", Some(93_784)),
        ("1.02:03:04", Some(93_784)),
        (" 00:00:01 ", Some(1)),
        ("24:00", None),
        ("1.5", None),
        ("1..00:00:01", None),
        ("00:00:00.12345678", None),
        ("10675200", None),
        ("10675199.23:00:00", None),
        ("99999999999999999999", None),
        ("9223372036854775807", None),
        ("1:2:3:4:5", None),
        ("+1", None),
    ] {
        let ticks = seconds.map(|seconds| seconds * SECOND);
        assert_eq!(time_span(text), ticks, "{text}");
    }
}
