//! A batch whose recipients come in parts, so that nobody has to hold all of them in memory.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

use super::job::{Job, Reply, Work};
use super::rows::{ChunkRow, ShapeRow};
use super::sealing::{self, Group, Numbering};
use super::{Receipt, Stop, Store, StoreError};
use crate::event::{BatchHead, ChunkWork};
use crate::message::{self, Batch, BatchId, Recipient};
use crate::queue::CHUNK_MAILS_MAX;
use crate::seal::Seal;
use crate::time::Instant;

/// Recipients that are handed to the disk together.
const PART_MAILS: usize = 8 * CHUNK_MAILS_MAX as usize;
/// Recipients that wait for others of their domain, at most; so many that chunks are full where domains are few.
const WAITING_MAX: usize = 4 * PART_MAILS;

/// A batch that is being submitted in parts: [`add`](Submission::add) as often as need be, then
/// [`finish`](Submission::finish).
///
/// What is added goes to the disk as it comes; memory holds some ten thousand recipients and eight bytes for each id.
/// Nothing is sent, and nothing counts, before `finish` has given the receipt: a submission that is dropped, or whose
/// program ends, leaves nothing behind.
pub struct Submission {
    jobs: mpsc::Sender<Job>,
    stop: Stop,
    seal: Arc<dyn Seal>,
    head: BatchHead,
    state: State,
    /// A hash of every id: that two of 20 million ids share one has a chance of 1 in 100,000.
    seen: HashSet<u64>,
    hashing: RandomState,
    waiting: BTreeMap<Group, Vec<Recipient>>,
    waiting_mails: usize,
    /// The chunks that are on the disk or on their way.
    shapes: BTreeMap<u32, ShapeRow>,
    /// Which numbers they have.
    numbered: Numbering,
    /// The part that is being written.
    under_way: Option<oneshot::Receiver<Result<Reply, StoreError>>>,
}

enum State {
    /// Nothing is on the disk yet.
    New,
    Begun(BatchId),
    /// The key is known: nothing is taken.
    Known(Receipt),
    Over,
}

impl Store {
    /// Begins a batch whose recipients come in parts; those that it has already are its first.
    ///
    /// # Errors
    /// As [`Store::submit`].
    pub async fn begin(&self, batch: Batch, now: Instant) -> Result<Submission, StoreError> {
        batch.check_head(0)?;
        let (head, first) = sealing::split(batch, now);
        let mut submission = Submission {
            jobs: self.jobs.clone(),
            stop: self.stop.clone(),
            seal: self.seal.clone(),
            head,
            state: State::New,
            seen: HashSet::new(),
            hashing: RandomState::new(),
            waiting: BTreeMap::new(),
            waiting_mails: 0,
            shapes: BTreeMap::new(),
            numbered: Numbering::default(),
            under_way: None,
        };
        submission.begin().await?;
        submission.add(first).await?;
        Ok(submission)
    }
}

impl Submission {
    /// Whether the batch's key was known before, so that nothing that is added will be sent.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self.state, State::Known(_))
    }

    /// Adds recipients. Best some thousands at a time.
    ///
    /// # Errors
    /// [`StoreError::Batch`] names the first recipient that cannot be taken; [`StoreError::Full`]. The whole submission
    /// is over then.
    pub async fn add(&mut self, recipients: Vec<Recipient>) -> Result<(), StoreError> {
        if self.is_known() {
            return Ok(());
        }
        for recipient in recipients {
            if !self.seen.insert(self.hashing.hash_one(&recipient.id)) {
                return Err(recipient.is_there_twice().into());
            }
            self.head.template.check_recipient(&recipient)?;
            self.waiting.entry(sealing::group(&recipient)).or_default().push(recipient);
            self.waiting_mails += 1;
        }
        message::check_number(self.seen.len())?;
        while self.waiting_mails >= PART_MAILS {
            let mut parts = self.take_full();
            if parts.is_empty() && self.waiting_mails < WAITING_MAX {
                break;
            }
            if parts.is_empty() {
                parts = self.take_all();
            }
            self.write(parts).await?;
        }
        Ok(())
    }

    /// Makes the batch durable and has it sent; a known key gives the same receipt and nothing new.
    ///
    /// # Errors
    /// As [`Submission::add`]; nothing is sent then.
    pub async fn finish(mut self) -> Result<Receipt, StoreError> {
        if let State::Known(receipt) = &self.state {
            return Ok(receipt.clone());
        }
        let rest = self.take_all();
        self.write(rest).await?;
        self.settle_part().await?;
        let State::Begun(batch) = self.state else { return Err(self.stop.error()) };
        let shapes = core::mem::take(&mut self.shapes);
        let work: Vec<ChunkWork> = shapes.into_iter().map(|(number, shape)| shape.fresh(number)).collect();
        let recipients = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        let receipt = self.send(Work::Finish(batch, recipients, work))?.await.map_err(|_| self.stop.error())??;
        self.state = State::Over;
        self.stop.check_durable()?;
        receipt.receipt()
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        let head = Box::new(self.head.clone());
        let reply = self.send(Work::Begin(head))?.await.map_err(|_| self.stop.error())??;
        self.state = match reply {
            Reply::Begun(batch) => State::Begun(batch),
            reply => State::Known(reply.receipt()?),
        };
        Ok(())
    }

    /// Takes full chunks out of what waits, up to a part.
    fn take_full(&mut self) -> Vec<(Group, Vec<Recipient>)> {
        let size = CHUNK_MAILS_MAX as usize;
        let mut parts = Vec::new();
        for (group, waiting) in &mut self.waiting {
            while waiting.len() >= size && parts.len() * size < PART_MAILS {
                let rest = waiting.split_off(size);
                parts.push((group.clone(), core::mem::replace(waiting, rest)));
                self.waiting_mails -= size;
            }
        }
        self.waiting.retain(|_, waiting| !waiting.is_empty());
        parts
    }

    fn take_all(&mut self) -> Vec<(Group, Vec<Recipient>)> {
        self.waiting_mails = 0;
        let all = core::mem::take(&mut self.waiting);
        let size = CHUNK_MAILS_MAX as usize;
        let cut = |(group, mut waiting): (Group, Vec<Recipient>)| {
            let mut parts = Vec::new();
            while waiting.len() > size {
                let rest = waiting.split_off(size);
                parts.push((group.clone(), core::mem::replace(&mut waiting, rest)));
            }
            parts.push((group, waiting));
            parts
        };
        all.into_iter().flat_map(cut).collect()
    }

    /// Seals these chunks while the part before them is being written, then hands them over.
    async fn write(&mut self, parts: Vec<(Group, Vec<Recipient>)>) -> Result<(), StoreError> {
        let State::Begun(batch) = self.state else { return Ok(()) };
        let numbers =
            parts.iter().map(|((history, _), _)| self.numbered.next(*history)).collect::<Result<Vec<u32>, _>>()?;
        let seal = self.seal.clone();
        let sealing = tokio::task::spawn_blocking(move || {
            let parts: Vec<(&str, &[Recipient])> =
                parts.iter().map(|((_, d), all)| (d.as_str(), all.as_slice())).collect();
            sealing::seal_parts(&parts, seal.as_ref())
        });
        let chunks = sealing.await.map_err(|e| StoreError::Stopped(e.to_string()))??;
        self.settle_part().await?;
        let chunks: Vec<(u32, ChunkRow)> = numbers.into_iter().zip(chunks).collect();
        self.shapes.extend(chunks.iter().map(|(number, row)| (*number, ShapeRow::of(row))));
        self.under_way = Some(self.send(Work::Part(batch, chunks))?);
        Ok(())
    }

    /// Waits until the part that is being written is durable.
    async fn settle_part(&mut self) -> Result<(), StoreError> {
        if let Some(part) = self.under_way.take() {
            part.await.map_err(|_| self.stop.error())??;
        }
        Ok(())
    }

    fn send(&self, work: Work) -> Result<oneshot::Receiver<Result<Reply, StoreError>>, StoreError> {
        self.stop.check()?;
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job { work, answer: Some(answer) }).map_err(|_| self.stop.error())?;
        Ok(answered)
    }
}

impl Drop for Submission {
    fn drop(&mut self) {
        if let State::Begun(batch) = self.state {
            // If the writer is gone, the next start forgets it.
            let _ = self.jobs.send(Job { work: Work::Abandon(batch), answer: None });
        }
    }
}
