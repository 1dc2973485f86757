//! How many mails a carrier takes in one session.

/// Sessions that end after so many mails are no chance when it happens twice.
const CERTAIN: u32 = 5;

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
    /// After how many mails sessions were ended lately, and how often.
    alike: (u32, u32),
    longest: u32,
    /// Sessions that ended at the learned bound since it was last tried to go beyond, and after how many that is done.
    ended: u32,
    try_after: u32,
}

impl Turns {
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
            self.alike = (0, 0);
            self.try_after = 4;
        }
    }

    /// A mail was refused after so many in its session; `cut` if the session ended with it.
    pub(super) fn on_cut(&mut self, turn: u32, cut: bool) -> Cut {
        if !cut {
            return Cut::Open;
        }
        if turn == 0 || turn < self.longest {
            self.alike = (0, 0);
            return Cut::Open;
        }
        if self.most == Some(turn) {
            self.try_after = (self.try_after.max(2) * 2).min(256);
            return Cut::Explained;
        }
        self.alike = if self.alike.0 == turn { (turn, self.alike.1 + 1) } else { (turn, 1) };
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
