//! Durations as people write them: `500ms`, `2s`, `1h30m`, `1.5h`, `7d`, `2w`, `1 hour`, `5 minutes`, `1 hour 30 min`.

use std::time::Duration;

use super::{Kind, TimeError};
use crate::suggest;

/// The longest duration that is taken, a hundred years: beyond it the number was meant as something else.
pub const DURATION_MAX: Duration = Duration::from_secs(36_525 * 86_400);

const NANOS_A_SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * NANOS_A_SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Units by name, in nanoseconds. A day has 24 hours here, whatever the clocks do.
const UNITS: [(&str, u64); 31] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("millis", 1_000_000),
    ("millisecond", 1_000_000),
    ("milliseconds", 1_000_000),
    ("microsecond", 1_000),
    ("microseconds", 1_000),
    ("s", NANOS_A_SECOND),
    ("sec", NANOS_A_SECOND),
    ("secs", NANOS_A_SECOND),
    ("second", NANOS_A_SECOND),
    ("seconds", NANOS_A_SECOND),
    ("m", MINUTE),
    ("min", MINUTE),
    ("mins", MINUTE),
    ("minute", MINUTE),
    ("minutes", MINUTE),
    ("h", HOUR),
    ("hr", HOUR),
    ("hrs", HOUR),
    ("hour", HOUR),
    ("hours", HOUR),
    ("d", DAY),
    ("day", DAY),
    ("days", DAY),
    ("w", 7 * DAY),
    ("wk", 7 * DAY),
    ("week", 7 * DAY),
    ("weeks", 7 * DAY),
];

/// Reads a duration: numbers, each with its unit, with or without spaces.
///
/// # Errors
/// When a number has no unit, a unit is unknown, or the sum passes [`DURATION_MAX`].
pub fn parse_duration(text: &str) -> Result<Duration, TimeError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(fault(text, text, "is no duration", FORM));
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        if number.is_empty() {
            return Err(fault(text, first_word(rest), "is no duration", FORM));
        }
        let after = after.trim_start();
        let unit_end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        total = total
            .checked_add(part(text, number, unit)?)
            .filter(|&sum| sum <= DURATION_MAX)
            .ok_or_else(|| fault(text, text, "is longer than a hundred years", FORM))?;
        rest = after.trim_start();
    }
    Ok(total)
}

/// Writes a duration as [`parse_duration`] reads it, with the largest units that fit: `1h30m`, `500ms`, `0s`.
#[must_use]
pub fn short_duration(duration: Duration) -> String {
    let mut nanos = duration.as_nanos();
    let mut text = String::new();
    for (unit, size) in [
        ("w", 7 * DAY),
        ("d", DAY),
        ("h", HOUR),
        ("m", MINUTE),
        ("s", NANOS_A_SECOND),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ] {
        let count = nanos / u128::from(size);
        nanos %= u128::from(size);
        if count > 0 {
            text.push_str(&count.to_string());
            text.push_str(unit);
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

const FORM: &str = "write numbers with units, such as 90s, 15m, 1h30m, 7d or 2w";

fn part(text: &str, number: &str, unit: &str) -> Result<Duration, TimeError> {
    if unit.is_empty() {
        let hint = format!("add a unit: {number}s, {number}m, {number}h or {number}d");
        return Err(fault(text, number, "has no unit", &hint));
    }
    let size = unit_nanos(text, unit)?;
    let nanos = match number.split_once('.') {
        None => number.parse::<u128>().ok().and_then(|count| count.checked_mul(u128::from(size))),
        Some((whole, decimals)) => fractional(whole, decimals, size),
    };
    let nanos = nanos.ok_or_else(|| fault(text, number, "is no number", FORM))?;
    // A hundred years of nanoseconds fit into 64 bits; what does not is refused as too long.
    u64::try_from(nanos)
        .map(Duration::from_nanos)
        .map_err(|_| fault(text, text, "is longer than a hundred years", FORM))
}

/// Returns `whole.decimals` times `size`, without the detour over a float that would make 0.1s a little more.
fn fractional(whole: &str, decimals: &str, size: u64) -> Option<u128> {
    const DECIMALS_MAX: usize = 9;
    if decimals.is_empty() || decimals.len() > DECIMALS_MAX || decimals.contains('.') {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let scale = 10u128.pow(u32::try_from(decimals.len()).ok()?);
    let digits = whole.checked_mul(scale)?.checked_add(decimals.parse().ok()?)?;
    Some(digits.checked_mul(u128::from(size))? / scale)
}

fn unit_nanos(text: &str, unit: &str) -> Result<u64, TimeError> {
    let lower = unit.to_lowercase();
    if let Some(&(_, nanos)) = UNITS.iter().find(|&&(name, _)| name == lower) {
        return Ok(nanos);
    }
    let hint = match lower.as_str() {
        "mo" | "month" | "months" => "months differ in length: write days, such as 30d".to_owned(),
        "y" | "yr" | "year" | "years" => "years differ in length: write days, such as 365d".to_owned(),
        _ => match suggest::nearest(&lower, UNITS.iter().map(|&(name, _)| name)) {
            Some(name) => format!("did you mean {name:?}?"),
            None => "units are ms, s, m, h, d and w".to_owned(),
        },
    };
    Err(fault(text, unit, "is no unit of time", &hint))
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or(text)
}

fn fault(text: &str, word: &str, fault: &'static str, hint: &str) -> TimeError {
    TimeError { kind: Kind::Duration, text: text.to_owned(), word: word.to_owned(), fault, hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{DURATION_MAX, parse_duration, short_duration};

    #[track_caller]
    fn check(text: &str, millis: u64) {
        assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "for {text:?}");
    }

    #[track_caller]
    fn check_fault(text: &str, message: &str, hint: &str) {
        let fault = parse_duration(text).unwrap_err();
        assert_eq!((fault.to_string().as_str(), fault.hint.as_str()), (message, hint), "for {text:?}");
    }

    #[test]
    fn durations_are_numbers_with_units() {
        check("500ms", 500);
        check("2s", 2_000);
        check("90m", 5_400_000);
        check("1h30m", 5_400_000);
        check("1h 30m", 5_400_000);
        check("1.5h", 5_400_000);
        check(".5s", 500);
        check("0.1s", 100);
        check("7d", 604_800_000);
        check("2w", 1_209_600_000);
        check("1 hour", 3_600_000);
        check("5 minutes", 300_000);
        check("1 Hour 30 Min", 5_400_000);
        check("  2 days ", 172_800_000);
        check("0s", 0);
        check("1000us", 1);
        check("1000µs", 1);
    }

    #[test]
    fn faults_name_the_word_and_the_next_step() {
        check_fault("90", "\"90\" has no unit", "add a unit: 90s, 90m, 90h or 90d");
        check_fault("1h 30", "\"30\" has no unit (in \"1h 30\")", "add a unit: 30s, 30m, 30h or 30d");
        check_fault("3 huors", "\"huors\" is no unit of time (in \"3 huors\")", "did you mean \"hours\"?");
        check_fault(
            "2 months",
            "\"months\" is no unit of time (in \"2 months\")",
            "months differ in length: write days, such as 30d",
        );
        check_fault("", "\"\" is no duration", super::FORM);
        check_fault("soon", "\"soon\" is no duration", super::FORM);
        check_fault("-2h", "\"-2h\" is no duration", super::FORM);
        check_fault("1.2.3s", "\"1.2.3\" is no number (in \"1.2.3s\")", super::FORM);
        check_fault(
            "101 years",
            "\"years\" is no unit of time (in \"101 years\")",
            "years differ in length: write days, such as 365d",
        );
        check_fault("99999999w", "\"99999999w\" is longer than a hundred years", super::FORM);
        check_fault(
            "9999999999999999999999999999999999999999s",
            "\"9999999999999999999999999999999999999999\" is no number (in \"9999999999999999999999999999999999999999s\")",
            super::FORM,
        );
    }

    proptest! {
        #[test]
        fn what_is_written_short_is_read_back(nanos in 0..DURATION_MAX.as_nanos() as u64) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&short_duration(duration)), Ok(duration));
        }

        #[test]
        fn jiff_reads_the_same(hours in 0u32..1_000, minutes in 0u32..1_000, seconds in 0u32..1_000) {
            let text = format!("{hours}h {minutes}m {seconds}s");
            let expected: jiff::SignedDuration = text.parse().unwrap();
            prop_assert_eq!(parse_duration(&text).unwrap(), expected.unsigned_abs());
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,30}") {
            prop_assert!(parse_duration(&text).is_ok_and(|duration| duration <= DURATION_MAX) || parse_duration(&text).is_err());
        }
    }
}
