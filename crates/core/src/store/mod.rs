//! The durable queue: batches, recipients, attempts and records in one redb file.
//!
//! One thread writes and groups what has come in meanwhile into one commit; another loads. What is in flight, what
//! waits and what has settled is one byte a mail, so that registering an attempt costs no row of its own.

mod past;
mod recover;
mod rows;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, mpsc};

use redb::{Database, ReadableDatabase};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::address::Address;
use crate::event::{BatchHead, Chunk, ChunkWork, Event, Write};
use crate::message::{Batch, BatchError, BatchId, History, KeyId, Recipient};
use crate::queue::{CHUNK_MAILS_MAX, ChunkId, Places};
use crate::record::Record;
use crate::seal::{Seal, SealError};
use crate::time::Instant;
use rows::{ChunkRow, SealedRow};

/// Memory for cached pages, in bytes; the working set is a few chunks and the tail of the records.
const CACHE_BYTES: usize = 16 << 20;

/// Most chunks in a batch, so that a mail's number fits 32 bits.
const CHUNKS_MAX: usize = (u32::MAX / CHUNK_MAILS_MAX) as usize;

/// Why the queue cannot do its job. Nothing that was acknowledged is lost by any of these.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder or file cannot be used.
    #[error("{path}: {problem}")]
    Unusable {
        /// Which file.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The disk refused.
    #[error("the queue's disk: {0}; free space or mend it, then start again: nothing acknowledged is lost")]
    Disk(String),
    /// A row makes no sense.
    #[error("the queue is damaged ({0}); keep the file and restore from a backup")]
    Damaged(String),
    /// The batch was not well-formed.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Personal data could not be sealed.
    #[error("sealing: {0}")]
    Seal(#[from] SealError),
    /// The store has stopped after an earlier error.
    #[error("the queue has stopped after an earlier error")]
    Stopped,
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(e: E) -> Self {
        StoreError::Disk(e.into().to_string())
    }
}

/// What a caller holds once its batch is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The engine's number for the batch.
    pub batch: BatchId,
    /// How many recipients it has.
    pub recipients: u32,
    /// Whether the key was known and nothing new will be sent.
    pub known: bool,
    /// When the batch was first submitted.
    pub submitted: Instant,
}

/// A batch that was made durable just now.
pub type NewWork = (Arc<BatchHead>, Vec<ChunkWork>);

/// What was found in the queue when it was opened.
#[derive(Debug, Default)]
pub struct Found {
    /// What has not settled, by batch.
    pub work: Vec<NewWork>,
    /// Those of these batches of which nothing more is sent.
    pub cancelled: Vec<BatchId>,
    /// What was learned before, by name.
    pub kept: BTreeMap<String, Vec<u8>>,
}

/// A batch as it goes to the writer.
struct Prepared {
    head: BatchHead,
    chunks: Vec<ChunkRow>,
}

enum Job {
    Submit(Box<Prepared>, oneshot::Sender<Receipt>),
    Persist(Vec<Write>),
    Cancel(BatchId, oneshot::Sender<()>),
    Keep(String, Vec<u8>),
}

/// Where the store reports to.
pub type Sink = Box<dyn Fn(Result<Vec<Event>, StoreError>) + Send>;

/// The open queue.
pub struct Store {
    db: Arc<Database>,
    seal: Arc<dyn Seal>,
    jobs: mpsc::Sender<Job>,
    loads: mpsc::Sender<ChunkId>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Store {
    /// Opens or creates the queue in a folder; gives what was waiting in it.
    ///
    /// Attempts that were registered and have no outcome are recorded as in doubt and wait to be sent again.
    ///
    /// # Errors
    /// [`StoreError`] names the file and what to do.
    pub fn open(folder: &Path, seal: Arc<dyn Seal>, now: Instant) -> Result<(Opening, Found), StoreError> {
        let path = folder.join("queue.redb");
        let unusable = |problem: String| StoreError::Unusable { path: path.display().to_string(), problem };
        let db = Database::builder().set_cache_size(CACHE_BYTES).create(&path).map_err(|e| match e {
            redb::DatabaseError::DatabaseAlreadyOpen => {
                unusable("another program has it open; stop that one, or use another data folder".into())
            }
            e => unusable(e.to_string()),
        })?;
        let found = recover::recover(&db, now)?;
        Ok((Opening { db: Arc::new(db), seal }, found))
    }

    /// Makes a batch durable; the sink hears of its work, so that nothing depends on whether the caller still waits.
    /// A known key gives the same receipt and no work.
    ///
    /// # Errors
    /// [`StoreError::Batch`] if it is not well-formed: nothing was stored then.
    pub async fn submit(&self, batch: Batch, now: Instant) -> Result<Receipt, StoreError> {
        let seal = self.seal.clone();
        let prepared = tokio::task::spawn_blocking(move || prepare(batch, now, seal.as_ref()));
        let prepared = prepared.await.map_err(|_| StoreError::Stopped)??;
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Submit(Box::new(prepared), answer)).map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)
    }

    /// Makes it durable that nothing more of a batch is sent; the sink hears it.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn cancel(&self, batch: BatchId) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Cancel(batch, answer)).map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)
    }

    /// Has attempts and outcomes written; the sink hears when they are durable.
    pub fn persist(&self, writes: Vec<Write>) {
        // A closed channel means that the writer stopped and has reported why.
        let _ = self.jobs.send(Job::Persist(writes));
    }

    /// Keeps something learned under a name, in place of what was kept there; the sink hears nothing.
    pub fn keep(&self, name: String, value: Vec<u8>) {
        let _ = self.jobs.send(Job::Keep(name, value));
    }

    /// Has a chunk loaded; the sink hears it.
    pub fn load(&self, chunk: ChunkId) {
        let _ = self.loads.send(chunk);
    }

    /// Records from a cursor on, at most about `most`; each comes with the cursor behind it.
    ///
    /// # Errors
    /// [`StoreError::Disk`] or [`StoreError::Damaged`].
    pub fn records(&self, from: u64, most: usize) -> Result<Vec<(u64, Record)>, StoreError> {
        let table = self.db.begin_read()?.open_table(rows::RECORDS)?;
        let first = table.range(..=from)?.next_back().transpose()?.map_or(0, |(key, _)| key.value());
        let mut out = Vec::new();
        for group in table.range(first..)? {
            let (key, row) = group?;
            let records = past::decode(row.value())?;
            let numbered = (key.value() + 1..).zip(records).filter(|(behind, _)| *behind > from);
            out.extend(numbered);
            if out.len() >= most {
                break;
            }
        }
        Ok(out)
    }

    /// Waits until everything handed over is durable and the threads have ended.
    pub fn close(self) {
        drop(self.jobs);
        drop(self.loads);
        for thread in self.threads {
            // A panic there has already been reported by the default hook.
            let _ = thread.join();
        }
    }
}

/// A queue that was opened and whose threads do not run yet.
pub struct Opening {
    db: Arc<Database>,
    seal: Arc<dyn Seal>,
}

impl Opening {
    /// Starts the writer and the loader; they report to the sinks.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if the system gives no thread.
    pub fn start(self, writer_sink: Sink, loader_sink: Sink) -> Result<Store, StoreError> {
        let (jobs, job_queue) = mpsc::channel();
        let (loads, load_queue) = mpsc::channel();
        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(body).map_err(|e| StoreError::Disk(e.to_string()))
        };
        let db = self.db.clone();
        let writer = spawn("queue-writer", Box::new(move || writer::run(&db, &job_queue, &writer_sink)))?;
        let (db, seal) = (self.db.clone(), self.seal.clone());
        let loader = spawn("queue-loader", Box::new(move || run_loads(&db, seal.as_ref(), &load_queue, &loader_sink)))?;
        Ok(Store { db: self.db, seal: self.seal, jobs, loads, threads: vec![writer, loader] })
    }
}

/// Validates, sorts into chunks by history and domain, and seals: everything that needs no disk.
fn prepare(batch: Batch, now: Instant, seal: &dyn Seal) -> Result<Prepared, StoreError> {
    batch.validate()?;
    let recipients = batch.recipients.len();
    // The order of the chunks is the order of sending: clean addresses of all domains first, suspects last.
    let mut groups: BTreeMap<(History, String), Vec<Recipient>> = BTreeMap::new();
    for recipient in batch.recipients {
        let domain = recipient.address.domain().to_string();
        groups.entry((recipient.history, domain)).or_default().push(recipient);
    }
    let mut parts: Vec<(&String, &[Recipient])> = Vec::new();
    for ((_, domain), all) in &groups {
        parts.extend(all.chunks(CHUNK_MAILS_MAX as usize).map(|part| (domain, part)));
    }
    if parts.len() > CHUNKS_MAX {
        return Err(BatchError::Shape("more than 4,194,304 chunks: split it").into());
    }
    let chunks = seal_parts(&parts, seal)?;
    let head = BatchHead {
        id: BatchId(0),
        key: batch.key,
        template: batch.template,
        urgency: batch.urgency,
        deadline: batch.deadline,
        expires: batch.expires,
        submitted: now,
        recipients: u32::try_from(recipients).unwrap_or(u32::MAX),
    };
    Ok(Prepared { head, chunks })
}

/// Seals on all cores: it is most of the time from submission to receipt.
fn seal_parts(parts: &[(&String, &[Recipient])], seal: &dyn Seal) -> Result<Vec<ChunkRow>, StoreError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = parts.len().div_ceil(cores).max(1);
    let seal_all = |parts: &[(&String, &[Recipient])]| -> Result<Vec<ChunkRow>, StoreError> {
        let chunk = |(domain, part): &(&String, &[Recipient])| {
            let rows = part.iter().map(|recipient| seal_row(recipient, seal)).collect::<Result<_, _>>()?;
            Ok(ChunkRow { domain: (*domain).clone(), rows })
        };
        parts.iter().map(chunk).collect()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts.chunks(share).map(|parts| scope.spawn(|| seal_all(parts))).collect();
        let mut chunks = Vec::with_capacity(parts.len());
        for thread in threads {
            chunks.extend(thread.join().map_err(|_| StoreError::Stopped)??);
        }
        Ok(chunks)
    })
}

fn seal_row(recipient: &Recipient, seal: &dyn Seal) -> Result<SealedRow, StoreError> {
    let plain = postcard::to_stdvec(&(&recipient.address, &recipient.fields));
    let plain = plain.map_err(|e| StoreError::Damaged(e.to_string()))?;
    let sealed = seal.seal(recipient.key, recipient.id.as_bytes(), &plain)?;
    Ok(SealedRow { id: recipient.id.clone(), key: recipient.key.0, sealed })
}

fn open_row(row: SealedRow, seal: &dyn Seal) -> Result<Option<Recipient>, StoreError> {
    if row.sealed.is_empty() {
        return Ok(None);
    }
    let key = KeyId(row.key);
    let plain = match seal.open(key, row.id.as_bytes(), &row.sealed) {
        Ok(plain) => plain,
        Err(SealError::Erased) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let parts: Result<(Address, Vec<String>), _> = postcard::from_bytes(&plain);
    let (address, fields) = parts.map_err(|e| StoreError::Damaged(format!("recipient: {e}")))?;
    Ok(Some(Recipient { id: row.id, key, address, fields, history: History::default() }))
}

fn run_loads(db: &Database, seal: &dyn Seal, queue: &mpsc::Receiver<ChunkId>, sink: &Sink) {
    let mut heads: std::collections::HashMap<BatchId, Arc<BatchHead>> = std::collections::HashMap::new();
    for id in queue {
        let loaded = load(db, seal, id, &mut heads).map(|chunk| vec![Event::Loaded(Arc::new(chunk))]);
        let failed = loaded.is_err();
        sink(loaded);
        if failed {
            return;
        }
    }
}

fn load(
    db: &Database,
    seal: &dyn Seal,
    id: ChunkId,
    heads: &mut std::collections::HashMap<BatchId, Arc<BatchHead>>,
) -> Result<Chunk, StoreError> {
    let read = db.begin_read()?;
    let missing = |what: &str| StoreError::Damaged(format!("{what} {}/{} is missing", id.batch.0, id.number));
    let head = match heads.get(&id.batch) {
        Some(head) => head.clone(),
        None => {
            let row = read.open_table(rows::BATCHES)?.get(id.batch.0)?.ok_or_else(|| missing("batch"))?;
            let head: Arc<BatchHead> = Arc::new(rows::decode("batch", row.value())?);
            heads.insert(id.batch, head.clone());
            head
        }
    };
    let row = read.open_table(rows::CHUNKS)?.get((id.batch.0, id.number))?.ok_or_else(|| missing("chunk"))?;
    let row: ChunkRow = rows::decode("chunk", row.value())?;
    let ids = row.rows.iter().map(|row| row.id.clone()).collect();
    let recipients = row.rows.into_iter().map(|row| open_row(row, seal)).collect::<Result<_, _>>()?;
    Ok(Chunk { id, head, ids, recipients })
}

/// The work of a chunk of which nothing was tried yet.
fn fresh_work(number: u32, row: &ChunkRow) -> ChunkWork {
    let len = u16::try_from(row.rows.len()).unwrap_or(u16::MAX);
    ChunkWork { number, domain: row.domain.clone(), fresh: Places::Range(0, len), again: Vec::new() }
}

#[cfg(test)]
mod tests;
