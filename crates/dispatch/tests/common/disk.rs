//! A disk in memory whose power can fail at any write, losing or keeping whatever was not forced to it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{Database, StorageBackend};

/// A disk; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Image>>);

#[derive(Debug, Default)]
struct Image {
    /// What a reader sees.
    now: Vec<u8>,
    /// What was forced to the disk.
    safe: Vec<u8>,
    /// Written since, in order.
    unsafe_writes: Vec<(usize, Vec<u8>)>,
    /// Operations so far.
    operations: u64,
    /// The power fails at this operation.
    fails_at: Option<u64>,
    /// Operations from this one on are refused, so many of them.
    refused: std::ops::Range<u64>,
    /// Whether what is refused is done all the same.
    done_all_the_same: bool,
}

impl Disk {
    pub fn open(&self) -> Result<Database, redb::DatabaseError> {
        Database::builder().create_with_backend(self.clone())
    }

    /// A disk with an empty database, as a file has one before it gets its name; the power fails at a later operation.
    pub fn failing_at(operation: u64) -> Disk {
        let disk = Disk::default();
        drop(disk.open().unwrap());
        let mut image = disk.image();
        (image.operations, image.fails_at) = (0, Some(operation));
        drop(image);
        disk
    }

    /// A disk with an empty database that is full for some operations, and then is not; of what it refused, everything may be there.
    pub fn full_at(refused: std::ops::Range<u64>, done_all_the_same: bool) -> Disk {
        let disk = Disk::failing_at(u64::MAX);
        let mut image = disk.image();
        (image.refused, image.done_all_the_same) = (refused, done_all_the_same);
        drop(image);
        disk
    }

    pub fn operations(&self) -> u64 {
        self.image().operations
    }

    /// The disk after the power came back: of the writes that were not safe those whose bit in `kept` is set are there.
    pub fn after_the_crash(&self, kept: u64) -> Disk {
        let image = self.image();
        let mut now = image.safe.clone();
        for (place, (at, bytes)) in image.unsafe_writes.iter().enumerate() {
            if kept >> (place % 64) & 1 == 1 {
                put(&mut now, *at, bytes);
            }
        }
        Disk(Arc::new(Mutex::new(Image { safe: now.clone(), now, ..Image::default() })))
    }

    fn image(&self) -> MutexGuard<'_, Image> {
        self.0.lock().unwrap()
    }

    /// Does what changes the disk, if it may be done.
    fn change(&self, act: impl FnOnce(&mut Image)) -> io::Result<()> {
        let mut image = self.image();
        image.operations += 1;
        if image.fails_at.is_some_and(|at| image.operations >= at) {
            return Err(io::Error::other("the power failed"));
        }
        let is_refused = image.refused.contains(&image.operations);
        if !is_refused || image.done_all_the_same {
            act(&mut image);
        }
        if is_refused { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

fn put(image: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if image.len() < at + bytes.len() {
        image.resize(at + bytes.len(), 0);
    }
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.image().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = offset as usize;
        out.copy_from_slice(&self.image().now[at..at + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(|image| {
            image.now.resize(len as usize, 0);
            image.safe.resize(len as usize, 0);
            image.unsafe_writes.retain(|(at, bytes)| at + bytes.len() <= len as usize);
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(|image| {
            image.safe = image.now.clone();
            image.unsafe_writes.clear();
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(|image| {
            put(&mut image.now, offset as usize, data);
            image.unsafe_writes.push((offset as usize, data.to_vec()));
        })
    }
}
