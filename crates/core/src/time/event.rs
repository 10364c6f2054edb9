//! The timestamp of an event, read strictly and without allocation.
//!
//! Text is RFC 3339, `YYYY-MM-DDTHH:MM:SS[.fraction][zone]`, with four liberties: a space or a lowercase `t` for the `T`, a
//! lowercase `z`, a missing zone (which means UTC), and `+hhmm` or `+hh` for `+hh:mm`. Digits beyond the microsecond are
//! cut off. A leap second is taken only where there can be one, at 23:59:60 UTC, and becomes 23:59:59.999999, so that it
//! stays in its day and after everything before it.
//!
//! Numbers are epoch seconds, milli-, micro- or nanoseconds, told apart by size:
//!
//! | from | to, exclusive | unit | reads as |
//! |---|---|---|---|
//! | 0 | 100,000,000,000 | seconds | 1970 to 2261 |
//! | 10^11 | 10^14 | milliseconds | 1973-03-03 to 2261 |
//! | 10^14 | 10^17 | microseconds | 1973-03-03 to 2261 |
//! | 10^17 | - | nanoseconds | 1973-03-03 to 2261 |
//!
//! What falls outside the years 1970 to 2261 is refused, in text too: beyond them a 64-bit count of nanoseconds, which
//! Parquet readers use, overflows.

/// The earliest event time, 1970-01-01T00:00:00Z.
pub const EVENT_MICROS_MIN: i64 = 0;
/// The latest event time, 2261-12-31T23:59:59.999999Z.
pub const EVENT_MICROS_MAX: i64 = 9_214_646_400_000_000 - 1;

const SECONDS_BELOW: i64 = 100_000_000_000;
const MILLIS_BELOW: i64 = 100_000_000_000_000;
const MICROS_BELOW: i64 = 100_000_000_000_000_000;

const SECOND: i64 = 1_000_000;
const SECONDS_A_DAY: i64 = 86_400;

/// Returns the microseconds since 1970 in UTC that the text names.
#[must_use]
pub fn event_timestamp_text(text: &[u8]) -> Option<i64> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    if head[4] != b'-' || head[7] != b'-' || head[13] != b':' || head[16] != b':' {
        return None;
    }
    if !matches!(head[10], b'T' | b't' | b' ') {
        return None;
    }
    let year = pair(head[0], head[1])? * 100 + pair(head[2], head[3])?;
    let (month, day) = (pair(head[5], head[6])?, pair(head[8], head[9])?);
    let (hour, minute, second) = (pair(head[11], head[12])?, pair(head[14], head[15])?, pair(head[17], head[18])?);
    if !(1..=12).contains(&month) || day == 0 || day > days_of_month(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, rest) = fraction(rest)?;
    let offset = offset_seconds(rest)?;

    let minutes = days_since_1970(year, month, day) * SECONDS_A_DAY + hour * 3_600 + minute * 60 - offset;
    let micros = if second == 60 {
        // The second after 23:59:59 UTC is the only one that was ever added to a day.
        if minutes.rem_euclid(SECONDS_A_DAY) != SECONDS_A_DAY - 60 {
            return None;
        }
        (minutes + 60) * SECOND - 1
    } else {
        (minutes + second) * SECOND + fraction
    };
    in_range(micros)
}

/// Returns the microseconds since 1970 that a whole number means, its unit told by its size.
#[must_use]
pub fn event_timestamp_integer(number: i64) -> Option<i64> {
    let micros = match number {
        ..0 => return None,
        0..SECONDS_BELOW => number * SECOND,
        SECONDS_BELOW..MILLIS_BELOW => number * 1_000,
        MILLIS_BELOW..MICROS_BELOW => number,
        MICROS_BELOW.. => number / 1_000,
    };
    in_range(micros)
}

/// Returns the microseconds since 1970 that a number with a fraction means, rounded to the nearest.
#[must_use]
pub fn event_timestamp_float(number: f64) -> Option<i64> {
    let micros = match number {
        n if !n.is_finite() || n < 0.0 => return None,
        n if n < SECONDS_BELOW as f64 => n * SECOND as f64,
        n if n < MILLIS_BELOW as f64 => n * 1_000.0,
        n if n < MICROS_BELOW as f64 => n,
        n => n / 1_000.0,
    };
    // Casting saturates, so that too large a number is out of range and not another time.
    in_range(micros.round() as i64)
}

fn in_range(micros: i64) -> Option<i64> {
    (EVENT_MICROS_MIN..=EVENT_MICROS_MAX).contains(&micros).then_some(micros)
}

fn digit(byte: u8) -> Option<i64> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(i64::from(value))
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// Returns the microseconds of `.123456789…` and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', digits)) = text.split_first() else { return Some((0, text)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let (digits, rest) = digits.split_at(count);
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
    let micros = padded.take(6).fold(0, |micros, byte| micros * 10 + i64::from(byte - b'0'));
    Some((micros, rest))
}

/// Returns how many seconds the zone is ahead of UTC.
fn offset_seconds(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match *text {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign, h1, h2] => (sign, pair(h1, h2)?, 0),
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => (sign, pair(h1, h2)?, pair(m1, m2)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    match sign {
        b'+' => Some(hours * 3_600 + minutes * 60),
        b'-' => Some(-(hours * 3_600 + minutes * 60)),
        _ => None,
    }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Returns the days from 1970-01-01 to a date of the Gregorian calendar, counting years from March so that the leap day
/// comes last (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::{
        EVENT_MICROS_MAX, EVENT_MICROS_MIN, event_timestamp_float, event_timestamp_integer, event_timestamp_text,
    };

    #[track_caller]
    fn check(text: &str, same_as: &str) {
        let expected = same_as.parse::<Timestamp>().unwrap().as_microsecond();
        assert_eq!(event_timestamp_text(text.as_bytes()), Some(expected), "for {text:?}");
    }

    #[test]
    fn rfc_3339_and_its_four_liberties_are_read() {
        check("2026-11-23T15:04:05Z", "2026-11-23T15:04:05Z");
        check("2026-11-23t15:04:05z", "2026-11-23T15:04:05Z");
        check("2026-11-23 15:04:05Z", "2026-11-23T15:04:05Z");
        check("2026-11-23T15:04:05", "2026-11-23T15:04:05Z");
        check("2026-11-23 15:04:05.5", "2026-11-23T15:04:05.5Z");
        check("2026-11-23T15:04:05.123Z", "2026-11-23T15:04:05.123Z");
        check("2026-11-23T15:04:05.123456789Z", "2026-11-23T15:04:05.123456Z");
        check("2026-11-23T15:04:05.9999999999999Z", "2026-11-23T15:04:05.999999Z");
        check("2026-11-23T15:04:05+02:00", "2026-11-23T13:04:05Z");
        check("2026-11-23T15:04:05-0530", "2026-11-23T20:34:05Z");
        check("2026-11-23T15:04:05+00", "2026-11-23T15:04:05Z");
        check("2026-11-23T15:04:05-00:00", "2026-11-23T15:04:05Z");
        check("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z");
        check("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
        check("2261-12-31T23:59:59.999999Z", "2261-12-31T23:59:59.999999Z");
    }

    #[test]
    fn a_leap_second_is_the_end_of_its_day() {
        check("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z");
        check("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.999999Z");
        check("2017-01-01T01:59:60+02:00", "2016-12-31T23:59:59.999999Z");
        assert_eq!(event_timestamp_text(b"2016-12-31T12:00:60Z"), None);
        assert_eq!(event_timestamp_text(b"2016-12-31T23:59:61Z"), None);
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        let wrong = [
            "",
            "now",
            "2026-11-23",
            "2026-11-23T15:04Z",
            "2026-11-23T15:04:05.Z",
            "2026-11-23T15:04:05,5Z",
            "2026-11-23T15:04:05 Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T15:60:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "2262-01-01T00:00:00Z",
            "2026-11-23T15:04:05+24:00",
            "2026-11-23T15:04:05+01:60",
            "2026-11-23T15:04:05+1",
            "2026-11-23T15:04:05ZZ",
            "2026-11-23T15:04:05Z ",
            " 2026-11-23T15:04:05Z",
            "+2026-11-23T15:04:05Z",
            "2026/11/23T15:04:05Z",
            "2026-11-23_15:04:05Z",
            "२०२६-11-23T15:04:05Z",
            "2026-11-23T15:04:05x01:00",
        ];
        for text in wrong {
            assert_eq!(event_timestamp_text(text.as_bytes()), None, "for {text:?}");
        }
    }

    #[test]
    fn the_size_of_a_number_tells_its_unit() {
        let expected = Some(1_700_000_000_000_000);
        assert_eq!(event_timestamp_integer(1_700_000_000), expected);
        assert_eq!(event_timestamp_integer(1_700_000_000_000), expected);
        assert_eq!(event_timestamp_integer(1_700_000_000_000_000), expected);
        assert_eq!(event_timestamp_integer(1_700_000_000_000_000_999), expected);
        assert_eq!(event_timestamp_integer(0), Some(0));
        for wrong in [-1, i64::MIN, i64::MAX, 99_999_999_999, 9_214_646_400, 9_214_646_400_000, 9_214_646_400_000_000] {
            assert_eq!(event_timestamp_integer(wrong), None, "for {wrong}");
        }
        assert_eq!(event_timestamp_integer(9_214_646_399), Some(EVENT_MICROS_MAX - 999_999));
        assert_eq!(event_timestamp_integer(100_000_000_000), Some(100_000_000_000_000));
    }

    #[test]
    fn fractions_are_rounded_to_microseconds() {
        assert_eq!(event_timestamp_float(1_700_000_000.25), Some(1_700_000_000_250_000));
        assert_eq!(event_timestamp_float(1_700_000_000_123.5), Some(1_700_000_000_123_500));
        assert_eq!(event_timestamp_float(0.000_000_6), Some(1));
        assert_eq!(event_timestamp_float(-0.0), Some(0));
        for wrong in [-1e-9, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 5e10] {
            assert_eq!(event_timestamp_float(wrong), None, "for {wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_that_jiff_prints_is_read_the_same(micros in EVENT_MICROS_MIN..=EVENT_MICROS_MAX, minutes in -1439i32..1440) {
            let moment = Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(event_timestamp_text(moment.to_string().as_bytes()), Some(micros));
            let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(minutes * 60).unwrap());
            let local = moment.to_zoned_datetime(zone).strftime("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string();
            if local.starts_with(|c: char| c.is_ascii_digit()) {
                prop_assert_eq!(event_timestamp_text(local.as_bytes()), Some(micros), "{}", local);
            }
        }

        #[test]
        fn dates_are_valid_exactly_when_jiff_says_so(
            year in 1970i64..2262, month in 0i64..14, day in 0i64..33, hour in 0i64..25, minute in 0i64..61, second in 0i64..60,
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
            let expected = text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
            prop_assert_eq!(event_timestamp_text(text.as_bytes()), expected, "{}", text);
        }

        #[test]
        fn a_damaged_text_is_refused_or_means_what_jiff_says(
            micros in EVENT_MICROS_MIN..=EVENT_MICROS_MAX, at in 0usize..27, byte in proptest::num::u8::ANY,
        ) {
            let mut text = Timestamp::from_microsecond(micros).unwrap().to_string().into_bytes();
            let at = at.min(text.len() - 1);
            text[at] = byte;
            if let (Some(found), Ok(text)) = (event_timestamp_text(&text), std::str::from_utf8(&text))
                && let Ok(expected) = text.parse::<Timestamp>()
                && !text.contains(":60")
            {
                prop_assert_eq!(found, expected.as_microsecond(), "{}", text);
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
            if let Some(micros) = event_timestamp_text(&bytes) {
                prop_assert!((EVENT_MICROS_MIN..=EVENT_MICROS_MAX).contains(&micros));
            }
        }

        #[test]
        fn numbers_of_all_units_agree(seconds in 100_000_000i64..9_214_646_400) {
            let expected = event_timestamp_integer(seconds);
            prop_assert_eq!(expected, Some(seconds * 1_000_000));
            for scale in [1_000, 1_000_000, 1_000_000_000] {
                prop_assert_eq!(event_timestamp_integer(seconds * scale), expected);
            }
            prop_assert_eq!(event_timestamp_float(seconds as f64), expected);
        }
    }
}
