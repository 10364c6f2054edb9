//! Moments as people write them.
//!
//! | form | means |
//! |---|---|
//! | `now` | now |
//! | `2h`, `-2h`, `2h ago`, `2 days ago` | that long before now |
//! | `+2h`, `in 2h` | that long after now |
//! | `today`, `yesterday`, `tomorrow`, each with a time of day or without | the day's start, or that time |
//! | `monday`, `mon 9am` | the latest Monday, today included |
//! | `last monday` | the latest Monday before today |
//! | `14:30`, `9am`, `noon` | that time today |
//! | `2026-11-01`, `2026-11-01 14:30`, `2026-11-01T14:30:05.5` | that local time |
//! | `2026-11-01T14:30:05Z`, `…+02:00`, `…[Europe/Zurich]` | exactly that |
//! | `1700000000`, also in milli-, micro- and nanoseconds | since 1970, UTC |
//!
//! Days, times and dates without a zone are those of the given zone. A time that the clocks skip moves forward by the
//! gap; one that they repeat is the first of the two.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{Kind, TimeError, event_timestamp_float, event_timestamp_integer, parse_duration};
use crate::suggest;

/// Digits from which a bare number is an epoch timestamp: nine are 1973 in seconds; fewer were meant as a duration.
const EPOCH_DIGITS_MIN: usize = 9;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

const WORDS: [&str; 15] = [
    "now",
    "today",
    "yesterday",
    "tomorrow",
    "last",
    "ago",
    "noon",
    "midnight",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

const FORM: &str = "try 2h, yesterday 9am, last monday, 2026-11-01T14:30 or now";

/// Returns the moment that the text names, seen from `now` in `zone`.
///
/// # Errors
/// When the text has none of the forms above.
pub fn parse_moment(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, TimeError> {
    let reader = Reader { text, now, zone };
    let lower = text.trim().to_lowercase();
    if lower.is_empty() {
        return Err(reader.fault(text, "is no moment in time", FORM));
    }
    if lower == "now" {
        return Ok(now);
    }
    if let Some(moment) = reader.epoch(&lower)? {
        return Ok(moment);
    }
    if let Some(moment) = reader.relative(&lower)? {
        return Ok(moment);
    }
    if let Some(moment) = reader.dated(text.trim())? {
        return Ok(moment);
    }
    reader.spoken(&lower)
}

struct Reader<'a> {
    text: &'a str,
    now: Timestamp,
    zone: &'a TimeZone,
}

impl Reader<'_> {
    fn fault(&self, word: &str, fault: &'static str, hint: &str) -> TimeError {
        let (text, word, hint) = (self.text.to_owned(), word.to_owned(), hint.to_owned());
        TimeError { kind: Kind::Moment, text, word, fault, hint }
    }

    /// A bare number.
    fn epoch(&self, text: &str) -> Result<Option<Timestamp>, TimeError> {
        if !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') || !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(None);
        }
        let whole = text.split('.').next().unwrap_or(text);
        if whole.len() < EPOCH_DIGITS_MIN {
            let hint = format!("add a unit: {text}m, {text}h or {text}d");
            return Err(self.fault(text, "has no unit", &hint));
        }
        let micros = match text.parse::<i64>() {
            Ok(number) => event_timestamp_integer(number),
            Err(_) => text.parse::<f64>().ok().and_then(event_timestamp_float),
        };
        micros
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .map(Some)
            .ok_or_else(|| self.fault(text, "is no epoch timestamp of the years 1970 to 2261", FORM))
    }

    /// A duration before or after now.
    fn relative(&self, text: &str) -> Result<Option<Timestamp>, TimeError> {
        let (duration, later) = if let Some(duration) = text.strip_suffix("ago") {
            (duration.trim_start_matches('-'), false)
        } else if let Some(duration) = text.strip_prefix("in ") {
            (duration, true)
        } else if let Some(duration) = text.strip_prefix('+') {
            (duration, true)
        } else if let Some(duration) = text.strip_prefix('-') {
            (duration, false)
        } else if is_bare_duration(text) {
            (text, false)
        } else {
            return Ok(None);
        };
        let duration = parse_duration(duration).map_err(|fault| TimeError {
            kind: Kind::Moment,
            text: self.text.to_owned(),
            ..fault
        })?;
        let moment = if later { self.now.checked_add(duration) } else { self.now.checked_sub(duration) };
        moment.map(Some).map_err(|_| self.fault(text, "is too far away", FORM))
    }

    /// A date of the calendar, with a time and a zone or without.
    fn dated(&self, text: &str) -> Result<Option<Timestamp>, TimeError> {
        let bytes = text.as_bytes();
        if bytes.len() < 10 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
            return Ok(None);
        }
        if let Ok(zoned) = text.parse::<jiff::ZonedDateTime>() {
            return Ok(Some(zoned.timestamp()));
        }
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(Some(moment));
        }
        let Some((date_text, time_text)) = text.split_at_checked(10) else {
            return Err(self.fault(text, "is no date", "write YYYY-MM-DD"));
        };
        let date: Date =
            date_text.parse().map_err(|_| self.fault(date_text, "is no date of the calendar", "write YYYY-MM-DD"))?;
        if time_text.is_empty() {
            return self.at(date, Time::midnight()).map(Some);
        }
        if let Ok(local) = text.parse::<DateTime>() {
            return self.at(date, local.time()).map(Some);
        }
        let time_text = time_text.trim_start_matches(['T', 't', ' ']);
        self.at(date, self.time_of_day(&time_text.to_lowercase())?).map(Some)
    }

    /// Names of days and times of day.
    fn spoken(&self, text: &str) -> Result<Timestamp, TimeError> {
        let today = self.now.to_zoned_datetime(self.zone.clone()).date();
        let mut words: Vec<&str> = text.split_whitespace().filter(|&word| word != "at").collect();
        let last = words.first() == Some(&"last");
        if last {
            words.remove(0);
        }
        let first = words.first().copied().unwrap_or("last");
        let date = match (first, weekday(first)) {
            ("today", _) if !last => Some(today),
            ("yesterday", _) if !last => Some(self.shifted(today, -1)?),
            ("tomorrow", _) if !last => Some(self.shifted(today, 1)?),
            (_, Some(day)) => {
                let back = today.weekday().since(day);
                Some(self.shifted(today, -i64::from(if last && back == 0 { 7 } else { back }))?)
            }
            _ => None,
        };
        match date {
            Some(date) if words.len() == 1 => self.at(date, Time::midnight()),
            Some(date) => self.at(date, self.time_of_day(&words[1..].join(" "))?),
            None if last => Err(self.fault(first, "is no weekday", "write last monday, or a duration such as 7d")),
            None if starts_like_a_time(first) => self.at(today, self.time_of_day(&words.join(" "))?),
            None => Err(self.unknown(first)),
        }
    }

    fn unknown(&self, word: &str) -> TimeError {
        match suggest::nearest(word, WORDS) {
            Some(meant) => self.fault(word, "is no moment in time", &format!("did you mean {meant:?}?")),
            None => self.fault(word, "is no moment in time", FORM),
        }
    }

    fn shifted(&self, date: Date, days: i64) -> Result<Date, TimeError> {
        date.checked_add(days.days()).map_err(|_| self.fault(self.text, "is too far away", FORM))
    }

    fn at(&self, date: Date, time: Time) -> Result<Timestamp, TimeError> {
        DateTime::from_parts(date, time)
            .to_zoned_datetime(self.zone.clone())
            .map(|zoned| zoned.timestamp())
            .map_err(|_| self.fault(self.text, "is too far away", FORM))
    }

    /// `9am`, `9:30 pm`, `14:30`, `14:30:05`, `noon`, `midnight`.
    fn time_of_day(&self, text: &str) -> Result<Time, TimeError> {
        match text {
            "noon" => return Ok(Time::constant(12, 0, 0, 0)),
            "midnight" => return Ok(Time::midnight()),
            _ => {}
        }
        let halves = [("am", 0i8), ("pm", 12)];
        let half = halves.into_iter().find_map(|(name, hours)| Some((text.strip_suffix(name)?.trim_end(), hours)));
        let parts = half.map_or(text, |(clock, _)| clock);
        let mut numbers = [0i8; 3];
        let count = parts.split(':').count();
        let well_formed = count <= 3
            && (half.is_some() || count >= 2)
            && parts.split(':').zip(&mut numbers).all(|(part, number)| {
                let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
                digits && part.parse().map(|value| *number = value).is_ok()
            });
        let [hour, minute, second] = numbers;
        let hour = match half {
            None => Some(hour),
            // 12am is midnight and 12pm is noon.
            Some((_, shift)) => (1..=12).contains(&hour).then_some(hour % 12 + shift),
        };
        hour.filter(|_| well_formed)
            .and_then(|hour| Time::new(hour, minute, second, 0).ok())
            .ok_or_else(|| self.fault(text, "is no time of day", "write 14:30, 9am or noon"))
    }
}

/// Tells whether the text begins with a number and a unit, and is not a time such as 9am or a date.
fn is_bare_duration(text: &str) -> bool {
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let unit = after.trim_start();
    after.len() < text.len() && unit.starts_with(char::is_alphabetic) && !["am", "pm"].contains(&unit)
}

fn starts_like_a_time(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || word == "noon" || word == "midnight"
}

/// Returns the weekday that a name or its first three or more letters stand for.
fn weekday(word: &str) -> Option<Weekday> {
    const LETTERS_MIN: usize = 3;
    WEEKDAYS.iter().find(|(name, _)| word.len() >= LETTERS_MIN && name.starts_with(word)).map(|&(_, day)| day)
}

#[cfg(test)]
mod tests;
