//! How many mails a carrier has accepted, and when: the same for every way of learning from it.

use std::collections::VecDeque;

use crate::time::{Instant, Span};

/// A pause of this length begins a new count.
const PAUSE: Span = Span::from_secs(2);
/// Mails of so many microseconds are counted together, for so many of them.
const SLOT_MICROS: u64 = 100_000;
const SLOTS: usize = 64;
/// What any carrier may forgive a rested sender: so many seconds' worth, and so many mails whatever its rate.
const FORGIVEN: (f64, f64) = (1.0, 5.0);

/// Accepted mails.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    accepted: u64,
    /// Since when mails have been accepted without a long pause, and how many there were before.
    began: (Instant, u64),
    last: Instant,
    /// In the running second and in the one before.
    second: (Instant, u32, u32),
    /// Those that left in each of the last tenths of a second, by its number since the epoch.
    slots: VecDeque<(u64, u32)>,
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
        self.count_slot(departed);
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
        whole.max(f64::from(self.lately()) / 2.0)
    }

    /// In the running second or in the one before, whichever had more.
    pub(super) fn lately(&self) -> u32 {
        self.second.1.max(self.second.2)
    }

    /// The rate that the carrier bears at least, by what it took of those that left until then: of each stretch of time, what is left when
    /// a burst was forgiven in it; of the last seconds and of the time since the last pause, the most.
    pub(super) fn surely(&self, until: Instant) -> f64 {
        let least = |mails: f64, span: f64| {
            let by_time = mails / (span + FORGIVEN.0);
            by_time.min(((mails + 0.5 - FORGIVEN.1) / span.max(0.1)).max(by_time / 2.0))
        };
        let mut best = least((self.accepted - self.began.1) as f64, until.since(self.began.0).as_secs_f64());
        let mut mails = 0;
        for (slot, taken) in self.slots.iter().rev().filter(|(slot, _)| *slot <= slot_of(until)) {
            mails += taken;
            let from = Instant::from_micros(slot * SLOT_MICROS);
            best = best.max(least(f64::from(mails), until.since(from).as_secs_f64()));
        }
        best
    }

    /// The rate that the carrier held until then since the last pause, whatever it forgave: a burst of two seconds' worth at most.
    pub(super) fn held(&self, until: Instant) -> f64 {
        (self.accepted - self.began.1) as f64 / (until.since(self.began.0).as_secs_f64() + 2.0)
    }

    fn count_slot(&mut self, departed: Instant) {
        let slot = slot_of(departed);
        let newer = self.slots.back().is_some_and(|(last, _)| *last > slot);
        match self.slots.iter_mut().rev().find(|(at, _)| *at <= slot) {
            Some((at, taken)) if *at == slot => *taken += 1,
            // What overtook another one is counted with those before it.
            Some((_, taken)) if newer => *taken += 1,
            _ => self.slots.push_back((slot, 1)),
        }
        if self.slots.len() > SLOTS {
            self.slots.pop_front();
        }
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
    at.as_micros() / SLOT_MICROS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_micros(1_000_000_000 + ms * 1000)
    }

    #[test]
    fn what_is_surely_borne_is_never_more_than_the_rate_where_a_second_was_forgiven() {
        for rate in [10.0_f64, 40.0, 150.0] {
            let (mut tally, mut tokens, mut sent) = (Tally::default(), rate, 0.0);
            let mut refused_at = 0;
            // A pace that grows until the bucket of one second's worth is empty.
            for ms in 0..60_000_u64 {
                tokens = (tokens + rate / 1000.0).min(rate);
                sent += (5.0 + ms as f64 / 20.0) / 1000.0;
                while sent >= 1.0 && refused_at == 0 {
                    sent -= 1.0;
                    tokens -= 1.0;
                    if tokens < 0.0 {
                        refused_at = ms;
                    } else {
                        tally.count(at(ms), at(ms + 20));
                    }
                }
            }
            let surely = tally.surely(at(refused_at));
            assert!((0.5 * rate..=1.02 * rate).contains(&surely), "{surely} of {rate}");
        }
    }

    #[test]
    fn a_handful_of_mails_taken_at_once_promises_nothing() {
        let mut tally = Tally::default();
        for ms in 0..5 {
            tally.count(at(ms), at(ms));
        }
        assert!(tally.surely(at(100)) < 5.0);
    }
}
