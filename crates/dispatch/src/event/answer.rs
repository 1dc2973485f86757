//! What happens to answers.

use serde::{Deserialize, Serialize};

use crate::answer::{AnswerRecord, SelfReport};
use crate::id::{DispatchId, PersonId};
use crate::thread::Message;

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
