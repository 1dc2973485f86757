//! How many mails a carrier takes in one session.

use crate::time::{Instant, Span};

/// Sessions that end after so many mails are no chance when it happens twice.
const CERTAIN: u32 = 5;
/// Sessions that end within this time were ended together, whatever they had carried: that is one case, not two.
const TOGETHER: Span = Span::from_millis(250);

/// What a refusal says about the bound on mails a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nothing: it is about something else.
    Open,
    /// The bound explains it.
    Explained,
    /// The bound has just been learned: refusals like it before were no sign of pace.
    Learned,
}

/// What a lane knows of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    most: Option<u32>,
    /// After how many mails sessions were ended lately, how often, and since when they last were.
    alike: (u32, u32, Instant),
    longest: u32,
    /// Sessions that ended at the learned bound since it was last tried to go beyond, and after how many that is done.
    ended: u32,
    try_after: u32,
}

impl Turns {
    const NONE: (u32, u32, Instant) = (0, 0, Instant::EPOCH);

    pub(super) fn remember(&mut self, most: u32) {
        self.most = Some(most.max(1));
        self.try_after = 64;
    }

    /// The learned bound.
    pub(super) fn most(&self) -> Option<u32> {
        self.most
    }

    /// How long the next session may last: now and then one is let go on, to see whether the bound still stands.
    pub(super) fn next_session(&mut self) -> Option<u32> {
        let most = self.most?;
        self.ended += 1;
        if self.ended > self.try_after {
            self.ended = 0;
            return None;
        }
        Some(most)
    }

    /// A mail was accepted, the so-manyth of its session.
    pub(super) fn on_accepted(&mut self, turn: u32) {
        self.longest = self.longest.max(turn);
        if self.most.is_some_and(|most| turn > most) {
            self.most = None;
            self.alike = Self::NONE;
            self.try_after = 4;
        }
    }

    /// A mail was refused after so many in its session; `cut` if the session ended with it.
    pub(super) fn on_cut(&mut self, turn: u32, cut: bool, now: Instant) -> Cut {
        if !cut {
            return Cut::Open;
        }
        if turn == 0 || turn < self.longest {
            self.alike = Self::NONE;
            return Cut::Open;
        }
        if self.most == Some(turn) {
            self.try_after = (self.try_after.max(2) * 2).min(256);
            return Cut::Explained;
        }
        self.alike = match self.alike {
            (alike, times, began) if alike == turn && turn >= CERTAIN && now.since(began) <= TOGETHER => {
                (turn, times, began)
            }
            (alike, times, _) if alike == turn => (turn, times + 1, now),
            _ => (turn, 1, now),
        };
        // Sessions that began together have carried as much when a rate is overrun: few mails prove little.
        let proof = if turn >= CERTAIN { 2 } else { 4 };
        if self.alike.1 >= proof {
            self.most = Some(turn);
            self.try_after = self.try_after.max(4);
            return Cut::Learned;
        }
        // The first long one of its kind is given the benefit of the doubt.
        if turn >= CERTAIN { Cut::Explained } else { Cut::Open }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_micros(1_000_000_000 + ms * 1000)
    }

    #[test]
    fn sessions_that_are_ended_together_tell_no_bound_and_two_one_after_the_other_do() {
        let mut turns = Turns::default();
        let together = (0..10).map(|n| turns.on_cut(12, true, at(n * 20))).collect::<Vec<_>>();
        assert!(together.iter().all(|cut| *cut == Cut::Explained) && turns.most().is_none());
        assert_eq!((turns.on_cut(12, true, at(900)), turns.most()), (Cut::Learned, Some(12)));
    }
}
