//! A timer's `schedule`: an NCrontab expression of six fields, or of five without seconds, or a
//! .NET TimeSpan, in UTC [NCrontab 3.3, CrontabField.cs; WebJobs.Extensions, TimerSchedule.cs].

use crate::host::date::{DAY, Date, MONTHS, SECOND, WEEKDAYS};
use crate::host::newtonsoft::is_digits;
use std::iter::successors;
use std::ops::RangeInclusive;

#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// One bit per value, in the order of `FIELDS`. A day must match both its day of the month and
    /// its day of the week.
    Cron([u64; 6]),
    /// An interval in units of 100 ns. The host runs a timer without a pause if it is zero or less.
    Every(i64),
}

/// Its name, its values, and the words for the values in order.
type Field = (&'static str, RangeInclusive<u32>, &'static str);

const FIELDS: [Field; 6] = [
    ("a second", 0..=59, ""),
    ("a minute", 0..=59, ""),
    ("an hour", 0..=23, ""),
    ("a day of the month", 1..=31, ""),
    ("a month", 1..=12, MONTHS),
    ("a day of the week", 0..=6, WEEKDAYS),
];

/// In this time every date falls on every day of the week.
const LONGEST_SEARCH: i64 = 366 * 41 * DAY;

impl Schedule {
    pub fn parse(text: &str) -> Result<Self, String> {
        cron(text).or_else(|why| time_span(text).map(Self::Every).ok_or(why))
    }

    /// The first time after `after`; `None` for the 30th of February.
    pub fn next(&self, after: Date) -> Option<Date> {
        let sets = match self {
            // The host waits for the shortest possible time.
            Self::Every(ticks) => return Some(after.plus((*ticks).max(1))),
            Self::Cron(sets) => sets,
        };
        let mut time = after.whole_seconds().plus(SECOND);
        let end = time.plus(LONGEST_SEARCH);
        while time.until(end) > 0 {
            let [_, month, day, hour, minute, second] = time.fields();
            let values = [second, minute, hour, day, month, time.weekday()];
            let fits = |at: usize| sets[at] >> values[at] & 1 == 1;
            let of_hour = minute * 60 + second;
            let seconds = if ![3, 4, 5].into_iter().all(fits) {
                86_400 - hour * 3600 - of_hour
            } else if !fits(2) {
                3600 - of_hour
            } else if !fits(1) {
                60 - second
            } else if !fits(0) {
                1
            } else {
                return Some(time);
            };
            time = time.plus(seconds * SECOND);
        }
        None
    }

    /// Whether two runs can be less than a minute apart. The host then keeps no `ScheduleStatus`.
    pub fn is_more_frequent_than_a_minute(&self, from: Date) -> bool {
        if let Self::Every(ticks) = self {
            return *ticks < 60 * SECOND;
        }
        let times = successors(self.next(from), |time| self.next(*time));
        let times: Vec<Date> = times.take(10).collect();
        times
            .windows(2)
            .any(|pair| pair[0].until(pair[1]) < 60 * SECOND)
    }
}

fn cron(text: &str) -> Result<Schedule, String> {
    let mut fields: Vec<&str> = text.split(' ').filter(|field| !field.is_empty()).collect();
    if fields.len() == 5 {
        fields.insert(0, "0");
    }
    if fields.len() != 6 {
        let (count, s) = (fields.len(), if fields.len() == 1 { "" } else { "s" });
        return Err(format!(
            "it has {count} field{s}, and needs six (second, minute, hour, day, month, weekday), five \
             without the second, or a time between runs (00:05:00)"
        ));
    }
    let mut sets = [0; 6];
    for (at, text) in fields.into_iter().enumerate() {
        sets[at] = values(&FIELDS[at], text)?;
    }
    Ok(Schedule::Cron(sets))
}

/// Reads `*`, `5`, `mon`, `8-18`, or `18-8` (which means 8 to 18), also with a step such as `/2`,
/// and lists.
fn values(field: &Field, text: &str) -> Result<u64, String> {
    // NCrontab does not split at a leading comma.
    if text.find(',').is_some_and(|at| at > 0) {
        let mut parts = text.split(',');
        return parts.try_fold(0, |set, part| Ok(set | values(field, part)?));
    }
    let (name, all, _) = field;
    let (range, step) = match text.split_once('/') {
        Some((range, step)) if !range.is_empty() => (range, Some(step)),
        _ => (text, None),
    };
    let wrong = |_| format!("{text:?} is not {name}");
    let step = step
        .map(|step| step.parse::<i32>().map_err(wrong))
        .transpose()?;
    let (first, last) = match range.split_once('-') {
        _ if range == "*" => (*all.start(), *all.end()),
        Some((first, last)) if !first.is_empty() => {
            let (one, other) = (value(field, first)?, value(field, last)?);
            (one.min(other), one.max(other))
        }
        _ => {
            let value = value(field, range)?;
            (value, if step.is_some() { *all.end() } else { value })
        }
    };
    let values = (first..=last).step_by(step.unwrap_or(1).max(1) as usize);
    Ok(values.fold(0, |set, value| set | 1 << value))
}

/// A number, or the beginning of a word: `Ju` is June.
fn value((name, all, words): &Field, text: &str) -> Result<u32, String> {
    let is = |word: &str| {
        let beginning = word.get(..text.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(text))
    };
    let value = match text.bytes().next() {
        Some(b'0'..=b'9') => text.parse().ok(),
        Some(_) => words
            .split(' ')
            .position(is)
            .map(|at| all.start() + at as u32),
        None => None,
    };
    let value = value.filter(|value| all.contains(value));
    value.ok_or_else(|| format!("{text:?} is not {name}: {} to {}", all.start(), all.end()))
}

/// Reads a text as `TimeSpan.Parse` does, in units of 100 ns: `d`, `hh:mm`, `hh:mm:ss`,
/// `d.hh:mm:ss`, also with a fraction. There is no hour 24: `24:00:00` means days, hours, minutes.
pub fn time_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (whole, fraction) = match text.rsplit_once('.') {
        // A point after the days comes before the colons.
        Some((whole, digits)) if whole.contains(':') && !digits.contains(':') => (whole, digits),
        _ => (text, "0"),
    };
    if !is_digits(fraction) || fraction.len() > 7 {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<7}").parse().ok()?;
    let numbers = whole.replacen('.', ":", 1);
    let number = |digits: &str| digits.parse().ok().filter(|_| is_digits(digits));
    let numbers: Vec<i64> = numbers.split(':').map(number).collect::<Option<_>>()?;
    let has_days = whole.contains('.');
    let [days, hours, minutes, seconds] = match numbers[..] {
        [days] => [days, 0, 0, 0],
        [hours, minutes] if !has_days && fraction == 0 => [0, hours, minutes, 0],
        [days, hours, minutes] if has_days || days > 23 => [days, hours, minutes, 0],
        [hours, minutes, seconds] => [0, hours, minutes, seconds],
        [days, hours, minutes, seconds] => [days, hours, minutes, seconds],
        _ => return None,
    };
    if days > 10_675_199 || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let seconds = days * 86_400 + hours * 3600 + minutes * 60 + seconds;
    let ticks = seconds.checked_mul(SECOND)?.checked_add(fraction)?;
    Some(sign * ticks)
}
