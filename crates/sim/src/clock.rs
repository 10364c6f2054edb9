//! A clock that is turned by hand and jumps as real ones do when they are set.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use streamflow_engine::clock::{Clock, Micros};

/// Simulated time. The wall clock may jump either way; the monotonic one only moves on.
#[derive(Debug)]
pub struct SimClock {
    wall_micros: AtomicI64,
    monotonic_nanos: AtomicU64,
}

impl SimClock {
    #[must_use]
    pub fn starting_at(wall: Micros) -> Self {
        Self { wall_micros: AtomicI64::new(wall), monotonic_nanos: AtomicU64::new(0) }
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.wall_micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.monotonic_nanos.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Sets the wall clock forward or back, as an administrator or NTP does.
    pub fn jump(&self, by: Micros) {
        self.wall_micros.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Micros {
        self.wall_micros.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic_nanos.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_wall_clock_alone() {
        let clock = SimClock::starting_at(1_000_000);
        clock.advance(Duration::from_micros(7));
        clock.jump(-500_000);
        assert_eq!((clock.now(), clock.monotonic()), (500_007, Duration::from_micros(7)));
    }
}
