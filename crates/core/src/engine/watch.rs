//! Looking on while the machine runs: counts what passes, gathers what was not recognised. The machine knows nothing of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::machine::Machine;
use crate::carrier::Carrier;
use crate::event::{Action, Event, Write};
use crate::heard::Heard;
use crate::message::{KeyId, MailId};
use crate::metrics::Metrics;
use crate::record::Record;
use crate::report::Snapshot;
use crate::seal::Seal;
use crate::session::Ending;
use crate::time::Instant;
use crate::unseen::{Unseen, UnseenReply};

/// Names under which unrecognised replies are kept begin with this; the rest is their number.
const KEPT: &str = "reply/";
/// Present form of a kept reply: the reply as shown, the key and the recipient it is sealed for, the sealed original.
const KEPT_V1: u8 = 1;

/// An original that only the keeper of the key can read.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Original {
    key: u64,
    recipient: String,
    sealed: Vec<u8>,
}

impl Original {
    /// What was said, word for word; `None` if the key was erased.
    pub(super) fn open(&self, seal: &dyn Seal) -> Option<String> {
        let plain = seal.open(KeyId(self.key), &context(&self.recipient), &self.sealed).ok()?;
        String::from_utf8(plain).ok()
    }
}

/// Sealed replies do not open as recipients, nor the other way round.
fn context(recipient: &str) -> Vec<u8> {
    [b"reply ", recipient.as_bytes()].concat()
}

/// Everything that looks on.
pub(super) struct Watch {
    metrics: Metrics,
    unseen: Unseen,
    /// What carriers answered of late, whatever it was.
    heard: Heard,
    originals: BTreeMap<u32, Original>,
    /// Refusals in words that no row was made for, heard in this step, with the keys of those they were meant for.
    refusals: HashMap<MailId, (String, KeyId)>,
    seal: Arc<dyn Seal>,
}

impl Watch {
    /// Begins with what was kept from before.
    pub(super) fn new(
        known: impl IntoIterator<Item = Carrier>,
        kept: &BTreeMap<String, Vec<u8>>,
        seal: Arc<dyn Seal>,
    ) -> Self {
        let (mut unseen, mut originals) = (Unseen::default(), BTreeMap::new());
        for (_, row) in kept.range(KEPT.to_owned()..).take_while(|(name, _)| name.starts_with(KEPT)) {
            // What a later version wrote is not read; it only tells of replies.
            if let Some((&KEPT_V1, row)) = row.split_first()
                && let Ok((reply, original)) = postcard::from_bytes::<(UnseenReply, Original)>(row)
            {
                originals.insert(reply.number, original);
                unseen.restore(reply);
            }
        }
        let metrics = Metrics::new(known);
        Watch { metrics, unseen, heard: Heard::default(), originals, refusals: HashMap::new(), seal }
    }

    /// Hears what the machine is about to hear.
    pub(super) fn hear(&mut self, event: &Event, machine: &Machine, now: Instant) {
        self.metrics.hear(event, now);
        if let Event::Ended(ended) = event
            && let Ending::Replied { reply, .. } = &ended.ending
            && !reply.is_positive()
            && machine.is_unseen(ended)
        {
            self.refusals.insert(ended.mail, (reply.to_string(), machine.key_of(ended.mail)));
        }
    }

    /// Sees what the machine asks for; asks itself for what it wants kept.
    pub(super) fn see(&mut self, actions: &mut Vec<Action>, now: Instant) {
        let mut kept = Vec::new();
        for action in &*actions {
            self.metrics.see(action, now);
            let Action::Persist(writes) = action else { continue };
            for write in writes {
                if let Write::Outcome(mail, record, _) = write {
                    self.heard.note(record);
                    kept.extend(self.note(*mail, record, now));
                }
            }
        }
        self.refusals.clear();
        actions.append(&mut kept);
    }

    fn note(&mut self, mail: MailId, record: &Record, now: Instant) -> Option<Action> {
        let (said, key) = self.refusals.remove(&mail)?;
        self.metrics.unseen(record);
        let reply = self.unseen.note(&record.carrier, record.stage?, &record.reply, now)?;
        tracing::warn!(carrier = %reply.carrier, stage = ?reply.stage, reply = %reply.reply, "a reply that no rule knows");
        // Without its key nothing is kept of a reply but what may be shown.
        let sealed = self.seal.seal(key, &context(&record.recipient), said.as_bytes()).unwrap_or_default();
        let original = Original { key: key.0, recipient: record.recipient.clone(), sealed };
        let row = postcard::to_extend(&(reply, &original), vec![KEPT_V1]).ok()?;
        let name = format!("{KEPT}{:03}", reply.number);
        self.originals.insert(reply.number, original);
        Some(Action::Keep(name, row))
    }

    /// Adds to a picture what the machine does not know.
    pub(super) fn complete(&self, snapshot: &mut Snapshot) {
        snapshot.unrecognised = self.unseen.list();
        for lane in &mut snapshot.lanes {
            lane.heard = self.heard.of(&lane.carrier, &lane.via);
        }
    }

    /// The sealed original of an unrecognised reply.
    pub(super) fn original(&self, number: u32) -> Option<Original> {
        self.originals.get(&number).cloned()
    }

    /// The metrics as text.
    pub(super) fn metrics(&mut self, seen: &Snapshot, trace_dropped: u64) -> String {
        self.metrics.text(seen, trace_dropped)
    }
}
