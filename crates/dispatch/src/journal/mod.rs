//! The contract of a journal: append with an expected head, read, wait for more.
//!
//! Homes are memory, one redb file, and PostgreSQL. A home knows rows, not events: it stores
//! bytes and compares heads. What every home must do is in `contract`, which `tests/journal.rs` and `tests/postgres.rs` hold
//! them to.

pub(crate) mod contract;
pub(crate) mod copy;
pub(crate) mod heads;
pub(crate) mod memory;
pub(crate) mod outbox;
pub(crate) mod postgres;
pub(crate) mod redb;
pub(crate) mod verify;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use thiserror::Error;

use crate::chain::{Broken, Head, Row};

/// A future of a journal, boxed so that `dyn Journal` is possible.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, JournalError>> + Send + 'a>>;

/// The same without an outcome.
pub type Moment<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Most rows that one read returns.
pub const READ_ROWS_MAX: usize = 1_024;

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
    /// Has other writers wait until the next append from here, or [`Journal::give_turn_up`], or some seconds: for one whom others
    /// were faster than, and would be again. Where that cannot be had soon nothing happens, nor by default: nobody is far from a file.
    fn take_turn(&self) -> Moment<'_> {
        Box::pin(std::future::ready(()))
    }
    /// Lets other writers go on if a turn was taken and nothing was appended.
    fn give_turn_up(&self) -> Moment<'_> {
        Box::pin(std::future::ready(()))
    }
    /// The recorded end.
    fn head(&self) -> Pending<'_, Head>;
    /// [`READ_ROWS_MAX`] rows, or as many as there are by now, the first one numbered `seq` or later; empty at the end.
    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>>;
    /// The rows with these numbers, in their order; those that are not there are left out.
    fn read_rows(&self, seqs: BTreeSet<u64>) -> Pending<'_, Vec<Row>> {
        Box::pin(async move {
            let mut rows = Vec::with_capacity(seqs.len());
            for seq in seqs {
                rows.extend(self.read_from(seq).await?.into_iter().next().filter(|row| row.seq == seq));
            }
            Ok(rows)
        })
    }
    /// As [`Journal::read_from`], but waits until there is at least one row.
    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>>;
    /// Replaces the content of these rows by its digest, so that the old bytes are in no present file of the journal;
    /// chain and head stay what they are. Rows of form 1, and numbers that are not there, are left alone.
    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()>;
}
