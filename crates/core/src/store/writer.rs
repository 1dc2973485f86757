//! The one thread that writes: it groups what has come in meanwhile into one commit, then reports.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use redb::{Database, ReadableTable, WriteTransaction};
use tokio::sync::oneshot;

use super::past;
use super::rows::{self, ChunkRow, Place};
use super::{Job, NewWork, Prepared, Receipt, Sink, StoreError, fresh_work};
use crate::event::{BatchHead, Event, Next, Write};
use crate::message::{BatchId, MailId};
use crate::outcome::Stage;
use crate::queue::{ChunkId, Past};
use crate::record::Record;

/// Jobs in one commit, so that a commit stays short.
const JOBS_MAX: usize = 4096;

/// Least time from one commit to the next: far less than a network's round trip, far more than a commit costs.
const PAUSE: Duration = Duration::from_micros(900);

/// What is known of a chunk that is being worked on.
struct Progress {
    places: Vec<Place>,
    settled: usize,
    /// Settled places whose recipients are still in the chunk's row.
    stale: usize,
    dirty: bool,
}

type Submitted = (oneshot::Sender<Receipt>, Receipt);

/// What a commit made durable, and who waits for it.
#[derive(Default)]
struct Done {
    submitted: Vec<Submitted>,
    cancelled: Vec<oneshot::Sender<()>>,
    events: Vec<Event>,
}

struct Writer<'a> {
    db: &'a Database,
    progress: HashMap<ChunkId, Progress>,
    records_behind: u64,
}

/// Writes until the channel closes or the disk fails.
pub(super) fn run(db: &Database, queue: &mpsc::Receiver<Job>, sink: &Sink) {
    let mut writer = match Writer::new(db) {
        Ok(writer) => writer,
        Err(e) => return sink(Err(e)),
    };
    let mut last = Instant::now();
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        // Under load what comes within the pause shares one commit; what comes alone is written at once.
        std::thread::sleep(PAUSE.saturating_sub(last.elapsed()));
        last = Instant::now();
        while jobs.len() < JOBS_MAX {
            match queue.try_recv() {
                Ok(job) => jobs.push(job),
                Err(_) => break,
            }
        }
        match writer.commit(jobs) {
            Ok(Done { submitted, cancelled, events }) => {
                sink(Ok(events));
                // Where nobody waits any more it is durable all the same.
                for answer in cancelled {
                    let _ = answer.send(());
                }
                for (answer, receipt) in submitted {
                    let _ = answer.send(receipt);
                }
            }
            Err(e) => return sink(Err(e)),
        }
    }
}

impl<'a> Writer<'a> {
    fn new(db: &'a Database) -> Result<Self, StoreError> {
        use redb::ReadableDatabase;
        let table = db.begin_read()?.open_table(rows::RECORDS)?;
        let records_behind = match table.last()? {
            Some((key, row)) => key.value() + past::decode(row.value())?.len() as u64,
            None => 0,
        };
        Ok(Writer { db, progress: HashMap::new(), records_behind })
    }

    fn commit(&mut self, jobs: Vec<Job>) -> Result<Done, StoreError> {
        let txn = self.db.begin_write()?;
        let mut done = Done::default();
        let (mut registered, mut records) = (Vec::new(), Vec::new());
        let mut ended = 0;
        for job in jobs {
            match job {
                Job::Submit(prepared, answer) => {
                    let (receipt, work) = submit(&txn, *prepared)?;
                    done.submitted.push((answer, receipt));
                    done.events.extend(work.map(|(head, chunks)| Event::Submitted(head, chunks)));
                }
                Job::Cancel(batch, answer) => {
                    txn.open_table(rows::CANCELLED)?.insert(batch.0, ())?;
                    done.cancelled.push(answer);
                    done.events.push(Event::Cancel(batch));
                }
                Job::Keep(name, value) => {
                    let row = rows::encode(&value)?;
                    txn.open_table(rows::KEPT)?.insert(name.as_str(), row.as_slice())?;
                }
                Job::Persist(writes) => {
                    for write in writes {
                        match write {
                            Write::Register(mail, _) => {
                                self.set(&txn, mail, Place::InFlight)?;
                                registered.push(mail);
                            }
                            Write::Release(mail, past) => {
                                let fresh = past == Past::default();
                                self.set(&txn, mail, if fresh { Place::Fresh } else { Place::Again })?;
                                ended += 1;
                            }
                            Write::Outcome(mail, record, next) => {
                                self.outcome(&txn, mail, &record, &next)?;
                                records.push(record);
                                ended += 1;
                            }
                        }
                    }
                }
            }
        }
        self.write_progress(&txn)?;
        self.write_records(&txn, &records)?;
        txn.commit()?;
        if ended > 0 {
            done.events.push(Event::Recorded(ended));
        }
        if !registered.is_empty() {
            done.events.push(Event::Registered(registered));
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

    /// Writes the states of the chunks that were touched; a chunk that has settled is removed with its recipients.
    fn write_progress(&mut self, txn: &WriteTransaction) -> Result<(), StoreError> {
        let mut table = txn.open_table(rows::PROGRESS)?;
        let mut done = Vec::new();
        for (id, progress) in self.progress.iter_mut().filter(|(_, p)| p.dirty) {
            progress.dirty = false;
            let left = progress.places.len() - progress.settled;
            if left == 0 {
                table.remove((id.batch.0, id.number))?;
                txn.open_table(rows::CHUNKS)?.remove((id.batch.0, id.number))?;
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
        for id in done {
            self.progress.remove(&id);
        }
        Ok(())
    }

    fn write_records(&mut self, txn: &WriteTransaction, records: &[Record]) -> Result<(), StoreError> {
        if !records.is_empty() {
            let row = past::encode(records)?;
            txn.open_table(rows::RECORDS)?.insert(self.records_behind, row.as_slice())?;
            self.records_behind += records.len() as u64;
        }
        Ok(())
    }
}

fn submit(txn: &WriteTransaction, prepared: Prepared) -> Result<(Receipt, Option<NewWork>), StoreError> {
    let mut keys = txn.open_table(rows::KEYS)?;
    let mut batches = txn.open_table(rows::BATCHES)?;
    if let Some(known) = keys.get(prepared.head.key.as_str())? {
        let id = BatchId(known.value());
        let row = batches.get(id.0)?.ok_or_else(|| StoreError::Damaged(format!("batch {} is missing", id.0)))?;
        let head: BatchHead = rows::decode("batch", row.value())?;
        return Ok((Receipt { batch: id, recipients: head.recipients, known: true, submitted: head.submitted }, None));
    }
    let id = BatchId(batches.last()?.map_or(1, |(last, _)| last.value() + 1));
    let head = BatchHead { id, ..prepared.head };
    batches.insert(id.0, rows::encode(&head)?.as_slice())?;
    keys.insert(head.key.as_str(), id.0)?;
    let mut chunks = txn.open_table(rows::CHUNKS)?;
    let mut work = Vec::with_capacity(prepared.chunks.len());
    for (number, row) in (0..).zip(&prepared.chunks) {
        chunks.insert((id.0, number), rows::encode(row)?.as_slice())?;
        work.push(fresh_work(number, row));
    }
    let receipt = Receipt { batch: id, recipients: head.recipients, known: false, submitted: head.submitted };
    Ok((receipt, Some((Arc::new(head), work))))
}

fn read_progress(txn: &WriteTransaction, id: ChunkId) -> Result<Progress, StoreError> {
    let key = (id.batch.0, id.number);
    let places: Vec<Place> = match txn.open_table(rows::PROGRESS)?.get(key)? {
        Some(row) => rows::decode("progress", row.value())?,
        None => {
            let chunks = txn.open_table(rows::CHUNKS)?;
            let missing = || StoreError::Damaged(format!("chunk {}/{} is missing", key.0, key.1));
            let row = chunks.get(key)?.ok_or_else(missing)?;
            let row: ChunkRow = rows::decode("chunk", row.value())?;
            vec![Place::Fresh; row.rows.len()]
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
        None => return Err(StoreError::Damaged(format!("chunk {}/{} is missing", key.0, key.1))),
    };
    for (place, row) in places.iter().zip(&mut row.rows) {
        if *place == Place::Settled {
            row.sealed = Vec::new();
        }
    }
    chunks.insert(key, rows::encode(&row)?.as_slice())?;
    Ok(())
}
