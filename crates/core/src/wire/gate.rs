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
///
/// The lateness of timers is not a mail's: who is late by less than [`TIMER_SLACK`] counts as having come at its instant,
/// or each millisecond would put all later mails behind the lane's timetable for good. So that governor agrees, it lets
/// one mail more through at once; the slots keep the configured burst.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<Option<Ceiling>>>);

/// How late a timer may wake a session on a busy machine without its mail losing its place in the timetable.
const TIMER_SLACK: Span = Span::from_millis(20);

struct Ceiling {
    slots: Pace,
    limiter: DefaultDirectRateLimiter,
}

impl Gate {
    /// Takes the ceiling of a policy from now on, for open sessions too.
    pub fn renew(&self, policy: &Policy) {
        let ceiling = policy.mails_per_second_max.and_then(|rate| {
            let quota = Quota::with_period(Span::from_secs_f64(1.0 / rate.max(1e-6)))?;
            let burst = std::num::NonZeroU32::MIN.saturating_add(policy.burst_mails);
            let slots = Pace::new(Some(rate), policy.burst_mails);
            Some(Ceiling { slots, limiter: RateLimiter::direct(quota.allow_burst(burst)) })
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ceiling;
    }

    /// Lets one mail through that was to depart at `depart`, by the slot that it was given before if there is one.
    ///
    /// # Errors
    /// Its slot: when to come again.
    pub(super) fn pass(&self, slot: Option<Instant>, depart: Instant, now: Instant) -> Result<(), Instant> {
        let mut ceiling = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Ceiling { slots, limiter }) = ceiling.as_mut() else { return Ok(()) };
        let slot = slot.unwrap_or_else(|| slot_of(slots, depart, now));
        if slot > now {
            return Err(slot);
        }
        let wait =
            |refusal: governor::NotUntil<_>| refusal.wait_time_from(governor::clock::DefaultClock::default().now());
        limiter.check().map_err(|refusal| now + wait(refusal))
    }
}

/// The slot of a mail that was to depart at `depart` and comes now.
fn slot_of(slots: &mut Pace, depart: Instant, now: Instant) -> Instant {
    let came = depart.clamp(now - TIMER_SLACK, now);
    slots.ask(came, Instant::NEVER).map_or(now, |Permit(at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_has_its_turn_while_the_others_keep_the_pace() {
        let gate = Gate::default();
        gate.renew(&Policy { mails_per_second_max: Some(0.001), burst_mails: 1, ..Policy::default() });
        let now = Instant::from_micros(1_000_000_000);
        assert_eq!(gate.pass(None, now, now), Ok(()));
        let late = gate.pass(None, now, now).unwrap_err();
        assert_eq!(late, now + Span::from_secs(1000));
        // Others that come at the very moment are behind it.
        assert_eq!(gate.pass(None, late, late).unwrap_err(), late + Span::from_secs(1000));
    }

    #[test]
    fn who_is_woken_a_little_late_does_not_put_the_others_behind_their_timetable() {
        let mut slots = Pace::new(Some(10.0), 1);
        let depart = |place: u32| Instant::from_micros(1_000_000_000) + Span::from_millis(100) * place;
        for place in 0..50 {
            let late = Span::from_millis(if place % 2 == 0 { 3 } else { 0 });
            assert_eq!(slot_of(&mut slots, depart(place), depart(place) + late), depart(place));
        }
        // Who is really late is not: the next comes an interval behind it, but for what a timer may cost.
        assert_eq!(
            slot_of(&mut slots, depart(50), depart(50) + Span::from_millis(60)),
            depart(50) + Span::from_millis(40)
        );
        assert_eq!(slot_of(&mut slots, depart(51), depart(51)), depart(51) + Span::from_millis(40));
    }

    #[test]
    fn without_a_ceiling_everything_passes() {
        let gate = Gate::default();
        gate.renew(&Policy { mails_per_second_max: None, ..Policy::default() });
        assert!((0..100).all(|_| gate.pass(None, Instant::EPOCH, Instant::EPOCH) == Ok(())));
    }
}
