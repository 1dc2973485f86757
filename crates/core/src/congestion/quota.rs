//! Limits of so many mails in a window of time, seen as a stop after about as many mails every time.

use crate::time::{Instant, Span};

/// Nothing accepted for so long, with refusals, is a stop.
pub(super) const STOP: Span = Span::from_millis(2500);
/// Counts this much alike are the same quota.
const ALIKE: f64 = 0.12;
/// Counts this much alike are believed to be one before the second stop is over.
const SAME: f64 = 0.03;
/// Of a quota so much is used.
const USED: f64 = 0.98;
/// From this share of what was taken before a stop, the next one is awaited.
const NEAR: f64 = 0.97;
/// The fewest mails of which a quota is believed.
const MAILS_MIN: u32 = 12;

/// What a lane knows of its carrier's quota.
#[derive(Clone, Debug, Default)]
pub(super) struct Quota {
    /// Mails accepted since the last stop ended, and when that was.
    count: u32,
    since: Instant,
    last: Instant,
    refused_at: Option<Instant>,
    /// How many mails were taken before a stop, and how long after the first of them the stop ended.
    seen: Option<(u32, Span)>,
    confirmed: bool,
    /// Windows that were left unused at their end, and after how many of them it is tried to go on.
    kept: u32,
    patience: u32,
}

impl Quota {
    /// Mails and window, once they were seen twice.
    pub(super) fn known(&self) -> Option<(u32, Span)> {
        self.seen.filter(|_| self.confirmed)
    }

    /// A mail that left at `departed` was accepted.
    pub(super) fn on_accepted(&mut self, departed: Instant) {
        let stopped = self.refused_at.take().is_some_and(|at| departed.since(at) > STOP);
        let over = self.known().is_some_and(|(_, window)| departed.since(self.since) >= window.mul_f64(0.98));
        let rested = departed.since(self.last) > self.seen.map_or(Span::from_secs(60), |(_, window)| window);
        if stopped {
            let now_seen = (self.count, departed.since(self.since));
            let alike = self.seen.is_some_and(|(mails, _)| self.is_alike(mails));
            self.confirmed = alike && self.count >= MAILS_MIN;
            self.seen = Some(now_seen);
        }
        if stopped || over || rested {
            self.kept += 1;
            self.count = 0;
            self.since = departed;
        }
        if self.known().is_some_and(|(mails, _)| f64::from(self.count) > f64::from(mails) * (1.0 + ALIKE)) {
            // More than the quota was taken: it is none any more.
            self.confirmed = false;
            self.seen = None;
        }
        self.count += 1;
        self.last = self.last.max(departed);
    }

    /// A mail was refused for pace.
    pub(super) fn on_refused(&mut self, now: Instant) {
        self.refused_at.get_or_insert(now);
    }

    /// All mails are refused now. Says until when nothing more will be taken, if that is known.
    pub(super) fn used_up(&mut self, now: Instant) -> Option<Instant> {
        let (mails, window) = self.seen?;
        // The second stop after as many mails as before is no chance if it is exactly as many.
        let alike = if self.confirmed { self.is_alike(mails) } else { self.is_same(mails) };
        if self.count < MAILS_MIN || !alike {
            return None;
        }
        self.confirmed = true;
        self.patience = (self.patience * 2).clamp(4, 64);
        self.kept = 0;
        let ends = self.since + window;
        (ends > now).then_some(ends)
    }

    /// Mails that may be on their way: few where it stopped the last time.
    pub(super) fn room(&self) -> u32 {
        let Some((mails, _)) = self.seen.filter(|(mails, _)| *mails >= MAILS_MIN && !self.confirmed) else {
            return u32::MAX;
        };
        if f64::from(self.count) > f64::from(mails) * (1.0 + ALIKE) {
            return u32::MAX;
        }
        (mails as f64 * NEAR - f64::from(self.count)).max(2.0) as u32
    }

    fn is_alike(&self, mails: u32) -> bool {
        (f64::from(self.count) - f64::from(mails)).abs() <= (f64::from(mails) * ALIKE).max(2.0)
    }

    fn is_same(&self, mails: u32) -> bool {
        (f64::from(self.count) - f64::from(mails)).abs() <= (f64::from(mails) * SAME).max(1.0)
    }

    /// Until when nothing more may leave, while so many are on their way.
    pub(super) fn held_until(&self, flying: u32, now: Instant) -> Option<Instant> {
        let (mails, window) = self.known()?;
        let ends = self.since + window;
        if self.kept > self.patience {
            return None;
        }
        let used = f64::from(self.count + flying) >= f64::from(mails) * USED;
        (used && ends > now).then_some(ends)
    }
}
