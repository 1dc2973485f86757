//! The loop around the machine: waits, steps and carries out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::machine::Machine;
use super::picture;
use super::wall;
use super::watch::{Original, Watch};
use crate::clock::Clock;
use crate::event::{Action, Event, Route, SessionId, Write};
use crate::forecast::{Forecast, Subject};
use crate::outcome::Stage;
use crate::press::Press;
use crate::report::Snapshot;
use crate::resolve::Resolver;
use crate::session::Why;
use crate::store::{Store, StoreError};
use crate::time::{Instant, Shift};
use crate::trace::Tracing;
use crate::via::Via;
use crate::wire::{self, Gate, Order, Tls};

/// Events heard in one step at most, so that no one waits long.
const EVENTS_MAX: usize = 1024;

/// What reaches the loop.
pub(super) enum Message {
    Events(Vec<Event>),
    Failed(StoreError),
    Snapshot(oneshot::Sender<Snapshot>),
    Metrics(oneshot::Sender<String>),
    Original(u32, oneshot::Sender<Option<Original>>),
    Forecast(Subject, oneshot::Sender<Forecast>),
    ShutDown(oneshot::Sender<()>),
    /// The last handle on the engine is gone.
    Forsaken,
}

/// Everything the loop holds.
pub(super) struct Shell {
    pub(super) machine: Machine,
    pub(super) messages: mpsc::UnboundedSender<Message>,
    pub(super) store: Arc<Store>,
    pub(super) resolver: Arc<Resolver>,
    pub(super) clock: Clock,
    pub(super) press: Press,
    pub(super) tls: Arc<Tls>,
    pub(super) gates: HashMap<Arc<str>, Gate>,
    pub(super) sessions: HashMap<SessionId, mpsc::UnboundedSender<Order>>,
    pub(super) record: watch::Sender<u64>,
    pub(super) watch: Watch,
    pub(super) tracing: Arc<Tracing>,
    /// How long what is under way may take to end once somebody asked to shut down.
    pub(super) patience: Duration,
}

impl Shell {
    pub(super) async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Message>,
        stop: watch::Sender<Option<String>>,
    ) {
        let mut wake = Instant::EPOCH;
        let mut batch = Vec::new();
        let mut leaving = Vec::<oneshot::Sender<()>>::new();
        // Until when what is under way may end, once it is to.
        let mut leave_by = Instant::NEVER;
        loop {
            tokio::select! {
                biased;
                heard = inbox.recv_many(&mut batch, EVENTS_MAX) => if heard == 0 { return },
                () = self.clock.sleep_until(wake.min(leave_by)) => {}
            }
            let mut events = Vec::new();
            for message in batch.drain(..) {
                match message {
                    Message::Events(more) => events.extend(more),
                    Message::Snapshot(answer) => {
                        let _ = answer.send(wall::shown(self.snapshot(), self.clock.shift()));
                    }
                    Message::Metrics(answer) => {
                        let seen = self.snapshot();
                        let _ = answer.send(self.watch.metrics(&seen, self.tracing.dropped()));
                    }
                    Message::Original(number, answer) => {
                        let _ = answer.send(self.watch.original(number));
                    }
                    Message::Forecast(subject, answer) => {
                        let _ = answer.send(self.forecast(subject));
                    }
                    Message::ShutDown(answer) => {
                        events.push(Event::ShutDown);
                        leaving.push(answer);
                        leave_by = leave_by.min(self.clock.now() + self.patience);
                    }
                    Message::Forsaken => {
                        events.push(Event::ShutDown);
                        leave_by = leave_by.min(self.clock.now() + self.patience);
                    }
                    Message::Failed(error) => {
                        // Nothing may be sent that cannot be recorded: dropping the loop ends every session.
                        tracing::error!(%error, "the queue failed; sending stops, nothing acknowledged is lost");
                        let _ = stop.send(Some(error.to_string()));
                        return;
                    }
                }
            }
            wake = self.step(events);
            let (leaves, late) = (leave_by != Instant::NEVER, self.clock.now() >= leave_by);
            if late && !self.machine.is_still() {
                // Dropping the loop ends every session, as a crash would: the next start finds what was under way.
                tracing::warn!(
                    "carriers were silent for too long to be waited for; their mails are in doubt at the next start"
                );
            }
            if leaves && (late || self.machine.is_still()) {
                // Another handle may still be asked for something.
                self.store.halt("the engine was shut down");
                drop(self);
                for answer in leaving {
                    // Whoever asked may have gone.
                    let _ = answer.send(());
                }
                return;
            }
        }
    }

    fn forecast(&self, subject: Subject) -> Forecast {
        self.machine.forecast(&wall::asked(subject, self.clock.shift()), self.clock.now())
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = picture::snapshot(&self.machine, self.clock.now());
        self.watch.complete(&mut snapshot);
        snapshot
    }

    fn step(&mut self, mut events: Vec<Event>) -> Instant {
        let (now, shift) = (self.clock.now(), self.clock.shift());
        if shift != Shift::default() {
            events = events.into_iter().map(|event| wall::heard(event, shift)).collect();
        }
        for event in &events {
            self.watch.hear(event, &self.machine, now);
            match event {
                Event::SessionClosed { session, .. } => drop(self.sessions.remove(session)),
                Event::Recorded(outcomes) => self.record.send_modify(|count| *count += *outcomes as u64),
                _ => {}
            }
        }
        let mut actions = Vec::new();
        let wake = self.machine.step(events, now, &mut actions);
        self.watch.see(&mut actions, now);
        for mut action in actions {
            if let Action::Persist(writes) = &mut action {
                wall::written(writes, shift);
            }
            self.carry_out(action);
        }
        wake
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Persist(writes) => {
                let again =
                    |mail| writes.iter().any(|write| matches!(write, Write::Register(other, _) if *other == mail));
                for write in &writes {
                    match write {
                        Write::Release(mail, _) if !again(*mail) => self.press.forget(*mail),
                        _ => {}
                    }
                }
                self.store.persist(writes);
            }
            Action::Prepare { mail, chunk, style } => self.press.prepare(mail, chunk, style),
            Action::Load(chunk) => self.store.load(chunk),
            Action::Resolve(domain) => self.resolve(domain),
            Action::FindRelay { relay, host, port } => self.find_relay(relay, host, port),
            open @ Action::Open { .. } => self.open(open),
            Action::Send { session, mail, chunk, depart, style } => {
                let urgency = chunk.head.urgency;
                let draft = self.press.draft(mail, chunk, style);
                if let Some(orders) = self.sessions.get(&session) {
                    // A session that ends at this moment reports the order as not attempted.
                    let _ = orders.send(Order::Send { mail, draft, urgency, depart });
                }
            }
            Action::Recall(session, mail) => {
                if let Some(orders) = self.sessions.get(&session) {
                    let _ = orders.send(Order::Recall(mail));
                }
            }
            Action::Finish(session) => {
                if let Some(orders) = self.sessions.get(&session) {
                    let _ = orders.send(Order::Finish);
                }
            }
            Action::Keep(name, value) => self.store.keep(name, value),
            Action::Gate(lane, policy) => {
                // Lanes of carriers that nobody's mail goes to any more have become others'.
                if self.gates.len() > 2 * self.machine.lanes().len() {
                    let lanes: HashSet<&str> = self.machine.lanes().iter().map(|lane| &*lane.name).collect();
                    self.gates.retain(|name, _| lanes.contains(&**name));
                }
                self.gates.entry(lane).or_default().renew(&policy);
            }
        }
    }

    fn resolve(&self, domain: String) {
        let (resolver, messages, clock) = (self.resolver.clone(), self.messages.clone(), self.clock);
        tokio::spawn(async move {
            let fault = || (Route::Failed("the lookup failed inside this program".into()), Duration::ZERO);
            let (route, valid) = wire::surviving(resolver.route(&domain)).await.unwrap_or_else(fault);
            let valid_until = clock.now() + valid;
            let _ = messages.send(Message::Events(vec![Event::Resolved { domain, route, valid_until }]));
        });
    }

    fn find_relay(&self, relay: String, host: String, port: u16) {
        let (resolver, messages, clock) = (self.resolver.clone(), self.messages.clone(), self.clock);
        tokio::spawn(async move {
            let fault = || (Err("the lookup failed inside this program".into()), Duration::ZERO);
            let (found, valid) = wire::surviving(resolver.relay(&host, port)).await.unwrap_or_else(fault);
            let valid_until = clock.now() + valid;
            let _ = messages.send(Message::Events(vec![Event::RelayFound { relay, found, valid_until }]));
        });
    }

    /// Opens a session, if it is allowed to.
    fn open(&mut self, open: Action) {
        let Action::Open { session, carrier, gate, via, host, addr, manner } = open else { return };
        // The resolver has seen to it; whatever else brought the address here does not get past this.
        let Some(addr) = self.resolver.dialable(addr, matches!(via, Via::Relay(_))) else {
            let why = Why::Lost(format!("{addr}: this configuration's `dial` does not allow it"));
            let closed = Event::SessionClosed { session, stage: Stage::Connect, why };
            return drop(self.messages.send(Message::Events(vec![closed])));
        };
        let source = via.source();
        let (orders, inbox) = mpsc::unbounded_channel();
        self.sessions.insert(session, orders);
        let readers = (self.tracing.clone(), carrier);
        let gate = self.gates.entry(gate).or_default().clone();
        let (tls, clock, messages) = (self.tls.clone(), self.clock, self.messages.clone());
        let opening = wire::Opening { session, source, addr, host, manner: *manner, gate, tls, clock, readers };
        let report = move |events| drop(messages.send(Message::Events(events)));
        tokio::spawn(wire::run(opening, inbox, report));
    }
}
