//! The one thread that loads chunks and opens what is sealed in them.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use redb::{Database, ReadableDatabase};

use super::home::Home;
use super::rows::{self, ChunkRow};
use super::{Sink, Stop, StoreError, missing, sealing};
use crate::event::{BatchHead, Chunk, Event};
use crate::message::BatchId;
use crate::queue::ChunkId;
use crate::seal::Seal;

/// Heads of batches kept at hand.
const HEADS_MAX: usize = 64;
/// How long it waits before it reads again what the disk did not give.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often it opens the file again before it gives up.
const TRIES_MAX: u32 = 5;

/// Loads until the channel closes or the disk fails for good.
pub(super) fn run(
    home: &Home,
    seal: &dyn Seal,
    queue: &mpsc::Receiver<ChunkId>,
    stop: &Stop,
    sink: &Sink,
) -> Result<(), StoreError> {
    let mut heads = HashMap::new();
    for id in queue {
        let mut tries = 0;
        let chunk = loop {
            match home.with(|db| load(db, seal, id, &mut heads)) {
                // Nobody waits for it any more, and nobody may open the file again.
                Err(StoreError::Full(_)) if stop.reason().is_some() => return Ok(()),
                // A failed write makes reading fail too until the file is open again, which the writer sees to.
                Err(StoreError::Full(_)) => std::thread::sleep(PATIENCE),
                Err(StoreError::Disk(_)) if tries < TRIES_MAX => {
                    tries += 1;
                    std::thread::sleep(PATIENCE);
                    if tries > 1 {
                        home.reopen()?;
                    }
                }
                loaded => break loaded?,
            }
        };
        sink(Ok(vec![Event::Loaded(Arc::new(chunk))]));
    }
    Ok(())
}

fn load(
    db: &Database,
    seal: &dyn Seal,
    id: ChunkId,
    heads: &mut HashMap<BatchId, Arc<BatchHead>>,
) -> Result<Chunk, StoreError> {
    let read = db.begin_read()?;
    let head = match heads.get(&id.batch) {
        Some(head) => head.clone(),
        None => {
            let row = read.open_table(rows::BATCHES)?.get(id.batch.0)?.ok_or_else(|| missing("batch", id))?;
            let head: Arc<BatchHead> = Arc::new(rows::decode("batch", row.value())?);
            if heads.len() >= HEADS_MAX {
                heads.clear();
            }
            heads.insert(id.batch, head.clone());
            head
        }
    };
    let row = read.open_table(rows::CHUNKS)?.get((id.batch.0, id.number))?.ok_or_else(|| missing("chunk", id))?;
    let row: ChunkRow = rows::decode("chunk", row.value())?;
    let ids = row.rows.iter().map(|row| row.id.clone()).collect();
    let domain = row.domain;
    let open = |row| sealing::open_row(row, &domain, seal);
    let recipients = row.rows.into_iter().map(open).collect::<Result<_, _>>()?;
    Ok(Chunk { id, head, ids, recipients })
}
