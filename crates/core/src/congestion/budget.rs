//! What asking for more may cost: refusals are paid from the mails that a lane has and had.

use crate::time::Span;

/// Refusals that a lane may cause whatever it sends, and for each mail, before it asks more rarely: somewhat fewer than the
/// 20 and 3 in 100 that it may cause in all.
const START: f64 = 17.0;
const EARNED: f64 = 0.022;
/// Below this nothing is tried that need not be.
const RESERVE: f64 = 6.0;
/// What is left to ask a carrier that takes nothing, at least.
const QUESTIONS: f64 = 2.0;
/// Who keeps somebody out does so for a round time, in seconds; so soon behind its end it is asked.
const ROUND: [u64; 5] = [10, 20, 30, 60, 120];
const JUST: Span = Span::from_millis(300);
/// It is asked at least so often.
const WAIT_MAX: Span = Span::from_secs(10);

/// When one that has taken nothing for so long is asked again: after the wait, or just behind a round time that ends
/// meanwhile.
pub(super) fn asked_after(wait: Span, lasted: Span) -> Span {
    let ends = ROUND.iter().map(|seconds| Span::from_secs(*seconds) + JUST);
    ends.filter(|end| *end > lasted).map(|end| end.saturating_sub(lasted)).find(|span| *span < wait).unwrap_or(wait)
}

/// Refusals that may still be risked.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    mails: u64,
    waiting: u64,
    paid: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Budget { mails: 0, waiting: 0, paid: 0 }
    }

    /// So many mails wait.
    pub(super) fn foresee(&mut self, waiting: u64) {
        self.waiting = waiting;
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> f64 {
        self.waiting as f64
    }

    pub(super) fn earn(&mut self) {
        self.mails += 1;
    }

    pub(super) fn pay(&mut self) {
        self.paid += 1;
    }

    pub(super) fn left(&self) -> f64 {
        START + EARNED * (self.mails + self.waiting) as f64 - self.paid as f64
    }

    /// Whether a try may be made.
    pub(super) fn allows(&self) -> bool {
        self.left() >= RESERVE
    }

    /// How long a carrier that has taken nothing for so long is left alone at most: what is left is spread over as long
    /// again.
    pub(super) fn wait(&self, usual: Span, lasted: Span) -> Span {
        usual.max(lasted.mul_f64(1.0 / self.left().max(QUESTIONS))).min(WAIT_MAX)
    }

    /// Whether what was paid forbids to ask often.
    pub(super) fn is_spent(&self) -> bool {
        self.left() < 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_less_is_left_the_more_rarely_a_silent_carrier_is_asked_and_never_less_than_each_ten_seconds() {
        let (mut budget, usual) = (Budget::new(), Span::from_secs(2));
        assert_eq!(budget.wait(usual, Span::from_secs(20)), usual);
        (0..13).for_each(|_| budget.pay());
        assert_eq!(budget.wait(usual, Span::from_secs(20)), Span::from_secs(5));
        (0..20).for_each(|_| budget.pay());
        assert_eq!(budget.wait(usual, Span::from_secs(3600)), WAIT_MAX);
    }

    #[test]
    fn the_end_of_a_minute_is_not_slept_through() {
        let wait = Span::from_secs(8);
        assert_eq!(asked_after(wait, Span::from_secs(54)), Span::from_secs(6) + JUST);
        assert_eq!(asked_after(wait, Span::from_secs(61)), wait);
        assert_eq!(asked_after(Span::from_millis(200), Span::from_secs(54)), Span::from_millis(200));
    }
}
