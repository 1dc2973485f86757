//! What is learned when mails are taken again.

use super::tries::CLIMB;
use super::{Dry, FALLEN, Mode, RATE_MIN, Speed, TRY_AFTER, TRY_AFTER_FALL, WORK};
use crate::congestion::quota;
use crate::time::{Instant, Span};

/// What was borne for so many seconds was no burst.
const SHORT: f64 = 4.0;
/// A limit that was worked at for so long is one.
const HELD: Span = Span::from_millis(1500);
/// Accepted mails, or time, from which a measured rate is believed.
const MEASURED_MAILS: u64 = 5;
/// A stop of this length in which connections were refused is a punishment.
const PUNISHED: Span = Span::from_secs(10);
/// How long after a stop nothing above the rate before it is tried, and after a punishment.
const CEILING: (Span, Span) = (Span::from_secs(4), Span::from_secs(600));
/// After a stop, this share of the rate before it.
const AFTER_STOP: f64 = 0.9;
/// Growth a second after a punishment, and how many times the first pace that may become.
const CREEP: (f64, f64) = (0.03, 1.8);
/// It grows only while the rest would take so many times the punishment at the present pace.
const WORTH: f64 = 2.0;
/// Who takes this share of the rate in force, over so many mails, bears it.
const TAKEN: f64 = 0.9;
const TAKEN_MAILS: u64 = 40;
const MEASURED_SPAN: Span = Span::from_millis(500);

impl Speed {
    /// Mails are taken again: by what was accepted and what refused, the limit is known better.
    pub(super) fn resume(&mut self, dry: Dry, departed: Instant, now: Instant) {
        self.learn(dry, departed, now);
        if let Some(rate) = self.rate() {
            self.spaced_until = departed + Span::from_secs_f64(1.0 / rate);
        }
    }

    /// What was accepted between two dry times is the limit.
    fn learn(&mut self, dry: Dry, departed: Instant, now: Instant) {
        let lasted = departed.since(dry.since);
        let measured = self.measured(departed);
        let before = self.mark.map_or(0, |(_, accepted)| accepted);
        // What was too little to measure is measured together with what follows.
        if measured.is_some() || self.mark.is_none() || dry.quota || lasted >= quota::STOP {
            self.mark = Some((departed, self.tally.accepted()));
        }
        self.recent = 0;
        if dry.quota {
            self.distances.clear();
            return self.step(now);
        }
        if lasted >= quota::STOP {
            return self.after_stop(&dry, lasted, now);
        }
        self.lenient = true;
        if let Some(rate) = self.distances.rate(measured) {
            return self.keep_distance(rate, now);
        }
        match (self.mode, measured) {
            (Mode::Free, _) => {
                let span = dry.since.since(self.tally.began()).as_secs_f64();
                self.climb_to = (self.tally.accepted() - self.tally.before()) as f64 / span.max(0.2);
                if span < SHORT {
                    self.doubted = Some(((self.tally.accepted() - self.tally.before()) as f64, span));
                } else {
                    // It was borne for so long that it was no burst.
                    self.best = self.best.max(dry.rate);
                }
                self.climb(dry.rate, now);
            }
            // Where mails must keep a distance, much of the search was spent below what it found.
            (Mode::Climb, Some(rate)) => {
                let spaced = dry.probes == 0 && rate < self.proven * 0.5;
                let found = if spaced { self.proven * 0.7 } else { rate };
                self.best = self.best.max(self.tally.held(dry.departed));
                if let Some((mails, span)) = self.doubted.take().filter(|_| found >= self.best * FALLEN) {
                    self.forgiven = (mails - found * span).clamp(0.0, 2.0 * found);
                }
                self.settle(found, now);
            }
            (Mode::Climb, None) => {
                self.climb(self.rate * 0.5, now);
                self.growth = CLIMB.1;
            }
            (Mode::Try(step), rate) => self.give_up(step, rate, dry.since, now),
            // The first question was answered well, and of many mails all but a few were taken: it was weather.
            (Mode::Work { .. }, Some(rate))
                if dry.probes == 0 && rate > TAKEN * self.rate && self.tally.accepted() > before + TAKEN_MAILS => {}
            (Mode::Work { .. }, rate) => {
                let level = self.level;
                let few = || self.few(departed).map_or(level * 0.7, |rate| rate.clamp(level * 0.25, level * 0.7));
                let found = rate.map_or_else(few, |rate| rate.clamp(level * 0.2, level * 0.98));
                let doubted = self.doubted.take();
                if let (Some((mails, span)), Some(rate)) = (doubted, rate) {
                    self.forgiven = (mails - rate * span).clamp(0.0, 2.0 * level);
                }
                if now.since(self.worked_since) > HELD {
                    self.best = self.best.max(level);
                }
                self.best = self.best.max(self.tally.held(dry.departed));
                if found < level * FALLEN && doubted.is_none() {
                    self.fall_after = TRY_AFTER_FALL.0;
                    self.try_after = TRY_AFTER.0;
                }
                self.settle(found, now);
            }
        }
    }

    /// Nothing was taken for so long that it was about something else than the rate: work goes on below what was taken before.
    fn after_stop(&mut self, dry: &Dry, lasted: Span, now: Instant) {
        // What was learned meanwhile says nothing about the rate.
        self.distances.clear();
        let punished = dry.shut && lasted >= PUNISHED && !self.lenient;
        // The next time it is no chance.
        self.lenient &= !(dry.shut && lasted >= PUNISHED);
        let most = if punished { dry.surely } else { dry.rate.max(self.surely(dry.since)) * AFTER_STOP };
        let most = most.max(RATE_MIN);
        if self.mode == Mode::Free && !punished {
            return self.climb(dry.rate, now);
        }
        self.ceiling = Some((most, now + if punished { CEILING.1 } else { CEILING.0 }));
        self.punished = punished.then_some((most, lasted));
        self.level = most / WORK;
        self.work(now);
    }

    /// The carrier forgives no burst: mails that keep the distance of this rate are taken.
    fn keep_distance(&mut self, rate: f64, now: Instant) {
        match self.mode {
            Mode::Try(_) => self.space_tries(),
            Mode::Work { .. } => {
                if now.since(self.worked_since) > HELD {
                    self.best = self.best.max(self.level);
                }
                if rate < self.level * FALLEN {
                    self.fall_after = TRY_AFTER_FALL.0;
                    self.try_after = TRY_AFTER.0;
                }
            }
            _ => {}
        }
        self.forgiven = 0.0;
        self.settle(rate / WORK, now);
    }

    /// After a punishment the pace grows only where another one would cost little beside what the rest takes: what was
    /// surely taken before may be much less than is taken.
    pub(super) fn creep(&mut self, past: Span, waiting: f64) {
        let Some((first, cost)) = self.punished.filter(|_| self.dry.is_none()) else { return };
        if let Some((ceiling, _)) = &mut self.ceiling
            && waiting / *ceiling > WORTH * cost.as_secs_f64()
        {
            *ceiling = (*ceiling * (1.0 + CREEP.0 * past.as_secs_f64().min(1.0))).min(first * CREEP.1);
            self.level = *ceiling / WORK;
            self.rate = *ceiling;
        }
    }

    /// The rate at which mails were accepted since they were last taken again: at both ends the limit was used up, so
    /// this is the limit.
    pub(super) fn measured(&self, now: Instant) -> Option<f64> {
        let (at, accepted) = self.mark?;
        let (mails, span) = (self.tally.accepted() - accepted, now.since(at));
        let enough = mails >= MEASURED_MAILS || (mails >= 1 && span >= MEASURED_SPAN);
        enough.then(|| mails as f64 / span.as_secs_f64().max(0.02))
    }

    /// The same of fewer mails than can be believed.
    pub(super) fn few(&self, now: Instant) -> Option<f64> {
        let (at, accepted) = self.mark?;
        let span = now.since(at).as_secs_f64();
        (span >= 0.15).then(|| ((self.tally.accepted() - accepted) as f64 + 0.5) / span)
    }

    /// What the carrier took at least until it stopped, if a burst of one second's worth was forgiven.
    pub(super) fn surely(&self, until: Instant) -> f64 {
        match self.mode {
            Mode::Free | Mode::Climb => {
                (self.tally.accepted() - self.tally.before()) as f64
                    / (until.since(self.tally.began()).as_secs_f64() + 1.0)
            }
            Mode::Work { .. } | Mode::Try(_) => 0.0,
        }
    }
}
