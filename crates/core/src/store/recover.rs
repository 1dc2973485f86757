//! After a start: what waits, what was in flight when the program ended, and the records that say so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use redb::{Database, ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::past;
use super::rows::{self, ChunkRow, Place, ShapeRow};
use super::{Found, StoreError, missing, upkeep};
use crate::event::{BatchHead, ChunkWork};
use crate::message::BatchId;
use crate::queue::{ChunkId, Past, Places};
use crate::record::Record;
use crate::retry;
use crate::time::{Instant, Span};

/// Reads everything that has not settled; what was in flight becomes in doubt and waits to be sent again.
///
/// Of most chunks only the shape and the progress are read, not the recipients: a start with a million waiting mails takes
/// a fraction of a second.
pub(super) fn recover(db: &Database, now: Instant, remember: Span) -> Result<Found, StoreError> {
    let txn = db.begin_write()?;
    create_tables(&txn)?;
    forget_drafts(&txn)?;
    shape_older_chunks(&txn)?;
    let mut work: BTreeMap<u32, Vec<ChunkWork>> = BTreeMap::new();
    let mut doubts = Vec::new();
    {
        let mut progress = txn.open_table(rows::PROGRESS)?;
        for entry in txn.open_table(rows::SHAPES)?.iter()? {
            let (key, row) = entry?;
            let key = key.value();
            let shape: ShapeRow = rows::decode("shape", row.value())?;
            let places: Option<Vec<Place>> =
                progress.get(key)?.map(|row| rows::decode("progress", row.value())).transpose()?;
            let chunk = match places {
                None => shape.fresh(key.1),
                Some(mut places) => {
                    let before = doubts.len();
                    let chunk = read_chunk(&txn, key, shape, &mut places, now, &mut doubts)?;
                    if doubts.len() > before {
                        progress.insert(key, rows::encode(&places)?.as_slice())?;
                    }
                    chunk
                }
            };
            work.entry(key.0).or_default().push(chunk);
        }
    }
    record_doubts(&txn, &doubts)?;
    end_older_batches(&txn, &work)?;
    let heads = read_heads(&txn, work.keys())?;
    upkeep::forget(&txn, |batch| heads.contains_key(&batch.0), now, remember)?;
    let cancelled = read_cancelled(&txn)?;
    let kept = read_kept(&txn)?;
    txn.commit()?;
    let join = |(batch, chunks)| {
        let missing = || missing("batch", ChunkId { batch: BatchId(batch), number: 0 });
        Ok((heads.get(&batch).cloned().ok_or_else(missing)?, chunks))
    };
    let work: Vec<_> = work.into_iter().map(join).collect::<Result<_, StoreError>>()?;
    let cancelled = cancelled.into_iter().filter(|id| work.iter().any(|(head, _)| head.id == *id)).collect();
    Ok(Found { work, cancelled, kept })
}

/// Tables must exist before the first reader asks for them.
fn create_tables(txn: &WriteTransaction) -> Result<(), StoreError> {
    for table in [rows::CHUNKS, rows::SHAPES, rows::PROGRESS, rows::AGAIN] {
        txn.open_table(table)?;
    }
    for table in [rows::BATCHES, rows::ENDED] {
        txn.open_table(table)?;
    }
    txn.open_table(rows::KEYS)?;
    txn.open_table(rows::RECORDS)?;
    txn.open_table(rows::COMMITS)?;
    Ok(())
}

/// Takes out what was begun and never became a batch: nobody was given a receipt for it.
fn forget_drafts(txn: &WriteTransaction) -> Result<(), StoreError> {
    let mut drafts = txn.open_table(rows::DRAFTS)?;
    let begun = drafts.iter()?.map(|entry| Ok(BatchId(entry?.0.value()))).collect::<Result<Vec<_>, StoreError>>()?;
    for batch in begun {
        upkeep::forget_draft(txn, batch)?;
        drafts.remove(batch.0)?;
    }
    Ok(())
}

/// Chunks that were written before there were shapes get theirs.
fn shape_older_chunks(txn: &WriteTransaction) -> Result<(), StoreError> {
    let chunks = txn.open_table(rows::CHUNKS)?;
    let mut shapes = txn.open_table(rows::SHAPES)?;
    if chunks.len()? == shapes.len()? {
        return Ok(());
    }
    for entry in chunks.iter()? {
        let (key, row) = entry?;
        let row: ChunkRow = rows::decode("chunk", row.value())?;
        shapes.insert(key.value(), rows::encode(&ShapeRow::of(&row))?.as_slice())?;
    }
    Ok(())
}

/// Batches that settled before there was a table for them are forgotten but for their receipts.
fn end_older_batches(txn: &WriteTransaction, work: &BTreeMap<u32, Vec<ChunkWork>>) -> Result<(), StoreError> {
    let all = txn
        .open_table(rows::BATCHES)?
        .iter()?
        .map(|entry| Ok(entry?.0.value()))
        .collect::<Result<Vec<_>, StoreError>>()?;
    for batch in all.into_iter().filter(|batch| !work.contains_key(batch)) {
        upkeep::end_settled(txn, BatchId(batch))?;
    }
    Ok(())
}

fn read_kept(txn: &WriteTransaction) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
    let table = txn.open_table(rows::KEPT)?;
    let mut kept = BTreeMap::new();
    for entry in table.iter()? {
        let (name, row) = entry?;
        kept.insert(name.value().to_string(), rows::decode("kept", row.value())?);
    }
    Ok(kept)
}

fn read_cancelled(txn: &WriteTransaction) -> Result<Vec<BatchId>, StoreError> {
    let table = txn.open_table(rows::CANCELLED)?;
    let all = table.iter()?.map(|entry| Ok(BatchId(entry?.0.value())));
    all.collect()
}

fn read_chunk(
    txn: &WriteTransaction,
    key: (u32, u32),
    shape: ShapeRow,
    places: &mut [Place],
    now: Instant,
    doubts: &mut Vec<Record>,
) -> Result<ChunkWork, StoreError> {
    let mut table = txn.open_table(rows::AGAIN)?;
    let id = ChunkId { batch: BatchId(key.0), number: key.1 };
    let names = if places.contains(&Place::InFlight) { read_names(txn, id)? } else { Vec::new() };
    let mut fresh = VecDeque::new();
    let mut again = Vec::new();
    for (at, place) in (0u16..).zip(places.iter_mut()) {
        if *place == Place::Fresh {
            fresh.push_back(at);
        }
        if matches!(place, Place::Fresh | Place::Settled) {
            continue;
        }
        let again_key = (key.0, id.mail(at).index);
        let kept: Option<(Past, Instant)> =
            table.get(again_key)?.map(|row| rows::decode("again", row.value())).transpose()?;
        let (mut past, mut due) = kept.unwrap_or((Past::default(), now));
        // What was put off by a clock that was fast is due by the one that is right.
        due = due.min(now + retry::LONGEST);
        if *place == Place::InFlight {
            past.attempts += 1;
            past.doubts += 1;
            due = now;
            *place = Place::Again;
            table.insert(again_key, rows::encode(&(past, due))?.as_slice())?;
            let recipient = names.get(usize::from(at)).cloned().unwrap_or_default();
            doubts.push(Record::crashed(id.batch, recipient, &shape.domain, past.attempts, now));
        }
        again.push((at, past, due));
    }
    Ok(ChunkWork { number: key.1, domain: shape.domain, fresh: Places::from_list(fresh), again })
}

/// The callers' names of the mails of a chunk.
fn read_names(txn: &WriteTransaction, id: ChunkId) -> Result<Vec<String>, StoreError> {
    let chunks = txn.open_table(rows::CHUNKS)?;
    let row = chunks.get((id.batch.0, id.number))?.ok_or_else(|| missing("chunk", id))?;
    let row: ChunkRow = rows::decode("chunk", row.value())?;
    Ok(row.rows.into_iter().map(|row| row.id).collect())
}

fn record_doubts(txn: &WriteTransaction, doubts: &[Record]) -> Result<(), StoreError> {
    let mut table = txn.open_table(rows::RECORDS)?;
    if !doubts.is_empty() {
        let behind = rows::records_behind(&table)?;
        table.insert(behind, past::encode(doubts)?.as_slice())?;
    }
    Ok(())
}

fn read_heads<'a>(
    txn: &WriteTransaction,
    batches: impl Iterator<Item = &'a u32>,
) -> Result<BTreeMap<u32, Arc<BatchHead>>, StoreError> {
    let table = txn.open_table(rows::BATCHES)?;
    let mut heads = BTreeMap::new();
    for batch in batches {
        if let Some(row) = table.get(batch)? {
            heads.insert(*batch, Arc::new(rows::decode("batch", row.value())?));
        }
    }
    Ok(heads)
}
