//! What each form of a moment means, and what is said about a form that there is not.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::parse_moment;

/// A Monday, at noon in UTC and one in the afternoon in Zurich.
const NOW: &str = "2026-11-23T12:00:00Z";

fn zurich() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let found = parse_moment(text, NOW.parse().unwrap(), &zurich()).map(|moment| moment.to_string());
    assert_eq!(found, Ok(expected.to_owned()), "for {text:?}");
}

#[track_caller]
fn check_fault(text: &str, message: &str, hint: &str) {
    let fault = parse_moment(text, NOW.parse().unwrap(), &zurich()).unwrap_err();
    assert_eq!((fault.to_string().as_str(), fault.hint.as_str()), (message, hint), "for {text:?}");
}

#[test]
fn durations_count_back_from_now() {
    check("now", "2026-11-23T12:00:00Z");
    check(" NOW ", "2026-11-23T12:00:00Z");
    check("2h", "2026-11-23T10:00:00Z");
    check("-2h", "2026-11-23T10:00:00Z");
    check("90m", "2026-11-23T10:30:00Z");
    check("1h30m", "2026-11-23T10:30:00Z");
    check("1h30m ago", "2026-11-23T10:30:00Z");
    check("2 days ago", "2026-11-21T12:00:00Z");
    check("1 day", "2026-11-22T12:00:00Z");
    check("5min", "2026-11-23T11:55:00Z");
    check("500ms ago", "2026-11-23T11:59:59.5Z");
    check("+2h", "2026-11-23T14:00:00Z");
    check("in 2 hours", "2026-11-23T14:00:00Z");
}

#[test]
fn days_are_those_of_the_zone() {
    check("today", "2026-11-22T23:00:00Z");
    check("yesterday", "2026-11-21T23:00:00Z");
    check("tomorrow", "2026-11-23T23:00:00Z");
    check("yesterday 9am", "2026-11-22T08:00:00Z");
    check("Yesterday at 9 AM", "2026-11-22T08:00:00Z");
    check("today 14:30", "2026-11-23T13:30:00Z");
    check("today 14:30:05", "2026-11-23T13:30:05Z");
    check("today noon", "2026-11-23T11:00:00Z");
    check("14:30", "2026-11-23T13:30:00Z");
    check("9am", "2026-11-23T08:00:00Z");
    check("9:15 pm", "2026-11-23T20:15:00Z");
    check("noon", "2026-11-23T11:00:00Z");
    check("12am", "2026-11-22T23:00:00Z");
    check("12pm", "2026-11-23T11:00:00Z");
}

#[test]
fn a_weekday_is_its_latest_one() {
    check("monday", "2026-11-22T23:00:00Z");
    check("last monday", "2026-11-15T23:00:00Z");
    check("last monday 9am", "2026-11-16T08:00:00Z");
    check("sunday", "2026-11-21T23:00:00Z");
    check("last sunday", "2026-11-21T23:00:00Z");
    check("tue 10:00", "2026-11-17T09:00:00Z");
    check("Friday", "2026-11-19T23:00:00Z");
}

#[test]
fn dates_without_a_zone_are_local() {
    check("2026-11-01", "2026-10-31T23:00:00Z");
    check("2026-07-01", "2026-06-30T22:00:00Z");
    check("2026-11-01 14:30", "2026-11-01T13:30:00Z");
    check("2026-11-01T14:30", "2026-11-01T13:30:00Z");
    check("2026-11-01 9am", "2026-11-01T08:00:00Z");
    check("2026-11-01T14:30:05.25", "2026-11-01T13:30:05.25Z");
    check("2026-11-01T14:30:05Z", "2026-11-01T14:30:05Z");
    check("2026-11-01t14:30:05z", "2026-11-01T14:30:05Z");
    check("2026-11-01T14:30:05+05:30", "2026-11-01T09:00:05Z");
    check("2026-11-01 14:30:05-08:00", "2026-11-01T22:30:05Z");
}

#[test]
fn a_skipped_hour_moves_forward_and_a_repeated_one_is_the_first() {
    check("2026-03-29 02:30", "2026-03-29T01:30:00Z");
    check("2026-10-25 02:30", "2026-10-25T00:30:00Z");
}

#[test]
fn long_numbers_are_epochs_of_any_unit() {
    check("1700000000", "2023-11-14T22:13:20Z");
    check("1700000000.5", "2023-11-14T22:13:20.5Z");
    check("1700000000000", "2023-11-14T22:13:20Z");
    check("1700000000000000", "2023-11-14T22:13:20Z");
    check("1700000000000000000", "2023-11-14T22:13:20Z");
}

#[test]
fn faults_name_the_word_and_the_next_step() {
    let forms = super::FORM;
    check_fault("", "\"\" is no moment in time", forms);
    check_fault("yesturday", "\"yesturday\" is no moment in time", "did you mean \"yesterday\"?");
    check_fault(
        "yesturday 9am",
        "\"yesturday\" is no moment in time (in \"yesturday 9am\")",
        "did you mean \"yesterday\"?",
    );
    check_fault("banana", "\"banana\" is no moment in time", forms);
    check_fault("yesterday 9xm", "\"9xm\" is no time of day (in \"yesterday 9xm\")", "write 14:30, 9am or noon");
    check_fault("yesterday 25:00", "\"25:00\" is no time of day (in \"yesterday 25:00\")", "write 14:30, 9am or noon");
    check_fault("13pm", "\"13pm\" is no time of day", "write 14:30, 9am or noon");
    check_fault(
        "last week",
        "\"week\" is no weekday (in \"last week\")",
        "write last monday, or a duration such as 7d",
    );
    check_fault("2 huors ago", "\"huors\" is no unit of time (in \"2 huors ago\")", "did you mean \"hours\"?");
    check_fault("90", "\"90\" has no unit", "add a unit: 90m, 90h or 90d");
    check_fault("2026-13-01", "\"2026-13-01\" is no date of the calendar", "write YYYY-MM-DD");
    check_fault(
        "2026-02-29 12:00",
        "\"2026-02-29\" is no date of the calendar (in \"2026-02-29 12:00\")",
        "write YYYY-MM-DD",
    );
    check_fault("99999999999", "\"99999999999\" is no epoch timestamp of the years 1970 to 2261", forms);
}

proptest! {
    #[test]
    fn what_jiff_prints_is_read_back(seconds in -60_000_000_000i64..200_000_000_000) {
        let moment = Timestamp::from_second(seconds).unwrap();
        prop_assume!(moment.to_string().starts_with(|c: char| c.is_ascii_digit()));
        prop_assert_eq!(parse_moment(&moment.to_string(), Timestamp::UNIX_EPOCH, &zurich()), Ok(moment));
        let local = moment.to_zoned_datetime(zurich());
        prop_assert_eq!(parse_moment(&local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(), moment, &TimeZone::UTC), Ok(moment));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "[ -~é]{0,24}") {
        let found = parse_moment(&text, NOW.parse().unwrap(), &zurich());
        prop_assert!(found.is_ok() || found.is_err_and(|fault| !fault.hint.is_empty()));
    }
}
