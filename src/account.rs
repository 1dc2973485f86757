//! What became of a batch: its records folded into one fate a mail, and the report of that.

use std::collections::{BTreeMap, HashMap};

use hikyaku_core::time::Instant;
use hikyaku_core::{BatchId, Cause, Outcome, Record, Settlement, Snapshot};
use serde::Serialize;

/// How far a mail has come that did not settle with its first record.
#[derive(Debug, Default)]
struct Fate {
    /// The carrier, or the domain as long as only crashes tell of this mail.
    carrier: usize,
    is_carrier_named: bool,
    deferred: bool,
    doubts: u64,
    resent: u64,
    /// Whether the last attempt is the one in doubt.
    in_doubt: bool,
    settled: bool,
}

/// What the account tells of one mail.
#[derive(Clone, Copy, Debug)]
pub struct MailFate<'a> {
    /// The recipient's id.
    pub id: &'a str,
    /// How it settled, if it did.
    pub settlement: Option<Settlement>,
    /// Why it settled so.
    pub cause: Option<Cause>,
    /// Attempts that were reported in doubt.
    pub doubts: u64,
}

/// Everything that is known of a batch's mails.
///
/// Most mails settle with their first record: of those it keeps four bytes each, so that a million fit in a few megabytes.
#[derive(Debug)]
pub struct Account {
    batch: BatchId,
    submitted: Instant,
    people: u64,
    mails: u64,
    /// Carriers in the order of their first record.
    carriers: Vec<Tally>,
    names: HashMap<String, usize>,
    /// Mails with more than one record; they are counted when the report is made.
    open: HashMap<String, Fate>,
    /// How each mail ended, where somebody wants to know.
    ends: Option<HashMap<String, (Settlement, Option<Cause>)>>,
    settled: u64,
    last_settled: Option<Instant>,
    accepted_span: Option<(Instant, Instant)>,
}

/// What is kept of one carrier.
#[derive(Debug, Default)]
struct Tally {
    name: String,
    mails: u64,
    counts: Counts,
    /// Milliseconds from submission to each acceptance.
    accepted_ms: Vec<u32>,
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
    /// Whether the dispatch was known before, so that nothing new was sent but what still waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<bool>,
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
        Account {
            batch,
            submitted,
            people,
            mails,
            carriers: Vec::new(),
            names: HashMap::new(),
            open: HashMap::new(),
            ends: None,
            settled: 0,
            last_settled: None,
            accepted_span: None,
        }
    }

    /// Which batch it is of.
    pub fn batch(&self) -> BatchId {
        self.batch
    }

    /// Remembers how each mail ended, for [`fates`](Account::fates): some hundred bytes a mail.
    pub fn with_fates(mut self) -> Self {
        self.ends = Some(HashMap::new());
        self
    }

    /// Takes in one record.
    pub fn fold(&mut self, record: &Record) {
        if record.batch != self.batch {
            return;
        }
        let at = self.carrier(record.carrier.as_str());
        // A crash is recorded before it is known again whose lane the mail is in: it names the domain.
        let names_carrier = record.cause != Some(Cause::Crash);
        let is_plain = matches!(record.outcome, None | Some(Outcome::Accepted | Outcome::Refused)) && names_carrier;
        let is_simple = record.settled.is_some() && is_plain && !self.open.contains_key(&record.recipient);
        if is_simple {
            self.carriers[at].mails += 1;
            self.settle(at, record);
            return;
        }
        let fate = self.open.entry(record.recipient.clone()).or_default();
        if names_carrier || !fate.is_carrier_named {
            fate.carrier = at;
            fate.is_carrier_named = names_carrier;
        }
        if record.outcome.is_some() && std::mem::take(&mut fate.in_doubt) {
            fate.resent += 1;
        }
        match record.outcome {
            Some(Outcome::InDoubt) => {
                fate.in_doubt = true;
                fate.doubts += 1;
            }
            Some(Outcome::Deferred) => fate.deferred = true,
            _ => {}
        }
        if record.settled.is_some() && !std::mem::replace(&mut fate.settled, true) {
            let carrier = fate.carrier;
            self.settle(carrier, record);
        }
    }

    /// The place of a carrier among those that were named.
    fn carrier(&mut self, name: &str) -> usize {
        if let Some(at) = self.names.get(name) {
            return *at;
        }
        self.carriers.push(Tally { name: name.to_string(), ..Tally::default() });
        self.names.insert(name.to_string(), self.carriers.len() - 1);
        self.carriers.len() - 1
    }

    fn settle(&mut self, carrier: usize, record: &Record) {
        let Some(settlement) = record.settled else { return };
        self.settled += 1;
        self.last_settled = self.last_settled.max(Some(record.at));
        let tally = &mut self.carriers[carrier];
        tally.counts.add(settlement, record.cause);
        if settlement == Settlement::Accepted {
            tally.accepted_ms.push(millis(self.submitted, record.at));
            let (first, last) = self.accepted_span.unwrap_or((record.at, record.at));
            self.accepted_span = Some((first.min(record.at), last.max(record.at)));
        }
        if let Some(ends) = &mut self.ends {
            ends.insert(record.recipient.clone(), (settlement, record.cause));
        }
    }

    /// What is known of each mail that was tried, in no particular order; only with
    /// [`with_fates`](Account::with_fates).
    pub fn fates(&self) -> impl Iterator<Item = MailFate<'_>> {
        let ends = self.ends.iter().flatten().map(|(id, (settlement, cause))| MailFate {
            id,
            settlement: Some(*settlement),
            cause: *cause,
            doubts: self.open.get(id).map_or(0, |fate| fate.doubts),
        });
        let open = self.open.iter().filter(|(_, fate)| !fate.settled);
        ends.chain(open.map(|(id, fate)| MailFate { id, settlement: None, cause: None, doubts: fate.doubts }))
    }

    /// Mails that have not settled.
    pub fn waiting(&self) -> u64 {
        self.mails.saturating_sub(self.settled)
    }

    /// Whether every mail has settled.
    pub fn is_complete(&self) -> bool {
        self.settled >= self.mails
    }

    /// When the first and the last mail were accepted.
    pub fn accepted_span(&self) -> Option<(Instant, Instant)> {
        self.accepted_span
    }

    /// The report; sessions and refusals come from the running engine.
    pub fn report(&self, snapshot: Option<&Snapshot>) -> Report {
        let mut carriers: Vec<(u64, Counts)> = self.carriers.iter().map(|c| (c.mails, c.counts.clone())).collect();
        for fate in self.open.values() {
            let (mails, counts) = &mut carriers[fate.carrier];
            *mails += 1;
            counts.deferred += u64::from(fate.deferred);
            counts.in_doubt += fate.doubts;
            counts.resent += fate.resent;
        }
        let mut all = Counts::default();
        let mut times = Vec::new();
        for ((_, counts), tally) in carriers.iter().zip(&self.carriers) {
            all.include(counts);
            times.extend_from_slice(&tally.accepted_ms);
        }
        let [t50_s, t90_s, t99_s, t100_s] = percentiles(times);
        let tallies = self.carriers.iter().zip(carriers).filter(|(_, (mails, _))| *mails > 0);
        let mut reports: Vec<CarrierReport> =
            tallies.map(|(tally, (mails, counts))| carrier_report(tally, mails, counts, snapshot)).collect();
        reports.sort_by(|a, b| a.name.cmp(&b.name));
        Report {
            people: self.people,
            mails: self.mails,
            counts: all,
            still_waiting: self.waiting(),
            seconds: self.last_settled.map_or(0.0, |last| seconds(self.submitted, last)),
            t50_s,
            t90_s,
            t99_s,
            t100_s,
            carriers: reports,
            known: None,
            lost: None,
            duplicates: None,
        }
    }
}

fn carrier_report(tally: &Tally, mails: u64, counts: Counts, snapshot: Option<&Snapshot>) -> CarrierReport {
    let lanes = snapshot.map_or(&[][..], |s| &s.lanes);
    let lanes = || lanes.iter().filter(|lane| lane.carrier.as_str() == tally.name);
    let settled = counts.accepted + counts.bounced + counts.dropped;
    let [t50_s, t90_s, t99_s, t100_s] = percentiles(tally.accepted_ms.clone());
    CarrierReport {
        name: tally.name.clone(),
        mails,
        still_waiting: mails.saturating_sub(settled),
        sessions: lanes().map(|lane| lane.sessions_opened).sum(),
        refused: lanes().map(|lane| lane.refused).sum(),
        mails_per_second: t100_s.map(|s| counts.accepted as f64 / s.max(1e-3)),
        counts,
        t50_s,
        t90_s,
        t99_s,
        t100_s,
    }
}

/// Seconds until 50, 90, 99 and 100 % were accepted.
fn percentiles(mut times: Vec<u32>) -> [Option<f64>; 4] {
    times.sort_unstable();
    [50, 90, 99, 100].map(|percent| {
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).map(|ms| f64::from(*ms) / 1000.0)
    })
}

impl Counts {
    fn add(&mut self, settlement: Settlement, cause: Option<Cause>) {
        match settlement {
            Settlement::Accepted => self.accepted += 1,
            Settlement::Bounced => {
                self.bounced += 1;
                *self.causes.entry(cause.unwrap_or(Cause::Unrecognised)).or_default() += 1;
            }
            Settlement::Expired | Settlement::Cancelled | Settlement::Unknown => self.dropped += 1,
        }
    }

    fn include(&mut self, other: &Counts) {
        self.accepted += other.accepted;
        self.bounced += other.bounced;
        self.deferred += other.deferred;
        self.in_doubt += other.in_doubt;
        self.resent += other.resent;
        self.dropped += other.dropped;
        for (cause, count) in &other.causes {
            *self.causes.entry(*cause).or_default() += count;
        }
    }
}

/// Milliseconds between two instants, rounded; up to seven weeks.
fn millis(from: Instant, to: Instant) -> u32 {
    (to.since(from).as_secs_f64() * 1000.0).round() as u32
}

/// Seconds between two instants, to the millisecond.
pub fn seconds(from: Instant, to: Instant) -> f64 {
    (to.since(from).as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use hikyaku_core::Carrier;
    use hikyaku_core::time::Span;

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
            tls: hikyaku_core::tls::Encryption::None,
            reply: String::new(),
            latency: Span::ZERO,
            settled,
            route: hikyaku_core::observe::Via::Direct,
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

    fn crash(recipient: &str, at_ms: u64) -> Record {
        let carrier = Carrier::new("docomo.ne.jp");
        Record { carrier, cause: Some(Cause::Crash), ..record(recipient, at_ms, Outcome::InDoubt, None) }
    }

    #[test]
    fn a_doubt_after_a_crash_counts_for_the_carrier_that_a_later_record_names() {
        let mut account = Account::new(BatchId(1), Instant::EPOCH, 1, 1);
        account.fold(&crash("a", 1));
        account.fold(&crash("a", 2));
        account.fold(&record("a", 3, Outcome::Accepted, Some(Settlement::Accepted)));
        let report = account.report(None);
        let found: Vec<_> =
            report.carriers.iter().map(|c| (c.name.as_str(), c.mails, c.counts.in_doubt, c.counts.resent)).collect();
        assert_eq!(found, [("docomo", 1, 2, 2)]);
        assert_eq!((report.counts.in_doubt, report.counts.resent), (2, 2));
    }

    #[test]
    fn a_crash_does_not_rename_the_carrier_of_a_mail_that_was_tried_before() {
        let mut account = Account::new(BatchId(1), Instant::EPOCH, 1, 1);
        account.fold(&record("a", 1, Outcome::Deferred, None));
        account.fold(&crash("a", 2));
        let report = account.report(None);
        assert_eq!((report.carriers.len(), report.carriers[0].name.as_str()), (1, "docomo"));
        assert_eq!((report.carriers[0].counts.deferred, report.carriers[0].counts.in_doubt), (1, 1));
    }

    #[test]
    fn a_doubt_that_no_later_record_names_counts_under_its_domain() {
        let mut account = Account::new(BatchId(1), Instant::EPOCH, 1, 1);
        account.fold(&crash("a", 1));
        let report = account.report(None);
        assert_eq!((report.carriers[0].name.as_str(), report.carriers[0].counts.in_doubt), ("docomo.ne.jp", 1));
        assert_eq!((report.carriers[0].still_waiting, report.still_waiting), (1, 1));
    }

    #[test]
    fn each_mail_tells_how_it_settled_why_and_how_often_it_was_in_doubt() {
        let mut account = Account::new(BatchId(1), Instant::EPOCH, 1, 1).with_fates();
        account.fold(&record("a", 1, Outcome::InDoubt, None));
        let refused = record("a", 2, Outcome::Refused, Some(Settlement::Bounced));
        account.fold(&Record { cause: Some(Cause::Filtered), ..refused });
        let fate = account.fates().next().unwrap();
        assert_eq!((fate.id, fate.settlement), ("a", Some(Settlement::Bounced)));
        assert_eq!((fate.cause, fate.doubts), (Some(Cause::Filtered), 1));
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
