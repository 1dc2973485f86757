//! What happens to answers.

use serde::{Deserialize, Serialize};

use crate::answer::AnswerRecord;

/// Something that happened to answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AnswerEvent {
    /// Somebody answered.
    Given(AnswerRecord),
}
