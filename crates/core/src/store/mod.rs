//! The durable queue: batches, recipients, attempts and records in one redb file.
//!
//! One thread writes and groups what has come in meanwhile into one commit; another loads. What is in flight, what
//! waits and what has settled is one byte a mail, so that registering an attempt costs no row of its own. When the disk
//! is full the writer keeps what it was given and goes on once there is room (`outlast.rs`).

mod backend;
mod home;
mod job;
mod loader;
mod outlast;
mod past;
mod recover;
mod rows;
mod sealing;
mod submission;
mod thread;
mod upkeep;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use redb::ReadableDatabase;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::event::{BatchHead, ChunkWork, Event, Write};
use crate::message::{Batch, BatchError, BatchId};
use crate::queue::ChunkId;
use crate::record::Record;
use crate::seal::{Seal, SealError};
use crate::time::{Instant, Span};
use home::{FileMedium, Home, Medium};
use job::{Job, Reply, Work};
pub use submission::Submission;
use thread::Upkeep;

/// Why the queue cannot do its job. Nothing that was acknowledged is lost by any of these.
#[derive(Clone, Debug, Error)]
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
    /// There is no room. Nothing new is taken and nothing is sent until there is; then sending goes on by itself.
    #[error("the queue has no room: {0}. Nothing acknowledged is lost; submit again when there is room")]
    Full(String),
    /// The disk refused.
    #[error("the queue's disk: {0}; mend it, then start again: nothing acknowledged is lost")]
    Disk(String),
    /// The file or a row of it makes no sense.
    #[error(
        "the queue is damaged ({0}); keep the file and its key, and restore it from a backup, or begin in another folder"
    )]
    Damaged(String),
    /// The batch was not well-formed.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// There never was a batch of this number.
    #[error("there is no batch {0} in this queue: take the number of its receipt")]
    NoBatch(u32),
    /// Personal data could not be sealed.
    #[error("sealing: {0}")]
    Seal(#[from] SealError),
    /// The store has stopped after an earlier error, or was closed.
    #[error("the queue has stopped: {0}")]
    Stopped(String),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(e: E) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match e.into() {
            redb::Error::Io(e) if matches!(e.kind(), StorageFull | QuotaExceeded | FileTooLarge) => {
                StoreError::Full(e.to_string())
            }
            // A file that is shorter than it says.
            redb::Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => StoreError::Damaged(e.to_string()),
            redb::Error::Corrupted(problem) => StoreError::Damaged(problem),
            e @ (redb::Error::TableTypeMismatch { .. } | redb::Error::TableIsMultimap(_)) => {
                StoreError::Damaged(e.to_string())
            }
            e => StoreError::Disk(e.to_string()),
        }
    }
}

/// What is said of a row that must be there.
fn missing(what: &str, id: ChunkId) -> StoreError {
    StoreError::Damaged(format!("{what} {}/{} is missing", id.batch.0, id.number))
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

/// Where the store reports to.
pub type Sink = Box<dyn Fn(Result<Vec<Event>, StoreError>) + Send>;

/// Why nothing more is taken in, once that is so: a thread failed, or nobody sends any more.
#[derive(Clone, Default)]
struct Stop(Arc<Mutex<Option<StoreError>>>);

impl Stop {
    /// Remembers the first reason.
    fn halt(&self, error: StoreError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// Remembers the first reason, and reports it.
    fn tell(&self, error: StoreError, sink: &Sink) {
        self.halt(error.clone());
        sink(Err(error));
    }

    fn reason(&self) -> Option<StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn error(&self) -> StoreError {
        self.reason().unwrap_or_else(|| StoreError::Stopped("it was closed".into()))
    }

    /// Nobody is told that something is taken care of while nobody sends.
    fn check(&self) -> Result<(), StoreError> {
        self.reason().map_or(Ok(()), Err)
    }

    /// As [`Stop::check`], for what has become durable meanwhile.
    fn check_durable(&self) -> Result<(), StoreError> {
        let durable =
            |e| StoreError::Stopped(format!("{e}. What was given is durable and goes on after the next start"));
        self.check().map_err(durable)
    }
}

/// The open queue.
pub struct Store {
    home: Arc<Home>,
    seal: Arc<dyn Seal>,
    jobs: mpsc::Sender<Job>,
    loads: mpsc::Sender<ChunkId>,
    stop: Stop,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Store {
    /// Opens or creates the queue in a folder, whose file may grow to `bytes_max`; gives what was waiting in it. What is
    /// older than `remember` and has settled is forgotten, and a file that is mostly free is made smaller.
    ///
    /// Attempts that were registered and have no outcome are recorded as in doubt and wait to be sent again.
    ///
    /// # Errors
    /// [`StoreError`] names the file and what to do.
    pub fn open(
        folder: &Path,
        (bytes_max, remember): (u64, Span),
        seal: Arc<dyn Seal>,
        now: Instant,
    ) -> Result<(Opening, Found), StoreError> {
        let path = folder.join("queue.redb");
        Store::open_on(&path, Box::new(FileMedium::new(path.clone(), bytes_max)), remember, seal, now)
    }

    fn open_on(
        name: &Path,
        medium: Box<dyn Medium>,
        remember: Span,
        seal: Arc<dyn Seal>,
        now: Instant,
    ) -> Result<(Opening, Found), StoreError> {
        let home = Home::open(name, medium)?;
        let found = home.with(|db| recover::recover(db, now, remember))?;
        // What waits is not kept waiting for this.
        if found.work.is_empty() {
            home.compact()?;
        }
        Ok((Opening { home: Arc::new(home), seal, upkeep: Upkeep::daily(now, remember) }, found))
    }

    /// Makes a batch durable; the sink hears of its work, so that nothing depends on whether the caller still waits.
    /// A known key gives the same receipt and no work.
    ///
    /// # Errors
    /// [`StoreError::Batch`] if it is not well-formed, and [`StoreError::Full`]: nothing was stored then.
    pub async fn submit(&self, batch: Batch, now: Instant) -> Result<Receipt, StoreError> {
        let seal = self.seal.clone();
        let prepared = tokio::task::spawn_blocking(move || sealing::prepare(batch, now, seal.as_ref()));
        let (head, chunks) = prepared.await.map_err(|e| StoreError::Stopped(e.to_string()))??;
        self.ask(Work::Submit(Box::new(head), chunks)).await?.receipt()
    }

    /// Makes it durable that nothing more of a batch is sent; the sink hears it. Waits while there is no room.
    ///
    /// # Errors
    /// [`StoreError::NoBatch`], or the error that stopped the store.
    pub async fn cancel(&self, batch: BatchId) -> Result<(), StoreError> {
        match self.ask(Work::Cancel(batch)).await? {
            Reply::NoBatch => Err(StoreError::NoBatch(batch.0)),
            _ => Ok(()),
        }
    }

    /// Has attempts and outcomes written; the sink hears when they are durable.
    pub fn persist(&self, writes: Vec<Write>) {
        self.hand_over(Work::Persist(writes));
    }

    /// Keeps something learned under a name, in place of what was kept there, or forgets it if there are no bytes;
    /// the sink hears nothing.
    pub fn keep(&self, name: String, value: Vec<u8>) {
        self.hand_over(Work::Keep(name, value));
    }

    /// Has a chunk loaded; the sink hears it.
    pub fn load(&self, chunk: ChunkId) {
        // A closed channel means that the loader stopped and has reported why.
        let _ = self.loads.send(chunk);
    }

    /// Records from a cursor on, at most about `most`; each comes with the cursor behind it.
    ///
    /// # Errors
    /// [`StoreError::Disk`], [`StoreError::Full`] or [`StoreError::Damaged`].
    pub fn records(&self, from: u64, most: usize) -> Result<Vec<(u64, Record)>, StoreError> {
        self.home.with(|db| {
            let table = db.begin_read()?.open_table(rows::RECORDS)?;
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
        })
    }

    /// Takes in nothing more: what is written by then goes out after the next start.
    pub fn halt(&self, why: &str) {
        self.stop.halt(StoreError::Stopped(why.into()));
    }

    /// Waits until everything handed over is durable and the threads have ended.
    pub fn close(self) {
        self.halt("it was closed");
        drop(self.jobs);
        drop(self.loads);
        for thread in self.threads {
            // A panic there has already been reported by the default hook.
            let _ = thread.join();
        }
    }

    fn hand_over(&self, work: Work) {
        // A closed channel means that the writer stopped and has reported why.
        let _ = self.jobs.send(Job { work, answer: None });
    }

    async fn ask(&self, work: Work) -> Result<Reply, StoreError> {
        self.stop.check()?;
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job { work, answer: Some(answer) }).map_err(|_| self.stop.error())?;
        let reply = answered.await.map_err(|_| self.stop.error())??;
        self.stop.check_durable()?;
        Ok(reply)
    }
}

/// A queue that was opened and whose threads do not run yet.
pub struct Opening {
    home: Arc<Home>,
    seal: Arc<dyn Seal>,
    upkeep: Upkeep,
}

impl Opening {
    /// Starts the writer and the loader; they report to the sinks.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if the system gives no thread.
    pub fn start(self, writer_sink: Sink, loader_sink: Sink) -> Result<Store, StoreError> {
        let (jobs, job_queue) = mpsc::channel();
        let (loads, load_queue) = mpsc::channel();
        let stop = Stop::default();
        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(body).map_err(|e| StoreError::Disk(e.to_string()))
        };
        let (home, told) = (self.home.clone(), stop.clone());
        let upkeep = self.upkeep;
        let write = move || {
            if let Err(error) = thread::run(&home, upkeep, &job_queue, &writer_sink) {
                told.tell(error, &writer_sink);
            }
        };
        let (home, seal, told) = (self.home.clone(), self.seal.clone(), stop.clone());
        let load = move || {
            if let Err(error) = loader::run(&home, seal.as_ref(), &load_queue, &told, &loader_sink) {
                told.tell(error, &loader_sink);
            }
        };
        let threads = vec![spawn("queue-writer", Box::new(write))?, spawn("queue-loader", Box::new(load))?];
        Ok(Store { home: self.home, seal: self.seal, jobs, loads, stop, threads })
    }
}

#[cfg(test)]
mod tests;
