//! Dates as .NET 8 reads and writes them in the invariant culture, on a machine in UTC as in Azure.
//! Brackets name source files of JamesNK/Newtonsoft.Json.

use crate::host::newtonsoft::is_digits;

/// A date with its time of day [DateTimeUtils.cs, DateTimeParser.cs].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Date {
    /// Units of 100 ns since the year 1.
    ticks: i64,
    /// Empty, `UTC` or `LOCAL`.
    zone: &'static str,
}

const UTC: &str = "Z";
const LOCAL: &str = "+00:00";

/// In ticks, units of 100 ns.
pub const SECOND: i64 = 10_000_000;
pub const DAY: i64 = 86_400 * SECOND;
/// From the year 1 to 1970.
const EPOCH: i64 = 719_162 * DAY;
const MAX_TICKS: i64 = 3_652_059 * DAY - 1;

pub const MONTHS: &str =
    "January February March April May June July August September October November December";
/// Sunday is 0.
pub const WEEKDAYS: &str = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";

impl Date {
    pub fn now() -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
        Self::at(EPOCH + (now.as_nanos() / 100) as i64, UTC)
    }

    /// Reads `2024-05-06T07:08:09.5Z` and `/Date(1714979289500)/`. The library's `ParseZone`
    /// accepts more than ISO 8601: `+02:`, and without a sign `12`, `:12` and `:`. Therefore the
    /// last two of nine digits of a fraction are taken for a zone, and dropped.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix("/Date(") {
            return Self::parse_microsoft(inner.strip_suffix(")/")?);
        }
        let (head, rest) = text.split_at_checked(19)?;
        if head.replace(|c: char| c.is_ascii_digit(), "0") != "0000-00-00T00:00:00" {
            return None;
        }
        let numbers = head.split(['-', 'T', ':']).map(str::parse);
        let numbers: Vec<i64> = numbers.collect::<Result<_, _>>().ok()?;
        let [year, month, day, hour, minute, second] = numbers[..] else {
            return None;
        };
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(after) => {
                let digits = after.bytes().take(7).take_while(u8::is_ascii_digit);
                after.split_at(digits.count())
            }
            None => ("0", rest),
        };
        if !is_digits(fraction) {
            return None;
        }
        let fraction: i64 = format!("{fraction:0<7}").parse().ok()?;
        let midnight = Self::at(days(year, month, day) * DAY, "");
        let of_day = (hour * 3600 + minute * 60 + second) * SECOND + fraction;
        if midnight.fields()[..3] != numbers[..3] || minute > 59 || second > 59 || of_day > DAY {
            return None;
        }
        let (zone, offset) = read_zone(zone)?;
        let ticks = midnight.ticks + of_day - offset * 60 * SECOND;
        Some(Self::at(ticks, zone))
    }

    /// The inner part of `/Date(milliseconds+hhmm)/`. Only the first two digits of the zone count
    /// (TryReadOffset). For a date after the year 9999 the library fails and this gives the last
    /// moment: the text is lost either way.
    fn parse_microsoft(inner: &str) -> Option<Self> {
        let behind = |sign| Some(inner.get(1..)?.find(sign)? + 1);
        let (number, zone) = match behind('+').or_else(|| behind('-')) {
            None => (inner, UTC),
            Some(at) if inner.get(at + 1..at + 3).is_some_and(is_digits) => (&inner[..at], LOCAL),
            Some(_) => return None,
        };
        if number.starts_with('+') {
            return None;
        }
        let ticks = number.parse::<i64>().ok()?.saturating_mul(10_000);
        Some(Self::at(ticks.saturating_add(EPOCH), zone))
    }

    fn at(ticks: i64, zone: &'static str) -> Self {
        let ticks = ticks.clamp(0, MAX_TICKS);
        Self { ticks, zone }
    }

    pub fn plus(self, ticks: i64) -> Self {
        Self::at(self.ticks.saturating_add(ticks), self.zone)
    }

    pub fn utc(self) -> Self {
        Self { zone: UTC, ..self }
    }

    /// The same moment as a `DateTimeOffset` on a machine in UTC.
    pub fn offset(self) -> Self {
        Self {
            zone: LOCAL,
            ..self
        }
    }

    /// In ticks.
    pub fn until(self, other: Self) -> i64 {
        other.ticks - self.ticks
    }

    pub fn whole_seconds(self) -> Self {
        self.plus(-(self.ticks % SECOND))
    }

    /// Sunday is 0. The first day of the year 1 was a Monday.
    pub fn weekday(self) -> i64 {
        (self.ticks / DAY + 1) % 7
    }

    /// Year, month, day, hour, minute, second.
    pub fn fields(self) -> [i64; 6] {
        let (day, second) = (self.ticks / DAY, self.ticks % DAY / SECOND);
        let mut year = day / 366 + 1;
        while days(year + 1, 1, 1) <= day {
            year += 1;
        }
        let mut month = 12;
        while days(year, month, 1) > day {
            month -= 1;
        }
        let day = day - days(year, month, 1) + 1;
        [
            year,
            month,
            day,
            second / 3600,
            second / 60 % 60,
            second % 60,
        ]
    }

    /// JSON's form, without zeros at the end of the fraction.
    pub fn iso(self) -> String {
        let [year, month, day, hour, minute, second] = self.fields();
        let fraction = format!(".{:07}", self.ticks % SECOND);
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        let zone = self.zone;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
    }

    /// `DateTime.ToString()`.
    pub fn general(self) -> String {
        let [year, month, day, hour, minute, second] = self.fields();
        format!("{month:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02}")
    }

    /// Writes the date in a custom format of .NET: `yyyy/MM/dd HH:mm:ss.fffK`. Errors for some
    /// letters, quotes, and .NET's standard formats of one letter.
    pub fn formatted(self, format: &str) -> Result<String, String> {
        let unknown = |part: &str| {
            format!(
                "{part} in the date format {format} is not known here: write it with y, M, d, H, \
                 h, m, s, f, K and separators"
            )
        };
        if format.len() < 2 {
            return Err(unknown(format));
        }
        let [year, month, day, hour, minute, second] = self.fields();
        let mut text = String::new();
        let letters: Vec<char> = format.chars().collect();
        for part in letters.chunk_by(|one, next| one == next) {
            let (count, written) = (part.len(), String::from_iter(part));
            let digits = |number: i64| format!("{number:0width$}", width = count.min(2));
            text += &match part[0] {
                'y' if count < 3 => digits(year % 100),
                'y' => format!("{year:0count$}"),
                'M' if count > 2 => name_of(MONTHS, month - 1, count),
                'd' if count > 2 => name_of(WEEKDAYS, self.weekday(), count),
                'M' => digits(month),
                'd' => digits(day),
                'H' => digits(hour),
                'h' => digits((hour + 11) % 12 + 1),
                'm' => digits(minute),
                's' => digits(second),
                'f' if count < 8 => format!("{:07}", self.ticks % SECOND)[..count].to_owned(),
                'K' => self.zone.repeat(count),
                'f' | 'F' | 'g' | 't' | 'z' | '"' | '\'' | '%' | '\\' => {
                    return Err(unknown(&written));
                }
                _ => written,
            };
        }
        Ok(text)
    }
}

/// The `zone` of a [`Date`] that ends with `text`, and the offset in minutes.
fn read_zone(text: &str) -> Option<(&'static str, i64)> {
    if text.eq_ignore_ascii_case("Z") {
        return Some((UTC, 0));
    }
    let signed = text.strip_prefix(['+', '-']);
    let (hours, rest) = signed.map_or(Some((0, text)), two_digits)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = two_digits(rest).unwrap_or((0, rest));
    let (zone, offset) = match text.chars().next() {
        Some('+') => (LOCAL, hours * 60 + minutes),
        Some('-') => (LOCAL, -hours * 60 - minutes),
        _ => ("", 0),
    };
    rest.is_empty().then_some((zone, offset))
}

fn two_digits(text: &str) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let number = digits.parse().ok().filter(|_| is_digits(digits));
    Some((number?, rest))
}

/// The name, or its first three letters.
fn name_of(names: &str, at: i64, letters: usize) -> String {
    let name = names.split(' ').nth(at as usize).unwrap_or_default();
    name[..if letters == 3 { 3 } else { name.len() }].to_owned()
}

/// Days from the first day of the year 1. Years begin in March here, so that a leap day is the last
/// day and months have 30.6 days, rounded.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = (year - i64::from(month < 3), (month + 9) % 12);
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 307
}
