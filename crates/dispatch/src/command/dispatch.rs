//! What can be asked about dispatches and their mails, and why it may be refused.

use jiff::Timestamp;
use thiserror::Error;

use crate::brake::BrakeChange;
use crate::dispatch::MailOutcome;
use crate::draft::DispatchDraft;
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::measure::Measure;

/// A wish about dispatches and their mails.
#[derive(Clone, Debug, PartialEq)]
pub enum DispatchCommand {
    /// Opens a dispatch that a person composed.
    Open {
        /// What and to whom.
        draft: Box<DispatchDraft>,
    },
    /// Sends a dispatch later.
    Schedule {
        /// What and to whom; who is meant is looked up when it is sent.
        draft: Box<DispatchDraft>,
        /// When.
        at: Timestamp,
    },
    /// Does not send what was to be sent later.
    Unschedule {
        /// The key of the draft.
        key: String,
    },
    /// Sends what was scheduled, if its time has come.
    Start {
        /// The key of the draft.
        key: String,
    },
    /// Sends again to whoever has not answered.
    Resend {
        /// Which dispatch.
        dispatch: DispatchId,
    },
    /// Tries the next address of these people, where the lane to their present one is blocked; of whoever has answered or has
    /// no further one, nothing is sent.
    TryNextAddress {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// Who.
        people: Vec<PersonId>,
    },
    /// Does whatever is due for a dispatch whose answers stay away.
    FollowUp {
        /// Which dispatch.
        dispatch: DispatchId,
    },
    /// Sends nothing more of a dispatch.
    Cancel {
        /// Which dispatch.
        dispatch: DispatchId,
    },
    /// Ends a dispatch: it cannot be answered any more, and nothing more is sent.
    Close {
        /// Which dispatch.
        dispatch: DispatchId,
    },
    /// Notes that the delivery engine has all mails of a round durably; 0 is the first mails.
    MarkQueued {
        /// Which dispatch.
        dispatch: DispatchId,
        /// Which round.
        round: u8,
    },
    /// Notes how mails ended; what is known already is left out.
    RecordOutcomes {
        /// Which dispatch.
        dispatch: DispatchId,
        /// How they ended, as many as came together.
        outcomes: Vec<MailOutcome>,
    },
    /// Notes that the system behind the other channels (SMS, telephone) took the list of those who do not answer.
    NoteListTaken {
        /// Of which dispatch.
        dispatch: DispatchId,
    },
    /// Notes what is done so that a dispatch is not late again.
    NoteMeasure {
        /// Which dispatch.
        dispatch: DispatchId,
        /// What, who, how far.
        measure: Measure,
    },
    /// Gives what one node sent without the journal back to all nodes, once it is in the journal.
    Rejoin {
        /// Which dispatch.
        dispatch: DispatchId,
    },
    /// Holds mails to a carrier back, or lets them go again: at every node, also after a start.
    BrakeCarrier {
        /// Which, by its name in the table.
        carrier: String,
        /// What is to change.
        change: BrakeChange,
    },
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
    /// The same thing is to be sent later.
    #[error("\"{0}\" is scheduled already: take that back, or give this one another key")]
    ScheduledAlready(String),
    /// Nothing of that key is scheduled.
    #[error("nothing is scheduled as \"{0}\": look at the list of what is scheduled")]
    NotScheduled(String),
    /// Nobody fits the target.
    #[error("the target holds nobody: choose other people, groups or regions")]
    NobodyAsked,
    /// Everybody has answered, or nothing was asked.
    #[error("{0} has nobody left who has not answered: nothing is to be sent again")]
    NobodyUnanswered(DispatchId),
    /// It was cancelled, or can no longer be answered.
    #[error("{0} is over: send a new one")]
    Over(DispatchId),
    /// A drill in a real incident, or the other way round.
    #[error("incident {incident} has another mode: open a new incident for it")]
    OtherMode {
        /// Which incident.
        incident: IncidentId,
    },
    /// An incident that concerns people of the other half of the system only (requirement O06).
    #[error("incident {incident} concerns the other half (domestic or overseas): open a new incident for it")]
    OtherHalf {
        /// Which incident.
        incident: IncidentId,
    },
    /// A drill while people are asked in earnest.
    #[error("real incident {incident} is under way: hold the drill on another day")]
    RealIncident {
        /// Which incident.
        incident: IncidentId,
    },
    /// A pace that cannot be kept, or a carrier without a name.
    #[error("a carrier has a name and is held to 0.1 to 1000 mails a second: choose another pace")]
    BadPace,
    /// Choices or further questions without numbers of their own.
    #[error("the question needs choices with numbers of their own: mend the question")]
    BadQuestion,
    /// A template names a field that does not exist, or a subject has a line break.
    #[error("the template: {0}")]
    BadTemplate(String),
}
