//! Limits of the questions, where buckets begin, and how rows become answers. What the SQL answers is tested in the
//! engine, against a slow and obvious reckoning.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{
    BUCKETS_MAX, Cohort, Distribution, Funnel, Interval, PathOf, Paths, Period, QuestionError, Retention, Scope,
    Sessions, Subject, Top, Trends, Zone,
};
use crate::time::Range;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn scope(since: &str, until: &str) -> Scope {
    Scope::new(Range::new(since.parse().unwrap(), until.parse().unwrap()).unwrap())
}

fn day() -> Scope {
    scope("2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z")
}

/// A zone that needs no database, with the daylight saving of central Europe: built from a file's bytes, it would have
/// a name; here only buckets are asked for, and they need none.
fn zurich() -> Zone {
    Zone { zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap(), name: "Europe/Zurich".to_owned() }
}

#[track_caller]
fn check_starts(scope: Scope, length: Duration, zone: Zone, expected: &[&str]) {
    let trends = Trends::new(scope, Interval::new(length).unwrap(), "type", zone).unwrap();
    let found: Vec<String> = trends.starts().iter().map(Timestamp::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn buckets_cover_the_range_and_begin_on_the_clock() {
    check_starts(
        scope("2026-11-23T10:30:00Z", "2026-11-23T13:00:00Z"),
        HOUR,
        Zone::utc(),
        &["2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", "2026-11-23T12:00:00Z"],
    );
    check_starts(
        scope("2026-11-23T10:30:00Z", "2026-11-23T10:30:01Z"),
        90 * 60 * Duration::from_secs(1),
        Zone::utc(),
        &["2026-11-23T10:30:00Z"],
    );
    check_starts(day(), DAY, Zone::utc(), &["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"]);
    check_starts(day(), 7 * DAY, Zone::utc(), &["2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"]);
}

#[test]
fn days_and_weeks_follow_the_clocks_of_the_zone() {
    check_starts(
        scope("2026-03-28T12:00:00Z", "2026-03-31T00:00:00Z"),
        DAY,
        zurich(),
        &["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"],
    );
    check_starts(
        scope("2026-10-20T12:00:00Z", "2026-10-27T12:00:00Z"),
        7 * DAY,
        zurich(),
        &["2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"],
    );
}

#[test]
fn a_calendar_is_only_asked_where_a_clock_changes() {
    let sql = |since, until| Trends::new(scope(since, until), Interval::Day, "type", zurich()).unwrap().sql();
    assert!(sql("2026-03-28T12:00:00Z", "2026-03-31T00:00:00Z").contains("date_trunc('day'"));
    assert!(!sql("2026-11-01T12:00:00Z", "2026-11-23T00:00:00Z").contains("date_trunc"));
}

#[test]
fn buckets_without_events_are_there() {
    let range = scope("2026-11-23T10:30:00Z", "2026-11-23T13:00:00Z");
    let trends = Trends::new(range, Interval::new(HOUR).unwrap(), "type", Zone::utc()).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let row = |time: &str, name: &str, events| (at(time).as_microsecond(), name.to_owned(), events);
    let buckets = trends.fill([
        row("2026-11-23T10:00:00Z", "a", 3),
        row("2026-11-23T10:00:00Z", "b", 1),
        row("2026-11-23T12:00:00Z", "a", 2),
    ]);
    let totals: Vec<(String, i64, usize)> =
        buckets.iter().map(|bucket| (bucket.timestamp.to_string(), bucket.total, bucket.types.len())).collect();
    let expected = [("2026-11-23T10:00:00Z", 4, 2), ("2026-11-23T11:00:00Z", 0, 0), ("2026-11-23T12:00:00Z", 2, 1)];
    assert_eq!(totals, expected.map(|(time, total, types)| (time.to_owned(), total, types)));
    assert_eq!(trends.fill([]).iter().map(|bucket| bucket.total).sum::<i64>(), 0);
}

#[test]
fn a_retention_matrix_has_every_period_no_future_and_no_line_of_zeros() {
    let retention =
        Retention::new(scope("2026-11-20T08:00:00Z", "2026-11-23T00:00:00Z"), Period::Day, Zone::utc()).unwrap();
    let matrix =
        retention.matrix([("2026-11-20", 0, 5), ("2026-11-20", 2, 2), ("2026-11-22", 0, 1), ("2026-11-30", 0, 9)]);
    let line = |date: &str, users, retained: &[i64]| Cohort {
        cohort: date.parse().unwrap(),
        users,
        retained: retained.to_vec(),
    };
    assert_eq!(matrix, [line("2026-11-20", 5, &[5, 0, 2]), line("2026-11-22", 1, &[1])]);

    let weeks =
        Retention::new(scope("2026-11-20T08:00:00Z", "2026-11-24T00:00:00Z"), Period::Week, Zone::utc()).unwrap();
    assert_eq!(weeks.matrix([("2026-11-16", 1, 4)]), [line("2026-11-16", 0, &[0, 4])]);
}

#[track_caller]
fn check_fault<T: std::fmt::Debug>(result: Result<T, QuestionError>, message: &str, hint: &str) {
    let fault = result.unwrap_err();
    assert_eq!((fault.to_string().as_str(), fault.hint.as_str()), (message, hint));
}

#[test]
fn parameters_out_of_their_limits_are_named_with_the_limits() {
    let funnel = |steps: &[&str], within| Funnel::new(day(), steps.iter().copied(), within);
    check_fault(funnel(&["a"], DAY), "steps has 1 of them", "choose a number from 2 to 10");
    check_fault(funnel(&["a"; 11], DAY), "steps has 11 of them", "choose a number from 2 to 10");
    check_fault(funnel(&["a", " "], DAY), "steps has an empty step", "write steps as web.pageview,web.click");
    check_fault(funnel(&["a", "b"], Duration::ZERO), "within is 0s", "choose a duration from 1us to 52w2d");
    check_fault(
        funnel(&["a", "severity=hihg"], DAY),
        "steps is wrong: \"severity=hihg\" names no severity",
        "did you mean \"high\"?",
    );
    check_fault(Top::new(day(), Subject::Pages, 0), "limit is 0", "choose a number from 1 to 1000");
    check_fault(Distribution::new(day(), "brwoser"), "by is \"brwoser\"", "did you mean \"browser\"?");
    check_fault(Distribution::new(day(), "x"), "by is \"x\"", "choose one of device_type, os, browser, country");
    check_fault(Sessions::new(day(), Duration::from_millis(1)), "gap is 1ms", "choose a duration from 1s to 1w");
    let sessions = Sessions::new(day(), HOUR).unwrap();
    check_fault(Paths::new(sessions, PathOf::Types, 21, 10), "depth is 21", "choose a number from 1 to 20");
    check_fault(Interval::new(Duration::from_millis(5)), "interval is 5ms", "choose one second or more");
    let year = || scope("2026-01-01T00:00:00Z", "2027-06-01T00:00:00Z");
    check_fault(
        Trends::new(year(), Interval::new(Duration::from_secs(60)).unwrap(), "type", Zone::utc()),
        &format!("interval makes more than {BUCKETS_MAX} buckets of this range"),
        "choose a longer interval or a shorter range",
    );
    check_fault(
        Retention::new(year(), Period::Day, Zone::utc()),
        "period makes more than 400 cohorts of this range",
        "choose weeks or a shorter range",
    );
    check_fault(
        Zone::new(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()),
        "tz has no name",
        "name it as Europe/Zurich or UTC",
    );
}

#[test]
fn a_fixed_offset_is_a_zone() {
    let zone = Zone::new(TimeZone::fixed(jiff::tz::offset(2))).unwrap();
    assert_eq!(zone.name(), "+02");
    assert_eq!(Zone::new(TimeZone::UTC).unwrap().name(), "UTC");
}

#[test]
fn a_step_is_a_type_or_a_filter_and_cannot_leave_its_quotes() {
    let sql = Funnel::new(day(), ["web.pageview", "type=web.click page=/cart", "it's"], DAY);
    assert!(sql.is_ok_and(|funnel| {
        let sql = funnel.sql();
        sql.contains("(\"type\" = 'web.pageview'\n")
            && sql.contains("data.\"page\" = '/cart'")
            && sql.contains("(3, 'it''s')")
    }));
}

#[test]
fn a_filter_narrows_every_question_and_a_comment_in_it_ends() {
    let scope = day().with_filter("type = 'a' -- only these").unwrap();
    assert!(scope.condition().ends_with("AND (type = 'a' -- only these\n)"));
    assert!(!day().with_filter("  ").unwrap().condition().contains("true"));
    let fault = day().with_filter("severity=hihg").unwrap_err();
    assert_eq!((fault.param, fault.code), ("filter", "invalid_filter"));
}
