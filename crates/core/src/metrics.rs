//! What an operator's monitoring reads: counters, gauges and histograms in the Prometheus text format, without an address.
//!
//! Everything is declared once, in [`DECLARED`]; `docs/metrics.md` says the same and a test compares the two. The counts are
//! taken from what passes between the machine and the world, so that the machine itself knows nothing of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::carrier::Carrier;
use crate::event::{Action, Event, Next, Route, SessionId, Write};
use crate::message::{BatchId, MailId};
use crate::outcome::{Outcome, Stage};
use crate::record::Record;
use crate::report::Snapshot;
use crate::session::Why;
use crate::time::Instant;

/// Lanes that have a name of their own besides those of the table; the others are summed up as [`OTHER`].
const LANES_NAMED_MAX: usize = 100;
/// The lane label of those that have none of their own.
const OTHER: &str = "other";
/// Upper ends of the buckets of reply times, in seconds: a nearby server's to RFC 5321's patience.
const REPLY_BUCKETS: [f64; 14] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Upper ends of the buckets of commits, in seconds.
const COMMIT_BUCKETS: [f64; 11] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0];

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the engine is open.
    Counter,
    /// The state at the moment of asking.
    Gauge,
    /// How often which span was seen.
    Histogram,
}

/// One metric: its name without `hikyaku_` and without the suffixes of its kind, its labels, and what it tells.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether it is in seconds, which then ends its name.
    pub seconds: bool,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Declared {
    Declared { name, kind: Kind::Counter, seconds: false, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Declared {
    Declared { name, kind: Kind::Gauge, seconds: false, labels, help }
}

const fn seconds(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Declared {
    Declared { name, kind, seconds: true, labels, help }
}

const ATTEMPTS: Declared =
    counter("attempts", &["lane", "outcome", "cause"], "Attempts that ended: accepted, deferred, refused, indoubt");
const SETTLED: Declared = counter("settled", &["lane", "settlement"], "Recipients that settled");
const ENCRYPTED: Declared = counter(
    "accepted_tls",
    &["lane", "tls"],
    "Mails accepted: none (in clear), unverified, verified, pinned, sts, dane",
);
const REPLIES: Declared = seconds("reply", Kind::Histogram, &["lane"], "From the end of the content to its answer");
const OPENED: Declared = counter("sessions_opened", &["lane"], "Connections begun");
const FAILED: Declared =
    counter("sessions_failed", &["lane", "stage", "why"], "Sessions that did not end in order, by how far they came");
const LOOKUPS: Declared = counter("lookups", &["result"], "Answers of the name service: hosts, no-mail, failed");
const UNRECOGNISED: Declared =
    counter("unrecognised_replies", &["lane"], "Refusals in words that no row of the table was made for");
const COMMITS: Declared =
    seconds("commit", Kind::Histogram, &[], "From handing an attempt to the disk until it was durable, one a commit");
const SESSIONS: Declared = gauge("sessions", &["lane"], "Sessions open");
const WINDOW: Declared = gauge("sessions_window", &["lane"], "Sessions that may be open");
const RATE: Declared = gauge("rate_limit", &["lane"], "Mails a second that may leave; absent without a limit");
const WAITING: Declared = gauge("waiting", &["lane"], "Mails that wait or are under way in a lane");
const PAUSED: Declared = gauge("paused", &["lane"], "1 while an operator stopped the lane");
const HELD: Declared =
    seconds("held", Kind::Gauge, &["lane"], "How long nothing departs yet because the carrier is busy");
const QUEUE: Declared = gauge("queue", &[], "Mails that wait or are under way anywhere");
const UNSETTLED: Declared = gauge("unsettled", &[], "Attempts that are registered and not durable as ended");
const OLDEST: Declared =
    seconds("oldest_waiting", Kind::Gauge, &[], "Since when the oldest batch that is not done waits");
const UNRESOLVED: Declared =
    gauge("domains_unresolved", &[], "Domains of which it cannot be found out where their mail goes");
const UNSEEN: Declared = gauge("unrecognised_kinds", &[], "Different unrecognised replies that are kept to be read");
const UNTRACED: Declared =
    counter("trace_lines_dropped", &[], "Lines of the live trace that a slow reader did not get");

/// Every metric there is.
pub const DECLARED: [Declared; 21] = [
    ATTEMPTS,
    SETTLED,
    ENCRYPTED,
    REPLIES,
    OPENED,
    FAILED,
    LOOKUPS,
    UNRECOGNISED,
    COMMITS,
    SESSIONS,
    WINDOW,
    RATE,
    WAITING,
    PAUSED,
    HELD,
    QUEUE,
    UNSETTLED,
    OLDEST,
    UNRESOLVED,
    UNSEEN,
    UNTRACED,
];

type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
type Gauges = Family<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>;
type Histograms = Family<Labels, Histogram>;

/// A batch that is not done.
struct Open {
    submitted: Instant,
    mails: usize,
}

/// Counts what passes by.
pub struct Metrics {
    registry: Registry,
    counters: HashMap<&'static str, Counters>,
    gauges: HashMap<&'static str, Gauges>,
    histograms: HashMap<&'static str, Histograms>,
    /// Carriers of the table, which always have a name.
    known: HashSet<Carrier>,
    /// Others that have got one.
    named: HashSet<Carrier>,
    sessions: HashMap<SessionId, String>,
    open: BTreeMap<BatchId, Open>,
    /// The attempt whose way to the disk is being measured.
    sample: Option<(MailId, Instant)>,
}

impl Metrics {
    /// Nothing counted yet; the carriers of the table have labels of their own.
    #[must_use]
    pub fn new(known: impl IntoIterator<Item = Carrier>) -> Self {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("hikyaku"),
            counters: HashMap::new(),
            gauges: HashMap::new(),
            histograms: HashMap::new(),
            known: known.into_iter().collect(),
            named: HashSet::new(),
            sessions: HashMap::new(),
            open: BTreeMap::new(),
            sample: None,
        };
        for declared in DECLARED {
            metrics.register(declared);
        }
        metrics
    }

    fn register(&mut self, Declared { name, kind, seconds, help, .. }: Declared) {
        let registry = &mut self.registry;
        let unit = || Unit::Seconds;
        match kind {
            Kind::Counter => {
                let family = self.counters.entry(name).or_default().clone();
                registry.register(name, help, family);
            }
            Kind::Gauge if seconds => {
                let family = self.gauges.entry(name).or_default().clone();
                registry.register_with_unit(name, help, unit(), family);
            }
            Kind::Gauge => {
                let family = self.gauges.entry(name).or_default().clone();
                registry.register(name, help, family);
            }
            Kind::Histogram => {
                let fresh = if name == COMMITS.name { commit_histogram } else { reply_histogram };
                let family = Histograms::new_with_constructor(fresh as fn() -> Histogram);
                self.histograms.insert(name, family.clone());
                registry.register_with_unit(name, help, unit(), family);
            }
        }
    }

    /// Hears what the machine is about to hear.
    pub fn hear(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Submitted(head, work) => {
                let mails = work.iter().map(|work| work.fresh.len() + work.again.len()).sum();
                self.open.insert(head.id, Open { submitted: head.submitted, mails });
            }
            Event::Resolved { route, .. } => {
                let result = match route {
                    Route::NoMail(_) => "no-mail",
                    Route::Failed(_) => "failed",
                    _ => "hosts",
                };
                self.count(LOOKUPS, [result.into()]);
            }
            Event::Registered(mails) => {
                if let Some((_, since)) = self.sample.take_if(|(mail, _)| mails.contains(mail)) {
                    self.observe(COMMITS, [], now.since(since).as_secs_f64());
                }
            }
            Event::SessionClosed { session, stage, why } => {
                let lane = self.sessions.remove(session);
                if let (Some(lane), Some(why)) = (lane, failure(why)) {
                    self.count(FAILED, [lane, word(stage), why.into()]);
                }
            }
            _ => {}
        }
    }

    /// Sees what the machine asks for.
    pub fn see(&mut self, action: &Action, now: Instant) {
        match action {
            Action::Open { session, carrier, .. } => {
                let lane = self.lane(carrier);
                self.count(OPENED, [lane.clone()]);
                self.sessions.insert(*session, lane);
            }
            Action::Persist(writes) => {
                for write in writes {
                    match write {
                        Write::Register(mail, _) => {
                            self.sample.get_or_insert((*mail, now));
                        }
                        Write::Outcome(mail, record, next) => self.record(*mail, record, next),
                        Write::Release(..) => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// A refusal came in words that no row of the table was made for.
    pub fn unseen(&mut self, record: &Record) {
        let lane = self.lane(&record.carrier);
        self.count(UNRECOGNISED, [lane]);
    }

    fn record(&mut self, mail: MailId, record: &Record, next: &Next) {
        let lane = self.lane(&record.carrier);
        if let Some(outcome) = record.outcome {
            let cause = record.cause.map_or("none".into(), word);
            self.count(ATTEMPTS, [lane.clone(), word(outcome), cause]);
            if outcome == Outcome::Accepted {
                self.count(ENCRYPTED, [lane.clone(), word(record.tls)]);
            }
            if record.stage == Some(Stage::Content) && outcome != Outcome::InDoubt {
                self.observe(REPLIES, [lane.clone()], record.latency.as_secs_f64());
            }
        }
        if let Some(settlement) = record.settled {
            self.count(SETTLED, [lane, word(settlement)]);
        }
        if *next == Next::Settled
            && let Some(open) = self.open.get_mut(&mail.batch)
        {
            open.mails = open.mails.saturating_sub(1);
            if open.mails == 0 {
                self.open.remove(&mail.batch);
            }
        }
    }

    /// The label of a lane: few at any number of domains.
    fn lane(&mut self, carrier: &Carrier) -> String {
        let own = self.known.contains(carrier) || self.named.contains(carrier);
        if !own && self.named.len() >= LANES_NAMED_MAX {
            return OTHER.into();
        }
        if !own {
            self.named.insert(carrier.clone());
        }
        carrier.as_str().into()
    }

    fn count<const N: usize>(&self, declared: Declared, values: [String; N]) {
        if let Some(family) = self.counters.get(declared.name) {
            family.get_or_create(&labels(declared, values)).inc();
        }
    }

    fn observe<const N: usize>(&self, declared: Declared, values: [String; N], value: f64) {
        if let Some(family) = self.histograms.get(declared.name) {
            family.get_or_create(&labels(declared, values)).observe(value);
        }
    }

    fn set<const N: usize>(&self, declared: Declared, values: [String; N], value: f64) {
        if let Some(family) = self.gauges.get(declared.name) {
            family.get_or_create(&labels(declared, values)).set(value);
        }
    }

    /// Everything in the text format of OpenMetrics, which Prometheus reads.
    #[must_use]
    pub fn text(&mut self, seen: &Snapshot, trace_dropped: u64) -> String {
        self.gauge_lanes(seen);
        let oldest = self.open.values().map(|open| open.submitted).min();
        self.set(OLDEST, [], oldest.map_or(0.0, |since| seen.at.since(since).as_secs_f64()));
        self.set(QUEUE, [], seen.waiting as f64);
        self.set(UNSETTLED, [], seen.unsettled as f64);
        self.set(UNRESOLVED, [], seen.unresolved.len() as f64);
        self.set(UNSEEN, [], seen.unrecognised.len() as f64);
        if let Some(family) = self.counters.get(UNTRACED.name) {
            let dropped = family.get_or_create(&labels(UNTRACED, []));
            dropped.inc_by(trace_dropped.saturating_sub(dropped.get()));
        }
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        // Braces around nothing are allowed and confuse readers.
        out.replace("{} ", " ")
    }

    fn gauge_lanes(&mut self, seen: &Snapshot) {
        let mut sums: BTreeMap<(&'static str, String), f64> = BTreeMap::new();
        for lane in &seen.lanes {
            let label = self.lane(&lane.carrier);
            let held = lane.held_until.map_or(0.0, |until| until.since(seen.at).as_secs_f64());
            for (declared, value) in [
                (SESSIONS, Some(f64::from(lane.sessions))),
                (WINDOW, Some(f64::from(lane.window))),
                (RATE, lane.rate),
                (WAITING, Some(lane.waiting as f64)),
                (PAUSED, Some(f64::from(u8::from(lane.paused)))),
                (HELD, Some(held)),
            ] {
                if let Some(value) = value {
                    *sums.entry((declared.name, label.clone())).or_default() += value;
                }
            }
        }
        for declared in [SESSIONS, WINDOW, RATE, WAITING, PAUSED, HELD] {
            if let Some(family) = self.gauges.get(declared.name) {
                family.clear();
            }
        }
        for ((name, lane), value) in sums {
            if let Some(family) = self.gauges.get(name) {
                family.get_or_create(&vec![("lane", lane)]).set(value);
            }
        }
    }
}

fn reply_histogram() -> Histogram {
    Histogram::new(REPLY_BUCKETS)
}

fn commit_histogram() -> Histogram {
    Histogram::new(COMMIT_BUCKETS)
}

fn labels<const N: usize>(declared: Declared, values: [String; N]) -> Labels {
    declared.labels.iter().copied().zip(values).collect()
}

/// How a value is called in records and tables.
fn word(value: impl serde::Serialize) -> String {
    let named = toml::Value::try_from(value).ok();
    named.as_ref().and_then(toml::Value::as_str).unwrap_or(OTHER).into()
}

/// Why a session counts as failed; one that was used up or ended in order does not.
fn failure(why: &Why) -> Option<&'static str> {
    Some(match why {
        Why::Finished => return None,
        Why::Refused(_) => "refused",
        Why::Lost(_) => "lost",
        Why::Unreachable(_) => "unreachable",
        Why::TimedOut => "timed-out",
        Why::Protocol(_) => "protocol",
        Why::DiscardsInput => "discards-input",
        Why::PipeliningLie => "pipelining-lie",
        Why::TlsFailed(_) => "tls",
        Why::LoginRefused(_) => "login",
    })
}

#[cfg(test)]
mod tests;
