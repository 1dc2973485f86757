//! Looking for the limit from below, and above a limit that is known.

use super::{FALLEN, Mode, RATE_MIN, Speed, TRY_AFTER, TRY_AFTER_FALL};
use crate::time::Instant;

/// How far a try goes above the level: at first, at least and at most; its share after a failure and after a success.
pub(super) const STRIDE: (f64, f64, f64) = (0.3, 0.12, 1.0);
const STRIDE_AFTER: (f64, f64) = (0.5, 1.7);
/// A try is believed once it has carried so many times what was forgiven before, and so many mails more.
const BELIEVED: (f64, f64, f64) = (1.3, 0.7, 2.0);
/// Growth a step while the limit is looked for from below: before much was accepted, and after.
pub(super) const CLIMB: (f64, f64) = (2.0, 1.3);
/// Where the search begins at least, in mails a second.
const CLIMB_FROM: f64 = 2.0;
/// Who takes more than it did a moment ago is tried at this share of its best next.
const BACK: f64 = 0.8;
/// Who takes this share of its best again has returned to it.
const RETURNED: f64 = 0.95;
/// A try is believed after so many seconds in any case: where the carrier takes less than it did, and otherwise.
const TRIED: (f64, f64) = (1.5, 4.0);

impl Speed {
    /// A mail of a try was accepted: it is believed once it has carried more than a rested carrier forgives.
    pub(super) fn try_on(&mut self, step: usize, now: Instant) {
        let span = self.step_last.since(self.step_at).as_secs_f64();
        let taken = f64::from(self.step_taken);
        let enough = taken >= (self.rate * 0.2).clamp(3.0, 40.0);
        if !self.is_used() {
            if enough || span > 1.0 {
                // It is not the limit that holds the lane back.
                self.work(now);
            }
        } else if enough && (self.outgrown(taken, span) || span > if self.is_fallen() { TRIED.0 } else { TRIED.1 }) {
            let (_, _, base) = self.tried;
            let back = if self.is_fallen() { self.best * BACK } else { 0.0 };
            self.proven = self.rate;
            self.level = self.level.max(self.rate);
            self.try_after = TRY_AFTER.0;
            if base < FALLEN * self.best && self.level >= RETURNED * self.best {
                // It is as before: whether there is more is asked later, from there.
                return self.work(now);
            }
            self.stride = (self.stride * STRIDE_AFTER.1).min(STRIDE.2);
            self.begin_try(step + 1, now);
            self.rate = self.rate.max(back);
            if self.level < self.best {
                self.rate = self.rate.min(self.best);
            }
        }
    }

    /// Whether a try of so many mails and seconds has carried more than a rested carrier forgives.
    pub(super) fn outgrown(&self, taken: f64, span: f64) -> bool {
        let more = (self.level / 2.0).clamp(BELIEVED.1, BELIEVED.2);
        taken - self.level * span >= BELIEVED.0 * self.forgiven + more
    }

    pub(super) fn climb_on(&mut self, now: Instant) {
        if f64::from(self.step_taken) < (self.rate * 0.05).max(1.0) || !self.is_used() {
            return;
        }
        self.proven = self.rate;
        self.level = self.level.max(self.rate);
        if self.rate > self.climb_to {
            // More cannot have been taken before: what is above is for tries.
            return self.settle(self.rate, now);
        }
        self.rate *= self.growth;
        self.step(now);
    }

    /// A try failed: what it carried before is kept, and what was forgiven is learned.
    pub(super) fn give_up(&mut self, step: usize, measured: Option<f64>, ended: Instant, now: Instant) {
        let (began, accepted, base) = self.tried;
        let (mails, span) = ((self.tally.accepted() - accepted) as f64, ended.since(began).as_secs_f64());
        self.space_tries();
        if step == 0 {
            self.forgiven = (self.forgiven * 0.9).max(mails - base * span).clamp(0.0, 2.0 * base);
        } else {
            self.doubted = Some((mails, span));
        }
        let before = if step == 0 { self.level } else { self.level * 0.97 };
        self.settle(measured.unwrap_or(before).clamp(before, self.rate.max(before)), now);
    }

    /// After a failed try the next one comes later, and does not go as far.
    pub(super) fn space_tries(&mut self) {
        if self.is_fallen() {
            self.fall_after = self.fall_after.mul_f64(1.3).min(TRY_AFTER_FALL.1);
            self.best = self.best * 0.97 + self.level * 0.03;
            self.stride = STRIDE.0;
        } else {
            self.try_after = (self.try_after * 2).min(TRY_AFTER.1);
            self.stride = (self.stride * STRIDE_AFTER.0).max(STRIDE.1);
        }
    }

    pub(super) fn begin_try(&mut self, step: usize, now: Instant) {
        self.rate = self.level * (1.0 + self.stride);
        self.step(now);
        self.mode = Mode::Try(step);
    }

    pub(super) fn climb(&mut self, from: f64, now: Instant) {
        self.level = from.max(CLIMB_FROM);
        self.rate = self.level;
        self.proven = RATE_MIN;
        self.growth = if self.tally.accepted() < 20 { CLIMB.0 } else { CLIMB.1 };
        self.mode = Mode::Climb;
        self.step(now);
    }
}
