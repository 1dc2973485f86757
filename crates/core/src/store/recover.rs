//! After a start: what waits, what was in flight when the program ended, and the records that say so.

use std::collections::BTreeMap;
use std::sync::Arc;

use redb::{Database, ReadableTable, WriteTransaction};

use super::past;
use super::rows::{self, ChunkRow, Place};
use super::{Found, StoreError, fresh_work};
use crate::carrier::Carrier;
use crate::event::{BatchHead, ChunkWork};
use crate::message::BatchId;
use crate::outcome::{Cause, Outcome};
use crate::queue::{ChunkId, Past, Places};
use crate::record::Record;
use crate::time::{Instant, Span};
use crate::via::Via;

/// Reads everything that has not settled; what was in flight becomes in doubt and waits to be sent again.
pub(super) fn recover(db: &Database, now: Instant) -> Result<Found, StoreError> {
    let txn = db.begin_write()?;
    let mut work: BTreeMap<u32, Vec<ChunkWork>> = BTreeMap::new();
    let mut doubts = Vec::new();
    {
        let chunks = txn.open_table(rows::CHUNKS)?;
        let mut progress = txn.open_table(rows::PROGRESS)?;
        for entry in chunks.iter()? {
            let (key, row) = entry?;
            let key = key.value();
            let row: ChunkRow = rows::decode("chunk", row.value())?;
            let places: Option<Vec<Place>> =
                progress.get(key)?.map(|row| rows::decode("progress", row.value())).transpose()?;
            let chunk = match places {
                None => fresh_work(key.1, &row),
                Some(mut places) => {
                    let before = doubts.len();
                    let chunk = read_chunk(&txn, key, &row, &mut places, now, &mut doubts)?;
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
    let heads = read_heads(&txn, work.keys())?;
    let cancelled = read_cancelled(&txn)?;
    let kept = read_kept(&txn)?;
    txn.commit()?;
    let join = |(batch, chunks)| {
        let missing = || StoreError::Damaged(format!("batch {batch} is missing"));
        Ok((heads.get(&batch).cloned().ok_or_else(missing)?, chunks))
    };
    let work: Vec<_> = work.into_iter().map(join).collect::<Result<_, StoreError>>()?;
    let cancelled = cancelled.into_iter().filter(|id| work.iter().any(|(head, _)| head.id == *id)).collect();
    Ok(Found { work, cancelled, kept })
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
    row: &ChunkRow,
    places: &mut [Place],
    now: Instant,
    doubts: &mut Vec<Record>,
) -> Result<ChunkWork, StoreError> {
    let mut table = txn.open_table(rows::AGAIN)?;
    let id = ChunkId { batch: BatchId(key.0), number: key.1 };
    let mut fresh = std::collections::VecDeque::new();
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
        if *place == Place::InFlight {
            past.attempts += 1;
            past.doubts += 1;
            due = now;
            *place = Place::Again;
            table.insert(again_key, rows::encode(&(past, due))?.as_slice())?;
            let recipient = row.rows.get(usize::from(at)).map(|row| row.id.clone()).unwrap_or_default();
            doubts.push(crashed(id.batch, recipient, &row.domain, past.attempts, now));
        }
        again.push((at, past, due));
    }
    Ok(ChunkWork { number: key.1, domain: row.domain.clone(), fresh: Places::List(fresh), again })
}

fn crashed(batch: BatchId, recipient: String, domain: &str, attempt: u32, now: Instant) -> Record {
    Record {
        batch,
        recipient,
        at: now,
        carrier: Carrier::new(domain),
        attempt,
        outcome: Some(Outcome::InDoubt),
        cause: Some(Cause::Crash),
        stage: None,
        host: String::new(),
        tls: false,
        reply: String::new(),
        latency: Span::ZERO,
        settled: None,
        route: Via::Direct,
    }
}

fn record_doubts(txn: &WriteTransaction, doubts: &[Record]) -> Result<(), StoreError> {
    let mut table = txn.open_table(rows::RECORDS)?;
    if doubts.is_empty() {
        return Ok(());
    }
    let behind = match table.last()? {
        Some((key, row)) => key.value() + past::decode(row.value())?.len() as u64,
        None => 0,
    };
    table.insert(behind, past::encode(doubts)?.as_slice())?;
    Ok(())
}

fn read_heads<'a>(
    txn: &WriteTransaction,
    batches: impl Iterator<Item = &'a u32>,
) -> Result<BTreeMap<u32, Arc<BatchHead>>, StoreError> {
    let table = txn.open_table(rows::BATCHES)?;
    // Tables must exist before the first reader asks for them.
    txn.open_table(rows::KEYS)?;
    let mut heads = BTreeMap::new();
    for batch in batches {
        if let Some(row) = table.get(batch)? {
            heads.insert(*batch, Arc::new(rows::decode("batch", row.value())?));
        }
    }
    Ok(heads)
}
