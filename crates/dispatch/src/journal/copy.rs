//! A journal copied from one home to another, and proof that both are the same.

use thiserror::Error;

use super::verify::{Verified, verify_against};
use super::{Appended, Journal, JournalError};
use crate::chain::Head;

/// Why a journal was not copied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CopyError {
    /// One of the two cannot be read or written, or is not what was once written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// There is another journal already.
    #[error("there is another journal already where it is to be copied to: choose an empty place; nothing was changed")]
    Taken,
    /// They are not the same afterwards.
    #[error("the copy differs at row {seq}: do not use it, remove it and copy again")]
    Differs {
        /// The first row that is another one.
        seq: u64,
    },
}

/// Copies all rows of `from` that `to` does not have, and reads both from front to back: every row must be the same, and
/// each chain must hold up to the same hash. A copy that was interrupted is continued.
///
/// # Errors
/// [`CopyError`] says why the copy is not to be used.
pub async fn copy(from: &dyn Journal, to: &dyn Journal) -> Result<Verified, CopyError> {
    let end = from.head().await?;
    let mut head = to.head().await?;
    if head.seq > end.seq || !passes(from, head).await? {
        return Err(CopyError::Taken);
    }
    while head.seq < end.seq {
        let mut rows = from.read_from(head.seq + 1).await?;
        rows.retain(|row| row.seq <= end.seq);
        let mut after = head;
        for row in &rows {
            after = after.follow(row).map_err(JournalError::from)?;
        }
        if rows.is_empty() {
            return Err(CopyError::Differs { seq: head.seq + 1 });
        }
        match to.append(rows, head).await? {
            Appended::Ok(reached) => head = reached,
            Appended::Conflict(_) => return Err(CopyError::Taken),
        }
    }
    compare(from, to, end).await
}

/// Whether the journal passed through this head.
async fn passes(journal: &dyn Journal, head: Head) -> Result<bool, JournalError> {
    if head == Head::default() {
        return Ok(true);
    }
    let rows = journal.read_from(head.seq).await?;
    Ok(rows.first().is_some_and(|row| (row.seq, row.hash) == (head.seq, head.hash)))
}

/// Row by row: the chain alone would not show that a content was dropped in one of them only.
async fn compare(from: &dyn Journal, to: &dyn Journal, end: Head) -> Result<Verified, CopyError> {
    let mut seq = 1;
    while seq <= end.seq {
        let (ours, theirs) = (from.read_from(seq).await?, to.read_from(seq).await?);
        let pairs = ours.iter().zip(&theirs).take_while(|(row, _)| row.seq <= end.seq);
        let mut same = 0;
        for (row, copied) in pairs {
            if row != copied {
                return Err(CopyError::Differs { seq: row.seq });
            }
            same += 1;
        }
        if same == 0 {
            return Err(CopyError::Differs { seq });
        }
        seq += same;
    }
    let copied = verify_against(to, &[]).await?;
    if copied.head == end { Ok(copied) } else { Err(CopyError::Differs { seq: end.seq }) }
}
