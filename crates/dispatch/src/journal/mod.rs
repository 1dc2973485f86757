//! The contract of a journal: append with an expected head, read, wait for more.
//!
//! Homes are memory and redb here; PostgreSQL will meet the same contract. A home knows rows, not events: it stores
//! bytes and compares heads. One contract test (`tests/journal.rs`) runs for every home.

pub(crate) mod memory;
pub(crate) mod redb;

use std::future::Future;
use std::pin::Pin;

use thiserror::Error;

use crate::chain::{Broken, Head, Row};

/// A future of a journal, boxed so that `dyn Journal` is possible.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, JournalError>> + Send + 'a>>;

/// Most rows that one read returns.
pub const READ_ROWS_MAX: usize = 4_096;

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The rows are durable and this is the new head.
    Ok(Head),
    /// Somebody else appended first: the rows after the expected head, at most [`READ_ROWS_MAX`]. Nothing was written.
    Conflict(Vec<Row>),
}

/// Why a journal could not do its work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The storage failed.
    #[error("the journal at {place}: {problem}")]
    Storage {
        /// Which journal.
        place: String,
        /// What went wrong and what to do.
        problem: String,
    },
    /// A stored row has a form that this program does not know.
    #[error("row {seq} of the journal at {place} has form {version}: use a newer hikyaku to read it")]
    Version {
        /// Which journal.
        place: String,
        /// Which row.
        seq: u64,
        /// Its version byte.
        version: u8,
    },
    /// The expected head was never a head of this journal.
    #[error("the journal has another past than this node: stop this node and copy the journal anew")]
    OtherPast,
    /// The chain does not hold.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// An append-only list of rows that several writers may share.
pub trait Journal: Send + Sync {
    /// Appends all rows or none, if the journal still ends at `expected`; durable when it returns [`Appended::Ok`].
    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended>;
    /// The recorded end.
    fn head(&self) -> Pending<'_, Head>;
    /// Up to [`READ_ROWS_MAX`] rows, the first one numbered `seq` or later; empty at the end.
    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>>;
    /// As [`Journal::read_from`], but waits until there is at least one row.
    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>>;
}

/// Reads the whole journal and checks every row and the recorded end (requirement S09).
///
/// # Errors
/// [`JournalError::Broken`] names the first row that is not what was written.
pub async fn verify(journal: &dyn Journal) -> Result<Head, JournalError> {
    let recorded = journal.head().await?;
    let mut head = Head::default();
    loop {
        let rows = journal.read_from(head.seq + 1).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            head = head.follow(row)?;
        }
        // Rows that another writer appended meanwhile are not part of what is verified.
        if head.seq > recorded.seq {
            return Box::pin(verify(journal)).await;
        }
    }
    if head == recorded { Ok(head) } else { Err(Broken::End { found: head.seq, recorded: recorded.seq }.into()) }
}
