//! Mails that settle without an attempt: cancelled, expired, or with nowhere to go.

use std::collections::BTreeSet;

use super::machine::{BatchState, Doomed, Machine};
use super::settle::{honest, recipient_id};
use crate::carrier::Carrier;
use crate::event::{Action, Next, Write};
use crate::message::{BatchId, MailId};
use crate::outcome::{Cause, Outcome, Settlement, Stage};
use crate::queue::{ChunkId, Pick, Queue};
use crate::record::Record;
use crate::time::{Instant, Span};
use crate::trust::Encryption;
use crate::via::Via;

/// Mails settled without an attempt in one step, so that cancelling a great batch does not hold up the rest.
const BURIED_MAX: usize = 2_000;

impl Machine {
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
            let cause = if bounced { Cause::NoMail } else { Cause::Dns };
            // What waited for the name service says so.
            let resolving = bounced || !why.is_empty();
            let record = Record {
                batch: pick.mail.batch,
                recipient: recipient_id(&chunk, pick.mail),
                at: now,
                carrier,
                attempt: pick.past.attempts,
                outcome: bounced.then_some(Outcome::Refused),
                cause: resolving.then_some(cause),
                stage: resolving.then_some(Stage::Resolve),
                host: String::new(),
                tls: Encryption::None,
                reply: why,
                latency: Span::ZERO,
                settled: Some(honest(settlement, &pick.past)),
                route: Via::Direct,
            };
            self.write_end(None, Write::Outcome(pick.mail, record, Next::Settled));
        }
    }

    /// Whether nothing more of a batch may be sent now.
    pub(super) fn is_over(&self, batch: BatchId, now: Instant) -> bool {
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
        for (domain, head, work, why) in self.take_parked(batch) {
            let mut queue = Queue::default();
            Self::add_work(&mut queue, &head, work);
            // Who cancels knows why.
            let why = if settlement == Settlement::Expired { why.as_str() } else { "" };
            self.doom(queue.take_batch(batch), &Carrier::new(domain), settlement, why);
        }
    }
}
