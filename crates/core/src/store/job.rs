//! What the writer is given, and what it answers.

use tokio::sync::oneshot;

use super::rows::ChunkRow;
use super::sealing::Numbered;
use super::{Receipt, StoreError};
use crate::event::{BatchHead, ChunkWork, Write};
use crate::message::BatchId;

/// One thing to write, and who waits for it.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) answer: Option<oneshot::Sender<Result<Reply, StoreError>>>,
}

/// What is to be written.
pub(super) enum Work {
    /// A whole batch.
    Submit(Box<BatchHead>, Numbered),
    /// The head of a batch whose recipients come in parts.
    Begin(Box<BatchHead>),
    /// Chunks of it by their numbers.
    Part(BatchId, Vec<(u32, ChunkRow)>),
    /// All its parts are there: this many recipients, in these chunks.
    Finish(BatchId, u32, Vec<ChunkWork>),
    /// No more parts will come.
    Abandon(BatchId),
    /// Attempts and outcomes.
    Persist(Vec<Write>),
    /// Nothing more of a batch is sent.
    Cancel(BatchId),
    /// Something learned, under its name.
    Keep(String, Vec<u8>),
}

/// What became of a job.
#[derive(Debug)]
pub(super) enum Reply {
    Receipt(Receipt),
    /// A batch was begun under this number.
    Begun(BatchId),
    /// There never was such a batch.
    NoBatch,
    Done,
}

impl Reply {
    /// The receipt of a submission.
    pub(super) fn receipt(self) -> Result<Receipt, StoreError> {
        match self {
            Reply::Receipt(receipt) => Ok(receipt),
            Reply::Begun(_) | Reply::NoBatch | Reply::Done => {
                Err(StoreError::Stopped("a submission was answered with no receipt".into()))
            }
        }
    }
}

impl Job {
    /// Tells whoever waits; where nobody waits any more it is durable all the same.
    pub(super) fn tell(self, reply: Result<Reply, StoreError>) {
        if let Some(answer) = self.answer {
            let _ = answer.send(reply);
        }
    }

    /// How many attempts and outcomes it writes.
    pub(super) fn writes(&self) -> usize {
        match &self.work {
            Work::Persist(writes) => writes.len(),
            _ => 0,
        }
    }

    /// Whether it takes in something new, which may be refused.
    pub(super) fn admits(&self) -> bool {
        matches!(self.work, Work::Submit(..) | Work::Begin(_) | Work::Part(..) | Work::Finish(..))
    }
}
