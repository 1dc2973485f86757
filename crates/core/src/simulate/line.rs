//! The wire of one session: holds letters until they may depart, and carries bytes between the session and the world.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::carrier::TalkId;
use crate::address::Address;
use crate::event::{Ended, Event, SessionId};
use crate::message::{MailId, Urgency};
use crate::outcome::Stage;
use crate::pace::{Slot, Slots};
use crate::session::{Ending, Held, Letter, Manner, Output, Session, Why};
use crate::time::{Instant, Span};
use crate::trust::Encryption;

/// What a line wants of the world after it has been moved.
#[derive(Debug, Default)]
pub(super) struct Moved {
    pub(super) events: Vec<Event>,
    pub(super) bytes: Vec<u8>,
    pub(super) departed: Vec<MailId>,
    pub(super) handshake: bool,
    pub(super) closed: bool,
}

/// One session on its way.
pub(super) struct Line {
    pub(super) talk: TalkId,
    pub(super) carrier: String,
    pub(super) gate: Arc<str>,
    manner: Manner,
    session: Option<Session>,
    connect_deadline: Instant,
    held: Held,
    addresses: BTreeMap<MailId, Address>,
    /// The gate's slot for the next mail; one that has passed is none.
    slot: Option<Slot>,
    finish: bool,
    closed: Option<(Stage, Why)>,
}

impl Line {
    pub(super) fn new(talk: TalkId, (carrier, gate): (&str, Arc<str>), manner: Manner, now: Instant) -> Self {
        Line {
            talk,
            gate,
            carrier: carrier.to_string(),
            connect_deadline: now + manner.waits().connect,
            manner,
            session: None,
            held: Held::default(),
            addresses: BTreeMap::new(),
            slot: None,
            finish: false,
            closed: None,
        }
    }

    pub(super) fn connected(&mut self, now: Instant) {
        self.session = Some(Session::new(self.manner.clone(), now));
    }

    pub(super) fn send(&mut self, letter: Letter, urgency: Urgency, depart: Instant, address: Address) {
        self.addresses.insert(letter.id, address);
        self.held.add(letter, urgency, depart);
    }

    /// Gives a mail back that was not begun; the event that says so.
    pub(super) fn recall(&mut self, mail: MailId) -> Option<Event> {
        self.held.recall(mail)?;
        Some(self.ended(mail, Ending::NotAttempted, Span::ZERO))
    }

    /// Whether it was told that no more mails come.
    pub(super) fn is_finishing(&self) -> bool {
        self.finish
    }

    pub(super) fn finish(&mut self) {
        self.finish = true;
    }

    pub(super) fn received(&mut self, bytes: &[u8], now: Instant) {
        if let Some(session) = &mut self.session {
            session.received(bytes, now);
        }
    }

    pub(super) fn lost(&mut self, error: &str) {
        match &mut self.session {
            Some(session) => session.lost(error),
            None => self.closed = Some((Stage::Connect, Why::Lost(error.to_string()))),
        }
    }

    pub(super) fn has_no_route(&mut self) {
        self.closed = Some((Stage::Connect, Why::Unreachable("network is unreachable".into())));
    }

    pub(super) fn shook_hands(&mut self, worked: bool, now: Instant) {
        match &mut self.session {
            Some(session) if worked => session.tls_up(now),
            Some(session) => session.tls_failed("handshake failure"),
            None => {}
        }
    }

    pub(super) fn tick(&mut self, now: Instant) {
        match &mut self.session {
            Some(session) => session.tick(now),
            None if self.connect_deadline <= now => self.closed = Some((Stage::Connect, Why::TimedOut)),
            None => {}
        }
    }

    /// When `tick` and `turn` must be called next.
    pub(super) fn wake(&self) -> Instant {
        let Some(session) = &self.session else { return self.connect_deadline };
        let depart = match self.held.departs() {
            Some(depart) if session.wants_mail() => self.slot.map_or(depart, |slot| depart.max(slot.at)),
            _ => Instant::NEVER,
        };
        session.wake().min(depart)
    }

    /// Offers what may depart and takes out what the session has to say. After `closed` the line is over.
    pub(super) fn turn(&mut self, gate: &mut Slots, now: Instant) -> Moved {
        let mut moved = Moved::default();
        loop {
            self.offer_due(gate, now, &mut moved.departed);
            let Some(session) = &mut self.session else { break };
            moved.bytes.extend(session.take_bytes());
            let outputs: Vec<Output> = core::iter::from_fn(|| session.next_output()).collect();
            if outputs.is_empty() {
                break;
            }
            for output in outputs {
                match output {
                    Output::StartTls => moved.handshake = true,
                    Output::Ready => moved.events.push(Event::SessionReady(SessionId(self.talk.1))),
                    Output::Ended { id, ending, latency } => {
                        let event = self.ended(id, ending, latency);
                        moved.events.push(event);
                    }
                    Output::Closed { stage, why } => self.closed = Some((stage, why)),
                }
            }
        }
        if let Some((stage, why)) = self.closed.take() {
            for letter in self.held.take_all() {
                let event = self.ended(letter.id, Ending::NotAttempted, Span::ZERO);
                moved.events.push(event);
            }
            moved.events.push(Event::SessionClosed { session: SessionId(self.talk.1), stage, why });
            moved.closed = true;
        }
        moved
    }

    fn offer_due(&mut self, gate: &mut Slots, now: Instant, departed: &mut Vec<MailId>) {
        let Some(session) = &mut self.session else { return };
        while session.wants_mail() && self.held.departs().is_some_and(|depart| depart <= now) {
            let Some(urgency) = self.held.urgency() else { break };
            // Whoever is late has a slot of the gate too, or it would never be its turn while the others keep the pace. A
            // slot that was not used at its instant is lost: used later, the mail would come too near to the next.
            let slot = match self.slot.take().map(|slot| gate.again(slot, urgency, now)) {
                Some(slot) if slot.at >= now => slot,
                lost => {
                    lost.into_iter().for_each(|slot| gate.over(slot));
                    gate.ask(urgency, now, now)
                }
            };
            if slot.at > now {
                self.slot = Some(slot);
                break;
            }
            gate.over(slot);
            if let Some((letter, depart)) = self.held.take_due(now) {
                departed.push(letter.id);
                session.offer(letter, depart, now);
            }
        }
        if self.finish && self.held.is_empty() {
            session.finish(now);
        }
    }

    fn ended(&mut self, mail: MailId, ending: Ending, latency: Span) -> Event {
        let shown = match (&ending, self.addresses.remove(&mail)) {
            (Ending::Replied { reply, .. }, address) => reply.shown(address.as_ref()),
            _ => String::new(),
        };
        let encrypted = self.session.as_ref().is_some_and(Session::is_encrypted);
        let tls = if encrypted { Encryption::Unverified } else { Encryption::None };
        Event::Ended(Ended { session: SessionId(self.talk.1), mail, ending, shown, latency, tls })
    }
}
