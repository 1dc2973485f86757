//! What is done with a whole journal: shown, handed over, shortened, erased.

pub(crate) mod erasure;
pub(crate) mod export;
pub(crate) mod hand_over;
pub(crate) mod sweep;

use std::io;

use thiserror::Error;

use crate::command::Refusal;
use crate::error::Error;
use crate::file::FileError;
use crate::journal::JournalError;
use crate::keys::KeysError;

/// Why something was not done with a journal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CustodyError {
    /// The journal cannot be opened, or the command was refused.
    #[error(transparent)]
    Desk(#[from] Error),
    /// It is not to happen.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The keys failed.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Writing or reading elsewhere failed.
    #[error("{0}")]
    Stream(#[from] io::Error),
    /// The person was not erased.
    #[error("{0} was not erased: erase the person first")]
    NotErased(crate::id::PersonId),
    /// The person is erased in the journal, and the key is still there.
    #[error(
        "the journal says that {0} is erased, but the key could not be destroyed yet: see that the folder of the keys can be written, and \
         ask for the certificate again; until then it is tried again by itself"
    )]
    KeyKept(crate::id::PersonId),
    /// A sealed file cannot be made or opened.
    #[error("{0}")]
    Sealed(&'static str),
}
