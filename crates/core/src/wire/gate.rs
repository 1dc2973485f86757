//! The gate of configured ceilings, which no permit can pass.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::policy::Policy;

/// The gate of configured ceilings that no permit can pass (governor; design §2), shared by a lane's sessions.
#[derive(Clone, Default)]
pub struct Gate(Arc<RwLock<Option<DefaultDirectRateLimiter>>>);

impl Gate {
    /// Takes the ceiling of a policy from now on, for open sessions too.
    pub fn renew(&self, policy: &Policy) {
        let limiter = policy.mails_per_second_max.and_then(|rate| {
            let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate.max(1e-6)))?;
            let burst = std::num::NonZeroU32::new(policy.burst_mails).unwrap_or(std::num::NonZeroU32::MIN);
            Some(RateLimiter::direct(quota.allow_burst(burst)))
        });
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = limiter;
    }

    /// Lets one mail through.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn pass(&self) -> Result<(), Duration> {
        match self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref().map(RateLimiter::check) {
            Some(Err(not_until)) => Err(not_until.wait_time_from(governor::clock::DefaultClock::default().now())),
            _ => Ok(()),
        }
    }
}
