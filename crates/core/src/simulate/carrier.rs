//! A scripted carrier: who may connect, how much it takes, and its own ledger of what it saw.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

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

/// What a carrier counts of one address.
struct Tally {
    limits: Limits,
    gauge: Gauge,
    connects: VecDeque<Instant>,
    open: usize,
}

impl Tally {
    fn new(limits: &Limits) -> Self {
        Tally { limits: limits.clone(), gauge: Gauge::new(limits), connects: VecDeque::new(), open: 0 }
    }

    fn change(&mut self, limits: &Limits, now: Instant) {
        self.gauge.change(limits, now);
        self.limits = limits.clone();
    }
}

pub(super) struct Server {
    script: CarrierScript,
    /// What addresses without limits of their own may do.
    limits: Limits,
    tallies: BTreeMap<Option<IpAddr>, Tally>,
    talks: BTreeMap<TalkId, (Option<IpAddr>, Conversation)>,
    /// Connected, counted as no session, and never greeted.
    ignored: BTreeSet<TalkId>,
    /// Connected in a silent time: greeted when it is over.
    ungreeted: BTreeSet<TalkId>,
    greylist: BTreeMap<String, Instant>,
    /// MAIL commands of the last second.
    recent: VecDeque<Instant>,
    chance: Chance,
    each_mail: bool,
    pub(super) ledger: CarrierReport,
}

impl Server {
    pub(super) fn new(script: &CarrierScript, scenario: &Scenario) -> Self {
        Server {
            limits: script.limits.clone(),
            tallies: script.from.iter().map(|(source, limits)| (Some(*source), Tally::new(limits))).collect(),
            script: script.clone(),
            talks: BTreeMap::new(),
            ignored: BTreeSet::new(),
            ungreeted: BTreeSet::new(),
            greylist: BTreeMap::new(),
            recent: VecDeque::new(),
            chance: Chance::new(scenario.seed, &script.name),
            each_mail: scenario.each_mail,
            ledger: CarrierReport::default(),
        }
    }

    pub(super) fn connect(&mut self, talk: TalkId, source: Option<IpAddr>, now: Instant) -> Welcome {
        self.ledger.sessions += 1;
        let counted_for = source.filter(|_| !self.script.together);
        let tally = self.tallies.entry(counted_for).or_insert_with(|| Tally::new(&self.limits));
        let seen = self.ledger.from.entry(source).or_default();
        if self.each_mail {
            self.ledger.connects.push(now);
            seen.connects.push(now);
        }
        while tally.connects.front().is_some_and(|at| now.since(*at) >= Span::from_secs(60)) {
            tally.connects.pop_front();
        }
        let crowded = tally.limits.sessions_max.is_some_and(|max| tally.open >= max as usize);
        let hasty = tally.limits.connects_per_minute_max.is_some_and(|max| tally.connects.len() >= max as usize);
        if tally.gauge.is_punishing(now) {
            self.ledger.refused += 1;
            return Welcome::Reset;
        }
        if crowded || hasty {
            self.ledger.refused += 1;
            tally.gauge.punish(&tally.limits, now, &mut self.ledger);
            return match tally.limits.refusal {
                Refusal::Reset => Welcome::Reset,
                Refusal::Silence => {
                    self.ignored.insert(talk);
                    Welcome::Taken(Vec::new())
                }
                Refusal::Reply421 => unwelcome(now),
            };
        }
        let share = self.script.ways.unwelcome;
        if share > 0.0 && self.chance.happens(share) {
            self.ledger.refused += 1;
            return unwelcome(now);
        }
        tally.open += 1;
        tally.connects.push_back(now);
        self.talks.insert(talk, (source, Conversation::new()));
        let open = match self.script.together {
            true => self.talks.values().filter(|(from, _)| *from == source).count(),
            false => tally.open,
        };
        seen.sessions_most = seen.sessions_most.max(open);
        self.ledger.sessions_most = self.ledger.sessions_most.max(self.talks.len());
        if tally.limits.silent {
            self.ungreeted.insert(talk);
            return Welcome::Taken(Vec::new());
        }
        Welcome::Taken(vec![greeting(now)])
    }

    pub(super) fn received(&mut self, talk: TalkId, bytes: &[u8], now: Instant) -> Vec<Sent> {
        if let Some((_, conversation)) = self.talks.get_mut(&talk) {
            conversation.keep(bytes);
        }
        self.work(talk, now)
    }

    pub(super) fn encrypted(&mut self, talk: TalkId) {
        if let Some((_, conversation)) = self.talks.get_mut(&talk) {
            conversation.encrypted();
        }
    }

    /// The client closed the connection. What it had sent before is still read, unless the server is silent.
    pub(super) fn gone(&mut self, talk: TalkId) {
        self.forget(talk);
        self.ignored.remove(&talk);
        self.ungreeted.remove(&talk);
    }

    fn forget(&mut self, talk: TalkId) {
        if let Some((source, _)) = self.talks.remove(&talk)
            && let Some(tally) = self.tallies.get_mut(&source.filter(|_| !self.script.together))
        {
            tally.open -= 1;
        }
    }

    /// New limits for addresses without limits of their own; a server that was silent turns to what has come meanwhile.
    pub(super) fn change(&mut self, limits: &Limits, now: Instant) -> Vec<(TalkId, Vec<Sent>)> {
        self.limits = limits.clone();
        for (source, tally) in &mut self.tallies {
            if !self.script.from.iter().any(|(own, _)| Some(*own) == *source) {
                tally.change(limits, now);
            }
        }
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
        let Some((source, conversation)) = self.talks.get_mut(&talk) else { return Vec::new() };
        let Some(tally) = self.tallies.get_mut(&source.filter(|_| !self.script.together)) else { return Vec::new() };
        if tally.limits.silent {
            return Vec::new();
        }
        let sessions = u32::try_from(tally.open).unwrap_or(u32::MAX);
        let mut desk = Desk {
            now,
            sessions,
            script: &self.script,
            source: *source,
            limits: &tally.limits,
            gauge: &mut tally.gauge,
            each_mail: self.each_mail,
            ledger: &mut self.ledger,
            chance: &mut self.chance,
            greylist: &mut self.greylist,
            recent: &mut self.recent,
        };
        let sent = conversation.work(&mut desk);
        if sent.iter().any(|sent| matches!(sent, Sent::Closed(_))) {
            self.forget(talk);
        }
        sent
    }
}

fn greeting(now: Instant) -> Sent {
    Sent::Bytes(now, "220 mx ready\r\n".into())
}

/// A greeting that ends the session.
fn unwelcome(now: Instant) -> Welcome {
    let text = "421 4.3.2 too many connections\r\n".to_string();
    Welcome::Taken(vec![Sent::Bytes(now, text), Sent::Closed(now)])
}
