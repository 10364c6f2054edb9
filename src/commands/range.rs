//! The time flags of every command that asks about the past.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use streamflow_core::time::{self, RangeWords, TimeError, short_duration};

use super::Session;
use crate::client::Request;
use crate::printer::CommandError;

/// Which time is asked about.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Time")]
pub(super) struct RangeArgs {
    /// Start: 2h, yesterday 9am, 2026-11-23, RFC 3339 (streamflow help time)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// End; now unless given
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// A quarter of an hour to either side of this moment
    #[arg(long, value_name = "TIME", conflicts_with_all = ["since", "until", "last"], hide_short_help = true)]
    around: Option<String>,
    /// The last so much time: 30m, 24h, 7d
    #[arg(long, value_name = "DURATION", conflicts_with = "since")]
    last: Option<String>,
    /// Time zone of days, and of times that name none, such as Europe/Oslo; UTC unless given
    #[arg(long, value_name = "ZONE", hide_short_help = true)]
    tz: Option<String>,
}

/// A range of time, and the zone that days begin in.
#[derive(Debug, Clone)]
pub(super) struct Range {
    range: time::Range,
    zone: Option<String>,
}

impl RangeArgs {
    /// Returns the range that the flags name, `span` long up to now if they name none, and says on stderr which it is.
    ///
    /// # Errors
    /// When a flag is no time, or the range is empty.
    pub(super) fn resolve(&self, span: Duration, session: &Session) -> Result<Range, CommandError> {
        let range = self.resolve_at(span, now(session))?;
        session.printer().talk(format_args!("from {} to {}", range.since(), range.until()));
        Ok(range)
    }

    /// Returns the first moment and the one after the last that the flags name, each none where it is not said; says on
    /// stderr which they are.
    ///
    /// # Errors
    /// As [`RangeArgs::resolve`].
    pub(super) fn bounds(&self, session: &Session) -> Result<(Option<String>, Option<String>), CommandError> {
        let starts = [&self.since, &self.last, &self.around].into_iter().any(Option::is_some);
        if !starts && self.until.is_none() {
            return Ok((None, None));
        }
        let range = self.resolve_at(Duration::from_secs(1), now(session))?;
        let since = starts.then(|| range.since());
        let from = since.as_deref().unwrap_or("the first event");
        session.printer().talk(format_args!("from {from} to {}", range.until()));
        Ok((since, Some(range.until())))
    }

    fn resolve_at(&self, span: Duration, now: Timestamp) -> Result<Range, CommandError> {
        let zone = self.zone()?;
        let words = RangeWords {
            since: self.since.as_deref().or(self.last.as_deref()),
            until: self.until.as_deref(),
            around: self.around.as_deref(),
        };
        if let Some(last) = &self.last {
            time::parse_duration(last).map_err(|error| wrong(&error))?;
        }
        let range = time::Range::resolve(words, span, now, &zone).map_err(|error| wrong(&error))?;
        Ok(Range { range, zone: self.tz.clone() })
    }

    fn zone(&self) -> Result<TimeZone, CommandError> {
        let Some(name) = &self.tz else { return Ok(TimeZone::UTC) };
        TimeZone::get(name).map_err(|_| {
            CommandError::usage(format!("unknown time zone {name:?}"))
                .with_hint("zones are named like Europe/Oslo or UTC")
        })
    }
}

impl Range {
    /// Adds the range to a question.
    pub(super) fn ask(&self, request: Request) -> Request {
        request.query("since", &self.since()).query("until", &self.until()).query_opt("tz", self.zone.as_deref())
    }

    /// Tells whether everything from `first` to `last`, in RFC 3339, is outside.
    pub(super) fn excludes(&self, first: &str, last: &str) -> bool {
        let (Ok(first), Ok(last)) = (first.parse::<Timestamp>(), last.parse::<Timestamp>()) else { return false };
        last < self.range.since() || first >= self.range.until()
    }

    pub(super) fn since(&self) -> String {
        self.range.since().to_string()
    }

    pub(super) fn until(&self) -> String {
        self.range.until().to_string()
    }
}

/// Returns the moment that a flag names, in UTC where it names no zone.
///
/// # Errors
/// When the text is no time.
pub(super) fn moment(text: Option<&str>, session: &Session) -> Result<Option<Timestamp>, CommandError> {
    text.map(|text| time::parse_moment(text, now(session), &TimeZone::UTC).map_err(|error| wrong(&error))).transpose()
}

/// Returns the moments a little before and after the one that a flag names.
///
/// # Errors
/// As [`moment`].
pub(super) fn around(text: &str, session: &Session) -> Result<(Timestamp, Timestamp), CommandError> {
    let words = RangeWords { since: None, until: None, around: Some(text) };
    let range = time::Range::resolve(words, Duration::from_secs(1), now(session), &TimeZone::UTC);
    range.map(|range| (range.since(), range.until())).map_err(|error| wrong(&error))
}

/// Returns the time of this call.
pub(super) fn now(session: &Session) -> Timestamp {
    Timestamp::from_microsecond(session.now()).unwrap_or(Timestamp::MAX)
}

fn wrong(error: &TimeError) -> CommandError {
    CommandError::usage(error.to_string()).with_hint(error.hint.clone())
}

/// Reads a duration argument in the grammar of all times and hands it on in the form that the server reads.
pub(super) fn duration_argument(text: &str) -> Result<String, String> {
    time::parse_duration(text).map(short_duration).map_err(|error| format!("{error}; {}", error.hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T12:00:00Z";
    const DAY: Duration = Duration::from_secs(86_400);

    fn check(args: RangeArgs, expected: Result<(&str, &str), &str>) {
        let range = args.resolve_at(DAY, NOW.parse().unwrap());
        let found = range.map(|range| (range.since(), range.until())).map_err(|error| error.message);
        let expected = expected.map(|(since, until)| (since.to_owned(), until.to_owned())).map_err(str::to_owned);
        assert_eq!(found, expected);
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn flags_become_an_absolute_range() {
        check(RangeArgs::default(), Ok(("2026-11-22T12:00:00Z", NOW)));
        check(RangeArgs { last: text("2h"), ..Default::default() }, Ok(("2026-11-23T10:00:00Z", NOW)));
        check(
            RangeArgs { since: text("yesterday 9am"), until: text("1h"), ..Default::default() },
            Ok(("2026-11-22T09:00:00Z", "2026-11-23T11:00:00Z")),
        );
        check(
            RangeArgs { since: text("2026-11-23"), tz: text("Europe/Oslo"), ..Default::default() },
            Ok(("2026-11-22T23:00:00Z", NOW)),
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        check(RangeArgs { tz: text("Mars/Olympus"), ..Default::default() }, Err("unknown time zone \"Mars/Olympus\""));
        assert!(
            RangeArgs { last: text("yesterday"), ..Default::default() }.resolve_at(DAY, NOW.parse().unwrap()).is_err()
        );
        assert!(
            RangeArgs { since: text("1h"), until: text("2h"), ..Default::default() }
                .resolve_at(DAY, NOW.parse().unwrap())
                .is_err()
        );
    }

    #[test]
    fn a_range_knows_what_lies_outside() {
        let range = RangeArgs { last: text("2h"), ..Default::default() }.resolve_at(DAY, NOW.parse().unwrap()).unwrap();
        assert!(range.excludes("2026-01-01T00:00:00Z", "2026-11-23T09:59:59Z"));
        assert!(range.excludes("2026-11-23T12:00:00Z", "2027-01-01T00:00:00Z"));
        assert!(!range.excludes("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"));
        assert!(!range.excludes("nonsense", ""));
    }
}
