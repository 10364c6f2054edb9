//! The server's own rate limit: one token bucket a principal. Off unless it is set.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::server::access::Principal;
use crate::server::error::ApiError;
use crate::server::options::RateLimit;

/// The buckets of all principals.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limit: RateLimit,
    buckets: Mutex<HashMap<&'static str, Bucket>>,
}

/// What one principal may still do.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, buckets: Mutex::default() }
    }

    /// Takes one request's worth.
    ///
    /// # Errors
    /// When there is nothing left; the error says when there will be.
    pub(crate) fn take(&self, principal: Principal, now: Instant) -> Result<(), ApiError> {
        let mut buckets = self.buckets.lock();
        let full = Bucket { tokens: f64::from(self.limit.burst.max(1)), filled: now };
        let bucket = buckets.entry(principal.name).or_insert(full);
        match bucket.take(self.limit, now) {
            Ok(()) => Ok(()),
            Err(wait) => {
                let seconds = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
                Err(ApiError::plain("rate_limited").retry_after(seconds))
            }
        }
    }
}

impl Bucket {
    fn take(&mut self, limit: RateLimit, now: Instant) -> Result<(), Duration> {
        let rate = f64::from(limit.requests_per_second.max(1));
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() * rate;
        self.tokens = (self.tokens + gained).min(f64::from(limit.burst.max(1)));
        self.filled = now;
        if self.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.tokens) / rate));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_passes_then_the_rate_holds() {
        let start = Instant::now();
        let limiter = RateLimiter::new(RateLimit { requests_per_second: 10, burst: 3 });
        let allowed = |millis: u64| limiter.take(Principal::LOCAL, start + Duration::from_millis(millis)).is_ok();
        assert_eq!([allowed(0), allowed(0), allowed(0), allowed(0)], [true, true, true, false]);
        assert_eq!([allowed(50), allowed(100), allowed(100), allowed(200)], [false, true, false, true]);
    }
}
