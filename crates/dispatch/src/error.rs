//! Why the desk could not do its work; a refused command is one of the reasons.

use std::sync::Arc;

use thiserror::Error;

use crate::command::Refusal;
use crate::event::CodecError;
use crate::journal::JournalError;
use crate::keys::{KeysError, RingId};
use crate::standstill::Standstill;

/// Why something did not happen.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum Error {
    /// The command was refused; nothing of it happened.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The journal failed. Whether the last rows are in it is known after opening it again.
    #[error(transparent)]
    Journal(Arc<JournalError>),
    /// The keys failed.
    #[error(transparent)]
    Keys(Arc<KeysError>),
    /// A row of the journal cannot be read or written.
    #[error("row {seq} of the journal: {problem}")]
    Row {
        /// Which row.
        seq: u64,
        /// Why.
        problem: Arc<CodecError>,
    },
    /// The journal was written with other keys.
    #[error(
        "the journal belongs to key ring {journal}, the key file holds {keys}: put back the key file of this journal"
    )]
    OtherKeys {
        /// The ring of the journal.
        journal: RingId,
        /// The ring that was given.
        keys: RingId,
    },
    /// Whoever it is about cannot be read at this node yet.
    #[error("the key of this person has not come to this node yet: try again in a minute, or at another node")]
    KeysMissing,
    /// The journal cannot be reached, and this need not happen before it can.
    #[error(
        "the database cannot be reached from this node: only an emergency dispatch can be sent; try again when the line is mended, or at \
         another node"
    )]
    CutOff,
    /// This node does not follow the journal any more: nothing can be done here until somebody mends it.
    #[error("this node does not follow the journal any more: {0}")]
    Standstill(Standstill),
    /// The journal cannot be reached, and an emergency dispatch could not be kept here either: nothing was sent.
    #[error("the database cannot be reached, and the outbox of this node takes nothing: {problem}")]
    Outbox {
        /// Why, and what to do.
        problem: String,
    },
    /// The desk was closed while the command was under way.
    #[error("the desk is closed: open it again; the command may have been carried out")]
    Closed,
}

impl Error {
    /// Why a node whose following of the journal failed so stands still at once; `None` of what may pass.
    pub(crate) fn standstill(&self) -> Option<Standstill> {
        match self {
            Error::Row { seq, problem } => Standstill::of_row(*seq, problem),
            Error::Journal(problem) => Standstill::of_journal(problem),
            // Another system's journal lies where ours was.
            Error::OtherKeys { .. } => Some(Standstill::OtherPast),
            _ => None,
        }
    }
}

impl From<JournalError> for Error {
    fn from(error: JournalError) -> Self {
        Error::Journal(Arc::new(error))
    }
}

impl From<KeysError> for Error {
    fn from(error: KeysError) -> Self {
        Error::Keys(Arc::new(error))
    }
}
