//! Dates and times as .NET 8 reads and writes them in the invariant culture, on a machine whose time
//! zone is UTC (as in Azure). In brackets: the source file of a rule in JamesNK/Newtonsoft.Json.

use crate::host::newtonsoft::is_digits;

/// A date as the library takes it from a string [DateTimeUtils.cs, DateTimeParser.cs].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Date {
    /// Units of 100 ns since the year 1.
    ticks: i64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Unspecified,
    Utc,
    Local,
}

/// A second in ticks, units of 100 ns.
pub const SECOND: i64 = 10_000_000;
/// A day in ticks.
pub const DAY: i64 = 86_400 * SECOND;
/// Days from the year 1 to 1970.
const EPOCH: i64 = 719_162;
const MAX_TICKS: i64 = 3_652_059 * DAY - 1;

pub const MONTHS: &str =
    "January February March April May June July August September October November December";
/// From Sunday, which is 0.
pub const WEEKDAYS: &str = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";

impl Date {
    /// Now, as the host writes it.
    pub fn now() -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
        Self {
            ticks: EPOCH * DAY + (now.as_nanos() / 100) as i64,
            kind: Kind::Utc,
        }
    }

    /// The date that a string is for the library, if it is one.
    ///
    /// More texts are than the contract says: `ParseZone` also takes `+02:`, and, without a sign,
    /// `12`, `:12` and `:`; so `2026-11-21T10:00:00.123456789` with its nine digits is one, and the
    /// last two are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix("/Date(") {
            return Self::parse_microsoft(inner.strip_suffix(")/")?);
        }
        let (head, mut rest) = text.split_at_checked(19)?;
        let shape = head.bytes().map(|byte| match byte {
            b'0'..=b'9' => b'0',
            other => other,
        });
        if !shape.eq(*b"0000-00-00T00:00:00") {
            return None;
        }
        let number = |from: usize, to: usize| head[from..to].parse::<i64>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let mut fraction = 0;
        if let Some(after) = rest.strip_prefix('.') {
            let is_digit = |byte: &u8| byte.is_ascii_digit();
            let digits = after.bytes().take(7).take_while(is_digit).count();
            let missing = 7 - digits as u32;
            fraction = after[..digits].parse::<i64>().ok()? * 10_i64.pow(missing);
            rest = &after[digits..];
        }
        let in_range = year >= 1
            && (1..=12).contains(&month)
            && (1..=days(year, month + 1, 1) - days(year, month, 1)).contains(&day)
            && minute < 60
            && second < 60
            && (hour < 24 || (hour == 24 && minute == 0 && second == 0 && fraction == 0));
        if !in_range {
            return None;
        }
        let (kind, offset) = zone(rest)?;
        let seconds = hour * 3600 + (minute - offset) * 60 + second;
        let ticks = days(year, month, day) * DAY + seconds * SECOND + fraction;
        Some(Self::at(ticks, kind))
    }

    /// `/Date(milliseconds+hhmm)/`. Where the library fails for a date beyond the year 9999, this
    /// gives its last moment: either way the text does not survive.
    fn parse_microsoft(inner: &str) -> Option<Self> {
        let unsigned = inner.strip_prefix('-').unwrap_or(inner);
        let sign = &inner[..inner.len() - unsigned.len()];
        let zone = unsigned.split_once('+');
        let (digits, kind) = match zone.or_else(|| unsigned.split_once('-')) {
            None => (unsigned, Kind::Utc),
            // Two digits of hours; of what follows them nothing is looked at, in a response
            // [TryReadOffset].
            Some((digits, zone)) if zone.get(..2).is_some_and(is_digits) => (digits, Kind::Local),
            Some(_) => return None,
        };
        if !is_digits(digits) {
            return None;
        }
        let milliseconds: i64 = format!("{sign}{digits}").parse().ok()?;
        let ticks = milliseconds.saturating_mul(10_000);
        Some(Self::at(ticks.saturating_add(EPOCH * DAY), kind))
    }

    fn at(ticks: i64, kind: Kind) -> Self {
        let ticks = ticks.clamp(0, MAX_TICKS);
        Self { ticks, kind }
    }

    /// So many ticks later, or earlier.
    pub fn plus(self, ticks: i64) -> Self {
        Self::at(self.ticks.saturating_add(ticks), self.kind)
    }

    /// The same moment, as a date in UTC.
    pub fn utc(self) -> Self {
        Self::at(self.ticks, Kind::Utc)
    }

    /// The same moment, as a `DateTimeOffset` on a machine in UTC.
    pub fn offset(self) -> Self {
        Self::at(self.ticks, Kind::Local)
    }

    /// The ticks from this moment to another; less than zero if the other is earlier.
    pub fn until(self, other: Self) -> i64 {
        other.ticks - self.ticks
    }

    /// Without its fraction of a second.
    pub fn whole_seconds(self) -> Self {
        self.plus(-(self.ticks % SECOND))
    }

    /// The seconds since midnight.
    pub fn second_of_day(self) -> i64 {
        self.ticks % DAY / SECOND
    }

    /// The day of the week: 0 is Sunday.
    pub fn weekday(self) -> i64 {
        // The first day of the year 1 was a Monday.
        (self.ticks / DAY + 1) % 7
    }

    /// Year, month, day, hour, minute, second.
    pub fn fields(self) -> [i64; 6] {
        let (day, second) = (self.ticks / DAY, self.second_of_day());
        let mut year = day / 366 + 1;
        while days(year + 1, 1, 1) <= day {
            year += 1;
        }
        let mut month = 12;
        while days(year, month, 1) > day {
            month -= 1;
        }
        let day = day - days(year, month, 1) + 1;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        [year, month, day, hour, minute, second % 60]
    }

    /// As JSON has it: the fraction without zeros at its end, the offset that of the machine.
    pub fn iso(self) -> String {
        let [year, month, day, hour, minute, second] = self.fields();
        let fraction = format!(".{:07}", self.ticks % SECOND);
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        let zone = self.zone();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
    }

    fn zone(self) -> &'static str {
        match self.kind {
            Kind::Unspecified => "",
            Kind::Utc => "Z",
            Kind::Local => "+00:00",
        }
    }

    /// By one of .NET's custom formats, such as `yyyy/MM/dd HH:mm:ss.fffK`. Errors with what in it
    /// is not known here: names of eras, `tt`, `z`, quotes, and the standard formats of one letter.
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
            let (letter, count) = (part[0], part.len());
            let digits = |number: i64| format!("{number:0width$}", width = count.min(2));
            text += &match letter {
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
                'K' => self.zone().repeat(count),
                'f' | 'F' | 'g' | 't' | 'z' | '"' | '\'' | '%' | '\\' => {
                    return Err(unknown(&String::from_iter(part)));
                }
                _ => String::from_iter(part),
            };
        }
        Ok(text)
    }

    /// `DateTime.ToString()`.
    pub fn general(self) -> String {
        let [year, month, day, hour, minute, second] = self.fields();
        format!("{month:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02}")
    }
}

/// The kind of a date with this text at its end, and its offset in minutes.
fn zone(text: &str) -> Option<(Kind, i64)> {
    if text.eq_ignore_ascii_case("Z") {
        return Some((Kind::Utc, 0));
    }
    let two_digits = |rest: &mut &str| {
        let (digits, after) = rest.split_at_checked(2)?;
        let number = digits.parse::<i64>().ok().filter(|_| is_digits(digits))?;
        *rest = after;
        Some(number)
    };
    let (mut rest, mut offset, mut kind) = (text, 0, Kind::Unspecified);
    if let Some(after) = text.strip_prefix(['+', '-']) {
        rest = after;
        offset = two_digits(&mut rest)? * 60;
        kind = Kind::Local;
    }
    rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = two_digits(&mut rest).unwrap_or_default();
    offset = match text.chars().next() {
        Some('+') => offset + minutes,
        Some('-') => -offset - minutes,
        _ => 0,
    };
    rest.is_empty().then_some((kind, offset))
}

/// A name in full, or its first three letters.
fn name_of(names: &str, at: i64, letters: usize) -> String {
    let name = names.split(' ').nth(at as usize).unwrap_or_default();
    name[..if letters == 3 { 3 } else { name.len() }].to_owned()
}

/// Days from the first day of the year 1 to this one; the month after December is 13.
fn days(year: i64, month: i64, day: i64) -> i64 {
    const MONTHS: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let before = year - 1;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let leap_days = before / 4 - before / 100 + before / 400 + i64::from(leap && month > 2);
    before * 365 + leap_days + MONTHS[month as usize - 1] + day - 1
}
