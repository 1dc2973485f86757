//! Heads that leave the machine: signed, a small text file each, in a folder that something else carries away.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;

use super::{Journal, JournalError};
use crate::file::FileError;
use crate::keys::{Keys, KeysError};
use crate::signed::{PublicKey, SignedError, SignedHead};

/// Why heads cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The journal does not say where it ends.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Nothing can be signed.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A file or folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is not a signed head of this key.
    #[error("{}: {problem}", path.display())]
    NotSigned {
        /// Which file.
        path: PathBuf,
        /// Why.
        problem: SignedError,
    },
}

/// Signs where the journal ends now and writes that into `folder`, which is to be one that leaves this machine
/// (requirement S09). Once a day is enough: rows after the last head that left are vouched for by the chain alone.
///
/// # Errors
/// [`HeadError`] names what failed.
pub async fn write_head(
    journal: &dyn Journal,
    keys: &Keys,
    folder: &Path,
    now: Timestamp,
) -> Result<PathBuf, HeadError> {
    let signed = SignedHead { ring: keys.ring_id().to_string(), head: journal.head().await?, at: now };
    let text = keys.sign(&signed.statement())?.to_string();
    let path = folder.join(format!("head-{}-{}.txt", now.strftime("%Y%m%dT%H%M%SZ"), signed.head.seq));
    let write = || {
        fs::create_dir_all(folder)?;
        fs::write(&path, text)?;
        fs::File::open(&path)?.sync_all()
    };
    write().map_err(|problem| FileError { path: path.clone(), problem })?;
    Ok(path)
}

/// The signed heads of a folder, in the order of their files; each must be signed with `key`, if one is given.
///
/// # Errors
/// [`HeadError`] names the file.
pub fn read_heads(folder: &Path, key: Option<PublicKey>) -> Result<Vec<SignedHead>, HeadError> {
    let wrong = |path: &Path, problem| FileError { path: path.to_owned(), problem };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| wrong(folder, e))? {
        let path = entry.map_err(|e| wrong(folder, e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("head-") && name.ends_with(".txt") {
            files.push(path);
        }
    }
    files.sort();
    files.into_iter().map(|path| read_head(path, key)).collect()
}

fn read_head(path: PathBuf, key: Option<PublicKey>) -> Result<SignedHead, HeadError> {
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(problem) => return Err(FileError { path, problem }.into()),
    };
    let signed = crate::signed::SignedText::read(&text, key);
    let head = signed.and_then(|signed| SignedHead::of(&signed).ok_or(SignedError::Form("it is no signed head")));
    head.map_err(|problem| HeadError::NotSigned { path, problem })
}
