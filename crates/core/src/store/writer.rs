//! What one commit writes, and what it says when it is durable.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

use super::home::Home;
use super::job::{Job, Reply, Work};
use super::past;
use super::rows::{self, ChunkRow, EndedRow, Place, ShapeRow};
use super::{NewWork, Receipt, Sink, StoreError, missing, upkeep};
use crate::event::{BatchHead, ChunkWork, Event, Next, Write};
use crate::message::{BatchId, MailId};
use crate::outcome::Stage;
use crate::queue::{ChunkId, Past};
use crate::record::Record;
use crate::time::{Instant, Span};

/// What is known of a chunk that is being worked on.
struct Progress {
    places: Vec<Place>,
    settled: usize,
    /// Settled places whose recipients are still in the chunk's row.
    stale: usize,
    dirty: bool,
}

/// What a commit makes durable: an answer for each of its jobs, and what the machine hears.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) replies: Vec<Reply>,
    pub(super) events: Vec<Event>,
}

impl Done {
    /// Tells everybody.
    pub(super) fn tell(self, jobs: Vec<Job>, sink: &Sink) {
        sink(Ok(self.events));
        for (job, reply) in jobs.into_iter().zip(self.replies) {
            job.tell(Ok(reply));
        }
    }
}

pub(super) struct Writer<'a> {
    home: &'a Home,
    progress: HashMap<ChunkId, Progress>,
    records_behind: u64,
    /// Commits that are durable.
    commits: u64,
    /// What the commit under way makes durable.
    under_way: Option<Done>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(home: &'a Home) -> Result<Self, StoreError> {
        let mut writer = Writer { home, progress: HashMap::new(), records_behind: 0, commits: 0, under_way: None };
        writer.read_position()?;
        Ok(writer)
    }

    fn read_position(&mut self) -> Result<(), StoreError> {
        (self.records_behind, self.commits) = self.home.with(|db| {
            let read = db.begin_read()?;
            let behind = rows::records_behind(&read.open_table(rows::RECORDS)?)?;
            Ok((behind, read.open_table(rows::COMMITS)?.get(())?.map_or(0, |row| row.value())))
        })?;
        Ok(())
    }

    /// Opens the file again after a commit has failed. If it had become durable after all: what it did.
    pub(super) fn reopen(&mut self) -> Result<Option<Done>, StoreError> {
        let before = self.commits;
        self.progress.clear();
        self.home.reopen()?;
        self.read_position()?;
        // Not before the file has told: where it cannot be opened yet, the next try is to know what it was about.
        Ok(self.under_way.take().filter(|_| self.commits == before + 1))
    }

    /// Whether a commit failed that may have become durable: the file has not told yet.
    pub(super) fn is_unsure(&self) -> bool {
        self.under_way.is_some()
    }

    /// Forgets what is older than `remember`.
    pub(super) fn forget(&mut self, now: Instant, remember: Span) -> Result<(), StoreError> {
        self.home.medium().admit(false);
        self.home.with(|db| {
            let txn = db.begin_write()?;
            let waiting: BTreeSet<u32> = {
                let batches = txn.open_table(rows::BATCHES)?;
                batches.iter()?.map(|entry| Ok(entry?.0.value())).collect::<Result<_, StoreError>>()?
            };
            upkeep::forget(&txn, |batch| waiting.contains(&batch.0), now, remember)?;
            txn.commit()?;
            Ok(())
        })
    }

    pub(super) fn has_room(&self) -> bool {
        self.home.medium().has_room()
    }

    /// Makes all of it durable, or none.
    pub(super) fn commit(&mut self, jobs: &[Job]) -> Result<Done, StoreError> {
        let home = self.home;
        home.medium().admit(jobs.iter().any(Job::admits));
        home.with(|db| self.write(db, jobs))
    }

    fn write(&mut self, db: &Database, jobs: &[Job]) -> Result<Done, StoreError> {
        let txn = db.begin_write()?;
        let done = self.apply(&txn, jobs)?;
        txn.open_table(rows::COMMITS)?.insert((), self.commits + 1)?;
        self.under_way = Some(done);
        txn.commit()?;
        self.commits += 1;
        Ok(self.under_way.take().unwrap_or_default())
    }

    fn apply(&mut self, txn: &WriteTransaction, jobs: &[Job]) -> Result<Done, StoreError> {
        let mut done = Done::default();
        let (mut registered, mut records) = (Vec::new(), Vec::new());
        let mut ended = 0;
        for job in jobs {
            let reply = match &job.work {
                Work::Submit(head, chunks) => submit(txn, head, chunks, &mut done.events)?,
                Work::Begin(head) => begin(txn, head)?,
                Work::Part(batch, chunks) => put_chunks(txn, *batch, chunks)?,
                Work::Finish(batch, recipients, work) => finish(txn, *batch, *recipients, work, &mut done.events)?,
                Work::Abandon(batch) => abandon(txn, *batch)?,
                Work::Cancel(batch) => cancel(txn, *batch, &mut done.events)?,
                Work::Keep(name, value) if value.is_empty() => {
                    txn.open_table(rows::KEPT)?.remove(name.as_str())?;
                    Reply::Done
                }
                Work::Keep(name, value) => {
                    let row = rows::encode(value)?;
                    txn.open_table(rows::KEPT)?.insert(name.as_str(), row.as_slice())?;
                    Reply::Done
                }
                Work::Persist(writes) => {
                    for write in writes {
                        match write {
                            Write::Register(mail, _) => {
                                self.set(txn, *mail, Place::InFlight)?;
                                registered.push(*mail);
                            }
                            Write::Release(mail, past) => {
                                let fresh = *past == Past::default();
                                self.set(txn, *mail, if fresh { Place::Fresh } else { Place::Again })?;
                                ended += 1;
                            }
                            Write::Outcome(mail, record, next) => {
                                self.outcome(txn, *mail, record, next)?;
                                records.push(record);
                                ended += 1;
                            }
                        }
                    }
                    Reply::Done
                }
            };
            done.replies.push(reply);
        }
        let settled = self.write_progress(txn)?;
        self.write_records(txn, &records)?;
        if ended > 0 {
            done.events.push(Event::Recorded(ended));
        }
        if !registered.is_empty() {
            done.events.push(Event::Registered(registered));
        }
        for batch in settled {
            if upkeep::end_settled(txn, batch)? {
                done.events.push(Event::BatchEnded(batch));
            }
        }
        Ok(done)
    }

    fn outcome(
        &mut self,
        txn: &WriteTransaction,
        mail: MailId,
        record: &Record,
        next: &Next,
    ) -> Result<(), StoreError> {
        match next {
            Next::Again(past, due) => {
                let row = rows::encode(&(past, due))?;
                txn.open_table(rows::AGAIN)?.insert((mail.batch.0, mail.index), row.as_slice())?;
                self.set(txn, mail, Place::Again)
            }
            Next::Settled => {
                // Only what was tried before has a row: not what settles with its first conversation.
                if record.attempt != 1 || record.stage.is_none_or(|stage| stage == Stage::Resolve) {
                    txn.open_table(rows::AGAIN)?.remove((mail.batch.0, mail.index))?;
                }
                self.set(txn, mail, Place::Settled)
            }
        }
    }

    fn set(&mut self, txn: &WriteTransaction, mail: MailId, to: Place) -> Result<(), StoreError> {
        let id = ChunkId::of(mail);
        let progress = match self.progress.entry(id) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(read_progress(txn, id)?),
        };
        let Some(place) = progress.places.get_mut(usize::from(ChunkId::place(mail))) else {
            return Err(StoreError::Damaged(format!("mail {}/{} has no place", mail.batch.0, mail.index)));
        };
        if to == Place::Settled && *place != Place::Settled {
            progress.settled += 1;
            progress.stale += 1;
        }
        *place = to;
        progress.dirty = true;
        Ok(())
    }

    /// Writes the states of the chunks that were touched; a chunk that has settled is removed with its recipients. Gives
    /// the batches of which a chunk was removed.
    fn write_progress(&mut self, txn: &WriteTransaction) -> Result<BTreeSet<BatchId>, StoreError> {
        let mut table = txn.open_table(rows::PROGRESS)?;
        let mut done = Vec::new();
        for (id, progress) in self.progress.iter_mut().filter(|(_, p)| p.dirty) {
            progress.dirty = false;
            let left = progress.places.len() - progress.settled;
            if left == 0 {
                table.remove((id.batch.0, id.number))?;
                txn.open_table(rows::CHUNKS)?.remove((id.batch.0, id.number))?;
                txn.open_table(rows::SHAPES)?.remove((id.batch.0, id.number))?;
                done.push(*id);
                continue;
            }
            // Settled recipients leave the disk as soon as they outnumber those that wait: twice the work at most.
            if progress.stale > left {
                blank_settled(txn, *id, &progress.places)?;
                progress.stale = 0;
            }
            table.insert((id.batch.0, id.number), rows::encode(&progress.places)?.as_slice())?;
        }
        for id in &done {
            self.progress.remove(id);
        }
        Ok(done.into_iter().map(|id| id.batch).collect())
    }

    fn write_records(&mut self, txn: &WriteTransaction, records: &[&Record]) -> Result<(), StoreError> {
        if !records.is_empty() {
            let row = past::encode(records)?;
            txn.open_table(rows::RECORDS)?.insert(self.records_behind, row.as_slice())?;
            self.records_behind += records.len() as u64;
        }
        Ok(())
    }
}

/// The receipt of a key that is known.
fn known(txn: &WriteTransaction, key: &str) -> Result<Option<Receipt>, StoreError> {
    let keys = txn.open_table(rows::KEYS)?;
    let Some(id) = keys.get(key)?.map(|row| BatchId(row.value())) else { return Ok(None) };
    if let Some(row) = txn.open_table(rows::BATCHES)?.get(id.0)? {
        let head: BatchHead = rows::decode("batch", row.value())?;
        let (recipients, submitted) = (head.recipients, head.submitted);
        return Ok(Some(Receipt { batch: id, recipients, known: true, submitted }));
    }
    let ended = txn.open_table(rows::ENDED)?;
    let row = ended.get(id.0)?.ok_or_else(|| missing("batch", ChunkId { batch: id, number: 0 }))?;
    let EndedRow { recipients, submitted, .. } = rows::decode("ended batch", row.value())?;
    Ok(Some(Receipt { batch: id, recipients, known: true, submitted }))
}

fn next_id(txn: &WriteTransaction) -> Result<BatchId, StoreError> {
    let last = |table| Ok::<_, StoreError>(txn.open_table(table)?.last()?.map_or(0, |(last, _)| last.value()));
    Ok(BatchId(last(rows::BATCHES)?.max(last(rows::ENDED)?) + 1))
}

fn submit(
    txn: &WriteTransaction,
    head: &BatchHead,
    chunks: &[(u32, ChunkRow)],
    events: &mut Vec<Event>,
) -> Result<Reply, StoreError> {
    if let Some(receipt) = known(txn, &head.key)? {
        return Ok(Reply::Receipt(receipt));
    }
    let id = next_id(txn)?;
    txn.open_table(rows::BATCHES)?.insert(id.0, rows::encode(head)?.as_slice())?;
    put_chunks(txn, id, chunks)?;
    let work = chunks.iter().map(|(number, row)| ShapeRow::of(row).fresh(*number)).collect();
    publish(txn, BatchHead { id, ..head.clone() }, work, events)
}

fn begin(txn: &WriteTransaction, head: &BatchHead) -> Result<Reply, StoreError> {
    if let Some(receipt) = known(txn, &head.key)? {
        return Ok(Reply::Receipt(receipt));
    }
    let id = next_id(txn)?;
    txn.open_table(rows::BATCHES)?.insert(id.0, rows::encode(head)?.as_slice())?;
    txn.open_table(rows::DRAFTS)?.insert(id.0, ())?;
    Ok(Reply::Begun(id))
}

fn put_chunks(txn: &WriteTransaction, id: BatchId, rows: &[(u32, ChunkRow)]) -> Result<Reply, StoreError> {
    let (mut chunks, mut shapes) = (txn.open_table(rows::CHUNKS)?, txn.open_table(rows::SHAPES)?);
    for (number, row) in rows {
        chunks.insert((id.0, *number), rows::encode(row)?.as_slice())?;
        shapes.insert((id.0, *number), rows::encode(&ShapeRow::of(row))?.as_slice())?;
    }
    Ok(Reply::Done)
}

fn finish(
    txn: &WriteTransaction,
    id: BatchId,
    recipients: u32,
    work: &[ChunkWork],
    events: &mut Vec<Event>,
) -> Result<Reply, StoreError> {
    let head: BatchHead = match txn.open_table(rows::BATCHES)?.get(id.0)? {
        Some(row) => rows::decode("batch", row.value())?,
        None => return Err(missing("batch", ChunkId { batch: id, number: 0 })),
    };
    if let Some(receipt) = known(txn, &head.key)? {
        // Another submission of the same key was faster.
        abandon(txn, id)?;
        return Ok(Reply::Receipt(receipt));
    }
    txn.open_table(rows::DRAFTS)?.remove(id.0)?;
    publish(txn, BatchHead { id, recipients, ..head }, work.to_vec(), events)
}

/// From now on the batch counts.
fn publish(
    txn: &WriteTransaction,
    head: BatchHead,
    work: Vec<ChunkWork>,
    events: &mut Vec<Event>,
) -> Result<Reply, StoreError> {
    txn.open_table(rows::BATCHES)?.insert(head.id.0, rows::encode(&head)?.as_slice())?;
    txn.open_table(rows::KEYS)?.insert(head.key.as_str(), head.id.0)?;
    let (batch, recipients, submitted) = (head.id, head.recipients, head.submitted);
    let new: NewWork = (Arc::new(head), work);
    events.push(Event::Submitted(new.0, new.1));
    if upkeep::end_settled(txn, batch)? {
        events.push(Event::BatchEnded(batch));
    }
    Ok(Reply::Receipt(Receipt { batch, recipients, known: false, submitted }))
}

/// Keeps that nothing more of a batch is sent, unless all of it has settled. A number that is nobody's is not kept: the
/// batch that is given it some day is another.
fn cancel(txn: &WriteTransaction, id: BatchId, events: &mut Vec<Event>) -> Result<Reply, StoreError> {
    if id.0 == 0 || id.0 >= next_id(txn)?.0 {
        return Ok(Reply::NoBatch);
    }
    if txn.open_table(rows::BATCHES)?.get(id.0)?.is_some() {
        txn.open_table(rows::CANCELLED)?.insert(id.0, ())?;
        events.push(Event::Cancel(id));
    }
    Ok(Reply::Done)
}

fn abandon(txn: &WriteTransaction, id: BatchId) -> Result<Reply, StoreError> {
    if txn.open_table(rows::DRAFTS)?.remove(id.0)?.is_some() {
        upkeep::forget_draft(txn, id)?;
    }
    Ok(Reply::Done)
}

fn read_progress(txn: &WriteTransaction, id: ChunkId) -> Result<Progress, StoreError> {
    let key = (id.batch.0, id.number);
    let places: Vec<Place> = match txn.open_table(rows::PROGRESS)?.get(key)? {
        Some(row) => rows::decode("progress", row.value())?,
        None => {
            let shapes = txn.open_table(rows::SHAPES)?;
            let row = shapes.get(key)?.ok_or_else(|| missing("chunk", id))?;
            let shape: ShapeRow = rows::decode("shape", row.value())?;
            vec![Place::Fresh; usize::from(shape.len)]
        }
    };
    let settled = places.iter().filter(|p| **p == Place::Settled).count();
    Ok(Progress { settled, stale: settled, places, dirty: false })
}

/// Takes address and fields of settled mails off the disk.
fn blank_settled(txn: &WriteTransaction, id: ChunkId, places: &[Place]) -> Result<(), StoreError> {
    let mut chunks = txn.open_table(rows::CHUNKS)?;
    let key = (id.batch.0, id.number);
    let mut row: ChunkRow = match chunks.get(key)? {
        Some(row) => rows::decode("chunk", row.value())?,
        None => return Err(missing("chunk", id)),
    };
    for (place, row) in places.iter().zip(&mut row.rows) {
        if *place == Place::Settled {
            row.sealed = Vec::new();
        }
    }
    chunks.insert(key, rows::encode(&row)?.as_slice())?;
    Ok(())
}
