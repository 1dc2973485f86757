//! Where the queue lies, and how it is opened again after the disk refused.
//!
//! redb answers every call with `PreviousIo` once a read or write has failed; only opening the file again helps. A file
//! that was closed in order and does not fit its own checksums any more was changed by somebody: it is refused as it is,
//! before redb goes back to an older state of it.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::backends::FileBackend;
use redb::{Builder, CompactionError, Database, DatabaseError, RepairSession};

use super::StoreError;
use super::backend::{Bounded, Limit, Rehearsal};

/// Memory for cached pages, in bytes; the working set is a few chunks and the tail of the records.
const CACHE_BYTES: usize = 16 << 20;

/// Files smaller than this are left as they are.
const COMPACT_BYTES: u64 = 4 << 20;

/// What must fit on the disk before writing is tried again, in bytes.
const ROOM_BYTES: usize = 1 << 20;

/// What a database is opened on.
pub(super) trait Medium: Send + Sync {
    /// Opens or creates it.
    fn open(&self, builder: &Builder) -> Result<Database, DatabaseError>;

    /// Opens what is there for a trial: nothing of what happens to it becomes lasting. `None` if nothing is there.
    fn rehearse(&self, builder: &Builder) -> Option<Result<Database, DatabaseError>>;

    /// Says whether the next writes are a submission, which is refused while there is room left for the rest.
    fn admit(&self, admitting: bool);

    /// Whether writing is worth a try.
    fn has_room(&self) -> bool;

    /// How large it is, in bytes.
    fn bytes(&self) -> u64;

    /// What to do when it is full.
    fn remedy(&self) -> String;
}

/// A file with a bound.
pub(super) struct FileMedium {
    path: PathBuf,
    limit: Arc<Limit>,
}

impl FileMedium {
    pub(super) fn new(path: PathBuf, bytes_max: u64) -> Self {
        let limit = Limit { bytes_max, admitting: AtomicBool::new(false), reached: AtomicBool::new(false) };
        FileMedium { path, limit: Arc::new(limit) }
    }
}

impl Medium for FileMedium {
    fn open(&self, builder: &Builder) -> Result<Database, DatabaseError> {
        if self.bytes() == 0 {
            make(&self.path, builder)?;
        }
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        self.limit.reached.store(false, Ordering::Relaxed);
        builder.create_with_backend(Bounded::new(FileBackend::new(file)?, self.limit.clone()))
    }

    fn rehearse(&self, builder: &Builder) -> Option<Result<Database, DatabaseError>> {
        // Only what is open for writing can be locked.
        let file = OpenOptions::new().read(true).write(true).open(&self.path).ok()?;
        file.metadata().ok().filter(|data| data.len() > 0)?;
        Some(FileBackend::new(file).and_then(|file| builder.create_with_backend(Rehearsal::new(file))))
    }

    fn admit(&self, admitting: bool) {
        self.limit.admitting.store(admitting, Ordering::Relaxed);
    }

    fn has_room(&self) -> bool {
        let probe = self.path.with_extension("probe");
        let tried = File::create(&probe).and_then(|mut file| {
            file.write_all(&vec![0; ROOM_BYTES])?;
            file.sync_all()
        });
        // Left behind it would be in the way of what it made sure of; the next try overwrites it.
        let _ = std::fs::remove_file(&probe);
        tried.is_ok()
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |data| data.len())
    }

    fn remedy(&self) -> String {
        let path = self.path.display();
        if self.limit.reached.load(Ordering::Relaxed) {
            let max = self.limit.bytes_max;
            return format!(
                "{path} would have to grow beyond half of queue_bytes_max ({max}): raise that, or \
                 remember settled mails for less long"
            );
        }
        format!("free space for {path}; sending then goes on by itself")
    }
}

/// Makes an empty database. A file that is still being made cannot be opened after a crash, so it gets its name when it
/// is whole.
fn make(path: &Path, builder: &Builder) -> Result<(), DatabaseError> {
    let beside = path.with_extension("redb.new");
    // As an attempt that was interrupted left it.
    File::create(&beside)?;
    drop(builder.create(&beside)?);
    std::fs::rename(&beside, path)?;
    // Without a folder of its own a relative path lies in the present one.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// The open database, replaced when it has to be opened again.
pub(super) struct Home {
    name: String,
    medium: Box<dyn Medium>,
    db: RwLock<Option<Database>>,
}

impl Home {
    /// Opens or creates the database.
    ///
    /// # Errors
    /// [`StoreError::Unusable`], [`StoreError::Damaged`] or [`StoreError::Full`]; each names the file and what to do.
    pub(super) fn open(name: &Path, medium: Box<dyn Medium>) -> Result<Home, StoreError> {
        let home = Home { name: name.display().to_string(), medium, db: RwLock::new(None) };
        home.guard(|| home.verify())?;
        home.reopen()?;
        Ok(home)
    }

    /// Opens the database again after the disk failed. Readers wait meanwhile.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        let mut slot = self.db.write().unwrap_or_else(PoisonError::into_inner);
        *slot = None;
        *slot = Some(self.guard(|| self.medium.open(&builder()).map_err(|e| self.unusable(e)))?);
        Ok(())
    }

    /// Does something with the database. A panic inside, as of a file whose structure makes no sense, is an error.
    pub(super) fn with<T>(&self, act: impl FnOnce(&Database) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let slot = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let db = slot.as_ref().ok_or_else(|| self.full())?;
        self.guard(|| act(db))
    }

    /// Makes a file smaller of which more than half is free. Takes longer than a start may take where much waits.
    ///
    /// # Errors
    /// What the disk said; where it has no room to move anything, the file stays as it is.
    pub(super) fn compact(&self) -> Result<(), StoreError> {
        let bytes = self.medium.bytes();
        if bytes < COMPACT_BYTES || self.with(used)? * 2 > bytes {
            return Ok(());
        }
        let mut slot = self.db.write().unwrap_or_else(PoisonError::into_inner);
        let moved = self.guard(|| match slot.as_mut().map(Database::compact) {
            Some(Err(CompactionError::Storage(e))) => Err(e.into()),
            // Nothing else runs yet; if it did, the next start would try again.
            _ => Ok(()),
        });
        drop(slot);
        match moved {
            // redb answers nothing more after that.
            Err(StoreError::Full(_)) => self.reopen(),
            moved => moved,
        }
    }

    pub(super) fn medium(&self) -> &dyn Medium {
        self.medium.as_ref()
    }

    fn full(&self) -> StoreError {
        StoreError::Full(self.medium.remedy())
    }

    /// Refuses a file that was closed in order and has changed since. One that was not is verified by redb as it is
    /// repaired: what its last commit left half written is undone.
    fn verify(&self) -> Result<(), StoreError> {
        let mut builder = builder();
        builder.set_repair_callback(RepairSession::abort);
        let Some(trial) = self.medium.rehearse(&builder) else { return Ok(()) };
        match trial.and_then(|mut db| db.check_integrity()) {
            Ok(true) | Err(DatabaseError::RepairAborted) => Ok(()),
            Ok(false) => Err(StoreError::Damaged("its bytes do not fit their checksums".into())),
            Err(e) => Err(self.unusable(e)),
        }
    }

    fn unusable(&self, e: DatabaseError) -> StoreError {
        let problem = match e {
            DatabaseError::DatabaseAlreadyOpen => {
                "another program has it open; stop that one, or use another data folder".into()
            }
            DatabaseError::UpgradeRequired(version) => format!("it has the form of redb file format {version}"),
            DatabaseError::Storage(e) => return e.into(),
            e => e.to_string(),
        };
        StoreError::Unusable { path: self.name.clone(), problem }
    }

    /// Names the file in errors, and makes one of a panic.
    fn guard<T>(&self, act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let done = catch_unwind(AssertUnwindSafe(act));
        let named = |what: String| StoreError::Damaged(format!("{}: {what}", self.name));
        match done {
            Err(_) => Err(named("its structure makes no sense".into())),
            Ok(Err(StoreError::Damaged(what))) => Err(named(what)),
            Ok(Err(StoreError::Full(_))) => Err(self.full()),
            Ok(Err(StoreError::Disk(what))) => Err(StoreError::Disk(format!("{}: {what}", self.name))),
            Ok(done) => done,
        }
    }
}

/// Bytes of the file that hold something.
fn used(db: &Database) -> Result<u64, StoreError> {
    let txn = db.begin_write()?;
    let stats = txn.stats()?;
    txn.abort()?;
    Ok(stats.allocated_pages() * stats.page_size() as u64)
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}
