//! What lies under redb: a file that may not outgrow a bound, and one of which nothing is changed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{Error, ErrorKind};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// How large a file may become.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) bytes_max: u64,
    /// Whether the next writes are a submission.
    pub(super) admitting: AtomicBool,
    /// Whether growing was refused.
    pub(super) reached: AtomicBool,
}

/// A file that does not grow beyond its bound.
///
/// redb doubles a file that is too small. Submissions may let it grow to half the bound only, so that the outcomes of what
/// was taken always find room.
#[derive(Debug)]
pub(super) struct Bounded {
    file: FileBackend,
    limit: Arc<Limit>,
}

impl Bounded {
    pub(super) fn new(file: FileBackend, limit: Arc<Limit>) -> Self {
        Bounded { file, limit }
    }
}

impl StorageBackend for Bounded {
    fn len(&self) -> Result<u64, Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        let Limit { bytes_max, admitting, reached } = self.limit.as_ref();
        let max = if admitting.load(Ordering::Relaxed) { bytes_max / 2 } else { *bytes_max };
        if len > max && len > self.file.len()? {
            reached.store(true, Ordering::Relaxed);
            return Err(Error::new(ErrorKind::StorageFull, "the queue would outgrow its bound"));
        }
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.file.write(offset, data)
    }

    fn close(&self) -> Result<(), Error> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

/// Bytes that are copied when one of them is written.
const BLOCK: u64 = 4096;

/// A file as it is, and locked; what is written to it stays in memory and is forgotten.
#[derive(Debug)]
pub(super) struct Rehearsal {
    file: Box<dyn StorageBackend>,
    overlay: Mutex<Overlay>,
}

#[derive(Debug, Default)]
struct Overlay {
    len: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Rehearsal {
    pub(super) fn new(file: impl StorageBackend) -> Self {
        let overlay = Overlay { len: file.len().unwrap_or(0), blocks: BTreeMap::new() };
        Rehearsal { file: Box::new(file), overlay: Mutex::new(overlay) }
    }

    /// The block as the file has it; zero behind its end.
    fn original(&self, block: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; BLOCK as usize];
        let there = self.file.len()?.saturating_sub(block * BLOCK).min(BLOCK) as usize;
        if there > 0 {
            self.file.read(block * BLOCK, &mut bytes[..there])?;
        }
        Ok(bytes)
    }

    fn overlay(&self) -> MutexGuard<'_, Overlay> {
        self.overlay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The blocks that a stretch touches: number, begin in the block, begin in the stretch, and length.
fn blocks(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let end = offset + len as u64;
    (offset / BLOCK..end.div_ceil(BLOCK)).map(move |block| {
        let from = offset.max(block * BLOCK);
        let to = end.min((block + 1) * BLOCK);
        (block, (from - block * BLOCK) as usize, (from - offset) as usize, (to - from) as usize)
    })
}

impl StorageBackend for Rehearsal {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.overlay().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let overlay = self.overlay();
        if offset + out.len() as u64 > overlay.len {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if overlay.blocks.is_empty() {
            return self.file.read(offset, out);
        }
        for (block, at, from, len) in blocks(offset, out.len()) {
            match overlay.blocks.get(&block) {
                Some(bytes) => out[from..from + len].copy_from_slice(&bytes[at..at + len]),
                None => out[from..from + len].copy_from_slice(&self.original(block)?[at..at + len]),
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.overlay().len = len;
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let mut overlay = self.overlay();
        for (block, at, from, len) in blocks(offset, data.len()) {
            let bytes = match overlay.blocks.entry(block) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.original(block)?),
            };
            bytes[at..at + len].copy_from_slice(&data[from..from + len]);
        }
        Ok(())
    }

    fn close(&self) -> Result<(), Error> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
