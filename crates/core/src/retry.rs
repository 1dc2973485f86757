//! When a deferred mail is tried again: in seconds while its deadline is near, then ever more slowly.

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
    /// How many of them ended in doubt, the last one included; 0 if that one did not.
    pub doubts: u32,
    /// The batch's hurry.
    pub urgency: Urgency,
    /// The batch's deadline, if it has one.
    pub deadline: Option<Instant>,
    /// When the batch was submitted.
    pub submitted: Instant,
    /// From when on it is not sent any more, if that is so.
    pub expires: Option<Instant>,
}

/// First wait, and the longest before and after the deadline, in seconds.
///
/// A carrier that is busy or out of reach may recover at any moment. A greylist lets in whoever comes back after its time:
/// minutes as a rule (RFC 6647 §2.2), seconds at some. A full or busy mailbox takes longer than a carrier, and what the
/// operator must mend (policy, block, TLS) longer still.
fn waits(cause: Cause) -> (f64, f64, f64) {
    match cause {
        // The lane's own pace says when a busy carrier is asked again: the mail only steps behind the others.
        Cause::Busy => (0.3, 1.0, 1800.0),
        Cause::Network | Cause::TimedOut | Cause::Protocol => (1.0, 5.0, 1800.0),
        Cause::Greylisted => (4.0, 30.0, 900.0),
        // Of many at once, to see whether the carrier stands by it.
        Cause::UnknownUser => (5.0, 30.0, 900.0),
        Cause::RecipientBusy | Cause::Unrecognised | Cause::Dns | Cause::Crash => (3.0, 60.0, 7200.0),
        _ => (20.0, 300.0, 7200.0),
    }
}

/// No wait is longer, whatever the cause and the chance.
pub const LONGEST: Span = Span::from_secs(9_000);

/// As [`waits`], after an attempt that ended in doubt: the carrier may well have the mail, and each attempt is a copy more.
const IN_DOUBT: (f64, f64, f64) = (60.0, 900.0, 7200.0);

/// What is in no hurry waits at least so long, in seconds.
const ROUTINE: f64 = 30.0;

/// What is more urgent than a safety confirmation asks twice as often.
fn pace(urgency: Urgency) -> f64 {
    if urgency < Urgency::Safety { 0.5 } else { 1.0 }
}

impl Retry {
    /// The earliest instant of the next attempt.
    ///
    /// Before the deadline the wait doubles from the cause's first to its longest, and is never more than a third of the
    /// time that is left, so that several attempts fall before the deadline. After it the wait grows with the lateness: a
    /// quarter of it, up to the cause's longest for late mails. Without a deadline the urgency stands for one
    /// ([`Urgency::hurry`]). `chance` in 0..1 spreads the waits by up to a quarter, so that
    /// what was deferred together does not return together.
    ///
    /// Whatever the wait, half of the time before the expiry is not slept through, so that the last attempt comes shortly
    /// before it. An instant at or behind the expiry means that nothing would come of another attempt.
    #[must_use]
    pub fn next(&self, now: Instant, chance: f64) -> Instant {
        let deadline = self.deadline.unwrap_or(self.submitted + self.urgency.hurry());
        let (first, longest, late_longest) = if self.doubts > 0 { IN_DOUBT } else { waits(self.cause) };
        let (first, longest) = (first * pace(self.urgency), longest * pace(self.urgency));
        let counted = if self.doubts > 0 { self.doubts } else { self.attempts };
        let doublings = i32::try_from(counted.saturating_sub(1).min(20)).unwrap_or(20);
        let doubled = first * f64::powi(2.0, doublings);
        let wait = if now < deadline {
            let left = deadline.since(now).as_secs_f64();
            doubled.min(longest).min((left / 3.0).max(first))
        } else {
            let late = now.since(deadline).as_secs_f64();
            let floor = if self.urgency == Urgency::Routine { ROUTINE.max(30.0 * first) } else { first };
            doubled.min(longest).max(late / 4.0).max(floor).min(late_longest)
        };
        let spread = wait * (1.0 + 0.25 * chance.clamp(0.0, 1.0));
        let half = self.expires.map_or(f64::INFINITY, |expires| expires.since(now).as_secs_f64() / 2.0);
        now + Span::from_secs_f64(if half >= first { spread.min(half) } else { spread })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBMITTED: Instant = Instant::from_micros(1_000_000_000_000_000);

    fn retry(cause: Cause, urgency: Urgency) -> Retry {
        Retry { cause, attempts: 1, doubts: 0, urgency, deadline: None, submitted: SUBMITTED, expires: None }
    }

    fn wait(retry: Retry, after: u64, chance: f64) -> f64 {
        let now = SUBMITTED + Span::from_secs(after);
        retry.next(now, chance).since(now).as_secs_f64()
    }

    /// The moments of the attempts of one mail that is deferred each time, in seconds after its submission.
    fn moments(cause: Cause, urgency: Urgency, count: u32) -> Vec<f64> {
        let mut now = SUBMITTED;
        let attempt = |attempts| {
            now = Retry { attempts, ..retry(cause, urgency) }.next(now, 0.0);
            now.since(SUBMITTED).as_secs_f64()
        };
        (1..=count).map(attempt).collect()
    }

    #[test]
    fn a_busy_carrier_is_asked_again_in_seconds_while_it_is_urgent_and_in_half_a_minute_otherwise() {
        assert!(wait(retry(Cause::Busy, Urgency::Safety), 0, 0.0) <= 1.0);
        assert!(wait(retry(Cause::Busy, Urgency::Immediate), 0, 0.0) <= 0.5);
        assert!(wait(Retry { attempts: 9, ..retry(Cause::Busy, Urgency::Safety) }, 60, 1.0) <= 25.0);
        assert!(wait(retry(Cause::Busy, Urgency::Routine), 0, 0.0) >= 30.0);
    }

    #[test]
    fn waits_grow_after_the_deadline_and_end_at_a_longest() {
        let moments = moments(Cause::Greylisted, Urgency::Safety, 120);
        let waits: Vec<f64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let late: Vec<f64> = waits.iter().zip(&moments).filter(|(_, at)| **at > 700.0).map(|(wait, _)| *wait).collect();
        assert!(late.windows(2).all(|pair| pair[0] <= pair[1] + 1e-6), "{late:?}");
        assert!(late.last().is_some_and(|wait| (*wait - 900.0).abs() < 1e-6), "{late:?}");
    }

    #[test]
    fn several_attempts_fall_before_the_deadline_however_near_it_is() {
        for (urgency, within) in [(Urgency::Safety, 600.0), (Urgency::Bulletin, 180.0)] {
            let tries = moments(Cause::Busy, urgency, 60).iter().filter(|at| **at < within).count();
            assert!((15..=60).contains(&tries), "{urgency:?}: {tries}");
            let near = moments(Cause::Unrecognised, urgency, 60);
            assert!(near.iter().any(|at| (within - 30.0..within).contains(at)), "{urgency:?}: {near:?}");
        }
    }

    #[test]
    fn the_last_attempt_comes_shortly_before_the_expiry() {
        for (cause, seconds, last) in [(Cause::Busy, 700, 2.0), (Cause::MailboxFull, 3_000, 40.0)] {
            let expires = SUBMITTED + Span::from_secs(seconds);
            let (mut now, mut left, mut attempts) = (SUBMITTED, 0.0, 0);
            while now < expires {
                left = expires.since(now).as_secs_f64();
                attempts += 1;
                now = Retry { attempts, expires: Some(expires), ..retry(cause, Urgency::Hazard) }.next(now, 1.0);
            }
            assert!(left <= last + 1e-6, "{cause:?}: the last attempt came {left} s before the expiry");
        }
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        let hour = 3600;
        for cause in [Cause::Busy, Cause::Unrecognised, Cause::Blocked, Cause::MailboxFull] {
            for (doubts, after) in [(0, 1), (0, 99 * hour), (9, 99 * hour)] {
                let retry = Retry { attempts: 30, doubts, ..retry(cause, Urgency::Routine) };
                assert!(wait(retry, after, 1.0) <= LONGEST.as_secs_f64(), "{cause:?}, {doubts}, {after}");
            }
        }
    }

    #[test]
    fn a_mail_in_doubt_waits_a_minute_and_then_longer_each_time() {
        let doubted = |doubts| Retry { doubts, attempts: doubts, ..retry(Cause::Network, Urgency::Hazard) };
        assert_eq!([1, 2].map(|doubts| wait(doubted(doubts), 0, 0.0)), [60.0, 120.0]);
        assert!(wait(doubted(3), 0, 0.0) > 120.0);
        let urgent = Retry { urgency: Urgency::Immediate, ..doubted(1) };
        assert!((30.0..=60.0).contains(&wait(urgent, 0, 0.0)));
    }

    #[test]
    fn long_after_the_deadline_even_an_urgent_mail_waits_longer() {
        let late = Retry { deadline: Some(SUBMITTED), ..retry(Cause::Busy, Urgency::Safety) };
        assert!(wait(late, 1200, 0.0) >= 300.0);
        assert!(wait(late, 1, 0.0) < 2.0);
    }
}
