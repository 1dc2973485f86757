//! A scripted carrier: who may connect, how much it takes, and its own ledger of what it saw.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::chance::Chance;
use super::conversation::{Conversation, Desk, Sent};
use super::gauge::Gauge;
use super::report::CarrierReport;
use super::script::{CarrierScript, Limits, Refusal, Scenario};
use crate::time::{Instant, Span};

/// A session over all starts of the program: which start, which session.
pub(super) type TalkId = (u32, u64);

/// How a connection attempt ends.
#[derive(Debug, PartialEq)]
pub(super) enum Welcome {
    /// Connected; these leave at once.
    Taken(Vec<Sent>),
    /// The connection was reset.
    Reset,
}

pub(super) struct Server {
    script: CarrierScript,
    limits: Limits,
    gauge: Gauge,
    connects: VecDeque<Instant>,
    talks: BTreeMap<TalkId, Conversation>,
    /// Connected, counted as no session, and never greeted.
    ignored: BTreeSet<TalkId>,
    /// Connected in a silent time: greeted when it is over.
    ungreeted: BTreeSet<TalkId>,
    greylist: BTreeMap<String, Instant>,
    chance: Chance,
    pub(super) ledger: CarrierReport,
}

impl Server {
    pub(super) fn new(script: &CarrierScript, scenario: &Scenario) -> Self {
        let limits = script.limits.clone();
        Server {
            gauge: Gauge::new(&limits),
            limits,
            connects: VecDeque::new(),
            script: script.clone(),
            talks: BTreeMap::new(),
            ignored: BTreeSet::new(),
            ungreeted: BTreeSet::new(),
            greylist: BTreeMap::new(),
            chance: Chance::new(scenario.seed, &script.name),
            ledger: CarrierReport::default(),
        }
    }

    pub(super) fn connect(&mut self, talk: TalkId, now: Instant) -> Welcome {
        self.ledger.connects.push(now);
        while self.connects.front().is_some_and(|at| now.since(*at) >= Span::from_secs(60)) {
            self.connects.pop_front();
        }
        let crowded = self.limits.sessions_max.is_some_and(|max| self.talks.len() >= max as usize);
        let hasty = self.limits.connects_per_minute_max.is_some_and(|max| self.connects.len() >= max as usize);
        if self.gauge.is_punishing(now) {
            self.ledger.refused += 1;
            return Welcome::Reset;
        }
        if crowded || hasty {
            self.ledger.refused += 1;
            self.gauge.punish(&self.limits, now, &mut self.ledger);
            return match self.limits.refusal {
                Refusal::Reset => Welcome::Reset,
                Refusal::Silence => {
                    self.ignored.insert(talk);
                    Welcome::Taken(Vec::new())
                }
                Refusal::Reply421 => {
                    let text = "421 4.3.2 too many connections\r\n".to_string();
                    Welcome::Taken(vec![Sent::Bytes(now, text), Sent::Closed(now)])
                }
            };
        }
        self.connects.push_back(now);
        self.talks.insert(talk, Conversation::new());
        self.ledger.sessions_most = self.ledger.sessions_most.max(self.talks.len());
        if self.limits.silent {
            self.ungreeted.insert(talk);
            return Welcome::Taken(Vec::new());
        }
        Welcome::Taken(vec![greeting(now)])
    }

    pub(super) fn received(&mut self, talk: TalkId, bytes: &[u8], now: Instant) -> Vec<Sent> {
        if let Some(conversation) = self.talks.get_mut(&talk) {
            conversation.keep(bytes);
        }
        self.work(talk, now)
    }

    pub(super) fn encrypted(&mut self, talk: TalkId) {
        if let Some(conversation) = self.talks.get_mut(&talk) {
            conversation.encrypted();
        }
    }

    /// The client closed the connection. What it had sent before is still read, unless the server is silent.
    pub(super) fn gone(&mut self, talk: TalkId) {
        self.talks.remove(&talk);
        self.ignored.remove(&talk);
        self.ungreeted.remove(&talk);
    }

    /// New limits; a server that was silent turns to what has come meanwhile.
    pub(super) fn change(&mut self, limits: &Limits, now: Instant) -> Vec<(TalkId, Vec<Sent>)> {
        self.gauge.change(limits);
        self.limits = limits.clone();
        if self.limits.silent {
            return Vec::new();
        }
        let talks: Vec<TalkId> = self.talks.keys().copied().collect();
        let mut out = Vec::new();
        for talk in talks {
            let mut sent = Vec::new();
            sent.extend(self.ungreeted.remove(&talk).then(|| greeting(now)));
            sent.extend(self.work(talk, now));
            out.push((talk, sent));
        }
        out
    }

    fn work(&mut self, talk: TalkId, now: Instant) -> Vec<Sent> {
        if self.limits.silent {
            return Vec::new();
        }
        let sessions = u32::try_from(self.talks.len()).unwrap_or(u32::MAX);
        let Some(conversation) = self.talks.get_mut(&talk) else { return Vec::new() };
        let mut desk = Desk {
            now,
            sessions,
            script: &self.script,
            limits: &self.limits,
            gauge: &mut self.gauge,
            ledger: &mut self.ledger,
            chance: &mut self.chance,
            greylist: &mut self.greylist,
        };
        let sent = conversation.work(&mut desk);
        if sent.iter().any(|sent| matches!(sent, Sent::Closed(_))) {
            self.talks.remove(&talk);
        }
        sent
    }
}

fn greeting(now: Instant) -> Sent {
    Sent::Bytes(now, "220 mx ready\r\n".into())
}
