//! What follows from what happened: outcomes into records, retries, health and congestion.

use std::collections::BTreeSet;

use super::health::Relay;
use super::machine::{BatchState, Doomed, Flight, Machine};
use crate::carrier::Carrier;
use crate::congestion::Signal;
use crate::event::{Action, Chunk, Ended, Next, SessionId, Write};
use crate::message::{BatchId, MailId};
use crate::outcome::{Cause, Outcome, Settlement, Stage};
use crate::plan::Wait;
use crate::policy::TlsPolicy;
use crate::queue::{ChunkId, Past, Pick, Places, Queue};
use crate::record::Record;
use crate::reply::Reply;
use crate::retry::Retry;
use crate::session::{Ending, Why};
use crate::time::{Instant, Span};
use crate::via::Via;

/// Mails settled without an attempt in one step, so that cancelling a great batch does not hold up the rest.
const BURIED_MAX: usize = 2_000;

/// What an ending means, before it is decided what follows.
struct Verdict {
    outcome: Outcome,
    cause: Option<Cause>,
    stage: Stage,
    reply: String,
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
            if over || (self.shutting_down && !talk.opened) {
                talk.assigned.retain(|(_, m)| m != mail);
                talk.idle_since = now;
                if !talk.opened {
                    lane.talks.remove(&flight.session);
                    self.talk_lanes.remove(&flight.session);
                }
                self.release(*mail);
                continue;
            }
            if !talk.opened {
                let (lane, session) = (flight.lane, flight.session);
                let hurry = flight.chunk.head.is_in_hurry();
                self.open((lane, session), hurry, now, actions);
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
        }
        self.relay_greets(lane);
        self.dirty.insert(lane);
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
            talk.assigned.retain(|(_, mail)| *mail != ended.mail);
            talk.mails -= u32::from(ended.ending == Ending::NotAttempted && flight.recalled);
            talk.idle_since = now;
        }
        if ended.ending == Ending::NotAttempted {
            return self.release(ended.mail);
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

    fn judge(&self, lane: usize, ending: &Ending) -> Verdict {
        let refused = |stage, reply: &Reply| {
            let carrier = &self.lanes[lane].carrier;
            let (outcome, cause) = self.settings.rules.classify(carrier, stage, reply);
            Verdict { outcome, cause: Some(cause), stage, reply: String::new() }
        };
        let broken = |stage, cause, reply: String| {
            let outcome = if stage == Stage::Content { Outcome::InDoubt } else { Outcome::Deferred };
            Verdict { outcome, cause: Some(cause), stage, reply }
        };
        match ending {
            Ending::Replied { stage: Stage::Content, reply } if reply.is_positive() => {
                Verdict { outcome: Outcome::Accepted, cause: None, stage: Stage::Content, reply: String::new() }
            }
            Ending::Replied { stage, reply } => refused(*stage, reply),
            Ending::Lost { stage, error } => broken(*stage, Cause::Network, error.clone()),
            Ending::TimedOut { stage } => broken(*stage, Cause::TimedOut, "no answer in time".into()),
            Ending::Unsendable(cause) => Verdict {
                outcome: Outcome::Refused,
                cause: Some(*cause),
                stage: Stage::Mail,
                reply: unsendable(*cause),
            },
            Ending::Unsigned(error) => broken(Stage::Mail, Cause::Policy, error.clone()),
            Ending::NotAttempted => broken(Stage::Connect, Cause::Network, String::new()),
        }
    }

    fn learn(&mut self, flight: &Flight, ended: &Ended, verdict: &Verdict, now: Instant) {
        let lane = &mut self.lanes[flight.lane];
        let host = lane.talks.get(&flight.session).map(|talk| talk.host.clone());
        if matches!(ended.ending, Ending::Replied { stage: Stage::Content, .. }) {
            lane.hosts.entry(host.unwrap_or_default()).or_default().on_taken();
        }
        let signal = match (verdict.outcome, verdict.cause) {
            (Outcome::Accepted, _) => Some(Signal::Accepted),
            (_, Some(Cause::Blocked)) => Some(Signal::Blocked),
            (_, Some(Cause::Busy | Cause::Network | Cause::TimedOut)) => Some(Signal::Busy),
            _ => None,
        };
        lane.counts.refused += u64::from(signal.is_some_and(|s| s != Signal::Accepted));
        if let Some(signal) = signal {
            lane.congestion.on(signal, now);
        }
        match (&ended.ending, signal) {
            (_, Some(Signal::Blocked)) => self.relay_failed(flight.lane, "it blocks us", false, now),
            (Ending::Replied { .. }, _) => lane.relay.iter_mut().for_each(Relay::works),
            _ => {}
        }
    }

    /// Decides what follows for a mail whose attempt ended, and has it written down.
    fn conclude(&mut self, mail: MailId, flight: Flight, verdict: Verdict, (latency, tls): (Span, bool), now: Instant) {
        let head = flight.chunk.head.clone();
        let (verdict, past, due) = self.consequence(mail, &flight, verdict, now);
        let over = self.batches.get(&mail.batch).and_then(|batch| batch.over);
        let lane = &mut self.lanes[flight.lane];
        let settled = match verdict.outcome {
            Outcome::Accepted => Some(Settlement::Accepted),
            Outcome::Refused => Some(Settlement::Bounced),
            Outcome::InDoubt if !lane.policy.resend_in_doubt => Some(Settlement::Unknown),
            _ if over.is_some() => over,
            _ if head.expires.is_some_and(|expires| due >= expires) => Some(Settlement::Expired),
            _ if lane.policy.attempts_max.is_some_and(|max| past.attempts >= max) => Some(Settlement::Expired),
            _ => None,
        };
        let settled = settled.map(|settled| honest(settled, &past));
        lane.counts.count(&flight.past, verdict.outcome, verdict.cause, settled);
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
            let home = self.home(flight.site);
            self.sites[home].queue.add_again(due, Self::standing(&head), Pick { mail, past, wait });
            self.wake_group(self.sites[home].group);
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
        let head = &flight.chunk.head;
        let mut past = flight.past;
        past.attempts += 1;
        // 53 random bits make a fraction below one.
        let chance = (self.draw() >> 11) as f64 / (1u64 << 53) as f64;
        let cause = verdict.cause.unwrap_or(Cause::Unrecognised);
        let (urgency, deadline, submitted) = (head.urgency, head.deadline, head.submitted);
        let retry = Retry { cause, attempts: past.attempts, urgency, deadline, submitted };
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
        past.deferrals += u32::from(verdict.outcome == Outcome::Deferred);
        past.doubts += u32::from(verdict.outcome == Outcome::InDoubt);
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
        let head = &flight.chunk.head;
        let home = self.home(flight.site);
        let queue = &mut self.sites[home].queue;
        if flight.past == Past::default() {
            let chunk = ChunkId::of(mail);
            let places = Places::List([ChunkId::place(mail)].into());
            queue.add_chunk(Self::standing(head), chunk, places);
        } else {
            let pick = Pick { mail, past: flight.past, wait: flight.wait };
            queue.add_again(Instant::EPOCH, Self::standing(head), pick);
        }
        self.wake_group(self.sites[home].group);
    }

    pub(super) fn on_closed(&mut self, session: SessionId, stage: Stage, why: &Why, now: Instant) {
        let Some(lane_at) = self.talk_lanes.remove(&session) else { return };
        let lane = &mut self.lanes[lane_at];
        let Some(talk) = lane.talks.get_mut(&session) else { return };
        let (was_ready, host) = (talk.ready, talk.host.clone());
        let assigned = core::mem::take(&mut talk.assigned);
        lane.hosts.entry(host).or_default().on_closed(why, was_ready, now);
        if let Some(signal) = self.signal_of(lane_at, was_ready, stage, why) {
            self.lanes[lane_at].counts.refused += 1;
            self.lanes[lane_at].congestion.on(signal, now);
        }
        self.relay_closed(lane_at, why, now);
        // The attempt for which the session was opened failed with it; the others were not begun. Where TLS failed that
        // need not be, nothing is said about the mail: the next session does without.
        let plain_next = matches!(why, Why::TlsFailed(_)) && self.lanes[lane_at].policy.tls != TlsPolicy::Required;
        let mut blamed = was_ready || plain_next || *why == Why::Finished;
        for (_, mail) in assigned {
            let sent = self.flights.get(&mail).is_some_and(|flight| flight.sent);
            if sent && !core::mem::replace(&mut blamed, true) {
                let Some(flight) = self.flights.remove(&mail) else { continue };
                let verdict = self.judge_opening(lane_at, stage, why);
                self.conclude(mail, flight, verdict, (Span::ZERO, false), now);
            } else if sent {
                self.release(mail);
            }
        }
        self.lanes[lane_at].talks.remove(&session);
        self.dirty.insert(lane_at);
    }

    fn judge_opening(&self, lane: usize, stage: Stage, why: &Why) -> Verdict {
        let (cause, reply) = match why {
            Why::Refused(reply) => {
                let (_, cause) = self.settings.rules.classify(&self.lanes[lane].carrier, stage, reply);
                (cause, reply.shown(None))
            }
            Why::Lost(error) => (Cause::Network, error.clone()),
            Why::TimedOut => (Cause::TimedOut, "no answer in time".into()),
            Why::TlsFailed(error) => (Cause::Tls, error.clone()),
            Why::LoginRefused(error) => (Cause::Policy, error.clone()),
            Why::Protocol(error) => (Cause::Protocol, error.clone()),
            Why::Finished | Why::DiscardsInput | Why::PipeliningLie => (Cause::Protocol, String::new()),
        };
        // Whatever a greeting says, it is no verdict on a mail.
        Verdict { outcome: Outcome::Deferred, cause: Some(cause), stage, reply }
    }

    /// What the end of a session says about the carrier's load.
    fn signal_of(&self, lane: usize, was_ready: bool, stage: Stage, why: &Why) -> Option<Signal> {
        match why {
            Why::Refused(reply) => {
                let (_, cause) = self.settings.rules.classify(&self.lanes[lane].carrier, stage, reply);
                if cause == Cause::Blocked {
                    Some(Signal::Blocked)
                } else if was_ready {
                    // The mail that it was said to has told of it, or the carrier only ends a long session.
                    None
                } else {
                    Some(Signal::NoSession)
                }
            }
            Why::Lost(_) | Why::TimedOut if !was_ready => Some(Signal::NoSession),
            _ => None,
        }
    }

    pub(super) fn doom(&mut self, picks: Vec<Pick>, carrier: &Carrier, settlement: Settlement, why: &str) {
        if !picks.is_empty() {
            let (picks, carrier, why) = (picks.into(), carrier.clone(), why.to_string());
            self.doomed.push_back(Doomed { picks, carrier, settlement, why });
        }
    }

    /// Settles mails that will not be sent, chunk by chunk as they are loaded and as the disk takes them.
    pub(super) fn bury(&mut self, now: Instant, actions: &mut Vec<Action>) {
        while self.burying < BURIED_MAX
            && let Some(doomed) = self.doomed.front_mut()
        {
            let Some(pick) = doomed.picks.front().copied() else {
                self.doomed.pop_front();
                continue;
            };
            let (carrier, settlement, why) = (doomed.carrier.clone(), doomed.settlement, doomed.why.clone());
            let Some(chunk) = self.chunk(ChunkId::of(pick.mail), None, actions) else { return };
            if let Some(doomed) = self.doomed.front_mut() {
                doomed.picks.pop_front();
            }
            let bounced = settlement == Settlement::Bounced;
            let record = Record {
                batch: pick.mail.batch,
                recipient: recipient_id(&chunk, pick.mail),
                at: now,
                carrier,
                attempt: pick.past.attempts,
                outcome: bounced.then_some(Outcome::Refused),
                cause: bounced.then_some(Cause::NoMail),
                stage: bounced.then_some(Stage::Resolve),
                host: String::new(),
                tls: false,
                reply: why,
                latency: Span::ZERO,
                settled: Some(honest(settlement, &pick.past)),
                route: Via::Direct,
            };
            self.write_end(None, Write::Outcome(pick.mail, record, Next::Settled));
        }
    }

    /// Whether nothing more of a batch may be sent now.
    fn is_over(&self, batch: BatchId, now: Instant) -> bool {
        let over = |b: &BatchState| b.over.is_some() || b.head.expires.is_some_and(|expires| expires <= now);
        self.batches.get(&batch).is_some_and(over)
    }

    pub(super) fn cancel(&mut self, batch: BatchId) {
        self.end_batch(batch, Settlement::Cancelled);
    }

    /// Drops what has waited too long, wherever it waits.
    pub(super) fn expire(&mut self, now: Instant) {
        let due = |b: &&BatchState| b.over.is_none() && b.head.expires.is_some_and(|expires| expires <= now);
        let gone: Vec<BatchId> = self.batches.values().filter(due).map(|b| b.head.id).collect();
        for batch in gone {
            self.end_batch(batch, Settlement::Expired);
        }
    }

    fn end_batch(&mut self, batch: BatchId, settlement: Settlement) {
        match self.batches.get_mut(&batch) {
            Some(state) if state.over.is_none() => state.over = Some(settlement),
            _ => return,
        }
        let flying: BTreeSet<MailId> = self.flights.keys().filter(|mail| mail.batch == batch).copied().collect();
        flying.into_iter().for_each(|mail| self.recall(mail));
        for at in 0..self.sites.len() {
            let picks = self.sites[at].queue.take_batch(batch);
            let carrier = self.groups[self.sites[at].group].carrier.clone();
            self.doom(picks, &carrier, settlement, "");
        }
        for (domain, head, work) in self.take_parked(batch) {
            let mut queue = Queue::default();
            Self::add_work(&mut queue, &head, work);
            self.doom(queue.take_batch(batch), &Carrier::new(domain), settlement, "");
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
fn honest(settlement: Settlement, past: &Past) -> Settlement {
    match settlement {
        Settlement::Expired | Settlement::Cancelled if past.doubts > 0 => Settlement::Unknown,
        certain => certain,
    }
}

fn recipient_id(chunk: &Chunk, mail: MailId) -> String {
    chunk.ids.get(usize::from(ChunkId::place(mail))).cloned().unwrap_or_default()
}

fn is_legacy(chunk: &Chunk, mail: MailId) -> bool {
    let recipient = chunk.recipients.get(usize::from(ChunkId::place(mail))).and_then(Option::as_ref);
    recipient.is_some_and(|r| r.address.is_legacy())
}
