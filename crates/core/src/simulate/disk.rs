//! The queue's disk: one commit at a time takes all that waits, and a crash takes all that was not committed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::event::{BatchHead, Chunk, ChunkWork, Event, Next, Write};
use crate::message::{BatchId, MailId, Recipient};
use crate::outcome::Cause;
use crate::queue::{ChunkId, Past, Places};
use crate::record::Record;
use crate::time::Instant;

use super::script::Group;
use super::setting::{self, Part, Submission};

/// What is durable about one mail.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Fresh,
    InFlight(Past),
    Again(Past, Instant),
    Settled,
}

enum Job {
    Submit(Submission),
    Write(Write),
    Keep(String, Vec<u8>),
}

/// A batch as it is stored.
struct StoredBatch {
    head: Arc<BatchHead>,
    groups: Vec<Group>,
}

struct StoredChunk {
    part: Part,
    /// Empty as long as nothing of it was tried, and again when all of it has settled, so that memory is taken by what is
    /// under way and not by everybody.
    places: Vec<Place>,
    /// How many have settled.
    settled: u16,
}

impl StoredChunk {
    /// With nothing but these places open.
    fn new(part: Part, open: &Places) -> Self {
        let mut chunk = StoredChunk { part, places: Vec::new(), settled: 0 };
        if open.len() < usize::from(part.len) {
            let is_open = |at: u16| match open {
                Places::Range(from, to) => (*from..*to).contains(&at),
                Places::List(list) => list.binary_search(&at).is_ok(),
            };
            (0..part.len).filter(|at| !is_open(*at)).for_each(|at| chunk.set(at, Place::Settled));
        }
        chunk
    }

    fn place(&self, at: u16) -> &Place {
        let untouched = if self.settled == self.part.len { &Place::Settled } else { &Place::Fresh };
        self.places.get(usize::from(at)).unwrap_or(untouched)
    }

    fn set(&mut self, at: u16, to: Place) {
        if self.places.is_empty() {
            self.places = vec![self.place(at).clone(); usize::from(self.part.len)];
        }
        let Some(place) = self.places.get_mut(usize::from(at)) else { return };
        self.settled = self.settled + u16::from(to == Place::Settled) - u16::from(*place == Place::Settled);
        *place = to;
        if self.settled == self.part.len {
            self.places = Vec::new();
        }
    }
}

#[derive(Default)]
pub(super) struct Disk {
    waiting: Vec<Job>,
    committing: Vec<Job>,
    batches: BTreeMap<BatchId, StoredBatch>,
    chunks: BTreeMap<ChunkId, StoredChunk>,
    /// Records that nobody has taken yet, each of its mail.
    pub(super) records: Vec<(MailId, Record)>,
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

    /// Whether nothing waits for a commit or is in one.
    pub(super) fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && self.committing.is_empty()
    }

    /// The commit is durable; what the engine hears of it.
    pub(super) fn commit(&mut self) -> Vec<Event> {
        let (mut events, mut registered, mut ended) = (Vec::new(), Vec::new(), 0);
        let mut settled = BTreeSet::new();
        for job in core::mem::take(&mut self.committing) {
            match job {
                Job::Submit(submission) => events.push(self.store(submission)),
                Job::Keep(name, value) if value.is_empty() => drop(self.kept.remove(&name)),
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
        self.batches.contains_key(&batch)
    }

    fn store(&mut self, (head, groups, parts): Submission) -> Event {
        let mut work = Vec::new();
        for (part, fresh) in parts {
            let number = part.number;
            self.unsettled += fresh.len();
            let domain = groups.get(part.group).map(|group| group.domain.clone()).unwrap_or_default();
            let id = ChunkId { batch: head.id, number };
            self.chunks.insert(id, StoredChunk::new(part, &fresh));
            work.push(ChunkWork { number, domain, fresh, again: Vec::new() });
        }
        self.batches.insert(head.id, StoredBatch { head: head.clone(), groups });
        Event::Submitted(head, work)
    }

    /// The recipients of a chunk by place, and their domain.
    fn recipients(&self, id: ChunkId) -> (Vec<Recipient>, String) {
        let Some((batch, chunk)) = self.batches.get(&id.batch).zip(self.chunks.get(&id)) else {
            return Default::default();
        };
        let Some(group) = batch.groups.get(chunk.part.group) else { return Default::default() };
        let numbers = chunk.part.first..chunk.part.first + u32::from(chunk.part.len);
        let make = |n| setting::recipient(&group.local(setting::batch_at(id.batch), n), &group.domain);
        (numbers.filter_map(make).collect(), group.domain.clone())
    }

    fn write(&mut self, write: Write) {
        let mail = match &write {
            Write::Register(mail, _) | Write::Release(mail, _) | Write::Outcome(mail, ..) => *mail,
        };
        let Some(chunk) = self.chunks.get_mut(&ChunkId::of(mail)) else { return };
        let place = chunk.place(ChunkId::place(mail));
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
        chunk.set(ChunkId::place(mail), to);
        if let Write::Outcome(_, record, _) = write {
            self.records.push((mail, record));
        }
    }

    fn is_settled(&self, batch: BatchId) -> bool {
        let mut chunks = self.chunks.range(ChunkId { batch, number: 0 }..=ChunkId { batch, number: u32::MAX });
        chunks.all(|(_, chunk)| chunk.places.iter().all(|place| *place == Place::Settled))
    }

    /// Whether an attempt at this mail is durable and has no outcome yet.
    pub(super) fn is_in_flight(&self, mail: MailId) -> bool {
        let chunk = self.chunks.get(&ChunkId::of(mail));
        chunk.is_some_and(|chunk| matches!(chunk.place(ChunkId::place(mail)), Place::InFlight(_)))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.chunks.values().flat_map(|chunk| &chunk.places).filter(|p| matches!(p, Place::InFlight(_))).count()
    }

    /// What another node finds open of a batch that this one had: what it had under way is nowhere written down.
    pub(super) fn open_of(&self, batch: BatchId) -> Vec<(Part, Places)> {
        let chunks = self.chunks.range(ChunkId { batch, number: 0 }..=ChunkId { batch, number: u32::MAX });
        let open = |chunk: &StoredChunk| {
            let open = (0..chunk.part.len).filter(|at| *chunk.place(*at) != Place::Settled);
            (chunk.part, Places::from_list(open.collect()))
        };
        chunks.map(|(_, chunk)| open(chunk)).filter(|(_, places)| !places.is_empty()).collect()
    }

    /// That this mail settled is known to nobody else.
    pub(super) fn reopen(&mut self, mail: MailId) {
        if let Some(chunk) = self.chunks.get_mut(&ChunkId::of(mail)) {
            chunk.set(ChunkId::place(mail), Place::Fresh);
        }
    }

    pub(super) fn load(&self, id: ChunkId) -> Option<Chunk> {
        let (chunk, head) = (self.chunks.get(&id)?, self.batches.get(&id.batch)?.head.clone());
        let (recipients, _) = self.recipients(id);
        let ids = recipients.iter().map(|r| r.id.clone()).collect();
        let open = |(at, recipient)| (*chunk.place(at) != Place::Settled).then_some(recipient);
        let recipients = (0..).zip(recipients).map(open).collect();
        Some(Chunk { id, head, ids, recipients })
    }

    /// What a start finds, as the store's own recovery does it: what was in flight is in doubt and due at once.
    pub(super) fn recover(&mut self, now: Instant) -> Vec<Event> {
        let mut work: BTreeMap<BatchId, Vec<ChunkWork>> = BTreeMap::new();
        let ids: Vec<ChunkId> = self.chunks.keys().copied().collect();
        for id in ids {
            let (mut fresh, mut again) = (VecDeque::new(), Vec::new());
            let (recipients, domain) = self.recipients(id);
            let Some(chunk) = self.chunks.get_mut(&id) else { continue };
            for (at, recipient) in (0u16..).zip(&recipients) {
                if let Place::InFlight(past) = *chunk.place(at) {
                    let past = Past { attempts: past.attempts + 1, doubts: past.doubts + 1, ..past };
                    let record = Record::crashed(id.batch, recipient.id.clone(), &domain, past.attempts, now);
                    self.records.push((id.mail(at), record));
                    chunk.set(at, Place::Again(past, now));
                }
                match chunk.place(at) {
                    Place::Fresh => fresh.push_back(at),
                    Place::Again(past, due) => again.push((at, *past, *due)),
                    Place::InFlight(_) | Place::Settled => {}
                }
            }
            let (number, fresh) = (id.number, Places::List(fresh));
            work.entry(id.batch).or_default().push(ChunkWork { number, domain, fresh, again });
        }
        work.into_iter().map(|(batch, work)| Event::Submitted(self.batches[&batch].head.clone(), work)).collect()
    }
}
