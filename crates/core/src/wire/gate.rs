//! The gate of configured ceilings, which no permit can pass.

use std::sync::{Arc, Mutex, PoisonError};

use governor::clock::Clock as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::message::Urgency;
use crate::pace::{Slot, Slots};
use crate::policy::Policy;
use crate::time::{Instant, Span};

/// The gate of configured ceilings that no permit can pass (governor; design §2), shared by a lane's sessions.
///
/// A mail that comes late, because its session was only just opened, finds the others keeping the pace exactly. So that
/// it is its turn all the same, whoever finds the gate closed is given a slot, the more urgent before the less, then in the
/// order of coming; governor looks on.
///
/// The lateness of timers is not a mail's: who is late by less than [`TIMER_SLACK`] counts as having come at its instant,
/// or each millisecond would put all later mails behind the lane's timetable for good. So that governor agrees, it lets
/// one mail more through at once; the slots keep the configured burst.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<Option<Ceiling>>>);

/// How late a timer may wake a session on a busy machine without its mail losing its place in the timetable.
const TIMER_SLACK: Span = Span::from_millis(20);

struct Ceiling {
    slots: Slots,
    limiter: DefaultDirectRateLimiter,
}

impl Gate {
    /// Takes the ceiling of a policy from now on, for open sessions too.
    pub fn renew(&self, policy: &Policy) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.take();
        *held = policy.mails_per_second_max.and_then(|rate| {
            let quota = Quota::with_period(Span::from_secs_f64(1.0 / rate.max(1e-6)))?;
            let burst = std::num::NonZeroU32::MIN.saturating_add(policy.burst_mails);
            let mut slots = before.map_or_else(|| Slots::new(Some(rate), policy.burst_mails), |before| before.slots);
            slots.set(Some(rate), policy.burst_mails);
            Some(Ceiling { slots, limiter: RateLimiter::direct(quota.allow_burst(burst)) })
        });
    }

    /// Lets one mail through that was to depart at `depart`, by the slot that it was given before if there is one.
    ///
    /// # Errors
    /// Its slot: when to come again.
    pub(super) fn pass(&self, slot: Option<Slot>, urgency: Urgency, depart: Instant, now: Instant) -> Result<(), Slot> {
        let mut ceiling = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Ceiling { slots, limiter }) = ceiling.as_mut() else { return Ok(()) };
        let slot = match slot {
            Some(slot) => slots.again(slot, urgency, now),
            None => slots.ask(urgency, came(depart, now), now),
        };
        if slot.at > now {
            return Err(slot);
        }
        slots.over(slot);
        let wait =
            |refusal: governor::NotUntil<_>| refusal.wait_time_from(governor::clock::DefaultClock::default().now());
        limiter.check().map_err(|refusal| slot.put_off(now + wait(refusal)))
    }
}

/// When a mail came that was to depart at `depart` and is here now.
fn came(depart: Instant, now: Instant) -> Instant {
    depart.clamp(now - TIMER_SLACK, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_has_its_turn_while_the_others_keep_the_pace() {
        let gate = Gate::default();
        gate.renew(&Policy { mails_per_second_max: Some(0.001), burst_mails: 1, ..Policy::default() });
        let now = Instant::from_micros(1_000_000_000);
        let pass = |urgency, at| gate.pass(None, urgency, at, at);
        assert_eq!(pass(Urgency::Safety, now), Ok(()));
        let late = pass(Urgency::Safety, now).unwrap_err();
        assert_eq!(late.at, now + Span::from_secs(1000));
        // Others that come at the very moment are behind it.
        assert_eq!(pass(Urgency::Safety, late.at).unwrap_err().at, late.at + Span::from_secs(1000));
    }

    #[test]
    fn who_is_woken_a_little_late_does_not_put_the_others_behind_their_timetable() {
        let mut slots = Slots::new(Some(10.0), 1);
        let mut slot_of = |depart, now| slots.ask(Urgency::Safety, came(depart, now), now).at;
        let depart = |place: u32| Instant::from_micros(1_000_000_000) + Span::from_millis(100) * place;
        for place in 0..50 {
            let late = Span::from_millis(if place % 2 == 0 { 3 } else { 0 });
            assert_eq!(slot_of(depart(place), depart(place) + late), depart(place));
        }
        // Who is really late is not: the next comes an interval behind it, but for what a timer may cost.
        assert_eq!(slot_of(depart(50), depart(50) + Span::from_millis(60)), depart(50) + Span::from_millis(40));
        assert_eq!(slot_of(depart(51), depart(51)), depart(51) + Span::from_millis(40));
    }

    #[test]
    fn who_is_more_urgent_takes_the_slot_of_one_who_waits_and_that_one_the_next() {
        let gate = Gate::default();
        gate.renew(&Policy { mails_per_second_max: Some(0.001), burst_mails: 1, ..Policy::default() });
        let now = Instant::from_micros(1_000_000_000);
        assert_eq!(gate.pass(None, Urgency::Routine, now, now), Ok(()));
        let routine = gate.pass(None, Urgency::Routine, now, now).unwrap_err();
        let urgent = gate.pass(None, Urgency::Immediate, now, now).unwrap_err();
        assert_eq!(urgent.at, routine.at);
        let moved = gate.pass(Some(routine), Urgency::Routine, now, routine.at).unwrap_err();
        assert_eq!(moved.at, routine.at + Span::from_secs(1000));
        assert_eq!(gate.pass(Some(urgent), Urgency::Immediate, now, urgent.at), Ok(()));
    }

    #[test]
    fn without_a_ceiling_everything_passes() {
        let gate = Gate::default();
        gate.renew(&Policy { mails_per_second_max: None, ..Policy::default() });
        assert!((0..100).all(|_| gate.pass(None, Urgency::Safety, Instant::EPOCH, Instant::EPOCH) == Ok(())));
    }
}
