//! Reads which events a question is about: time range, time zone, filter.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use streamflow_core::question::{QuestionError, Scope, Zone};
use streamflow_core::time::{Range, RangeWords, TimeError, parse_duration};

use crate::server::error::ApiError;
use crate::server::{filters, parameters};

const HOUR: Duration = Duration::from_secs(3_600);

/// Longest `hours=`: ten years.
const HOURS_MAX: u64 = 87_660;

/// The words that all questions have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) hours: Option<&'a str>,
    pub(super) since: Option<&'a str>,
    pub(super) until: Option<&'a str>,
    pub(super) tz: Option<&'a str>,
    pub(super) filter: Option<&'a str>,
}

/// Takes the words out of any question's parameters, which all name them alike.
macro_rules! words {
    ($parameters:expr) => {
        $crate::server::analytics::scope::Words {
            hours: $parameters.hours.as_deref(),
            since: $parameters.since.as_deref(),
            until: $parameters.until.as_deref(),
            tz: $parameters.tz.as_deref(),
            filter: $parameters.filter.as_deref(),
        }
    };
}
pub(super) use words;

/// Which events, and in which time zone days begin.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) scope: Scope,
    pub(super) zone: Zone,
    pub(super) time_zone: TimeZone,
}

impl Asked {
    /// Reads the words, seen from `now`; without any the range is the last `hours_default` hours.
    ///
    /// # Errors
    /// When a word is wrong.
    pub(super) fn read(words: Words<'_>, hours_default: u64, now: Timestamp) -> Result<Self, ApiError> {
        if let (Some(hours), Some(_)) = (words.hours, words.since) {
            return Err(ApiError::parameter("hours", hours, "since is given too: give one of them"));
        }
        let hours = parameters::number("hours", words.hours, hours_default, 1..=HOURS_MAX)?;
        let span = HOUR.saturating_mul(u32::try_from(hours).unwrap_or(u32::MAX));
        let time_zone = time_zone(words.tz)?;
        let range_words = RangeWords { since: words.since, until: words.until, around: None };
        let range = Range::resolve(range_words, span, now, &time_zone).map_err(|error| wrong_time(&words, error))?;
        if let Some(filter) = words.filter {
            filters::condition(filter)?;
        }
        let scope = match words.filter {
            Some(filter) => Scope::new(range).with_filter(filter).map_err(wrong_question)?,
            None => Scope::new(range),
        };
        Ok(Self { scope, zone: Zone::new(time_zone.clone()).map_err(wrong_question)?, time_zone })
    }
}

/// Reads a time zone by its name.
///
/// # Errors
/// When there is none of that name.
pub(super) fn time_zone(name: Option<&str>) -> Result<TimeZone, ApiError> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        ApiError::parameter("tz", name, "no such time zone").hint("name it as Europe/Oslo, America/New_York or UTC")
    })
}

/// Reads a duration such as `30m`.
///
/// # Errors
/// When the text is none.
pub(super) fn duration(name: &str, text: Option<&str>, default: Duration) -> Result<Duration, ApiError> {
    let Some(text) = text else { return Ok(default) };
    parse_duration(text).map_err(|error| ApiError::parameter(name, text, &error.to_string()).hint(error.hint))
}

/// Says which of the words a time error is about.
fn wrong_time(words: &Words<'_>, error: TimeError) -> ApiError {
    let name = if words.until == Some(error.text.as_str()) { "until" } else { "since" };
    named_time(name, words.since.or(words.until).unwrap_or_default(), error)
}

/// Turns a time error into an answer about a parameter.
pub(super) fn named_time(name: &str, value: &str, error: TimeError) -> ApiError {
    ApiError::parameter(name, value, &error.to_string()).hint(error.hint)
}

/// Turns a question's own complaint into an answer.
pub(super) fn wrong_question(error: QuestionError) -> ApiError {
    ApiError::new(error.code, error.to_string())
        .details(serde_json::json!({ "parameter": error.param }))
        .hint(error.hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: Words<'_>) -> Result<String, String> {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        match Asked::read(words, 24, now) {
            Ok(asked) => Ok(asked.scope.range().to_string()),
            Err(error) => Err(error.body("r").error.message),
        }
    }

    const NONE: Words<'_> = Words { hours: None, since: None, until: None, tz: None, filter: None };

    #[test]
    fn range_is_the_last_hours_or_what_is_said() {
        let check = |words, expected: &str| assert_eq!(read(words), Ok(expected.to_owned()));
        check(NONE, "2026-11-22T12:00:00Z to 2026-11-23T12:00:00Z");
        check(Words { hours: Some("1"), ..NONE }, "2026-11-23T11:00:00Z to 2026-11-23T12:00:00Z");
        check(Words { since: Some("2026-11-01"), ..NONE }, "2026-11-01T00:00:00Z to 2026-11-23T12:00:00Z");
        let oslo = Words { since: Some("2026-11-01"), tz: Some("Europe/Oslo"), ..NONE };
        check(oslo, "2026-10-31T23:00:00Z to 2026-11-23T12:00:00Z");
    }

    #[test]
    fn wrong_word_is_named() {
        let check = |words, start: &str| {
            let message = read(words).unwrap_err();
            assert!(message.starts_with(start), "{message}");
        };
        check(Words { hours: Some("0"), ..NONE }, "hours=\"0\"");
        check(Words { hours: Some("soon"), ..NONE }, "hours=\"soon\"");
        check(Words { hours: Some("1"), since: Some("2h"), ..NONE }, "hours=\"1\"");
        check(Words { since: Some("someday"), ..NONE }, "since=\"someday\"");
        check(Words { until: Some("someday"), ..NONE }, "until=\"someday\"");
        check(Words { tz: Some("Mars/Olympus"), ..NONE }, "tz=\"Mars/Olympus\"");
    }
}
