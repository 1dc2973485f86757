//! What can be asked about dispatches and their mails, and why it may be refused.

use hikyaku_bulletin::RegionCode;
use thiserror::Error;

use crate::dispatch::MailOutcome;
use crate::id::{DispatchId, GroupId, IncidentId, PersonId};
use crate::mail::{MailTemplate, Mode};
use crate::question::Question;

/// A wish about dispatches and their mails.
#[derive(Clone, Debug, PartialEq)]
pub enum DispatchCommand {
    /// Opens a dispatch that a person composed.
    Open {
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

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DispatchRefusal {
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
}
