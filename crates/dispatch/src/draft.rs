//! A dispatch that a person composes (requirements A05, A17).

use serde::{Deserialize, Serialize};

use crate::class::Class;
use crate::followup::FollowUp;
use crate::id::IncidentId;
use crate::mail::{MailTemplate, Mode};
use crate::person::Side;
use crate::question::Question;
use crate::target::Target;

/// A dispatch that a person composes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The question; [`Question::none`] if nothing is asked.
    pub question: Question,
    /// The half of the system whose people are asked.
    pub side: Side,
    /// Who is asked.
    pub target: Target,
    /// How urgent it is.
    pub class: Class,
    /// What follows if nobody answers.
    pub follow_up: FollowUp,
}

impl DispatchDraft {
    /// A safety confirmation of everybody with default wording, without reminders.
    #[must_use]
    pub fn safety(key: impl Into<String>, mode: Mode, title: impl Into<String>) -> Self {
        DispatchDraft {
            key: key.into(),
            incident: None,
            mode,
            title: title.into(),
            facts: Vec::new(),
            template: MailTemplate::safety(),
            question: Question::safety(),
            side: Side::Domestic,
            target: Target::Everyone,
            class: Class::Safety,
            follow_up: FollowUp::default(),
        }
    }
}
