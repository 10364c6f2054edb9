//! Buckets of time: where each begins, in a time zone, and the SQL that finds an event's bucket.

use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{MICROS, QuestionError};
use crate::time::{Range, short_duration};

/// The most buckets of an answer: more than a screen or a chart can show, and enough for a week of minutes.
pub const BUCKETS_MAX: usize = 10_100;

const INTERVAL_MIN: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// How long a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Always the same time, counted from local midnight of the range's first day.
    Fixed(Duration),
    /// A day of the calendar: 23 or 25 hours where the clocks change.
    Day,
    /// A week of the calendar, from Monday.
    Week,
}

impl Interval {
    /// Returns the interval of a length: a day and a week follow the calendar.
    ///
    /// # Errors
    /// When it is shorter than a second.
    pub fn new(length: Duration) -> Result<Self, QuestionError> {
        match length {
            DAY => Ok(Self::Day),
            WEEK => Ok(Self::Week),
            length if length >= INTERVAL_MIN && length.subsec_nanos().is_multiple_of(1_000) => Ok(Self::Fixed(length)),
            length => Err(QuestionError::new(
                "interval",
                format!("is {}", short_duration(length)),
                "choose one second or more",
            )),
        }
    }
}

/// A time zone with the name by which SQL knows it.
#[derive(Debug, Clone)]
pub struct Zone {
    pub(super) zone: TimeZone,
    pub(super) name: String,
}

impl Zone {
    /// Returns UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// Returns a zone that has a name or a fixed offset.
    ///
    /// # Errors
    /// When it has neither, so that SQL could not be told which it is.
    pub fn new(zone: TimeZone) -> Result<Self, QuestionError> {
        let fixed = || zone.to_fixed_offset().ok().map(|offset| offset.to_string());
        let name = zone.iana_name().map(str::to_owned).or_else(fixed);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+' | ':');
        match name {
            Some(name) if name.chars().all(plain) => Ok(Self { zone, name }),
            _ => Err(QuestionError::new("tz", "has no name", "name it as Europe/Zurich or UTC")),
        }
    }

    /// Returns the name by which SQL knows the zone.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the date at a moment.
    pub(super) fn date(&self, moment: Timestamp) -> Date {
        self.zone.to_datetime(moment).date()
    }

    /// Returns the event time in this zone as SQL.
    pub(super) fn local_sql(&self) -> String {
        format!(r#"arrow_cast("timestamp", 'Timestamp(Microsecond, Some("{}"))')"#, self.name)
    }

    fn midnight(&self, date: Date) -> Option<Timestamp> {
        Some(date.to_zoned_datetime(self.zone.clone()).ok()?.timestamp())
    }
}

/// Returns where each bucket of the range begins, the first at or before the range's start.
pub(super) fn starts(range: Range, interval: Interval, zone: &Zone) -> Result<Vec<Timestamp>, QuestionError> {
    let too_many = || {
        let fault = format!("makes more than {BUCKETS_MAX} buckets of this range");
        QuestionError::new("interval", fault, "choose a longer interval or a shorter range")
    };
    let too_far = || QuestionError::new("since", "is outside the calendar", "choose a year from 1970 to 2261");
    let mut date = zone.date(range.since());
    if interval == Interval::Week {
        date = date.checked_sub(i64::from(date.weekday().since(Weekday::Monday)).days()).map_err(|_| too_far())?;
    }
    let first = zone.midnight(date).ok_or_else(too_far)?;
    if let Interval::Fixed(length) = interval {
        return fixed_starts(range, first, length).ok_or_else(too_many);
    }
    let days = if interval == Interval::Week { 7 } else { 1 };
    let mut starts = vec![first];
    loop {
        date = date.checked_add(days.days()).map_err(|_| too_far())?;
        let start = zone.midnight(date).ok_or_else(too_far)?;
        if start >= range.until() {
            return Ok(starts);
        }
        if starts.len() == BUCKETS_MAX {
            return Err(too_many());
        }
        starts.push(start);
    }
}

fn fixed_starts(range: Range, midnight: Timestamp, length: Duration) -> Option<Vec<Timestamp>> {
    let length = i64::try_from(length.as_micros()).ok()?;
    let (since, until) = range.micros();
    let midnight = midnight.as_microsecond();
    let first = midnight + (since - midnight).div_euclid(length) * length;
    let count = (until - first + length - 1) / length;
    (usize::try_from(count).ok()? <= BUCKETS_MAX)
        .then(|| (0..count).map(|index| Timestamp::from_microsecond(first + index * length)))?
        .collect::<Result<_, _>>()
        .ok()
}

/// Returns the start of an event's bucket as SQL, in microseconds.
pub(super) fn start_sql(starts: &[Timestamp], interval: Interval, zone: &Zone) -> String {
    let unit = match interval {
        Interval::Fixed(length) => return evenly(starts, length),
        Interval::Day => (DAY, "day"),
        Interval::Week => (WEEK, "week"),
    };
    let even = starts.windows(2).all(|pair| pair[1].duration_since(pair[0]).unsigned_abs() == unit.0);
    // Whole numbers are faster than a calendar, and right as long as no clock changes between the first start and the
    // last. A change inside the last bucket moves no start.
    if even {
        evenly(starts, unit.0)
    } else {
        format!("CAST(date_trunc('{}', {}) AS BIGINT)", unit.1, zone.local_sql())
    }
}

fn evenly(starts: &[Timestamp], length: Duration) -> String {
    let first = starts.first().map_or(0, |start| start.as_microsecond());
    let last = starts.last().map_or(0, |start| start.as_microsecond());
    let length = length.as_micros();
    // The last bucket may be longer than the others by the hour that a clock was set back.
    format!("least({first} + ({MICROS} - {first}) / {length} * {length}, {last})")
}
