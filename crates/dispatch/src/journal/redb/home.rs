//! The open file of the journal, opened again after its disk refused something.
//!
//! redb answers every call with `PreviousIo` once a read or write has failed; only opening the file again helps.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redb::{Database, DatabaseError};

use crate::journal::JournalError;

/// Between two attempts to open a file on a disk that refuses.
const AGAIN: Duration = Duration::from_secs(1);

type Opens = Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>;

pub(super) struct Home {
    path: PathBuf,
    opens: Opens,
    /// Empty while it cannot be opened again.
    open: RwLock<Option<Database>>,
    /// Whether something failed since it was opened.
    failed: AtomicBool,
    /// When it was opened again last, or could not be.
    tried: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Home").field(&self.path).finish()
    }
}

impl Home {
    /// # Errors
    /// [`JournalError::Storage`] if it cannot be opened.
    pub(super) fn open(path: PathBuf, opens: Opens) -> Result<Self, JournalError> {
        let database = opens().map_err(|e| storage(&path, e))?;
        let (open, failed, tried) = (RwLock::new(Some(database)), AtomicBool::new(false), Mutex::new(None));
        Ok(Home { path, opens, open, failed, tried })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn wrong(&self, problem: impl std::fmt::Display) -> JournalError {
        storage(&self.path, problem)
    }

    /// Whether something failed since it was opened.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Does something with the file. It stays the same file meanwhile.
    pub(super) fn with<T>(&self, act: impl FnOnce(&Database) -> Result<T, JournalError>) -> Result<T, JournalError> {
        if self.has_failed() && self.is_time() {
            self.open_again();
        }
        let slot = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let done = act(self.opened(&slot)?);
        if matches!(done, Err(JournalError::Storage { .. })) {
            self.failed.store(true, Ordering::Release);
        }
        done
    }

    /// Puts another file in its place, which `act` makes of it; if that fails, it stays what it is.
    pub(super) fn replace(
        &self,
        act: impl FnOnce(&Database) -> Result<Database, JournalError>,
    ) -> Result<(), JournalError> {
        let mut slot = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let made = act(self.opened(&slot)?)?;
        *slot = Some(made);
        Ok(())
    }

    /// Opens it again.
    pub(super) fn open_again(&self) {
        let mut slot = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if !self.has_failed() {
            return;
        }
        // A file that is open already is refused.
        *slot = None;
        *slot = (self.opens)().ok();
        self.failed.store(slot.is_none(), Ordering::Release);
    }

    /// Whether it is worth an attempt to open it again.
    fn is_time(&self) -> bool {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = tried.is_none_or(|at| at.elapsed() >= AGAIN);
        if is_time {
            *tried = Some(Instant::now());
        }
        is_time
    }

    fn opened<'a>(&self, slot: &'a Option<Database>) -> Result<&'a Database, JournalError> {
        slot.as_ref()
            .ok_or_else(|| self.wrong("it cannot be opened again since the disk failed: see that there is space"))
    }
}

pub(super) fn storage(path: &Path, problem: impl std::fmt::Display) -> JournalError {
    JournalError::Storage { place: path.display().to_string(), problem: problem.to_string() }
}
