//! What a scripted carrier counts against its limits: rate, quota, punishment, and the work it has yet to do.

use std::collections::VecDeque;

use super::report::CarrierReport;
use super::script::{Limits, Quota};
use crate::pace::Pace;
use crate::time::{Instant, Span};

/// One carrier's counts.
pub(super) struct Gauge {
    pace: Pace,
    /// Mails that count against the quota, the oldest first.
    counted: VecDeque<Instant>,
    punished_until: Instant,
    /// When what it has taken will be worked off.
    free: Instant,
}

impl Gauge {
    pub(super) fn new(limits: &Limits) -> Self {
        Gauge {
            pace: Pace::new(limits.mails_per_second_max, limits.burst_mails),
            counted: VecDeque::new(),
            punished_until: Instant::EPOCH,
            free: Instant::EPOCH,
        }
    }

    /// Takes new limits; of what it forgives, what is left stays.
    pub(super) fn change(&mut self, limits: &Limits, now: Instant) {
        self.pace.change(limits.mails_per_second_max, limits.burst_mails, now);
    }

    /// Counts a mail, unless it is one too many.
    pub(super) fn mail(&mut self, limits: &Limits, now: Instant) -> bool {
        if let Some(quota) = limits.quota {
            self.forget(quota, now);
            if self.counted.len() >= quota.mails as usize {
                return false;
            }
        }
        if self.pace.ask(now, now).is_err() {
            return false;
        }
        if limits.quota.is_some() {
            self.counted.push_back(now);
        }
        true
    }

    fn forget(&mut self, quota: Quota, now: Instant) {
        let window = u64::try_from(quota.window.as_micros()).unwrap_or(u64::MAX).max(1);
        let begun = Instant::from_micros(now.as_micros() / window * window);
        let old = |at: Instant| if quota.sliding { now.since(at) >= quota.window } else { at < begun };
        while self.counted.front().is_some_and(|at| old(*at)) {
            self.counted.pop_front();
        }
    }

    pub(super) fn is_punishing(&self, now: Instant) -> bool {
        now < self.punished_until
    }

    /// Begins the punishment of an overrun, where that is the carrier's way.
    pub(super) fn punish(&mut self, limits: &Limits, now: Instant, ledger: &mut CarrierReport) {
        if limits.punish > Span::ZERO {
            self.punished_until = now + limits.punish;
            ledger.punished.push(now);
        }
    }

    /// When a mail that came now will have been worked off, behind all that came before it.
    pub(super) fn work_off(&mut self, rate: f64, now: Instant) -> Instant {
        self.free = self.free.max(now) + Span::from_secs_f64(1.0 / rate.max(1e-3));
        self.free
    }
}
