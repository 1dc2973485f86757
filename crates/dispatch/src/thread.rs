//! What is said about an answer, both ways (requirement A32).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{IncidentId, PersonId};
use crate::sealed::Private;

/// Longest message, in characters.
pub const MESSAGE_CHARS_MAX: usize = 1_000;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speaker {
    /// The person whose answer it is about.
    Person,
    /// Somebody responsible for the person's group.
    Manager(PersonId),
}

/// One message of a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// About which incident.
    pub incident: IncidentId,
    /// About whose answer.
    pub person: PersonId,
    /// Who said it.
    pub speaker: Speaker,
    /// What, sealed in the journal with the key of the person it is about.
    pub text: Private<String>,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}

/// One message as it is read: without a word once erased.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// Who said it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// That somebody said something; what, the journal knows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) speaker: Speaker,
    pub(crate) at: Timestamp,
    /// The row of the journal that has it.
    pub(crate) row: u64,
}
