//! What happens to answers.

use serde::{Deserialize, Serialize};

use crate::answer::{AnswerRecord, SelfReport};
use crate::id::{DispatchId, PersonId};
use crate::thread::Message;
use crate::words::Words;

/// Something that happened to answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AnswerEvent {
    /// Somebody answered.
    Given(AnswerRecord),
    /// Somebody reported without being asked.
    SelfReported(SelfReport),
    /// Pages of links were fetched for the first time: by people, or by programs that scan mail. Never a sign of life.
    Fetched {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// Whose.
        people: Vec<PersonId>,
    },
    /// Somebody said something about an answer.
    Said(Message),
}

impl AnswerEvent {
    /// What it says in free text; nothing once erased.
    pub(crate) fn words(&self) -> Words {
        match self {
            AnswerEvent::Given(record) => Words {
                comment: record.comment.open().cloned().unwrap_or_default(),
                details: record.details.open().cloned().unwrap_or_default(),
            },
            AnswerEvent::SelfReported(report) => Words::of(report.comment.open()),
            AnswerEvent::Said(message) => Words::of(message.text.open()),
            AnswerEvent::Fetched { .. } => Words::default(),
        }
    }
}
