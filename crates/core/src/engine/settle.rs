//! What follows from what happened: outcomes into records, retries, health and congestion.

use std::sync::Arc;

use super::health::Relay;
use super::lane::Lane;
use super::machine::{Flight, Machine};
use super::refusals::is_about_us;
use crate::congestion::{Judged, Signal};
use crate::event::{Action, BatchHead, Chunk, Ended, Next, SessionId, Write};
use crate::message::{History, MailId};
use crate::outcome::{Cause, Outcome, Reading, Settlement, Stage};
use crate::plan::Wait;
use crate::queue::{ChunkId, Past, Pick};
use crate::record::Record;
use crate::reply::Reply;
use crate::retry::Retry;
use crate::session::Ending;
use crate::time::{Instant, Span};
use crate::trust::Encryption;

/// What an ending means, before it is decided what follows.
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) cause: Option<Cause>,
    pub(super) stage: Stage,
    pub(super) reply: String,
    /// How the server's refusal was read, if it was one.
    pub(super) reading: Option<Reading>,
}

impl Machine {
    pub(super) fn on_registered(&mut self, mails: &[MailId], now: Instant, actions: &mut Vec<Action>) {
        for mail in mails {
            let over = self.is_over(mail.batch, now);
            let Some(flight) = self.flights.get_mut(mail) else { continue };
            self.dirty.insert(flight.lane);
            let lane = &mut self.lanes[flight.lane];
            let Some(talk) = lane.talks.get_mut(&flight.session) else {
                // Its session ended while the disk was writing.
                self.release(*mail);
                continue;
            };
            if over || lane.paused || (self.shutting_down && !talk.opened) {
                talk.assigned.remove(*mail);
                talk.idle_since = now;
                if !talk.opened {
                    lane.talks.remove(&flight.session);
                    self.talk_lanes.remove(&flight.session);
                }
                self.release(*mail);
                continue;
            }
            if !talk.opened {
                let hurry = flight.chunk.head.is_in_hurry();
                let place = (flight.lane, flight.session);
                self.open(place, hurry, now, actions);
            }
            let Some(flight) = self.flights.get_mut(mail) else { continue };
            flight.sent = true;
            let (session, chunk, depart) = (flight.session, flight.chunk.clone(), flight.depart);
            let style = flight.style;
            actions.push(Action::Send { session, mail: *mail, chunk, depart, style });
        }
    }

    pub(super) fn on_ready(&mut self, session: SessionId, now: Instant) {
        let Some(lane) = self.talk_lanes.get(&session).copied() else { return };
        if let Some(talk) = self.lanes[lane].talks.get_mut(&session) {
            talk.ready = true;
            talk.idle_since = now;
            self.sites[talk.site].on_trusted(&talk.host);
            let addr = talk.addr;
            let before = self.lanes[lane].on_greeted(addr);
            if let Some(talk) = self.lanes[lane].talks.get_mut(&session) {
                talk.reach_before = before;
            }
            self.families.worked(addr);
        }
        self.relay_greets(lane);
        if !self.lanes[lane].fruitless {
            self.opened(lane, now);
        }
        self.dirty.insert(lane);
    }

    fn opened(&mut self, lane: usize, now: Instant) {
        let open = self.lanes[lane].open();
        self.lanes[lane].congestion.on(Signal::Opened(open), now);
    }

    /// A connection is not encrypted as a policy in testing would have it: counted, and nothing else.
    pub(super) fn on_tls_report(&mut self, session: SessionId) {
        if let Some(lane) = self.talk_lanes.get(&session) {
            self.lanes[*lane].counts.tls_failures += 1;
        }
    }

    pub(super) fn on_ended(&mut self, ended: Ended, now: Instant) {
        let Some(flight) = self.flights.get(&ended.mail) else { return };
        if flight.session != ended.session {
            return;
        }
        let (lane, was_ready) = (flight.lane, self.is_ready(flight));
        self.dirty.insert(lane);
        if ended.ending == Ending::NotAttempted && !was_ready && !flight.recalled {
            // The session's end, which follows, says why; it is this mail's attempt that failed with it.
            return;
        }
        if let Some(talk) = self.lanes[lane].talks.get_mut(&ended.session) {
            talk.assigned.remove(ended.mail);
            talk.mails -= u32::from(ended.ending == Ending::NotAttempted && flight.recalled);
            talk.begun |= ended.ending != Ending::NotAttempted;
            talk.idle_since = now;
        }
        if ended.ending == Ending::NotAttempted {
            return self.release(ended.mail);
        }
        if core::mem::take(&mut self.lanes[lane].fruitless) {
            self.opened(lane, now);
        }
        let Some(flight) = self.flights.remove(&ended.mail) else { return };
        let mut verdict = self.judge(lane, &ended.ending);
        if let Ending::Replied { .. } = ended.ending {
            verdict.reply = ended.shown.clone();
        }
        self.learn(&flight, &ended, &verdict, now);
        self.conclude(ended.mail, flight, verdict, (ended.latency, ended.tls), now);
    }

    fn is_ready(&self, flight: &Flight) -> bool {
        self.lanes[flight.lane].talks.get(&flight.session).is_some_and(|talk| talk.ready)
    }

    /// Whether a mail ended with a reply that no row of the table was made for.
    pub(super) fn is_unseen(&self, ended: &Ended) -> bool {
        let Some(lane) = self.talk_lanes.get(&ended.session) else { return false };
        let reading = self.judge(*lane, &ended.ending).reading;
        reading.is_some_and(|reading| !reading.known)
    }

    fn judge(&self, lane: usize, ending: &Ending) -> Verdict {
        let refused = |stage, reply: &Reply| {
            let reading = self.settings.rules.read(&self.lanes[lane].carrier, stage, reply);
            let (outcome, cause) = (reading.outcome, Some(reading.cause));
            Verdict { outcome, cause, stage, reply: String::new(), reading: Some(reading) }
        };
        let broken = |stage, cause, reply: String| {
            let outcome = if stage == Stage::Content { Outcome::InDoubt } else { Outcome::Deferred };
            Verdict { outcome, cause: Some(cause), stage, reply, reading: None }
        };
        match ending {
            Ending::Replied { stage: Stage::Content, reply } if reply.is_positive() => {
                let (outcome, stage) = (Outcome::Accepted, Stage::Content);
                Verdict { outcome, cause: None, stage, reply: String::new(), reading: None }
            }
            Ending::Replied { stage, reply } => refused(*stage, reply),
            Ending::Lost { stage, error } => broken(*stage, Cause::Network, error.clone()),
            Ending::TimedOut { stage } => broken(*stage, Cause::TimedOut, "no answer in time".into()),
            Ending::Unsendable(cause) => Verdict {
                outcome: Outcome::Refused,
                cause: Some(*cause),
                stage: Stage::Mail,
                reply: unsendable(*cause),
                reading: None,
            },
            Ending::Unsigned(error) => broken(Stage::Mail, Cause::Policy, error.clone()),
            Ending::NotAttempted => broken(Stage::Connect, Cause::Network, String::new()),
        }
    }

    fn learn(&mut self, flight: &Flight, ended: &Ended, verdict: &Verdict, now: Instant) {
        self.learn_of_domain(flight, ended.mail, verdict, now);
        let lane = &mut self.lanes[flight.lane];
        let host = lane.talks.get(&flight.session).map(|talk| talk.host.clone());
        if matches!(ended.ending, Ending::Replied { stage: Stage::Content, .. }) {
            lane.hosts.entry(host.unwrap_or_default()).or_default().on_taken();
        }
        if matches!(ended.ending, Ending::TimedOut { stage: Stage::Content }) {
            lane.on_late(now);
        }
        if let Some(talk) = lane.talks.get_mut(&flight.session) {
            talk.carried += u32::from(verdict.outcome == Outcome::Accepted);
        }
        let signal = lane.signal(flight, ended, verdict);
        lane.counts.refused += u64::from(matches!(signal, Some(Signal::Busy { .. } | Signal::Blocked)));
        let turn_before = lane.congestion.turn();
        if let Some(signal) = signal {
            lane.congestion.on(signal, now);
        }
        if let Some(most) = lane.congestion.turn().filter(|_| turn_before.is_none()) {
            // Sessions that were opened before it was known end after as many.
            lane.talks.values_mut().for_each(|talk| talk.mails_max = talk.mails_max.min(most));
        }
        if matches!(ended.ending, Ending::Replied { .. }) {
            lane.relay.iter_mut().for_each(Relay::works);
        }
        if signal == Some(Signal::Blocked) && lane.relay.is_some() {
            // Who stands by may have to take over.
            self.wake_group(self.lanes[flight.lane].group);
        }
    }

    /// A reply that names the recipient's domain holds that domain, and says nothing about the carrier.
    fn learn_of_domain(&mut self, flight: &Flight, mail: MailId, verdict: &Verdict, now: Instant) {
        let Some(domain) = self.chunk_homes.get(&ChunkId::of(mail)).map(|home| home.domain.clone()) else { return };
        let holds = &mut self.sites[flight.site].holds;
        match verdict.reading {
            _ if verdict.outcome == Outcome::Accepted => holds.on_taken(&domain),
            Some(Reading { holds_domain: true, .. }) => holds.on_barred(&domain, now),
            _ => {}
        }
    }

    /// Decides what follows for a mail whose attempt ended, and has it written down.
    pub(super) fn conclude(
        &mut self,
        mail: MailId,
        flight: Flight,
        verdict: Verdict,
        (latency, tls): (Span, Encryption),
        now: Instant,
    ) {
        let head = self.head_of(&flight.chunk);
        let (verdict, past, due) = self.consequence(mail, &flight, verdict, now);
        let over = self.batches.get(&mail.batch).and_then(|batch| batch.over);
        let lane = &mut self.lanes[flight.lane];
        let settled = match verdict.outcome {
            Outcome::Accepted => Some(Settlement::Accepted),
            Outcome::Refused => Some(Settlement::Bounced),
            Outcome::InDoubt if past.doubts > lane.policy.in_doubt_resends_max => Some(Settlement::Unknown),
            _ if over.is_some() => over,
            _ if head.expires.is_some_and(|expires| due >= expires) => Some(Settlement::Expired),
            _ if lane.policy.attempts_max.is_some_and(|max| past.attempts >= max) => Some(Settlement::Expired),
            _ => None,
        };
        let settled = settled.map(|settled| honest(settled, &past));
        lane.counts.count(&flight.past, verdict.outcome, verdict.cause, settled);
        if settled.is_some() {
            lane.meter.settled(now);
            *lane.settled.entry(mail.batch).or_default() += 1;
        }
        let host = lane.talks.get(&flight.session).map(|talk| talk.host.clone()).unwrap_or_default();
        let record = Record {
            batch: mail.batch,
            recipient: recipient_id(&flight.chunk, mail),
            at: now,
            carrier: lane.carrier.clone(),
            attempt: past.attempts,
            outcome: Some(verdict.outcome),
            cause: verdict.cause,
            stage: Some(verdict.stage),
            host,
            tls,
            reply: verdict.reply,
            latency,
            settled,
            route: lane.via.clone(),
        };
        let next = if settled.is_some() { Next::Settled } else { Next::Again(past, due) };
        if settled.is_none() {
            let wait = if verdict.cause.is_some_and(Cause::is_of_recipient) { Wait::PutOff } else { Wait::Again };
            self.wait_again(&head, flight.site, Pick { mail, past, wait }, Some(due));
        }
        self.write_end(Some(flight.lane), Write::Outcome(mail, record, next));
    }

    /// What is remembered of the mail from now on, and when it may be tried again.
    fn consequence(
        &mut self,
        mail: MailId,
        flight: &Flight,
        mut verdict: Verdict,
        now: Instant,
    ) -> (Verdict, Past, Instant) {
        let head = self.head_of(&flight.chunk);
        let mut past = flight.past;
        past.attempts += 1;
        // 53 random bits make a fraction below one.
        let chance = (self.draw() >> 11) as f64 / (1u64 << 53) as f64;
        let cause = verdict.cause.unwrap_or(Cause::Unrecognised);
        let (urgency, deadline, submitted, expires) = (head.urgency, head.deadline, head.submitted, head.expires);
        past.doubts += u32::from(verdict.outcome == Outcome::InDoubt);
        let doubts = if verdict.outcome == Outcome::InDoubt { past.doubts } else { 0 };
        let retry = Retry { cause, attempts: past.attempts, doubts, urgency, deadline, submitted, expires };
        let mut due = retry.next(now, chance);
        let lane = &mut self.lanes[flight.lane];
        let syntax = verdict.outcome == Outcome::Refused && cause == Cause::Syntax;
        if syntax && is_legacy(&flight.chunk, mail) {
            // The server may want legacy local parts written the other way: this one once more, and the next ones.
            if past.style.is_none() {
                past.style = Some(flight.style.other());
                verdict.outcome = Outcome::Deferred;
                due = now;
            }
            if flight.style == lane.style && !lane.style_proven {
                lane.style = lane.style.other();
            }
        } else if verdict.outcome == Outcome::Accepted && is_legacy(&flight.chunk, mail) {
            lane.style = flight.style;
            if !core::mem::replace(&mut lane.style_proven, true) {
                let name = format!("style/{}", lane.name);
                self.keep(name, &flight.style);
            }
        }
        let unknown = verdict.outcome == Outcome::Refused && cause == Cause::UnknownUser;
        if unknown && flight.past.deferrals == 0 && self.lanes[flight.lane].congestion.doubts_unknown() {
            // Too many at once: perhaps it is the carrier that is wrong. Nobody is judged before he was asked about twice.
            verdict.outcome = Outcome::Deferred;
        }
        let (refusals, first) = (&self.lanes[flight.lane].refusals, flight.wait != Wait::PutOff);
        if verdict.reading.is_some_and(|reading| refusals.are_doubted(&reading, past.attempts, first)) {
            verdict.outcome = Outcome::Deferred;
        }
        past.deferrals += u32::from(verdict.outcome == Outcome::Deferred);
        (verdict, past, due)
    }

    /// Nothing of this mail was attempted: it waits again as if nothing had been.
    pub(super) fn release(&mut self, mail: MailId) {
        let Some(flight) = self.flights.remove(&mail) else { return };
        self.write_end(Some(flight.lane), Write::Release(mail, flight.past));
        if let Some(over) = self.batches.get(&mail.batch).and_then(|batch| batch.over) {
            let carrier = self.lanes[flight.lane].carrier.clone();
            return self.doom(vec![Pick { mail, past: flight.past, wait: flight.wait }], &carrier, over, "");
        }
        let pick = Pick { mail, past: flight.past, wait: flight.wait };
        self.wait_again(&self.head_of(&flight.chunk), flight.site, pick, None);
    }

    /// What the mails of a chunk share, with the instants of the machine's own time: what is loaded has the wall clock's.
    pub(super) fn head_of(&self, chunk: &Chunk) -> Arc<BatchHead> {
        self.batches.get(&chunk.id.batch).map_or(&chunk.head, |batch| &batch.head).clone()
    }
}

impl Lane {
    /// What the end of a mail says about how much the lane may carry.
    fn signal(&mut self, flight: &Flight, ended: &Ended, verdict: &Verdict) -> Option<Signal> {
        let (departed, latency) = (flight.depart, ended.latency);
        let address = Judged {
            unknown: verdict.cause == Some(Cause::UnknownUser),
            again: flight.past.deferrals > 0,
            proven: ChunkId::of(ended.mail).history() == History::Clean,
        };
        let turn = self.talks.get(&flight.session).map_or(0, |talk| talk.carried);
        let cut = match &ended.ending {
            Ending::Replied { reply, .. } => reply.code == 421,
            _ => true,
        };
        let reading = verdict.reading.filter(|reading| !reading.holds_domain);
        let about_us = reading.is_some_and(|reading| is_about_us(&reading));
        let paced = matches!(verdict.cause, Some(Cause::Busy | Cause::Blocked));
        // A refusal that is only repeated tells nothing new.
        let news = reading.is_some() && flight.wait != Wait::PutOff;
        if !paced && (verdict.outcome == Outcome::Accepted || news) {
            self.refusals.count(about_us);
        }
        match (verdict.outcome, verdict.cause) {
            (Outcome::Accepted, _) => Some(Signal::Accepted { departed, latency, turn, address }),
            // It names the recipient's domain.
            _ if verdict.reading.is_some_and(|reading| reading.holds_domain) => None,
            (_, Some(Cause::Blocked)) => Some(Signal::Blocked),
            (_, Some(Cause::Busy | Cause::Network | Cause::TimedOut)) => Some(Signal::Busy { departed, turn, cut }),
            // Nobody's fault but ours, or a block in other words: that pace was right, or that a block has ended, it does
            // not say.
            _ if about_us => (self.refusals.are_many() || self.congestion.is_blocked()).then_some(Signal::Blocked),
            _ if self.congestion.is_blocked() && reading.is_some_and(|reading| !reading.known) => Some(Signal::Blocked),
            _ if matches!(verdict.stage, Stage::Rcpt | Stage::Data | Stage::Content) => {
                Some(Signal::Passed { departed, turn, address, latency })
            }
            _ => None,
        }
    }
}

/// Why a mail was not sent to a server that had not refused it yet.
fn unsendable(cause: Cause) -> String {
    let why = match cause {
        Cause::SmtpUtf8 => "the part before @ needs SMTPUTF8 (RFC 6531), which the server does not offer",
        Cause::TooLarge => "the mail is larger than the server takes (SIZE, RFC 1870)",
        _ => "the server cannot take this mail",
    };
    why.into()
}

/// A mail that may have been taken is not called expired or cancelled: nobody knows.
pub(super) fn honest(settlement: Settlement, past: &Past) -> Settlement {
    match settlement {
        Settlement::Expired | Settlement::Cancelled if past.doubts > 0 => Settlement::Unknown,
        certain => certain,
    }
}

pub(super) fn recipient_id(chunk: &Chunk, mail: MailId) -> String {
    chunk.ids.get(usize::from(ChunkId::place(mail))).cloned().unwrap_or_default()
}

fn is_legacy(chunk: &Chunk, mail: MailId) -> bool {
    let recipient = chunk.recipients.get(usize::from(ChunkId::place(mail))).and_then(Option::as_ref);
    recipient.is_some_and(|r| r.address.is_legacy())
}
