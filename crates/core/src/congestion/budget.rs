//! What asking for more may cost: refusals are paid from what was accepted.

/// Refusals that a lane may cause before it has sent anything.
const START: f64 = 12.0;
/// What each accepted mail earns.
const EARNED: f64 = 0.02;
/// Debts end here: a carrier that refused much is asked again all the same.
const LEAST: f64 = -8.0;
/// Savings end here.
const MOST: f64 = 60.0;

/// Refusals that may still be risked.
#[derive(Clone, Debug)]
pub(super) struct Budget(pub(super) f64);

impl Budget {
    pub(super) fn new() -> Self {
        Budget(START)
    }

    pub(super) fn earn(&mut self) {
        self.0 = (self.0 + EARNED).min(MOST);
    }

    pub(super) fn pay(&mut self) {
        self.0 = (self.0 - 1.0).max(LEAST);
    }

    /// Whether a try may be made.
    pub(super) fn allows(&self) -> bool {
        self.0 >= 0.0
    }

    /// Whether what is owed forbids to ask often.
    pub(super) fn is_spent(&self) -> bool {
        self.0 < LEAST + 1.0
    }
}
