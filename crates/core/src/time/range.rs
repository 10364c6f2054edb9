//! A range of time, from the words that commands and routes take.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Kind, TimeError, parse_moment, short_duration};

/// How far a range around a moment reaches to either side.
pub const AROUND: Duration = Duration::from_secs(15 * 60);

/// From `since` inclusive to `until` exclusive; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    since: Timestamp,
    until: Timestamp,
}

/// What somebody said about the range. All of it is optional; `around` goes with neither of the others.
#[derive(Debug, Clone, Copy, Default)]
pub struct RangeWords<'a> {
    pub since: Option<&'a str>,
    pub until: Option<&'a str>,
    pub around: Option<&'a str>,
}

impl Range {
    /// Returns the range between two moments.
    ///
    /// # Errors
    /// When `since` is not before `until`.
    pub fn new(since: Timestamp, until: Timestamp) -> Result<Self, TimeError> {
        if since < until {
            return Ok(Self { since, until });
        }
        Err(TimeError {
            kind: Kind::Range,
            text: since.to_string(),
            word: since.to_string(),
            fault: "is not before the end of the range",
            hint: format!("the range ends at {until}: give an earlier --since or a later --until"),
        })
    }

    /// Returns the range that the words name. Without `until` it ends now, without `since` it is `span` long.
    ///
    /// # Errors
    /// When a word is no moment, the range is empty, or `around` comes with another word.
    pub fn resolve(words: RangeWords<'_>, span: Duration, now: Timestamp, zone: &TimeZone) -> Result<Self, TimeError> {
        if let Some(around) = words.around {
            if words.since.is_some() || words.until.is_some() {
                return Err(TimeError {
                    kind: Kind::Range,
                    text: around.to_owned(),
                    word: around.to_owned(),
                    fault: "is already a whole range",
                    hint: format!(
                        "--around takes {} to either side: leave --since and --until out",
                        short_duration(AROUND)
                    ),
                });
            }
            let middle = parse_moment(around, now, zone)?;
            return Self::new(earlier(middle, AROUND), later(middle, AROUND));
        }
        let until = words.until.map_or(Ok(now), |text| parse_moment(text, now, zone))?;
        let since = words.since.map_or(Ok(earlier(until, span)), |text| parse_moment(text, now, zone))?;
        Self::new(since, until)
    }

    /// Returns the first moment inside.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns the first moment after it.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Returns its length.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.until.duration_since(self.since).unsigned_abs()
    }

    /// Returns both ends in microseconds since 1970, rounded up: events are stored in whole microseconds, so that the
    /// rounded range holds the same ones.
    #[must_use]
    pub fn micros(&self) -> (i64, i64) {
        (micros_up(self.since), micros_up(self.until))
    }
}

/// Shows both ends as RFC 3339 in UTC, as commands echo them.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.since, self.until)
    }
}

fn micros_up(moment: Timestamp) -> i64 {
    let micros = moment.as_nanosecond().div_euclid(1_000) + i128::from(moment.as_nanosecond().rem_euclid(1_000) != 0);
    i64::try_from(micros).expect("jiff's range fits into 64 bits of microseconds")
}

fn earlier(moment: Timestamp, by: Duration) -> Timestamp {
    moment.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(moment: Timestamp, by: Duration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::{Range, RangeWords};

    const HOUR: Duration = Duration::from_secs(3_600);

    fn resolve<'a>(since: &'a str, until: &'a str, around: &'a str) -> Result<String, String> {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let word = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let words = RangeWords { since: word(since), until: word(until), around: word(around) };
        Range::resolve(words, HOUR, now, &TimeZone::UTC).map(|r| r.to_string()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_is_not_said_is_the_last_span_until_now() {
        let check = |since, until, around, expected: &str| {
            assert_eq!(resolve(since, until, around), Ok(expected.to_owned()), "{since:?} {until:?} {around:?}");
        };
        check("", "", "", "2026-11-23T11:00:00Z to 2026-11-23T12:00:00Z");
        check("2h", "", "", "2026-11-23T10:00:00Z to 2026-11-23T12:00:00Z");
        check("", "yesterday", "", "2026-11-21T23:00:00Z to 2026-11-22T00:00:00Z");
        check("yesterday 9am", "yesterday 10am", "", "2026-11-22T09:00:00Z to 2026-11-22T10:00:00Z");
        check("", "", "10:00", "2026-11-23T09:45:00Z to 2026-11-23T10:15:00Z");
    }

    #[test]
    fn a_range_that_holds_nothing_is_refused() {
        let check = |since, until, around, part: &str| {
            let message = resolve(since, until, around).unwrap_err();
            assert!(message.contains(part), "{message:?} does not say {part:?}");
        };
        check("now", "", "", "is not before the end");
        check("today", "yesterday", "", "is not before the end");
        check("1h", "", "10:00", "is already a whole range");
        check("yesturday", "", "", "is no moment in time");
    }

    #[test]
    fn whole_microseconds_hold_the_same_events() {
        let at = |nanos| Timestamp::from_nanosecond(nanos).unwrap();
        assert_eq!(Range::new(at(1_000), at(2_000)).unwrap().micros(), (1, 2));
        assert_eq!(Range::new(at(1_001), at(2_001)).unwrap().micros(), (2, 3));
        assert_eq!(Range::new(at(-1_500), at(0)).unwrap().micros(), (-1, 0));
        assert_eq!(Range::new(at(0), at(3_600_000_000_000)).unwrap().span(), HOUR);
    }
}
