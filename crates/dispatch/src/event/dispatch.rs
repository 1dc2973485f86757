//! What happens to dispatches and their mails.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dispatch::{DispatchRecord, MailOutcome};
use crate::id::DispatchId;

/// Something that happened to a dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DispatchEvent {
    /// It was opened.
    Opened(Box<DispatchRecord>),
    /// The delivery engine has all its mails durably.
    Queued {
        /// Which.
        dispatch: DispatchId,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Mails ended, as many as came together.
    OutcomesRecorded {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// How.
        outcomes: Vec<MailOutcome>,
    },
}
