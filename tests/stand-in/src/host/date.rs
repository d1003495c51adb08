//! Dates and times as .NET 8 reads and writes them in the invariant culture, on a machine whose time
//! zone is UTC (as in Azure). In brackets: the source file of a rule in JamesNK/Newtonsoft.Json.

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
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Sunday, which is 0.
pub const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const MAX_TICKS: i64 = 3_652_059 * DAY - 1;

impl Date {
    /// Now, as the host writes it.
    pub fn now() -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
        Self {
            ticks: EPOCH * DAY + (now.as_nanos() / 100) as i64,
            kind: Kind::Utc,
        }
    }

    /// A moment from now in whole seconds, as the host writes a `DateTimeOffset`.
    pub fn in_seconds(seconds: i64) -> Self {
        Self {
            ticks: (Self::now().ticks / SECOND + seconds) * SECOND,
            kind: Kind::Local,
        }
    }

    /// The date that a string is for the library, if it is one.
    ///
    /// More texts are than the contract says: `ParseZone` also takes `+02:`, and, without a sign,
    /// `12`, `:12` and `:`; so `2026-11-21T10:00:00.123456789` with its nine digits is one, and the
    /// last two are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if text.starts_with("/Date(") && text.ends_with(")/") {
            return Self::parse_microsoft(&text[6..text.len() - 2]);
        }
        let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
        let two = |at: usize| match bytes.get(at..at + 2) {
            Some([a @ b'0'..=b'9', b @ b'0'..=b'9']) => {
                Some(i64::from((a - b'0') * 10 + (b - b'0')))
            }
            _ => None,
        };
        let year = two(0)? * 100 + two(2)?;
        let (month, day, hour, minute, second) = (two(5)?, two(8)?, two(11)?, two(14)?, two(17)?);
        let shaped = is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':');
        let in_range = year >= 1
            && (1..=12).contains(&month)
            && (1..=days(year, month + 1, 1) - days(year, month, 1)).contains(&day)
            && minute < 60
            && second < 60
            && (hour < 24 || (hour == 24 && minute == 0 && second == 0));
        if !shaped || !in_range {
            return None;
        }
        let (mut at, mut fraction) = (19, 0);
        if is(19, b'.') {
            let digits = bytes[20..]
                .iter()
                .take(7)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            fraction = text[20..20 + digits].parse::<i64>().ok()? * 10_i64.pow(7 - digits as u32);
            at = 20 + digits;
            if hour == 24 && fraction != 0 {
                return None;
            }
        }
        let (mut kind, mut offset) = (Kind::Unspecified, 0);
        if is(at, b'Z') || is(at, b'z') {
            kind = Kind::Utc;
            at += 1;
        } else {
            let sign = if is(at, b'-') { -1 } else { 1 };
            if let Some(hours) = two(at + 1).filter(|_| is(at, b'+') || is(at, b'-')) {
                kind = Kind::Local;
                offset = sign * hours * 60;
                at += 3;
            }
            at += usize::from(is(at, b':'));
            if let Some(minutes) = two(at) {
                offset += sign * minutes;
                at += 2;
            }
        }
        let offset = if kind == Kind::Local {
            offset * 60 * SECOND
        } else {
            0
        };
        let ticks =
            days(year, month, day) * DAY + (hour * 3600 + minute * 60 + second) * SECOND + fraction
                - offset;
        (at == bytes.len()).then_some(Self {
            ticks: ticks.clamp(0, MAX_TICKS),
            kind,
        })
    }

    /// `/Date(milliseconds+hhmm)/`. Where the library fails for a date beyond the year 9999, this
    /// gives its last moment: either way the text does not survive.
    fn parse_microsoft(inner: &str) -> Option<Self> {
        let find = |sign: u8| inner.bytes().skip(1).position(|byte| byte == sign);
        let zone = find(b'+').or_else(|| find(b'-'));
        let (number, zone) = zone.map_or((inner, None), |at| {
            (&inner[..at + 1], Some(&inner[at + 2..]))
        });
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // Two digits of hours; of what follows them nothing is looked at, in a response
        // [TryReadOffset].
        if zone.is_some_and(|zone| !zone.get(..2).is_some_and(digits)) {
            return None;
        }
        if !digits(number.strip_prefix('-').unwrap_or(number)) {
            return None;
        }
        let milliseconds: i64 = number.parse().ok()?;
        let ticks = milliseconds
            .saturating_mul(10_000)
            .saturating_add(EPOCH * DAY);
        let kind = if zone.is_some() {
            Kind::Local
        } else {
            Kind::Utc
        };
        Some(Self {
            ticks: ticks.clamp(0, MAX_TICKS),
            kind,
        })
    }

    /// So many ticks later, or earlier.
    pub fn plus(self, ticks: i64) -> Self {
        let ticks = self.ticks.saturating_add(ticks).clamp(0, MAX_TICKS);
        Self { ticks, ..self }
    }

    /// The same moment, as a date in UTC.
    pub fn utc(self) -> Self {
        let kind = Kind::Utc;
        Self { kind, ..self }
    }

    /// The same moment, as a `DateTimeOffset` on a machine in UTC.
    pub fn offset(self) -> Self {
        let kind = Kind::Local;
        Self { kind, ..self }
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
        let (mut year, days_left) = (self.ticks / DAY / 366 + 1, self.ticks / DAY);
        while days(year + 1, 1, 1) <= days_left {
            year += 1;
        }
        let month = (1..=12)
            .rev()
            .find(|month| days(year, *month, 1) <= days_left)
            .expect("a month");
        let second = self.ticks % DAY / SECOND;
        [
            year,
            month,
            days_left - days(year, month, 1) + 1,
            second / 3600,
            second / 60 % 60,
            second % 60,
        ]
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
        let (mut text, mut rest) = (String::new(), format);
        while let Some(letter) = rest.chars().next() {
            let count = rest.chars().take_while(|c| *c == letter).count();
            let (part, after) = rest.split_at(count * letter.len_utf8());
            rest = after;
            let digits = |number: i64| format!("{number:0width$}", width = count.min(2));
            text += &match letter {
                'y' if count < 3 => digits(year % 100),
                'y' => format!("{year:0count$}"),
                'M' if count > 2 => name_of(&MONTHS, month - 1, count),
                'd' if count > 2 => name_of(&WEEKDAYS, self.weekday(), count),
                'M' => digits(month),
                'd' => digits(day),
                'H' => digits(hour),
                'h' => digits((hour + 11) % 12 + 1),
                'm' => digits(minute),
                's' => digits(second),
                'f' if count < 8 => format!("{:07}", self.ticks % SECOND)[..count].to_owned(),
                'K' => self.zone().repeat(count),
                'f' | 'F' | 'g' | 't' | 'z' | '"' | '\'' | '%' | '\\' => return Err(unknown(part)),
                _ => part.to_owned(),
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

/// A name in full, or its first three letters.
fn name_of(names: &[&str], at: i64, letters: usize) -> String {
    let name = names[at as usize];
    name[..if letters == 3 { 3 } else { name.len() }].to_owned()
}

/// Days from the first day of the year 1 to this one; the month after December is 13.
fn days(year: i64, month: i64, day: i64) -> i64 {
    const MONTHS: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let before = year - 1;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let leap_day = i64::from(leap && month > 2);
    before * 365 + before / 4 - before / 100
        + before / 400
        + MONTHS[month as usize - 1]
        + leap_day
        + day
        - 1
}
