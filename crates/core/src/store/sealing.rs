//! Between a batch and its rows: validated, sorted into chunks by history and domain, sealed on all cores.

use std::collections::BTreeMap;

use super::StoreError;
use super::rows::{ChunkRow, SealedRow};
use crate::address::Address;
use crate::event::BatchHead;
use crate::message::{Batch, BatchError, BatchId, History, KeyId, Recipient};
use crate::queue::{self, CHUNK_MAILS_MAX};
use crate::seal::{Seal, SealError};
use crate::time::Instant;

/// What the recipients of a chunk have in common.
pub(super) type Group = (History, String);

/// Where a recipient belongs.
pub(super) fn group(recipient: &Recipient) -> Group {
    (recipient.history, recipient.address.domain().to_string())
}

/// Everything about a whole batch that needs no disk.
pub(super) fn prepare(batch: Batch, now: Instant, seal: &dyn Seal) -> Result<(BatchHead, Numbered), StoreError> {
    batch.validate()?;
    let recipients = u32::try_from(batch.recipients.len()).unwrap_or(u32::MAX);
    let (head, waiting) = split(batch, now);
    // The order of the chunks is the order of sending: clean addresses of all domains first, suspects last.
    let mut groups: BTreeMap<Group, Vec<Recipient>> = BTreeMap::new();
    for recipient in waiting {
        groups.entry(group(&recipient)).or_default().push(recipient);
    }
    let (mut numbering, mut numbers) = (Numbering::default(), Vec::new());
    let mut parts: Vec<(&str, &[Recipient])> = Vec::new();
    for ((history, domain), all) in &groups {
        for part in all.chunks(CHUNK_MAILS_MAX as usize) {
            numbers.push(numbering.next(*history)?);
            parts.push((domain.as_str(), part));
        }
    }
    let chunks = numbers.into_iter().zip(seal_parts(&parts, seal)?).collect();
    Ok((BatchHead { recipients, ..head }, chunks))
}

/// Chunks with their numbers in the batch.
pub(super) type Numbered = Vec<(u32, ChunkRow)>;

/// How many chunks of each history have a number.
#[derive(Debug, Default)]
pub(super) struct Numbering([u32; 3]);

impl Numbering {
    /// The number of the next chunk of this history.
    pub(super) fn next(&mut self, history: History) -> Result<u32, BatchError> {
        let counted = &mut self.0[history as usize];
        let number = queue::chunk_number(history, *counted);
        *counted += 1;
        number.ok_or(BatchError::Shape("more than 1,398,101 chunks of one history: split it"))
    }
}

/// The head of a batch, as yet without a number and recipients, and those who get it.
pub(super) fn split(batch: Batch, now: Instant) -> (BatchHead, Vec<Recipient>) {
    let head = BatchHead {
        id: BatchId(0),
        key: batch.key,
        template: batch.template,
        urgency: batch.urgency,
        deadline: batch.deadline,
        expires: batch.expires,
        submitted: now,
        recipients: 0,
    };
    (head, batch.recipients)
}

/// Seals on all cores: it is most of the time from submission to receipt.
pub(super) fn seal_parts(parts: &[(&str, &[Recipient])], seal: &dyn Seal) -> Result<Vec<ChunkRow>, StoreError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = parts.len().div_ceil(cores).max(1);
    let seal_all = |parts: &[(&str, &[Recipient])]| -> Result<Vec<ChunkRow>, StoreError> {
        let chunk = |(domain, part): &(&str, &[Recipient])| {
            let rows = part.iter().map(|recipient| seal_row(recipient, seal)).collect::<Result<_, _>>()?;
            Ok(ChunkRow { domain: (*domain).to_string(), rows })
        };
        parts.iter().map(chunk).collect()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts.chunks(share).map(|parts| scope.spawn(|| seal_all(parts))).collect();
        let mut chunks = Vec::with_capacity(parts.len());
        for thread in threads {
            let panicked = |_| StoreError::Stopped("a thread that seals recipients panicked".into());
            chunks.extend(thread.join().map_err(panicked)??);
        }
        Ok(chunks)
    })
}

fn seal_row(recipient: &Recipient, seal: &dyn Seal) -> Result<SealedRow, StoreError> {
    let plain = postcard::to_stdvec(&(&recipient.address, &recipient.fields));
    let plain = plain.map_err(|e| StoreError::Damaged(e.to_string()))?;
    let sealed = seal.seal(recipient.key, recipient.id.as_bytes(), &plain)?;
    Ok(SealedRow { id: recipient.id.clone(), key: recipient.key.0, sealed })
}

/// The recipient of a row; `None` if it has settled or its key is gone.
///
/// # Errors
/// [`StoreError::Damaged`] if the bytes do not open, or it is in a chunk of another domain.
pub(super) fn open_row(row: SealedRow, domain: &str, seal: &dyn Seal) -> Result<Option<Recipient>, StoreError> {
    if row.sealed.is_empty() {
        return Ok(None);
    }
    let key = KeyId(row.key);
    let plain = match seal.open(key, row.id.as_bytes(), &row.sealed) {
        Ok(plain) => plain,
        Err(SealError::Erased) => return Ok(None),
        Err(e) => return Err(StoreError::Damaged(format!("recipient \"{}\": {e}", row.id))),
    };
    let parts: Result<(Address, Vec<String>), _> = postcard::from_bytes(&plain);
    let (address, fields) = parts.map_err(|e| StoreError::Damaged(format!("recipient: {e}")))?;
    if address.domain() != domain {
        return Err(StoreError::Damaged(format!("recipient \"{}\" is in a chunk of another domain", row.id)));
    }
    Ok(Some(Recipient { id: row.id, key, address, fields, history: History::default() }))
}
