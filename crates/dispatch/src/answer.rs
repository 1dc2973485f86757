//! What people answered: every version, each with its moment and its way in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{DispatchId, IncidentId, PersonId};
use crate::question::ChoiceId;
use crate::sealed::Private;

/// Longest comment, in characters.
pub const COMMENT_CHARS_MAX: usize = 500;
/// The same answer within so many seconds is a double press and recorded once; later it is a fresh sign of life.
pub const DOUBLE_PRESS_SECONDS: i64 = 600;

/// How an answer came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Via {
    /// By the personal link.
    Link,
    /// By a manager on the person's behalf; shown as such.
    Behalf,
}

/// What an event says of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// The incident that it belongs to.
    pub incident: IncidentId,
    /// The dispatch whose link was used.
    pub dispatch: DispatchId,
    /// Who.
    pub person: PersonId,
    /// What was chosen.
    pub choice: ChoiceId,
    /// Free text, sealed in the journal.
    pub comment: Private<String>,
    /// How it came in.
    pub via: Via,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}

/// One version of somebody's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The dispatch whose link was used.
    pub dispatch: DispatchId,
    /// What was chosen.
    pub choice: ChoiceId,
    /// Free text; empty if none, or once erased.
    pub comment: String,
    /// How it came in.
    pub via: Via,
    /// When.
    pub at: Timestamp,
}

impl From<&AnswerRecord> for Answer {
    fn from(record: &AnswerRecord) -> Self {
        Answer {
            dispatch: record.dispatch,
            choice: record.choice,
            comment: record.comment.open().cloned().unwrap_or_default(),
            via: record.via,
            at: record.at,
        }
    }
}

impl Answer {
    /// Whether the same content again at `now` says nothing new.
    pub(crate) fn is_repeated(&self, choice: ChoiceId, comment: &str, now: Timestamp) -> bool {
        let soon = now.as_second() - self.at.as_second() < DOUBLE_PRESS_SECONDS;
        soon && self.choice == choice && self.comment == comment
    }
}
