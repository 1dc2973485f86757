//! What can be asked about answers, and why it may be refused.

use thiserror::Error;

use crate::answer::{Answer, Via};
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::question::{ChoiceId, Detail};

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
        /// Answers to further questions.
        details: Vec<Detail>,
        /// How it came in.
        via: Via,
    },
    /// Answers by the person's own link with what is made out of the answer that was read for it. It is refused where another answer is
    /// there by now: nobody who asked for help meanwhile is safe again because of what was read before.
    Amend {
        /// The dispatch whose link was used.
        dispatch: DispatchId,
        /// Who.
        person: PersonId,
        /// What is chosen.
        choice: ChoiceId,
        /// Free text; empty for none.
        comment: String,
        /// Answers to further questions.
        details: Vec<Detail>,
        /// The version that it is made out of ([`crate::LinkView::version`]); `None` where there was no answer.
        version: Option<Answer>,
    },
    /// Reports without being asked, by the personal card or link (requirements A03, A36).
    SelfReport {
        /// Who.
        person: PersonId,
        /// What was chosen of the safety question.
        choice: ChoiceId,
        /// Free text; empty for none.
        comment: String,
    },
    /// Notes whose links were fetched; those known already are left out.
    NoteFetched {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// Whose.
        people: Vec<PersonId>,
    },
    /// Says something about somebody's answer in an incident. Who speaks is whoever gives the command: the person by the own
    /// link, or somebody responsible for the person by the account that is tied to a person.
    Say {
        /// About which incident.
        incident: IncidentId,
        /// About whose answer.
        person: PersonId,
        /// What.
        text: String,
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
    /// Another answer is there than the one that this one was made out of.
    #[error(
        "{person} has answered otherwise meanwhile: read the answer that is there, and send this again if it still holds"
    )]
    Overtaken {
        /// Who.
        person: PersonId,
    },
    /// The question has no such choice.
    #[error("the question has no choice {}: choose one of those shown", .0.0)]
    UnknownChoice(ChoiceId),
    /// The answer to a further question does not fit it.
    #[error("the answer to further question {0} does not fit: answer what is shown")]
    BadDetail(u8),
    /// The comment is too long.
    #[error("the text has {chars} characters: shorten it to {max_chars}")]
    CommentTooLong {
        /// Its length, in characters.
        chars: usize,
        /// The limit, in characters.
        max_chars: usize,
    },
    /// The question takes no comment.
    #[error("this question takes no comment: leave it empty")]
    NoComment,
    /// Nobody is known who would say it.
    #[error("a message has a person who says it: log in with an account that is tied to one")]
    NobodySpeaks,
    /// A message without words.
    #[error("the message is empty: write something")]
    NothingSaid,
    /// The person has no part in the incident.
    #[error("{person} was not asked in {incident}: choose somebody who was")]
    NotInIncident {
        /// Who.
        person: PersonId,
        /// In which.
        incident: IncidentId,
    },
}
