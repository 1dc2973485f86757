//! How many mails a carrier has accepted, and when: the same for every way of learning from it.

use crate::time::{Instant, Span};

/// A pause of this length begins a new count.
const PAUSE: Span = Span::from_secs(2);
/// Mails of so long are counted together, to see whether the pace was steady.
const SLOT: Span = Span::from_millis(250);
const SLOTS: usize = 8;
/// A pace that grew by no more than this was steady.
const STEADY: f64 = 1.15;

/// Accepted mails.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    accepted: u64,
    /// Since when mails have been accepted without a long pause, and how many there were before.
    began: (Instant, u64),
    last: Instant,
    /// In the running second and in the one before.
    second: (Instant, u32, u32),
    /// In each of the last quarters of a second.
    slots: [(u64, u32); SLOTS],
}

impl Tally {
    /// A mail that left at `departed` was accepted. Returns the time since the one before.
    pub(super) fn count(&mut self, departed: Instant, now: Instant) -> Span {
        let past = now.since(self.last);
        if past > PAUSE {
            self.began = (departed.max(self.last), self.accepted);
        }
        self.last = now;
        self.accepted += 1;
        self.count_slot(now);
        self.count_second(now);
        past
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Since when mails have been accepted without a long pause.
    pub(super) fn began(&self) -> Instant {
        self.began.0
    }

    /// How many had been accepted before.
    pub(super) fn before(&self) -> u64 {
        self.began.1
    }

    /// What the carrier has taken at least, if a burst of one second's worth is forgiven.
    pub(super) fn lasting(&self, now: Instant) -> f64 {
        let whole = (self.accepted - self.began.1) as f64 / (now.since(self.began.0).as_secs_f64() + 1.0);
        whole.max(f64::from(self.second.1.max(self.second.2)) / 2.0)
    }

    /// Whether as many mails were accepted in the last half second as in the one before, and so for a second before that.
    pub(super) fn was_steady(&self, now: Instant) -> bool {
        let slot = |back: u64| {
            let at = slot_of(now).saturating_sub(back);
            self.slots.iter().find(|(slot, _)| *slot == at).map_or(0, |(_, taken)| *taken)
        };
        // The running one is not full.
        let last = f64::from(slot(1) + slot(2)) / 2.0;
        let before = f64::from((3..7).map(slot).sum::<u32>()) / 4.0;
        before > 0.0 && last <= STEADY * before + 0.5
    }

    fn count_slot(&mut self, now: Instant) {
        let slot = slot_of(now);
        let place = &mut self.slots[(slot % SLOTS as u64) as usize];
        *place = if place.0 == slot { (slot, place.1 + 1) } else { (slot, 1) };
    }

    fn count_second(&mut self, now: Instant) {
        let past = now.since(self.second.0);
        if past >= Span::from_secs(2) {
            self.second = (now, 0, 0);
        } else if past >= Span::from_secs(1) {
            self.second = (self.second.0 + Span::from_secs(1), 0, self.second.1);
        }
        self.second.1 += 1;
    }
}

fn slot_of(at: Instant) -> u64 {
    at.as_micros() / u64::try_from(SLOT.as_micros()).unwrap_or(u64::MAX)
}
