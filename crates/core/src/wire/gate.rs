//! The gate of configured ceilings, which no permit can pass.

use std::sync::{Arc, Mutex, PoisonError};

use governor::clock::Clock as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::pace::{Pace, Permit};
use crate::policy::Policy;
use crate::time::{Instant, Span};

/// The gate of configured ceilings that no permit can pass (governor; design §2), shared by a lane's sessions.
///
/// A mail that comes late, because its session was only just opened, finds the others keeping the pace exactly. So that
/// it is its turn all the same, whoever finds the gate closed is given a slot, in the order of coming; governor looks on.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<Option<Ceiling>>>);

struct Ceiling {
    slots: Pace,
    limiter: DefaultDirectRateLimiter,
}

impl Gate {
    /// Takes the ceiling of a policy from now on, for open sessions too.
    pub fn renew(&self, policy: &Policy) {
        let ceiling = policy.mails_per_second_max.and_then(|rate| {
            let quota = Quota::with_period(Span::from_secs_f64(1.0 / rate.max(1e-6)))?;
            let burst = std::num::NonZeroU32::new(policy.burst_mails).unwrap_or(std::num::NonZeroU32::MIN);
            let slots = Pace::new(Some(rate), policy.burst_mails);
            Some(Ceiling { slots, limiter: RateLimiter::direct(quota.allow_burst(burst)) })
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ceiling;
    }

    /// Lets one mail through, by the slot that it was given before if there is one.
    ///
    /// # Errors
    /// Its slot: when to come again.
    pub(super) fn pass(&self, slot: Option<Instant>, now: Instant) -> Result<(), Instant> {
        let mut ceiling = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Ceiling { slots, limiter }) = ceiling.as_mut() else { return Ok(()) };
        let slot = slot.or_else(|| slots.ask(now, Instant::NEVER).ok().map(|Permit(at)| at)).unwrap_or(now);
        if slot > now {
            return Err(slot);
        }
        let wait =
            |refusal: governor::NotUntil<_>| refusal.wait_time_from(governor::clock::DefaultClock::default().now());
        limiter.check().map_err(|refusal| now + wait(refusal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_has_its_turn_while_the_others_keep_the_pace() {
        let gate = Gate::default();
        gate.renew(&Policy { mails_per_second_max: Some(0.001), burst_mails: 1, ..Policy::default() });
        let now = Instant::from_micros(1_000_000_000);
        assert_eq!(gate.pass(None, now), Ok(()));
        let late = gate.pass(None, now).unwrap_err();
        assert_eq!(late, now + Span::from_secs(1000));
        // Others that come at the very moment are behind it.
        assert_eq!(gate.pass(None, late).unwrap_err(), late + Span::from_secs(1000));
    }

    #[test]
    fn without_a_ceiling_everything_passes() {
        let gate = Gate::default();
        gate.renew(&Policy { mails_per_second_max: None, ..Policy::default() });
        assert!((0..100).all(|_| gate.pass(None, Instant::EPOCH) == Ok(())));
    }
}
