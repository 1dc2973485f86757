//! A file of redb, opened or made, and opened again after the disk refused.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use redb::{Database, DatabaseError};

/// Between two tries after a failure, first and longest.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Opens a database that is closed.
type Opening = Box<dyn Fn() -> Result<Database, DatabaseError> + Send>;

/// A file that is closed after a failure and opened again before the next try: redb answers every call with `PreviousIo` once a write has
/// failed, and only that helps.
pub(super) struct Home {
    opening: Opening,
    database: Option<Database>,
}

impl Home {
    pub(super) fn new(opening: impl Fn() -> Result<Database, DatabaseError> + Send + 'static) -> Self {
        Self { opening: Box::new(opening), database: None }
    }

    /// The file at a path; opened or made with its first use.
    pub(super) fn at(path: &Path, cache_bytes: usize) -> Self {
        let path = path.to_owned();
        Self::new(move || open(&path, cache_bytes))
    }

    /// Does something with the database.
    pub(super) fn with<T>(&mut self, act: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        let database = match self.database.take() {
            Some(open) => open,
            None => (self.opening)()?,
        };
        let done = act(&database);
        if done.is_ok() {
            self.database = Some(database);
        }
        done
    }
}

/// How long to wait after one more failure: opening a file again reads all of it.
pub(super) fn longer(pause: Option<Duration>) -> Duration {
    pause.map_or(WAIT.0, |pause| (pause * 2).min(WAIT.1))
}

/// Opens the file, or makes it. One that is still being made cannot be opened after a crash, so it gets its name when it is
/// whole.
fn open(path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError> {
    let mut builder = Database::builder();
    builder.set_cache_size(cache_bytes);
    if !path.metadata().is_ok_and(|there| there.len() > 0) {
        let beside = path.with_extension("redb.new");
        // As an attempt that was interrupted left it.
        File::create(&beside)?;
        drop(builder.create(&beside)?);
        std::fs::rename(&beside, path)?;
        // Without a folder of its own a relative path lies in the present one.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    builder.open(path)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{Error, ErrorKind, Result};
    use std::sync::{Arc, Mutex, MutexGuard};

    use redb::StorageBackend;

    use super::*;

    /// A disk in memory; clones are the same one.
    #[derive(Debug, Clone, Default)]
    pub(in crate::edge) struct Disk(Arc<Mutex<Image>>);

    #[derive(Debug, Default)]
    struct Image {
        bytes: Vec<u8>,
        /// How many writes and syncs more find no room.
        refusals: u64,
    }

    impl Disk {
        /// A file on it.
        pub(in crate::edge) fn home(&self) -> Home {
            let disk = self.clone();
            Home::new(move || Database::builder().create_with_backend(disk.clone()))
        }

        /// From now on so many writes and syncs find no room.
        pub(in crate::edge) fn refuse(&self, times: u64) {
            self.image().refusals = times;
        }

        fn image(&self) -> MutexGuard<'_, Image> {
            self.0.lock().unwrap()
        }

        fn admitted(&self) -> Result<MutexGuard<'_, Image>> {
            let mut image = self.image();
            if image.refusals == 0 {
                return Ok(image);
            }
            image.refusals -= 1;
            Err(ErrorKind::StorageFull.into())
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> Result<u64> {
            Ok(self.image().bytes.len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
            let (image, at) = (self.image(), offset as usize);
            let there = image.bytes.get(at..at + out.len()).ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
            out.copy_from_slice(there);
            Ok(())
        }

        fn set_len(&self, len: u64) -> Result<()> {
            self.admitted()?.bytes.resize(len as usize, 0);
            Ok(())
        }

        fn sync_data(&self) -> Result<()> {
            self.admitted().map(drop)
        }

        fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
            let (mut image, at) = (self.admitted()?, offset as usize);
            image.bytes[at..at + data.len()].copy_from_slice(data);
            Ok(())
        }
    }

    #[test]
    fn what_was_interrupted_while_it_was_made_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feeds.redb");
        std::fs::write(folder.path().join("feeds.redb.new"), [0; 5000]).unwrap();
        drop(open(&path, 1 << 20).unwrap());
        drop(open(&path, 1 << 20).unwrap());
        assert!(!folder.path().join("feeds.redb.new").exists());
    }
}
