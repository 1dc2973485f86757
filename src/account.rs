//! What became of a batch: its records folded into one fate a mail, and the report of that.

use std::collections::{BTreeMap, HashMap};

use hikyaku_core::{BatchId, Cause, Instant, Outcome, Record, Settlement, Snapshot};
use serde::Serialize;

/// How far one mail has come.
#[derive(Debug, Default)]
struct Fate {
    carrier: String,
    deferred: bool,
    in_doubt: bool,
    settled: Option<(Settlement, Option<Cause>, Instant)>,
}

/// Everything that is known of a batch's mails.
#[derive(Debug)]
pub struct Account {
    batch: BatchId,
    submitted: Instant,
    people: u64,
    mails: u64,
    fates: HashMap<String, Fate>,
    counts: BTreeMap<String, Counts>,
    settled: u64,
}

/// Counts of a carrier, or of all together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// Mails that a carrier took.
    pub accepted: u64,
    /// Mails refused for good.
    pub bounced: u64,
    /// Mails that were deferred at least once.
    pub deferred: u64,
    /// Attempts of which it is not known whether the carrier took the mail.
    pub in_doubt: u64,
    /// Attempts that repeated one in doubt.
    pub resent: u64,
    /// Mails whose time ran out, that were cancelled, or that are left in doubt by policy.
    pub dropped: u64,
    /// Refused mails by cause.
    #[serde(rename = "bounced_by_cause")]
    pub causes: BTreeMap<Cause, u64>,
}

/// The report of a batch, as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// People concerned.
    pub people: u64,
    /// Mails: one for each address.
    pub mails: u64,
    /// The counts of all carriers together.
    #[serde(flatten)]
    pub counts: Counts,
    /// Mails that have not settled.
    pub still_waiting: u64,
    /// Seconds from submission to the last settled mail.
    pub seconds: f64,
    /// Seconds from submission until half of the accepted mails were accepted.
    pub t50_s: Option<f64>,
    /// The same for 90 %.
    pub t90_s: Option<f64>,
    /// The same for 99 %.
    pub t99_s: Option<f64>,
    /// The same for the last.
    pub t100_s: Option<f64>,
    /// The same figures for each carrier.
    pub carriers: Vec<CarrierReport>,
    /// Mails that were reported as accepted and are not in the carriers' ledger; only who owns the carriers knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// Mails that the carriers hold more than once, counted beyond the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<u64>,
}

/// One carrier in a report.
#[derive(Debug, Serialize)]
pub struct CarrierReport {
    /// The carrier's name.
    pub name: String,
    /// Mails addressed to it, as far as they have been tried.
    pub mails: u64,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Its mails that have not settled.
    pub still_waiting: u64,
    /// Sessions opened, in this run.
    pub sessions: u64,
    /// Refusals for pace, in this run.
    pub refused: u64,
    /// Accepted mails a second, from submission to its last.
    pub mails_per_second: Option<f64>,
    /// Seconds until half of its mails were accepted.
    pub t50_s: Option<f64>,
    /// The same for 90 %.
    pub t90_s: Option<f64>,
    /// The same for 99 %.
    pub t99_s: Option<f64>,
    /// The same for the last.
    pub t100_s: Option<f64>,
}

impl Account {
    /// An account of a batch of which no record was read yet.
    pub fn new(batch: BatchId, submitted: Instant, people: u64, mails: u64) -> Self {
        let fates = HashMap::with_capacity(usize::try_from(mails).unwrap_or(0));
        Account { batch, submitted, people, mails, fates, counts: BTreeMap::new(), settled: 0 }
    }

    /// Takes in one record.
    pub fn fold(&mut self, record: &Record) {
        if record.batch != self.batch {
            return;
        }
        let fate = self.fates.entry(record.recipient.clone()).or_default();
        // A crash is recorded before it is known again whose lane the mail is in.
        if fate.carrier.is_empty() || record.cause != Some(Cause::Crash) {
            fate.carrier = record.carrier.to_string();
        }
        let counts = self.counts.entry(fate.carrier.clone()).or_default();
        if record.outcome.is_some() && std::mem::take(&mut fate.in_doubt) {
            counts.resent += 1;
        }
        match record.outcome {
            Some(Outcome::InDoubt) => {
                fate.in_doubt = true;
                counts.in_doubt += 1;
            }
            Some(Outcome::Deferred) if !std::mem::replace(&mut fate.deferred, true) => counts.deferred += 1,
            _ => {}
        }
        if let Some(settlement) = record.settled
            && fate.settled.is_none()
        {
            fate.settled = Some((settlement, record.cause, record.at));
            self.settled += 1;
            match settlement {
                Settlement::Accepted => counts.accepted += 1,
                Settlement::Bounced => {
                    counts.bounced += 1;
                    *counts.causes.entry(record.cause.unwrap_or(Cause::Unrecognised)).or_default() += 1;
                }
                Settlement::Expired | Settlement::Cancelled | Settlement::Unknown => counts.dropped += 1,
            }
        }
    }

    /// Whether every mail has settled.
    pub fn is_complete(&self) -> bool {
        self.settled >= self.mails
    }

    /// Ids of the mails that were accepted.
    pub fn accepted(&self) -> impl Iterator<Item = &str> {
        let taken = |fate: &Fate| matches!(fate.settled, Some((Settlement::Accepted, ..)));
        self.fates.iter().filter(move |(_, fate)| taken(fate)).map(|(id, _)| id.as_str())
    }

    /// When the first and the last mail were accepted.
    pub fn accepted_span(&self) -> Option<(Instant, Instant)> {
        let times = self.accepted_times(None);
        Some((*times.first()?, *times.last()?))
    }

    /// The report; sessions and refusals come from the running engine.
    pub fn report(&self, snapshot: Option<&Snapshot>) -> Report {
        let mut all = Counts::default();
        for counts in self.counts.values() {
            all.add(counts);
        }
        let ends = self.fates.values().filter_map(|fate| fate.settled);
        let last = ends.map(|(_, _, at)| at).max().unwrap_or(self.submitted);
        let [t50_s, t90_s, t99_s, t100_s] = self.percentiles(None);
        Report {
            people: self.people,
            mails: self.mails,
            counts: all,
            still_waiting: self.mails - self.settled.min(self.mails),
            seconds: seconds(self.submitted, last),
            t50_s,
            t90_s,
            t99_s,
            t100_s,
            carriers: self.counts.keys().map(|name| self.carrier_report(name, snapshot)).collect(),
            lost: None,
            duplicates: None,
        }
    }

    fn carrier_report(&self, name: &str, snapshot: Option<&Snapshot>) -> CarrierReport {
        let counts = self.counts.get(name).cloned().unwrap_or_default();
        let mails = self.fates.values().filter(|fate| fate.carrier == name).count() as u64;
        let lane = snapshot.and_then(|s| s.lanes.iter().find(|lane| lane.carrier.as_str() == name));
        let settled = counts.accepted + counts.bounced + counts.dropped;
        let [t50_s, t90_s, t99_s, t100_s] = self.percentiles(Some(name));
        CarrierReport {
            name: name.to_string(),
            mails,
            still_waiting: mails.saturating_sub(settled),
            sessions: lane.map_or(0, |lane| lane.sessions_opened),
            refused: lane.map_or(0, |lane| lane.refused),
            mails_per_second: t100_s.map(|s| counts.accepted as f64 / s.max(1e-3)),
            counts,
            t50_s,
            t90_s,
            t99_s,
            t100_s,
        }
    }

    fn accepted_times(&self, carrier: Option<&str>) -> Vec<Instant> {
        let of_carrier = |fate: &&Fate| carrier.is_none_or(|name| fate.carrier == name);
        let accepted = |fate: &Fate| match fate.settled {
            Some((Settlement::Accepted, _, at)) => Some(at),
            _ => None,
        };
        let mut times: Vec<Instant> = self.fates.values().filter(of_carrier).filter_map(accepted).collect();
        times.sort_unstable();
        times
    }

    fn percentiles(&self, carrier: Option<&str>) -> [Option<f64>; 4] {
        let times = self.accepted_times(carrier);
        [50, 90, 99, 100].map(|percent| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).map(|at| seconds(self.submitted, *at))
        })
    }
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.accepted += other.accepted;
        self.bounced += other.bounced;
        self.deferred += other.deferred;
        self.in_doubt += other.in_doubt;
        self.resent += other.resent;
        self.dropped += other.dropped;
        for (cause, n) in &other.causes {
            *self.causes.entry(*cause).or_default() += n;
        }
    }
}

/// Seconds between two instants, to the millisecond.
pub fn seconds(from: Instant, to: Instant) -> f64 {
    (to.since(from).as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use hikyaku_core::{Carrier, Span};

    fn record(recipient: &str, at_ms: u64, outcome: Outcome, settled: Option<Settlement>) -> Record {
        Record {
            batch: BatchId(1),
            recipient: recipient.into(),
            at: Instant::from_micros(at_ms * 1000),
            carrier: Carrier::new("docomo"),
            attempt: 1,
            outcome: Some(outcome),
            cause: None,
            stage: None,
            host: String::new(),
            tls: false,
            reply: String::new(),
            latency: Span::ZERO,
            settled,
        }
    }

    #[test]
    fn a_mail_deferred_twice_counts_once_and_one_in_doubt_and_sent_again_counts_as_resent() {
        let mut account = Account::new(BatchId(1), Instant::EPOCH, 2, 2);
        account.fold(&record("a", 1, Outcome::Deferred, None));
        account.fold(&record("a", 2, Outcome::Deferred, None));
        account.fold(&record("a", 3, Outcome::InDoubt, None));
        account.fold(&record("a", 4, Outcome::Accepted, Some(Settlement::Accepted)));
        assert!(!account.is_complete());
        account.fold(&record("b", 10, Outcome::Refused, Some(Settlement::Bounced)));
        let report = account.report(None);
        let c = &report.counts;
        assert_eq!((c.accepted, c.bounced, c.deferred, c.in_doubt, c.resent), (1, 1, 1, 1, 1));
        assert_eq!((report.still_waiting, report.seconds, report.t100_s), (0, 0.010, Some(0.004)));
    }

    #[test]
    fn records_of_another_batch_do_not_count() {
        let mut account = Account::new(BatchId(2), Instant::EPOCH, 1, 1);
        account.fold(&record("a", 1, Outcome::Accepted, Some(Settlement::Accepted)));
        assert_eq!(account.settled, 0);
    }

    #[test]
    fn percentiles_are_taken_of_the_accepted_mails() {
        let mut account = Account::new(BatchId(1), Instant::EPOCH, 100, 100);
        for n in 1..=100u64 {
            account.fold(&record(&n.to_string(), n * 10, Outcome::Accepted, Some(Settlement::Accepted)));
        }
        let report = account.report(None);
        assert_eq!((report.t50_s, report.t90_s, report.t99_s), (Some(0.5), Some(0.9), Some(0.99)));
    }
}
