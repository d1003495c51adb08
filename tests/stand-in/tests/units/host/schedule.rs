use crate::files;
use crate::host::cases_of;
use stand_in::host::date::{Date, SECOND};
use stand_in::host::schedule::{Schedule, time_span};
use std::iter::successors;

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

#[test]
fn a_schedule_is_due_when_the_hosts_own_library_says() {
    let start = date("2026-11-28T01:59:58");
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

/// The next five times, each with its date if that changes.
fn next_five(schedule: &Schedule, start: Date) -> String {
    let (mut shown, mut last) = (Vec::new(), String::new());
    for time in successors(schedule.next(start), |time| schedule.next(*time)).take(5) {
        let text = time.iso();
        let known = if text.starts_with(&last) {
            last.len()
        } else {
            0
        };
        shown.push(text[known..].to_owned());
        last = text[.."2026-11-28T".len()].to_owned();
    }
    if shown.is_empty() {
        return "never".to_owned();
    }
    shown.join(" ")
}

#[test]
fn the_next_time_is_after_a_fraction_of_a_second_too() {
    for (schedule, after, next) in [
        ("* * * * * *", "01:59:59.9", "28T02:00:00"),
        ("0 0 2 * * *", "02:00:00", "29T02:00:00"),
        ("00:00:07", "01:59:59.9", "28T02:00:06.9"),
    ] {
        let after = date(&format!("2026-11-28T{after}"));
        let due = Schedule::parse(schedule).expect("a schedule").next(after);
        assert_eq!(due.map(Date::iso), Some(format!("2026-11-{next}")));
    }
}

#[test]
fn what_is_refused_is_named() {
    for (schedule, named) in cases_of("schedules that are refused") {
        let error = Schedule::parse(schedule).expect_err("refused");
        assert!(error.contains(named), "{schedule}: {error}");
    }
    assert!(Schedule::parse("").is_err_and(|why| why.contains("it has 0 fields")));
}

#[test]
fn status_is_kept_from_a_minute_up() {
    let from = date("2026-11-28T01:59:58");
    for (is_kept, schedules) in [
        (false, ["*/30 * * * * *", "0,59 0 * * * *", "00:00:59"]),
        (true, ["0 * * * * *", "*/1 * * * *", "00:01:00"]),
    ] {
        for text in schedules {
            let schedule = Schedule::parse(text).expect("a schedule");
            let is_frequent = schedule.is_more_frequent_than_a_minute(from);
            assert_eq!(is_frequent, !is_kept, "{text}");
        }
    }
}

#[test]
fn a_time_span_is_what_dotnet_reads() {
    for (text, seconds) in [
        ("1.02:03", 93_780),
        ("1:02:03:04", 93_784),
        ("1.02:03:04", 93_784),
        (" 00:00:01 ", 1),
    ] {
        assert_eq!(time_span(text), Some(seconds * SECOND), "{text}");
    }
    let others = "24:00|1.5|1..00:00:01|00:00:00.12345678|10675200|10675199.23:00:00|\
        99999999999999999999|9223372036854775807|1:2:3:4:5|+1";
    for text in others.split('|') {
        assert_eq!(time_span(text), None, "{text}");
    }
}
