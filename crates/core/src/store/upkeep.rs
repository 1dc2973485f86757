//! What keeps the file from growing without end: what is old is forgotten at a start and once a day, and what has settled but for its receipt.

use redb::{ReadableTable, WriteTransaction};

use super::StoreError;
use super::past;
use super::rows::{self, EndedRow};
use crate::event::BatchHead;
use crate::message::BatchId;
use crate::time::{Instant, Span};

/// Groups of records that are forgotten at once at most, so that it does not take long.
const GROUPS_MAX: usize = 20_000;

/// Forgets records, and keys of batches that have settled, once they are older than `remember`. What waits keeps all of its
/// records, and the last batch its number.
pub(super) fn forget(
    txn: &WriteTransaction,
    is_waiting: impl Fn(BatchId) -> bool,
    now: Instant,
    remember: Span,
) -> Result<(), StoreError> {
    let is_old = |at: Instant| at + remember < now;
    let mut records = txn.open_table(rows::RECORDS)?;
    let mut old = Vec::new();
    for entry in records.iter()?.take(GROUPS_MAX) {
        let (key, row) = entry?;
        let group = past::decode(row.value())?;
        if group.iter().any(|record| !is_old(record.at) || is_waiting(record.batch)) {
            break;
        }
        old.push(key.value());
    }
    // The last group tells where the numbers go on.
    let last = records.last()?.map(|(key, _)| key.value());
    for key in old.into_iter().filter(|key| Some(*key) != last) {
        records.remove(key)?;
    }
    let mut ended = txn.open_table(rows::ENDED)?;
    let last = ended.last()?.map(|(key, _)| key.value());
    let mut gone = Vec::new();
    for entry in ended.iter()? {
        let (id, row) = entry?;
        let row: EndedRow = rows::decode("ended batch", row.value())?;
        if is_old(row.submitted) && Some(id.value()) != last {
            gone.push((id.value(), row.key));
        }
    }
    let mut keys = txn.open_table(rows::KEYS)?;
    for (id, key) in gone {
        ended.remove(id)?;
        keys.remove(key.as_str())?;
    }
    Ok(())
}

/// Takes out the chunks and the head of a submission that was not finished.
pub(super) fn forget_draft(txn: &WriteTransaction, batch: BatchId) -> Result<(), StoreError> {
    let all = (batch.0, 0)..=(batch.0, u32::MAX);
    txn.open_table(rows::CHUNKS)?.retain_in(all.clone(), |_, _| false)?;
    txn.open_table(rows::SHAPES)?.retain_in(all, |_, _| false)?;
    txn.open_table(rows::BATCHES)?.remove(batch.0)?;
    txn.open_table(rows::CANCELLED)?.remove(batch.0)?;
    Ok(())
}

/// Forgets a batch that has no chunk left but for what its receipt says; tells whether it had none.
pub(super) fn end_settled(txn: &WriteTransaction, id: BatchId) -> Result<bool, StoreError> {
    if txn.open_table(rows::SHAPES)?.range((id.0, 0)..=(id.0, u32::MAX))?.next().is_some() {
        return Ok(false);
    }
    let mut batches = txn.open_table(rows::BATCHES)?;
    let Some(row) = batches.remove(id.0)? else { return Ok(true) };
    let BatchHead { key, recipients, submitted, .. } = rows::decode("batch", row.value())?;
    let row = rows::encode(&EndedRow { key, recipients, submitted })?;
    txn.open_table(rows::ENDED)?.insert(id.0, row.as_slice())?;
    txn.open_table(rows::CANCELLED)?.remove(id.0)?;
    Ok(true)
}
