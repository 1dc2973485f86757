//! When each mail may depart: a generic cell rate algorithm whose rate can change while it runs.

mod slots;

use crate::time::{Instant, Span};
pub use slots::{Slot, Slots, overtakes};

/// The shortest interval between mails, so that a rate never becomes infinite: one microsecond.
const INTERVAL_MIN: Span = Span::from_micros(1);

/// A departure that was granted: one mail, not before this instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permit(pub Instant);

/// A refusal that says when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUntil(pub Instant);

/// The timetable of one lane (GCRA: ITU-T I.371; the same algorithm as in governor, with a rate that can change).
#[derive(Clone, Debug)]
pub struct Pace {
    interval: Option<Span>,
    burst: u32,
    /// Theoretical arrival time: when the next mail would leave if all left evenly.
    tat: Instant,
}

impl Pace {
    /// A timetable of `per_second` mails with up to `burst` at once; `None` grants at once, always.
    #[must_use]
    pub fn new(per_second: Option<f64>, burst: u32) -> Self {
        Pace { interval: per_second.map(interval_of), burst: burst.max(1), tat: Instant::EPOCH }
    }

    /// Changes the rate from now on; what was granted stays granted.
    pub fn set_rate(&mut self, per_second: Option<f64>) {
        self.interval = per_second.map(interval_of);
    }

    /// Changes how many mails may leave at once.
    pub fn set_burst(&mut self, burst: u32) {
        self.burst = burst.max(1);
    }

    /// Changes rate and burst, so that as many mails as could leave now still can, as far as the new burst allows.
    pub fn change(&mut self, per_second: Option<f64>, burst: u32, now: Instant) {
        let before = self.interval.unwrap_or(INTERVAL_MIN);
        let owed = self.tat.since(now).as_secs_f64() / before.as_secs_f64();
        let after = per_second.map(interval_of);
        self.tat = now + after.unwrap_or(Span::ZERO).mul_f64(owed.min(f64::from(burst)));
        (self.interval, self.burst) = (after, burst.max(1));
    }

    /// The next departure if it is not later than `horizon`, and books it.
    ///
    /// # Errors
    /// [`NotUntil`] carries the instant of the next departure; nothing is booked.
    pub fn ask(&mut self, now: Instant, horizon: Instant) -> Result<Permit, NotUntil> {
        let Some(interval) = self.interval else {
            return Ok(Permit(now));
        };
        let depart = self.next(now);
        if depart > horizon {
            return Err(NotUntil(depart));
        }
        self.tat = self.tat.max(depart) + interval;
        Ok(Permit(depart))
    }

    /// The time between two departures.
    #[must_use]
    pub fn interval(&self) -> Span {
        self.interval.unwrap_or(Span::ZERO)
    }

    /// The next departure, without booking it.
    #[must_use]
    pub fn next(&self, now: Instant) -> Instant {
        // Where nothing bounds the rate any more, nothing is left of the timetable that did.
        let Some(interval) = self.interval else { return now };
        now.max(self.tat - interval.saturating_mul(self.burst - 1))
    }
}

fn interval_of(per_second: f64) -> Span {
    let seconds = 1.0 / per_second.max(1e-6);
    Span::from_secs_f64(seconds.min(1e6)).max(INTERVAL_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: f64) -> Instant {
        Instant::from_micros((seconds * 1e6) as u64)
    }

    fn departures(pace: &mut Pace, now: Instant, n: usize) -> Vec<f64> {
        let grant = |pace: &mut Pace| pace.ask(now, Instant::NEVER).unwrap().0.as_micros() as f64 / 1e6;
        (0..n).map(|_| grant(pace)).collect()
    }

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_evenly() {
        let mut pace = Pace::new(Some(10.0), 3);
        assert_eq!(departures(&mut pace, at(100.0), 6), [100.0, 100.0, 100.0, 100.1, 100.2, 100.3]);
    }

    #[test]
    fn a_refusal_says_when_and_books_nothing() {
        let mut pace = Pace::new(Some(2.0), 1);
        assert_eq!(pace.ask(at(1.0), at(1.0)), Ok(Permit(at(1.0))));
        assert_eq!(pace.ask(at(1.0), at(1.2)), Err(NotUntil(at(1.5))));
        assert_eq!(pace.ask(at(1.5), at(1.5)), Ok(Permit(at(1.5))));
    }

    #[test]
    fn a_changed_rate_holds_from_the_next_departure() {
        let mut pace = Pace::new(Some(1.0), 1);
        assert_eq!(departures(&mut pace, at(0.0), 2), [0.0, 1.0]);
        pace.set_rate(Some(10.0));
        assert_eq!(departures(&mut pace, at(2.0), 3), [2.0, 2.1, 2.2]);
    }

    #[test]
    fn where_the_rate_is_bounded_no_more_nothing_waits_for_a_departure_of_before() {
        let mut pace = Pace::new(Some(1.0), 1);
        assert_eq!(departures(&mut pace, at(0.0), 1), [0.0]);
        assert_eq!(pace.next(at(0.1)), at(1.0));
        pace.set_rate(None);
        assert_eq!(pace.next(at(0.1)), at(0.1));
        assert_eq!(departures(&mut pace, at(0.1), 2), [0.1; 2]);
    }

    #[test]
    fn a_change_keeps_what_may_leave_at_once() {
        let mut pace = Pace::new(Some(1.0), 10);
        assert_eq!(departures(&mut pace, at(100.0), 8), [100.0; 8]);
        pace.change(Some(10.0), 10, at(100.0));
        assert_eq!(departures(&mut pace, at(100.0), 4), [100.0, 100.0, 100.1, 100.2]);
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_rate_times_window_plus_burst(
            rate in 0.5f64..200.0, burst in 1u32..20, asks in prop::collection::vec(0u64..500_000, 1..300), window in 0.1f64..3.0,
        ) {
            let mut pace = Pace::new(Some(rate), burst);
            let mut now = at(50.0);
            let mut departed: Vec<f64> = Vec::new();
            for step in asks {
                now = now + Span::from_micros(step);
                if let Ok(Permit(t)) = pace.ask(now, now) {
                    departed.push(t.as_micros() as f64 / 1e6);
                }
            }
            for (i, start) in departed.iter().enumerate() {
                let inside = departed[i..].iter().filter(|t| **t - start < window).count();
                prop_assert!(inside as f64 <= rate * window + f64::from(burst) + 1e-6);
            }
        }
    }
}
