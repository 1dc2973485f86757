//! What the rows of the queue look like: a version byte, then a compact encoding.

use redb::{ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{StoreError, past};
use crate::event::ChunkWork;
use crate::queue::Places;
use crate::time::Instant;

/// Present form of every row.
const ROW_V1: u8 = 1;

/// Batch heads by number.
pub(super) const BATCHES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("batches");
/// Batch numbers by the callers' keys.
pub(super) const KEYS: TableDefinition<'_, &str, u32> = TableDefinition::new("keys");
/// Sealed recipients by (batch, chunk).
pub(super) const CHUNKS: TableDefinition<'_, (u32, u32), &[u8]> = TableDefinition::new("chunks");
/// The size and domain of each chunk, by (batch, chunk): what a start must know of it.
pub(super) const SHAPES: TableDefinition<'_, (u32, u32), &[u8]> = TableDefinition::new("shapes");
/// Batches whose submission has begun and not ended; a start forgets them.
pub(super) const DRAFTS: TableDefinition<'_, u32, ()> = TableDefinition::new("drafts");
/// What is remembered of batches that have settled, by number.
pub(super) const ENDED: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("ended");
/// How many commits there were: whether the last one counted, when the disk's answer to it was an error.
pub(super) const COMMITS: TableDefinition<'_, (), u64> = TableDefinition::new("commits");
/// A state for each place, by (batch, chunk).
pub(super) const PROGRESS: TableDefinition<'_, (u32, u32), &[u8]> = TableDefinition::new("progress");
/// What is remembered of mails that were tried before, by (batch, index).
pub(super) const AGAIN: TableDefinition<'_, (u32, u32), &[u8]> = TableDefinition::new("again");
/// Batches of which nothing more is sent.
pub(super) const CANCELLED: TableDefinition<'_, u32, ()> = TableDefinition::new("cancelled");
/// Groups of records by the number of their first.
pub(super) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// What the machine has learned, by the name it gave it.
pub(super) const KEPT: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("kept");

/// One recipient as it waits on disk. The id is the caller's and not personal data.
#[derive(Serialize, Deserialize)]
pub(super) struct SealedRow {
    pub(super) id: String,
    pub(super) key: u64,
    /// Address and fields; empty once the mail has settled.
    pub(super) sealed: Vec<u8>,
}

/// A chunk as it waits on disk.
#[derive(Serialize, Deserialize)]
pub(super) struct ChunkRow {
    pub(super) domain: String,
    pub(super) rows: Vec<SealedRow>,
}

/// What a start must know of a chunk.
#[derive(Serialize, Deserialize)]
pub(super) struct ShapeRow {
    pub(super) domain: String,
    pub(super) len: u16,
}

/// What is remembered of a batch that has settled, so that its key goes on giving the same receipt.
#[derive(Serialize, Deserialize)]
pub(super) struct EndedRow {
    pub(super) key: String,
    pub(super) recipients: u32,
    pub(super) submitted: Instant,
}

impl ShapeRow {
    /// The shape of a chunk.
    pub(super) fn of(row: &ChunkRow) -> Self {
        ShapeRow { domain: row.domain.clone(), len: u16::try_from(row.rows.len()).unwrap_or(u16::MAX) }
    }

    /// The work of such a chunk of which nothing was tried yet.
    pub(super) fn fresh(self, number: u32) -> ChunkWork {
        ChunkWork { number, domain: self.domain, fresh: Places::Range(0, self.len), again: Vec::new() }
    }
}

/// Where a place of a chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    Fresh,
    /// Registered, and no outcome is durable.
    InFlight,
    Settled,
    /// Tried before; `AGAIN` has the rest.
    Again,
}

/// Encodes a row.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(value, vec![ROW_V1]).map_err(|e| StoreError::Damaged(e.to_string()))
}

/// The number behind the last record.
pub(super) fn records_behind(table: &impl ReadableTable<u64, &'static [u8]>) -> Result<u64, StoreError> {
    Ok(match table.last()? {
        Some((key, row)) => key.value() + past::decode(row.value())?.len() as u64,
        None => 0,
    })
}

/// Decodes a row of any version that was ever written.
pub(super) fn decode<T: DeserializeOwned>(what: &'static str, row: &[u8]) -> Result<T, StoreError> {
    let damaged = |problem: String| StoreError::Damaged(format!("{what}: {problem}"));
    match row.split_first() {
        Some((&ROW_V1, rest)) => postcard::from_bytes(rest).map_err(|e| damaged(e.to_string())),
        Some((version, _)) => Err(damaged(format!("row version {version} is newer than this program"))),
        None => Err(damaged("an empty row".into())),
    }
}
