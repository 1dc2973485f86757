//! Snapshots: the state at a row, in a file that may be deleted at any time. It only makes opening faster.
//!
//! The file is sealed as a whole with a key of the ring that every erasure replaces: after an erasure no snapshot from
//! before opens, here or in a backup, and the next one is made without the person. It is read only by the very program
//! that wrote it, so that its form needs no versions; whatever does not fit is not used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};

use crate::chain::{Hash, Head};
use crate::keys::Keys;
use crate::sealed::Sealed;
use crate::state::State;

/// Where the snapshot of a journal lies.
#[derive(Clone, Debug)]
pub struct SnapshotFile(PathBuf);

impl SnapshotFile {
    /// A snapshot in this file; there need not be one yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        SnapshotFile(path.into())
    }

    /// The state that was written, and the row it is of; `None` if there is none that can be used.
    #[must_use]
    pub fn read(&self, keys: &Keys) -> Option<(State, Head)> {
        let plain = keys.open_snapshot(&Sealed::from_bytes(fs::read(&self.0).ok()?))?;
        let program: Hash = plain.first_chunk().copied()?;
        if program != this_program()? {
            return None;
        }
        let (_, seq, hash, state): (Hash, u64, Hash, State) = postcard::from_bytes(&plain).ok()?;
        Some((state, Head { seq, hash }))
    }

    /// Writes the state at `head`, beside the old file first. Nothing is lost if it fails.
    ///
    /// # Errors
    /// The system's error, with a full disk for one.
    pub fn write(&self, state: &State, head: Head, keys: &Keys) -> io::Result<()> {
        let program = this_program().ok_or_else(|| io::Error::other("the program's own file cannot be read"))?;
        let plain = postcard::to_stdvec(&(program, head.seq, head.hash, state)).map_err(io::Error::other)?;
        let sealed = keys.seal_snapshot(&plain).map_err(io::Error::other)?;
        let beside = self.0.with_extension("draft");
        fs::write(&beside, sealed.as_bytes())?;
        fs::rename(&beside, &self.0)
    }

    /// Removes the file, if there is one.
    ///
    /// # Errors
    /// The system's error.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// SHA-256 of the program that runs.
fn this_program() -> Option<Hash> {
    static PROGRAM: OnceLock<Option<Hash>> = OnceLock::new();
    *PROGRAM.get_or_init(|| {
        let bytes = fs::read(std::env::current_exe().ok()?).ok()?;
        digest(&SHA256, &bytes).as_ref().try_into().ok()
    })
}
