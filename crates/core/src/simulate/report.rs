//! What came of a run: the engine's records, the carriers' own ledgers, and every rule that was broken.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::forecast::Forecast;
use crate::outcome::{Outcome, Settlement};
use crate::record::Record;
use crate::time::{Instant, Span};

/// The whole of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What happened, a line each, if the scenario asked for it.
    pub log: Vec<String>,
    /// Every durable record, in order, if the scenario asked for each mail.
    pub records: Vec<Record>,
    /// What the engine recorded of each carrier's mails, counted.
    pub tallies: BTreeMap<String, Tally>,
    /// What each carrier saw.
    pub carriers: BTreeMap<String, CarrierReport>,
    /// What was foretold, and when.
    pub forecasts: Vec<(Instant, Forecast)>,
    /// Every crash.
    pub crashes: Vec<CrashReport>,
    /// Attempts that were registered and not made after all.
    pub released: usize,
    /// Rules of the design that were broken, in words; empty in a good run.
    pub violations: Vec<String>,
    /// Recipients of all batches.
    pub mails: usize,
    /// Recipients that have not settled.
    pub still_waiting: usize,
    /// When the run ended.
    pub ended: Instant,
}

impl Report {
    /// How many recipients settled like this.
    #[must_use]
    pub fn settled(&self, settlement: Settlement) -> usize {
        self.records.iter().filter(|r| r.settled == Some(settlement)).count()
    }

    /// How many attempts ended like this.
    #[must_use]
    pub fn attempts(&self, outcome: Outcome) -> usize {
        self.records.iter().filter(|r| r.outcome == Some(outcome)).count()
    }
}

/// The mails of one carrier as the engine recorded them, counted: of the same size however many they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Mails that settled.
    pub settled: u64,
    /// Those that were accepted.
    pub accepted: u64,
    /// Those that were refused for good.
    pub bounced: u64,
    /// Attempts that were deferred.
    pub deferred: u64,
    /// Attempts that ended in doubt.
    pub in_doubt: u64,
    /// When mails were accepted.
    pub curve: Curve,
}

impl Tally {
    /// Counts a record; moments count from `begin`.
    pub(super) fn count(&mut self, record: &Record, begin: Instant) {
        self.deferred += u64::from(record.outcome == Some(Outcome::Deferred));
        self.in_doubt += u64::from(record.outcome == Some(Outcome::InDoubt));
        self.settled += u64::from(record.settled.is_some());
        self.bounced += u64::from(record.settled == Some(Settlement::Bounced));
        if record.settled == Some(Settlement::Accepted) {
            self.accepted += 1;
            self.curve.add(record.at.since(begin));
        }
    }
}

impl Tally {
    /// All of another one as well.
    pub(super) fn extend(&mut self, other: &Tally) {
        self.settled += other.settled;
        self.accepted += other.accepted;
        self.bounced += other.bounced;
        self.deferred += other.deferred;
        self.in_doubt += other.in_doubt;
        self.curve.extend(&other.curve);
    }
}

/// Most steps of a curve.
const STEPS_MAX: usize = 4096;

/// How many things happened by when, in at most 4,096 steps: as exact as a two-thousandth of the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    step: Span,
    counts: Vec<u64>,
    total: u64,
    last: Span,
}

impl Default for Curve {
    fn default() -> Self {
        Curve { step: Span::from_millis(1), counts: Vec::new(), total: 0, last: Span::ZERO }
    }
}

impl Curve {
    /// One more, at this moment.
    pub fn add(&mut self, at: Span) {
        self.add_many(at, 1);
    }

    fn add_many(&mut self, at: Span, more: u64) {
        while at.as_micros() / self.step.as_micros() >= STEPS_MAX as u128 {
            self.step *= 2;
            self.counts = self.counts.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
        // Less than STEPS_MAX by the loop.
        let place = (at.as_micros() / self.step.as_micros()) as usize;
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += more;
        self.total += more;
        self.last = self.last.max(at);
    }

    /// When this share, 0 to 1, had happened; `None` if nothing did.
    #[must_use]
    pub fn when(&self, share: f64) -> Option<Span> {
        // A share of a count is no more than the count.
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut sum = 0;
        let found = self.counts.iter().position(|count| {
            sum += count;
            sum >= wanted
        });
        let ends = u32::try_from(found? + 1).unwrap_or(u32::MAX);
        Some((self.step * ends).min(self.last))
    }

    /// All of another curve as well.
    pub fn extend(&mut self, other: &Curve) {
        for (place, count) in (0u32..).zip(&other.counts) {
            let at = (other.step * (place + 1)).min(other.last);
            self.add_many(at, *count);
        }
    }
}

/// What a carrier saw from its side. What grows with the mails is kept if the scenario asked for each mail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CarrierReport {
    /// Connections that came in.
    pub sessions: u64,
    /// When connections came in.
    pub connects: Vec<Instant>,
    /// Most sessions open at once, those refused not counted.
    pub sessions_most: usize,
    /// Every MAIL command.
    pub mails: Vec<Instant>,
    /// The same from each address of ours; `None` where it was the system's choice.
    pub from: BTreeMap<Option<IpAddr>, SourceReport>,
    /// Every RCPT command, with its address, unquoted.
    pub rcpts: Vec<(Instant, String)>,
    /// Most MAIL commands within any second.
    pub second_most: usize,
    /// Mails it took, each copy counted.
    pub taken: u64,
    /// How often it took a mail for each address, and when first.
    pub accepted: BTreeMap<String, (u32, Instant)>,
    /// Sessions and mails it refused because a limit was passed.
    pub refused: u64,
    /// Mails it refused for no reason (`Ways::weather`).
    pub weathered: u64,
    /// When it began to punish an overrun.
    pub punished: Vec<Instant>,
}

/// What a carrier saw of one address of ours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceReport {
    /// When connections came in.
    pub connects: Vec<Instant>,
    /// Most sessions open at once, those refused not counted.
    pub sessions_most: usize,
    /// Every MAIL command.
    pub mails: Vec<Instant>,
}

impl CarrierReport {
    /// Mails that were taken more than once, counted beyond the first.
    #[must_use]
    pub fn duplicates(&self) -> u32 {
        self.accepted.values().map(|(times, _)| times - 1).sum()
    }
}

/// One crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashReport {
    /// When.
    pub at: Instant,
    /// Attempts that were registered and had no durable outcome.
    pub in_flight: usize,
    /// The bound at that moment: `unsettled_max`, or 2 × the most sessions that were open + 64.
    pub in_flight_max: usize,
}
