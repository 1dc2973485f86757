//! What can be asked about answers, and why it may be refused.

use thiserror::Error;

use crate::answer::Via;
use crate::id::{DispatchId, PersonId};
use crate::question::ChoiceId;

/// A wish about answers.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerCommand {
    /// Answers for a person. The same answer twice in quick succession is recorded once.
    Give {
        /// The dispatch whose link was used.
        dispatch: DispatchId,
        /// Who.
        person: PersonId,
        /// What was chosen.
        choice: ChoiceId,
        /// Free text; empty for none.
        comment: String,
        /// How it came in.
        via: Via,
    },
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnswerRefusal {
    /// The person is not asked by the dispatch.
    #[error("{person} is not asked by {dispatch}: use the link of the person's own mail")]
    NotAsked {
        /// Who.
        person: PersonId,
        /// Which dispatch.
        dispatch: DispatchId,
    },
    /// The time to answer is over.
    #[error("{dispatch} can no longer be answered: tell your office directly")]
    Closed {
        /// Which dispatch.
        dispatch: DispatchId,
    },
    /// The question has no such choice.
    #[error("the question has no choice {}: choose one of those shown", .0.0)]
    UnknownChoice(ChoiceId),
    /// The comment is too long.
    #[error("the comment has {chars} characters: shorten it to {max_chars}")]
    CommentTooLong {
        /// Its length, in characters.
        chars: usize,
        /// The limit, in characters.
        max_chars: usize,
    },
    /// The question takes no comment.
    #[error("this question takes no comment: leave it empty")]
    NoComment,
}
