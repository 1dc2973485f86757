//! What asking for more may cost: refusals are paid from the mails that a lane has and had.

use crate::time::Span;

/// Refusals that a lane may cause whatever it sends, and for each mail, before it asks more rarely: somewhat fewer than the
/// 20 and 3 in 100 that it may cause in all.
const START: f64 = 18.0;
const EARNED: f64 = 0.022;
/// Below this nothing is tried that need not be.
const RESERVE: f64 = 6.0;
/// What is left to ask a carrier that takes nothing, at least.
const QUESTIONS: f64 = 3.5;
/// It is asked at least so often.
const WAIT_MAX: Span = Span::from_secs(10);

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
