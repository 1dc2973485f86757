//! The queue's disk: one commit at a time takes all that waits, and a crash takes all that was not committed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::event::{BatchHead, Chunk, ChunkWork, Event, Next, Write};
use crate::message::{BatchId, MailId, Recipient};
use crate::outcome::Cause;
use crate::queue::{ChunkId, Past, Places};
use crate::record::Record;
use crate::time::Instant;

/// What is durable about one mail.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Fresh,
    InFlight(Past),
    Again(Past, Instant),
    Settled,
}

/// A batch on its way to the disk: its head, and its recipients by chunk, one domain each.
pub(super) type Submission = (Arc<BatchHead>, Vec<(String, Vec<Recipient>)>);

enum Job {
    Submit(Submission),
    Write(Write),
    Keep(String, Vec<u8>),
}

struct StoredChunk {
    domain: String,
    recipients: Vec<Recipient>,
    places: Vec<Place>,
}

#[derive(Default)]
pub(super) struct Disk {
    waiting: Vec<Job>,
    committing: Vec<Job>,
    heads: BTreeMap<BatchId, Arc<BatchHead>>,
    chunks: BTreeMap<ChunkId, StoredChunk>,
    pub(super) records: Vec<Record>,
    /// What the machine has learned, by name.
    pub(super) kept: BTreeMap<String, Vec<u8>>,
    pub(super) unsettled: usize,
    pub(super) released: usize,
    pub(super) violations: Vec<String>,
}

impl Disk {
    pub(super) fn submit(&mut self, submission: Submission) {
        self.waiting.push(Job::Submit(submission));
    }

    pub(super) fn persist(&mut self, writes: Vec<Write>) {
        self.waiting.extend(writes.into_iter().map(Job::Write));
    }

    pub(super) fn keep(&mut self, name: String, value: Vec<u8>) {
        self.waiting.push(Job::Keep(name, value));
    }

    /// Begins a commit if one is due and none is under way.
    pub(super) fn begin(&mut self) -> bool {
        let begins = self.committing.is_empty() && !self.waiting.is_empty();
        if begins {
            self.committing = core::mem::take(&mut self.waiting);
        }
        begins
    }

    /// The commit is durable; what the engine hears of it.
    pub(super) fn commit(&mut self) -> Vec<Event> {
        let (mut events, mut registered, mut ended) = (Vec::new(), Vec::new(), 0);
        let mut settled = BTreeSet::new();
        for job in core::mem::take(&mut self.committing) {
            match job {
                Job::Submit(submission) => events.push(self.store(submission)),
                Job::Keep(name, value) => drop(self.kept.insert(name, value)),
                Job::Write(write) => {
                    match &write {
                        Write::Register(mail, _) => registered.push(*mail),
                        Write::Outcome(mail, _, Next::Settled) => {
                            ended += 1;
                            settled.insert(mail.batch);
                        }
                        Write::Release(..) | Write::Outcome(..) => ended += 1,
                    }
                    self.write(write);
                }
            }
        }
        events.extend((ended > 0).then_some(Event::Recorded(ended)));
        events.extend((!registered.is_empty()).then_some(Event::Registered(registered)));
        events.extend(settled.into_iter().filter(|batch| self.is_settled(*batch)).map(Event::BatchEnded));
        events
    }

    /// The program died: what was waiting is lost; the commit under way became durable or did not.
    pub(super) fn crash(&mut self, committed: bool) {
        self.waiting.clear();
        if committed {
            self.commit();
        }
        self.committing.clear();
    }

    pub(super) fn knows(&self, batch: BatchId) -> bool {
        self.heads.contains_key(&batch)
    }

    fn store(&mut self, (head, chunks): Submission) -> Event {
        let mut work = Vec::new();
        for (number, (domain, recipients)) in (0..).zip(chunks) {
            let len = u16::try_from(recipients.len()).unwrap_or(u16::MAX);
            self.unsettled += recipients.len();
            let places = vec![Place::Fresh; recipients.len()];
            work.push(ChunkWork { number, domain: domain.clone(), fresh: Places::Range(0, len), again: Vec::new() });
            let id = ChunkId { batch: head.id, number };
            self.chunks.insert(id, StoredChunk { domain, recipients, places });
        }
        self.heads.insert(head.id, head.clone());
        Event::Submitted(head, work)
    }

    fn write(&mut self, write: Write) {
        let mail = match &write {
            Write::Register(mail, _) | Write::Release(mail, _) | Write::Outcome(mail, ..) => *mail,
        };
        let Some(chunk) = self.chunks.get_mut(&ChunkId::of(mail)) else { return };
        let Some(place) = chunk.places.get_mut(usize::from(ChunkId::place(mail))) else { return };
        let (to, fits) = match &write {
            Write::Register(_, past) => {
                let known = matches!(place, Place::Again(kept, _) if kept == past);
                (Place::InFlight(*past), known || (*place == Place::Fresh && *past == Past::default()))
            }
            Write::Release(_, past) if *past == Past::default() => (Place::Fresh, *place == Place::InFlight(*past)),
            Write::Release(_, past) => (Place::Again(*past, Instant::EPOCH), *place == Place::InFlight(*past)),
            Write::Outcome(_, _, Next::Again(past, due)) => {
                (Place::Again(*past, *due), matches!(place, Place::InFlight(_)))
            }
            // Only what was never on the wire may settle without being in flight.
            Write::Outcome(_, record, Next::Settled) => {
                let attempted = record.outcome.is_some() && record.cause != Some(Cause::NoMail);
                let fits = if attempted { matches!(place, Place::InFlight(_)) } else { true };
                (Place::Settled, fits && !matches!(place, Place::Settled))
            }
        };
        if !fits {
            self.violations.push(format!("{place:?} was followed by {write:?}"));
        }
        self.released += usize::from(matches!(write, Write::Release(..)));
        self.unsettled -= usize::from(to == Place::Settled && *place != Place::Settled);
        *place = to;
        if let Write::Outcome(_, record, _) = write {
            self.records.push(record);
        }
    }

    fn is_settled(&self, batch: BatchId) -> bool {
        let mut chunks = self.chunks.range(ChunkId { batch, number: 0 }..=ChunkId { batch, number: u32::MAX });
        chunks.all(|(_, chunk)| chunk.places.iter().all(|place| *place == Place::Settled))
    }

    /// Whether an attempt at this mail is durable and has no outcome yet.
    pub(super) fn is_in_flight(&self, mail: MailId) -> bool {
        let chunk = self.chunks.get(&ChunkId::of(mail));
        let place = chunk.and_then(|chunk| chunk.places.get(usize::from(ChunkId::place(mail))));
        matches!(place, Some(Place::InFlight(_)))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.chunks.values().flat_map(|chunk| &chunk.places).filter(|p| matches!(p, Place::InFlight(_))).count()
    }

    pub(super) fn load(&self, id: ChunkId) -> Option<Chunk> {
        let (chunk, head) = (self.chunks.get(&id)?, self.heads.get(&id.batch)?.clone());
        let open = |(recipient, place): (&Recipient, &Place)| (*place != Place::Settled).then(|| recipient.clone());
        let recipients = chunk.recipients.iter().zip(&chunk.places).map(open).collect();
        let ids = chunk.recipients.iter().map(|r| r.id.clone()).collect();
        Some(Chunk { id, head, ids, recipients })
    }

    /// What a start finds, as the store's own recovery does it: what was in flight is in doubt and due at once.
    pub(super) fn recover(&mut self, now: Instant) -> Vec<Event> {
        let mut work: BTreeMap<BatchId, Vec<ChunkWork>> = BTreeMap::new();
        for (id, chunk) in &mut self.chunks {
            let (mut fresh, mut again) = (VecDeque::new(), Vec::new());
            for (at, place) in (0u16..).zip(&mut chunk.places) {
                if let Place::InFlight(past) = place {
                    let past = Past { attempts: past.attempts + 1, doubts: past.doubts + 1, ..*past };
                    let recipient = chunk.recipients.get(usize::from(at)).map(|r| r.id.clone()).unwrap_or_default();
                    self.records.push(Record::crashed(id.batch, recipient, &chunk.domain, past.attempts, now));
                    *place = Place::Again(past, now);
                }
                match place {
                    Place::Fresh => fresh.push_back(at),
                    Place::Again(past, due) => again.push((at, *past, *due)),
                    Place::InFlight(_) | Place::Settled => {}
                }
            }
            let (number, domain, fresh) = (id.number, chunk.domain.clone(), Places::List(fresh));
            work.entry(id.batch).or_default().push(ChunkWork { number, domain, fresh, again });
        }
        work.into_iter().map(|(batch, work)| Event::Submitted(self.heads[&batch].clone(), work)).collect()
    }
}
