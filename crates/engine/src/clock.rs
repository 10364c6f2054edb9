//! Where time comes from: the machine's clock, or one that a test or the simulation turns by hand.

use std::fmt::Debug;
use std::time::Duration;

/// Microseconds since 1970-01-01 UTC: the form in which events carry time.
pub type Micros = i64;

/// A source of time. Everything in the engine that needs the time asks one of these.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the wall-clock time. It may jump in either direction.
    fn now(&self) -> Micros;

    /// Returns the time since some fixed point. It never goes back.
    fn monotonic(&self) -> Duration;
}

/// The machine's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl Default for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    fn default() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    fn now(&self) -> Micros {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}
