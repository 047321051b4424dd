//! `Backoff`: how long to wait before the next attempt.
//!
//! "Full jitter": a random time between nothing and a bound that doubles with each failure. A thousand clients that lost the same
//! server at once come back spread out, where doubling alone would bring them back at once, again and again. (Marc Brooker,
//! "Exponential Backoff And Jitter", 2015.)

use std::time::Duration;

/// Waits between attempts.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
    random: fastrand::Rng,
}

impl Backoff {
    /// The bound of the first wait, and of all.
    pub fn new(first: Duration, most: Duration) -> Backoff {
        Backoff::with_random(first, most, fastrand::Rng::new())
    }

    /// With chance of one's own, for tests.
    pub fn with_random(first: Duration, most: Duration, random: fastrand::Rng) -> Backoff {
        Backoff {
            first,
            most,
            failures: 0,
            random,
        }
    }

    /// An attempt did what it should: the next wait is short again. To have connected is not enough for that, for a server that
    /// takes connections only to drop them must not be asked without pause.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// An attempt failed: how long to wait now.
    pub fn failed(&mut self) -> Duration {
        let bound = self.bound();
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(self.random.f64())
    }

    /// What the next wait cannot exceed.
    fn bound(&self) -> Duration {
        let factor = 1u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.most)
    }
}
