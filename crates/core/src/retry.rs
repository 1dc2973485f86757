//! When a deferred mail is tried again.

use crate::message::Urgency;
use crate::outcome::Cause;
use crate::time::{Instant, Span};

/// What a decision about the next attempt needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Why the last attempt was deferred.
    pub cause: Cause,
    /// How many attempts were made.
    pub attempts: u32,
    /// The batch's hurry.
    pub urgency: Urgency,
    /// The batch's deadline, if it has one.
    pub deadline: Option<Instant>,
}

/// First wait and longest wait in seconds, by cause. While a deadline is near, a busy carrier is asked again in seconds.
fn waits(cause: Cause, hurry: bool) -> (f64, f64) {
    match (cause, hurry) {
        (Cause::Busy | Cause::Network | Cause::TimedOut | Cause::Protocol, true) => (1.0, 20.0),
        (Cause::Greylisted, true) => (4.0, 30.0),
        (Cause::RecipientBusy | Cause::Unrecognised | Cause::Dns | Cause::Crash, true) => (3.0, 60.0),
        (_, true) => (20.0, 300.0),
        (Cause::Busy | Cause::Network | Cause::TimedOut | Cause::Protocol, false) => (30.0, 1800.0),
        (Cause::Greylisted, false) => (60.0, 900.0),
        (_, false) => (120.0, 7200.0),
    }
}

impl Retry {
    /// The earliest instant of the next attempt: doubling from the cause's first wait to its longest.
    ///
    /// `chance` in 0..1 spreads the waits by up to a quarter, so that what was deferred together does not return together.
    #[must_use]
    pub fn next(&self, now: Instant, chance: f64) -> Instant {
        let hurry = match self.deadline {
            Some(deadline) => now < deadline + Span::from_secs(600),
            None => self.urgency <= Urgency::Hazard,
        };
        let (first, longest) = waits(self.cause, hurry);
        let doubled = first * f64::powi(2.0, i32::try_from(self.attempts.saturating_sub(1).min(20)).unwrap_or(20));
        now + Span::from_secs_f64(doubled.min(longest) * (1.0 + 0.25 * chance.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(cause: Cause, attempts: u32, urgency: Urgency, chance: f64) -> f64 {
        let now = Instant::from_micros(1_000_000);
        Retry { cause, attempts, urgency, deadline: None }.next(now, chance).since(now).as_secs_f64()
    }

    #[test]
    fn a_busy_carrier_is_asked_again_in_seconds_while_it_is_urgent_and_in_minutes_otherwise() {
        assert!(wait(Cause::Busy, 1, Urgency::Safety, 0.0) <= 1.0);
        assert!(wait(Cause::Busy, 9, Urgency::Safety, 1.0) <= 25.0);
        assert!(wait(Cause::Busy, 1, Urgency::Routine, 0.0) >= 30.0);
    }

    #[test]
    fn waits_grow_and_end_at_a_longest() {
        let waits: Vec<f64> = (1..=40).map(|n| wait(Cause::Greylisted, n, Urgency::Routine, 0.0)).collect();
        assert!(waits.is_sorted());
        assert!(waits.last().is_some_and(|w| (*w - 900.0).abs() < 1e-6));
    }

    #[test]
    fn long_after_the_deadline_even_an_urgent_mail_waits_longer() {
        let now = Instant::from_micros(10_000_000_000);
        let retry = Retry { cause: Cause::Busy, attempts: 1, urgency: Urgency::Safety, deadline: Some(Instant::EPOCH) };
        assert!(retry.next(now, 0.0).since(now) >= Span::from_secs(30));
    }
}
