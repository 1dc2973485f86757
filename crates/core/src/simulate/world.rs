//! Virtual time: what happens when, to the machine, its sessions, the disk and the carriers.

mod acts;
mod cut;
mod life;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use super::carrier::{Server, TalkId, Welcome};
use super::chance::Chance;
use super::conversation::Sent;
use super::disk::Disk;
use super::happening::Happening;
use super::line::{Line, Moved};
use super::report::{CarrierReport, Report};
use super::script::{CarrierScript, Order, Scenario, TlsScript};
use super::setting::{self, BEGIN, batch_id};
use crate::carrier::Carrier;
use crate::engine::Machine;
use crate::event::Event;
use crate::message::MailId;
use crate::pace::Slots;
use crate::policy::Policy;
use crate::record::Record;
use crate::time::{Instant, Span};

/// Steps at one instant after which the machine is said never to come to rest.
const STEPS_AT_ONCE_MAX: u32 = 50_000;
/// Who watches is told each time so many mails have settled.
pub(super) const WATCHED_MAILS: u64 = 100_000;
/// How long loading a chunk or looking up a name takes.
const LOOKUP: Span = Span::from_millis(2);

/// No program starts so often; sessions of different nodes are told apart by this.
const STARTS_MAX: u32 = 1 << 20;

/// Everybody who can be connected to.
pub(super) fn servers(scenario: &Scenario) -> BTreeMap<String, Server> {
    let server = |script: &CarrierScript| (script.name.clone(), Server::new(script, scenario));
    scenario.scripts().map(server).collect()
}

/// What they saw.
pub(super) fn ledgers(servers: BTreeMap<String, Server>) -> BTreeMap<String, CarrierReport> {
    servers.into_iter().map(|(name, server)| (name, server.ledger)).collect()
}

/// The whole simulated world, or one of several nodes in it.
pub(super) struct World<'a> {
    scenario: &'a Scenario,
    now: Instant,
    begun: u64,
    coming: BTreeMap<(Instant, u64), Happening>,
    /// `None` while the program is down.
    machine: Option<Machine>,
    start: u32,
    wake: Instant,
    events: Vec<Event>,
    policies: BTreeMap<String, Policy>,
    cancelled: BTreeSet<usize>,
    disk: Disk,
    disk_chance: Chance,
    /// Lent to each of several nodes while it is its turn.
    pub(super) servers: BTreeMap<String, Server>,
    gates: BTreeMap<Arc<str>, Slots>,
    lines: BTreeMap<TalkId, Line>,
    /// With whom each session is, and from which address of ours.
    carriers: BTreeMap<TalkId, (String, Option<IpAddr>)>,
    ticks: BTreeMap<TalkId, Instant>,
    sessions_most: usize,
    settled: u64,
    steps_at_once: u32,
    /// Until when nothing passes between the program and anybody else.
    cut_until: Instant,
    /// Which of several nodes this is; they share the carriers, and are told what to send.
    member: Option<u32>,
    /// How long an outcome that is durable here takes to the journal of all nodes.
    lag: Span,
    /// Outcomes on their way there, and when they will be.
    untold: VecDeque<(Instant, MailId, Record)>,
    report: Report,
}

impl<'a> World<'a> {
    /// A world of one node with everything that the scenario says.
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        let mut world = World::empty(scenario, None);
        world.servers = servers(scenario);
        world.report.mails = scenario.batches.iter().flat_map(|b| &b.to).map(|group| group.mails as usize).sum();
        for (at, batch) in scenario.batches.iter().enumerate() {
            world.after(batch.at, Happening::Submit(at));
        }
        for (at, (when, _)) in scenario.orders.iter().enumerate() {
            world.after(*when, Happening::Order(at));
        }
        for script in scenario.scripts() {
            for (at, (when, _)) in script.changes.iter().enumerate() {
                world.after(*when, Happening::Change(script.name.clone(), at));
            }
        }
        world.restart();
        world
    }

    fn empty(scenario: &'a Scenario, member: Option<u32>) -> Self {
        World {
            scenario,
            now: BEGIN,
            begun: 0,
            coming: BTreeMap::new(),
            machine: None,
            start: member.unwrap_or(0) * STARTS_MAX,
            wake: Instant::NEVER,
            events: Vec::new(),
            policies: scenario.carriers.iter().map(|c| (c.name.clone(), c.policy.clone())).collect(),
            cancelled: BTreeSet::new(),
            disk: Disk::default(),
            disk_chance: Chance::new(scenario.seed, "disk"),
            servers: BTreeMap::new(),
            gates: BTreeMap::new(),
            lines: BTreeMap::new(),
            carriers: BTreeMap::new(),
            ticks: BTreeMap::new(),
            sessions_most: 0,
            settled: 0,
            steps_at_once: 0,
            cut_until: Instant::EPOCH,
            member,
            lag: Span::ZERO,
            untold: VecDeque::new(),
            report: Report::default(),
        }
    }

    /// Lets time pass until everything has settled, or to the scenario's end.
    pub(super) fn run(mut self, watch: &mut dyn FnMut(Span, u64)) -> Report {
        let end = BEGIN + self.scenario.ends;
        self.step();
        loop {
            let (next, before) = (self.next(), self.settled);
            if next > end || next == Instant::NEVER || self.is_done() || !self.pass(next) {
                break;
            }
            if before / WATCHED_MAILS < self.settled / WATCHED_MAILS {
                watch(self.now.since(BEGIN), self.settled);
            }
        }
        let servers = core::mem::take(&mut self.servers);
        Report { carriers: ledgers(servers), ..self.conclude() }
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Instant {
        let first = self.coming.first_key_value().map_or(Instant::NEVER, |((at, _), _)| *at);
        let told = self.untold.front().map_or(Instant::NEVER, |(at, ..)| *at);
        first.min(self.wake).min(told)
    }

    /// Lets all happen that is due at this instant; `false` if that has no end.
    pub(super) fn pass(&mut self, next: Instant) -> bool {
        self.steps_at_once = if next > self.now { 0 } else { self.steps_at_once + 1 };
        if self.steps_at_once > STEPS_AT_ONCE_MAX {
            self.report.violations.push(format!("the machine does not come to rest at {:?}", self.now));
            return false;
        }
        self.now = self.now.max(next);
        while let Some(first) = self.coming.first_entry().filter(|first| first.key().0 <= self.now) {
            let happening = first.remove();
            if let Some(happening) = self.carried(happening) {
                self.happen(happening);
            }
        }
        if !self.events.is_empty() || self.wake <= self.now {
            self.step();
        }
        self.tell(self.now);
        true
    }

    fn is_done(&self) -> bool {
        let known = (0..self.scenario.batches.len()).all(|at| self.disk.knows(batch_id(at)));
        known && self.disk.unsettled == 0 && self.lines.is_empty() && self.machine.is_some()
    }

    fn after(&mut self, wait: Span, happening: Happening) {
        self.at(self.now + wait, happening);
    }

    fn at(&mut self, at: Instant, happening: Happening) {
        self.begun += 1;
        self.coming.insert((at, self.begun), happening);
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if self.scenario.log {
            let seconds = self.now.since(BEGIN).as_secs_f64();
            self.report.log.push(format!("{seconds:12.6} {}", line()));
        }
    }

    fn step(&mut self) {
        let Some(machine) = &mut self.machine else { return self.events.clear() };
        let mut actions = Vec::new();
        let events = core::mem::take(&mut self.events);
        if self.scenario.log {
            for event in &events {
                let seconds = self.now.since(BEGIN).as_secs_f64();
                self.report.log.push(format!("{seconds:12.6} {}", setting::heard(event)));
            }
        }
        self.wake = machine.step(events, self.now, &mut actions);
        let sessions: usize = machine.lanes().iter().map(|lane| lane.talks.len()).sum();
        self.sessions_most = self.sessions_most.max(sessions);
        actions.into_iter().for_each(|action| self.act(action));
        self.begin_commit();
    }

    fn begin_commit(&mut self) {
        if self.disk.begin() {
            let most = u64::try_from(self.scenario.commit.as_micros()).unwrap_or(u64::MAX);
            let wait = Span::from_micros(most / 2 + self.disk_chance.below(most / 2 + 1));
            self.after(wait, Happening::Committed(self.start));
        }
    }

    fn rtt(&self, carrier: &str) -> Span {
        self.scenario.scripts().find(|c| c.name == carrier).map_or(Span::ZERO, |c| c.rtt)
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Submit(at) if self.machine.is_some() => self.submit(at),
            Happening::Order(at) => self.order(at),
            Happening::Change(carrier, at) => self.change(&carrier, at),
            Happening::Restart => self.restart(),
            Happening::Committed(start) if start == self.start && self.machine.is_some() => {
                self.events.extend(self.disk.commit());
                self.keep_records();
                self.tell(self.now);
                self.begin_commit();
            }
            Happening::Loaded(start, id) if start == self.start => {
                let chunk = self.disk.load(id);
                self.events.extend(chunk.map(|chunk| Event::Loaded(chunk.into())));
            }
            Happening::Resolved(start, domain) if start == self.start => self.resolved(domain),
            Happening::RelayFound(start, relay) if start == self.start => {
                let found = Ok(vec![setting::RELAY]);
                let valid_until = self.now + self.scenario.route_holds;
                self.events.push(Event::RelayFound { relay, found, valid_until });
            }
            Happening::Connects(talk) => self.connects(talk),
            Happening::Connected(talk) => self.move_line(talk, |line, now| line.connected(now)),
            Happening::NoRoute(talk) => self.move_line(talk, |line, _| line.has_no_route()),
            Happening::ToServer(talk, bytes) => {
                let sent = self.server(talk).map(|(server, now)| server.received(talk, &bytes, now));
                self.deliver(talk, sent.unwrap_or_default());
            }
            Happening::Encrypted(talk) => {
                if let Some((server, _)) = self.server(talk) {
                    server.encrypted(talk);
                }
            }
            Happening::ClientGone(talk) => {
                if let Some((server, _)) = self.server(talk) {
                    server.gone(talk);
                }
                // Nothing comes from this session any more.
                if !self.lines.contains_key(&talk) {
                    self.carriers.remove(&talk);
                }
            }
            Happening::ToClient(talk, bytes) => self.move_line(talk, |line, now| line.received(&bytes, now)),
            Happening::ServerGone(talk) => self.move_line(talk, |line, _| line.lost("connection reset")),
            Happening::HandsShaken(talk, worked) => self.move_line(talk, |line, now| line.shook_hands(worked, now)),
            Happening::Tick(talk) => {
                self.ticks.remove(&talk);
                self.move_line(talk, Line::tick);
            }
            // What belongs to a program that is no more.
            Happening::Submit(_)
            | Happening::Committed(_)
            | Happening::Loaded(..)
            | Happening::Resolved(..)
            | Happening::RelayFound(..) => {}
        }
    }

    fn submit(&mut self, at: usize) {
        let script = &self.scenario.batches[at];
        self.disk.submit(setting::submission(script, at, self.now));
        self.begin_commit();
    }

    fn order(&mut self, at: usize) {
        let order = self.scenario.orders[at].1.clone();
        self.note(|| format!("order {order:?}"));
        match order {
            Order::Cancel(batch) => {
                self.cancelled.insert(batch);
                self.events.push(Event::Cancel(batch_id(batch)));
            }
            Order::Pause(carrier, paused) => self.events.push(Event::Pause(Carrier::new(carrier), paused)),
            Order::Limit(carrier, most) => self.events.push(Event::Limit(Carrier::new(carrier), most)),
            Order::SetPolicy(carrier, policy) => {
                self.policies.insert(carrier.clone(), (*policy).clone());
                self.events.push(Event::SetPolicy(Carrier::new(carrier), policy));
            }
            Order::Crash(down) if self.machine.is_some() => self.crash(down),
            Order::Crash(_) => {}
            Order::Forecast(batch) => {
                let forecast = self.machine.as_ref().map(|m| m.forecast(&batch_id(batch).into(), self.now));
                self.report.forecasts.extend(forecast.map(|forecast| (self.now, forecast)));
            }
            Order::Cut(span) => self.cut(span),
            Order::ShutDown => self.events.push(Event::ShutDown),
        }
    }

    fn change(&mut self, carrier: &str, at: usize) {
        let Some(script) = self.scenario.scripts().find(|c| c.name == carrier) else { return };
        self.note(|| format!("{carrier} changes its limits"));
        let now = self.now;
        let Some(server) = self.servers.get_mut(carrier) else { return };
        for (talk, sent) in server.change(&script.changes[at].1, now) {
            self.deliver(talk, sent);
        }
    }

    fn resolved(&mut self, domain: String) {
        let route = self.asked(setting::route(self.scenario, &domain, self.now));
        let valid_until = self.now + self.scenario.route_holds;
        self.events.push(Event::Resolved { domain, route, valid_until });
    }

    fn server(&mut self, talk: TalkId) -> Option<(&mut Server, Instant)> {
        let now = self.now;
        self.servers.get_mut(&self.carriers.get(&talk)?.0).map(|server| (server, now))
    }

    fn connects(&mut self, talk: TalkId) {
        let Some((carrier, source)) = self.carriers.get(&talk).cloned() else { return };
        let Some((server, now)) = self.server(talk) else { return };
        let welcome = server.connect(talk, source, now);
        let back = self.rtt(&carrier) / 2;
        match welcome {
            Welcome::Reset => self.after(back, Happening::ServerGone(talk)),
            Welcome::Taken(sent) => {
                self.after(back, Happening::Connected(talk));
                self.deliver(talk, sent);
            }
        }
    }

    /// Sends what left the server on its way to the client.
    fn deliver(&mut self, talk: TalkId, sent: Vec<Sent>) {
        let back = self.carriers.get(&talk).map_or(Span::ZERO, |(carrier, _)| self.rtt(carrier)) / 2;
        for sent in sent {
            match sent {
                Sent::Bytes(at, text) => self.at(at + back, Happening::ToClient(talk, text.into_bytes())),
                Sent::Closed(at) => self.at(at + back, Happening::ServerGone(talk)),
            }
        }
    }

    fn move_line(&mut self, talk: TalkId, change: impl FnOnce(&mut Line, Instant)) {
        if let Some(line) = self.lines.get_mut(&talk) {
            change(line, self.now);
            self.turn(talk);
        }
    }

    /// Lets a line do what it can do now, and carries what it has to say.
    fn turn(&mut self, talk: TalkId) {
        let Some(line) = self.lines.get_mut(&talk) else { return };
        let gate = self.gates.entry(line.gate.clone()).or_insert_with(|| Slots::new(None, 1));
        let Moved { events, bytes, departed, handshake, closed } = line.turn(gate, self.now);
        let (wake, carrier) = (line.wake(), line.carrier.clone());
        let half = self.rtt(&carrier) / 2;
        self.events.extend(events);
        for mail in departed {
            if !self.disk.is_in_flight(mail) {
                self.report.violations.push(format!("{mail:?} left without being registered"));
            }
        }
        if !bytes.is_empty() {
            self.after(half, Happening::ToServer(talk, bytes));
        }
        if handshake {
            let works = self.scenario.scripts().any(|c| c.name == carrier && c.ways.tls == TlsScript::Works);
            self.after(half, Happening::Encrypted(talk));
            self.after(half * 2, Happening::HandsShaken(talk, works));
        }
        if closed {
            self.lines.remove(&talk);
            self.after(half, Happening::ClientGone(talk));
        } else if wake < Instant::NEVER && self.ticks.get(&talk).is_none_or(|at| *at > wake) {
            self.ticks.insert(talk, wake);
            self.at(wake, Happening::Tick(talk));
        }
    }
}
