//! Says when requests begin: at a stated rate, or as soon as a connection is free.

use std::str::FromStr;
use std::time::{Duration, Instant};

/// How often requests are offered, as the user writes it: `max`, `20000`, `echo/2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Each connection sends again as soon as it was answered.
    Max,
    /// So many requests a second, whether or not the server keeps up.
    PerSecond(f64),
    /// The rate that the echo reached in the same round, divided by this.
    EchoOver(f64),
}

/// What a pace may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rate is max, a number of requests a second, or echo/2 for half the echo's rate; not {0:?}")]
pub(crate) struct BadPace(String);

impl FromStr for Pace {
    type Err = BadPace;

    fn from_str(text: &str) -> Result<Self, BadPace> {
        let positive = |digits: &str| digits.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
        match text.strip_prefix("echo/") {
            _ if text == "max" => Some(Self::Max),
            Some(divisor) => positive(divisor).map(Self::EchoOver),
            None => positive(text).map(Self::PerSecond),
        }
        .ok_or_else(|| BadPace(text.to_owned()))
    }
}

impl Pace {
    /// Returns requests a second, given what the echo reached; none for as many as possible.
    pub(super) fn resolve(self, echo: Option<f64>) -> Option<f64> {
        match self {
            Self::Max => None,
            Self::PerSecond(rate) => Some(rate),
            Self::EchoOver(divisor) => Some(echo.expect("an echo runs first when a pace relates to it") / divisor),
        }
    }
}

/// When the requests of one run begin.
#[derive(Debug, Clone, Copy)]
pub(super) enum Schedule {
    Closed,
    Open { start: Instant, interval_ns: f64 },
}

impl Schedule {
    pub(super) fn closed() -> Self {
        Self::Closed
    }

    pub(super) fn open(start: Instant, per_second: f64) -> Self {
        Self::Open { start, interval_ns: 1e9 / per_second }
    }

    /// Returns when request `number` should begin, which is `now` when there is no schedule to keep.
    ///
    /// Latency counts from here. A generator that counted from the moment it found time to send would leave out exactly
    /// the requests that had to wait: the coordinated omission.
    pub(super) fn intended(&self, number: u64, now: Instant) -> Instant {
        match self {
            Self::Closed => now,
            Self::Open { start, interval_ns } => *start + Duration::from_nanos((number as f64 * interval_ns) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_read_as_written() {
        let check = |text: &str, expected: Option<Pace>| assert_eq!(text.parse().ok(), expected, "{text}");
        check("max", Some(Pace::Max));
        check("20000", Some(Pace::PerSecond(20_000.0)));
        check("0.5", Some(Pace::PerSecond(0.5)));
        check("echo/3", Some(Pace::EchoOver(3.0)));
        for wrong in ["", "0", "-1", "echo", "echo/", "echo/0", "fast", "inf", "nan"] {
            check(wrong, None);
        }
    }

    #[test]
    fn intended_times_do_not_drift() {
        let start = Instant::now();
        let schedule = Schedule::open(start, 3.0);
        let late = start + Duration::from_secs(9);
        assert_eq!(schedule.intended(0, late), start);
        let third = schedule.intended(3_000_000, late) - start;
        assert!(third.abs_diff(Duration::from_secs(1_000_000)) < Duration::from_millis(1), "{third:?}");
    }
}
