//! When a timer's `schedule` is due: NCrontab's expressions of six fields, or of five without
//! seconds, and .NET's TimeSpan, all in UTC [NCrontab 3.3, CrontabField.cs;
//! WebJobs.Extensions, TimerSchedule.cs]. Text that is neither puts the function in error.

use crate::host::date::{DAY, Date, MONTHS, SECOND, WEEKDAYS};
use crate::host::newtonsoft::is_digits;

/// A `schedule` of a function.json.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Due at certain times of certain days.
    Cron(Cron),
    /// Due each time so many units of 100 ns have passed. Zero and less are read, as the host reads
    /// them: it runs such a timer without a pause.
    Every(i64),
}

/// The values of each field, as one bit per value, in the order of `FIELDS`. A day has to be right
/// by its day of the month AND by its day of the week.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron([u64; 6]);

struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// What may stand for the values, from `min` up.
    words: &'static str,
}

const fn field(name: &'static str, min: u32, max: u32, words: &'static str) -> Field {
    Field {
        name,
        min,
        max,
        words,
    }
}

const FIELDS: [Field; 6] = [
    field("a second", 0, 59, ""),
    field("a minute", 0, 59, ""),
    field("an hour", 0, 23, ""),
    field("a day of the month", 1, 31, ""),
    field("a month", 1, 12, MONTHS),
    field("a day of the week", 0, 6, WEEKDAYS),
];

/// As many days later, every day of every month has met every day of the week.
const LONGEST_SEARCH_DAYS: i64 = 366 * 41;

impl Schedule {
    /// Reads a schedule whose `%NAME%` is resolved. The error says what is wrong in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let cron = Cron::parse(text).map(Self::Cron);
        cron.or_else(|why| time_span(text).map(Self::Every).ok_or(why))
    }

    /// The first time after `after`; `None` if there is none, as for the 30th of February.
    pub fn next(&self, after: Date) -> Option<Date> {
        match self {
            // The host waits for the shortest time that there is.
            Self::Every(ticks) => Some(after.plus((*ticks).max(1))),
            Self::Cron(cron) => cron.next(after),
        }
    }

    /// Whether two runs can be less than a minute apart: then the host keeps no `ScheduleStatus`.
    pub fn is_more_frequent_than_a_minute(&self, from: Date) -> bool {
        match self {
            Self::Every(ticks) => *ticks < 60 * SECOND,
            Self::Cron(_) => {
                let times = std::iter::successors(self.next(from), |time| self.next(*time));
                let times: Vec<Date> = times.take(10).collect();
                let mut pauses = times.windows(2).map(|pair| pair[0].until(pair[1]));
                pauses.any(|pause| pause < 60 * SECOND)
            }
        }
    }
}

impl Cron {
    fn parse(text: &str) -> Result<Self, String> {
        let mut fields: Vec<&str> = text.split(' ').filter(|field| !field.is_empty()).collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        if fields.len() != 6 {
            return Err(format!(
                "it has {} field{}, and needs six (second, minute, hour, day, month, weekday), five \
                 without the second, or a time between runs (00:05:00)",
                fields.len(),
                if fields.len() == 1 { "" } else { "s" }
            ));
        }
        let mut sets = [0; 6];
        for ((set, field), text) in sets.iter_mut().zip(&FIELDS).zip(fields) {
            *set = field.values(text)?;
        }
        Ok(Self(sets))
    }

    fn next(&self, after: Date) -> Option<Date> {
        let [seconds, minutes, hours, days, months, weekdays] = self.0;
        let has = |set: u64, value: i64| set >> value & 1 == 1;
        let first = after.whole_seconds().plus(SECOND);
        let mut of_day = first.second_of_day();
        let midnight = first.plus(-of_day * SECOND);
        for day in 0..LONGEST_SEARCH_DAYS {
            let midnight = midnight.plus(day * DAY);
            let [_, month, day, ..] = midnight.fields();
            if has(months, month) && has(days, day) && has(weekdays, midnight.weekday()) {
                let is_due = |second: &i64| {
                    has(hours, second / 3600)
                        && has(minutes, second / 60 % 60)
                        && has(seconds, second % 60)
                };
                if let Some(second) = (of_day..86_400).find(is_due) {
                    return Some(midnight.plus(second * SECOND));
                }
            }
            of_day = 0;
        }
        None
    }
}

impl Field {
    /// The values that a field stands for: `*`, `5`, `mon`, `8-18`, `18-8` (which is 8 to 18), with
    /// `/2` behind it, and lists of these.
    fn values(&self, text: &str) -> Result<u64, String> {
        // A comma at the beginning separates nothing.
        if text.find(',').is_some_and(|at| at > 0) {
            let mut parts = text.split(',');
            return parts.try_fold(0, |set, part| Ok(set | self.values(part)?));
        }
        let (range, step) = match text.split_once('/') {
            Some((range, step)) if !range.is_empty() => {
                let step = step.parse::<i32>();
                let wrong = |_| format!("{text:?} is not {}", self.name);
                (range, Some(step.map_err(wrong)?))
            }
            _ => (text, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.min, self.max),
            Some((first, last)) if !first.is_empty() => {
                let (one, other) = (self.value(first)?, self.value(last)?);
                (one.min(other), one.max(other))
            }
            _ => {
                let value = self.value(range)?;
                (value, if step.is_some() { self.max } else { value })
            }
        };
        let values = (first..=last).step_by(step.map_or(1, |step| step.max(1) as usize));
        Ok(values.fold(0, |set, value| set | 1 << value))
    }

    /// A number, or the beginning of a word: `Ju` is June.
    fn value(&self, text: &str) -> Result<u32, String> {
        let Field { name, min, max, .. } = self;
        let is = |word: &str| {
            let beginning = word.get(..text.len());
            beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(text))
        };
        let value = match text.bytes().next() {
            Some(b'0'..=b'9') => text.parse().ok(),
            Some(_) => self.words.split(' ').position(is).map(|at| min + at as u32),
            None => None,
        };
        let value = value.filter(|value| (min..=max).contains(&value));
        value.ok_or_else(|| format!("{text:?} is not {name}: {min} to {max}"))
    }
}

/// Units of 100 ns of `TimeSpan.Parse`: `d`, `hh:mm`, `hh:mm:ss`, `d.hh:mm:ss`, with a fraction of
/// the second behind it. `24:00:00` has no such hour, so it is read as days, hours, minutes.
pub fn time_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (text, fraction) = match text.rsplit_once('.') {
        // The point behind the days has colons behind it.
        Some((whole, digits)) if whole.contains(':') && !digits.contains(':') => {
            if !is_digits(digits) || digits.len() > 7 {
                return None;
            }
            (whole, format!("{digits:0<7}").parse().ok()?)
        }
        _ => (text, 0),
    };
    let numbers: Vec<i64> = text
        .replacen('.', ":", 1)
        .split(':')
        .map(|digits| is_digits(digits).then(|| digits.parse().ok())?)
        .collect::<Option<_>>()?;
    let has_days = text.contains('.');
    let ticks = |[days, hours, minutes, seconds]: [i64; 4]| {
        if days > 10_675_199 || hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let seconds = days * 86_400 + hours * 3600 + minutes * 60 + seconds;
        seconds.checked_mul(SECOND)?.checked_add(fraction)
    };
    let ticks = match numbers[..] {
        [days] => ticks([days, 0, 0, 0]),
        [hours, minutes] if !has_days && fraction == 0 => ticks([0, hours, minutes, 0]),
        [days, hours, minutes] if has_days => ticks([days, hours, minutes, 0]),
        [one, two, three] => ticks([0, one, two, three]).or_else(|| ticks([one, two, three, 0])),
        [days, hours, minutes, seconds] => ticks([days, hours, minutes, seconds]),
        _ => None,
    };
    ticks.map(|ticks| sign * ticks)
}
