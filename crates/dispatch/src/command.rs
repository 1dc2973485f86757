//! What can be asked of the desk, and why it may be refused.

use hikyaku_bulletin::{Bulletin, RegionCode};
use jiff::Timestamp;
use thiserror::Error;

use crate::answer::Via;
use crate::dispatch::MailOutcome;
use crate::id::{DispatchId, GroupId, IncidentId, PersonId};
use crate::mail::{MailTemplate, Mode};
use crate::person::RosterRow;
use crate::question::{ChoiceId, Question};
use crate::rule::Rule;

/// One wish; it happens as a whole or not at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Adds the people of a roster and brings those already known up to date. Nobody is removed.
    ImportPeople {
        /// The rows in their order.
        people: Vec<RosterRow>,
    },
    /// Sets a rule, replacing one of the same number.
    SetRule {
        /// The rule.
        rule: Rule,
    },
    /// Judges a bulletin and does what the rules say.
    TakeBulletin {
        /// What the source said.
        bulletin: Box<Bulletin>,
        /// When it reached us.
        received: Timestamp,
    },
    /// Opens a dispatch that a person composed.
    OpenDispatch {
        /// What and to whom.
        draft: Box<DispatchDraft>,
    },
    /// Notes that the delivery engine has all mails of a dispatch durably.
    MarkQueued {
        /// Which dispatch.
        dispatch: DispatchId,
    },
    /// Notes how mails ended; what is known already is left out.
    RecordOutcomes {
        /// Which dispatch.
        dispatch: DispatchId,
        /// How they ended, as many as came together.
        outcomes: Vec<MailOutcome>,
    },
    /// Answers for a person. The same answer twice in quick succession is recorded once.
    Answer {
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
    /// Makes all links a person has had so far invalid.
    RevokeLinks {
        /// Whose.
        person: PersonId,
    },
}

/// A dispatch that a person composes.
#[derive(Clone, Debug, PartialEq)]
pub struct DispatchDraft {
    /// Its own name: a second draft of the same name is refused, so a double press sends once.
    pub key: String,
    /// The incident it belongs to; `None` opens a new one.
    pub incident: Option<IncidentId>,
    /// Whether it is meant in earnest; a known incident's mode must be the same.
    pub mode: Mode,
    /// What the mail calls it.
    pub title: String,
    /// What the mail tells, a line each.
    pub facts: Vec<String>,
    /// The mail.
    pub template: MailTemplate,
    /// The question.
    pub question: Question,
    /// Who is asked.
    pub target: Target,
}

/// Who a composed dispatch goes to (requirement A22).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Everybody.
    Everyone,
    /// These people.
    People(Vec<PersonId>),
    /// Everybody in these groups or below them.
    Groups(Vec<GroupId>),
    /// Everybody with one of these regions.
    Regions(Vec<RegionCode>),
}

/// Why a command was not carried out. Nothing of it happened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Whoever gave it has no right to.
    #[error("this is not allowed here: ask an administrator")]
    NotAllowed,
    /// There is no such dispatch.
    #[error("there is no dispatch {0}: look at the list of dispatches")]
    UnknownDispatch(DispatchId),
    /// There is no such incident.
    #[error("there is no incident {0}: look at the list of incidents")]
    UnknownIncident(IncidentId),
    /// There is no such person.
    #[error("there is no person {0}: import the roster first")]
    UnknownPerson(PersonId),
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
    /// The same thing was sent before.
    #[error("\"{key}\" was sent already as {dispatch}: give it another key to send it again")]
    SentAlready {
        /// The key.
        key: String,
        /// The dispatch that has it.
        dispatch: DispatchId,
    },
    /// Nobody fits the target.
    #[error("the target holds nobody: choose other people, groups or regions")]
    NobodyAsked,
    /// A drill in a real incident, or the other way round.
    #[error("incident {incident} has another mode: open a new incident for it")]
    OtherMode {
        /// Which incident.
        incident: IncidentId,
    },
    /// A question without choices, or two choices of one number.
    #[error("the question needs choices with numbers of their own: mend the question")]
    BadQuestion,
    /// A template names a field that does not exist, or a subject has a line break.
    #[error("the template: {0}")]
    BadTemplate(String),
    /// Two rows of an import name the same person.
    #[error("rows {first} and {second} of the import have the same id: remove one")]
    SamePersonTwice {
        /// The first row, counted from 1.
        first: usize,
        /// The second row.
        second: usize,
    },
    /// A row of an import lacks something.
    #[error("row {row} of the import: {problem}")]
    BadPerson {
        /// The row, counted from 1.
        row: usize,
        /// What to mend.
        problem: &'static str,
    },
}
