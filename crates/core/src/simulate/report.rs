//! What came of a run: the engine's records, the carriers' own ledgers, and every rule that was broken.

use std::collections::BTreeMap;

use crate::outcome::{Outcome, Settlement};
use crate::record::Record;
use crate::time::Instant;

/// The whole of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What happened, a line each, if the scenario asked for it.
    pub log: Vec<String>,
    /// Every durable record, in order.
    pub records: Vec<Record>,
    /// What each carrier saw.
    pub carriers: BTreeMap<String, CarrierReport>,
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

/// What a carrier saw from its side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CarrierReport {
    /// When connections came in.
    pub connects: Vec<Instant>,
    /// Most sessions open at once, those refused not counted.
    pub sessions_most: usize,
    /// Every MAIL command.
    pub mails: Vec<Instant>,
    /// Every RCPT command, with its address, unquoted.
    pub rcpts: Vec<(Instant, String)>,
    /// How often it took a mail for each address, and when first.
    pub accepted: BTreeMap<String, (u32, Instant)>,
    /// Sessions and mails it refused because a limit was passed.
    pub refused: u64,
    /// Mails it refused for no reason (`Ways::weather`).
    pub weathered: u64,
    /// When it began to punish an overrun.
    pub punished: Vec<Instant>,
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
