//! Why a row of the journal cannot be written or read.

use thiserror::Error;

use crate::keys::KeysError;

/// Why a row cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Its version is not known here.
    #[error("it has form {0}: use a newer hikyaku to read this journal")]
    Version(u8),
    /// Its bytes do not make an event.
    #[error("its content is not an event ({0}): restore the journal from a backup")]
    Content(#[from] postcard::Error),
    /// A key failed.
    #[error(transparent)]
    Keys(#[from] KeysError),
}
